//! `include`: a scenario put together from several files.

use crate::support::Room;

const SYSTEM: &str = "version: 1
name: system
services:
  api:
    replicas: 2
    instance: { cpu: 2, memory: 1GiB }
    endpoints:
      GET /x: [ cpu: { empirical: { file: times.csv, column: ms, unit: 1ms } } ]
      GET /y: [ cpu: 2ms ]
links:
  users -> api: { latency: { exp: 3ms } }
faults: [ crash: { target: api, at: 10s, for: 1s } ]
";
const TRAFFIC: &str = "workload: { users: { to: api.GET /x, open: { rate: 40/s } } }\n";

/// A room with a scenario that includes both, the first from another folder.
fn room(scenario: &str) -> Room {
    let room = Room::new("a.yaml", scenario);
    std::fs::create_dir(room.path("common")).unwrap();
    write(&room, "common/system.yaml", SYSTEM);
    write(&room, "common/times.csv", "ms\n1\n2\n3\n");
    write(&room, "traffic.yaml", TRAFFIC);
    room
}

fn write(room: &Room, file: &str, text: &str) {
    std::fs::write(room.path(file), text).unwrap();
}

fn output(room: &Room, command: &str) -> (String, String) {
    let done = room.run(command);
    (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
}

#[test]
fn what_is_put_together_is_the_scenario_in_one_file_byte_by_byte() {
    // Definition: sections, names and fields are put together, endpoints and machines too, the
    // faults follow each other, and the rest replaces as a whole. Files are found from the folder
    // of the file that names them, and the name is that of the scenario's own file.
    let room = room(
        "version: 1
include: [ common/system.yaml, traffic.yaml ]
run: { duration: 60s, replications: 2 }
services: { api: { replicas: 1, instance: { cpu: 4 }, endpoints: { GET /y: ~, GET /z: [ wait: 1ms ] } } }
faults: [ slow: { target: api, factor: 2x, at: 20s } ]
",
    );
    write(
        &room,
        "b.yaml",
        "version: 1
name: a
run: { duration: 60s, replications: 2 }
services:
  api:
    replicas: 1
    instance: { cpu: 4, memory: 1GiB }
    endpoints:
      GET /x: [ cpu: { empirical: { file: common/times.csv, column: ms, unit: 1ms } } ]
      GET /z: [ wait: 1ms ]
links:
  users -> api: { latency: { exp: 3ms } }
workload: { users: { to: api.GET /x, open: { rate: 40/s } } }
faults: [ crash: { target: api, at: 10s, for: 1s }, slow: { target: api, factor: 2x, at: 20s } ]
",
    );
    let [(together, _), (alone, _)] = ["show a.yaml", "show b.yaml"].map(|of| output(&room, of));
    assert_eq!(together, alone);
    assert!(together.contains("name: a") && together.contains("common/times.csv"), "{together}");
    let [(together, _), (alone, _)] =
        ["run a.yaml --json", "run b.yaml --json"].map(|of| output(&room, of));
    let fingerprint = |json: &str| {
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        json["fingerprint"].as_str().unwrap().to_string()
    };
    assert_eq!(fingerprint(&together), fingerprint(&alone));
}

#[test]
fn what_is_wrong_in_an_included_file_is_shown_in_it() {
    // By hand: line and column of the mistake in its own file, also when another follows it.
    let room = room("include: [ common/system.yaml, traffic.yaml ]\nversion: 1\n");
    write(&room, "common/system.yaml", &SYSTEM.replace("cpu: 2ms", "cpu: 2"));
    write(&room, "traffic.yaml", &TRAFFIC.replace("40/s", "40"));
    let (_, told) = output(&room, "check a.yaml");
    assert!(told.contains("system.yaml:9:22"), "{told}");
    assert!(told.contains("traffic.yaml:1:52"), "{told}");
    assert!(told.contains("GET /y: [ cpu: 2 ]"), "{told}");
    // A text that cannot be parsed, too.
    write(&room, "traffic.yaml", "workload: { users: [ }\n");
    let (_, told) = output(&room, "check a.yaml");
    assert!(told.contains("traffic.yaml:1:"), "{told}");
    // What is set on the command line is put over everything.
    write(&room, "traffic.yaml", TRAFFIC);
    write(&room, "common/system.yaml", SYSTEM);
    let (shown, told) = output(&room, "show a.yaml --set workload.users.open.rate=7/s");
    assert!(shown.contains("rate: 7/s"), "{told}");
}

#[test]
fn files_that_cannot_be_included_are_refused_where_they_are_named() {
    // By hand: the message for each.
    for (include, traffic, expected) in [
        ("nowhere.yaml", "", "nowhere.yaml` cannot be read"),
        ("common", "", "does not have the extension of a scenario file"),
        ("7", "", "this is not the name of a file"),
        ("[]", "", "this is not the name of a file"),
        ("traffic.yaml", "include: traffic.yaml", "includes itself"),
        ("traffic.yaml", "include: a.yaml", "includes itself"),
        ("traffic.yaml", "- 7", "is not a group of fields"),
        ("traffic.yaml", "version: 2", "has another version of the format"),
        ("traffic.yaml", "# nothing", "leave it out, or write a section in it"),
        ("traffic.yaml", "imports: a.yaml", "did you mean `include`?"),
        ("traffic.yaml", "rqs_input: { id: x }", "is a file of AsyncFlow 0.1"),
    ] {
        let room = room(&format!("version: 1\ninclude: {include}\n"));
        write(&room, "traffic.yaml", traffic);
        let (_, told) = output(&room, "check a.yaml");
        assert!(told.contains(expected), "{include}, {traffic}: {told}");
    }
}

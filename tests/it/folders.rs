//! Output folders: which result may replace which, row by row of the table in `docs/outputs.md`;
//! foreign files; interruptions.

mod foreign;
mod unfinished;

use crate::support::Room;
use std::fs;
use std::path::Path;

/// Returns a scenario with a very short run; `rate` distinguishes its versions.
fn scenario(name: &str, rate: u32) -> String {
    let name = if name.is_empty() { String::new() } else { format!("name: {name}\n") };
    format!(
        "version: 1
{name}run: {{ duration: 5s, replications: 3 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate}/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: {{ exp: 2ms }} ] }} }} }}
slos: {{ fast: {{ of: users, p95: 60ms }} }}
"
    )
}

/// Returns every file under a folder with its bytes. Links are not followed.
fn bytes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        let name = entry.file_name().into_string().unwrap();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files.extend(
                bytes(&entry.path())
                    .into_iter()
                    .map(|(inside, bytes)| (format!("{name}/{inside}"), bytes)),
            ),
            kind if kind.is_symlink() => files.push((name, b"a link".to_vec())),
            _ => files.push((name, fs::read(entry.path()).unwrap())),
        }
    }
    files.sort();
    files
}

/// Asserts that a command is refused with this message, and that the folder is unchanged.
fn refused(room: &Room, arguments: &str, folder: &str, message: &str) {
    let before = bytes(&room.path(folder));
    let stderr = room.ends(arguments, 2);
    assert!(stderr.contains(message) && stderr.contains("help: "), "{arguments}: {stderr}");
    assert!(bytes(&room.path(folder)) == before, "{arguments}: `{folder}` has changed");
}

const SWEEP: &str = "sweep a.yaml -q --vary services.api.replicas=";
const CAPACITY: &str =
    "capacity a.yaml -q --vary workload.users.open.rate --from 10/s --to 1000/s --tolerance 50%";
const SENSITIVITY: &str =
    "sensitivity a.yaml -q --size 2 -r 2 --vary services.api.replicas=1..3@integer";

fn room() -> Room {
    let room = Room::new("a.yaml", &scenario("same", 50));
    fs::write(room.path("b.yaml"), scenario("same", 20)).unwrap();
    room
}

#[test]
fn the_same_study_replaces_its_earlier_result() {
    // The usual work, for every command: the same command again, with another seed, with other
    // settings, and after the scenario was edited.
    let room = room();
    for (command, more) in [
        (
            "run a.yaml -q",
            &["", " -s 2", " -r 5", " --set services.api.replicas=2", " --plots", ""][..],
        ),
        (&format!("{SWEEP}1,2"), &["", " -s 2", " --series", ""]),
        ("compare a.yaml -q --set services.api.replicas=2", &["", " -r 4"]),
        (CAPACITY, &["", " -s 2"]),
        (SENSITIVITY, &["", " -s 2"]),
    ] {
        let out = command.split(' ').next().unwrap();
        fs::write(room.path("a.yaml"), scenario("same", 50)).unwrap();
        for more in more {
            room.ends(&format!("{command}{more} -o {out}"), 0);
        }
        fs::write(room.path("a.yaml"), scenario("renamed", 40)).unwrap();
        room.ends(&format!("{command} -o {out}"), 0);
        assert_eq!(room.manifest(out)["name"], "renamed");
        let files = room.manifest(out)["files"].as_object().unwrap().len();
        assert_eq!(
            bytes(&room.path(out)).len(),
            files + 1,
            "{command}: a file of an earlier result is left"
        );
    }
}

#[test]
fn results_of_other_commands_files_and_designs_are_not_replaced() {
    // Every pair of commands in one folder, and each command on another file of the same name, or
    // with another design. The messages are fixed here.
    let room = room();
    let designs = [
        ("run a.yaml -q".to_string(), None),
        (
            format!("{SWEEP}1,2"),
            Some((format!("{SWEEP}1,2,3"), "holds a finished sweep of other points")),
        ),
        (
            "compare a.yaml -q --set services.api.replicas=2".to_string(),
            Some((
                "compare a.yaml -q --set services.api.replicas=3".to_string(),
                "holds a comparison of other variants",
            )),
        ),
        (
            CAPACITY.to_string(),
            Some((
                CAPACITY.to_string() + " --while users.p99<1s",
                "holds a search of another parameter, or for other objectives",
            )),
        ),
        (
            SENSITIVITY.to_string(),
            Some((
                SENSITIVITY.to_string() + " --metric users.throughput",
                "holds an analysis of other parameters or metrics",
            )),
        ),
    ];
    for (command, other_design) in &designs {
        let (name, out) = (
            command.split(' ').next().unwrap(),
            format!("of-{}", command.split(' ').next().unwrap()),
        );
        room.ends(&format!("{command} -o {out}"), 0);
        for (other, _) in &designs {
            let message =
                format!("`{out}` holds the result of another command, `asyncflow {name}`");
            if other != command {
                refused(&room, &format!("{other} -o {out}"), &out, &message);
            }
        }
        refused(
            &room,
            &format!("{} -o {out}", command.replace("a.yaml", "b.yaml")),
            &out,
            "holds the result of another file, `a.yaml`",
        );
        if let Some((other, message)) = other_design {
            refused(&room, &format!("{other} -o {out}"), &out, message);
            room.ends(&format!("{other} -o {out} --force"), 0);
        }
        room.ends(&format!("{} -o {out} --force", command.replace("a.yaml", "b.yaml")), 0);
    }
}

#[test]
fn files_of_the_same_name_are_distinguished_by_their_folders() {
    // Two folders with a file of the same name, in one command and one after the other; another
    // path to the same file is the same file.
    let room = room();
    for (folder, rate) in [("v1", 50), ("v2", 20)] {
        fs::create_dir(room.path(folder)).unwrap();
        fs::write(room.path(folder).join("shop.yaml"), scenario("", rate)).unwrap();
    }
    let stderr = room.ends("run v1/shop.yaml v2/shop.yaml -q", 2);
    assert!(
        stderr.contains("`v1/shop.yaml` and `v2/shop.yaml` would both be written to `out/shop`"),
        "{stderr}"
    );
    assert!(!room.path("out").exists(), "neither was run");
    room.ends("run v1/shop.yaml v2/shop.yaml -q --no-files", 0);
    room.ends("run v1/shop.yaml -q", 0);
    refused(
        &room,
        "run v2/shop.yaml -q",
        "out/shop",
        "`out/shop` holds the result of another file, `v1/shop.yaml`",
    );
    room.ends(&format!("run {} -q", room.path("v1/../v1/shop.yaml").display()), 0);
    room.ends("run ./v1/shop.yaml -q", 0);
    assert_eq!(room.manifest("out/shop")["study"]["files"], serde_json::json!(["v1/shop.yaml"]));
}

#[test]
fn the_same_file_name_typed_in_another_folder_is_another_file() {
    // Two projects with a `shop.yaml` each and the same `--out`; and a project that is moved with
    // its results.
    let room = Room::new("unused.yaml", "");
    for (project, rate) in [("p1", 50), ("p2", 20)] {
        fs::create_dir(room.path(project)).unwrap();
        fs::write(room.path(project).join("shop.yaml"), scenario("same", rate)).unwrap();
    }
    let run = |project: &str, out: &str, code| {
        let mut command = room.command("run shop.yaml -q");
        let output = command.args(["-o", out]).current_dir(room.path(project)).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{project}: {stderr}");
        stderr
    };
    run("p1", "../results", 0);
    let before = bytes(&room.path("results"));
    let stderr = run("p2", "../results", 2);
    assert!(
        stderr.contains("holds the result of another file, `")
            && stderr.contains("p1/shop.yaml`")
            && stderr.contains("--force"),
        "{stderr}"
    );
    assert!(bytes(&room.path("results")) == before);
    fs::write(room.path("p1/shop.yaml"), scenario("same", 40)).unwrap();
    run("p1", "../results", 0);
    run("p2", "out/shop", 0);
    assert_eq!(room.manifest("p2/out/shop")["study"]["from"], "../..");
    fs::rename(room.path("p2"), room.path("moved")).unwrap();
    fs::write(room.path("moved/shop.yaml"), scenario("same", 30)).unwrap();
    run("moved", "out/shop", 0);
}

#[test]
fn a_piped_scenario_is_the_same_study_only_if_its_text_is_identical() {
    // A scenario on standard input has no file: another text with the same name is another
    // study.
    let room = room();
    let pipe = |rate: u32| {
        let line = format!("{} run - -q", env!("CARGO_BIN_EXE_asyncflow"));
        fs::write(room.path("piped"), scenario("piped", rate)).unwrap();
        let shell = std::process::Command::new("bash")
            .args(["-c", &format!("cat piped | {line}")])
            .current_dir(room.path(""))
            .output();
        shell.unwrap()
    };
    assert_eq!(pipe(50).status.code(), Some(0));
    assert_eq!(pipe(50).status.code(), Some(0));
    let other = pipe(20);
    let stderr = String::from_utf8_lossy(&other.stderr);
    assert!(
        other.status.code() == Some(2)
            && stderr.contains("another scenario, `piped`, which was not read from a file"),
        "{stderr}"
    );
}

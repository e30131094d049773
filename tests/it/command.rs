//! The command as users run it: exit codes, standard output, and the files that it leaves.

use crate::support::Room;
use assert_cmd::Command;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs;
use std::path::Path;

fn asyncflow() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asyncflow"));
    command.env("NO_COLOR", "1");
    command
}

const SMALL: &str = "
version: 1
run: { duration: 60s, warmup: 5s, replications: 6 }
workload: { users: { to: api.x, open: { rate: 50/s } } }
services: { api: { instance: { memory: 1GiB }, endpoints: { x: [ cpu: { exp: 4ms }, memory: 1MiB, wait: { for: 10ms, label: db } ] } } }
links: { users -> api: { latency: { exp: 2ms }, loss: 1% } }
faults: [ { slow: { target: api, factor: 2x, at: 20s, for: 10s } } ]
output: { series: 1s, requests: 10% }
";

/// Creates a temporary folder with a scenario.
fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("small.yaml"), text).unwrap();
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn bytes_of_all(folder: &Path) -> Vec<(String, Vec<u8>)> {
    names(folder)
        .into_iter()
        .map(|name| (name.clone(), fs::read(folder.join(name)).unwrap()))
        .collect()
}

#[test]
fn a_run_writes_its_files_and_a_manifest_that_names_them() {
    // The list of files in docs/outputs.md.
    let folder = folder(SMALL);
    let output = asyncflow()
        .current_dir(&folder)
        .args(["run", "small.yaml", "--plots"])
        .assert()
        .success()
        .get_output()
        .clone();
    let out = folder.path().join("out/small");
    let expected = [
        "events",
        "histograms",
        "manifest",
        "plots",
        "replications",
        "requests",
        "series",
        "summary",
    ];
    let found: Vec<String> =
        names(&out).iter().map(|name| name.split('.').next().unwrap().to_string()).collect();
    assert_eq!(found, expected);
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("manifest.json")).unwrap()).unwrap();
    for file in names(&out).iter().filter(|name| *name != "manifest.json") {
        assert!(manifest["files"][file]["sha256"].is_string(), "{file}");
    }
    let summary = String::from_utf8(output.stdout).unwrap();
    for expected in [
        "keeps up",
        "Latency of answered requests",
        "Latency breakdown of users",
        "Services",
        "fingerprint",
    ] {
        assert!(summary.contains(expected), "{summary}");
    }
}

#[test]
fn equal_runs_write_equal_bytes_on_any_number_of_threads() {
    // Law 5: compared file by file, twice on one thread, and on two and three.
    let folder = folder(SMALL);
    let run = |out: &str, threads: &str| {
        asyncflow()
            .current_dir(&folder)
            .args(["run", "small.yaml", "-q", "--plots", "--out", out, "-j", threads])
            .assert()
            .success();
        bytes_of_all(&folder.path().join(out))
    };
    let first = run("a", "1");
    for (out, threads) in [("b", "1"), ("c", "2"), ("d", "3")] {
        for ((name, bytes), (_, others)) in first.iter().zip(run(out, threads)) {
            assert!(*bytes == others, "{name} differs on {threads} threads");
        }
    }
}

#[test]
fn json_is_one_object_that_agrees_with_the_files() {
    let folder = folder(SMALL);
    let json = |args: &[&str]| -> serde_json::Value {
        let output = asyncflow()
            .current_dir(&folder)
            .args(["run", "small.yaml", "--json"])
            .args(args)
            .assert()
            .success()
            .get_output()
            .clone();
        serde_json::from_slice(&output.stdout).expect("stdout is one JSON object")
    };
    let with_files = json(&[]);
    let without = json(&["--no-files"]);
    assert_eq!(
        with_files["metrics"], without["metrics"],
        "an output switched off changes no number"
    );
    assert_eq!(with_files["fingerprint"], without["fingerprint"]);
    assert_ne!(json(&["--seed", "2", "--no-files"])["fingerprint"], without["fingerprint"]);
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("out/small/manifest.json")).unwrap())
            .unwrap();
    assert_eq!(manifest["fingerprint"], with_files["fingerprint"]);
}

#[test]
fn invalid_input_is_refused_with_exit_code_2_and_nothing_is_written() {
    // One error of each kind: syntax, unit, reference, file, command-line option.
    for (text, expected) in [
        ("version: [1", "error"),
        ("version: 1\nrun: { duration: 10 }\nworkload: {}\nservices: {}", "`10` has no unit"),
        (&SMALL.replace("to: api.x", "to: api.y"), "did you mean `api.x`?"),
        (&SMALL.replace("cpu: {", "cpuu: {"), "did you mean `cpu`?"),
        (&SMALL.replace("version: 1", "version: 2"), "version 2"),
    ] {
        let folder = folder(text);
        let output = asyncflow()
            .current_dir(&folder)
            .args(["run", "small.yaml"])
            .assert()
            .code(2)
            .get_output()
            .clone();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(expected), "{stderr}");
        assert!(stderr.contains("small.yaml:"), "a problem has a place: {stderr}");
        assert!(output.stdout.is_empty());
        assert_eq!(names(folder.path()), ["small.yaml"], "nothing is written");
    }
    let folder = folder(SMALL);
    for args in [
        &["run", "nowhere.yaml"][..],
        &["run", "small.yaml", "--duration", "5"],
        &["run", "small.yaml", "--set", "services.apy.replicas=2"],
        &["check", "small.txt"],
    ] {
        asyncflow().current_dir(&folder).args(args).assert().code(2);
        assert_eq!(names(folder.path()), ["small.yaml"]);
    }
}

#[test]
fn a_missed_objective_is_exit_code_1() {
    let folder = folder(&format!("{SMALL}slos: {{ fast: {{ of: users, p99: 1ms }} }}"));
    let output = asyncflow()
        .current_dir(&folder)
        .args(["run", "small.yaml", "--no-files"])
        .assert()
        .code(1)
        .get_output()
        .clone();
    assert!(String::from_utf8(output.stdout).unwrap().contains("✘ missed"));
}

#[test]
fn a_reached_limit_is_named_and_the_message_says_how_to_raise_it() {
    // 1,000/s into a core that serves 250/s: the backlog passes 500 within a second.
    let folder = folder(SMALL);
    for (limit, expected) in [
        ("run.limits.in_flight=500", "run.limits.in_flight"),
        ("run.limits.events=10k", "run.limits.events"),
    ] {
        let args =
            ["run", "small.yaml", "--set", "workload.users.open.rate=1000/s", "--set", limit];
        let output =
            asyncflow().current_dir(&folder).args(args).assert().code(2).get_output().clone();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(expected) && stderr.contains("for example to"), "{stderr}");
        assert!(names(&folder.path().join("out")).is_empty(), "nothing is left behind");
    }
}

#[test]
fn an_overloaded_system_is_reported_as_overloaded() {
    let folder = folder(SMALL);
    let args = ["run", "small.yaml", "--no-files", "--set", "workload.users.open.rate=300/s"];
    let output =
        asyncflow().current_dir(&folder).args(args).assert().success().get_output().clone();
    let (stderr, warned) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(stderr.contains("✘ overloaded  users"), "{stderr}");
    // Since the fault has ended; of 1 % that the link loses `check` knows nothing certain.
    assert!(
        warned.contains("overload: the offered load at the end of the run is up to 120 %"),
        "{warned}"
    );
}

#[test]
fn the_output_of_show_and_convert_reads_back_as_the_same_scenario() {
    let folder = folder(SMALL);
    let show = |file: &str| {
        String::from_utf8(
            asyncflow()
                .current_dir(&folder)
                .args(["show", file])
                .assert()
                .success()
                .get_output()
                .stdout
                .clone(),
        )
        .unwrap()
    };
    let shown = show("small.yaml");
    assert!(shown.contains("replicas: 1"), "defaults are filled in: {shown}");
    for notation in ["ron", "json", "yaml"] {
        let name = format!("copy.{notation}");
        asyncflow().current_dir(&folder).args(["convert", "small.yaml", &name]).assert().success();
        assert_eq!(show(&name), shown, "{notation}");
    }
    asyncflow().current_dir(&folder).args(["convert", "small.yaml", "copy.ron"]).assert().code(2);
    // Including one whose `output` has only defaults: an empty group in RON.
    fs::write(
        folder.path().join("bare.yaml"),
        SMALL.replace("output: { series: 1s, requests: 10% }", ""),
    )
    .unwrap();
    asyncflow().current_dir(&folder).args(["convert", "bare.yaml", "bare.ron"]).assert().success();
    assert_eq!(show("bare.ron"), show("bare.yaml"));
    // Found by fuzzing: null values of a sweep were written as an empty group in RON.
    let sweep = "sweep: { design: list, rows: [ { services.api.max_in_flight: null, services.api.replicas: 1 }, { services.api.max_in_flight: 5, services.api.replicas: 2 } ] }";
    for (file, block) in
        [("rows", sweep), ("vary", "sweep: { vary: { services.api.max_in_flight: [null, 5] } }")]
    {
        fs::write(folder.path().join(format!("{file}.yaml")), format!("{SMALL}\n{block}\n"))
            .unwrap();
        asyncflow()
            .current_dir(&folder)
            .args(["convert", &format!("{file}.yaml"), &format!("{file}.ron")])
            .assert()
            .success();
        assert_eq!(show(&format!("{file}.ron")), show(&format!("{file}.yaml")));
    }
}

#[test]
#[cfg(unix)]
fn a_closed_pipe_is_a_quiet_success() {
    let folder = folder(SMALL);
    let script = format!(
        "{} run small.yaml --no-files -r 3 2>err | true; echo ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_asyncflow")
    );
    let output = std::process::Command::new("bash")
        .arg("-c")
        .arg(script)
        .current_dir(&folder)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "0");
    assert_eq!(fs::read_to_string(folder.path().join("err")).unwrap(), "");
}

#[test]
#[cfg(unix)]
fn a_folder_that_cannot_be_written_is_refused_before_the_first_event() {
    // A file is in place of the folder.
    let folder = folder(SMALL);
    fs::write(folder.path().join("out"), "in the way").unwrap();
    let output = asyncflow()
        .current_dir(&folder)
        .args(["run", "small.yaml"])
        .assert()
        .code(2)
        .get_output()
        .clone();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("out/small") && stderr.contains("help: "), "{stderr}");
}

#[test]
fn the_manifest_lists_the_columns_of_each_file_with_their_units() {
    // The files themselves say which columns they have; the lock's is left out without locks, and
    // a sweep adds the point and its parameters.
    let locked =
        SMALL.replace("cpu: { exp: 4ms }", "lock: { name: row, hold: [ cpu: { exp: 4ms } ] }");
    assert!(locked.contains("lock:"), "{locked}");
    for (text, command) in [
        (SMALL, "run small.yaml -q --out out"),
        (locked.as_str(), "run small.yaml -q --out out"),
        (SMALL, "sweep small.yaml -q --vary workload.users.open.rate=40/s,50/s --series --out out"),
    ] {
        let room = Room::new("small.yaml", text);
        let output = room.run(command);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let files = room.manifest("out")["files"].as_object().unwrap().clone();
        for (name, entry) in files.iter().filter(|(name, _)| name.ends_with(".parquet")) {
            let file = fs::File::open(room.path("out").join(name)).unwrap();
            let schema = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().schema().clone();
            let columns = schema.fields().iter();
            let units = columns
                .map(|field| (field.name().clone(), field.metadata()["unit"].clone().into()));
            let units: serde_json::Map<_, _> = units.collect();
            assert_eq!(entry["units"], serde_json::Value::Object(units), "{command}: {name}");
        }
        let is_locked = text.contains("lock:");
        if let Some(requests) = files.get("requests.parquet") {
            assert_eq!(requests["units"].get("lock_s").is_some(), is_locked);
        }
    }
}

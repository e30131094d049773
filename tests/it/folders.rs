//! Output folders: which result may replace which, row by row of the table in `docs/outputs.md`;
//! foreign files; interruptions.

use crate::support::{Room, signal, wait_until};
use std::fs;
use std::path::Path;
use std::process::Stdio;

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
fn foreign_files_are_neither_overwritten_nor_removed() {
    // A user's file under each of our names: in a folder without a result, and beside a result.
    // Files with other names do not matter.
    let room = room();
    let names = [
        "summary.parquet",
        "plots.svg",
        "points.parquet",
        "warmup.parquet",
        "manifest.json",
        "summary/part-00000.parquet",
    ];
    for (number, name) in names.iter().enumerate() {
        let folder = format!("theirs{number}");
        fs::create_dir_all(room.path(&folder).join("summary")).unwrap();
        fs::write(room.path(&folder).join(name), "my own").unwrap();
        for command in ["run a.yaml -q", &format!("{SWEEP}1,2"), CAPACITY] {
            refused(&room, &format!("{command} -o {folder}"), &folder, "AsyncFlow");
        }
    }
    fs::create_dir(room.path("notes")).unwrap();
    fs::write(room.path("notes/readme.md"), "my own").unwrap();
    room.ends("run a.yaml -q -o notes", 0);
    fs::write(room.path("notes/plots.svg"), "my own").unwrap();
    refused(
        &room,
        "run a.yaml -q -o notes",
        "notes",
        "`notes/plots.svg` does not belong to a result of AsyncFlow: no manifest names it",
    );
    room.ends("run a.yaml -q -o notes --force", 0);
    assert_eq!(
        fs::read_to_string(room.path("notes/plots.svg")).unwrap(),
        "my own",
        "`--force` overwrites only the files that are written"
    );
    assert_eq!(fs::read_to_string(room.path("notes/readme.md")).unwrap(), "my own");
    // Only temporary names that contain a process id are ours.
    for (name, stays) in [
        (".summary.parquet.backup.part", true),
        (".plots.svg..part", true),
        (".summary.parquet.4711.part", false),
    ] {
        fs::write(room.path(&format!("notes/{name}")), "my own").unwrap();
        room.ends("run a.yaml -q -o notes --force", 0);
        assert_eq!(room.path(&format!("notes/{name}")).exists(), stays, "{name}");
    }
    refused(
        &room,
        "run a.yaml -q -o notes/readme.md",
        "notes",
        "`notes/readme.md` is not a folder",
    );
}

#[test]
fn a_scenario_is_never_replaced_by_its_manifest() {
    // A scenario with the name of the manifest, in the folder of its results; `--force` does not
    // help either.
    let room =
        Room::new("manifest.json", &serde_json::to_string(&json_of(&scenario("m", 50))).unwrap());
    for force in ["", " --force"] {
        refused(
            &room,
            &format!("run manifest.json -q -o .{force}"),
            ".",
            "is the scenario file, which the manifest would overwrite",
        );
    }
    room.ends("run manifest.json -q", 0);
}

fn json_of(yaml: &str) -> serde_json::Value {
    let scenario = asyncflow::scenario::from_yaml(yaml).unwrap();
    serde_json::from_str(&asyncflow::scenario::to_json(&scenario)).unwrap()
}

#[test]
#[cfg(unix)]
fn links_in_a_folder_are_not_followed() {
    // The journal and the folders of parts are links to foreign ones: refused, even with `--force`,
    // and their targets are unchanged.
    let room = room();
    fs::create_dir(room.path("precious")).unwrap();
    fs::write(room.path("precious/file"), "precious").unwrap();
    for (folder, link, target) in
        [("d", "cells.journal", "../precious/file"), ("e", "summary", "../precious")]
    {
        fs::create_dir(room.path(folder)).unwrap();
        std::os::unix::fs::symlink(target, room.path(folder).join(link)).unwrap();
        for force in ["", " --force"] {
            refused(
                &room,
                &format!("{SWEEP}1,2 -o {folder}{force}"),
                folder,
                "is a link, and links are not followed",
            );
            assert_eq!(bytes(&room.path("precious")), [("file".to_string(), b"precious".to_vec())]);
        }
    }
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

#[test]
fn an_unfinished_sweep_blocks_every_other_command() {
    // A journal without a manifest, as an interrupted sweep leaves it.
    let room = room();
    room.ends(&format!("{SWEEP}1,2 -o kept --shard 1/1"), 0);
    fs::create_dir(room.path("out")).unwrap();
    fs::copy(room.path("kept/shard-00001-of-00001/cells.journal"), room.path("out/cells.journal"))
        .unwrap();
    for command in ["run a.yaml -q", CAPACITY, SENSITIVITY] {
        refused(
            &room,
            &format!("{command} -o out"),
            "out",
            "`out` holds an unfinished sweep, in `cells.journal`",
        );
    }
    fs::write(room.path("out/cells.journal"), "my own").unwrap();
    refused(
        &room,
        &format!("{SWEEP}1,2 -o out --resume"),
        "out",
        "a file `cells.journal` that is not the journal of a sweep",
    );
}

#[test]
fn resuming_a_different_finished_sweep_is_refused() {
    // The message says what differs; without `--resume`, another seed of the same points replaces
    // the result.
    let room = room();
    room.ends(&format!("{SWEEP}1,2 -o out"), 0);
    refused(
        &room,
        &format!("{SWEEP}3,4 -o out --resume"),
        "out",
        "holds a finished sweep of other points",
    );
    refused(
        &room,
        &format!("{SWEEP}1,2 -s 5 -o out --resume"),
        "out",
        "holds another finished sweep (seed 1, not 5)",
    );
    assert!(
        room.ends(&format!("{SWEEP}1,2 -o out --resume"), 0).contains("is complete: nothing to do")
    );
    room.ends(&format!("{SWEEP}1,2 -s 5 -o out"), 0);
    room.ends(&format!("{SWEEP}1,2 -o parts --shard 1/2"), 0);
    let stderr = room.ends(&format!("{SWEEP}1,2 -s 5 -o parts --shard 1/2"), 2);
    assert!(stderr.contains("holds another sweep (seed 1, not 5)"), "{stderr}");
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_is_incomplete_and_does_not_replace_a_complete_one() {
    // SIGINT in a run of minutes: exit code 2, and the manifest says how many replications are
    // done; over a complete result, which stays byte for byte, nothing is written.
    let room = room();
    let interrupt = |more: &str| {
        let arguments = format!("run a.yaml -r 500000 -o out{more}");
        let child =
            room.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = |name: &str| name.starts_with('.') && name.ends_with(".part");
        wait_until("the files are created", || {
            fs::read_dir(room.path("out")).is_ok_and(|out| {
                out.flatten().filter(|entry| begun(&entry.file_name().to_string_lossy())).count()
                    >= 5
            })
        });
        std::thread::sleep(std::time::Duration::from_millis(300));
        signal(&child, "-INT");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        output
    };
    let document: serde_json::Value = serde_json::from_slice(&interrupt(" --json").stdout).unwrap();
    let manifest = room.manifest("out");
    let done = manifest["replications"].as_u64().unwrap();
    assert!(done > 0 && done < 500_000 && document["replications"] == done);
    assert_eq!(manifest["interrupted"], serde_json::json!({ "done": done, "of": 500_000 }));
    assert_eq!(document["interrupted"], manifest["interrupted"]);
    // A complete result replaces an interrupted one, but not the other way round.
    room.ends("run a.yaml -q -o out", 0);
    assert!(room.manifest("out")["interrupted"].is_null());
    let before = bytes(&room.path("out"));
    let output = interrupt("");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains(
            "of 500000 replications are complete; the earlier result in out is unchanged"
        ),
        "{stderr}"
    );
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("fingerprint"),
        "the summary is printed nevertheless"
    );
    assert!(bytes(&room.path("out")) == before);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_a_manifest_does_not_block() {
    // No process writes into it, so opening it would block forever.
    let room = Room::new("s.yaml", &scenario("", 5));
    std::fs::create_dir(room.path("o")).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(room.path("o/manifest.json"))
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(room.run("run s.yaml -o o -q").status.code(), Some(2));
}

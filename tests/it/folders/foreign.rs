//! Files that are not ours: nothing overwrites, removes or follows them.

use super::{CAPACITY, SWEEP, bytes, refused, room, scenario};
use crate::support::Room;
use std::fs;

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

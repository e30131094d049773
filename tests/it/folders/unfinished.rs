//! Folders with an unfinished sweep or an interrupted run.

use super::{CAPACITY, SENSITIVITY, SWEEP, bytes, refused, room};
use crate::support::{signal, wait_until};
use std::fs;
use std::process::Stdio;

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

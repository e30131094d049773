//! Sweeps that are killed, interrupted, or run out of disk space, and are resumed.

use super::{SCENARIO, assert_same};
use crate::support::{Room, signal, wait_until};
use crate::world::skip;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn a_sweep_killed_repeatedly_writes_the_same_bytes_once_resumed() {
    // SIGKILL at 30 moments, spread over the duration of the sweep; then it is resumed to its end.
    let room = Room::new("small.yaml", SCENARIO);
    let arguments = "sweep small.yaml -r 40 -d 100s -q";
    room.ends(&format!("{arguments} -o whole"), 0);
    let mut killed = 0;
    for moment in 0..200u64 {
        let mut child = room
            .command(&format!("{arguments} -o cut --resume"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(15 + (moment * 37) % 61));
        let running = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        if !running {
            break;
        }
        killed += 1;
        assert!(
            !room.path("cut/manifest.json").exists() || killed > 1,
            "an incomplete sweep has no manifest"
        );
        if killed >= 30 {
            break;
        }
    }
    room.ends(&format!("{arguments} -o cut --resume"), 0);
    assert_same(&room.path("whole"), &room.path("cut"));
    assert!(killed >= 5, "it was killed only {killed} times before it finished");
}

/// A small file system in memory, unmounted when dropped.
struct Disk(PathBuf);

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_reported_and_the_sweep_can_be_resumed_with_more_space() {
    // A tmpfs of 200 kB fills up while cells are appended; with 20 MB the rest is run, and the
    // bytes are those of an undisturbed run.
    let room = Room::new("small.yaml", SCENARIO);
    let disk = Disk(room.path("small"));
    fs::create_dir(&disk.0).unwrap();
    let mount = |options: &str| {
        Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&disk.0).status()
    };
    if !mount("size=200k").is_ok_and(|status| status.success()) {
        return skip("a full disk under a sweep: mounting is not allowed here");
    }
    let stderr = room.ends("sweep small.yaml -r 40 -q -o small/out", 2);
    assert!(
        stderr.contains("cannot write")
            && stderr.contains(
                "completed replications are kept: free disk space, then continue with `--resume`"
            ),
        "{stderr}"
    );
    assert!(!room.path("small/out/manifest.json").exists());
    assert!(mount("remount,size=20m").is_ok_and(|status| status.success()));
    room.ends("sweep small.yaml -r 40 -q -o small/out --resume", 0);
    room.ends("sweep small.yaml -r 40 -q -o whole", 0);
    assert_same(&room.path("whole"), &room.path("small/out"));
}

#[test]
fn an_interrupted_sweep_reports_its_progress_and_how_to_resume() {
    // SIGINT in the middle: exit code 2, and a journal of the finished cells; once resumed, the
    // bytes are those of an undisturbed run.
    let room = Room::new("small.yaml", SCENARIO);
    let arguments = "sweep small.yaml -r 60 -d 200s -q";
    let child =
        room.command(&format!("{arguments} -o cut")).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("cells are in the journal", || {
        fs::metadata(room.path("cut/cells.journal")).is_ok_and(|journal| journal.len() > 10_000)
    });
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("of 12 points are complete; continue with `--resume`"), "{stderr}");
    room.ends(&format!("{arguments} -o cut --resume"), 0);
    room.ends(&format!("{arguments} -o whole"), 0);
    assert_same(&room.path("whole"), &room.path("cut"));
}

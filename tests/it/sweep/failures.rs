//! Cells that reach a limit: rows with their reason.

use super::{SCENARIO, assert_same};
use crate::support::Room;
use asyncflow::Experiment;

#[test]
fn a_cell_that_reaches_a_limit_is_a_row_with_its_reason_and_the_sweep_continues() {
    // Two points, the first of which may have 3 requests in flight: all its replications fail,
    // those of the other do not.
    let room = Room::new("small.yaml", SCENARIO);
    let stderr =
        room.ends("sweep small.yaml -o out --vary run.limits.in_flight=3,1M -d 10s -r 4 --json", 2);
    assert!(stderr.contains("4 replications failed"), "{stderr}");
    let lines = String::from_utf8(
        room.run("sweep small.yaml -o out2 --vary run.limits.in_flight=3,1M -d 10s -r 4 --json")
            .stdout,
    )
    .unwrap();
    let points: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((points[0]["failed"].as_u64(), points[1]["failed"].as_u64()), (Some(4), Some(0)));
    assert!(
        points[0]["reason"]
            .as_str()
            .unwrap()
            .contains("more than 3 requests are in flight, the limit `run.limits.in_flight`")
    );
    assert!(room.path("out/manifest.json").exists());
}

#[test]
fn a_point_whose_pilot_reaches_a_limit_is_a_row_with_its_reason_and_is_run_once() {
    // `warmup: auto` runs a pilot. If it fails, one replication with the reason replaces the four,
    // in a shard and after a merge too.
    let room = Room::new("small.yaml", SCENARIO);
    let arguments =
        "sweep small.yaml --vary run.limits.in_flight=3,1M --set run.warmup=auto -r 4 --json";
    let printed = room.run(&format!("{arguments} -o out"));
    assert_eq!(printed.status.code(), Some(2), "{}", String::from_utf8_lossy(&printed.stderr));
    let lines = String::from_utf8(printed.stdout).unwrap();
    let points: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((points[0]["failed"].as_u64(), points[1]["failed"].as_u64()), (Some(1), Some(0)));
    assert!(
        points[0]["reason"].as_str().unwrap().contains("more than 3 requests are in flight"),
        "{}",
        points[0]
    );
    let shard = arguments.replace("--json", "-q");
    room.ends(&format!("{shard} -o parts --shard 1/1"), 2);
    room.ends("merge parts -o merged -q", 2);
    assert_same(&room.path("out"), &room.path("merged"));
    let swept = Experiment::from_yaml(SCENARIO.split("sweep:").next().unwrap())
        .unwrap()
        .set("run.warmup=auto")
        .replications(4);
    let swept = swept.vary("run.limits.in_flight", [3, 1_000_000]).sweep().unwrap();
    assert_eq!((swept[0].failures.len(), swept[1].failures.len()), (1, 0));
}

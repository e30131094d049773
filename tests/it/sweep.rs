//! Sweeps: the bytes do not depend on how they are run, nothing complete is lost, nothing
//! incomplete is taken for complete, and refusals are clear.

mod failures;
mod interruptions;
mod journal;
mod refusals;
mod shards;

use crate::support::{Room, table};
use asyncflow::{Experiment, store};
use std::fs;
use std::path::Path;

/// Twelve points, some of them slow.
const SCENARIO: &str = "
version: 1
name: small
run: { duration: 20s, replications: 6 }
workload: { users: { to: api.GET /, open: { rate: 50/s } } }
services: { api: { endpoints: { GET /: [ cpu: { exp: 4ms }, wait: { exp: 2ms } ] } } }
slos: { fast: { of: users, p99: 80ms } }
sweep:
  vary:
    workload.users.open.rate: [50/s, 100/s, 200/s, 240/s, 1000/s, 20/s]
    services.api.balance: [random, least_connections]
";

/// Returns every file under a folder, by its relative name.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    fn walk(folder: &Path, root: &Path, into: &mut Vec<(String, Vec<u8>)>) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                walk(&entry, root, into);
            } else {
                into.push((
                    entry.strip_prefix(root).unwrap().display().to_string(),
                    fs::read(&entry).unwrap(),
                ));
            }
        }
    }
    let mut files = Vec::new();
    walk(folder, folder, &mut files);
    files.sort();
    files
}

/// Asserts that two folders have the same files, byte for byte. If they are at different depths,
/// `study.from`, the path to the working folder, may differ.
fn assert_same(a: &Path, b: &Path) {
    let read = |folder: &Path| {
        let without_path = |(name, bytes): (String, Vec<u8>)| match serde_json::from_slice::<
            serde_json::Value,
        >(&bytes)
        {
            Ok(mut manifest) if name == "manifest.json" => {
                manifest["study"]["from"].take();
                (name, manifest.to_string().into_bytes())
            }
            _ => (name, bytes),
        };
        files(folder).into_iter().map(without_path).collect::<Vec<_>>()
    };
    let is_same_depth = a.parent() == b.parent();
    let (a, b) = if is_same_depth { (files(a), files(b)) } else { (read(a), read(b)) };
    let names = |files: &[(String, Vec<u8>)]| {
        files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&a), names(&b));
    for ((name, mine), (_, theirs)) in a.iter().zip(&b) {
        assert!(mine == theirs, "{name} differs");
    }
}

#[test]
fn a_sweep_writes_the_same_bytes_on_any_number_of_threads_and_shards() {
    // Law 5, for datasets. Three shards of twelve points, merged.
    let room = Room::new("small.yaml", SCENARIO);
    room.ends("sweep small.yaml -o one -j 1 -q --series --histograms", 0);
    room.ends("sweep small.yaml -o three -j 3 -q --series --histograms", 0);
    assert_same(&room.path("one"), &room.path("three"));
    let names: Vec<String> = files(&room.path("one")).into_iter().map(|(name, _)| name).collect();
    let parts = ["summary", "replications", "series", "histograms"]
        .map(|table| format!("{table}/part-00000.parquet"));
    assert!(
        parts.iter().all(|part| names.contains(part))
            && names.contains(&"points.parquet".to_string()),
        "{names:?}"
    );
    for shard in 1..=3 {
        room.ends(
            &format!("sweep small.yaml -o parts -q --series --histograms --shard {shard}/3"),
            0,
        );
    }
    room.ends("merge parts -o merged -q", 0);
    assert_same(&room.path("one"), &room.path("merged"));
    // A complete shard is neither run again nor modified.
    let before = fs::metadata(room.path("parts/shard-00002-of-00003/points.parquet"))
        .unwrap()
        .modified()
        .unwrap();
    assert!(
        room.ends("sweep small.yaml -o parts -q --series --histograms --shard 2/3", 0)
            .contains("is complete: nothing to do")
    );
    assert_eq!(
        fs::metadata(room.path("parts/shard-00002-of-00003/points.parquet"))
            .unwrap()
            .modified()
            .unwrap(),
        before
    );
}

#[test]
fn a_point_of_a_sweep_equals_a_run_with_its_values_set() {
    // The command `run` is the oracle: the fingerprints are equal, for a native file and for one of
    // AsyncFlow 0.1.
    let room = Room::new("small.yaml", SCENARIO);
    let old = fs::read_to_string("scenarios/asyncflow01-single-server.yml").unwrap();
    fs::write(room.path("old.yml"), old).unwrap();
    for (file, path, values) in [
        ("small.yaml", "workload.users.open.rate", ["60/s", "90/s"]),
        (
            "small.yaml",
            "services.api.runtime",
            ["{tasks: {schedule: fifo}}", "{event_loop: {workers: 1}}"],
        ),
        ("old.yml", "run.limits.events", ["1G", "2G"]),
    ] {
        let vary = format!("{path}={},{}", values[0], values[1]);
        let swept = room
            .command("sweep -r 3 -d 20s -o out --force --json")
            .args([file, "--vary", &vary])
            .output()
            .unwrap();
        let lines = String::from_utf8(swept.stdout).unwrap();
        let points: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(points.len(), 2, "{}", String::from_utf8_lossy(&swept.stderr));
        for (point, value) in points.iter().zip(values) {
            let ran = room
                .command("run -r 3 -d 20s --no-files --json")
                .args([file, "--set", &format!("{path}={value}")])
                .output()
                .unwrap();
            let ran: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
            assert_eq!(point["fingerprint"], ran["fingerprint"], "{file} {path}={value}");
            let p99 =
                ran["metrics"].as_array().unwrap().iter().find(|m| m["stat"] == "p99").unwrap();
            assert!(
                point["metrics"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|m| m["stat"] == "p99" && m["estimate"] == p99["estimate"])
            );
        }
    }
}

#[test]
fn the_batches_of_a_sweep_equal_the_tables_in_its_files() {
    // The command's files are the oracle: with columns of every kind, points that do not set every
    // parameter, a point that fails, and goals of precision.
    let room = Room::new("small.yaml", SCENARIO);
    let alone = SCENARIO.replace("  vary:", "  design: one_at_a_time\n  vary:");
    let rows = "sweep:
  design: list
  rows:
    - { services.api.replicas: 1, run.limits.in_flight: 1M, run.replications: 3 }
    - { services.api.replicas: 2, run.limits.in_flight: 3, run.replications: 2 }
    - { services.api.replicas: 3, run.limits.in_flight: 1M, run.replications: { until: { metric: users.latency.p99, half_width: 50% }, min: 2, max: 4 } }
";
    let listed = SCENARIO.split("sweep:").next().unwrap().to_string() + rows;
    for (scenario, code) in [(SCENARIO, 0), (&alone, 0), (&listed, 2)] {
        fs::write(room.path("small.yaml"), scenario).unwrap();
        room.ends("sweep small.yaml -q -o out --force --set run.duration=5s", code);
        let swept =
            Experiment::from_yaml(scenario).unwrap().set("run.duration=5s").sweep().unwrap();
        assert_eq!(store::points_batch(&swept), table(&room.path("out/points.parquet")));
        assert_eq!(
            store::summary_batch_of_points(&swept),
            table(&room.path("out/summary/part-00000.parquet"))
        );
    }
}

#[test]
fn replications_continue_until_the_goal_or_the_maximum_is_reached() {
    // Blocks of 5, at least 5. The goal of 100 % is met at once, that of 0.01 % never; a sweep
    // decides for each point as a run does.
    let room = Room::new("small.yaml", SCENARIO);
    let until = |goal: &str| {
        format!(
            "run.replications={{until: {{metric: users.latency.p99, half_width: {goal}}}, min: 5, max: 20}}"
        )
    };
    let run = |goal: &str, threads: &str| -> serde_json::Value {
        let output = room
            .command("run small.yaml --no-files --json -j")
            .args([threads, "--set", &until(goal)])
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let (easy, middle, hard) = (run("100%", "1"), run("12%", "1"), run("0.01%", "2"));
    assert_eq!((easy["replications"].as_u64(), hard["replications"].as_u64()), (Some(5), Some(20)));
    assert_eq!(
        (easy["precision"][0]["met"].as_bool(), hard["precision"][0]["met"].as_bool()),
        (Some(true), Some(false))
    );
    assert!(
        hard["precision"][0]["more_replications"].as_u64().unwrap() > 1000,
        "{}",
        hard["precision"]
    );
    let notes = hard["verdict"]["notes"].to_string();
    assert!(
        notes.contains("after 20 replications (the maximum), but the goal is 0.01%"),
        "{notes}"
    );
    assert_eq!(run("12%", "3")["fingerprint"], middle["fingerprint"], "also on three threads");
    let output = room
        .command("sweep small.yaml --vary workload.users.open.rate=50/s,200/s -o out --json --set")
        .arg(until("12%"))
        .output();
    let lines = String::from_utf8(output.unwrap().stdout).unwrap();
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["fingerprint"], middle["fingerprint"]);
}

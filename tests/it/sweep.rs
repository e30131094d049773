//! Sweeps: the bytes do not depend on how they are run, nothing complete is lost, nothing
//! incomplete is taken for complete, and refusals are clear.

use crate::support::{Room, signal, table, wait_until};
use asyncflow::{Experiment, store};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

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

#[test]
fn a_journal_truncated_or_corrupted_anywhere_loses_only_the_broken_entries() {
    // Truncated, or with a bit flipped, in the head, in a length or in an entry; the final bytes
    // are those of an undisturbed run.
    let room = Room::new("small.yaml", SCENARIO);
    let arguments = "sweep small.yaml -r 2 -d 5s -q";
    room.ends(&format!("{arguments} -o whole"), 0);
    // A shard keeps its journal: that of shard 1/1 is the journal of the whole sweep.
    room.ends(&format!("{arguments} -o kept --shard 1/1"), 0);
    let journal = fs::read(room.path("kept/shard-00001-of-00001/cells.journal")).unwrap();
    let length = journal.len();
    for (case, spoil) in [0, 3, 20, length / 3, length / 2, length - 2, length]
        .into_iter()
        .flat_map(|at| [(at, false), (at, true)])
        .enumerate()
    {
        let mut broken = journal.clone();
        match spoil {
            (at, false) => broken.truncate(at),
            (at, true) if at < length => broken[at] ^= 0x10,
            _ => continue,
        }
        let folder = format!("cut{case}/shard-00001-of-00001");
        fs::create_dir_all(room.path(&folder)).unwrap();
        fs::write(room.path(&format!("{folder}/cells.journal")), &broken).unwrap();
        let shard = format!("{arguments} -o cut{case} --shard 1/1");
        if matches!(spoil, (0..16, true)) {
            // The first bytes identify the file as a journal.
            assert!(
                room.ends(&shard, 2)
                    .contains("is not the journal of a sweep, or whose first bytes are damaged")
            );
            room.ends(&format!("{shard} --force"), 0);
        } else {
            room.ends(&shard, 0);
        }
        room.ends(&format!("merge cut{case} -o merged{case} -q"), 0);
        assert_same(&room.path("whole"), &room.path(&format!("merged{case}")));
    }
}

#[test]
fn a_damaged_journal_is_reported_and_loses_only_the_damaged_cells() {
    // 24 cells; a bit flipped in one cell, in the length before one, and in the head. The messages
    // are fixed here; the bytes are those of an undisturbed run.
    let room = Room::new("small.yaml", SCENARIO);
    let arguments = "sweep small.yaml -r 2 -d 5s";
    room.ends(&format!("{arguments} -q -o whole"), 0);
    room.ends(&format!("{arguments} -q -o kept --shard 1/1"), 0);
    let journal = fs::read(room.path("kept/shard-00001-of-00001/cells.journal")).unwrap();
    // 16 bytes of magic; then each frame begins with its length.
    let length = |at: usize| u32::from_le_bytes(journal[at..at + 4].try_into().unwrap()) as usize;
    let first = 16 + 8 + length(16);
    let second = first + 8 + length(first);
    for (at, warning, going_on) in [
        (
            second + 100,
            "is damaged: 1 replication cannot be read; missing replications are run again",
            "resuming after 23 replications",
        ),
        (second, "is damaged: everything in its last ", "resuming after 1 replication\n"),
        (
            16 + 20,
            "warning: the header of the journal in out is damaged: all replications are run again",
            "",
        ),
    ] {
        let mut broken = journal.clone();
        broken[at] ^= 4;
        fs::create_dir(room.path("out")).unwrap();
        fs::write(room.path("out/cells.journal"), &broken).unwrap();
        let stderr = room.ends(&format!("{arguments} -o out --resume"), 0);
        assert!(stderr.contains(warning) && stderr.contains(going_on), "at {at}: {stderr}");
        assert_same(&room.path("whole"), &room.path("out"));
        fs::remove_dir_all(room.path("out")).unwrap();
    }
    // A journal cut off within an entry, as by a kill, is not damaged.
    fs::create_dir(room.path("out")).unwrap();
    fs::write(room.path("out/cells.journal"), &journal[..second + 40]).unwrap();
    let stderr = room.ends(&format!("{arguments} -o out --resume"), 0);
    assert!(
        !stderr.contains("damaged") && stderr.contains("resuming after 1 replication\n"),
        "{stderr}"
    );
}

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

#[test]
fn what_cannot_be_swept_is_refused_before_anything_is_simulated() {
    // The messages are fixed here; nothing is written in any of these cases.
    let room = Room::new("small.yaml", SCENARIO);
    for (arguments, expected) in [
        (
            "--vary workload.users.open.rat=1/s",
            "unknown field `rat`, expected `rate` or `arrivals`\n  = help: did you mean `rate`?",
        ),
        (
            "--vary services.apii.replicas=1",
            "`services.apii` is not in the scenario\n  = help: did you mean `api`?",
        ),
        (
            "--vary services.api.replicas=0,1",
            "point 0 (services.api.replicas=0): services.api.replicas: a service has 1 to 10k replicas, not 0",
        ),
        (
            "--vary services.api.replicas=5ms",
            "expected a whole number, 1 or more, found the text `5ms`",
        ),
        (
            "--vary workload.users.open.rate=9/s..1/s@3",
            "`from` of a range must be less than its `to`, but `9/s` is not less than `1/s`",
        ),
        (
            "--vary workload.users.open.rate=1/s..9ms@3",
            "--vary workload.users.open.rate: both ends of a range must be of the same kind, but `1/s` is a rate and `9ms` is a duration",
        ),
        (
            "--vary services.api.replicas=1..1000000000@integer",
            "this sweep has 1,000,000,000 points and up to 6,000,000,000 replications",
        ),
        (
            "--design lhs --vary services.api.replicas=1..9@integer",
            "the design `lhs` needs a number of `points`",
        ),
        ("--vary services.api.replicas", "`services.api.replicas` has no `=`"),
        (
            "--vary services.api.replicas=1,2 --vary services.api.replicas=3",
            "`services.api.replicas` is varied twice",
        ),
        (
            "--vary services.api.instance.cpu=1,2 --vary services.api.instance=null",
            "`services.api.instance.cpu` is inside `services.api.instance`",
        ),
        (
            "--design sobol --points 4 --vary services.api.replicas=1..8",
            "for a range of whole numbers, append `@integer`",
        ),
        // It is no whole number that is missing here.
        (
            "--vary services.api.replicas=-1,2",
            "found the number `-1`\n  = help: write for example `replicas: 3`",
        ),
        ("--shard 4/3", "there is no shard 4 of 3: shards are numbered from 1 to 3"),
        (
            "--shard auto/3",
            "none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX and AWS_BATCH_JOB_ARRAY_INDEX is set",
        ),
    ] {
        let stderr = room.ends(&format!("sweep small.yaml {arguments}"), 2);
        assert!(stderr.contains(expected), "{arguments}: {stderr}");
        assert!(!room.path("out").exists(), "{arguments}");
    }
    fs::write(room.path("still.yaml"), SCENARIO.split("sweep:").next().unwrap()).unwrap();
    assert!(room.ends("sweep still.yaml", 2).contains("nothing is varied"));
}

#[test]
fn an_unfinished_sweep_is_neither_overwritten_nor_mixed_with_another() {
    // A journal as an interrupted sweep leaves it: that of a shard, copied to the sweep's folder.
    let room = Room::new("small.yaml", SCENARIO);
    room.ends("sweep small.yaml -r 2 -d 5s -q -o kept --shard 1/1", 0);
    fs::create_dir(room.path("out")).unwrap();
    let journal = fs::read(room.path("kept/shard-00001-of-00001/cells.journal")).unwrap();
    fs::write(room.path("out/cells.journal"), &journal).unwrap();
    let stderr = room.ends("sweep small.yaml -r 2 -d 5s -q -o out", 2);
    assert!(
        stderr.contains("an unfinished sweep is in `out`: 24 replications are done")
            && stderr.contains("--resume"),
        "{stderr}"
    );
    let stderr = room.ends("sweep small.yaml -r 3 -d 5s -q -o out --resume", 2);
    assert!(stderr.contains("`out` holds another sweep (replications 2, not 3)"), "{stderr}");
    assert_eq!(
        fs::read(room.path("out/cells.journal")).unwrap(),
        journal,
        "the journal is unchanged"
    );
    room.ends("sweep small.yaml -r 2 -d 5s -q -o out --resume", 0);
    assert!(room.path("out/manifest.json").exists() && !room.path("out/cells.journal").exists());
    // A journal beside a complete result, as after another interrupted start: the sweep can be
    // resumed, and the journal is removed.
    fs::write(room.path("out/cells.journal"), &journal).unwrap();
    room.ends("sweep small.yaml -r 2 -d 5s -q -o out --resume", 0);
    assert!(room.path("out/manifest.json").exists() && !room.path("out/cells.journal").exists());
}

#[test]
fn a_sweep_with_changed_measured_values_is_another_sweep() {
    // A shard of a sweep with a CSV file, in which one number is then changed. Once it is changed
    // back, the shard is complete and nothing is run.
    let sweep = "sweep measured.yaml -r 2 -d 5s -q -o kept --shard 1/1";
    let room = Room::new(
        "measured.yaml",
        "version: 1
name: measured
run: { duration: 5s }
workload: { users: { to: api.x, open: { rate: 50/s } } }
services: { api: { endpoints: { x: [ cpu: { empirical: { file: took.csv, column: took } } ] } } }
sweep: { vary: { workload.users.open.rate: [10/s, 20/s] } }",
    );
    fs::write(room.path("took.csv"), "took\n1ms\n2ms\n").unwrap();
    room.ends(sweep, 0);
    let shard = room.path("kept/shard-00001-of-00001");
    fs::remove_file(shard.join("manifest.json")).unwrap();
    fs::write(room.path("took.csv"), "took\n1ms\n3ms\n").unwrap();
    let stderr = room.ends(sweep, 2);
    assert!(
        stderr.contains(
            "holds another sweep (different release, or changed files of measured values)"
        ),
        "{stderr}"
    );
    fs::write(room.path("took.csv"), "took\n1ms\n2ms\n").unwrap();
    room.ends(sweep, 0);
    assert!(shard.join("manifest.json").exists());
}

#[test]
fn shards_that_do_not_belong_together_are_not_merged() {
    // One shard missing, one of another number of shards, one of another seed, one unfinished; the
    // messages are fixed here.
    let room = Room::new("small.yaml", SCENARIO);
    let shard = |folder: &str, shard: &str, more: &str| {
        room.ends(&format!("sweep small.yaml -r 2 -d 5s -q -o {folder} --shard {shard}{more}"), 0);
    };
    shard("a", "1/3", "");
    shard("a", "3/3", "");
    assert!(room.ends("merge a -o out", 2).contains("shard 2 of 3 is missing"));
    shard("b", "2/4", "");
    assert!(
        room.ends("merge a b -o out", 2).contains("is shard 2/4, but the others are shards of 3")
    );
    shard("c", "2/3", " -s 9");
    assert!(room.ends("merge a c -o out", 2).contains("is not a shard of the same sweep as"));
    shard("d", "2/3", "");
    fs::remove_file(room.path("d/shard-00002-of-00003/manifest.json")).unwrap();
    assert!(room.ends("merge a d -o out", 2).contains("is not finished"));
    assert!(room.ends("merge small.yaml -o out", 2).contains("these folders contain no shards"));
    assert!(!room.path("out").exists(), "nothing was written");
    shard("d", "2/3", "");
    room.ends("merge a d -o out -q", 0);
}

#[test]
fn a_shard_whose_journal_was_damaged_after_completion_is_not_merged() {
    // Half of the journal is cut off, so some point has no replications; the message is fixed here.
    // Once the shard is run again, the merge equals the whole sweep.
    let room = Room::new("small.yaml", SCENARIO);
    for shard in ["1/2", "2/2"] {
        room.ends(&format!("sweep small.yaml -r 2 -d 5s -q -o shards --shard {shard}"), 0);
    }
    let journal = room.path("shards/shard-00002-of-00002/cells.journal");
    let bytes = fs::read(&journal).unwrap();
    fs::write(&journal, &bytes[..bytes.len() / 2]).unwrap();
    let stderr = room.ends("merge shards -o out", 2);
    assert!(
        stderr.contains(" of 2 replications: the journal of shard 2 of 2 (`shards/shard-00002-of-00002`) was damaged")
            && stderr.contains("remove its manifest.json and run that shard again"),
        "{stderr}"
    );
    assert_eq!(fs::read(&journal).unwrap().len(), bytes.len() / 2, "a merge changes no shard");
    assert!(!room.path("out").exists(), "nothing was written");
    fs::remove_file(room.path("shards/shard-00002-of-00002/manifest.json")).unwrap();
    room.ends("sweep small.yaml -r 2 -d 5s -q -o shards --shard 2/2", 0);
    room.ends("merge shards -o out -q", 0);
    room.ends("sweep small.yaml -r 2 -d 5s -q -o whole", 0);
    assert_same(&room.path("whole"), &room.path("out"));
}

#[test]
fn a_merge_replaces_neither_a_shard_nor_an_unfinished_sweep() {
    // The journal of an interrupted sweep stays, except with `--force`; that of a shard always
    // stays. The messages are fixed here.
    let room = Room::new("small.yaml", SCENARIO);
    room.ends("sweep small.yaml -r 2 -d 5s -q -o shards --shard 1/1", 0);
    fs::create_dir(room.path("out")).unwrap();
    let mut journal = fs::read(room.path("shards/shard-00001-of-00001/cells.journal")).unwrap();
    journal.extend([1, 2, 3]);
    fs::write(room.path("out/cells.journal"), &journal).unwrap();
    assert!(
        room.ends("merge shards -o out", 2)
            .contains("`out` contains a shard or an unfinished sweep")
    );
    assert_eq!(
        fs::read(room.path("out/cells.journal")).unwrap(),
        journal,
        "the journal is unchanged, including its broken end"
    );
    room.ends("merge shards -o out --force -q", 0);
    assert!(!room.path("out/cells.journal").exists());
    let stderr = room.ends("merge shards -o shards/shard-00001-of-00001 --force", 2);
    assert!(stderr.contains("is one of the shards to merge"), "{stderr}");
    assert!(room.path("shards/shard-00001-of-00001/cells.journal").exists());
}

#[test]
fn the_journal_of_a_shard_is_not_resumed_as_that_of_another_sweep() {
    // The folder of a shard is used for the whole sweep, and for another shard: complete, and
    // without the manifest, like an interrupted one. The messages are fixed here.
    let room = Room::new("small.yaml", SCENARIO);
    room.ends("sweep small.yaml -r 2 -d 5s -q -o out --shard 2/3", 0);
    let (shard, other) =
        (room.path("out/shard-00002-of-00003"), room.path("out/shard-00003-of-00003"));
    let journal = fs::read(shard.join("cells.journal")).unwrap();
    fs::create_dir(&other).unwrap();
    for file in ["cells.journal", "manifest.json"] {
        fs::copy(shard.join(file), other.join(file)).unwrap();
    }
    for (state, help) in
        [("complete", "choose another folder"), ("interrupted", "the command that started it")]
    {
        let stderr =
            room.ends("sweep small.yaml -r 2 -d 5s -q -o out/shard-00002-of-00003 --resume", 2);
        assert!(
            stderr.contains("holds shard 2/3 of this sweep") && stderr.contains(help),
            "{state}: {stderr}"
        );
        assert_eq!(
            fs::read(shard.join("cells.journal")).unwrap(),
            journal,
            "the journal is unchanged"
        );
        assert!(
            room.ends("sweep small.yaml -r 2 -d 5s -q -o out --shard 3/3", 2)
                .contains("holds shard 2/3 of this sweep")
        );
        let _ = fs::remove_file(shard.join("manifest.json"));
        let _ = fs::remove_file(other.join("manifest.json"));
    }
}

#[test]
fn a_shard_restarted_with_force_and_interrupted_is_incomplete() {
    // SIGINT as soon as `--force` has started: the earlier manifest is gone, also if its seed
    // differs, and in the end so are the tables that it named.
    let room = Room::new("small.yaml", SCENARIO);
    let arguments = "sweep small.yaml -r 40 -d 200s -q -o out --shard 1/2";
    room.ends(arguments, 0);
    let shard = room.path("out/shard-00001-of-00002");
    let manifest = shard.join("manifest.json");
    let before =
        files(&shard).into_iter().filter(|(name, _)| name != "cells.journal").collect::<Vec<_>>();
    for restart in ["--force", "--force -s 2"] {
        room.ends(&format!("{arguments} --force --series"), 0);
        let child =
            room.command(&format!("{arguments} {restart}")).stderr(Stdio::piped()).spawn().unwrap();
        wait_until("the earlier manifest is gone", || !manifest.exists());
        signal(&child, "-INT");
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(2) && stderr.contains("continue with the same command"),
            "{stderr}"
        );
        assert!(!manifest.exists());
        assert!(
            shard.join("series/part-00000.parquet").exists(),
            "the files of the earlier manifest are still there"
        );
        room.ends(&format!("{arguments} --force"), 0);
    }
    let after =
        files(&shard).into_iter().filter(|(name, _)| name != "cells.journal").collect::<Vec<_>>();
    let names = |files: &[(String, Vec<u8>)]| {
        files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&after), names(&before));
    assert!(after == before);
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
        return super::world::skip("a full disk under a sweep: mounting is not allowed here");
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

//! What is refused: parameters that cannot be varied, and folders that hold another sweep.

use super::SCENARIO;
use crate::support::Room;
use std::fs;

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

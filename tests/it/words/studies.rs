//! The text output of commands that run many points: sweeps, searches, comparisons, sensitivity.

use super::{FULL, cells, stdout_of};
use crate::support::Room;

#[test]
fn a_sweep_of_two_parameters_is_a_matrix() {
    // A constant 10 ms of waiting, and 5 ms more at half the speed: the p95 is the sum at any rate.
    let scenario = "
version: 1
run: { duration: 5s, replications: 2 }
workload: { users: { to: api.x, open: { rate: 10/s, arrivals: regular } } }
services: { api: { endpoints: { x: [ cpu: 5ms, wait: 10ms ] } } }
";
    let arguments = "sweep two.yaml -o out --vary services.api.instance.speed=1x,0.5x --vary workload.users.open.rate=10/s,20/s,30/s";
    let text = stdout_of(&Room::new("two.yaml", scenario), arguments);
    let matrix: Vec<&str> = text
        .split("p95 of users: speed in rows, rate in columns\n")
        .nth(1)
        .unwrap_or_else(|| panic!("{text}"))
        .lines()
        .take(3)
        .collect();
    let cells: Vec<Vec<&str>> = matrix.iter().map(|line| cells(line)).collect();
    assert_eq!(cells[0], ["10/s", "20/s", "30/s"], "{text}");
    assert_eq!(
        (&cells[1][..2], &cells[2][..2]),
        (&["1x", "15.0 ms"][..], &["0.5x", "20.0 ms"][..]),
        "{text}"
    );
    let text = stdout_of(
        &Room::new("two.yaml", scenario),
        "sweep two.yaml -o out --vary workload.users.open.rate=10/s,20/s",
    );
    assert!(!text.contains("in rows"), "{text}");
}

#[test]
fn the_search_range_in_the_file_can_be_overridden() {
    // Waits are the same at any rate, so the whole range meets the goal; the result names its ends.
    let scenario = "
version: 1
run: { duration: 5s, replications: 2 }
workload: { users: { to: api.x, open: { rate: 20/s } } }
services: { api: { endpoints: { x: [ wait: 10ms ] } } }
slos: { fast: { of: users, p95: 50ms } }
capacity: { vary: workload.users.open.rate, from: 20/s, to: 40/s }
";
    let room = Room::new("ends.yaml", scenario);
    let text = stdout_of(&room, "capacity ends.yaml --to 60/s");
    assert!(text.contains("20/s to 60/s"), "{text}");
}

#[test]
fn a_value_with_too_few_responses_is_not_reported_as_near_the_bound() {
    // At one request per minute, 320 replications of 20 s have about 100 responses of 1 ms: far
    // from 50 ms, but too few for a p95.
    let scenario = "
version: 1
run: { duration: 20s }
workload: { users: { to: api.x, open: { rate: 1/min } } }
services: { api: { endpoints: { x: [ cpu: 1ms ] } } }
slos: { fast: { of: users, p95: 50ms } }
";
    let text = stdout_of(
        &Room::new("rare.yaml", scenario),
        "capacity rare.yaml --vary workload.users.open.rate --from 1/min --to 60/min",
    );
    assert!(
        text.contains("Today's 1/min is inconclusive: too few answers or too short a run."),
        "{text}"
    );
    assert!(!text.contains("too near"), "{text}");
}

#[test]
fn points_of_a_sweep_have_marks_and_the_marks_a_legend() {
    // Places for 60/s: 30/s keep up; of 90/s a third is rejected, of 300/s 80 %; at 0/s there are
    // no requests.
    let yaml = FULL.replace("slos: { fast: { of: users, p95: 1s } }", "");
    let room = Room::new("full.yaml", &yaml);
    let text = stdout_of(
        &room,
        "sweep full.yaml --vary workload.users.open.rate=30/s,0/s,90/s,300/s --out o",
    );
    let mark = |point: &str| {
        cells(
            text.lines()
                .find(|line| cells(line).get(1) == Some(&point))
                .unwrap_or_else(|| panic!("{text}")),
        )[0]
        .to_string()
    };
    assert_eq!(["0", "1", "2", "3"].map(mark), ["✔", "?", "!", "✘"], "{text}");
    for expected in ["? no requests", "! some requests fail: ", "✘ fails: at least half"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    // Two machines at $0.25/h, at any rate.
    assert!(
        text.lines().filter(|line| line.ends_with("0.500 USD/h")).count() == 4
            && !text.contains("overloaded"),
        "{text}"
    );
}

#[test]
fn reasons_to_doubt_a_sensitivity_analysis_are_reported() {
    // 20 ms of work: the capacity is 50/s, so the upper half of the range is overloaded; with few
    // places, most of 300/s are rejected.
    let overloaded = "
version: 1
run: { duration: 20s, replications: 2 }
workload: { u: { to: api.x, open: { rate: 40/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 20ms } ] } } }
";
    let room = Room::new("s.yaml", overloaded);
    let text =
        stdout_of(&room, "sensitivity s.yaml --vary workload.u.open.rate=20/s..80/s --size 4");
    assert!(
        text.contains(" points are overloaded") || text.contains(" point is overloaded"),
        "{text}"
    );
    let room = Room::new("full.yaml", FULL);
    let text = stdout_of(
        &room,
        "sensitivity full.yaml --vary workload.users.open.rate=200/s..300/s --size 2",
    );
    assert!(
        text.contains("of requests failed at a point") && !text.contains("overloaded"),
        "{text}"
    );
}

#[test]
fn the_cost_of_values_and_variants_and_the_bottleneck_are_reported() {
    // $0.25/h each: 1, 2 and 4 replicas. Nothing computes, so requests wait for admission only.
    let room = Room::new("full.yaml", FULL);
    let text = stdout_of(
        &room,
        "capacity full.yaml --vary services.api.replicas --from 1 --to 4 --while fast --most 10",
    );
    for cost in ["0.250 USD/h", "0.500 USD/h", "1.00 USD/h"] {
        assert!(text.contains(cost), "{text}");
    }
    assert!(text.contains("api, admission"), "{text}");
    let text = stdout_of(&room, "compare full.yaml --set services.api.replicas=4");
    assert!(text.contains("Cost: 1.00 USD/h (baseline: 0.500 USD/h)"), "{text}");
}

#[test]
fn a_search_names_what_requests_wait_for_and_not_what_is_busy_without_a_queue() {
    // By hand: at 30/s the lock is held for 20 ms of each 33 ms, two connections for 40 ms each are
    // as busy, and so are two places; the lock of `cron` is always held, and no request waits for
    // it; the CPU is used for 1 ms of 133 ms.
    for (block, found) in [
        (
            "lock: { name: stock, hold: [ wait: { exp: 20ms } ] }",
            "is waiting for a lock; longest queue: api#1.stock, ",
        ),
        (
            "pool: { name: db, max: 2, do: [ wait: { exp: 40ms } ] }",
            "is waiting for a connection; longest queue: api#1.db, ",
        ),
        ("call: db.request", "is waiting for admission; longest queue: db."),
    ] {
        let text = format!(
            "version: 1
run: {{ duration: 100s, replications: 4 }}
workload:
  users: {{ to: api.x, open: {{ rate: 30/s }} }}
  cron: {{ to: api.lead, closed: {{ users: 1, think: 1ms }} }}
services:
  api:
    instance: {{ cpu: 4 }}
    runtime: {{ tasks: {{ schedule: fifo }} }}
    endpoints: {{ x: [ cpu: 1ms, {block} ], lead: [ lock: {{ name: leader, hold: [ wait: 500ms ] }} ] }}
  db: {{ external: {{ latency: {{ exp: 40ms }}, concurrency: 2 }} }}
slos: {{ fast: {{ of: users, p95: 900ms }} }}"
        );
        let room = Room::new("held.yaml", &text);
        let arguments = "capacity held.yaml --vary workload.users.open.rate --from 10/s --to 30/s";
        let text = stdout_of(&room, arguments);
        assert!(text.contains(found), "{text}");
    }
}

#[test]
fn error_ratios_are_compared_in_percentage_points_and_unmatched_entities_are_reported() {
    // 60 of 120/s are rejected, then none: 50 percentage points; `other` is only in the second
    // file.
    let room = Room::new("full.yaml", FULL);
    let text = stdout_of(&room, "compare full.yaml --set services.api.replicas=6");
    let row =
        text.lines().find(|line| line.contains("error ratio")).unwrap_or_else(|| panic!("{text}"));
    assert!(row.contains(" points") && row.contains("better"), "{row}");
    let two = FULL.replace("workload: {", "workload: { other: { to: api.GET /a-rather-long-name-of-an-endpoint, open: { rate: 1/s } },");
    std::fs::write(room.path("two.yaml"), two).unwrap();
    let text = stdout_of(&room, "compare full.yaml two.yaml");
    assert!(text.contains("other is not compared: it exists only in "), "{text}");
}

#[test]
fn a_value_at_which_half_of_the_requests_fail_meets_no_objective() {
    // Three places of 100 ms and a queue of five: at 600/s 95 % are rejected, and the others
    // answered in at most 0.3 s; at 20/s hardly any are rejected.
    let room = Room::new("full.yaml", &FULL.replace("replicas: 2", "replicas: 1"));
    let text = stdout_of(
        &room,
        "capacity full.yaml --vary workload.users.open.rate --from 20/s --to 600/s --while fast --most 10",
    );
    assert!(text.contains(" of users failed)") && !text.contains("every value"), "{text}");
}

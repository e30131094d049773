//! Words around numbers: what commands print for a person, read line by line.

use crate::support::Room;

/// One workload into three places with a queue of five, at twice what they take; the machine has a
/// price.
const FULL: &str = "
version: 1
name: full
run: { duration: 20s, warmup: 2s, replications: 4 }
workload: { users: { to: api.GET /a-rather-long-name-of-an-endpoint, open: { rate: 120/s } } }
services:
  api:
    instance: { cpu: 4, price: $0.25/h }
    replicas: 2
    max_in_flight: 3
    queue: { max: 5 }
    runtime: { tasks: {} }
    endpoints: { GET /a-rather-long-name-of-an-endpoint: [ wait: 100ms ] }
slos: { fast: { of: users, p95: 1s } }
";

/// The cells of a line of a table.
fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

fn said(room: &Room, arguments: &str) -> String {
    String::from_utf8(room.run(arguments).stdout).unwrap()
}

#[test]
fn a_run_says_why_requests_failed_who_rejected_them_and_what_it_costs() {
    // Two instances of three places of 100 ms take 60 of 120 a second, so half is rejected, in
    // 8,640 requests with a standard error of below 0.6 %; two at $0.25/h are $0.50/h. 4 · 60 · 18
    // = 4,320 answers are too few for a p99, which has its label below 100/(1 − q) = 10,000.
    let text = said(&Room::new("full.yaml", FULL), "run full.yaml --no-files");
    let failed = text
        .lines()
        .find(|line| line.trim_start().starts_with("users failed: rejected "))
        .unwrap_or_else(|| panic!("{text}"));
    let share: f64 =
        failed.split("rejected ").nth(1).unwrap().trim_end_matches(" %").parse().unwrap();
    assert!((share - 50.0).abs() < 3.0, "{failed}");
    assert!(text.contains("api costs 0.500 USD/h."), "{text}");
    assert!(
        text.contains("`api` answered ")
            && text.contains("with \"rejected\" (its queue of 5 was full)"),
        "{text}"
    );
    let few = text
        .lines()
        .find(|line| line.contains("too few requests"))
        .unwrap_or_else(|| panic!("{text}"));
    assert!(few.contains("users, p99 and above") && few.contains(" of 10,000)"), "{few}");
    assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
}

#[test]
fn tables_are_no_wider_than_the_terminal() {
    // `COLUMNS` says how wide it is. Without it, and without a terminal, lines are as long as they
    // are.
    let room = Room::new("full.yaml", FULL);
    let table = |text: &str| -> Vec<String> {
        let parts = ["Latency of answered requests", "Services"]
            .map(|head| text.split(head).nth(1).unwrap().split("\n\n").next().unwrap());
        let lines = parts
            .iter()
            .flat_map(|part| part.lines())
            .filter(|line| !line.contains(" failed: ") && !line.contains("queue: "));
        lines.map(str::to_string).collect()
    };
    let output = room.command("run full.yaml --no-files").env("COLUMNS", "80").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let narrow = table(&text);
    assert!(narrow.iter().all(|line| line.chars().count() <= 80), "{narrow:#?}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let wide = table(&said(&room, "run full.yaml --no-files"));
    assert!(
        wide.iter().any(|line| line.chars().count() > 100) && wide.len() < narrow.len(),
        "{wide:#?}"
    );
}

#[test]
fn a_metric_that_does_not_vary_or_has_no_value_is_said_so() {
    // 1 ms of work at 50/s fails nobody, whatever the replicas are; where each waits 10 s in a run
    // of 5, nobody is answered.
    let room = Room::new(
        "still.yaml",
        "
version: 1
run: { duration: 5s, replications: 2 }
workload: { u: { to: api.x, open: { rate: 50/s } } }
services: { api: { endpoints: { x: [ cpu: 1ms ] } } }
",
    );
    let vary =
        "--vary services.api.replicas=1..3@integer --vary services.api.instance.speed=1x..2x";
    for method in ["morris", "sobol"] {
        let arguments = format!("sensitivity still.yaml --method {method} --size 4 {vary}");
        let still = format!("{arguments} --metric u.error_ratio.mean");
        let none = format!("{arguments} --set services.api.endpoints.x=[{{wait:10s}}]");
        for (arguments, word, words) in [
            (still, "does_not_vary", "does not vary"),
            (none.replace("{wait:10s}", "{\"wait\":\"10s\"}"), "no_value", "no point has a value"),
        ] {
            let text = said(&room, &arguments);
            assert!(
                text.contains(words)
                    && !text.contains("NaN")
                    && !text.contains("inf")
                    && !text.contains("-0"),
                "{text}"
            );
            assert_eq!(room.says(&arguments)["metrics"][0]["variation"], word, "{text}");
        }
    }
}

#[test]
fn a_goal_that_no_number_of_replications_meets_is_not_promised() {
    // A mean of some 7 ms, known to about 1 ms after four replications: ± 1 ns would take more
    // replications than can be counted.
    let room = Room::new(
        "until.yaml",
        "
version: 1
run: { duration: 5s, replications: { until: { metric: u.latency.mean, half_width: 1ns }, min: 2, max: 4 } }
workload: { u: { to: api.x, open: { rate: 50/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 5ms } ] } } }
",
    );
    let text = said(&room, "run until.yaml --no-files");
    let note = text
        .lines()
        .find(|line| line.contains("has a half-width of "))
        .unwrap_or_else(|| panic!("{text}"));
    assert!(note.contains("after 4 replications (the maximum), but the goal is 1ns"), "{note}");
    assert!(
        !note.contains("4294967295") && !note.contains("4,294,967") && !note.contains("NaN"),
        "{note}"
    );
}

#[test]
fn where_the_time_goes_is_told_by_service_and_who_waits_for_calls() {
    // By hand: one at a time, so nobody queues. The api has 2 + 5 ms of its own, the db 3 ms; the
    // way to the db is 1 ms each way. By Little's law 10/s · (3 + 2) ms = 0.05 wait for a call.
    let scenario = "
version: 1
run: { duration: 20s, replications: 2 }
workload: { users: { to: api.x, open: { rate: 10/s, arrivals: regular } } }
services:
  api: { endpoints: { x: [ cpu: 2ms, call: db.q, wait: 5ms ] } }
  db: { endpoints: { q: [ cpu: 3ms ] } }
links: { api -> db: { latency: 1ms }, db -> api: { latency: 1ms } }
";
    let text = said(&Room::new("chain.yaml", scenario), "run chain.yaml --no-files");
    assert!(
        text.contains(
            "by service, excluding the network: api 7.00 ms (58.3 %) · db 3.00 ms (25.0 %)"
        ),
        "{text}"
    );
    let services = text.split("Services\n").nth(1).unwrap();
    let row = |name: &str| {
        cells(services.lines().find(|line| line.trim_start().starts_with(name)).unwrap())
    };
    // The names of the services have no heading.
    let at = row("CPU busy").iter().position(|cell| *cell == "awaiting calls").unwrap() + 1;
    assert_eq!((row("api ")[at], row("db ")[at]), ("0.0500", "0"), "{text}");
    // Where callers give up, the callee's answers are not those of its callers: nothing is said.
    let gives_up = scenario
        .replace("call: db.q", "call: { to: db.q, timeout: 4ms }")
        .replace("cpu: 3ms", "cpu: { exp: 3ms }");
    assert!(
        !said(&Room::new("chain.yaml", &gives_up), "run chain.yaml --no-files")
            .contains("by service")
    );
}

#[test]
fn a_sweep_of_two_parameters_is_a_matrix() {
    // A constant 10 ms of waiting, and 5 ms more at half the speed: the p95 is the sum, whatever
    // the rate is.
    let scenario = "
version: 1
run: { duration: 5s, replications: 2 }
workload: { users: { to: api.x, open: { rate: 10/s, arrivals: regular } } }
services: { api: { endpoints: { x: [ cpu: 5ms, wait: 10ms ] } } }
";
    let arguments = "sweep two.yaml -o out --vary services.api.instance.speed=1x,0.5x --vary workload.users.open.rate=10/s,20/s,30/s";
    let text = said(&Room::new("two.yaml", scenario), arguments);
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
    let text = said(
        &Room::new("two.yaml", scenario),
        "sweep two.yaml -o out --vary workload.users.open.rate=10/s,20/s",
    );
    assert!(!text.contains("in rows"), "{text}");
}

#[test]
fn who_judges_survivors_is_told() {
    // Two places of 100 ms without a queue lose by Erlang B: at 20/s 40 %, at 200/s 90 %; the rest
    // is answered in 100 ms, whatever the rate is.
    let scenario = "
version: 1
run: { duration: 20s, replications: 4 }
workload: { users: { to: api.x, open: { rate: 20/s } } }
services: { api: { max_in_flight: 2, queue: { max: 0 }, runtime: { tasks: {} }, endpoints: { x: [ wait: 100ms ] } } }
";
    let room = Room::new("loss.yaml", scenario);
    let search =
        "capacity loss.yaml --vary workload.users.open.rate --from 20/s --to 200/s --while";
    let capacity = |goals: &str| said(&room, &format!("{search} users.p95<150ms{goals}"));
    let text = capacity("");
    assert!(
        text.contains(" of the requests of users failed where the objectives are met")
            && text.contains("--while 'users.errors < 1%'"),
        "{text}"
    );
    assert!(!capacity(" --while users.errors<99%").contains("where the objectives are met"));
    let text = said(&room, "compare loss.yaml --set workload.users.open.rate=200/s");
    assert!(text.contains("the latencies cover different sets of requests"), "{text}");
}

#[test]
fn an_end_of_the_search_in_the_file_can_be_moved() {
    // Waits are the same at any rate, so that all of the range meets; the answer names its ends.
    let scenario = "
version: 1
run: { duration: 5s, replications: 2 }
workload: { users: { to: api.x, open: { rate: 20/s } } }
services: { api: { endpoints: { x: [ wait: 10ms ] } } }
slos: { fast: { of: users, p95: 50ms } }
capacity: { vary: workload.users.open.rate, from: 20/s, to: 40/s }
";
    let room = Room::new("ends.yaml", scenario);
    let text = said(&room, "capacity ends.yaml --to 60/s");
    assert!(text.contains("20/s to 60/s"), "{text}");
}

#[test]
fn what_is_too_rarely_answered_is_not_called_near() {
    // At one request a minute, 20 s and 320 replications have about 100 answers of 1 ms: far from
    // 50 ms, and too few for a p95.
    let scenario = "
version: 1
run: { duration: 20s }
workload: { users: { to: api.x, open: { rate: 1/min } } }
services: { api: { endpoints: { x: [ cpu: 1ms ] } } }
slos: { fast: { of: users, p95: 50ms } }
";
    let text = said(
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
fn a_point_of_a_sweep_has_a_sign_and_the_signs_have_words() {
    // Places for 60 a second: 30/s keep up; of 90/s a third is rejected, of 300/s 80 %; and at 0/s
    // nobody comes.
    let yaml = FULL.replace("slos: { fast: { of: users, p95: 1s } }", "");
    let room = Room::new("full.yaml", &yaml);
    let text =
        said(&room, "sweep full.yaml --vary workload.users.open.rate=30/s,0/s,90/s,300/s --out o");
    let mark = |point: &str| {
        cells(
            text.lines()
                .find(|line| cells(line).get(1) == Some(&point))
                .unwrap_or_else(|| panic!("{text}")),
        )[0]
        .to_string()
    };
    assert_eq!(["0", "1", "2", "3"].map(mark), ["✔", "?", "!", "✘"], "{text}");
    for words in ["? no requests", "! some requests fail: ", "✘ fails: at least half"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // Two machines at $0.25/h, whatever the rate is.
    assert!(
        text.lines().filter(|line| line.ends_with("0.500 USD/h")).count() == 4
            && !text.contains("overloaded"),
        "{text}"
    );
}

#[test]
fn what_makes_an_analysis_doubtful_is_told() {
    // 20 ms of work: 50/s is all there is, so the upper half of the range is overloaded; and where
    // places are few, most of 300/s are rejected.
    let overloaded = "
version: 1
run: { duration: 20s, replications: 2 }
workload: { u: { to: api.x, open: { rate: 40/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 20ms } ] } } }
";
    let room = Room::new("s.yaml", overloaded);
    let text = said(&room, "sensitivity s.yaml --vary workload.u.open.rate=20/s..80/s --size 4");
    assert!(
        text.contains(" points are overloaded") || text.contains(" point is overloaded"),
        "{text}"
    );
    let room = Room::new("full.yaml", FULL);
    let text =
        said(&room, "sensitivity full.yaml --vary workload.users.open.rate=200/s..300/s --size 2");
    assert!(
        text.contains("of requests failed at a point") && !text.contains("overloaded"),
        "{text}"
    );
}

#[test]
fn what_a_value_or_a_variant_costs_is_told_and_who_is_the_busiest() {
    // $0.25/h each: 1, 2 and 4 replicas. Nothing computes, so the busiest is 0 %.
    let room = Room::new("full.yaml", FULL);
    let text = said(
        &room,
        "capacity full.yaml --vary services.api.replicas --from 1 --to 4 --while fast --most 10",
    );
    for cost in ["0.250 USD/h", "0.500 USD/h", "1.00 USD/h"] {
        assert!(text.contains(cost), "{text}");
    }
    assert!(text.contains("api 0 %"), "{text}");
    let text = said(&room, "compare full.yaml --set services.api.replicas=4");
    assert!(text.contains("Cost: 1.00 USD/h (baseline: 0.500 USD/h)"), "{text}");
}

#[test]
fn a_count_is_typed_as_it_is_written() {
    // `1_0` is 10, as `-r` takes it; there is no search of no replications.
    let room = Room::new("full.yaml", FULL);
    let search =
        "capacity full.yaml --vary services.api.replicas --from 4 --to 5 --while fast -q --most";
    assert_eq!(room.run(&format!("{search} 1_0")).status.code(), Some(0));
    let refused = room.run(&format!("{search} 0"));
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("1 to 1,000,000"), "{refused:?}");
}

#[test]
fn who_passes_a_rejection_on_is_not_blamed() {
    // `d` has one place and a queue of three, at twice what it takes; `a` has room for a thousand
    // and is never full, though half of its requests end so.
    let passed = "
version: 1
run: { duration: 20s, replications: 4 }
workload: { u: { to: a.x, open: { rate: 200/s } } }
services:
  a: { max_in_flight: 1000, queue: { max: 7 }, endpoints: { x: [ cpu: 1ms, call: d.q ] } }
  d: { max_in_flight: 1, queue: { max: 3 }, endpoints: { q: [ cpu: { exp: 10ms } ] } }
slos: { all: { of: u, throughput: 190/s, errors: 1% } }
";
    let text = said(&Room::new("passed.yaml", passed), "run passed.yaml --no-files");
    assert!(text.contains("`d` answered ") && text.contains("(its queue of 3 was full)"), "{text}");
    assert!(!text.contains("`a` answered "), "{text}");
}

#[test]
fn shares_of_failures_are_compared_in_points_and_what_is_in_one_only_is_told() {
    // 60 of 120/s are rejected, then 0: 50 points; `other` is in the second file only.
    let room = Room::new("full.yaml", FULL);
    let text = said(&room, "compare full.yaml --set services.api.replicas=6");
    let row =
        text.lines().find(|line| line.contains("error ratio")).unwrap_or_else(|| panic!("{text}"));
    assert!(row.contains(" points") && row.contains("better"), "{row}");
    let two = FULL.replace("workload: {", "workload: { other: { to: api.GET /a-rather-long-name-of-an-endpoint, open: { rate: 1/s } },");
    std::fs::write(room.path("two.yaml"), two).unwrap();
    let text = said(&room, "compare full.yaml two.yaml");
    assert!(text.contains("other is not compared: it exists only in "), "{text}");
}

#[test]
fn a_value_at_which_half_of_the_requests_fail_meets_no_objective() {
    // Three places of 100 ms and a queue of five: at 600/s 95 % are rejected, and the others
    // answered in 0.3 s at most; at 20/s hardly any.
    let room = Room::new("full.yaml", &FULL.replace("replicas: 2", "replicas: 1"));
    let text = said(
        &room,
        "capacity full.yaml --vary workload.users.open.rate --from 20/s --to 600/s --while fast --most 10",
    );
    assert!(text.contains(" of users failed)") && !text.contains("every value"), "{text}");
}

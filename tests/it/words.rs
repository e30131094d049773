//! The text output of commands, checked line by line.

mod studies;

use crate::support::Room;

/// One workload and three places with a queue of five, at twice their capacity; the machine has a
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

/// Returns the cells of a line of a table.
fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

fn stdout_of(room: &Room, arguments: &str) -> String {
    String::from_utf8(room.run(arguments).stdout).unwrap()
}

#[test]
fn a_run_reports_why_requests_failed_which_service_rejected_them_and_the_cost() {
    // Two instances of three places of 100 ms serve 60 of 120 requests per second, so half are
    // rejected: of 8,640 requests, with a standard error below 0.6 %. Two machines at $0.25/h are
    // $0.50/h. 4 · 60 · 18 = 4,320 responses are too few for a p99, which has a label below
    // 100/(1 − q) = 10,000.
    let text = stdout_of(&Room::new("full.yaml", FULL), "run full.yaml --no-files");
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
    assert!(
        few.contains("users, p99 and above")
            && few.contains(" were answered, and p99 needs 10,000)"),
        "{few}"
    );
    assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
}

#[test]
fn tables_are_no_wider_than_the_terminal() {
    // `COLUMNS` is the width of the terminal. Without it, and without a terminal, lines are not
    // shortened.
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
    let wide = table(&stdout_of(&room, "run full.yaml --no-files"));
    assert!(
        wide.iter().any(|line| line.chars().count() > 100) && wide.len() < narrow.len(),
        "{wide:#?}"
    );
}

#[test]
fn a_metric_without_variation_or_value_is_reported_as_such() {
    // 1 ms of work at 50/s fails no request with any number of replicas; with a wait of 10 s in a
    // run of 5 s, no request is answered.
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
        for (arguments, word, expected) in [
            (still, "does_not_vary", "does not vary"),
            (none.replace("{wait:10s}", "{\"wait\":\"10s\"}"), "no_value", "no point has a value"),
        ] {
            let text = stdout_of(&room, &arguments);
            assert!(
                text.contains(expected)
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
fn no_number_of_replications_is_reported_for_an_unreachable_goal() {
    // A mean of about 7 ms with a half-width of about 1 ms after four replications: ± 1 ns would
    // take more replications than can be counted.
    let room = Room::new(
        "until.yaml",
        "
version: 1
run: { duration: 5s, replications: { until: { metric: u.latency.mean, half_width: 1ns }, min: 2, max: 4 } }
workload: { u: { to: api.x, open: { rate: 50/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 5ms } ] } } }
",
    );
    let text = stdout_of(&room, "run until.yaml --no-files");
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
fn time_is_reported_by_service_including_the_wait_for_calls() {
    // By hand: one request at a time, so nothing queues. The api takes 2 + 5 ms itself, the db 3
    // ms, the link to the db 1 ms each way. By Little's law 10/s · (3 + 2) ms = 0.05 requests wait
    // for a call.
    let scenario = "
version: 1
run: { duration: 20s, replications: 2 }
workload: { users: { to: api.x, open: { rate: 10/s, arrivals: regular } } }
services:
  api: { endpoints: { x: [ cpu: 2ms, call: db.q, wait: 5ms ] } }
  db: { endpoints: { q: [ cpu: 3ms ] } }
links: { api -> db: { latency: 1ms }, db -> api: { latency: 1ms } }
";
    let text = stdout_of(&Room::new("chain.yaml", scenario), "run chain.yaml --no-files");
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
    // The column of the services' names has no heading.
    let at = row("CPU busy").iter().position(|cell| *cell == "awaiting calls").unwrap() + 1;
    assert_eq!((row("api ")[at], row("db ")[at]), ("0.0500", "0"), "{text}");
    // If callers give up, the callee's times are not those of its callers: nothing is reported.
    let gives_up = scenario
        .replace("call: db.q", "call: { to: db.q, timeout: 4ms }")
        .replace("cpu: 3ms", "cpu: { exp: 3ms }");
    assert!(
        !stdout_of(&Room::new("chain.yaml", &gives_up), "run chain.yaml --no-files")
            .contains("by service")
    );
}

#[test]
fn a_quantile_of_few_answered_requests_has_a_note() {
    // By Erlang B, two places of 100 ms without a queue reject 40 % at 20/s and 90 % at 200/s; the
    // rest are answered in 100 ms at any rate.
    let scenario = "
version: 1
run: { duration: 20s, replications: 4 }
workload: { users: { to: api.x, open: { rate: 20/s } } }
services: { api: { max_in_flight: 2, queue: { max: 0 }, runtime: { tasks: {} }, endpoints: { x: [ wait: 100ms ] } } }
";
    let room = Room::new("loss.yaml", scenario);
    let search =
        "capacity loss.yaml --vary workload.users.open.rate --from 20/s --to 200/s --while";
    let capacity = |goals: &str| stdout_of(&room, &format!("{search} users.p95<150ms{goals}"));
    let text = capacity("");
    assert!(
        text.contains(" of the requests of users failed where the objectives are met")
            && text.contains("--while 'users.errors < 1%'"),
        "{text}"
    );
    assert!(!capacity(" --while users.errors<99%").contains("where the objectives are met"));
    let text = stdout_of(&room, "compare loss.yaml --set workload.users.open.rate=200/s");
    assert!(text.contains("the latencies cover different sets of requests"), "{text}");
}

#[test]
fn counts_have_the_same_syntax_on_the_command_line_and_in_files() {
    // `1_0` is 10, as with `-r`; a search with fewer than ten replications is refused.
    let room = Room::new("full.yaml", FULL);
    let search =
        "capacity full.yaml --vary services.api.replicas --from 4 --to 5 --while fast -q --most";
    assert_eq!(room.run(&format!("{search} 1_0")).status.code(), Some(0));
    let refused = room.run(&format!("{search} 0"));
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("10 to 1,000,000"), "{refused:?}");
}

#[test]
fn a_service_that_passes_on_a_rejection_is_not_blamed() {
    // `d` has one place and a queue of three, at twice its capacity; `a` has room for a thousand
    // and is never full, although half of its requests are rejected.
    let passed = "
version: 1
run: { duration: 20s, replications: 4 }
workload: { u: { to: a.x, open: { rate: 200/s } } }
services:
  a: { max_in_flight: 1000, queue: { max: 7 }, endpoints: { x: [ cpu: 1ms, call: d.q ] } }
  d: { max_in_flight: 1, queue: { max: 3 }, endpoints: { q: [ cpu: { exp: 10ms } ] } }
slos: { all: { of: u, throughput: 190/s, errors: 1% } }
";
    let text = stdout_of(&Room::new("passed.yaml", passed), "run passed.yaml --no-files");
    assert!(text.contains("`d` answered ") && text.contains("(its queue of 3 was full)"), "{text}");
    assert!(!text.contains("`a` answered "), "{text}");
}

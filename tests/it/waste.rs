//! Core time that serves nothing: requests that fail, and those that are no longer waited for. In
//! theory: `mm1_wasted` in `theory.rs`.

use crate::support::{Answer, run};

/// The core seconds that are wasted, and their share, of `scenario`.
fn wasted(scenario: &str) -> (Answer, f64, f64) {
    let answer = run(scenario);
    let value = |metric: &str, stat: &str| {
        answer.results.find("system", "all", metric, stat).expect("it is told").estimate.estimate
    };
    let (seconds, ratio) = (value("wasted_cpu", "total"), value("wasted_ratio", "mean"));
    (answer, seconds, ratio)
}

/// One request a second for 100 s, whose steps are these; `db.q` computes for 300 ms.
fn one_a_second(steps: &str) -> (Answer, f64, f64) {
    wasted(&format!(
        "run: {{ duration: 99500ms, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 1/s, arrivals: regular }} }} }}
services:
  api: {{ instance: {{ cpu: 4 }}, runtime: {{ tasks: {{ schedule: fifo }} }}, endpoints: {{ x: [ {steps} ] }} }}
  db: {{ endpoints: {{ q: [ cpu: 300ms ] }} }}"
    ))
}

#[test]
fn nothing_is_wasted_where_every_answer_is_used() {
    // Definition: also with what runs at once, beside a request and after its answer.
    let steps = "parallel: [ [ call: db.q ], [ cpu: 10ms ] ], spawn: { do: [ cpu: 20ms ] }, \
                 respond: {}, cpu: 5ms";
    let (_, seconds, ratio) = one_a_second(steps);
    assert_eq!((seconds, ratio), (0.0, 0.0));
}

#[test]
fn a_call_that_is_given_up_wastes_what_both_spend() {
    // By hand: each of 100 requests spends 2 ms and gives up after 100 ms; its call spends 300 ms.
    let (answer, seconds, ratio) = one_a_second("cpu: 2ms, call: { to: db.q, timeout: 100ms }");
    assert!((seconds - 100.0 * 0.302).abs() < 1e-6 && (ratio - 1.0).abs() < 1e-12, "{seconds}");
    answer.equals("workload users", "wasted_cpu total", 100.0 * 0.002);
    answer.equals("endpoint db.q", "wasted_cpu total", 100.0 * 0.3);
}

#[test]
fn a_request_that_fails_wastes_what_its_calls_have_spent_once() {
    // By hand: 300 ms in the call, then 10 ms; then the request fails.
    let steps = "call: db.q, cpu: 10ms, fail: { p: 100%, status: 500 }";
    let (answer, seconds, ratio) = one_a_second(steps);
    assert!((seconds - 100.0 * 0.31).abs() < 1e-6 && (ratio - 1.0).abs() < 1e-12, "{seconds}");
    answer.equals("workload users", "wasted_cpu total", 100.0 * 0.31);
    // What it takes over is counted where it ends.
    answer.equals("endpoint db.q", "wasted_cpu total", 0.0);
}

#[test]
fn branches_that_lose_are_wasted_called_off_or_not() {
    // By hand: the first of 10 ms and 300 ms is used; the other computes to its end, since bursts
    // are not pre-empted. A branch that fails while another may still answer is wasted too.
    for keep in ["", ", keep: true"] {
        let branches = "[ [ cpu: 10ms ], [ cpu: 300ms ] ]";
        let steps = format!("parallel: {{ join: any{keep}, branches: {branches} }}");
        let (_, seconds, ratio) = one_a_second(&steps);
        assert!((seconds - 100.0 * 0.3).abs() < 1e-6, "{seconds}");
        assert!((ratio - 0.3 / 0.31).abs() < 1e-9, "{ratio}");
    }
    let branches = "[ [ cpu: 10ms, fail: { p: 100%, status: 500 } ], [ cpu: 300ms ] ]";
    let (_, seconds, _) = one_a_second(&format!("parallel: {{ join: any, branches: {branches} }}"));
    assert!((seconds - 100.0 * 0.01).abs() < 1e-6, "{seconds}");
}

#[test]
fn users_who_leave_during_a_burst_do_not_count_it_twice() {
    // By hand: 250 ms of core time, of which the user waits for 100 ms.
    let (_, seconds, ratio) = wasted(
        "run: { duration: 99500ms, replications: 1 }
workload: { users: { to: api.x, open: { rate: 1/s, arrivals: regular }, patience: 100ms } }
services: { api: { endpoints: { x: [ cpu: 50ms, wait: 10ms, cpu: 200ms ] } } }",
    );
    assert!((seconds - 100.0 * 0.25).abs() < 1e-6 && (ratio - 1.0).abs() < 1e-12, "{seconds}");
}

#[test]
fn a_crash_of_shared_cores_wastes_what_they_have_computed() {
    // By hand: each second 100 requests of 20 ms come at once to a core that they share; a crash
    // after 10.5 s finds those of the eleventh second, half done: 0.5 s of 10.5 s.
    let (_, seconds, ratio) = wasted(
        "run: { duration: 10600ms, replications: 1 }
workload: { users: { to: api.x, open: { rate: 1/s, arrivals: { batch: { size: 50, spacing: regular } } } } }
services: { api: { runtime: { tasks: { schedule: ps } }, endpoints: { x: [ cpu: 20ms ] } } }
faults: [ crash: { target: api, at: 10500ms, for: 50ms } ]",
    );
    assert!((seconds - 0.5).abs() < 1e-6, "{seconds}");
    assert!((ratio - 0.5 / 10.5).abs() < 1e-6, "{ratio}");
}

#[test]
fn a_core_that_is_held_without_computing_is_wasted_too() {
    // By hand: 20 ms held and 1 ms computed, all in vain.
    let (_, seconds, ratio) = one_a_second("block: 20ms, cpu: 1ms, fail: 100%");
    assert!((seconds - 100.0 * 0.021).abs() < 1e-6 && (ratio - 1.0).abs() < 1e-9, "{seconds}");
}

#[test]
fn in_an_overload_the_warm_up_does_not_hide_what_is_wasted() {
    // By hand: every call is given up long before its turn, at the end also those of the warm-up.
    let (answer, ..) = wasted(
        "run: { duration: 120s, warmup: 60s, replications: 3 }
workload: { users: { to: api.x, open: { rate: 20/s } } }
services: { api: { endpoints: { x: [ call: { to: db.q, timeout: 500ms } ] } }, db: { endpoints: { q: [ cpu: 100ms ] } } }",
    );
    let ratio = answer.value("system all", "wasted_ratio mean");
    assert!((0.99..1.01).contains(&ratio), "{ratio}");
}

#[test]
fn the_interval_of_the_share_does_not_depend_on_the_unit_of_time() {
    // Law: the trials are requests. 3 % of 10,000 fail, of 10 µs each and of 10 ms each.
    let width = |cpu: &str| {
        let (answer, ..) = wasted(&format!(
            "run: {{ duration: 100s, replications: 10 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 10/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: {cpu}, fail: {{ p: 3% }} ] }} }} }}"
        ));
        let row = answer.results.find("system", "all", "wasted_ratio", "mean").unwrap();
        row.estimate.high - row.estimate.low
    };
    let (short, long) = (width("10us"), width("10ms"));
    assert!((short / long - 1.0).abs() < 0.01 && short < 0.02, "{short}, {long}");
}

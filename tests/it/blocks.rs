//! Steps in blocks: `branch` and `repeat`.

use crate::support::{Answer, run};

/// Runs an endpoint with these steps, 20 requests a second for 500 s in 20 replications, on cores
/// that are always free.
fn endpoint(steps: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 500s, replications: 20 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 20/s }} }} }}
services: {{ api: {{ instance: {{ cpu: 500 }}, runtime: {{ tasks: {{}} }}, endpoints: {{ x: [ {steps} ] }} }} }}"
    ))
}

#[test]
fn a_branch_takes_each_arm_with_its_probability() {
    // By hand: 20 % of 5 ms, 30 % of 1 ms, and the other half of 10 ms: 6.3 ms; without an arm for
    // the rest, 1.3 ms.
    let arms = "{ p: 20%, do: [ cpu: 5ms ] }, { p: 30%, do: [ cpu: 1ms ] }";
    endpoint(&format!("branch: [ {arms}, {{ do: [ cpu: 10ms ] }} ]")).agrees(
        "workload users",
        "time_in.cpu mean",
        0.0063,
        0.01,
    );
    endpoint(&format!("branch: [ {arms} ]")).agrees(
        "workload users",
        "time_in.cpu mean",
        0.0013,
        0.01,
    );
}

#[test]
fn each_execution_of_a_body_draws_anew() {
    // Three exponentials of 10 ms are an Erlang of 30 ms, with a standard deviation of √3 · 10 ms;
    // the same number three times would have one of 30 ms.
    let results = endpoint("repeat: { times: 3, do: [ wait: { exp: 10ms } ] }");
    results.agrees("workload users", "latency mean", 0.03, 0.01);
    results.agrees("workload users", "latency sd", 0.03 / 3f64.sqrt(), 0.01);
}

#[test]
fn blocks_nest_and_a_number_of_times_may_be_drawn() {
    // By hand: 1 to 3 times, 2 on average, half of them 2 · 5 ms and all of them 1 ms: 12 ms. The
    // variance is Wald's: 2 · Var(body) + Var(times) · (6 ms)², with Var(body) = 25 ms² and
    // Var(times) = 2/3.
    let results = endpoint(
        "repeat: { times: { mixture: [ { w: 1, is: 1 }, { w: 1, is: 2 }, { w: 1, is: 3 } ] }, do: [
            branch: [ { p: 50%, do: [ repeat: { times: 2, do: [ wait: 5ms ] } ] } ], wait: 1ms ] }",
    );
    results.agrees("workload users", "latency mean", 0.012, 0.01);
    let variance = 2.0 * 25e-6 + 2.0 / 3.0 * 36e-6;
    results.agrees("workload users", "latency sd", f64::sqrt(variance), 0.01);
}

#[test]
fn a_body_that_fails_ends_the_request_and_everything_is_given_back() {
    // By hand: each of at most four executions fails with 50 %, so 1/16 succeed, and the number of
    // them is on average 1 + 1/2 + 1/4 + 1/8. Memory for one request, so one that kept it would
    // stop all others; the audit counts open blocks.
    let results = run("run: { duration: 500s, replications: 20 }
workload: { users: { to: api.x, open: { rate: 10/s } } }
services: { api: { instance: { memory: 10MB }, endpoints: { x: [ memory: 10MB, repeat: { times: 4, do: [ branch: [ { do: [ wait: 1ms, fail: 50%, wait: 1ms ] } ] ] } ] } } }");
    results.agrees("workload users", "error_ratio mean", 15.0 / 16.0, 0.01);
    // Of n executions the last lasts 1 ms if it fails: 2 · 1.875 − 15/16 ms.
    results.agrees(
        "service api",
        "io_waiting mean",
        10.0 * (2.0 * 1.875 - 15.0 / 16.0) * 1e-3,
        0.01,
    );
}

#[test]
fn a_loop_that_is_executed_no_times_is_passed_over() {
    // By definition.
    let results = endpoint("repeat: { times: 0, do: [ wait: 1h ] }, wait: 1ms");
    results.equals("workload users", "latency mean", 0.001);
}

#[test]
fn consecutive_bursts_are_one_also_from_one_execution_to_the_next() {
    // M/D/1: three bursts of 4 ms are one of 12 ms at 50/s: W = ρ/(2(1 − ρ)) · 12 ms = 9 ms.
    let results = run("run: { duration: 1000s, replications: 30 }
workload: { users: { to: api.x, open: { rate: 50/s } } }
services: { api: { endpoints: { x: [ repeat: { times: 3, do: [ cpu: 4ms ] } ] } } }");
    results.agrees("workload users", "time_in.queue mean", 0.009, 0.02);
}

#[test]
fn a_loop_that_takes_no_events_is_interrupted_as_if_it_did() {
    // By hand: 3 times a million executions are two pieces of 2^20 and a rest; each piece counts as
    // 2^20 events, and takes one. Without loops there are two: an arrival, and the next.
    let of = |times: u32| {
        let steps = format!(
            "repeat: {{ times: {times}, do: [ repeat: {{ times: 1M, do: [ branch: [ {{ p: 0%, do: [ cpu: 1ms ] }} ] ] }} ] }}"
        );
        run(&format!(
            "run: {{ duration: 1s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 1/s, arrivals: {{ at: [ 100ms ] }} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ {steps} ] }} }} }}"
        ))
        .results
        .events
    };
    assert_eq!(of(3) - of(1), 2 * ((1 << 20) + 1));
}

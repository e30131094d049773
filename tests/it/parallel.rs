//! The step `parallel`: joins, failures, limits, and branches that are called off.

use crate::support::{Answer, run};

/// Runs `users`, who send 20 requests a second for 200 s in 10 replications to an endpoint with
/// these steps, on 64 cores, beside a service `db` with one core.
fn endpoint(steps: &str, more: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 200s, replications: 10 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 20/s, arrivals: regular }} }} }}
services:
  api: {{ instance: {{ cpu: 64 }}, runtime: {{ tasks: {{}} }}, endpoints: {{ x: [ {steps} ] }} }}
  db: {{ endpoints: {{ slow: [ cpu: 40ms ], fast: [ cpu: 1ms ] }} }}
{more}"
    ))
}

#[test]
fn branches_run_at_once_on_cores_and_one_after_the_other_on_an_event_loop() {
    // By hand: two bursts of 10 ms and 20 ms at once take 20 ms; a loop has one core, so 30 ms.
    let steps = "parallel: [ [ cpu: 10ms ], [ cpu: 20ms ] ]";
    endpoint(steps, "").equals("workload users", "latency mean", 0.020);
    let on_a_loop = run(&format!(
        "run: {{ duration: 20s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 20/s, arrivals: regular }} }} }}
services: {{ api: {{ endpoints: {{ x: [ {steps} ] }} }} }}"
    ));
    on_a_loop.equals("workload users", "latency mean", 0.030);
    // The branch that ends last: its burst, and its wait for the core meanwhile.
    on_a_loop.equals("workload users", "time_in.cpu mean", 0.020);
    on_a_loop.equals("workload users", "time_in.queue mean", 0.010);
}

#[test]
fn the_step_is_over_when_enough_branches_have_succeeded_and_the_others_are_called_off() {
    // By hand: of 1, 2, 3 and 8 ms; I/O that is called off is not awaited any longer.
    let branches = "[ wait: 8ms ], [ wait: 3ms ], [ wait: 1ms ], [ wait: 2ms ]";
    for (join, ms, io_ms) in [
        ("all", 8.0, 14.0),
        ("any", 1.0, 4.0),
        ("{ quorum: 2 }", 2.0, 7.0),
        ("{ quorum: 3 }", 3.0, 9.0),
    ] {
        let results =
            endpoint(&format!("parallel: {{ join: {join}, branches: [ {branches} ] }}"), "");
        results.equals("workload users", "latency mean", ms * 1e-3);
        results.equals("service api", "io_waiting mean", 20.0 * io_ms * 1e-3);
        let cancelled = if join == "all" { 0.0 } else { 1.0 };
        results.equals("block api.x.parallel[0]", "outcomes.cancelled mean", cancelled);
    }
}

#[test]
fn branches_that_are_kept_run_on_in_vain() {
    // By hand: the answer comes after 1 ms, and 9 ms of I/O are awaited for each request.
    let results = endpoint(
        "parallel: { join: any, keep: true, branches: [ [ wait: 1ms ], [ wait: 8ms ] ] }",
        "",
    );
    results.equals("workload users", "latency mean", 0.001);
    results.equals("service api", "io_waiting mean", 20.0 * 0.009);
    results.equals("block api.x.parallel[1]", "error_ratio mean", 0.0);
}

#[test]
fn calls_of_branches_that_are_called_off_leave_the_queue_but_not_the_core() {
    // By hand: the fast branch answers after 1 ms, while the call to `db` computes 40 ms, which it
    // does to its end: half of 20 · 40 ms. Those that wait behind it leave the queue.
    let results =
        endpoint("parallel: { join: any, branches: [ [ wait: 1ms ], [ call: db.slow ] ] }", "");
    results.equals("workload users", "latency mean", 0.001);
    results.equals("service db", "utilisation mean", 0.8);
    results.equals("endpoint db.slow", "outcomes.cancelled mean", 1.0);
    let queued = endpoint(
        "parallel: { join: any, branches: [ [ wait: 1ms ], [ call: db.slow ], [ call: db.slow ] ] }",
        "",
    );
    queued.equals("service db", "utilisation mean", 0.8);
    queued.equals("service db", "ready_queue mean", 20.0 * 0.001);
}

#[test]
fn a_step_that_takes_too_long_times_out_and_calls_off_its_branches() {
    // By hand: 5 ms of the 40 ms, and a request that times out is answered then.
    let results =
        endpoint("parallel: { within: 5ms, branches: [ [ wait: 1ms ], [ wait: 40ms ] ] }", "");
    results.equals("workload users", "outcomes.timeout mean", 1.0);
    results.equals("service api", "io_waiting mean", 20.0 * 0.006);
    results.equals("service api", "in_flight mean", 20.0 * 0.005);
    // One that is in time calls its timer off.
    endpoint(
        "parallel: { within: 41ms, branches: [ [ wait: 1ms ], [ wait: 40ms ] ] }, wait: 5ms",
        "",
    )
    .equals("workload users", "latency mean", 0.045);
}

#[test]
fn a_failure_ends_all_at_once_and_any_only_if_none_is_left() {
    // By hand: one of two branches fails after 1 ms; `all` fails then, `any` succeeds after 3 ms.
    let branches = "[ wait: 1ms, fail: 100% ], [ wait: 3ms ]";
    let all = endpoint(&format!("parallel: [ {branches} ]"), "");
    all.equals("workload users", "error_ratio mean", 1.0);
    all.equals("service api", "in_flight mean", 20.0 * 0.001);
    let any = endpoint(&format!("parallel: {{ join: any, branches: [ {branches} ] }}"), "");
    any.equals("workload users", "error_ratio mean", 0.0);
    any.equals("workload users", "latency mean", 0.003);
    let none = endpoint(
        "parallel: { join: any, branches: [ [ wait: 1ms, fail: 100% ], [ wait: 3ms, fail: 100% ] ] }",
        "",
    );
    none.equals("workload users", "outcomes.error_500 mean", 1.0);
    none.equals("service api", "in_flight mean", 20.0 * 0.003);
}

#[test]
fn a_crash_leaves_nothing_of_a_block_and_the_service_works_as_before() {
    // The audit counts blocks, places, memory and cores after each of 40 crashes. By hand: 3 of 200
    // s down in all; the rest takes 8 ms.
    let crashes: Vec<String> = (0..40)
        .map(|i| format!("crash: {{ target: api, at: {}ms, for: 75ms }}", 2000 + 4500 * i))
        .collect();
    let results = endpoint(
        "memory: 1MB, repeat: { times: 2, do: [ parallel: { join: any, within: 30ms, branches: [ [ wait: 4ms ], [ call: db.slow ] ] } ] }",
        &format!("faults: [ {} ]", crashes.join(", ")),
    );
    results.equals("workload users", "latency p50", 0.008);
    results.equals("workload users", "latency max", 0.008);
    assert!(results.value("workload users", "outcomes.rejected mean") > 0.0);
}

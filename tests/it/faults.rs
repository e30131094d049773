//! Faults. Request k, from 0 to 99, arrives at k/10 s, so a window from 5 s to 7 s contains
//! requests 50 to 69: faults act before arrivals at the same time.

use crate::support::{Answer, run};

/// Runs one replication of 20 s.
fn once(service: &str, links: &str, faults: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 20s, replications: 1 }}
workload:
  users: {{ to: api.x, open: {{ rate: {{ from: 10/s, stages: [ {{ to: 10/s, over: 10s }}, {{ to: 0/s, over: 0s }} ] }}, arrivals: regular }} }}
services: {{ api: {{ {service} }} }}
links: {{ {links} }}
faults: [ {faults} ]"
    ))
}

const PAIR: &str = "replicas: 2, endpoints: { x: [ wait: 250ms ] }";

/// Returns how often each instance was chosen.
fn chosen(a: &Answer) -> Vec<f64> {
    let rows = a.results.rows.iter().filter(|r| r.kind == "balancer" && r.entity == "api");
    rows.map(|r| r.estimate.estimate).collect()
}

#[test]
fn a_crash_fails_what_is_inside_and_the_balancer_avoids_the_instance_until_it_is_back() {
    // By hand: even requests go to the first instance: 48 is inside at 5 s. Chosen: 25 + 25 before,
    // 0 + 20 during; then 15 + 15.
    let a = once(PAIR, "", "crash: { target: api, count: 1, at: 5s, for: 2s }");
    a.equals("workload users", "outcomes.crashed mean", 0.01);
    a.equals("workload users", "failed total", 1.0);
    a.equals("workload users", "completed total", 99.0);
    a.equals("workload users", "latency max", 0.25);
    assert_eq!(chosen(&a), [40.0, 60.0]);
    // 99 times 250 ms, and 200 ms of the one that crashed.
    a.equals("service api", "in_flight mean", (99.0 * 0.25 + 0.2) / 20.0);
}

#[test]
fn a_drained_instance_finishes_what_is_inside() {
    // As above, but nothing fails.
    let a = once(PAIR, "", "crash: { target: api, count: 1, drain: true, at: 5s, for: 2s }");
    a.equals("workload users", "failed total", 0.0);
    a.equals("workload users", "completed total", 100.0);
    assert_eq!(chosen(&a), [40.0, 60.0]);
}

#[test]
fn a_crash_also_strikes_callers_through_their_calls() {
    // By hand: requests 48 and 49 wait for the callee at 5 s; 50 to 69 are rejected by it.
    let a = run("run: { duration: 20s, replications: 1 }
workload:
  users: { to: web.x, open: { rate: { from: 10/s, stages: [ { to: 10/s, over: 10s }, { to: 0/s, over: 0s } ] }, arrivals: regular } }
services: { web: { endpoints: { x: [ call: api.x ] } }, api: { endpoints: { x: [ wait: 250ms ] } } }
faults: [ crash: { target: api, at: 5s, for: 2s } ]");
    a.equals("workload users", "outcomes.crashed mean", 0.02);
    a.equals("workload users", "outcomes.rejected mean", 0.20);
    a.equals("service web", "in_flight mean", (78.0 * 0.25 + 0.2 + 0.1) / 20.0);
}

#[test]
fn a_crashed_instance_comes_back_with_its_cores_and_memory_free() {
    // By hand: requests take 60 ms of CPU each, 49 is struck at 4.93 s while it computes; no
    // request queues afterwards.
    let a = once(
        "instance: { memory: 10MB }, endpoints: { x: [ memory: 10MB, cpu: 60ms ] }",
        "",
        "crash: { target: api, at: 4930ms, for: 1s }",
    );
    // 50 to 59 arrive while it is down.
    a.equals("workload users", "outcomes.crashed mean", 0.01);
    a.equals("workload users", "outcomes.rejected mean", 0.10);
    a.equals("workload users", "latency max", 0.06);
    a.equals("service api", "utilisation mean", (89.0 * 0.06 + 0.03) / 20.0);
    a.equals("service api", "memory_used mean", (89.0 * 0.06 + 0.03) / 20.0 * 1e7);
}

#[test]
fn while_all_instances_are_down_requests_are_rejected() {
    // By hand: 48 and 49 are inside; 50 to 69 find no instance.
    let a = once(PAIR, "", "crash: { target: api, count: 2, at: 5s, for: 2s }");
    a.equals("workload users", "outcomes.crashed mean", 0.02);
    a.equals("workload users", "outcomes.rejected mean", 0.20);
    a.equals("workload users", "completed total", 78.0);
}

#[test]
fn a_degraded_link_is_slower_by_the_configured_latency_and_degradations_add() {
    // By hand: 21 ms; 20 of 100 requests take 15 ms longer; then another 20, 10 of them the
    // same, take 5 ms longer. The way back is another link.
    let service = "endpoints: { x: [ wait: 1ms ] }";
    let link = "users -> api: { latency: 10ms }";
    let one = "degrade: { link: users -> api, latency: +15ms, at: 5s, for: 2s }";
    let a = once(service, link, one);
    a.equals("workload users", "latency mean", 0.024);
    a.equals("workload users", "latency max", 0.036);
    a.equals("workload users", "latency min", 0.021);
    a.equals("link users -> api", "transit mean", 0.013);
    let a = once(
        service,
        link,
        &format!("{one}, degrade: {{ link: users -> api, latency: +5ms, at: 6s, for: 2s }}"),
    );
    a.equals("workload users", "latency mean", 0.025);
    a.equals("workload users", "latency max", 0.041);
    a.equals("workload users", "latency min", 0.021);
}

#[test]
fn losses_of_degradations_add() {
    // By hand: 50 % and 50 % are 100 % for requests 50 to 69, and nothing is lost before or after.
    let half = "degrade: { link: users -> api, loss: 50%, at: 5s, for: 2s }";
    let a = once(
        "endpoints: { x: [ wait: 1ms ] }",
        "users -> api: { latency: 10ms }",
        &format!("{half}, {half}"),
    );
    a.equals("workload users", "outcomes.lost mean", 0.20);
    a.equals("link users -> api", "lost total", 20.0);
}

#[test]
fn bursts_that_start_on_a_slow_instance_take_longer() {
    // By hand: from 4.95 s to 6.95 s. 49 has started before and takes 60 ms; 50 to 69 take 90 ms,
    // though 69 ends at 6.99 s.
    let service = "endpoints: { x: [ cpu: 60ms ] }";
    let a = once(service, "", "slow: { target: api, factor: 1.5x, at: 4950ms, for: 2s }");
    a.equals("workload users", "latency mean", 0.066);
    a.equals("workload users", "latency max", 0.09);
    // Overlapping factors multiply: 60 to 69 take 60·1.5·1.1 ms = 99 ms, 70 to 79 take 66 ms.
    let a = once(
        service,
        "",
        "slow: { target: api, factor: 1.5x, at: 5s, for: 2s }, slow: { target: api, factor: 1.1x, at: 6s, for: 2s }",
    );
    a.equals("workload users", "latency max", 0.099);
    a.equals(
        "workload users",
        "latency mean",
        (70.0 * 0.06 + 10.0 * (0.09 + 0.099 + 0.066)) / 100.0,
    );
}

#[test]
fn injected_errors_occur_only_in_their_window_and_before_any_work() {
    // By hand: 50 to 69 get the status, and no CPU.
    let a = once(
        "endpoints: { x: [ cpu: 10ms ] }",
        "",
        "errors: { target: api.x, rate: 100%, status: 503, at: 5s, for: 2s }",
    );
    a.equals("workload users", "outcomes.error_503 mean", 0.20);
    a.equals("workload users", "completed total", 80.0);
    a.equals("service api", "utilisation mean", 80.0 * 0.01 / 20.0);
}

#[test]
fn the_rate_of_injected_errors_is_the_configured_one() {
    // Bernoulli 0.3 of 50 s out of 100 s: 0.15 of 100,000.
    let a = run("run: { duration: 100s, replications: 10 }
workload: { users: { to: api.x, open: { rate: 100/s } } }
services: { api: { endpoints: { x: [ wait: 1ms ] } } }
faults: [ errors: { target: api.x, rate: 30%, at: 0s, for: 50s } ]");
    a.agrees("workload users", "outcomes.error_500 mean", 0.15, 0.02);
}

#[test]
fn a_fault_may_begin_at_time_0() {
    // By hand: requests 0 to 9 arrive before 1 s; at 1 s the fault ends before request 10
    // arrives.
    for (fault, outcome) in [
        (
            "errors: { target: api.x, rate: 100%, status: 500, at: 0s, for: 1s }",
            "outcomes.error_500 mean",
        ),
        ("crash: { target: api, at: 0s, for: 1s }", "outcomes.rejected mean"),
        ("degrade: { link: users -> api, loss: 100%, at: 0s, for: 1s }", "outcomes.lost mean"),
    ] {
        let a = once("endpoints: { x: [ wait: 1ms ] }", "users -> api: { }", fault);
        a.equals("workload users", outcome, 0.10);
        a.equals("workload users", "completed total", 90.0);
    }
}

#[test]
fn a_fault_without_an_end_lasts() {
    // By hand: requests 90 to 99.
    for (fault, outcome) in [
        ("errors: { target: api.x, rate: 100%, status: 500, at: 9s }", "outcomes.error_500 mean"),
        ("crash: { target: api, at: 9s }", "outcomes.rejected mean"),
        ("degrade: { link: users -> api, loss: 100%, at: 9s }", "outcomes.lost mean"),
    ] {
        let a = once("endpoints: { x: [ wait: 1ms ] }", "users -> api: { }", fault);
        a.equals("workload users", outcome, 0.10);
        a.equals("workload users", "failed total", 10.0);
    }
}

#[test]
fn a_crash_at_the_horizon_does_nothing() {
    // By hand: requests of 250 ms are inside when the run of 2 s ends at the moment of the crash;
    // nothing fires after the horizon.
    let a = run("run: { duration: 2s, replications: 1 }
workload: { users: { to: api.x, open: { rate: 10/s, arrivals: regular } } }
services: { api: { replicas: 2, endpoints: { x: [ wait: 250ms ] } } }
faults: [ crash: { target: api, at: 2s } ]");
    a.equals("workload users", "failed total", 0.0);
    a.equals("workload users", "arrivals total", 20.0);
}

#[test]
fn a_service_and_one_that_it_calls_may_crash_at_the_same_moment() {
    // By hand: at 5 s each request at `api` waits for one at `db`; all fail, each is counted once,
    // and places are given back once: 50/s · 100 ms are inside before and after.
    for first in ["db", "api"] {
        let second = if first == "db" { "api" } else { "db" };
        let results = run(&format!(
            "run: {{ duration: 20s, replications: 5 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 50/s, arrivals: regular }} }} }}
services:
  api: {{ endpoints: {{ x: [ call: db.q ] }} }}
  db: {{ endpoints: {{ q: [ wait: 100ms ] }} }}
faults: [ crash: {{ target: {first}, at: 5010ms, for: 1s }}, crash: {{ target: {second}, at: 5010ms, for: 1s }} ]"
        ));
        results.equals("workload users", "failed total", 5.0 + 50.0);
        results.equals("service api", "in_flight max", 5.0);
        results.equals("service db", "in_flight max", 5.0);
        results.equals("endpoint db.q", "failed total", 5.0);
    }
}

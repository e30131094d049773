//! Calls: what they cost their caller, and how they end.
//!
//! Traffic is regular (100 requests in 10 s, or 20 at 2/s), and the runs last until every request
//! is answered, so most numbers are exact.

use crate::support::{Answer, run};

/// 100 requests, at 0 s, 0.1 s … 9.9 s; then none.
const HUNDRED: &str = "open: { rate: { from: 10/s, stages: [ { to: 10/s, over: 10s }, { to: 0/s, over: 0s } ] }, arrivals: regular }";
/// 20 requests, at 0 s, 0.5 s … 9.5 s; then none.
const TWENTY: &str = "open: { rate: { from: 2/s, stages: [ { to: 2/s, over: 10s }, { to: 0/s, over: 0s } ] }, arrivals: regular }";

/// Runs one replication of 20 s.
fn once(open: &str, rest: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 20s, replications: 1 }}\nworkload: {{ users: {{ to: api.x, {open} }} }}\n{rest}"
    ))
}

fn sum_of_parts(a: &Answer, of: &str) -> f64 {
    let (kind, entity) = of.split_once(' ').expect("kind and entity");
    let parts = a
        .results
        .rows
        .iter()
        .filter(|r| r.kind == kind && r.entity == entity && r.metric.starts_with("time_in."));
    parts.filter(|r| r.metric.matches('.').count() == 1).map(|r| r.estimate.estimate).sum()
}

#[test]
fn the_times_of_three_nested_calls_add_up() {
    // By hand: links 2·(1 + 2 + 0.5) ms, CPU 1 + 2 + 1 + 5 ms, I/O 3 ms: 19 ms.
    let a = once(
        HUNDRED,
        "services:
  api: { endpoints: { x: [ cpu: 1ms, call: app.z ] } }
  app: { endpoints: { z: [ cpu: 2ms, wait: 3ms, call: db.q, cpu: 1ms ] } }
  db: { endpoints: { q: [ cpu: 5ms ] } }
links: { users -> api: { latency: 1ms }, api -> app: { latency: 2ms }, app -> db: { latency: 500us } }",
    );
    a.equals("workload users", "completed total", 100.0);
    a.equals("workload users", "latency mean", 0.019);
    a.equals("workload users", "latency max", 0.019);
    a.equals("workload users", "time_in.network mean", 0.007);
    a.equals("workload users", "time_in.cpu mean", 0.009);
    a.equals("workload users", "time_in.io mean", 0.003);
    a.equals("workload users", "time_in.queue mean", 0.0);
    // A call's own latency is from its sending to the arrival of its answer.
    a.equals("endpoint app.z", "latency mean", 0.016);
    a.equals("endpoint db.q", "latency mean", 0.006);
}

#[test]
fn the_parts_of_a_random_latency_add_up_to_it() {
    // Law 4: every nanosecond belongs to exactly one part, whatever the queues do.
    let a = run("run: { duration: 100s, replications: 1 }
workload: { users: { to: api.x, open: { rate: 60/s } } }
services:
  api: { instance: { memory: 100B }, max_in_flight: 8, endpoints: { x: [ memory: 20B, cpu: { exp: 5ms }, call: app.z, cpu: { exp: 5ms } ] } }
  app: { endpoints: { z: [ cpu: { exp: 3ms }, call: db.q, wait: { exp: 4ms } ] } }
  db: { endpoints: { q: [ cpu: { exp: 8ms } ] } }
links: { default: { latency: { exp: 1ms } } }");
    for of in ["workload users", "endpoint api.x", "endpoint app.z", "endpoint db.q"] {
        assert!(a.value(of, "latency mean") > 0.005);
        a.equals(of, "latency mean", sum_of_parts(&a, of));
    }
    for part in ["queue", "cpu", "io", "network", "memory", "admission"] {
        assert!(
            a.value("workload users", &format!("time_in.{part} mean")) > 0.0,
            "no request spends time in {part}"
        );
    }
}

#[test]
fn a_waiting_caller_releases_its_loop_and_keeps_its_memory() {
    // By hand: bursts at k/10 s and k/10 + 0.26 s never coincide, so 10 + 250 + 10 ms; 2.7 requests
    // are inside, at most 3.
    let a = once(
        HUNDRED,
        "services:
  api: { instance: { memory: 1GB }, endpoints: { x: [ memory: 100MB, cpu: 10ms, call: db.q, cpu: 10ms ] } }
  db: { endpoints: { q: [ wait: 250ms ] } }",
    );
    a.equals("workload users", "latency max", 0.27);
    a.equals("workload users", "time_in.queue mean", 0.0);
    a.equals("service api", "utilisation mean", 100.0 * 0.02 / 20.0);
    a.equals("service api", "utilisation max", 1.0);
    a.equals("service api", "in_flight max", 3.0);
    a.equals("service api", "memory_used max", 3e8);
    a.equals("service api", "memory_used mean", 100.0 * 0.27 / 20.0 * 1e8);
}

#[test]
fn after_a_timeout_the_caller_fails_and_the_callee_works_in_vain() {
    // By hand: each of 20 requests is inside for the timeout of 200 ms, and takes 300 ms of the
    // callee's CPU.
    let a = once(
        TWENTY,
        "services:
  api: { endpoints: { x: [ call: { to: db.q, timeout: 200ms }, cpu: 1ms ] } }
  db: { endpoints: { q: [ cpu: 300ms ] } }",
    );
    a.equals("workload users", "outcomes.timeout mean", 1.0);
    a.equals("workload users", "failed total", 20.0);
    a.equals("service api", "in_flight mean", 20.0 * 0.2 / 20.0);
    a.equals("service api", "utilisation mean", 0.0);
    a.equals("service db", "utilisation mean", 20.0 * 0.3 / 20.0);
    a.equals("endpoint db.q", "completed total", 20.0);
    a.equals("endpoint db.q", "latency mean", 0.3);
}

#[test]
fn a_timeout_that_is_never_reached_changes_no_number() {
    // A timeout draws nothing and holds nothing: the two runs have equal numbers, bit for bit.
    let with = |call: &str| {
        run(&format!(
            "run: {{ duration: 100s, replications: 2 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 60/s }} }} }}
services:
  api: {{ endpoints: {{ x: [ cpu: {{ exp: 8ms }}, call: {call}, cpu: {{ exp: 2ms }} ] }} }}
  db: {{ endpoints: {{ q: [ cpu: {{ exp: 10ms }}, fail: {{ p: 5% }} ] }} }}
links: {{ default: {{ latency: {{ exp: 1ms }} }} }}"
        ))
    };
    let (without, with) = (with("db.q"), with("{ to: db.q, timeout: 50s }"));
    for (a, b) in without.results.rows.iter().zip(&with.results.rows) {
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(
            (&a.entity, &a.metric, a.stat, bits(&a.values)),
            (&b.entity, &b.metric, b.stat, bits(&b.values))
        );
    }
    assert!(with.value("workload users", "latency max") < 50.0);
}

#[test]
fn a_lost_message_is_noticed_at_the_timeout_or_at_once() {
    // By hand: with a timeout of 200 ms, each of 20 callers waits that long; without one, no caller
    // waits at all.
    let lossy = |call: &str, links: &str| {
        once(
            TWENTY,
            &format!(
                "services:
  api: {{ endpoints: {{ x: [ call: {call} ] }} }}
  db: {{ endpoints: {{ q: [ cpu: 10ms ] }} }}
links: {{ {links} }}"
            ),
        )
    };
    let a = lossy("{ to: db.q, timeout: 200ms }", "api -> db: { loss: 100% }");
    a.equals("workload users", "outcomes.timeout mean", 1.0);
    a.equals("workload users", "outcomes.lost mean", 0.0);
    a.equals("endpoint db.q", "outcomes.lost mean", 1.0);
    a.equals("service api", "in_flight mean", 0.2);
    a.equals("service db", "utilisation mean", 0.0);
    a.equals("link api -> db", "lost total", 20.0);
    // If the response is lost, the work is done, but the caller sees no difference.
    let a = lossy("{ to: db.q, timeout: 200ms }", "api -> db: { }, db -> api: { loss: 100% }");
    a.equals("workload users", "outcomes.timeout mean", 1.0);
    a.equals("service api", "in_flight mean", 0.2);
    a.equals("service db", "utilisation mean", 0.01);
    let a = lossy("db.q", "api -> db: { loss: 100% }");
    a.equals("workload users", "outcomes.lost mean", 1.0);
    a.equals("service api", "in_flight mean", 0.0);
    let a = lossy("db.q", "api -> db: { }, db -> api: { loss: 100% }");
    a.equals("workload users", "outcomes.lost mean", 1.0);
    a.equals("service api", "in_flight mean", 0.01);
}

#[test]
fn an_error_of_a_callee_is_its_callers_error() {
    // By hand: no request gets past the call, so no CPU is used after it.
    let a = once(
        HUNDRED,
        "services:
  api: { endpoints: { x: [ call: app.z, cpu: 10ms ] } }
  app: { endpoints: { z: [ call: db.q, cpu: 10ms ] } }
  db: { endpoints: { q: [ cpu: 1ms, fail: { status: 503 } ] } }",
    );
    for of in ["workload users", "endpoint api.x", "endpoint app.z", "endpoint db.q"] {
        a.equals(of, "outcomes.error_503 mean", 1.0);
        a.equals(of, "completed total", 0.0);
    }
    a.equals("service api", "utilisation mean", 0.0);
    a.equals("service db", "utilisation mean", 100.0 * 0.001 / 20.0);
}

#[test]
fn the_share_of_errors_is_the_configured_probability() {
    // Bernoulli 0.3 of 100,000 requests; 0.7 of them proceed to the caller's burst of 1 ms at
    // 100/s.
    let a = run("run: { duration: 100s, replications: 10 }
workload: { users: { to: api.x, open: { rate: 100/s } } }
services:
  api: { endpoints: { x: [ call: db.q, cpu: 1ms ] } }
  db: { endpoints: { q: [ fail: { p: 30%, status: 503 } ] } }");
    a.agrees("workload users", "outcomes.error_503 mean", 0.3, 0.01);
    a.agrees("workload users", "error_ratio mean", 0.3, 0.01);
    a.agrees("service api", "utilisation mean", 0.07, 0.01);
}

#[test]
fn timeouts_that_outlast_their_calls_hold_nothing() {
    // By hand: 20,000 calls, of which at most 4 requests are in flight at once; if calls
    // were kept until their timeouts, there would be 40,000.
    let a = run("run: { duration: 25s, replications: 1, limits: { in_flight: 20 } }
workload:
  users: { to: api.x, open: { rate: { from: 1k/s, stages: [ { to: 1k/s, over: 20s }, { to: 0/s, over: 0s } ] }, arrivals: regular } }
services:
  api: { endpoints: { x: [ call: { to: db.q, timeout: 1h } ] } }
  db: { endpoints: { q: [ wait: 1500us ] } }");
    a.equals("workload users", "completed total", 20_000.0);
    a.equals("workload users", "unfinished total", 0.0);
    a.equals("service api", "in_flight mean", 20_000.0 * 0.0015 / 25.0);
    a.equals("service api", "in_flight max", 2.0);
}

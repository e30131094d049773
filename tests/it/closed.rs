//! Closed users: a fixed number, each of whom waits for an answer and thinks.

use crate::support::{Answer, run};

fn users(count: u32, think: &str, more: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 100s, replications: 5 }}
workload: {{ users: {{ to: api.x, closed: {{ users: {count}, think: {think} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: 10ms, wait: 20ms ] }} }} }}
{more}"
    ))
}

#[test]
fn one_user_sends_a_request_a_cycle() {
    // By hand: 70 ms of thinking and 30 ms of work: at 70 ms, 170 ms … 99.97 s: 1000 requests.
    let results = users(1, "70ms", "");
    results.equals("workload users", "arrivals total", 1000.0);
    results.equals("workload users", "latency mean", 0.030);
}

#[test]
fn users_are_never_more_than_they_are() {
    // By definition; and a system that is slower than its users is no overload.
    let results = users(40, "{ exp: 100ms }", "");
    let most = results.value("service api", "in_flight max");
    assert!((30.0..=40.0).contains(&most), "{most}");
    // From their first requests on, 100 a second.
    let throughput = results.value("workload users", "throughput mean");
    assert!((99.9..=100.0).contains(&throughput), "{throughput}");
    let verdict = &results.results.verdicts[0];
    assert_eq!(verdict.outlook, asyncflow::experiment::Outlook::KeepsUp, "{verdict:?}");
}

#[test]
fn a_user_whose_request_fails_comes_back() {
    // By hand: ten users, and a service that is down from 20 s to 40 s: it rejects at once, and
    // they come back after 100 ms, 10 · 20 s/100 ms = 2000 times. Those that it has at 20 s crash.
    let results = users(10, "100ms", "faults: [ crash: { target: api, at: 20s, for: 20s } ]");
    let failed = results.value("workload users", "failed total");
    assert!((1990.0..=2010.0).contains(&failed), "{failed}");
    assert!(results.value("workload users", "outcomes.crashed mean") > 0.0);
    assert!(results.value("workload users", "unfinished total") <= 10.0);
}

#[test]
fn a_user_draws_anew_for_each_request() {
    // Exponential thinking of 50 ms and work of 30 ms without waiting: one cycle in 80 ms.
    users(1, "{ exp: 50ms }", "").agrees("workload users", "throughput mean", 1.0 / 0.08, 0.03);
}

#[test]
fn the_estimate_counts_links_and_what_runs_at_once() {
    // By hand, 100 users who think 100 ms: 900 ms on two links, or in the longer of two branches,
    // or in a wait, are 100 requests a second; and 1 ms of a core is 10 % of it.
    use asyncflow::scenario::{estimate, from_yaml};
    for (steps, links) in [
        ("", "u -> s: { latency: 450ms }"),
        ("parallel: [ [ wait: 899ms ], [ wait: 300ms ] ], ", ""),
        ("wait: 899ms, ", ""),
    ] {
        let think = if links.is_empty() { "100ms" } else { "99ms" };
        let yaml = format!(
            "version: 1
workload: {{ u: {{ to: s.x, closed: {{ users: 100, think: {think} }} }} }}
services: {{ s: {{ endpoints: {{ x: [ {steps}cpu: 1ms ] }} }} }}
links: {{ {links} }}"
        );
        let scenario = from_yaml(&yaml).unwrap_or_else(|problems| panic!("{problems}"));
        let service = &estimate(&scenario).services[0];
        assert!((service.rate - 100.0).abs() < 1e-9, "{} {yaml}", service.rate);
    }
}

#[test]
fn users_may_come_one_after_the_other_and_leave_after_their_requests() {
    // By hand: four users come every 10 s, think for 1 s, and send three requests of 1 s each: the
    // last is back at 30 + 2·3 = 36 s. Between 12 s and 14 s only the second is there: its requests
    // arrive at 11, 13 and 15 s.
    let written = |duration: &str, warmup: &str| {
        let results = run(&format!(
            "run: {{ duration: {duration}, warmup: {warmup}, replications: 1 }}
workload: {{ users: {{ to: api.x, closed: {{ users: 4, think: 1s, requests: 3, ramp: 40s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ wait: 1s ] }} }} }}"
        ));
        results.value("workload users", "arrivals total")
    };
    assert_eq!(
        [written("100s", "0s"), written("14s", "12s"), written("100s", "36s")],
        [12.0, 1.0, 0.0]
    );
}

#[test]
fn a_load_generator_drops_what_is_above_its_connections() {
    // M/G/c/c (Erlang B): 20 connections, 100/s of 200 ms on average, whatever their distribution:
    // B(20, 20) = 0.1589.
    for wait in ["{ exp: 200ms }", "{ lognormal: { mean: 200ms, cv: 2 } }"] {
        let results = run(&format!(
            "run: {{ duration: 1050s, warmup: 50s, replications: 20 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 100/s }}, max_in_flight: 20 }} }}
services: {{ api: {{ endpoints: {{ x: [ wait: {wait} ] }} }} }}"
        ));
        results.agrees("workload users", "outcomes.dropped mean", 0.158_892, 0.02);
        results.equals("service api", "in_flight max", 20.0);
    }
}

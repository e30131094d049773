//! Links: delay without queueing, loss, and which link a message takes.

use crate::support::{Answer, run};

/// Runs 100 regular requests in the first 10 of 20 s to an endpoint of 1 ms.
fn once(links: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 20s, replications: 1 }}
workload:
  users: {{ to: api.x, open: {{ rate: {{ from: 10/s, stages: [ {{ to: 10/s, over: 10s }}, {{ to: 0/s, over: 0s }} ] }}, arrivals: regular }} }}
services: {{ api: {{ endpoints: {{ x: [ wait: 1ms ] }} }} }}
links: {{ {links} }}"
    ))
}

/// Runs Poisson arrivals at 200/s for 100 s, 20 times.
fn poisson(link: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 110s, warmup: 10s, replications: 20 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 200/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ wait: 1ms ] }} }} }}
links: {{ users -> api: {{ {link} }} }}"
    ))
}

#[test]
fn messages_on_a_link_obey_littles_law_exactly() {
    // By hand: 100 messages of 250 ms in 20 s; they arrive every 100 ms, so at most 3 are on
    // the link (2.5 on average).
    let a = once("users -> api: { latency: 250ms }");
    a.equals("link users -> api", "in_flight mean", 100.0 * 0.25 / 20.0);
    a.equals("link users -> api", "in_flight max", 3.0);
    a.equals("link users -> api", "transit mean", 0.25);
    a.equals("link api -> users", "in_flight mean", 100.0 * 0.25 / 20.0);
    a.equals("workload users", "latency mean", 0.501);
}

#[test]
fn a_link_delays_by_its_distribution_and_never_queues() {
    // M/G/infinity: 200/s times the mean of 20 ms is 4, for every distribution (K1 §3.4; Mirasol
    // 1963).
    for law in [
        "{ exp: 20ms }",
        "{ uniform: [10ms, 30ms] }",
        "{ lognormal: { mean: 20ms, cv: 0.8 } }",
        "{ gamma: { mean: 20ms, cv: 0.5 } }",
    ] {
        let a = poisson(&format!("latency: {law}"));
        a.agrees("link users -> api", "transit mean", 0.02, 0.01);
        a.agrees("link users -> api", "in_flight mean", 4.0, 0.01);
        a.agrees("workload users", "time_in.network mean", 0.04, 0.01);
    }
}

#[test]
fn each_direction_loses_its_share() {
    // Independent losses in both directions: 1 − 0.98² = 0.0396 of 400,000; 0.02 of those
    // sent on each link.
    let a = poisson("latency: 1ms, loss: 2%");
    a.agrees("workload users", "outcomes.lost mean", 0.0396, 0.02);
    a.agrees("link users -> api", "lost total", 0.02 * 200.0 * 100.0, 0.02);
    a.agrees("link api -> users", "lost total", 0.98 * 0.02 * 200.0 * 100.0, 0.02);
}

#[test]
fn a_response_takes_the_reverse_link_given_or_implied() {
    // By hand: 10 + 1 + 10 ms, and 10 + 1 + 5 ms.
    let a = once("users -> api: { latency: 10ms }");
    a.equals("workload users", "latency mean", 0.021);
    let a = once("users -> api: { latency: 10ms }, api -> users: { latency: 5ms }");
    a.equals("workload users", "latency mean", 0.016);
    a.equals("link api -> users", "transit mean", 0.005);
    // A single link describes both directions, even if only the reverse one is given.
    let a = once("api -> users: { latency: 10ms }");
    a.equals("workload users", "latency mean", 0.021);
}

#[test]
fn the_default_link_applies_to_pairs_without_their_own() {
    // By hand: two crossings of 7 ms; with a link of its own, two of 2 ms.
    let a = once("default: { latency: 7ms }");
    a.equals("workload users", "time_in.network mean", 0.014);
    let a = once("default: { latency: 7ms }, users -> api: { latency: 2ms }");
    a.equals("workload users", "time_in.network mean", 0.004);
}

#[test]
fn without_links_there_is_no_delay_and_no_event() {
    // By hand: an arrival and the end of the wait, for each of 100 requests.
    let a = once("");
    a.equals("workload users", "latency max", 0.001);
    a.equals("workload users", "time_in.network mean", 0.0);
    assert_eq!(a.results.events, 200);
    assert!(a.results.rows.iter().all(|row| row.kind != "link"));
}

#[test]
fn workloads_may_have_links_of_their_own() {
    // By hand: `users` stands for every workload, but a workload's own name takes precedence.
    let a = run("run: { duration: 20s, replications: 1 }
workload:
  near: { to: api.x, open: { rate: 10/s, arrivals: regular } }
  far: { to: api.x, open: { rate: 10/s, arrivals: regular } }
services: { api: { endpoints: { x: [ wait: 1ms ] } } }
links: { users -> api: { latency: 2ms }, far -> api: { latency: 20ms } }");
    a.equals("workload near", "latency mean", 0.005);
    a.equals("workload far", "latency mean", 0.041);
}

//! The defects of AsyncFlow 0.1, each as a test of this version, some with payloads of 0.1.

use crate::support::{Answer, run};
use asyncflow::scenario::{self, Format, Scenario};
use asyncflow::units::Span;
use std::path::Path;

/// Loads a payload of 0.1: one server behind a client, 1 user with 2 requests per minute, windows
/// of 10 s, a run of 20,000 s.
fn payload(loss: f64) -> Scenario {
    let text = format!(
        "rqs_input: {{ id: rqs-1, avg_active_users: {{ mean: 1 }}, avg_request_per_minute_per_user: {{ mean: 2 }}, user_sampling_window: 10 }}
topology_graph:
  nodes:
    client: {{ id: client-1 }}
    servers:
      - id: srv-1
        server_resources: {{ cpu_cores: 1, ram_mb: 2048 }}
        endpoints:
        - endpoint_name: ep-1
          steps:
          - {{ kind: initial_parsing, step_operation: {{ cpu_time: 0.001 }} }}
  edges:
    - {{ id: gen-to-client, source: rqs-1, target: client-1, latency: {{ mean: 0.003, distribution: exponential }}, dropout_rate: {loss} }}
    - {{ id: client-to-server, source: client-1, target: srv-1, latency: {{ mean: 0.003, distribution: exponential }}, dropout_rate: 0.0 }}
    - {{ id: server-to-client, source: srv-1, target: client-1, latency: {{ mean: 0.003, distribution: exponential }}, dropout_rate: 0.0 }}
sim_settings: {{ total_simulation_time: 20000 }}"
    );
    let loaded = scenario::read(&text, Format::Yaml, "corrections", Path::new(""), &[]);
    let mut scenario = loaded.scenario.unwrap_or_else(|| panic!("{:?}", loaded.problems));
    scenario.run.replications = asyncflow::scenario::Replications::Fixed(100);
    scenario
}

fn answer(scenario: &Scenario) -> Answer {
    Answer { results: asyncflow::run(scenario).unwrap_or_else(|e| panic!("{e}")) }
}

#[test]
fn arrivals_continue_until_the_horizon() {
    // By hand: 20,000 s at one arrival per 30 s; a quarter of them in the last quarter. 0.1 lost
    // time in every window without an arrival.
    let mut scenario = payload(0.0);
    answer(&scenario).agrees("workload rqs-1", "arrivals total", 20_000.0 / 30.0, 0.01);
    scenario.run.warmup = asyncflow::scenario::Warmup::Fixed(Span::from_seconds(15_000.0));
    answer(&scenario).agrees("workload rqs-1", "arrivals total", 5_000.0 / 30.0, 0.02);
}

#[test]
fn lost_requests_are_counted() {
    // Bernoulli 0.1 on the first link; every request that arrived completed, failed or is still in
    // flight.
    let a = answer(&payload(0.1));
    let of = "workload rqs-1";
    a.agrees(of, "outcomes.lost mean", 0.1, 0.02);
    a.agrees(of, "error_ratio mean", 0.1, 0.02);
    let parts = a.value(of, "completed total")
        + a.value(of, "failed total")
        + a.value(of, "unfinished total");
    a.equals(of, "arrivals total", parts);
    assert!(a.value(of, "unfinished total") < 0.1);
}

#[test]
fn equal_seeds_give_equal_results_and_different_seeds_different_ones() {
    // 0.1 had no seed.
    let with = |seed: u64| {
        let mut scenario = payload(0.1);
        (scenario.run.seed, scenario.run.replications) =
            (seed, asyncflow::scenario::Replications::Fixed(3));
        answer(&scenario).results.fingerprint
    };
    assert_eq!(with(7), with(7));
    assert_ne!(with(7), with(8));
}

#[test]
fn a_spike_shorter_than_a_sample_is_seen() {
    // By hand: 100 simultaneous requests are all on a link of 1 ms, and then 99 of them in a queue
    // for up to 100 · 20 us = 2 ms; 0.1 sampled every 10 ms.
    let a = run("run: { duration: 20s, replications: 1 }
workload: { users: { to: api.x, open: { rate: 1/s, arrivals: { batch: { size: 100 } } } } }
services: { api: { endpoints: { x: [ cpu: 20us ] } } }
links: { users -> api: { latency: 1ms } }");
    assert!(a.value("workload users", "arrivals total") >= 100.0);
    assert!(a.value("link users -> api", "in_flight max") >= 100.0);
    assert!(a.value("service api", "ready_queue max") >= 99.0);
    // The mean is weighted by time: each message counts for 1 ms of 20 s.
    a.equals(
        "link users -> api",
        "in_flight mean",
        a.value("workload users", "arrivals total") * 0.001 / 20.0,
    );
}

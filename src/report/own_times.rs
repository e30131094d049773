//! Where requests spend their time by service, and how many of them wait for calls.
//!
//! Law: what an endpoint takes contains what its calls take, so that its own time is its mean less
//! the means of the endpoints it calls; a service's is the sum over its endpoints, each as often as
//! an answered request visits it. They add up to the latency. How many wait for calls follows from
//! where else those inside may be: in a core, in the ready queue, in I/O, waiting for memory.
//! Tested: `tests/it/words.rs`.

use crate::experiment::Results;
use crate::scenario::{Scenario, visits};
use indexmap::IndexMap;

/// The sum over a way may be so far from the measured mean, as a share of it: requests at both ends
/// of the run are counted where they end.
const TOLERANCE: f64 = 0.02;

/// Seconds that an answered request spends in each service, its calls to others and the network
/// left out, longest first. Empty where they do not add up, or are not known: where callers give
/// up, what they called may be answered all the same.
pub(super) fn own_times(
    scenario: &Scenario,
    results: &Results,
    workload: &str,
) -> Vec<(String, f64)> {
    let mean = |kind: &str, entity: &str, metric: &str| mean(results, kind, entity, metric);
    let Some(way) = scenario.workload.get(workload).and_then(|workload| visits(scenario, workload))
    else {
        return Vec::new();
    };
    let gives_up =
        way.iter().any(|visit| mean("endpoint", &visit.endpoint, "outcomes.timeout") > 0.0);
    let spent = |endpoint: &str| {
        mean("endpoint", endpoint, "latency") - mean("endpoint", endpoint, "time_in.network")
    };
    let mut services: IndexMap<String, f64> = IndexMap::new();
    for visit in &way {
        let own =
            spent(&visit.endpoint) - visit.calls.iter().map(|callee| spent(callee)).sum::<f64>();
        *services.entry(visit.service.clone()).or_default() += visit.times * own;
    }
    let (latency, network) =
        (mean("workload", workload, "latency"), mean("workload", workload, "time_in.network"));
    let sum: f64 = services.values().sum();
    let adds_up = (sum + network - latency).abs() <= TOLERANCE * latency;
    if gives_up || !adds_up || services.values().any(|own| *own < -TOLERANCE * latency) {
        return Vec::new();
    }
    let mut services: Vec<(String, f64)> =
        services.into_iter().map(|(name, own)| (name, own.max(0.0))).collect();
    services.sort_by(|a, b| b.1.total_cmp(&a.1));
    services
}

/// How many requests inside a service, or an instance of so many cores, wait for calls, on average.
pub(super) fn awaiting_calls(results: &Results, kind: &str, entity: &str, cores: u32) -> f64 {
    let mean = |metric: &str| mean(results, kind, entity, metric);
    let elsewhere = mean("utilisation") * f64::from(cores)
        + mean("ready_queue")
        + mean("io_waiting")
        + mean("memory_queue");
    // The sum of rounded numbers may be beyond by their last digit.
    let waiting = mean("in_flight") - elsewhere;
    if waiting < 1e-9 * mean("in_flight") { 0.0 } else { waiting }
}

fn mean(results: &Results, kind: &str, entity: &str, metric: &str) -> f64 {
    results.find(kind, entity, metric, "mean").map_or(f64::NAN, |row| row.estimate.estimate)
}

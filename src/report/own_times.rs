//! The time requests spend in each service, and the number of requests that await calls.
//!
//! Law: the latency of an endpoint includes that of its calls, so its own time is its mean latency
//! minus the means of the endpoints it calls. The own time of a service is the sum over its
//! endpoints, weighted by the visits of an answered request; all own times add up to the latency.
//! The number of requests that await calls is the number in flight minus those on a core, in the
//! ready queue, in I/O or waiting for memory. Tested: `tests/it/words.rs`.

use crate::experiment::Results;
use crate::scenario::{Scenario, visits};
use indexmap::IndexMap;

/// The tolerance of the sum against the measured mean, as a share of it: requests at the start and
/// the end of a run are counted where they end.
const TOLERANCE: f64 = 0.02;

/// Returns the seconds that an answered request spends in each service, without its calls and the
/// network, longest first. Empty if they do not add up, or are not known: calls whose callers timed
/// out may still be answered.
pub(super) fn own_times(
    scenario: &Scenario,
    results: &Results,
    workload: &str,
) -> Vec<(String, f64)> {
    let mean = |kind: &str, entity: &str, metric: &str| mean(results, kind, entity, metric);
    let Some(route) =
        scenario.workload.get(workload).and_then(|workload| visits(scenario, workload))
    else {
        return Vec::new();
    };
    let times_out =
        route.iter().any(|visit| mean("endpoint", &visit.endpoint, "outcomes.timeout") > 0.0);
    let spent = |endpoint: &str| {
        mean("endpoint", endpoint, "latency") - mean("endpoint", endpoint, "time_in.network")
    };
    let mut services: IndexMap<String, f64> = IndexMap::new();
    for visit in &route {
        let own =
            spent(&visit.endpoint) - visit.calls.iter().map(|callee| spent(callee)).sum::<f64>();
        *services.entry(visit.service.clone()).or_default() += visit.times * own;
    }
    let (latency, network) =
        (mean("workload", workload, "latency"), mean("workload", workload, "time_in.network"));
    let sum: f64 = services.values().sum();
    let adds_up = (sum + network - latency).abs() <= TOLERANCE * latency;
    if times_out || !adds_up || services.values().any(|own| *own < -TOLERANCE * latency) {
        return Vec::new();
    }
    let mut services: Vec<(String, f64)> =
        services.into_iter().map(|(name, own)| (name, own.max(0.0))).collect();
    services.sort_by(|a, b| b.1.total_cmp(&a.1));
    services
}

/// Returns the mean number of requests in a service or an instance with `cores` cores that await
/// calls.
pub(super) fn awaiting_calls(results: &Results, kind: &str, entity: &str, cores: u32) -> f64 {
    let mean = |metric: &str| mean(results, kind, entity, metric);
    let elsewhere = mean("utilisation") * f64::from(cores)
        + mean("ready_queue")
        + mean("io_waiting")
        + mean("memory_queue");
    // The sum may exceed the number in flight by rounding errors.
    let waiting = mean("in_flight") - elsewhere;
    if waiting < 1e-9 * mean("in_flight") { 0.0 } else { waiting }
}

fn mean(results: &Results, kind: &str, entity: &str, metric: &str) -> f64 {
    results.find(kind, entity, metric, "mean").map_or(f64::NAN, |row| row.estimate.estimate)
}

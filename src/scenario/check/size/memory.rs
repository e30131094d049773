//! The memory of one replication and of the results, by part: the numbers of entities times the
//! measured sizes in bytes.

use super::entities::Sizes;
use super::histograms::Histograms;
use crate::measure::{INSTANCE_GAUGES, QUANTILE_SERIES, WORKLOAD_SERIES};
use crate::scenario::estimate::Load;
use crate::scenario::{PHASES_MAX, Scenario, changes};
use crate::units::format::count;

/// Bytes of a request in flight, with its queue entry and its events.
const REQUEST_B: f64 = 256.0;
/// Bytes of an instance without its histogram: its entity, its names, its tally.
const INSTANCE_B: f64 = 1_800.0;
/// Bytes of a worker: an entity with its queue.
const WORKER_B: f64 = 170.0;
/// Bytes of a key of a lock.
const KEY_B: f64 = 64.0;
/// Bytes of a link: an entity with its gauge, and its tally.
const LINK_B: f64 = 500.0;
/// Bytes of a flow, a workload or an endpoint without its histogram.
const FLOW_B: f64 = 600.0;
/// Bytes of a flow of a workload in a phase, with its outcome counts and an empty histogram.
const PHASE_B: f64 = 460.0;
/// Bytes of a value of a window: in the two records, and as the mean over the replications.
const VALUE_B: f64 = 80.0;
/// Bytes of a metric: its names, here and in the results; and of each of its replications.
const METRIC_B: f64 = 850.0;
const METRIC_OF_REPLICATION_B: f64 = 24.0;
/// Number of metrics of a workload or an endpoint.
const METRICS_OF_FLOW: f64 = 29.0;
/// Number of metrics of a service or an instance.
const METRICS_OF_SERVICE: f64 = 18.0;
/// Number of metrics of a link.
const METRICS_OF_LINK: f64 = 4.0;
/// Number of metrics per phase and workload.
const METRICS_OF_PHASE: f64 = 20.0;

/// Bytes per user who comes back: its turn, its session, and its entry in the calendar with room
/// to grow.
const USER_B: f64 = 60.0;

impl Sizes {
    /// Returns about how many metrics a run has.
    fn metrics(&self, scenario: &Scenario, phases: f64) -> f64 {
        let workloads = scenario.workload.len() as f64;
        METRICS_OF_FLOW * (workloads + self.endpoints as f64)
            + METRICS_OF_PHASE * phases * workloads
            + METRICS_OF_SERVICE * (scenario.services.len() + self.instances as usize) as f64
            + METRICS_OF_LINK * self.links as f64
    }

    /// Returns the part of the instances, whose bursts have waited for this many bytes of `lags`.
    fn machines(&self, lags: f64) -> Part {
        let bytes = lags
            + INSTANCE_B * self.instances as f64
            + WORKER_B * self.workers as f64
            + KEY_B * self.keys as f64;
        let (instances, workers) =
            (count(self.instances, "instance"), count(self.workers, "worker"));
        let (what, help) = match self.keys {
            0 => (format!("{instances} with {workers}"), "use fewer `replicas` or `workers`"),
            keys => {
                let keys = count(keys, "key");
                let what = format!("{instances} with {workers} and {keys} of locks");
                (what, "use fewer `replicas` or keys")
            }
        };
        Part { path: "services", bytes, what, help }
    }

    /// Returns the parts that take memory, the largest first. Durations are included only if `load`
    /// is given.
    pub(super) fn memory(&self, scenario: &Scenario, load: Option<&Load>) -> Vec<Part> {
        let run = &scenario.run;
        let workloads = scenario.workload.len() as f64;
        let (instances, links, flows) =
            (self.instances as f64, self.links as f64, self.flows as f64);
        let served = (self.endpoints as f64).min(flows);
        let window = scenario.output.window(run.duration).0.max(1);
        let windows = run.duration.0.div_ceil(window) as f64;
        let in_flight = load.map_or(0.0, |load| pool(load.requests, run.limits.in_flight.0 as f64));
        let values = windows * series(workloads, instances, links);
        let replications = f64::from(run.replications.most());
        let phases = match changes(scenario).len() {
            0 => 0.0,
            changes => (2 * changes + 1).min(PHASES_MAX) as f64,
        };
        let histograms = Histograms { longest: run.duration, replications };
        let (mut latencies, mut lags) =
            (FLOW_B * (flows + workloads + served) + PHASE_B * phases * self.sent as f64, 0.0);
        latencies += USER_B * self.users as f64;
        if let Some(load) = load {
            latencies += histograms.bytes(workloads, workloads, load.requests)
                + histograms.nonempty(phases * self.sent as f64, load.requests)
                + histograms.merged(phases * workloads, load.requests);
            for (sizes, expected) in self.services.iter().zip(&load.services) {
                let requests = expected.rate * run.duration.seconds();
                let part = sizes.endpoints as f64 / (self.endpoints as f64).max(1.0);
                latencies += histograms.bytes(flows * part, served * part, requests);
                // Each request has the mean number of events as CPU bursts; the share that finds
                // the cores busy waits.
                let waits =
                    requests * load.events / load.requests.max(1.0) * expected.utilisation.min(1.0);
                lags +=
                    histograms.bytes(sizes.instances as f64, sizes.instances as f64 + 1.0, waits);
            }
        }
        let metrics = self.metrics(scenario, phases);
        let part = |path, bytes, what, help| Part { path, bytes, what, help };
        let mut parts = vec![
            part(
                "run.limits.in_flight",
                REQUEST_B * in_flight,
                format!("{} requests in flight", run.limits.in_flight),
                "lower `run.limits.in_flight`",
            ),
            self.machines(lags),
            part(
                "workload",
                latencies,
                format!(
                    "the latencies of {} of a workload and an endpoint",
                    count(self.flows, "pair")
                ),
                "send workloads to fewer endpoints",
            ),
            part(
                // If `output.series` is not given, the number of services is the cause.
                if scenario.output.series.is_some() { "output.series" } else { "services" },
                VALUE_B * values,
                format!(
                    "{} of {}",
                    count(windows as u64, "window"),
                    count((values / windows.max(1.0)) as u64, "value")
                ),
                "use longer windows with `output.series`",
            ),
            part(
                "run.replications",
                metrics * (METRIC_B + METRIC_OF_REPLICATION_B * replications),
                format!(
                    "about {} for each of {}",
                    count(metrics as u64, "number"),
                    count(u64::from(run.replications.most()), "replication")
                ),
                "run fewer replications",
            ),
            part("links", LINK_B * links, count(self.links, "link"), "use fewer links"),
        ];
        parts.sort_by(|a, b| b.bytes.total_cmp(&a.bytes));
        parts
    }
}

/// A part of the memory estimate.
pub(super) struct Part {
    /// The path in the scenario that causes it.
    pub(super) path: &'static str,
    pub(super) bytes: f64,
    pub(super) what: String,
    pub(super) help: &'static str,
}

/// Returns the number of slots in the pool of requests, if at most `requests` are in flight: it is
/// doubled until it is large enough, up to the limit.
fn pool(requests: f64, limit: f64) -> f64 {
    if requests > 0.0 { 2f64.powf(requests.log2().ceil()).min(limit) } else { 0.0 }
}

/// Returns the number of series of a window, as if each workload had those of its quantiles too.
fn series(workloads: f64, instances: f64, links: f64) -> f64 {
    let of_workload = (WORKLOAD_SERIES.len() + QUANTILE_SERIES.len()) as f64;
    of_workload * workloads + INSTANCE_GAUGES.len() as f64 * instances + links
}

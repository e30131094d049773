//! Limits on the size of a scenario, checked before anything of that size is built or simulated.
//!
//! Law: `run.limits.memory` bounds the memory of one replication and the results, estimated from
//! the sizes of their parts below (measured, within a factor of 1.5 of the resident set:
//! `benches/size.rs`). Entities and windows are counted; the memory of durations follows from the
//! numbers that flow balance expects. `run.limits.events` bounds the requests and steps that flow
//! balance expects in a replication. The error names the limit that is exceeded and what to change.
//! Limits that are exceeded only by chance are detected during the run.
//! Checked: `tests/it/hostile`, under a limit of address space.

use crate::fault::Fault;
use crate::measure::{INSTANCE_GAUGES, QUANTILE_SERIES, WORKLOAD_SERIES};
use crate::problem::Problems;
use crate::scenario::estimate::Load;
use crate::scenario::{Machine, PHASES_MAX, Runtime, Scenario, changes};
use crate::step::Call;
use crate::step::asks::{Arm, Asks, At, EachCall, Way, ask};
use crate::units::format::{count, decimals, fixed, unit_for, value};
use crate::units::{Count, Span};
use indexmap::IndexSet;

/// The maximum number of instances affected by all faults together, counted once per fault.
const TOUCHED_MAX: u64 = 100_000;
/// The maximum number of faults; more are probably a mistake.
const FAULTS_MAX: usize = 10_000;

/// Bytes of a request in flight, with its queue entry and its events.
const REQUEST_B: f64 = 256.0;
/// Bytes of an instance without its histogram: its entity, its names, its tally.
const INSTANCE_B: f64 = 1_800.0;
/// Bytes of a worker: an entity with its queue.
const WORKER_B: f64 = 170.0;
/// Bytes of a link: an entity with its gauge, and its tally.
const LINK_B: f64 = 500.0;
/// Bytes of a flow, a workload or an endpoint without its histogram.
const FLOW_B: f64 = 600.0;
/// Bytes of a flow of a workload in a phase, with its outcome counts and an empty histogram.
const PHASE_B: f64 = 460.0;
/// Bytes of a request that is written individually: in the record of a replication, and in the
/// previous record while it is written.
const TRACED_B: f64 = 280.0;
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
/// The number of durations from which a histogram counts them; it stores fewer individually.
const COUNTED_FROM: f64 = 200.0;
/// Bytes of a non-empty bucket that is handed on or stored individually; of all buckets of a power
/// of two; and of a coarse bucket, which joins 32.
const FILLED_B: f64 = 24.0;
const POWER_B: f64 = 8_192.0;
const COARSE_B: f64 = 16.0;

/// Number of metrics per phase and workload.
const METRICS_OF_PHASE: f64 = 20.0;

/// Bytes per closed user: its turn, and its entry in the calendar with room to grow.
const USER_B: f64 = 40.0;

/// The numbers of entities of a scenario.
struct Sizes {
    instances: u64,
    workers: u64,
    endpoints: u64,
    links: u64,
    /// Pairs of a source (a workload, or all calls) and an endpoint: each has its histogram.
    flows: u64,
    /// The flows of workloads, each of which has one histogram per phase.
    sent: u64,
    /// Closed users.
    users: u64,
    services: Vec<ServiceSizes>,
}

/// The numbers of entities of one service.
struct ServiceSizes {
    instances: u64,
    endpoints: u64,
}

/// The branches that run at once: each is counted by itself.
#[derive(Default)]
struct Branches {
    count: u64,
    blocks: Vec<bool>,
}

impl Asks<'_> for Branches {
    fn block(&mut self, _: At, way: Way) {
        self.blocks.push(matches!(way, Way::AtOnce { .. }));
    }
    fn arm(&mut self, _: Arm) {
        self.count += u64::from(self.blocks.last() == Some(&true));
    }
    fn end(&mut self) {
        self.blocks.pop();
    }
}

impl Sizes {
    fn of<'s>(scenario: &'s Scenario) -> Sizes {
        let mut sizes = Sizes {
            instances: 0,
            workers: 0,
            endpoints: 0,
            links: 0,
            flows: 0,
            sent: 0,
            users: 0,
            services: Vec::new(),
        };
        let mut called: IndexSet<&'s str> = IndexSet::new();
        for service in scenario.services.values() {
            let replicas = if service.instances.is_empty() { u64::from(service.rows()) } else { 0 };
            let (instances, endpoints_before) =
                (replicas + service.instances.len() as u64, sizes.endpoints);
            sizes.instances += instances;
            let workers =
                |runtime: &Runtime, machine: &Machine| u64::from(runtime.workers(machine.cpu).0);
            sizes.workers += replicas * workers(&service.runtime, &service.instance);
            sizes.workers += service
                .instances
                .values()
                .map(|spec| workers(&spec.runtime, &spec.instance))
                .sum::<u64>();
            for endpoint in service.all_endpoints() {
                sizes.endpoints += 1;
                let mut calls =
                    EachCall(|_: At, call: &'s Call| _ = called.insert(call.to.as_str()));
                ask("", &endpoint.steps, &mut calls);
                let mut branches = Branches::default();
                ask("", &endpoint.steps, &mut branches);
                sizes.flows += branches.count;
            }
            sizes
                .services
                .push(ServiceSizes { instances, endpoints: sizes.endpoints - endpoints_before });
        }
        for workload in scenario.workload.values() {
            sizes.users += workload.closed.as_ref().map_or(0, |closed| closed.users.0);
            let mut targets = workload.to.iter().chain(workload.mix.keys());
            sizes.flows += targets.clone().count() as u64;
            // A target that is a service may lead to any endpoint.
            sizes.flows += if targets.any(|to| scenario.services.contains_key(to)) {
                sizes.endpoints
            } else {
                0
            };
            sizes.links += workload.via.len() as u64;
        }
        sizes.sent = sizes.flows;
        sizes.flows += called.len() as u64;
        // Both directions of the links as written; with `default`, also of every pair that messages
        // cross.
        let crossed =
            if scenario.links.contains_key("default") { sizes.links + sizes.flows } else { 0 };
        sizes.links = 2 * (scenario.links.len() as u64 + crossed);
        sizes
    }

    /// Returns about how many metrics a run has.
    fn metrics(&self, scenario: &Scenario, phases: f64) -> f64 {
        let workloads = scenario.workload.len() as f64;
        METRICS_OF_FLOW * (workloads + self.endpoints as f64)
            + METRICS_OF_PHASE * phases * workloads
            + METRICS_OF_SERVICE * (scenario.services.len() + self.instances as usize) as f64
            + METRICS_OF_LINK * self.links as f64
    }

    /// Returns the parts that take memory, the largest first. Durations are included only if `load`
    /// is given.
    fn memory(&self, scenario: &Scenario, load: Option<&Load>) -> Vec<Part> {
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
        let machines = lags + INSTANCE_B * instances + WORKER_B * self.workers as f64;
        let metrics = self.metrics(scenario, phases);
        let part = |path, bytes, what, help| Part { path, bytes, what, help };
        let mut parts = vec![
            part(
                "run.limits.in_flight",
                REQUEST_B * in_flight,
                format!("{} requests in flight", run.limits.in_flight),
                "lower `run.limits.in_flight`",
            ),
            part(
                "services",
                machines,
                format!(
                    "{} with {}",
                    count(self.instances, "instance"),
                    count(self.workers, "worker")
                ),
                "use fewer `replicas` or `workers`",
            ),
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
struct Part {
    /// The path in the scenario that causes it.
    path: &'static str,
    bytes: f64,
    what: String,
    help: &'static str,
}

/// Returns the number of slots in the pool of requests, if at most `requests` are in flight: it is
/// doubled until it is large enough, up to the limit.
fn pool(requests: f64, limit: f64) -> f64 {
    if requests > 0.0 { 2f64.powf(requests.log2().ceil()).min(limit) } else { 0.0 }
}

/// The memory of the histograms of a run.
struct Histograms {
    longest: Span,
    replications: f64,
}

impl Histograms {
    /// Returns the bytes of `recorded` histograms and `merged` sums of them (a workload is the sum
    /// of its flows), with `durations` per replication, spread evenly.
    fn bytes(&self, recorded: f64, merged: f64, durations: f64) -> f64 {
        self.counts(recorded, durations)
            + self.nonempty(recorded, durations)
            + self.merged(merged, durations)
    }
    /// Returns the bytes of `merged` histograms: of the current and the previous replication; of
    /// all replications pooled, with a copy for queries; and a coarse one for each of the first 32
    /// replications, for the intervals of quantiles.
    fn merged(&self, merged: f64, durations: f64) -> f64 {
        let coarse =
            |durations: f64| COARSE_B * self.buckets(durations).min(32.0 * self.powers(durations));
        let all = durations * self.replications;
        2.0 * self.nonempty(merged, durations)
            + self.counts(merged, all)
            + self.nonempty(merged, all)
            + self.replications.min(32.0) * evenly(merged, durations, coarse)
    }
    /// Returns the bytes of histograms while durations are counted.
    fn counts(&self, histograms: f64, durations: f64) -> f64 {
        let counts = |durations: f64| {
            if durations < COUNTED_FROM {
                FILLED_B * durations
            } else {
                POWER_B * self.powers(durations)
            }
        };
        evenly(histograms, durations, counts)
    }
    /// Returns the bytes of histograms that are handed on.
    fn nonempty(&self, histograms: f64, durations: f64) -> f64 {
        evenly(histograms, durations, |durations| FILLED_B * self.buckets(durations))
    }
    /// Returns the number of powers of two that `durations` span: the rarest of a thousand are a
    /// thousandth of the others, or ten times as long.
    fn powers(&self, durations: f64) -> f64 {
        let most = f64::from((64 - self.longest.0.leading_zeros()).saturating_sub(11) + 2);
        most.min(durations.max(1.0).log2() * 0.75 + 3.0)
    }
    /// Returns the number of non-empty buckets.
    fn buckets(&self, durations: f64) -> f64 {
        durations.min(400.0 * self.powers(durations))
    }
}

/// Returns the bytes of histograms with evenly spread durations; `bytes` returns those of one.
fn evenly(histograms: f64, durations: f64, bytes: impl Fn(f64) -> f64) -> f64 {
    if histograms > 0.0 && durations > 0.0 {
        histograms * bytes(durations / histograms)
    } else {
        0.0
    }
}

/// Whether a scenario is too large for further checks. Reported only if there is no other error,
/// which may be the cause.
pub(crate) fn is_too_large(scenario: &Scenario, problems: &mut Problems) -> bool {
    let mut found = Problems::default();
    memory(scenario, None, &mut found);
    faults(scenario, &mut found);
    let is_too_large = found.any_error();
    if !problems.any_error() {
        problems.list.extend(found.list);
    }
    is_too_large
}

fn memory(scenario: &Scenario, load: Option<&Load>, problems: &mut Problems) {
    let parts = Sizes::of(scenario).memory(scenario, load);
    let total: f64 = parts.iter().map(|part| part.bytes).sum();
    let limit = scenario.run.limits.memory;
    if total <= limit.0 as f64 {
        return;
    }
    let most: Vec<String> = parts
        .iter()
        .take(2)
        .map(|part| format!("{} for {}", size(part.bytes), part.what))
        .collect();
    let what = format!(
        "a replication may keep {} in memory, more than the limit `run.limits.memory` of {limit}: {}",
        size_over(total, limit.0 as f64),
        most.join(", ")
    );
    let enough = (total / (1u64 << 30) as f64).ceil();
    let help =
        format!("{}, or allow every thread more, `run.limits.memory: {enough}GiB`", parts[0].help);
    problems.error(parts[0].path, what).advise(help);
}

fn faults(scenario: &Scenario, problems: &mut Problems) {
    if scenario.faults.len() > FAULTS_MAX {
        let what = format!(
            "a scenario has at most {} faults, not {}",
            Count(FAULTS_MAX as u64),
            scenario.faults.len()
        );
        problems.error("faults", what).advise("use fewer faults that last longer");
        return;
    }
    let affected = |target: &str| {
        scenario
            .services
            .get(target)
            .map_or(1, |service| u64::from(service.rows()).max(service.instances.len() as u64))
    };
    let touches = scenario.faults.iter().map(|fault| match fault {
        Fault::Crash(fault) => affected(&fault.target),
        Fault::Slow(fault) => affected(&fault.target),
        Fault::Degrade(_) | Fault::Errors(_) => 1,
    });
    let touches: u64 = touches.sum();
    if touches > TOUCHED_MAX {
        let what = format!(
            "the faults affect {touches} instances in total, and at most {} are allowed",
            Count(TOUCHED_MAX)
        );
        problems
            .error("faults", what)
            .advise("use fewer faults that last longer, or fewer `replicas`");
    }
}

/// Reports loads that exceed the limits according to flow balance.
pub(crate) fn check_load(scenario: &Scenario, load: &Load, problems: &mut Problems) {
    let limits = &scenario.run.limits;
    let expected = f64::max(load.requests + load.events, load.of_one);
    if expected > limits.events.0 as f64 {
        let what = format!(
            "about {} requests and steps are expected in each replication, more than the limit `run.limits.events` of {}",
            rounded(expected),
            limits.events
        );
        let help = match expected.is_finite() {
            true => {
                "lower the rate, shorten `run.duration`, or raise the limit, for example to `run.limits.events: 100G`"
            }
            false => "give the distribution a finite mean",
        };
        problems.error("run.limits.events", what).advise(help);
        return;
    }
    memory(scenario, Some(load), problems);
    if problems.any_error() {
        return;
    }
    let share = scenario.output.requests.map_or(0.0, |share| share.fraction);
    let traced = load.requests * share * TRACED_B;
    let others: f64 =
        Sizes::of(scenario).memory(scenario, Some(load)).iter().map(|part| part.bytes).sum();
    if traced > 0.0 && traced + others > limits.memory.0 as f64 {
        let what = format!(
            "about {} requests would be stored to be written individually, {} of memory, more than the limit `run.limits.memory` of {}",
            rounded(load.requests * share),
            size(traced),
            limits.memory
        );
        problems.error("output.requests", what).advise("write a smaller share of the requests");
    }
}

/// Formats a number that may be very large or infinite.
fn rounded(number: f64) -> String {
    match number {
        number if number.is_infinite() => "infinitely many".to_string(),
        number if number >= 1e15 => fixed(number, 0),
        number => value(number.round(), "1"),
    }
}

fn size(bytes: f64) -> String {
    value(bytes, "B")
}

/// Formats a size above a limit with enough digits to tell the two apart, at least as many as
/// [`size`]: `4.0004 GiB` for a limit of 4 GiB.
fn size_over(bytes: f64, limit: f64) -> String {
    let (unit, word) = unit_for(bytes, "B");
    let (over, least) = ((bytes - limit) / unit, decimals(bytes / unit, 3));
    // In binary, a thousandth is slightly less than 0.001.
    let needed = if over > 0.0 {
        (-(over * (1.0 + 1e-9)).log10().floor()).clamp(0.0, 12.0) as usize
    } else {
        0
    };
    format!("{}{word}", fixed(bytes / unit, least.max(needed)))
}

/// Returns the number of series of a window, as if each workload had those of its quantiles too.
fn series(workloads: f64, instances: f64, links: f64) -> f64 {
    let of_workload = (WORKLOAD_SERIES.len() + QUANTILE_SERIES.len()) as f64;
    of_workload * workloads + INSTANCE_GAUGES.len() as f64 * instances + links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_over_a_limit_has_the_digits_that_tell_it_apart() {
        // By hand: a tenth, a thousandth and a hundred-thousandth of a GiB above, and sizes for
        // which three digits suffice.
        let gib = (1u64 << 30) as f64;
        let sizes = [4.1, 4.001, 4.000_01, 6.97, 23.9].map(|size| size_over(size * gib, 4.0 * gib));
        assert_eq!(sizes, ["4.10 GiB", "4.001 GiB", "4.00001 GiB", "6.97 GiB", "23.9 GiB"]);
    }
}

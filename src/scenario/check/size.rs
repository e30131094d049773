//! How large a scenario may be: found before anything of its size is built or simulated.
//!
//! Law: `run.limits.memory` bounds what one replication and the results keep, from the sizes of
//! their parts below (measured, within a factor of 1.5 of the resident set: `benches/size.rs`).
//! Entities and windows are counted; what durations take comes of how many flow balance expects
//! where. `run.limits.events` bounds the requests and steps that flow balance expects of a
//! replication. Both are named when they are reached, with what to change. What is reached only by
//! chance is for the run to find.
//! Checked: `tests/it/hostile`, under a limit of address space.

use super::names::calls;
use crate::fault::Fault;
use crate::problem::Problems;
use crate::scenario::estimate::Load;
use crate::scenario::{Machine, PHASES_MAX, Runtime, Scenario, changes};
use crate::units::format::{count, decimals, fixed, unit_for, value};
use crate::units::{Count, Span};
use indexmap::IndexSet;

/// Instances that all faults together may touch, each counted once for every fault.
const TOUCHED_MAX: u64 = 100_000;
/// More faults than this are probably a slip.
const FAULTS_MAX: usize = 10_000;

/// Bytes of a request in flight, with its place in a queue and its events.
const REQUEST_B: f64 = 256.0;
/// Bytes of an instance besides its histogram: its entity, its names, its tally.
const INSTANCE_B: f64 = 1_800.0;
/// Bytes of a worker: an entity with its queue.
const WORKER_B: f64 = 170.0;
/// Bytes of a link: an entity with its gauge, and its tally.
const LINK_B: f64 = 500.0;
/// Bytes of a flow, a workload or an endpoint besides its histogram.
const FLOW_B: f64 = 600.0;
/// Bytes of a flow of a workload in a phase, with the counts of its outcomes and an empty
/// histogram.
const PHASE_B: f64 = 460.0;
/// Bytes of a request written one by one: in the record of a replication, and in the one that is
/// being written meanwhile.
const TRACED_B: f64 = 280.0;
/// Bytes of a value of a window: in the two records, and its mean over the replications.
const VALUE_B: f64 = 80.0;
/// Bytes of a metric: its names, here and in the results, and a value for every replication.
const METRIC_B: f64 = 850.0;
const METRIC_OF_REPLICATION_B: f64 = 24.0;
/// Metrics of a workload or an endpoint, of a service or an instance, of a link.
const METRICS_OF: [f64; 3] = [29.0, 18.0, 4.0];
/// Durations of which a histogram makes counts; of fewer it keeps each.
const COUNTED_FROM: f64 = 200.0;
/// Bytes of a bucket with something in it, where it is handed on or kept one by one; of the buckets
/// of a power of two; and of one of those that join 32.
const FILLED_B: f64 = 24.0;
const POWER_B: f64 = 8_192.0;
const COARSE_B: f64 = 16.0;

/// Metrics of a phase for each workload.
const METRICS_OF_PHASE: f64 = 20.0;

/// What there is how many of.
struct Sizes {
    instances: u64,
    workers: u64,
    endpoints: u64,
    links: u64,
    /// Pairs of a workload, or the calls, and an endpoint: each has its histogram.
    flows: u64,
    /// Those of workloads, each of which has one in every phase.
    sent: u64,
    of_services: Vec<OfService>,
}

/// The same of one service.
struct OfService {
    instances: u64,
    endpoints: u64,
}

impl Sizes {
    fn of(scenario: &Scenario) -> Sizes {
        let mut sizes = Sizes {
            instances: 0,
            workers: 0,
            endpoints: 0,
            links: 0,
            flows: 0,
            sent: 0,
            of_services: Vec::new(),
        };
        let mut called: IndexSet<&str> = IndexSet::new();
        for service in scenario.services.values() {
            let replicas =
                if service.instances.is_empty() { u64::from(service.replicas) } else { 0 };
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
                called.extend(calls(&endpoint.steps).map(|(_, call)| call.to.as_str()));
            }
            sizes
                .of_services
                .push(OfService { instances, endpoints: sizes.endpoints - endpoints_before });
        }
        for workload in scenario.workload.values() {
            let mut targets = workload.to.iter().chain(workload.mix.keys());
            sizes.flows += targets.clone().count() as u64;
            // Where a service is named, any endpoint may come of it.
            sizes.flows += if targets.any(|to| scenario.services.contains_key(to)) {
                sizes.endpoints
            } else {
                0
            };
            sizes.links += workload.via.len() as u64;
        }
        sizes.sent = sizes.flows;
        sizes.flows += called.len() as u64;
        // Both ways of what is written; with `default` also of what messages cross anyway.
        let crossed =
            if scenario.links.contains_key("default") { sizes.links + sizes.flows } else { 0 };
        sizes.links = 2 * (scenario.links.len() as u64 + crossed);
        sizes
    }

    /// What takes memory, the largest first; what durations take only if it is known how many there
    /// are.
    fn memory(&self, scenario: &Scenario, load: Option<&Load>) -> Vec<Part> {
        let run = &scenario.run;
        let workloads = scenario.workload.len() as f64;
        let (instances, links, flows) =
            (self.instances as f64, self.links as f64, self.flows as f64);
        let served = (self.endpoints as f64).min(flows);
        let window = scenario.output.window(run.duration).0.max(1);
        let windows = run.duration.0.div_ceil(window) as f64;
        let in_flight = load.map_or(0.0, |load| pool(load.requests, run.limits.in_flight.0 as f64));
        let values = windows * (7.0 * workloads + 7.0 * instances + links);
        let replications = f64::from(run.replications.most());
        let phases = match changes(scenario).len() {
            0 => 0.0,
            changes => (2 * changes + 1).min(PHASES_MAX) as f64,
        };
        let histograms = Histograms { longest: run.duration, replications };
        let (mut latencies, mut lags) =
            (FLOW_B * (flows + workloads + served) + PHASE_B * phases * self.sent as f64, 0.0);
        if let Some(load) = load {
            latencies += histograms.bytes(workloads, workloads, load.requests)
                + histograms.filled(phases * self.sent as f64, load.requests)
                + histograms.made(phases * workloads, load.requests);
            for (own, expected) in self.of_services.iter().zip(&load.services) {
                let requests = expected.rate * run.duration.seconds();
                let part = own.endpoints as f64 / (self.endpoints as f64).max(1.0);
                latencies += histograms.bytes(flows * part, served * part, requests);
                // As many bursts a request as there are events a request, on average; and as many
                // of them wait as find the cores busy.
                let waits =
                    requests * load.events / load.requests.max(1.0) * expected.utilisation.min(1.0);
                lags += histograms.bytes(own.instances as f64, own.instances as f64 + 1.0, waits);
            }
        }
        let machines = lags + INSTANCE_B * instances + WORKER_B * self.workers as f64;
        let metrics = METRICS_OF[0] * (workloads + self.endpoints as f64)
            + METRICS_OF_PHASE * phases * workloads
            + METRICS_OF[1] * (scenario.services.len() as f64 + instances)
            + METRICS_OF[2] * links;
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
                "have fewer `replicas` or `workers`",
            ),
            part(
                "workload",
                latencies,
                match self.flows {
                    1 => "the latencies of a workload and an endpoint".to_string(),
                    flows => format!(
                        "the latencies of {} of a workload and an endpoint",
                        count(flows, "pair")
                    ),
                },
                "send workloads to fewer endpoints",
            ),
            part(
                // Where no windows are asked for, it is the number of services that makes them
                // many.
                if scenario.output.series.is_some() { "output.series" } else { "services" },
                VALUE_B * values,
                format!(
                    "{} of {}",
                    count(windows as u64, "window"),
                    count((values / windows.max(1.0)) as u64, "value")
                ),
                "write longer windows with `output.series`",
            ),
            part(
                "run.replications",
                metrics * (METRIC_B + METRIC_OF_REPLICATION_B * replications),
                format!(
                    "about {} of each of {}",
                    count(metrics as u64, "number"),
                    count(u64::from(run.replications.most()), "replication")
                ),
                "run fewer replications",
            ),
            part("links", LINK_B * links, count(self.links, "link"), "give fewer links"),
        ];
        parts.sort_by(|a, b| b.bytes.total_cmp(&a.bytes));
        parts
    }
}

/// Something that takes memory.
struct Part {
    /// What in the scenario it comes of.
    path: &'static str,
    bytes: f64,
    what: String,
    help: &'static str,
}

/// Places of the pool of requests, if no more are in flight than come: it is doubled until it is
/// large enough, and has no more than the limit.
fn pool(requests: f64, limit: f64) -> f64 {
    if requests > 0.0 { 2f64.powf(requests.log2().ceil()).min(limit) } else { 0.0 }
}

/// What the histograms of a run take.
struct Histograms {
    longest: Span,
    replications: f64,
}

impl Histograms {
    /// So many that are recorded, and so many made of them (a workload is the sum of its flows),
    /// with so many durations in a replication, spread evenly.
    fn bytes(&self, recorded: f64, made: f64, durations: f64) -> f64 {
        self.counts(recorded, durations)
            + self.filled(recorded, durations)
            + self.made(made, durations)
    }
    /// So many made of those that are handed on: now and of the replication before; all
    /// replications together, and once more to be asked; and of the first 32 replications a coarse
    /// one each, for the intervals of quantiles.
    fn made(&self, made: f64, durations: f64) -> f64 {
        let coarse =
            |durations: f64| COARSE_B * self.buckets(durations).min(32.0 * self.powers(durations));
        let all = durations * self.replications;
        2.0 * self.filled(made, durations)
            + self.counts(made, all)
            + self.filled(made, all)
            + self.replications.min(32.0) * evenly(made, durations, coarse)
    }
    /// So many where durations are counted.
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
    /// So many that are handed on.
    fn filled(&self, histograms: f64, durations: f64) -> f64 {
        evenly(histograms, durations, |durations| FILLED_B * self.buckets(durations))
    }
    /// Powers of two that so many durations reach over: the rarest of a thousand are a thousandth
    /// of the others, or ten times as long.
    fn powers(&self, durations: f64) -> f64 {
        let most = f64::from((64 - self.longest.0.leading_zeros()).saturating_sub(11) + 2);
        most.min(durations.max(1.0).log2() * 0.75 + 3.0)
    }
    /// Buckets with something in them.
    fn buckets(&self, durations: f64) -> f64 {
        durations.min(400.0 * self.powers(durations))
    }
}

/// What so many histograms take, among which durations are spread evenly, from what one of them
/// does.
fn evenly(histograms: f64, durations: f64, bytes: impl Fn(f64) -> f64) -> f64 {
    if histograms > 0.0 && durations > 0.0 {
        histograms * bytes(durations / histograms)
    } else {
        0.0
    }
}

/// Whether it is too large to be looked at more closely. That is told, unless something else is
/// wrong, of which it may come.
pub fn is_too_large(scenario: &Scenario, problems: &mut Problems) -> bool {
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
    let help = format!(
        "{}, or allow every thread more with `--set run.limits.memory={enough}GiB`",
        parts[0].help
    );
    problems.error(parts[0].path, what).advise(help);
}

fn faults(scenario: &Scenario, problems: &mut Problems) {
    if scenario.faults.len() > FAULTS_MAX {
        let what = format!(
            "a scenario has at most {} faults, not {}",
            Count(FAULTS_MAX as u64),
            scenario.faults.len()
        );
        problems.error("faults", what).advise("let fewer faults last longer");
        return;
    }
    let touched = |target: &str| {
        scenario
            .services
            .get(target)
            .map_or(1, |service| u64::from(service.replicas).max(service.instances.len() as u64))
    };
    let touches = scenario.faults.iter().map(|fault| match fault {
        Fault::Crash(fault) => touched(&fault.target),
        Fault::Slow(fault) => touched(&fault.target),
        Fault::Degrade(_) | Fault::Errors(_) => 1,
    });
    let touches: u64 = touches.sum();
    if touches > TOUCHED_MAX {
        let what =
            format!("faults hit {touches} instances in all, and at most {}", Count(TOUCHED_MAX));
        problems
            .error("faults", what)
            .advise("let fewer faults last longer, or have fewer `replicas`");
    }
}

/// Notes what flow balance expects to be too much.
pub fn check_load(scenario: &Scenario, load: &Load, problems: &mut Problems) {
    let limits = &scenario.run.limits;
    let expected = f64::max(load.requests + load.events, load.of_one);
    if expected > limits.events.0 as f64 {
        let what = format!(
            "about {} requests and steps are to be expected in each replication, more than the limit `run.limits.events` of {}",
            rounded(expected),
            limits.events
        );
        let help = match expected.is_finite() {
            true => {
                "lower the rate, shorten `run.duration`, or allow more with `--set run.limits.events=100G`"
            }
            false => "give the distribution a mean that is finite",
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
            "about {} requests would be kept to be written one by one, {} of memory, more than the limit `run.limits.memory` of {}",
            rounded(load.requests * share),
            size(traced),
            limits.memory
        );
        problems.error("output.requests", what).advise("write a smaller share of them");
    }
}

/// A number that may be very large.
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

/// A size above a limit, in as many digits as tell the two apart, and never fewer than [`size`]
/// gives: `4.0004 GiB`, of 4 GiB.
fn size_over(bytes: f64, limit: f64) -> String {
    let (unit, word) = unit_for(bytes, "B");
    let (over, least) = ((bytes - limit) / unit, decimals(bytes / unit, 3));
    // A thousandth is a hair less than that in binary.
    let telling = if over > 0.0 {
        (-(over * (1.0 + 1e-9)).log10().floor()).clamp(0.0, 12.0) as usize
    } else {
        0
    };
    format!("{}{word}", fixed(bytes / unit, least.max(telling)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_over_a_limit_has_the_digits_that_tell_it_apart() {
        // By hand: a tenth, a thousandth and a hundred-thousandth of a GiB too much, and so much
        // that three digits do.
        let gib = (1u64 << 30) as f64;
        let said = [4.1, 4.001, 4.000_01, 6.97, 23.9].map(|size| size_over(size * gib, 4.0 * gib));
        assert_eq!(said, ["4.10 GiB", "4.001 GiB", "4.00001 GiB", "6.97 GiB", "23.9 GiB"]);
    }
}

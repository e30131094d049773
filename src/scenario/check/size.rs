//! How large a scenario may be: found before anything of its size is built or simulated.
//!
//! Law: `run.limits.memory` bounds what one replication and the results keep, from the sizes of their parts below (measured; an upper bound, where
//! histograms reach up to the length of the run). `run.limits.events` bounds the requests and steps that flow balance expects of a
//! replication. Both are named when they are reached, with what to change. What is reached only by chance is for the run to find.
//! Checked: `tests/it/hostile`, under a limit of address space.

use super::names::calls;
use crate::fault::Fault;
use crate::problem::Problems;
use crate::scenario::estimate::Load;
use crate::scenario::{Machine, Runtime, Scenario, changes};
use crate::units::{Count, Span};
use indexmap::IndexSet;

/// Instances that all faults together may touch, each counted once for every fault.
const TOUCHED_MAX: u64 = 100_000;
/// More faults than this are probably a slip.
const FAULTS_MAX: usize = 10_000;

/// Bytes of a request in flight, with its place in a queue and its events.
const REQUEST_B: f64 = 256.0;
/// Bytes of an instance besides its histogram.
const INSTANCE_B: f64 = 2_000.0;
/// Bytes of a worker: an entity with its queue.
const WORKER_B: f64 = 100.0;
/// Bytes of a link: an entity with its gauge, and its tally.
const LINK_B: f64 = 500.0;
/// Bytes of a request written one by one: in the record of a replication, and in the one that is being written meanwhile.
const TRACED_B: f64 = 280.0;
/// Bytes of a value of a window: in the two records, and its mean over the replications.
const VALUE_B: f64 = 80.0;
/// Bytes of a metric: its names, and a value and a weight for every replication.
const METRIC_B: f64 = 250.0;
const METRIC_OF_REPLICATION_B: f64 = 24.0;
/// Metrics of a workload or an endpoint, of a service or an instance, of a link.
const METRICS_OF: [f64; 3] = [40.0, 40.0, 10.0];

/// Phases that are told apart, and metrics of each for each workload.
const PHASES_MAX: f64 = 12.0;
const METRICS_OF_PHASE: f64 = 20.0;

/// What there is how many of.
struct Sizes {
    instances: u64,
    workers: u64,
    endpoints: u64,
    links: u64,
    /// Pairs of a workload, or the calls, and an endpoint: each has its histogram.
    flows: u64,
}

impl Sizes {
    fn of(scenario: &Scenario) -> Sizes {
        let mut sizes = Sizes { instances: 0, workers: 0, endpoints: 0, links: 0, flows: 0 };
        let mut called: IndexSet<&str> = IndexSet::new();
        for service in scenario.services.values() {
            let replicas = if service.instances.is_empty() { u64::from(service.replicas) } else { 0 };
            sizes.instances += replicas + service.instances.len() as u64;
            let workers = |runtime: &Runtime, machine: &Machine| u64::from(runtime.workers(machine.cpu).0);
            sizes.workers += replicas * workers(&service.runtime, &service.instance);
            sizes.workers += service.instances.values().map(|spec| workers(&spec.runtime, &spec.instance)).sum::<u64>();
            for endpoint in service.endpoints.values().chain(service.instances.values().flat_map(|spec| spec.endpoints.values())) {
                sizes.endpoints += 1;
                called.extend(calls(&endpoint.steps).map(|(_, call)| call.to.as_str()));
            }
        }
        for workload in scenario.workload.values() {
            let mut targets = workload.to.iter().chain(workload.mix.keys());
            sizes.flows += targets.clone().count() as u64;
            // Where a service is named, any endpoint may come of it.
            sizes.flows += if targets.any(|to| scenario.services.contains_key(to)) { sizes.endpoints } else { 0 };
            sizes.links += workload.via.len() as u64;
        }
        sizes.flows += called.len() as u64;
        // Both ways of what is written; with `default` also of what messages cross anyway.
        let crossed = if scenario.links.contains_key("default") { sizes.links + sizes.flows } else { 0 };
        sizes.links = 2 * (scenario.links.len() as u64 + crossed);
        sizes
    }

    /// What takes memory, the largest first.
    fn memory(&self, scenario: &Scenario) -> Vec<Part> {
        let run = &scenario.run;
        let (workloads, services) = (scenario.workload.len() as f64, scenario.services.len() as f64);
        let (instances, links, flows) = (self.instances as f64, self.links as f64, self.flows as f64);
        let served = (self.endpoints as f64).min(flows);
        let window = scenario.output.window(run.duration).0.max(1);
        let windows = run.duration.0.div_ceil(window) as f64;
        let values = windows * (7.0 * workloads + 7.0 * instances + links);
        let histogram = histogram_bytes(run.duration);
        let replications = f64::from(run.replications.most());
        // One where it is recorded, one of the replication before, one while that is folded, one of all replications; and of the first 32
        // replications a coarse one each, for the intervals of quantiles.
        let coarse = replications.min(32.0) / 16.0;
        let phases = (2.0 * changes(scenario).len() as f64 + 1.0).min(PHASES_MAX) * workloads;
        let latencies =
            histogram * (2.0 * flows + (2.0 + coarse) * (workloads + served + phases)) + 4.0 * workloads * self.endpoints as f64;
        let lags = histogram * (2.0 * (services + 2.0 * instances) + coarse * (services + instances));
        let machines = lags + INSTANCE_B * instances + WORKER_B * self.workers as f64;
        let metrics = METRICS_OF[0] * (workloads + self.endpoints as f64)
            + METRICS_OF_PHASE * phases
            + METRICS_OF[1] * (services + instances)
            + METRICS_OF[2] * links;
        let part = |path, bytes, what, help| Part { path, bytes, what, help };
        let mut parts = vec![
            part(
                "run.limits.in_flight",
                REQUEST_B * run.limits.in_flight.0 as f64,
                format!("{} requests in flight", run.limits.in_flight),
                "lower `run.limits.in_flight`",
            ),
            part(
                "services",
                machines,
                format!("{} instances with {} workers", self.instances, self.workers),
                "have fewer `replicas` or `workers`",
            ),
            part(
                "workload",
                latencies,
                format!("the latencies of {} pairs of a workload and an endpoint", self.flows),
                "send workloads to fewer endpoints",
            ),
            part(
                "output.series",
                VALUE_B * values,
                format!("{windows} windows of {} values", values / windows.max(1.0)),
                "write longer windows with `output.series`",
            ),
            part(
                "run.replications",
                metrics * (METRIC_B + METRIC_OF_REPLICATION_B * replications),
                format!("about {metrics} numbers of each of {} replications", run.replications.most()),
                "run fewer replications",
            ),
            part("links", LINK_B * links, format!("{} links", self.links), "give fewer links"),
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

/// Bytes of a histogram that has seen a duration: 1024 counts for each power of two from 2^10 ns up.
fn histogram_bytes(longest: Span) -> f64 {
    let powers = (64 - longest.0.leading_zeros()).saturating_sub(11) + 2;
    f64::from(powers) * 8192.0
}

/// Whether it is too large to be looked at more closely. That is told, unless something else is wrong, of which it may come.
pub fn is_too_large(scenario: &Scenario, problems: &mut Problems) -> bool {
    let mut found = Problems::default();
    memory(scenario, &mut found);
    faults(scenario, &mut found);
    let is_too_large = found.any_error();
    if !problems.any_error() {
        problems.list.extend(found.list);
    }
    is_too_large
}

fn memory(scenario: &Scenario, problems: &mut Problems) {
    let parts = Sizes::of(scenario).memory(scenario);
    let total: f64 = parts.iter().map(|part| part.bytes).sum();
    let limit = scenario.run.limits.memory;
    if total <= limit.0 as f64 {
        return;
    }
    let most: Vec<String> = parts.iter().take(2).map(|part| format!("{} for {}", gigabytes(part.bytes), part.what)).collect();
    let what = format!(
        "a replication may keep {} in memory, more than the limit `run.limits.memory` of {limit}: {}",
        gigabytes(total),
        most.join(", ")
    );
    let enough = (total / (1u64 << 30) as f64).ceil();
    let help = format!("{}, or allow every thread more with `--set run.limits.memory={enough}GiB`", parts[0].help);
    problems.error(parts[0].path, what).advise(help);
}

fn faults(scenario: &Scenario, problems: &mut Problems) {
    if scenario.faults.len() > FAULTS_MAX {
        let what = format!("a scenario has at most {} faults, not {}", Count(FAULTS_MAX as u64), scenario.faults.len());
        problems.error("faults", what).advise("let fewer faults last longer");
        return;
    }
    let touched =
        |target: &str| scenario.services.get(target).map_or(1, |service| u64::from(service.replicas).max(service.instances.len() as u64));
    let touches = scenario.faults.iter().map(|fault| match fault {
        Fault::Crash(fault) => touched(&fault.target),
        Fault::Slow(fault) => touched(&fault.target),
        Fault::Degrade(_) | Fault::Errors(_) => 1,
    });
    let touches: u64 = touches.sum();
    if touches > TOUCHED_MAX {
        let what = format!("faults hit {touches} instances in all, and at most {}", Count(TOUCHED_MAX));
        problems.error("faults", what).advise("let fewer faults last longer, or have fewer `replicas`");
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
            true => "lower the rate, shorten `run.duration`, or allow more with `--set run.limits.events=100G`",
            false => "give the distribution a mean that is finite",
        };
        problems.error("run.limits.events", what).advise(help);
        return;
    }
    let share = scenario.output.requests.map_or(0.0, |share| share.fraction);
    let traced = load.requests * share * TRACED_B;
    let others: f64 = Sizes::of(scenario).memory(scenario).iter().map(|part| part.bytes).sum();
    if traced > 0.0 && traced + others > limits.memory.0 as f64 {
        let what = format!(
            "about {} requests would be kept to be written one by one, {} of memory, more than the limit `run.limits.memory` of {}",
            rounded(load.requests * share),
            gigabytes(traced),
            limits.memory
        );
        problems.error("output.requests", what).advise("write a smaller share of them");
    }
}

/// A number that may be very large: `6.3·10^12`.
fn rounded(number: f64) -> String {
    if number.is_infinite() {
        return "infinitely many".to_string();
    }
    if number < 1e4 {
        return format!("{number:.0}");
    }
    let power = number.log10().floor();
    format!("{:.1}·10^{power}", number / 10f64.powf(power))
}

fn gigabytes(bytes: f64) -> String {
    match bytes {
        b if b >= 1e15 => format!("10^{:.0} GB", (b * 1e-9).log10()),
        b if b >= 1e9 => format!("{:.1} GB", b * 1e-9),
        b => format!("{:.0} MB", b * 1e-6),
    }
}

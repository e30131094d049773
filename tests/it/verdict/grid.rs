//! A grid of systems that are known to keep up or not, with counts of their verdicts.

use asyncflow::experiment::{Outlook, Results};
use asyncflow::scenario;
use rayon::prelude::*;

/// The truth about a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// No queue grows without bound: the verdict "overloaded" is a false alarm.
    Holds,
    /// A queue grows without bound: the verdict "keeps up" is false calm.
    Fails,
    /// Neither holds by the end of the run: both verdicts are false.
    Neither,
}

/// A system.
#[derive(Clone, Debug)]
pub struct Case {
    pub group: &'static str,
    pub name: String,
    pub yaml: String,
    pub truth: Truth,
    /// A load of at most 95 % or at least 105 %, in a run of 20 relaxation times or more: there
    /// must be a verdict.
    pub is_clear: bool,
}

/// Counts of the verdicts of a group of runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub runs: u64,
    pub false_alarms: u64,
    pub false_calm: u64,
    pub cannot_tell: u64,
    /// Runs of clear cases, and the number of those without a verdict.
    pub clear: u64,
    pub clear_not_told: u64,
}

impl Tally {
    pub fn with(self, other: Tally) -> Tally {
        Tally {
            runs: self.runs + other.runs,
            false_alarms: self.false_alarms + other.false_alarms,
            false_calm: self.false_calm + other.false_calm,
            cannot_tell: self.cannot_tell + other.cannot_tell,
            clear: self.clear + other.clear,
            clear_not_told: self.clear_not_told + other.clear_not_told,
        }
    }
}

/// Runs a case with a seed and a number of replications, and counts its verdict.
pub fn tally(case: &Case, seed: u64, replications: u32) -> Tally {
    let mut scenario = scenario::from_yaml(&case.yaml)
        .unwrap_or_else(|problems| panic!("{}: {problems}", case.name));
    scenario.run.seed = seed;
    scenario.run.replications = scenario::Replications::Fixed(replications);
    let results = asyncflow::Experiment::new(&scenario)
        .threads(std::num::NonZero::<usize>::MIN)
        .run()
        .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let (alarm, calm) = (is_alarm(&results), is_calm(&results));
    let open = !alarm
        && results.verdicts.iter().any(|verdict| matches!(verdict.outlook, Outlook::CannotTell(_)));
    Tally {
        runs: 1,
        false_alarms: u64::from(alarm && case.truth != Truth::Fails),
        false_calm: u64::from(calm && case.truth != Truth::Holds),
        cannot_tell: u64::from(open),
        clear: u64::from(case.is_clear),
        clear_not_told: u64::from(case.is_clear && open),
    }
}

/// The counts of each group.
pub struct Counted {
    pub groups: Vec<(&'static str, Tally)>,
    /// Every run with a wrong verdict, or without a verdict for a clear case.
    pub wrong: Vec<String>,
}

/// Runs all cases with each of the seeds and numbers of replications.
pub fn count(cases: &[Case], seeds: &[u64], replications: &[u32]) -> Counted {
    let runs: Vec<(usize, u64, u32)> = (0..cases.len())
        .flat_map(|case| {
            seeds.iter().flat_map(move |&seed| {
                replications.iter().map(move |&replications| (case, seed, replications))
            })
        })
        .collect();
    let each: Vec<Tally> = runs
        .par_iter()
        .map(|&(case, seed, replications)| tally(&cases[case], seed, replications))
        .collect();
    let (mut groups, mut wrong): (Vec<(&'static str, Tally)>, Vec<String>) =
        (Vec::new(), Vec::new());
    for ((case, seed, replications), tally) in runs.iter().zip(each) {
        let group = cases[*case].group;
        for (count, what) in [
            (tally.false_alarms, "false alarm"),
            (tally.false_calm, "false calm"),
            (tally.clear_not_told, "not told"),
        ] {
            if count > 0 {
                wrong.push(format!(
                    "{what}: {group}, {}, seed {seed}, {replications} replications",
                    cases[*case].name
                ));
            }
        }
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, sum)) => *sum = sum.with(tally),
            None => groups.push((group, tally)),
        }
    }
    Counted { groups, wrong }
}

fn is_alarm(results: &Results) -> bool {
    results.verdicts.iter().any(|verdict| matches!(verdict.outlook, Outlook::Overloaded(_)))
}

/// Returns whether all workloads are reported to keep up; with many failed requests, the failures
/// are reported instead.
fn is_calm(results: &Results) -> bool {
    let errors = |workload: &str| {
        results
            .find("workload", workload, "error_ratio", "mean")
            .map_or(0.0, |row| row.estimate.estimate)
    };
    results.verdicts.iter().all(|verdict| {
        verdict.outlook == Outlook::KeepsUp
            && (errors(&verdict.workload) < 0.05 || errors(&verdict.workload).is_nan())
    })
}

/// Returns a scenario with requests to `api.x` at a rate (1/s) or in stages, for a run of
/// `seconds`, with the given services.
fn scenario_of(seconds: f64, rate: &str, services: &str, faults: &str) -> String {
    format!(
        "version: 1
name: grid
run: {{ duration: {seconds}s }}
workload: {{ users: {{ to: api.x, open: {rate} }} }}
services:
{services}
{faults}"
    )
}

fn steady(rate: f64) -> String {
    format!("{{ rate: {rate}/s }}")
}

/// One core that serves 100/s, with exponential service times.
const ONE: &str = "  api: { runtime: { tasks: {} }, endpoints: { x: [ cpu: { exp: 10ms } ] } }";

/// Returns the relaxation time, in seconds, of a queue served at 100/s, at a load other than 1
/// (Morse 1955).
fn settles_s(load: f64) -> f64 {
    1.0 / (100.0 * (1.0 - load.sqrt()).powi(2))
}

/// Returns the throughput, per second, of a closed network with `customers`, one server of mean
/// demand `demand_s`, and a delay, by exact mean value analysis (Reiser, Lavenberg 1980).
pub fn closed_throughput(customers: u32, demand_s: f64, delay_s: f64) -> f64 {
    let (mut queue, mut rate) = (0.0, 0.0);
    for n in 1..=customers {
        let response_s = demand_s * (1.0 + queue);
        rate = f64::from(n) / (response_s + delay_s);
        queue = rate * response_s;
    }
    rate
}

/// Returns the whole grid.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |group, name: String, yaml: String, truth, is_clear| {
        cases.push(Case { group, name, yaml, truth, is_clear })
    };
    for load in [0.90, 0.95, 0.98, 0.99, 0.999, 1.001, 1.01, 1.05] {
        let truth = if load > 1.0 { Truth::Fails } else { Truth::Holds };
        let edge = (load - 1.0f64).abs() > 0.049;
        for seconds in [0.3, 3.0, 30.0] {
            add(
                "one queue, short runs",
                format!("{load} for {seconds} s"),
                scenario_of(seconds, &steady(load * 100.0), ONE, ""),
                truth,
                false,
            );
        }
        let seconds = if edge { 21.0 * settles_s(load) } else { 200.0 };
        add(
            "one queue, long runs",
            format!("{load} for {seconds:.0} s"),
            scenario_of(seconds, &steady(load * 100.0), ONE, ""),
            truth,
            edge,
        );
        let four = "  api: { instance: { cpu: 4 }, runtime: { event_loop: { workers: 4 } }, endpoints: { x: [ cpu: { exp: 40ms } ] } }";
        add(
            "four event loops",
            format!("{load}"),
            scenario_of(60.0, &steady(load * 100.0), four, ""),
            truth,
            false,
        );
        let behind = "  api: { endpoints: { x: [ cpu: 1ms, call: { to: db.q, timeout: 1s } ] } }
  db: { runtime: { tasks: {} }, endpoints: { q: [ cpu: { exp: 10ms } ] } }";
        add(
            "behind a call with a timeout",
            format!("{load}"),
            scenario_of(60.0, &steady(load * 100.0), behind, ""),
            truth,
            false,
        );
        let places = "  api: { max_in_flight: 10, endpoints: { x: [ wait: { exp: 100ms } ] } }";
        add(
            "places",
            format!("{load}"),
            scenario_of(60.0, &steady(load * 100.0), places, ""),
            truth,
            false,
        );
        let memory = "  api: { instance: { memory: 100MiB }, endpoints: { x: [ memory: 10MiB, wait: { exp: 100ms } ] } }";
        add(
            "memory",
            format!("{load}"),
            scenario_of(60.0, &steady(load * 100.0), memory, ""),
            truth,
            false,
        );
        // Four places, one core of 10 ms, and a wait of 20 ms: their capacity follows from mean
        // value analysis.
        let inside = "  api: { max_in_flight: 4, endpoints: { x: [ cpu: { exp: 10ms }, wait: { exp: 20ms } ] } }";
        let rate = load * closed_throughput(4, 0.010, 0.020);
        add(
            "places that are held while waiting for a core",
            format!("{load}"),
            scenario_of(200.0, &steady(rate), inside, ""),
            truth,
            false,
        );
        let central = "  api: { replicas: 4, balance: central_queue, endpoints: { x: [ cpu: { exp: 40ms } ] } }";
        add(
            "a central queue",
            format!("{load}"),
            scenario_of(60.0, &steady(load * 100.0), central, ""),
            truth,
            false,
        );
        // 10 ms there, 10 ms back, and 100 ms of waiting.
        let through = "  api: { max_in_flight: 12, endpoints: { x: [ call: db.q ] } }
  db: { endpoints: { q: [ wait: { exp: 100ms } ] } }
links: { api -> db: { latency: 10ms } }";
        add(
            "places held through a call",
            format!("{load}"),
            scenario_of(60.0, &steady(load * 100.0), through, ""),
            truth,
            false,
        );
        // A share 1 − e^(−1/2) of the calls is answered in time; only those compute.
        let given_up = "  api: { runtime: { tasks: {} }, endpoints: { x: [ call: { to: db.q, timeout: 50ms }, cpu: { exp: 10ms } ] } }
  db: { endpoints: { q: [ wait: { exp: 100ms } ] } }";
        let rate = load * 100.0 / (1.0 - (-0.5f64).exp());
        add(
            "computing behind calls that are given up",
            format!("{load}"),
            scenario_of(60.0, &steady(rate), given_up, ""),
            truth,
            false,
        );
        // Half of the calls are lost on the way, and half of the responses on the way back: a
        // quarter computes.
        let lossy = "  api: { runtime: { tasks: {} }, endpoints: { x: [ call: db.q, cpu: { exp: 10ms } ] } }
  db: { endpoints: { q: [ wait: 5ms ] } }
links: { api -> db: { latency: 1ms, loss: 50% } }";
        add(
            "behind links that lose",
            format!("{load}"),
            scenario_of(60.0, &steady(load * 400.0), lossy, ""),
            truth,
            false,
        );
        let errors = "faults: [ errors: { target: api.x, rate: 60%, at: 1s } ]";
        add(
            "requests that a fault fails",
            format!("{load}"),
            scenario_of(60.0, &steady(load * 250.0), ONE, errors),
            truth,
            false,
        );
        // Places for a closed network of 29 requests and three cores: 29/31 of a core's capacity
        // (balanced, exponential: Reiser, Lavenberg 1980).
        let stations =
            "  api: { max_in_flight: 29, endpoints: { x: [ call: a.q, call: b.q, call: c.q ] } }
  a: { endpoints: { q: [ cpu: { exp: 9.5ms } ] } }
  b: { endpoints: { q: [ cpu: { exp: 9.5ms } ] } }
  c: { endpoints: { q: [ cpu: { exp: 9.5ms } ] } }";
        let rate = load * 29.0 / 31.0 / 0.0095;
        add(
            "places in front of busy services",
            format!("{load}"),
            scenario_of(200.0, &steady(rate), stations, ""),
            truth,
            false,
        );
        let batches =
            format!("{{ rate: {}/s, arrivals: {{ batch: {{ size: 10 }} }} }}", load * 10.0);
        add("batches", format!("{load}"), scenario_of(60.0, &batches, ONE, ""), truth, false);
        let regular = format!("{{ rate: {}/s, arrivals: regular }}", load * 100.0);
        add(
            "regular arrivals",
            format!("{load}"),
            scenario_of(60.0, &regular, ONE, ""),
            truth,
            false,
        );
    }
    for (wait, seconds, truth) in [
        (60.0, 50.0, Truth::Neither),
        (60.0, 100.0, Truth::Neither),
        (1.0, 60.0, Truth::Holds),
        (0.2, 5.0, Truth::Holds),
    ] {
        let services = format!("  api: {{ endpoints: {{ x: [ wait: {wait}s ] }} }}");
        add(
            "waits only",
            format!("{wait} s in {seconds} s"),
            scenario_of(seconds, &steady(20.0), &services, ""),
            truth,
            false,
        );
    }
    let ramp = |to: f64, over: f64| {
        format!("{{ rate: {{ from: 0/s, stages: [ {{ to: {to}/s, over: {over}s }} ] }} }}")
    };
    add(
        "ramps",
        "to 50 %".into(),
        scenario_of(120.0, &ramp(50.0, 60.0), ONE, ""),
        Truth::Holds,
        false,
    );
    add(
        "ramps",
        "to 90 %".into(),
        scenario_of(120.0, &ramp(90.0, 60.0), ONE, ""),
        Truth::Holds,
        false,
    );
    add(
        "ramps",
        "to 130 %".into(),
        scenario_of(120.0, &ramp(130.0, 60.0), ONE, ""),
        Truth::Fails,
        false,
    );
    add(
        "ramps",
        "to 90 % at the end".into(),
        scenario_of(60.0, &ramp(90.0, 60.0), ONE, ""),
        Truth::Holds,
        false,
    );
    add(
        "ramps",
        "of waits".into(),
        scenario_of(60.0, &ramp(1000.0, 60.0), "  api: { endpoints: { x: [ wait: 1s ] } }", ""),
        Truth::Holds,
        false,
    );
    let burst = |rate: f64, at: f64, lasts: f64| {
        let stages = format!(
            "{{ to: 40/s, over: {at}s }}, {{ to: {rate}/s, over: 0s }}, {{ to: {rate}/s, over: {lasts}s }}, {{ to: 40/s, over: 0s }}"
        );
        format!("{{ rate: {{ from: 40/s, stages: [ {stages} ] }} }}")
    };
    add(
        "bursts",
        "over long ago".into(),
        scenario_of(200.0, &burst(300.0, 30.0, 10.0), ONE, ""),
        Truth::Holds,
        false,
    );
    add(
        "bursts",
        "not worked off".into(),
        scenario_of(60.0, &burst(300.0, 30.0, 20.0), ONE, ""),
        Truth::Neither,
        false,
    );
    add(
        "bursts",
        "just before the end".into(),
        scenario_of(60.0, &burst(300.0, 30.0, 28.0), ONE, ""),
        Truth::Neither,
        false,
    );
    let slow = |at: f64, lasts: f64| {
        format!("faults: [ slow: {{ target: api, factor: 10x, at: {at}s, for: {lasts}s }} ]")
    };
    add(
        "outages",
        "worked off".into(),
        scenario_of(200.0, &steady(50.0), ONE, &slow(50.0, 10.0)),
        Truth::Holds,
        false,
    );
    add(
        "outages",
        "not worked off".into(),
        scenario_of(100.0, &steady(90.0), ONE, &slow(50.0, 20.0)),
        Truth::Neither,
        false,
    );
    add(
        "outages",
        "not over".into(),
        scenario_of(100.0, &steady(90.0), ONE, &slow(90.0, 20.0)),
        Truth::Neither,
        false,
    );
    add(
        "outages",
        "for good".into(),
        scenario_of(
            100.0,
            &steady(90.0),
            ONE,
            "faults: [ slow: { target: api, factor: 2x, at: 50s } ]",
        ),
        Truth::Fails,
        false,
    );
    let crash = "faults: [ crash: { target: api, at: 50s, for: 10s } ]";
    add(
        "outages",
        "a crash".into(),
        scenario_of(100.0, &steady(50.0), ONE, crash),
        Truth::Holds,
        false,
    );
    let errors = "faults: [ errors: { target: api.x, rate: 100%, at: 0s, for: 50s } ]";
    add(
        "outages",
        "errors that end".into(),
        scenario_of(100.0, &steady(50.0), ONE, errors),
        Truth::Holds,
        false,
    );
    let ends =
        "{ rate: { from: 100/s, stages: [ { to: 100/s, over: 20s }, { to: 0/s, over: 0s } ] } }";
    add(
        "nothing answered",
        "all wait".into(),
        scenario_of(60.0, ends, "  api: { endpoints: { x: [ cpu: 5m ] } }", ""),
        Truth::Neither,
        false,
    );
    let full =
        "  api: { max_in_flight: 1, queue: { max: 20 }, endpoints: { x: [ cpu: { exp: 10ms } ] } }";
    add(
        "full queues",
        "150 %".into(),
        scenario_of(60.0, &steady(150.0), full, ""),
        Truth::Neither,
        false,
    );
    add(
        "full queues",
        "50 %".into(),
        scenario_of(60.0, &steady(50.0), full, ""),
        Truth::Holds,
        false,
    );
    let users =
        "{ users: { active: { poisson: { mean: 50, step: 1 } }, each: 90/min, resample: 5s } }";
    let windows = format!(
        "version: 1
name: grid
run: {{ duration: 200s }}
workload: {{ users: {} }}
services:
{ONE}",
        users.replacen("{ users:", "{ to: api.x, users:", 1)
    );
    add("users in windows", "75 %".into(), windows, Truth::Holds, false);
    cases
}

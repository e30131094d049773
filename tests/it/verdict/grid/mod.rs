//! A grid of systems that are known to keep up or not, with counts of their verdicts.

mod changes;
mod loads;

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

/// The cases, in the order in which they are added.
struct Grid(Vec<Case>);

impl Grid {
    fn add(
        &mut self,
        group: &'static str,
        name: String,
        yaml: String,
        truth: Truth,
        is_clear: bool,
    ) {
        self.0.push(Case { group, name, yaml, truth, is_clear });
    }
}

/// Returns the whole grid.
pub fn cases() -> Vec<Case> {
    let mut grid = Grid(Vec::new());
    loads::add_to(&mut grid);
    changes::add_to(&mut grid);
    grid.0
}

//! Counts of how many intervals cover the exact value, over experiments with different seeds.

use super::systems::Known;
use asyncflow::experiment::Results;
use asyncflow::scenario::Scenario;
use asyncflow::stats::Estimate;
use rayon::prelude::*;
use std::ops::Range;

/// The intervals of one metric.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    pub experiments: u32,
    /// Intervals that contain the exact value.
    pub held: u32,
    /// Intervals entirely below it.
    pub below: u32,
    /// Intervals entirely above it.
    pub above: u32,
    /// Sum of the half-widths, as a share of the exact value.
    pub half_widths: f64,
}

impl Count {
    /// Counts an interval. A missing interval (NaN) contains nothing.
    pub fn add(&mut self, estimate: &Estimate, exact: f64) {
        self.experiments += 1;
        self.held += u32::from(estimate.low <= exact && exact <= estimate.high);
        self.below += u32::from(estimate.high < exact);
        self.above += u32::from(estimate.low > exact);
        let scale = if exact == 0.0 { 1.0 } else { exact.abs() };
        self.half_widths += (estimate.high - estimate.low) / 2.0 / scale;
    }
    pub fn share(&self) -> f64 {
        f64::from(self.held) / f64::from(self.experiments)
    }
    pub fn std_error(&self) -> f64 {
        (self.share() * (1.0 - self.share()) / f64::from(self.experiments)).sqrt()
    }
    pub fn half_width(&self) -> f64 {
        self.half_widths / f64::from(self.experiments)
    }
}

/// The counts of the experiments with a scenario.
#[derive(Clone, Debug)]
pub struct Counted {
    /// One count per known value.
    pub counts: Vec<Count>,
    /// The mean number of replications of an experiment.
    pub replications: f64,
}

/// Runs an experiment with each seed, in parallel, and counts the intervals of all known values.
pub fn count(scenario: &Scenario, known: &[Known], seeds: Range<u64>) -> Counted {
    let run = |seed: u64| {
        let mut scenario = scenario.clone();
        scenario.run.seed = seed;
        let results = asyncflow::Experiment::new(&scenario)
            .threads(std::num::NonZero::<usize>::MIN)
            .run()
            .unwrap_or_else(|error| panic!("{error}"));
        let estimates =
            known.iter().map(|known| estimate(&results, known)).collect::<Vec<Estimate>>();
        (results.replications, estimates)
    };
    let experiments: Vec<(u32, Vec<Estimate>)> = seeds.into_par_iter().map(run).collect();
    let mut counts = vec![Count::default(); known.len()];
    for (_, estimates) in &experiments {
        for ((count, known), estimate) in counts.iter_mut().zip(known).zip(estimates) {
            count.add(estimate, known.exact);
        }
    }
    let all: f64 = experiments.iter().map(|(replications, _)| f64::from(*replications)).sum();
    Counted { counts, replications: all / experiments.len() as f64 }
}

fn estimate(results: &Results, known: &Known) -> Estimate {
    let row = results.find(known.kind, known.entity, known.metric, known.stat);
    row.unwrap_or_else(|| panic!("there is no {} {} of {}", known.metric, known.stat, known.entity))
        .estimate
}

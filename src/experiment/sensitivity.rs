//! Which parameters matter? Morris's screening, and Sobol's indices.
//!
//! Law: parameters are drawn over their ranges, independently and evenly (in the logarithm for
//! `log`). Morris (1991): trajectories that change one parameter at a time give the mean absolute
//! effect of its whole range, μ*, and the spread of the effects, σ: large if the parameter
//! interacts, or acts other than in proportion. Sobol: the share of the metric's variance that a
//! parameter explains alone (first order), and with all its interactions (total), from Saltelli's
//! design by Jansen's estimators, with bootstrap intervals (`stats::indices`). All points have the
//! same arrivals and demands, so that a difference between two is the parameter's. What is analysed
//! at a point is the estimate of the metric over its replications.
//! Checked: `tests/it/sensitivity.rs` against the indices of M/M/1; the estimators against
//! Ishigami's and the g-function in `stats/sobol.rs`.

use super::drive::Options;
use super::error::ExperimentError;
use super::results::Row;
use super::run::Progress;
use super::sweep::{Memory, Spec, reduce_all, sweep};
use crate::design::morris::Morris;
use crate::design::saltelli::{Part, Saltelli};
use crate::design::{Points, Vary};
use crate::problem::{Problem, Problems, Severity};
use crate::random::keys::{Key, Salt};
use crate::scenario::{Scenario, Template};
use crate::stats::{self, Effect, Indices};
use indexmap::IndexMap;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Screening with so many trajectories: trajectories · (parameters + 1) points.
    Morris(u32),
    /// Indices from so many groups: groups · (parameters + 2) points.
    Sobol(u32),
}

impl Method {
    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Method::Morris(_) => "morris",
            Method::Sobol(_) => "sobol",
        }
    }
}

/// What one parameter does to the metric.
#[derive(Clone, Debug)]
pub struct Influence {
    /// Its path.
    pub path: String,
    /// Where its range begins and ends, as it is written; of a list the first value and the last.
    pub range: (Value, Value),
    /// By Morris's screening.
    pub effect: Option<Effect>,
    /// By Sobol's indices.
    pub indices: Option<Indices>,
}

/// Whether there is anything to explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variation {
    /// The metric differs from point to point.
    Varies,
    /// It is the same at all points that gave a value.
    Constant,
    /// No point gave a value: nothing was answered, or a limit was reached.
    NoValue,
}

impl Variation {
    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Variation::Varies => "varies",
            Variation::Constant => "does_not_vary",
            Variation::NoValue => "no_value",
        }
    }
}

/// The answer for one metric.
#[derive(Clone, Debug)]
pub struct Sensitivity {
    /// How it was looked for.
    pub method: Method,
    /// `workload`, `endpoint`, `service` …
    pub kind: &'static str,
    /// Its name.
    pub entity: String,
    /// What is measured.
    pub metric: String,
    /// Which statistic of it.
    pub stat: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Points that were run.
    pub points: u64,
    /// Of those, how many gave no value.
    pub unknown: u64,
    /// How many were overloaded: their numbers depend on how long a run is.
    pub overloaded: u64,
    /// The largest share of the requests of the metric's entity that failed at a point: latencies
    /// are of the rest. NaN if it has none.
    pub most_failed: f64,
    /// Whether the metric varies at all.
    pub variation: Variation,
    /// Least and largest value of the metric; NaN without a value.
    pub range: (f64, f64),
    /// By parameter, the most influential first.
    pub parameters: Vec<Influence>,
}

impl Sensitivity {
    /// The metric in full: `ENTITY.METRIC.STATISTIC`.
    pub fn name(&self) -> String {
        format!("{}.{}.{}", self.entity, self.metric, self.stat)
    }
}

/// Groups from which on an interval is told.
const GROUPS_TOLD: u32 = 8;
/// Resamples of the bootstrap.
const RESAMPLES: u32 = 1000;

/// Runs the design and analyses every metric.
///
/// # Errors
/// If a point cannot run, no point has one of the metrics, or no thread can be started. A point
/// that fails gives no value.
pub fn sensitivity(
    template: &Template,
    scenario: &Scenario,
    method: Method,
    metrics: &[String],
    options: Options,
    show: &mut dyn FnMut(Progress),
) -> Result<Vec<Sensitivity>, ExperimentError> {
    let (vary, seed) = scenario
        .sweep
        .as_ref()
        .map_or((IndexMap::new(), 1), |sweep| (sweep.vary.clone(), sweep.seed));
    let points = match method {
        Method::Morris(trajectories) => Points::morris(&vary, trajectories, seed),
        Method::Sobol(groups) => Points::saltelli(&vary, groups, seed),
    };
    let spec =
        Spec { points: Arc::new(points), ..Spec::new(scenario, template.clone(), None, false) };
    let (bad, count) = super::sweep::check(&spec, options.threads, 1, &|_| {});
    if count > 0 {
        return Err(ExperimentError::Points { first: bad, count });
    }
    let mut memory = Memory::default();
    sweep(&spec, options, &mut memory, show)?;
    if options.interrupted.load(Ordering::Relaxed) {
        return Err(ExperimentError::Interrupted);
    }
    let mut seen =
        vec![Seen { row: None, outputs: Vec::new(), most_failed: f64::NAN }; metrics.len()];
    let mut overloaded = 0;
    reduce_all(&spec, options, &mut memory, &mut |reduced| {
        let results = reduced.swept.results.as_ref();
        overloaded += u64::from(results.is_some_and(|results| !results.overloaded.is_empty()));
        for (metric, seen) in metrics.iter().zip(&mut seen) {
            let named =
                |row: &&Row| format!("{}.{}.{}", row.entity, row.metric, row.stat) == *metric;
            let row = results.and_then(|results| results.rows.iter().find(named));
            let failed = row.zip(results).and_then(|(row, results)| {
                results.find(row.kind, &row.entity, "error_ratio", "mean")
            });
            seen.most_failed =
                failed.map_or(f64::NAN, |row| row.estimate.estimate).max(seen.most_failed);
            seen.outputs.push(row.map_or(f64::NAN, |row| row.estimate.estimate));
            seen.row = seen.row.take().or_else(|| row.cloned());
        }
        Ok(())
    })?;
    let mut answers = Vec::new();
    for (metric, seen) in metrics.iter().zip(&seen) {
        let Some(row) = &seen.row else {
            let problem =
                Problem::new(Severity::Error, "", format!("no point has a metric `{metric}`"));
            return Err(Problems::from(problem).into());
        };
        answers.push(analyse(
            row.clone(),
            seen,
            overloaded,
            method,
            &vary,
            seed,
            scenario.run.confidence.0.fraction,
        ));
    }
    Ok(answers)
}

/// What was seen of one metric, point by point.
#[derive(Clone)]
struct Seen {
    /// Its row at the first point that has it.
    row: Option<Row>,
    /// Its estimates; NaN where there is none.
    outputs: Vec<f64>,
    most_failed: f64,
}

fn analyse(
    row: Row,
    seen: &Seen,
    overloaded: u64,
    method: Method,
    vary: &IndexMap<String, Vary>,
    seed: u64,
    confidence: f64,
) -> Sensitivity {
    let (k, outputs) = (vary.len(), seen.outputs.as_slice());
    let unexplained = |(path, vary): (&String, &Vary)| Influence {
        path: path.clone(),
        range: vary.ends(),
        effect: None,
        indices: None,
    };
    let mut parameters: Vec<Influence> = vary.iter().map(unexplained).collect();
    match method {
        Method::Morris(trajectories) => {
            let morris = Morris::new(k as u32, trajectories, seed);
            // As far as the parameters really moved: two values are the whole range apart, though
            // the design steps over two thirds of it.
            let places = |row: Vec<f64>| {
                row.iter().zip(vary.values()).map(|(u, vary)| vary.place(*u)).collect()
            };
            let rows: Vec<Vec<f64>> =
                (0..morris.count()).map(|index| places(morris.row(index))).collect();
            for (parameter, effect) in parameters.iter_mut().zip(stats::effects(&rows, outputs, k))
            {
                parameter.effect = Some(effect);
            }
            parameters.sort_by(|a, b| {
                importance(b.effect.map(|e| e.mu_star))
                    .total_cmp(&importance(a.effect.map(|e| e.mu_star)))
            });
        }
        Method::Sobol(groups) => {
            let saltelli = Saltelli::new(k, groups, seed);
            let (mut a, mut b, mut ab) = (Vec::new(), Vec::new(), vec![Vec::new(); k]);
            for (index, output) in outputs.iter().enumerate() {
                match saltelli.part(index as u64).1 {
                    Part::A => a.push(*output),
                    Part::B => b.push(*output),
                    Part::Ab(parameter) => ab[parameter].push(*output),
                }
            }
            let key = Key::replication(seed, 0).draw(Salt::of("bootstrap"));
            let mut ordinal = 0;
            let mut uniform = || {
                ordinal += 1;
                Key(key.0).ordinal(ordinal).draw(Salt::of("resample")).uniform()
            };
            let found = stats::indices(&a, &b, &ab, confidence, RESAMPLES, &mut uniform);
            for (parameter, mut indices) in parameters.iter_mut().zip(found) {
                // Resamples of a handful of groups are hardly different from each other.
                if groups < GROUPS_TOLD {
                    (
                        indices.first_low,
                        indices.first_high,
                        indices.total_low,
                        indices.total_high,
                    ) = (f64::NAN, f64::NAN, f64::NAN, f64::NAN);
                }
                parameter.indices = Some(indices);
            }
            parameters.sort_by(|a, b| {
                importance(b.indices.map(|i| i.total))
                    .total_cmp(&importance(a.indices.map(|i| i.total)))
            });
        }
    }
    let known = || outputs.iter().copied().filter(|value| value.is_finite());
    let (low, high) = (known().fold(f64::NAN, f64::min), known().fold(f64::NAN, f64::max));
    let variation = match low.is_nan() {
        true => Variation::NoValue,
        false if low == high => Variation::Constant,
        false => Variation::Varies,
    };
    let unknown = (outputs.len() - known().count()) as u64;
    let Row { kind, entity, metric, stat, unit, .. } = row;
    Sensitivity {
        method,
        kind,
        entity,
        metric,
        stat,
        unit,
        points: outputs.len() as u64,
        unknown,
        overloaded,
        most_failed: seen.most_failed,
        variation,
        range: (low, high),
        parameters,
    }
}

/// What is not known comes last.
fn importance(value: Option<f64>) -> f64 {
    value.filter(|value| value.is_finite()).unwrap_or(f64::NEG_INFINITY)
}

//! Sensitivity analysis: Morris's screening and Sobol's indices.
//!
//! Law: parameters are drawn from their ranges, independently and uniformly (in the logarithm for
//! `log`). Morris (1991): trajectories that change one parameter at a time yield the mean absolute
//! effect of its whole range, μ*, and the standard deviation of the effects, σ, which is large if
//! the parameter interacts with others or acts non-linearly. Sobol: the share of the metric's
//! variance that a parameter explains alone (first order), and including all its interactions
//! (total), from Saltelli's design by Jansen's estimators, with bootstrap intervals
//! (`stats::indices`). All points have the same arrivals and demands, so a difference between two
//! points is due to the parameters. The output analysed at a point is the estimate of the metric
//! over its replications.
//! Errors: an effect or an index would differ with other points of the design, and with other
//! replications. The first shows in the trajectories or the resampled groups; the second does not,
//! because all of them have the same replications, so it is jackknifed over these. Both are added
//! as independent errors. Where one of them is unknown there is no error: with a single
//! replication, and for metrics whose estimates have no standard error. An error of exactly 0 is
//! not reported either: it says only that no point and no replication differs. Values are those
//! without control variates, so with these the noise is estimated too large.
//! Checked: `tests/it/sensitivity.rs` against the indices of M/M/1; the estimators against
//! Ishigami's and the g-function in `stats/sobol.rs`.

use super::cell::Failure;
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
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The method of analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// Screening with this many trajectories: trajectories · (parameters + 1) points.
    Morris(u32),
    /// Sobol indices from this many groups of points: groups · (parameters + 2) points.
    Sobol(u32),
}

impl Method {
    /// Returns the name of the method in the result files.
    pub fn name(self) -> &'static str {
        match self {
            Method::Morris(_) => "morris",
            Method::Sobol(_) => "sobol",
        }
    }
}

/// The influence of one parameter on the metric.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Influence {
    /// The path of the parameter.
    pub path: String,
    /// The ends of its range as written in the scenario; for a list, its first and its last value.
    pub range: (Value, Value),
    /// Its elementary effects, with [`Method::Morris`].
    pub effect: Option<Effect>,
    /// Its Sobol indices, with [`Method::Sobol`].
    pub indices: Option<Indices>,
}

/// Whether the metric varies over the points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Variation {
    /// The metric differs from point to point.
    Varies,
    /// It is the same at all points that have a value.
    Constant,
    /// No point has a value: nothing was answered, or a limit was reached.
    NoValue,
}

impl Variation {
    /// Returns the name of the variation in the result files.
    pub fn name(self) -> &'static str {
        match self {
            Variation::Varies => "varies",
            Variation::Constant => "does_not_vary",
            Variation::NoValue => "no_value",
        }
    }
}

/// The sensitivity of one metric.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sensitivity {
    /// The method of analysis.
    pub method: Method,
    /// `workload`, `endpoint`, `service` …
    pub kind: &'static str,
    /// The name of the workload, endpoint, service …
    pub entity: String,
    /// The metric.
    pub metric: String,
    /// The statistic of the metric: `mean`, `p99` …
    pub stat: &'static str,
    /// The unit of the metric.
    pub unit: &'static str,
    /// The number of points run.
    pub points: u64,
    /// The number of those points without a value.
    pub unknown: u64,
    /// The number of overloaded points: their numbers depend on the length of the run.
    pub overloaded: u64,
    /// The largest share of failed requests, in 0 to 1, of the metric's entity at any point:
    /// latencies cover only the other requests. NaN if the entity has no error ratio.
    pub most_failed: f64,
    /// Whether the metric varies over the points.
    pub variation: Variation,
    /// The smallest and the largest value of the metric; NaN if no point has a value.
    pub range: (f64, f64),
    /// The influence of each parameter, the largest first.
    pub parameters: Vec<Influence>,
}

impl Sensitivity {
    /// Returns the full name of the metric, `ENTITY.METRIC.STATISTIC`.
    pub fn name(&self) -> String {
        format!("{}.{}.{}", self.entity, self.metric, self.stat)
    }
}

/// The least number of groups for which intervals are reported.
const GROUPS_FOR_INTERVAL: u32 = 8;
/// Relative errors below this are those of floating point.
const ROUNDING: f64 = 1e-9;
/// The number of bootstrap resamples.
const RESAMPLES: u32 = 1000;

/// Runs the design and analyses every metric.
///
/// # Errors
/// If a point is invalid, no point has one of the metrics, or no thread can be started. A point
/// whose replications fail has no value.
pub(crate) fn sensitivity(
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
    let mut observed = vec![Observed::default(); metrics.len()];
    let mut overloaded = 0;
    reduce_all(&spec, options, &mut memory, &mut |reduced| {
        let results = reduced.swept.results.as_ref();
        overloaded += u64::from(results.is_some_and(|results| !results.overloaded.is_empty()));
        for (metric, observed) in metrics.iter().zip(&mut observed) {
            let named =
                |row: &&Row| format!("{}.{}.{}", row.entity, row.metric, row.stat) == *metric;
            let row = results.and_then(|results| results.rows.iter().find(named));
            let failed = row.zip(results).and_then(|(row, results)| {
                results.find(row.kind, &row.entity, "error_ratio", "mean")
            });
            observed.most_failed =
                failed.map_or(f64::NAN, |row| row.estimate.estimate).max(observed.most_failed);
            observed.outputs.push(row.map_or(f64::NAN, |row| row.estimate.estimate));
            let known = row.filter(|row| row.estimate.std_error.is_finite());
            let values = known.map(|row| by_number(&row.values, &reduced.swept.failures));
            observed.values.push(values.unwrap_or_default());
            observed.row = observed.row.take().or_else(|| row.cloned());
        }
        Ok(())
    })?;
    let mut answers = Vec::new();
    for (metric, observed) in metrics.iter().zip(&observed) {
        let Some(row) = &observed.row else {
            let problem =
                Problem::new(Severity::Error, "", format!("no point has a metric `{metric}`"));
            return Err(Problems::from(problem).into());
        };
        answers.push(analyse(
            row.clone(),
            observed,
            overloaded,
            method,
            &vary,
            seed,
            scenario.run.confidence.0.fraction,
        ));
    }
    Ok(answers)
}

/// Returns the values of a point by the numbers of its replications, NaN for one that failed, so
/// that equal positions have equal random numbers.
fn by_number(values: &[f64], failures: &[(u32, Failure)]) -> Vec<f64> {
    let failed: BTreeSet<usize> = failures.iter().map(|(number, _)| *number as usize).collect();
    let mut values = values.to_vec();
    failed.into_iter().for_each(|r| values.insert(r.min(values.len()), f64::NAN));
    values
}

/// The values of one metric, point by point.
#[derive(Clone)]
struct Observed {
    /// The row of the metric at the first point that has it.
    row: Option<Row>,
    /// The estimates by point; NaN where there is none.
    outputs: Vec<f64>,
    /// The values by point, then by replication, NaN for one that failed; none where the estimate
    /// has no standard error.
    values: Vec<Vec<f64>>,
    most_failed: f64,
}

impl Default for Observed {
    fn default() -> Observed {
        Observed { row: None, outputs: Vec::new(), values: Vec::new(), most_failed: f64::NAN }
    }
}

impl Observed {
    /// Returns the outputs with each replication left out in turn, nothing if a point has fewer
    /// than two. A point that was run more often than another moves less, and one without this
    /// replication does not move; each point's movements are scaled so that its own jackknifed
    /// variance is s²/n with its own n.
    fn left_out(&self) -> impl Iterator<Item = Vec<f64>> {
        let count = |values: &[f64]| values.iter().filter(|value| value.is_finite()).count() as f64;
        let sum = |values: &[f64]| values.iter().filter(|value| value.is_finite()).sum::<f64>();
        let counts: Vec<f64> = self.values.iter().map(|values| count(values)).collect();
        let means: Vec<f64> =
            self.values.iter().zip(&counts).map(|(values, n)| sum(values) / n).collect();
        let is_known =
            self.outputs.iter().zip(&counts).all(|(output, n)| output.is_nan() || *n >= 2.0);
        let has = |r: usize| self.values.iter().any(|v| v.get(r).is_some_and(|v| v.is_finite()));
        let most = self.values.iter().map(Vec::len).max().unwrap_or(0);
        let left_out: Vec<usize> = (0..most).filter(|r| is_known && has(*r)).collect();
        let all = left_out.len() as f64;
        left_out.into_iter().map(move |r| {
            let moved = self.outputs.iter().enumerate().map(|(point, output)| {
                let (n, value) = (counts[point], self.values[point].get(r).copied());
                let scale =
                    if n == all { 1.0 } else { ((1.0 - 1.0 / n) / (1.0 - 1.0 / all)).sqrt() };
                match value.filter(|value| value.is_finite()) {
                    Some(value) => output - (value - means[point]) / (n - 1.0) * scale,
                    None => *output,
                }
            });
            moved.collect()
        })
    }
}

fn analyse(
    row: Row,
    observed: &Observed,
    overloaded: u64,
    method: Method,
    vary: &IndexMap<String, Vary>,
    seed: u64,
    confidence: f64,
) -> Sensitivity {
    let (k, outputs) = (vary.len(), observed.outputs.as_slice());
    let without_estimates = |(path, vary): (&String, &Vary)| Influence {
        path: path.clone(),
        range: vary.ends(),
        effect: None,
        indices: None,
    };
    let mut parameters: Vec<Influence> = vary.iter().map(without_estimates).collect();
    match method {
        Method::Morris(trajectories) => {
            let morris = Morris::new(k as u32, trajectories, seed);
            // Distances as actually varied: a list of two values spans the whole range, though the
            // design steps over two thirds of it.
            let places = |row: Vec<f64>| {
                row.iter().zip(vary.values()).map(|(u, vary)| vary.place(*u)).collect()
            };
            let rows: Vec<Vec<f64>> =
                (0..morris.count()).map(|index| places(morris.row(index))).collect();
            let left_out: Vec<Vec<Effect>> =
                observed.left_out().map(|outputs| stats::effects(&rows, &outputs, k)).collect();
            let effects = stats::effects(&rows, outputs, k).into_iter();
            for (index, (parameter, effect)) in parameters.iter_mut().zip(effects).enumerate() {
                let sizes: Vec<f64> = left_out.iter().map(|of| of[index].mu_star).collect();
                let noise = stats::jackknife_error(&sizes);
                let error = effect.mu_star_std_error.hypot(noise);
                let is_known = error > ROUNDING * effect.mu_star;
                let mu_star_std_error = if is_known { error } else { f64::NAN };
                parameter.effect = Some(Effect { mu_star_std_error, ..effect });
            }
            parameters.sort_by(|a, b| {
                importance(b.effect.map(|e| e.mu_star))
                    .total_cmp(&importance(a.effect.map(|e| e.mu_star)))
            });
        }
        Method::Sobol(groups) => {
            for (parameter, indices) in
                parameters.iter_mut().zip(indices(observed, k, groups, seed, confidence))
            {
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
        most_failed: observed.most_failed,
        variation,
        range: (low, high),
        parameters,
    }
}

/// Returns the Sobol indices by parameter.
fn indices(
    observed: &Observed,
    parameters: usize,
    groups: u32,
    seed: u64,
    confidence: f64,
) -> Vec<Indices> {
    let saltelli = Saltelli::new(parameters, groups, seed);
    let parts = |outputs: &[f64]| {
        let (mut a, mut b, mut ab) = (Vec::new(), Vec::new(), vec![Vec::new(); parameters]);
        for (index, output) in outputs.iter().enumerate() {
            match saltelli.part(index as u64).1 {
                Part::A => a.push(*output),
                Part::B => b.push(*output),
                Part::Ab(parameter) => ab[parameter].push(*output),
            }
        }
        (a, b, ab)
    };
    let left_out: Vec<Vec<(f64, f64)>> = observed
        .left_out()
        .map(|outputs| parts(&outputs))
        .map(|(a, b, ab)| stats::raw_indices(&a, &b, &ab))
        .collect();
    let t = stats::student_t(confidence, (left_out.len() as u32).saturating_sub(1));
    let half_width = |values: Vec<f64>| match stats::jackknife_error(&values) {
        error if error <= 0.0 => 0.0,
        error => t * error,
    };
    let half_widths = |i: usize| {
        let (firsts, totals) = left_out.iter().map(|of| of[i]).unzip();
        (half_width(firsts), half_width(totals))
    };
    let noise: Vec<(f64, f64)> = (0..parameters).map(half_widths).collect();
    let key = Key::replication(seed, 0).draw(Salt::of("bootstrap"));
    let mut ordinal = 0;
    let mut uniform = || {
        ordinal += 1;
        Key(key.0).ordinal(ordinal).draw(Salt::of("resample")).uniform()
    };
    let (a, b, ab) = parts(&observed.outputs);
    let mut all = stats::indices(&a, &b, &ab, confidence, RESAMPLES, &noise, &mut uniform);
    // Resamples of only a few groups hardly differ.
    let is_unknown = groups < GROUPS_FOR_INTERVAL || left_out.is_empty();
    for indices in &mut all {
        if is_unknown || indices.first_high - indices.first_low < ROUNDING {
            (indices.first_low, indices.first_high) = (f64::NAN, f64::NAN);
        }
        if is_unknown || indices.total_high - indices.total_low < ROUNDING {
            (indices.total_low, indices.total_high) = (f64::NAN, f64::NAN);
        }
    }
    all
}

/// Returns the sort key of an influence; unknown values come last.
fn importance(value: Option<f64>) -> f64 {
    value.filter(|value| value.is_finite()).unwrap_or(f64::NEG_INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_point_has_the_error_of_its_own_replications() {
        // Definition: s/√n of the values that a point has, however many the others have; the third
        // replication of the last point failed.
        let values = vec![
            vec![3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0],
            vec![2.0, 7.0, 1.0],
            vec![8.0, 2.0, f64::NAN, 8.0],
        ];
        let finite = |values: &Vec<f64>| -> Vec<f64> {
            values.iter().copied().filter(|value| value.is_finite()).collect()
        };
        let expected: Vec<_> = values.iter().map(|own| stats::mean(&finite(own), 0.95)).collect();
        let outputs = expected.iter().map(|mean| mean.estimate).collect();
        let observed = Observed { outputs, values, ..Observed::default() };
        let left_out: Vec<Vec<f64>> = observed.left_out().collect();
        assert_eq!(left_out.len(), 8);
        for (point, expected) in expected.iter().enumerate() {
            let of_point: Vec<f64> = left_out.iter().map(|outputs| outputs[point]).collect();
            let error = stats::jackknife_error(&of_point);
            assert!((error - expected.std_error).abs() < 1e-12, "{point}: {error} {expected:?}");
        }
    }
}

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
//! Ishigami's and the g-function in `stats/sobol/tests.rs`.

mod analyse;
mod answer;
mod observed;

pub use answer::{Influence, Method, Sensitivity, Variation};

use super::drive::Options;
use super::error::ExperimentError;
use super::results::Row;
use super::run::Progress;
use super::sweep::{Memory, Spec, reduce_all, sweep};
use crate::design::Points;
use crate::problem::{Problem, Problems, Severity};
use crate::scenario::{Scenario, Template};
use analyse::analyse;
use indexmap::IndexMap;
use observed::{Observed, by_number};
use std::sync::Arc;
use std::sync::atomic::Ordering;

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

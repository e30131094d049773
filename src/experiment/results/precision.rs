//! Whether the intervals are as narrow as `run.replications.until` asks.

use crate::experiment::replications::Replications;
use crate::scenario::Scenario;
use crate::stats;

/// The result of one goal of `run.replications.until`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PrecisionResult {
    /// `ENTITY.METRIC.STATISTIC`.
    pub metric: String,
    /// The goal as text.
    pub goal: String,
    /// The unit of the metric.
    pub unit: &'static str,
    /// The half-width of the interval, in the unit of the metric; NaN if there is no interval.
    pub half_width: f64,
    /// The half-width as a share of the estimate.
    pub relative: f64,
    /// Whether the goal is met.
    pub met: bool,
    /// Roughly how many more replications the goal needs; `None` if no forecast is possible.
    pub more: Option<u32>,
}

/// Returns the results of the goals of `run.replications.until`.
pub(super) fn precision(scenario: &Scenario, replications: &Replications) -> Vec<PrecisionResult> {
    let written = match &scenario.run.replications {
        crate::scenario::Replications::Until(until) => until.until.as_slice(),
        crate::scenario::Replications::Fixed(_) => &[],
    };
    let unit =
        |metric: usize| replications.fold.as_ref().map_or("1", |fold| fold.metrics[metric].unit);
    let goals =
        written.iter().zip(replications.goals()).map(|(written, (metric, goal, estimate))| {
            let half_width = stats::half_width(&estimate);
            PrecisionResult {
                metric: written.metric.clone(),
                goal: written.half_width.to_string(),
                unit: unit(metric),
                half_width,
                relative: half_width / estimate.estimate.abs(),
                met: stats::met(&estimate, goal),
                more: stats::more_needed(&estimate, goal, scenario.run.confidence.0.fraction),
            }
        });
    goals.collect()
}

//! What a sweep runs: its template, its points and their stopping rule.

use super::Shard;
use crate::design::Points;
use crate::experiment::point::Point;
use crate::experiment::replications::Rule;
use crate::scenario::{self, Scenario, Template};
use std::sync::Arc;

/// The points of a sweep and how to run them.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub template: Arc<Template>,
    pub points: Arc<Points>,
    pub shard: Option<Shard>,
    /// Whether the time series of every replication are kept.
    pub keep_series: bool,
    /// The stopping rule of all points; `None` if a point may change it.
    pub rule: Option<Rule>,
}

impl Spec {
    /// Creates the specification of a scenario's `sweep`.
    pub(crate) fn new(
        scenario: &Scenario,
        template: Template,
        shard: Option<Shard>,
        keep_series: bool,
    ) -> Spec {
        let sweep = scenario.sweep.clone().unwrap_or_default();
        let points = Arc::new(sweep.points());
        // All points share the rule unless one of them changes how it is run or which metrics there
        // are.
        let rule = match &scenario.run.replications {
            scenario::Replications::Fixed(n) => {
                let changes = |path: &String| path == "run" || path.starts_with("run.");
                let varied = sweep.vary.keys().any(changes)
                    || sweep.rows.iter().flat_map(|row| row.keys()).any(changes);
                (!varied).then(|| Rule::fixed(*n, scenario.run.confidence.0.fraction))
            }
            scenario::Replications::Until(_) => None,
        };
        Spec { template: Arc::new(template), points, shard, keep_series, rule }
    }
    /// Returns the indices of its points, in order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u64> + use<> {
        let (first, step) = Shard::selection(self.shard);
        (first..self.points.len()).step_by(step as usize)
    }
    /// Returns the number of its points.
    pub(crate) fn len(&self) -> u64 {
        let (first, step) = Shard::selection(self.shard);
        self.points.len().saturating_sub(first).div_ceil(step)
    }
    pub(super) fn point(&self, number: u64) -> Arc<Point> {
        Arc::new(Point::later(self.template.clone(), self.points.row(number), self.keep_series))
    }
}

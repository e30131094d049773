//! How much variance reduction has helped.

use crate::experiment::fold::Fold;
use crate::measure::Metric;

/// The effect of a variance reduction technique.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Gain {
    /// `antithetic` or `control_variates`.
    pub technique: &'static str,
    /// The workload whose mean latency is compared.
    pub workload: String,
    /// The variance without the technique divided by the variance with it, for the same number of
    /// runs: above 1 it helps.
    pub variance_ratio: f64,
}

/// Returns the effect of variance reduction on the mean latency of each workload.
pub(super) fn gains(fold: &Fold, confidence: f64) -> Vec<Gain> {
    let is_mean_latency = |metric: &Metric| {
        (metric.kind, metric.metric.as_str(), metric.stat) == ("workload", "latency", "mean")
    };
    let mean_latencies =
        fold.metrics.iter().enumerate().filter(|(_, metric)| is_mean_latency(metric));
    let gains_of = |(index, metric): (usize, &Metric)| {
        let antithetic = fold.antithetic_variance_ratio(index).map(|ratio| ("antithetic", ratio));
        let controlled = fold
            .controlled(index, confidence)
            .map(|result| ("control_variates", result.variance_ratio));
        let gain = |(technique, variance_ratio)| Gain {
            technique,
            workload: metric.entity.clone(),
            variance_ratio,
        };
        antithetic.into_iter().chain(controlled).map(gain).collect::<Vec<_>>()
    };
    mean_latencies.flat_map(gains_of).collect()
}

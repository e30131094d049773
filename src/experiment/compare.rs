//! Comparison of variants of a system: which is better, by how much, and is the difference
//! significant?
//!
//! Law: replication i of every variant has the same arrivals, and a request has the same demands
//! wherever it is served (common random numbers), so differences are taken pair by pair
//! (`stats::difference`). All p-values of one comparison form one family, corrected by Holm (1979):
//! the probability that at least one reported difference is a false positive is at most 1 −
//! confidence.
//! Checked: `tests/it/compare.rs`.

use super::batch::Member;
use super::results::Results;
use crate::measure::{How, Metric, queues};
use crate::stats::{self, Difference, Estimate};

/// Whether larger or smaller values of a metric are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Direction {
    /// Smaller is better: latency, errors, cost.
    Less,
    /// Larger is better: throughput.
    More,
    /// Neither: it depends on the purpose.
    Neither,
}

/// The judgement on a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Judgement {
    /// Significantly better than the baseline.
    Better,
    /// Significantly worse than the baseline.
    Worse,
    /// Significantly different, for a metric of which neither direction is better.
    Different,
    /// Identical in every replication.
    Same,
    /// Not significant with the replications run so far.
    Undecided,
}

impl Judgement {
    /// Returns the judgement as it is written in reports and result files.
    pub fn name(self) -> &'static str {
        match self {
            Judgement::Better => "better",
            Judgement::Worse => "worse",
            Judgement::Different => "different",
            Judgement::Same => "the same",
            Judgement::Undecided => "undecided",
        }
    }
}

/// One metric of one variant against the baseline's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MetricComparison {
    /// The index of the variant in [`Comparison::names`], from 1.
    pub variant: usize,
    /// `workload`, `endpoint`, `service` …
    pub kind: &'static str,
    /// The name of the workload, endpoint, service …
    pub entity: String,
    /// The metric.
    pub metric: String,
    /// The statistic of the metric: `mean`, `p99` …
    pub stat: &'static str,
    /// The unit of the values.
    pub unit: &'static str,
    /// The baseline's estimate.
    pub base: Estimate,
    /// The variant's estimate.
    pub other: Estimate,
    /// The variant minus the baseline, with its paired interval.
    pub difference: Difference,
    /// The p-value, corrected for the family (Holm); NaN for metrics outside the family.
    pub p_adjusted: f64,
    /// The judgement on the difference: by `p_adjusted` within the
    /// [family](Comparison::family); otherwise by its own interval alone, so that of many such rows
    /// some are significant by chance.
    pub judgement: Judgement,
    /// Roughly how many more replications would make the difference significant, with the
    /// correction for the family; `None` if it already is, or if no forecast is possible.
    pub more: Option<u32>,
}

/// A comparison of variants with a baseline.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Comparison {
    /// The names of the variants; the first is the baseline.
    pub names: Vec<String>,
    /// The results of each variant alone, in the same order.
    pub results: Vec<Results>,
    /// All metrics that a variant and the baseline have in common, variant by variant.
    pub rows: Vec<MetricComparison>,
    /// The confidence of each interval, and of the family of tests, in 0 to 1.
    pub confidence: f64,
}

/// Metrics of workloads whose differences form the family that is corrected together.
const FAMILY: [(&str, &str); 6] = [
    ("latency", "mean"),
    ("latency", "p50"),
    ("latency", "p95"),
    ("latency", "p99"),
    ("throughput", "mean"),
    ("error_ratio", "mean"),
];

/// The least number of pairs for a forecast: with fewer, the spread is known too poorly (with three
/// it is often off by a factor of two).
const PAIRS_TO_FORECAST: u32 = 5;

/// Returns which direction of a metric is better.
pub fn direction(metric: &str) -> Direction {
    let less = [
        "latency",
        "time_in",
        "error_ratio",
        "outcomes",
        "cost",
        "loop_lag",
        "failed",
        "bad",
        "burn_rate",
        "worst_burn_rate",
    ];
    let is_queue = queues().any(|queue| queue.name == metric);
    match metric {
        "throughput" | "completed" | "good" => Direction::More,
        _ if is_queue => Direction::Less,
        metric if less.iter().any(|start| metric.starts_with(start)) => Direction::Less,
        _ => Direction::Neither,
    }
}

impl Comparison {
    /// Compares members whose replications are complete; the first is the baseline.
    pub(crate) fn new(names: Vec<String>, members: &[Member]) -> Comparison {
        let confidence = members[0].built.scenario.run.confidence.0.fraction;
        let results: Vec<Results> = members
            .iter()
            .map(|member| Results::new(&member.built, &member.replications))
            .collect();
        let mut rows = Vec::new();
        for variant in 1..members.len() {
            rows.extend(differences(&members[0], &members[variant], variant, confidence));
        }
        let in_family = |row: &MetricComparison| {
            row.kind == "workload" && FAMILY.contains(&(row.metric.as_str(), row.stat))
        };
        let family: Vec<usize> = (0..rows.len()).filter(|&i| in_family(&rows[i])).collect();
        let adjusted =
            stats::holm(&family.iter().map(|&i| rows[i].difference.p_value).collect::<Vec<_>>());
        for (&i, p) in family.iter().zip(adjusted) {
            rows[i].p_adjusted = p;
        }
        // Holm's strictest level, that of the smallest p-value, is sufficient for every member.
        let strictest = 1.0 - (1.0 - confidence) / family.len().max(1) as f64;
        for row in &mut rows {
            row.judgement = judge(row, confidence);
            if row.judgement == Judgement::Undecided
                && row.difference.difference.n >= PAIRS_TO_FORECAST
            {
                let level = if row.p_adjusted.is_nan() { confidence } else { strictest };
                row.more = stats::replications_to_decide(&row.difference.difference, level);
            }
        }
        Comparison { names, results, rows, confidence }
    }

    /// Returns the rows of the family, variant by variant: mean, p50, p95 and p99 of the latency,
    /// throughput and error ratio of all workloads. Their p-values are corrected together
    /// (Holm 1979): the probability that any of the significant ones is wrong is at most one minus
    /// the comparison's confidence. Decide by these.
    pub fn family(&self) -> impl Iterator<Item = &MetricComparison> {
        self.rows.iter().filter(|row| !row.p_adjusted.is_nan())
    }
}

fn judge(row: &MetricComparison, confidence: f64) -> Judgement {
    let Difference { difference, .. } = row.difference;
    if difference.estimate == 0.0 && difference.std_error == 0.0 {
        return Judgement::Same;
    }
    // Metrics outside the family are judged one by one, by their own interval.
    let is_significant = match row.p_adjusted.is_nan() {
        false => row.p_adjusted < 1.0 - confidence,
        true => difference.low > 0.0 || difference.high < 0.0,
    };
    match (is_significant, direction(&row.metric), difference.estimate > 0.0) {
        (false, ..) => Judgement::Undecided,
        (true, Direction::Neither, _) => Judgement::Different,
        (true, Direction::Less, false) | (true, Direction::More, true) => Judgement::Better,
        (true, ..) => Judgement::Worse,
    }
}

/// Returns the differences of all metrics that both have in common.
fn differences(
    base: &Member,
    other: &Member,
    variant: usize,
    confidence: f64,
) -> Vec<MetricComparison> {
    let (mine, theirs) = (base.fold(), other.fold());
    let same = |a: &Metric, b: &Metric| {
        (a.kind, &a.entity, &a.metric, a.stat) == (b.kind, &b.entity, &b.metric, b.stat)
    };
    let mut rows = Vec::new();
    let mut from = 0;
    for (i, metric) in mine.metrics.iter().enumerate() {
        // Both lists have the same order, so the next match is usually just behind the last.
        let matching =
            (from..theirs.metrics.len()).chain(0..from).find(|&j| same(metric, &theirs.metrics[j]));
        let Some(j) = matching else { continue };
        from = j + 1;
        let (x, y) = (mine.values(i), theirs.values(j));
        let difference = match metric.how {
            How::Mean => stats::difference(x, y, confidence),
            How::Ratio => stats::difference_of_ratios(
                (x, mine.weights(i)),
                (y, theirs.weights(j)),
                confidence,
            ),
            How::Quantile { .. } => {
                let (pooled_x, pooled_y) = (
                    mine.estimate(i, confidence).estimate,
                    theirs.estimate(j, confidence).estimate,
                );
                let (x, y) = (mine.linearised(i, confidence), theirs.linearised(j, confidence));
                stats::difference_of_quantiles(pooled_x, &x, pooled_y, &y, confidence)
            }
            // An extreme has no standard error to compare with.
            How::Largest | How::Smallest => continue,
        };
        rows.push(MetricComparison {
            variant,
            kind: metric.kind,
            entity: metric.entity.clone(),
            metric: metric.metric.clone(),
            stat: metric.stat,
            unit: metric.unit,
            base: mine.plain_estimate(i, confidence),
            other: theirs.plain_estimate(j, confidence),
            difference,
            p_adjusted: f64::NAN,
            judgement: Judgement::Undecided,
            more: None,
        });
    }
    rows
}

//! Comparing variants of a system: which is better, by how much, and is that sure?
//!
//! Law: replication i of every variant has the same arrivals, and a request has the same demands
//! wherever it is served (common random numbers), so differences are taken pair by pair
//! (`stats::difference`). All p-values of one comparison are one family, corrected by Holm (1979):
//! the chance that *any* of the differences that are called sure is none is at most 1 − confidence.
//! Checked: `tests/it/compare.rs`.

use super::batch::Member;
use super::results::Results;
use crate::measure::{How, Metric};
use crate::stats::{self, Difference, Estimate};

/// Whether more of a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Latency, errors, cost.
    Less,
    /// Throughput.
    More,
    /// Neither: it depends.
    Neither,
}

/// What a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Surely better than the baseline.
    Better,
    /// Surely worse.
    Worse,
    /// Surely different, where neither is better.
    Different,
    /// No difference at all: the same in every replication.
    Same,
    /// Not known yet.
    Undecided,
}

impl Judgement {
    /// In one word.
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
pub struct MetricComparison {
    /// Number of the variant, from 1.
    pub variant: usize,
    /// `workload`, `endpoint`, `service` …
    pub kind: &'static str,
    /// Its name.
    pub entity: String,
    /// What is measured.
    pub metric: String,
    /// Which statistic of it.
    pub stat: &'static str,
    /// Unit of the values.
    pub unit: &'static str,
    /// The baseline's.
    pub base: Estimate,
    /// The variant's.
    pub other: Estimate,
    /// The difference, with its paired interval.
    pub difference: Difference,
    /// The p-value, corrected for the family; NaN for metrics that are not in it.
    pub p_adjusted: f64,
    /// What it means.
    pub judgement: Judgement,
    /// About how many more replications would decide, all verdicts of the family together; none if
    /// it is decided, or if that cannot be told.
    pub more: Option<u32>,
}

/// Variants against the first of them.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Their names; the first is the baseline.
    pub names: Vec<String>,
    /// What each says by itself.
    pub results: Vec<Results>,
    /// Every metric that both have, variant by variant.
    pub rows: Vec<MetricComparison>,
    /// Confidence of the intervals, and of the family.
    pub confidence: f64,
}

/// Metrics whose differences are the family that is corrected together: what a person asks about.
const FAMILY: [(&str, &str); 6] = [
    ("latency", "mean"),
    ("latency", "p50"),
    ("latency", "p95"),
    ("latency", "p99"),
    ("throughput", "mean"),
    ("error_ratio", "mean"),
];

/// Of fewer pairs the spread is known too badly to say how many more would decide: of three it is
/// off by a factor of two as often as not.
const PAIRS_TO_FORETELL: u32 = 5;

/// Whether more is better.
pub fn direction(metric: &str) -> Direction {
    let less = [
        "latency",
        "time_in",
        "error_ratio",
        "outcomes",
        "cost",
        "loop_lag",
        "failed",
        "ready_queue",
        "memory_queue",
        "admission_queue",
    ];
    match metric {
        "throughput" | "completed" => Direction::More,
        metric if less.iter().any(|start| metric.starts_with(start)) => Direction::Less,
        _ => Direction::Neither,
    }
}

impl Comparison {
    /// Compares members that have been run; the first is the baseline.
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
        // What Holm's correction asks of the surest of the family is enough for any other.
        let surest = 1.0 - (1.0 - confidence) / family.len().max(1) as f64;
        for row in &mut rows {
            row.judgement = judge(row, confidence);
            if row.judgement == Judgement::Undecided
                && row.difference.difference.n >= PAIRS_TO_FORETELL
            {
                let level = if row.p_adjusted.is_nan() { confidence } else { surest };
                row.more = stats::replications_to_decide(&row.difference.difference, level);
            }
        }
        Comparison { names, results, rows, confidence }
    }

    /// The rows of the family, variant by variant.
    pub fn family(&self) -> impl Iterator<Item = &MetricComparison> {
        self.rows.iter().filter(|row| !row.p_adjusted.is_nan())
    }
}

fn judge(row: &MetricComparison, confidence: f64) -> Judgement {
    let Difference { difference, .. } = row.difference;
    if difference.estimate == 0.0 && difference.std_error == 0.0 {
        return Judgement::Same;
    }
    // Metrics outside of the family are judged one by one: their own interval says it.
    let sure = match row.p_adjusted.is_nan() {
        false => row.p_adjusted < 1.0 - confidence,
        true => difference.low > 0.0 || difference.high < 0.0,
    };
    match (sure, direction(&row.metric), difference.estimate > 0.0) {
        (false, ..) => Judgement::Undecided,
        (true, Direction::Neither, _) => Judgement::Different,
        (true, Direction::Less, false) | (true, Direction::More, true) => Judgement::Better,
        (true, ..) => Judgement::Worse,
    }
}

/// Every metric that both have.
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
        // They come in the same order, so the next is mostly just behind the last.
        let found =
            (from..theirs.metrics.len()).chain(0..from).find(|&j| same(metric, &theirs.metrics[j]));
        let Some(j) = found else { continue };
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
            // What is most extreme has no error to compare with.
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

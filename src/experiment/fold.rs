//! The fold: accumulates records, in order, into what estimates need. Its size does not depend on
//! simulated time and grows by only a few numbers per replication.

use super::cell::CellRecord;
use super::shares::Shares;
use crate::measure::{
    self, Backlog, Cumulative, Deadlock, Histogram, How, Index, Metric, Named, Series, Vocabulary,
};
use crate::plan::Plan;
use crate::sim::{self, Controls};
use crate::stats::{self, Controlled, Estimate, Growth};
use crate::units::Time;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// The replications so far, reduced.
#[derive(Debug)]
pub(crate) struct Fold {
    pub metrics: Vec<Metric>,
    /// The positions of the metrics of each entity.
    pub index: Arc<Index>,
    pub workloads: Vec<String>,
    pub replications: u32,
    pub events: u64,
    /// By metric, then by replication.
    values: Vec<Vec<f64>>,
    weights: Vec<Vec<f64>>,
    /// Pooled over replications.
    pub pooled: Vec<Named>,
    /// By pooled histogram; computed on first use.
    cumulative: OnceLock<Vec<Cumulative>>,
    /// By pooled histogram: the counts of each replication at or below its quantiles.
    shares: Vec<Shares>,
    /// The expected values of the controls, by workload; and the drawn ones, by replication, then
    /// by workload. Empty without `control_variates`.
    expected: Vec<Controls>,
    drawn: Vec<Vec<Controls>>,
    /// By metric, then by replication: half the difference within the pair. Empty without
    /// `antithetic`.
    half_differences: Vec<Vec<f64>>,
    /// The growth of the number of requests in the system, by workload, then by replication.
    pub growth: Vec<Vec<Growth>>,
    /// The growth of the number of waiting requests, by service, then by replication.
    pub waiting: Vec<Vec<Growth>>,
    pub series: Vec<Series>,
    /// The means over the replications, by window.
    pub course: Vec<SeriesMean>,
    /// The number of replications with a deadlock, the workloads whose requests wait in any, and
    /// the number of the first.
    pub deadlocks: u32,
    pub deadlocked: BTreeSet<u32>,
    pub deadlock: Option<(u32, Box<Deadlock>)>,
    /// A hash of every number of every replication.
    pub fingerprint: u64,
}

/// One window of all series, summed over replications.
#[derive(Clone, Debug)]
pub(crate) struct SeriesMean {
    pub start: Time,
    pub end: Time,
    /// By series: the sum and the number of the replications' means.
    pub sums: Vec<(f64, u32)>,
}

impl SeriesMean {
    /// Returns the mean over replications of one series; NaN if no replication has a value.
    pub(crate) fn mean(&self, series: usize) -> f64 {
        self.sums[series].0 / self.sums[series].1 as f64
    }
}

impl Fold {
    pub(crate) fn new(plan: &Plan) -> Fold {
        let Vocabulary { metrics, histograms } = measure::vocabulary(&plan.layout);
        let n = metrics.len();
        Fold {
            workloads: plan.layout.workloads.clone(),
            replications: 0,
            events: 0,
            values: vec![Vec::new(); n],
            weights: vec![Vec::new(); n],
            shares: Shares::of(&metrics, histograms.len()),
            pooled: histograms,
            cumulative: OnceLock::new(),
            expected: if plan.control_variates { sim::expected(plan) } else { Vec::new() },
            drawn: Vec::new(),
            half_differences: Vec::new(),
            growth: vec![Vec::new(); plan.layout.workloads.len()],
            waiting: vec![Vec::new(); plan.layout.services.len()],
            series: plan.layout.series(),
            course: Vec::new(),
            deadlocks: 0,
            deadlocked: BTreeSet::new(),
            deadlock: None,
            fingerprint: 0,
            index: Arc::new(Index::new(&metrics)),
            metrics,
        }
    }

    /// Adds the next replication.
    pub(crate) fn add(&mut self, record: &CellRecord) {
        for (index, value) in record.values.iter().enumerate() {
            self.values[index].push(value.value);
            if self.metrics[index].how == How::Ratio {
                self.weights[index].push(value.weight);
            }
            self.hash(value.value.to_bits());
        }
        self.half_differences.resize(record.half_differences.len(), Vec::new());
        self.half_differences
            .iter_mut()
            .zip(&record.half_differences)
            .for_each(|(known, half)| known.push(*half));
        if !self.expected.is_empty() {
            self.drawn.push(record.controls.clone());
        }
        let both = self
            .growth
            .iter_mut()
            .zip(&record.backlog)
            .chain(self.waiting.iter_mut().zip(&record.waiting));
        both.for_each(|(growth, backlog)| growth.push(grown(backlog)));
        self.cumulative.take();
        for ((pooled, shares), durations) in
            self.pooled.iter_mut().zip(&mut self.shares).zip(&record.histograms)
        {
            if shares.is_ripe(|| pooled.histogram.count()) {
                shares.mark(&Cumulative::of(&pooled.histogram));
            }
            shares.add(durations);
            pooled.histogram.merge(durations);
        }
        if let Some(deadlock) = &record.deadlock {
            self.deadlocks += 1;
            self.deadlocked.extend(&deadlock.workloads);
            self.deadlock.get_or_insert_with(|| (record.replication, deadlock.clone()));
        }
        self.hash(record.events);
        self.add_series(record);
        self.events += record.events;
        self.replications += 1;
    }

    fn add_series(&mut self, record: &CellRecord) {
        if self.course.is_empty() {
            let empty = |row: &measure::SeriesRow| SeriesMean {
                start: row.start,
                end: row.end,
                sums: vec![(0.0, 0); row.windows.len()],
            };
            self.course = record.series.iter().map(empty).collect();
        }
        for (mean, row) in self.course.iter_mut().zip(&record.series) {
            for (sum, window) in mean.sums.iter_mut().zip(&row.windows) {
                if !window.mean.is_nan() {
                    sum.0 += window.mean;
                    sum.1 += 1;
                }
            }
        }
    }

    fn hash(&mut self, bits: u64) {
        self.fingerprint = crate::random::keys::mix(self.fingerprint.rotate_left(5) ^ bits)
            .wrapping_add(self.fingerprint);
    }

    /// Returns the values of a metric, by replication; NaN where one has none.
    pub(crate) fn values(&self, metric: usize) -> &[f64] {
        &self.values[metric]
    }

    /// Returns the denominators of a metric that is a ratio, by replication.
    pub(crate) fn weights(&self, metric: usize) -> &[f64] {
        &self.weights[metric]
    }

    /// Returns the estimate of a metric, corrected by control variates if they are used.
    pub(crate) fn estimate(&self, metric: usize, confidence: f64) -> Estimate {
        match self.controlled(metric, confidence) {
            Some(controlled) => controlled.estimate,
            None => self.plain_estimate(metric, confidence),
        }
    }

    /// Returns the estimate of a metric without control variates, as differences use it: what the
    /// pairs have in common cancels anyway.
    pub(crate) fn plain_estimate(&self, metric: usize, confidence: f64) -> Estimate {
        let values = &self.values[metric];
        match self.metrics[metric].how {
            How::Mean => stats::mean(values, confidence),
            How::Largest => stats::extreme(values, true),
            How::Smallest => stats::extreme(values, false),
            How::Ratio => stats::ratio(values, &self.weights[metric], confidence),
            How::Quantile { histogram, q } => {
                let pooled = self.cumulative(histogram);
                stats::quantile(
                    &self.shares[histogram].clusters(metric, q, pooled),
                    |share| pooled.quantile_s(share),
                    confidence,
                )
            }
        }
    }

    /// Returns a mean corrected by the controls of its workload, or by the totals over all
    /// workloads if it belongs to none. `None` without `control_variates`, and for other
    /// statistics.
    pub(crate) fn controlled(&self, metric: usize, confidence: f64) -> Option<Controlled> {
        let Metric { kind, entity, how, .. } = &self.metrics[metric];
        if self.expected.is_empty() || *how != How::Mean {
            return None;
        }
        let workload = self.workloads.iter().position(|name| *kind == "workload" && name == entity);
        let controls_of = |controls: &[Controls]| {
            workload.map_or_else(
                || sim::together(controls, &self.expected),
                |workload| controls[workload],
            )
        };
        let (drawn, expected): (Vec<Controls>, Controls) = (
            self.drawn.iter().map(|drawn| controls_of(drawn)).collect(),
            controls_of(&self.expected),
        );
        let controls = [0, 1, 2]
            .map(|index| (drawn.iter().map(|drawn| drawn[index]).collect(), expected[index]));
        Some(stats::controlled_mean(&self.values[metric], &controls, confidence))
    }

    /// Returns the variance of a mean from as many independent replications, divided by its
    /// variance from antithetic pairs. `None` without `antithetic`, and for other statistics.
    pub(crate) fn antithetic_variance_ratio(&self, metric: usize) -> Option<f64> {
        let halves =
            self.half_differences.get(metric).filter(|_| self.metrics[metric].how == How::Mean)?;
        Some(stats::antithetic_variance_ratio(&self.values[metric], halves))
    }

    /// Returns the values of a metric by replication from which differences are formed: the plain
    /// values, or for a quantile the linearised values (`stats::linearised`).
    pub(crate) fn linearised(&self, metric: usize, confidence: f64) -> Vec<f64> {
        match self.metrics[metric].how {
            How::Quantile { histogram, q } => {
                let pooled = self.cumulative(histogram);
                stats::linearised(
                    &self.shares[histogram].clusters(metric, q, pooled),
                    |share| pooled.quantile_s(share),
                    confidence,
                )
            }
            _ => self.values[metric].clone(),
        }
    }

    /// Returns the cumulative form of a pooled histogram, cached because computing it passes over
    /// thousands of buckets.
    fn cumulative(&self, histogram: usize) -> &Cumulative {
        &self.cumulative.get_or_init(|| {
            self.pooled.iter().map(|pooled| Cumulative::of(&pooled.histogram)).collect()
        })[histogram]
    }

    /// Returns the flags of an estimate: `few_samples` for a quantile from fewer than 100/(1−q)
    /// durations, and `one_replication`.
    pub(crate) fn flags(&self, metric: usize) -> Vec<&'static str> {
        let mut flags = Vec::new();
        if let How::Quantile { histogram, q } = self.metrics[metric].how
            && (self.cumulative(histogram).count() as f64) < enough_for(q)
        {
            flags.push("few_samples");
        }
        if self.replications < 2 {
            flags.push("one_replication");
        }
        // There may be a hundred thousand of these vectors.
        flags.shrink_to_fit();
        flags
    }

    /// Returns the index of the first statistic of a metric of an entity.
    pub(crate) fn find(&self, kind: &str, entity: &str, metric: &str) -> Option<usize> {
        self.index.of(kind, entity).find(|&place| self.metrics[place].metric == metric)
    }

    /// Returns the pooled histogram of a metric of an entity.
    pub(crate) fn histogram(&self, kind: &str, entity: &str, metric: &str) -> Option<&Histogram> {
        let pooled_of = |candidate: &Metric| match candidate.how {
            How::Quantile { histogram, .. } if candidate.metric == metric => {
                Some(&self.pooled[histogram].histogram)
            }
            _ => None,
        };
        self.metrics[self.index.of(kind, entity)].iter().find_map(pooled_of)
    }
}

/// Returns the number of durations that a quantile needs so that about a hundred of them are above
/// it.
pub(super) fn enough_for(q: f64) -> f64 {
    // 1 − 0.99 is not exactly 0.01 in binary.
    (100.0 / (1.0 - q) - 1e-6).ceil()
}

fn grown(backlog: &Backlog) -> Growth {
    let Backlog { start, middle, end, arrivals, kept } = *backlog;
    let [start, middle, end, arrivals, kept] =
        [start, middle, end, arrivals, kept].map(|count| count as f64);
    Growth { first: middle - start, second: end - middle, end, arrivals, kept }
}

//! Counts of the durations of each replication at or below the pooled quantiles, from which the
//! intervals of quantiles are computed (`stats::quantile`).
//!
//! The pooled quantile is known only at the end. The first replications are therefore kept, in
//! coarse buckets, until there are 32 of them with 10,000 durations together; the pooled quantile
//! at that time becomes the fixed mark at which all replications are counted, and from then on a
//! replication leaves only one number per quantile.

use crate::measure::{Cumulative, How, Metric, SparseHistogram};
use crate::stats::Clusters;

/// The number of replications kept before the marks are set.
const KEPT: usize = 32;
/// The minimum number of durations before the marks are set.
const ENOUGH: u64 = 10_000;

/// The counts of one histogram, by replication.
#[derive(Debug)]
pub(crate) struct Shares {
    /// The metrics that are quantiles of it: index and q.
    quantiles: Vec<(usize, f64)>,
    /// The number of durations, by replication.
    all: Vec<f64>,
    /// The replications kept, in coarse buckets, until the marks are set.
    kept: Vec<Cumulative>,
    /// By quantile: the last bucket that is counted.
    marks: Option<Vec<u32>>,
    /// By quantile, then by replication, once the marks are set: the number of durations up to the
    /// mark.
    below: Vec<Vec<f64>>,
}

impl Shares {
    /// Creates the counts of every histogram, without replications.
    pub(crate) fn of(metrics: &[Metric], histograms: usize) -> Vec<Shares> {
        let mut quantiles = vec![Vec::new(); histograms];
        for (index, metric) in metrics.iter().enumerate() {
            if let How::Quantile { histogram, q } = metric.how {
                quantiles[histogram].push((index, q));
            }
        }
        let none = |quantiles| Shares {
            quantiles,
            all: Vec::new(),
            kept: Vec::new(),
            marks: None,
            below: Vec::new(),
        };
        quantiles.into_iter().map(none).collect()
    }
    /// Returns whether the marks must be set now; `pooled` returns the number of durations so far.
    pub(crate) fn is_ripe(&self, pooled: impl Fn() -> u64) -> bool {
        self.marks.is_none() && self.kept.len() >= KEPT && pooled() >= ENOUGH
    }
    /// Sets the marks at the pooled quantiles of all replications so far.
    pub(crate) fn mark(&mut self, pooled: &Cumulative) {
        self.below = self.quantiles.iter().map(|&(_, q)| self.counted(q, pooled)).collect();
        self.marks =
            Some(self.quantiles.iter().map(|&(_, q)| pooled.bucket(q).unwrap_or(0)).collect());
        self.kept = Vec::new();
    }
    /// Adds the next replication.
    pub(crate) fn add(&mut self, durations: &SparseHistogram) {
        self.all.push(durations.count() as f64);
        match &self.marks {
            None => self.kept.push(Cumulative::coarse(durations)),
            Some(marks) => marks
                .iter()
                .zip(&mut self.below)
                .for_each(|(&mark, below)| below.push(durations.up_to(mark) as f64)),
        }
    }
    /// Returns, for each replication kept, the number of durations at or below a pooled quantile,
    /// interpolated within its bucket; the total is the share q.
    fn counted(&self, q: f64, pooled: &Cumulative) -> Vec<f64> {
        let Some((bucket, part)) = pooled.coarse_place(q) else {
            return vec![0.0; self.kept.len()];
        };
        let up_to_quantile = |kept: &Cumulative| {
            let (before, all) = (kept.before(bucket) as f64, kept.before(bucket + 1) as f64);
            before + part * (all - before)
        };
        self.kept.iter().map(up_to_quantile).collect()
    }
    /// Returns the input for the interval of a quantile.
    pub(crate) fn clusters(&self, metric: usize, q: f64, pooled: &Cumulative) -> Clusters {
        let position = self.quantiles.iter().position(|(index, _)| *index == metric);
        let below = match (&self.marks, position) {
            (Some(_), Some(position)) => self.below[position].clone(),
            _ => self.counted(q, pooled),
        };
        Clusters {
            q,
            pooled: pooled.quantile_s(q),
            within: pooled.within_s(q),
            counts: below.into_iter().zip(self.all.iter().copied()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Histogram;
    use crate::random::keys::{Key, Salt};
    use crate::units::Span;

    fn metrics() -> Vec<Metric> {
        let of = |stat, how| Metric {
            kind: "workload",
            entity: "users".into(),
            metric: "latency".into(),
            stat,
            unit: "s",
            how,
        };
        let quantile = |histogram, q| How::Quantile { histogram, q };
        vec![
            of("mean", How::Mean),
            of("p50", quantile(1, 0.5)),
            of("p50", quantile(0, 0.5)),
            of("p99", quantile(0, 0.99)),
        ]
    }

    /// `count` exponential durations of mean 10 ms; twice as long in odd replications.
    fn durations(replication: u64, count: u64) -> SparseHistogram {
        let mut histogram = Histogram::default();
        for i in 0..count {
            let uniform =
                Key(5).ordinal(replication).ordinal(i).draw(Salt::of("duration")).uniform();
            histogram.record(Span((-uniform.ln() * 1e7) as u64 * (1 + replication % 2)));
        }
        histogram.distribution()
    }

    /// Adds these replications in the same way as the fold does.
    fn added(
        replications: std::ops::Range<u64>,
        count: u64,
    ) -> (Shares, Cumulative, Vec<SparseHistogram>) {
        let (mut shares, mut pooled, mut own) =
            (Shares::of(&metrics(), 2).swap_remove(0), Histogram::default(), Vec::new());
        for replication in replications {
            own.push(durations(replication, count));
            if shares.is_ripe(|| pooled.count()) {
                shares.mark(&Cumulative::of(&pooled));
            }
            shares.add(&own[own.len() - 1]);
            pooled.merge(&own[own.len() - 1]);
        }
        (shares, Cumulative::of(&pooled), own)
    }

    /// Compares the shares with a direct count of the durations, up to the width of the buckets.
    fn agrees(shares: &Shares, pooled: &Cumulative, own: &[SparseHistogram], most_off: f64) {
        for (metric, q) in [(2, 0.5), (3, 0.99)] {
            let clusters = shares.clusters(metric, q, pooled);
            assert_eq!((clusters.counts.len(), clusters.pooled), (own.len(), pooled.quantile_s(q)));
            for ((below, all), own) in clusters.counts.iter().zip(own) {
                let counted = own.up_to(pooled.bucket(q).unwrap()) as f64;
                assert!(
                    *all == own.count() as f64 && (below - counted).abs() <= most_off * all,
                    "{q}: {below} and {counted} of {all}"
                );
            }
        }
    }

    #[test]
    fn each_replication_has_its_share_at_or_below_the_pooled_quantile() {
        // Counted directly. A bucket of 3.2 % contains at most 1.6 % of the durations here; over
        // all replications the share is exact.
        let (shares, pooled, own) = added(0..30, 1000);
        assert!(shares.marks.is_none());
        agrees(&shares, &pooled, &own, 0.016);
        let clusters = shares.clusters(3, 0.99, &pooled);
        assert!(
            (clusters.counts.iter().map(|(below, _)| below).sum::<f64>() - 29_700.0).abs() < 1e-6
        );
    }

    #[test]
    fn later_replications_leave_one_number_for_each_quantile() {
        // The mark is the quantile of the first 32,000 durations, with a standard error of 0.3 % of
        // the share at the median and 0.06 % at p99; the tolerance is 5 standard errors.
        let (shares, pooled, own) = added(0..200, 1000);
        assert!(
            shares.marks.is_some()
                && shares.kept.is_empty()
                && shares.below.iter().all(|below| below.len() == 200)
        );
        agrees(&shares, &pooled, &own, 0.016 + 0.015);
    }

    #[test]
    fn no_marks_are_set_before_there_are_enough_durations() {
        // 200 replications of 40 durations are 8,000: their shares are still those at the pooled
        // quantile. Without durations all counts are 0.
        let (shares, pooled, own) = added(0..200, 40);
        assert!(shares.marks.is_none());
        agrees(&shares, &pooled, &own, 0.08);
        let (shares, pooled, _) = added(0..40, 0);
        let clusters = shares.clusters(2, 0.5, &pooled);
        assert!(clusters.pooled.is_nan() && clusters.counts == vec![(0.0, 0.0); 40]);
    }
}

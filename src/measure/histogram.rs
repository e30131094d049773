//! Histograms of durations with three significant digits (hdrhistogram, Tene 2012): a bucket is never wider than 0.1 % of its values.
//! Counts are whole, so that merging is exact and does not depend on the order.

use crate::units::Span;

/// How many durations fell where.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: hdrhistogram::Histogram<u64>,
}

/// One bucket with something in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Lowest duration of the bucket, ns.
    pub low_ns: u64,
    /// Highest duration of the bucket, ns.
    pub high_ns: u64,
    pub count: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        // It grows by itself as longer durations come; 3 digits is a constant the library accepts.
        let mut counts = hdrhistogram::Histogram::new_with_max(1_000_000, 3).expect("3 digits up to 1 ms are valid bounds");
        counts.auto(true);
        Histogram { counts }
    }
}

impl Histogram {
    #[inline(always)]
    pub fn record(&mut self, span: Span) {
        // Cannot fail: the histogram grows up to 2^64 - 1 ns.
        let _ = self.counts.record(span.0);
    }
    /// Counts a value many times.
    pub fn record_many(&mut self, span: Span, count: u64) {
        let _ = self.counts.record_n(span.0, count);
    }
    pub fn count(&self) -> u64 {
        self.counts.len()
    }
    /// Adds all counts of another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        let _ = self.counts.add(&other.counts);
    }
    /// The smallest duration with at least a share `q` of all at or below it, in seconds; the middle of its bucket. NaN when empty.
    pub fn quantile_s(&self, q: f64) -> f64 {
        if self.counts.is_empty() {
            return f64::NAN;
        }
        let value = self.counts.value_at_quantile(q);
        let low = self.counts.lowest_equivalent(value);
        let high = self.counts.highest_equivalent(value);
        (low as f64 + high as f64) * 0.5e-9
    }
    /// The buckets with something in them, in order.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        self.counts.iter_recorded().map(|step| {
            let value = step.value_iterated_to();
            let (low_ns, high_ns) = (self.counts.lowest_equivalent(value), self.counts.highest_equivalent(value));
            Bucket { low_ns, high_ns, count: step.count_since_last_iteration() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_tenth_of_a_percent() {
        // Exact quantiles of 1 ..= 100,000 us are the ranks themselves.
        let mut histogram = Histogram::default();
        for us in 1..=100_000u64 {
            histogram.record(Span(us * 1000));
        }
        for q in [0.5, 0.9, 0.95, 0.99, 0.999] {
            let exact = (q * 100_000.0_f64).ceil() * 1e-6;
            assert!((histogram.quantile_s(q) / exact - 1.0).abs() < 1e-3, "p{q}: {}", histogram.quantile_s(q));
        }
        assert_eq!(histogram.buckets().map(|b| b.count).sum::<u64>(), 100_000);
    }

    #[test]
    fn merging_does_not_depend_on_the_order() {
        let part = |seed: u64| {
            let mut h = Histogram::default();
            (0..1000).for_each(|i| h.record(Span(crate::random::keys::mix(seed * 1000 + i) >> 30)));
            h
        };
        let (mut ab, mut ba) = (part(1), part(2));
        ab.merge(&part(2));
        ba.merge(&part(1));
        assert!(ab.buckets().eq(ba.buckets()));
    }
}

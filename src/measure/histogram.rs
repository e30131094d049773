//! Histograms of durations with three significant digits.
//!
//! Law: log-linear buckets as in HdrHistogram (Tene 2012): values below 2048 ns have a bucket each; above, every power of two is cut into 1024
//! equal buckets, so that a bucket is never wider than 0.1 % of its values. Counts are whole: merging is exact, in any order.
//! Our own forty lines because recording happens in the hot loop, where the `hdrhistogram` crate takes 96 instructions a value and this 15
//! (callgrind); the crate is the oracle below, bucket by bucket.

use crate::units::Span;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many durations fell where.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// By bucket, as long as the largest value needs.
    counts: Vec<u64>,
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

/// Written as the buckets with something in them: how many empty ones stand before each, and its count.
impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut next = 0;
        let filled = self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(bucket, count)| {
            let skipped = bucket - std::mem::replace(&mut next, bucket + 1);
            (skipped as u32, *count)
        });
        to.collect_seq(filled.collect::<Vec<_>>())
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Histogram, D::Error> {
        let mut histogram = Histogram::default();
        let mut next = 0usize;
        for (skipped, count) in Vec::<(u32, u64)>::deserialize(from)? {
            let bucket = next + skipped as usize;
            if bucket > BUCKET_MAX {
                return Err(serde::de::Error::custom("a histogram has no such bucket"));
            }
            if bucket >= histogram.counts.len() {
                histogram.grow(bucket);
            }
            histogram.counts[bucket] = count;
            next = bucket + 1;
        }
        Ok(histogram)
    }
}

/// Buckets of a power of two: 2^10, for three digits.
const HALF_BITS: u32 = 10;
const HALF: usize = 1 << HALF_BITS;
/// The bucket of the longest duration.
const BUCKET_MAX: usize = (65 - HALF_BITS as usize) * HALF - 1;

#[inline(always)]
fn bucket_of(ns: u64) -> usize {
    let power = (63 - (ns | (2 * HALF as u64 - 1)).leading_zeros()) - HALF_BITS;
    (power as usize) * HALF + (ns >> power) as usize
}

/// Lowest and highest value of a bucket.
fn range_of(bucket: usize) -> (u64, u64) {
    let power = (bucket / HALF).saturating_sub(1);
    let low = ((bucket - power * HALF) as u64) << power;
    (low, low + ((1 << power) - 1))
}

impl Histogram {
    #[inline(always)]
    pub fn record(&mut self, span: Span) {
        let bucket = bucket_of(span.0);
        if bucket >= self.counts.len() {
            self.grow(bucket);
        }
        self.counts[bucket] += 1;
    }
    #[cold]
    #[inline(never)]
    fn grow(&mut self, bucket: usize) {
        // Up to the end of the power of two, which other values will need as well.
        self.counts.resize((bucket / HALF + 1) * HALF, 0);
    }
    /// Counts a value many times.
    pub fn record_many(&mut self, span: Span, count: u64) {
        if count > 0 {
            self.record(span);
            self.counts[bucket_of(span.0)] += count - 1;
        }
    }
    /// How many values it holds; a sum over its buckets.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
    /// Adds all counts of another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
    }
    /// The smallest duration with at least a share `q` of all at or below it, in seconds; the middle of its bucket. NaN when empty.
    pub fn quantile_s(&self, q: f64) -> f64 {
        self.quantiles_s([q])[0]
    }
    /// The same for several shares, which rise, in one pass over the buckets.
    pub fn quantiles_s<const N: usize>(&self, rising: [f64; N]) -> [f64; N] {
        let total = self.count() as f64;
        let ranks = rising.map(|q| ((q * total).ceil() as u64).max(1));
        let (mut quantiles, mut found, mut below) = ([f64::NAN; N], 0, 0);
        for (bucket, count) in self.counts.iter().enumerate() {
            below += count;
            while found < N && below >= ranks[found] {
                let (low, high) = range_of(bucket);
                quantiles[found] = (low as f64 + high as f64) * 0.5e-9;
                found += 1;
            }
            if found == N {
                break;
            }
        }
        quantiles
    }
    /// The buckets with something in them, in order.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        let filled = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        filled.map(|(bucket, count)| {
            let (low_ns, high_ns) = range_of(bucket);
            Bucket { low_ns, high_ns, count: *count }
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
        let shares = [0.5, 0.9, 0.95, 0.99, 0.999];
        for (q, together) in shares.into_iter().zip(histogram.quantiles_s(shares)) {
            let exact = (q * 100_000.0_f64).ceil() * 1e-6;
            assert!((histogram.quantile_s(q) / exact - 1.0).abs() < 1e-3, "p{q}: {}", histogram.quantile_s(q));
            assert_eq!(together, histogram.quantile_s(q), "one by one and together are the same");
        }
        assert!(Histogram::default().quantiles_s([0.5, 0.9]).iter().all(|quantile| quantile.is_nan()));
        assert_eq!(histogram.buckets().map(|b| b.count).sum::<u64>(), 100_000);
    }

    #[test]
    fn buckets_are_those_of_hdrhistogram() {
        // Oracle: the crate of that name with 3 digits, over values of every magnitude.
        let mut ours = Histogram::default();
        let mut theirs = hdrhistogram::Histogram::<u64>::new_with_max(u64::MAX / 2, 3).unwrap();
        for i in 0..200_000u64 {
            let value = crate::random::keys::mix(i) >> (1 + i % 60);
            ours.record(Span(value));
            theirs.record(value).unwrap();
        }
        let expected = theirs.iter_recorded().map(|step| {
            let value = step.value_iterated_to();
            (theirs.lowest_equivalent(value), theirs.highest_equivalent(value), step.count_since_last_iteration())
        });
        assert!(ours.buckets().map(|b| (b.low_ns, b.high_ns, b.count)).eq(expected));
        for q in [0.0, 0.001, 0.5, 0.9, 0.999, 1.0] {
            let (low, high) = (theirs.lowest_equivalent(theirs.value_at_quantile(q)), theirs.value_at_quantile(q));
            assert!((low as f64 * 1e-9..=high as f64 * 1e-9).contains(&ours.quantile_s(q)), "{q}");
        }
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

//! How many durations are at or below: a histogram that is asked often.
//!
//! Law: within a bucket durations are taken as spread evenly. The coarse kind joins 32 buckets, so that one is never wider than 3.2 % of its
//! values: of every replication there is one for a while, and it is to be small.

use super::histogram::{BUCKET_MAX, Distribution, Histogram, range_of};

/// Buckets that a coarse one joins, as a power of two.
const JOINED_BITS: u32 = 5;

/// Buckets with something in them, and how many durations are in them and below.
#[derive(Clone, Debug, Default)]
pub struct Cumulative {
    filled: Vec<(u32, u64)>,
}

impl Cumulative {
    fn new(filled: impl Iterator<Item = (u32, u64)>) -> Cumulative {
        let mut made: Vec<(u32, u64)> = Vec::new();
        let mut all = 0;
        for (bucket, count) in filled {
            all += count;
            match made.last_mut() {
                Some(last) if last.0 == bucket => last.1 = all,
                _ => made.push((bucket, all)),
            }
        }
        Cumulative { filled: made }
    }
    /// In the buckets of the histogram.
    pub fn of(histogram: &Histogram) -> Cumulative {
        Cumulative::new(histogram.filled().map(|(bucket, count)| (bucket as u32, count)))
    }
    /// In coarse buckets.
    pub fn coarse(distribution: &Distribution) -> Cumulative {
        let mut made = Cumulative::new(distribution.filled().map(|(bucket, count)| (bucket >> JOINED_BITS, count)));
        made.filled.shrink_to_fit();
        made
    }
    /// How many durations there are.
    pub fn count(&self) -> u64 {
        self.filled.last().map_or(0, |(_, all)| *all)
    }
    /// How many are in buckets before this one.
    pub fn before(&self, bucket: u32) -> u64 {
        let next = self.filled.partition_point(|(own, _)| *own < bucket);
        if next == 0 { 0 } else { self.filled[next - 1].1 }
    }
    /// The place of the bucket with the quantile.
    fn place(&self, q: f64) -> Option<usize> {
        let rank = ((q * self.count() as f64).ceil() as u64).max(1);
        let place = self.filled.partition_point(|(_, all)| *all < rank);
        (place < self.filled.len()).then_some(place)
    }
    /// The bucket with the quantile; none when empty.
    pub fn bucket(&self, q: f64) -> Option<u32> {
        self.place(q).map(|place| self.filled[place].0)
    }
    /// The quantile, as [`Histogram::quantile_s`] has it: the middle of its bucket. NaN when empty.
    pub fn quantile_s(&self, q: f64) -> f64 {
        let Some(bucket) = self.bucket(q) else { return f64::NAN };
        let (low, high) = range_of(bucket as usize);
        (low as f64 + high as f64) * 0.5e-9
    }
    /// The quantile, evenly spread within its bucket. NaN when empty.
    pub fn between_s(&self, q: f64) -> f64 {
        let Some(place) = self.place(q) else { return f64::NAN };
        let (bucket, all) = self.filled[place];
        let before = if place == 0 { 0 } else { self.filled[place - 1].1 };
        let (low, high) = range_of(bucket as usize);
        let part = ((q * self.count() as f64 - before as f64) / (all - before) as f64).clamp(0.0, 1.0);
        (low as f64 + (high - low) as f64 * part) * 1e-9
    }
    /// In the terms of a coarse one: the coarse bucket with the quantile, and which part of what is in it is at or below the quantile. None when
    /// empty.
    pub fn coarse_place(&self, q: f64) -> Option<(u32, f64)> {
        let bucket = self.bucket(q)? >> JOINED_BITS;
        let (from, to) = (bucket << JOINED_BITS, ((bucket + 1) << JOINED_BITS).min(BUCKET_MAX + 1));
        let (before, all) = (self.before(from) as f64, self.before(to) as f64);
        Some((bucket, ((q * self.count() as f64 - before) / (all - before)).clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    /// 1 to 100,000 µs, once each.
    fn even() -> Histogram {
        let mut histogram = Histogram::default();
        (1..=100_000u64).for_each(|us| histogram.record(Span(us * 1000)));
        histogram
    }

    #[test]
    fn quantiles_are_those_of_the_histogram_and_even_within_a_bucket() {
        // The same middle of the same bucket; between, the exact quantile q · 0.1 s, to a duration's distance from the next.
        let (histogram, cumulative) = (even(), Cumulative::of(&even()));
        for q in [0.0, 0.001, 0.3, 0.5, 0.95, 0.999] {
            assert_eq!(cumulative.quantile_s(q), histogram.quantile_s(q), "{q}");
            assert!((cumulative.between_s(q) - q * 0.1).abs() < 2.1e-6, "{q}: {}", cumulative.between_s(q));
        }
        assert!(cumulative.count() == 100_000 && cumulative.quantile_s(1.0) == histogram.quantile_s(1.0));
        // The last bucket ends beyond the longest.
        assert!((cumulative.between_s(1.0) / 0.1 - 1.0).abs() < 1e-3);
        let empty = Cumulative::of(&Histogram::default());
        assert!(empty.quantile_s(0.5).is_nan() && empty.between_s(0.5).is_nan() && empty.coarse_place(0.5).is_none() && empty.count() == 0);
    }

    #[test]
    fn a_coarse_one_has_as_many_at_or_below_as_the_whole() {
        // Definition: what is before the coarse bucket of a quantile, and the part of what is in it, is the share q of all. Small, too:
        // 32 buckets for each of 17 powers of two.
        let (fine, coarse) = (Cumulative::of(&even()), Cumulative::coarse(&even().distribution()));
        for q in [0.001, 0.5, 0.95, 0.999] {
            let (bucket, part) = fine.coarse_place(q).unwrap();
            let (before, all) = (coarse.before(bucket) as f64, coarse.before(bucket + 1) as f64);
            assert!((before + part * (all - before) - q * 100_000.0).abs() < 1e-6, "{q}");
        }
        assert!(coarse.count() == 100_000 && coarse.filled.len() <= 17 * 32, "{}", coarse.filled.len());
        let mut longest = Histogram::default();
        longest.record(Span(u64::MAX));
        assert_eq!(Cumulative::of(&longest).coarse_place(0.5), Some((BUCKET_MAX >> JOINED_BITS, 0.5)));
    }
}

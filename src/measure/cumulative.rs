//! How many durations are at or below: a histogram that is asked often.
//!
//! Law: what is known of a bucket is that of `distribution.rs`: an atom, or durations that are
//! spread evenly. The coarse kind joins 32 buckets, so that one is never wider than 3.2 % of its
//! values, and knows no atoms: of every replication there is one for a while, and it is to be
//! small.

use super::distribution::{Ends, Filled, SparseHistogram, between_s, needed};
use super::histogram::{BUCKET_MAX, Histogram};

/// Buckets that a coarse one joins, as a power of two.
const JOINED_BITS: u32 = 5;

/// Buckets with something in them, and how many durations are in them and below.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cumulative {
    filled: Vec<(u32, u64)>,
    /// By bucket, as [`Filled`] has them; none if it is a coarse one.
    atoms_ns: Vec<u64>,
    ends: Ends,
}

impl Cumulative {
    /// In the buckets of the histogram.
    pub(crate) fn of(histogram: &Histogram) -> Cumulative {
        let mut made = Cumulative { ends: histogram.ends(), ..Cumulative::default() };
        let mut all = 0;
        for Filled { bucket, count, atom_ns } in histogram.filled() {
            all += count;
            made.filled.push((bucket, all));
            made.atoms_ns.push(atom_ns);
        }
        made
    }
    /// In coarse buckets.
    pub(crate) fn coarse(distribution: &SparseHistogram) -> Cumulative {
        let mut filled: Vec<(u32, u64)> = Vec::new();
        let (mut open, mut all) = (None, 0);
        for own in distribution.filled() {
            let bucket = own.bucket >> JOINED_BITS;
            if let Some(over) = open.replace(bucket).filter(|over| *over != bucket) {
                filled.push((over, all));
            }
            all += own.count;
        }
        filled.extend(open.map(|last| (last, all)));
        filled.shrink_to_fit();
        Cumulative { filled, ..Cumulative::default() }
    }
    /// How many durations there are.
    pub(crate) fn count(&self) -> u64 {
        self.filled.last().map_or(0, |(_, all)| *all)
    }
    /// How many are in buckets before this one.
    pub(crate) fn before(&self, bucket: u32) -> u64 {
        self.below(self.filled.partition_point(|(own, _)| *own < bucket))
    }
    /// How many are in buckets before a place.
    fn below(&self, place: usize) -> u64 {
        if place == 0 { 0 } else { self.filled[place - 1].1 }
    }
    /// The place of the bucket with the quantile.
    fn place(&self, q: f64) -> Option<usize> {
        let needed = needed(q, self.count());
        let place = self.filled.partition_point(|(_, all)| *all < needed);
        (place < self.filled.len()).then_some(place)
    }
    /// The bucket with the quantile; none when empty.
    pub(crate) fn bucket(&self, q: f64) -> Option<u32> {
        self.place(q).map(|place| self.filled[place].0)
    }
    /// Between which durations those at a place are.
    fn range(&self, place: usize) -> (u64, u64) {
        self.ends.range(self.filled[place].0, self.atoms_ns[place])
    }
    /// The quantile, as [`Histogram::quantile_s`] has it. NaN when empty.
    pub(crate) fn quantile_s(&self, q: f64) -> f64 {
        let Some(place) = self.place(q) else { return f64::NAN };
        let before = self.below(place);
        between_s(
            self.range(place),
            (q * self.count() as f64 - before as f64) / (self.filled[place].1 - before) as f64,
        )
    }
    /// Between which durations the quantile is for sure: the ends of its bucket. NaN when empty.
    pub(crate) fn within_s(&self, q: f64) -> (f64, f64) {
        let Some(place) = self.place(q) else { return (f64::NAN, f64::NAN) };
        (between_s(self.range(place), 0.0), between_s(self.range(place), 1.0))
    }
    /// In the terms of a coarse one: the coarse bucket with the quantile, and which part of what is
    /// in it is at or below the quantile. None when empty.
    pub(crate) fn coarse_place(&self, q: f64) -> Option<(u32, f64)> {
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
        // The same; the exact quantile is q · 0.1 s, to a duration's distance from the next. For
        // sure it is within a bucket, of 0.1 %.
        let (histogram, cumulative) = (even(), Cumulative::of(&even()));
        for q in [0.0, 0.001, 0.3, 0.5, 0.95, 0.999, 1.0] {
            let (quantile, (low, high)) = (cumulative.quantile_s(q), cumulative.within_s(q));
            assert_eq!(quantile, histogram.quantile_s(q), "{q}");
            assert!((quantile - q * 0.1).abs() < 2.1e-6, "{q}: {quantile}");
            assert!(
                low <= quantile && quantile <= high && high / low < 1.001,
                "{q}: {low} {quantile} {high}"
            );
        }
        assert!(cumulative.count() == 100_000 && cumulative.quantile_s(1.0) == 0.1);
        let empty = Cumulative::of(&Histogram::default());
        assert!(
            empty.quantile_s(0.5).is_nan()
                && empty.within_s(0.5).0.is_nan()
                && empty.coarse_place(0.5).is_none()
                && empty.count() == 0
        );
    }

    #[test]
    fn a_coarse_one_has_as_many_at_or_below_as_the_whole() {
        // Definition: what is before the coarse bucket of a quantile, and the part of what is in
        // it, is the share q of all. Small, too: 32 buckets for each of 17 powers of two.
        let (fine, coarse) = (Cumulative::of(&even()), Cumulative::coarse(&even().distribution()));
        for q in [0.001, 0.5, 0.95, 0.999] {
            let (bucket, part) = fine.coarse_place(q).unwrap();
            let (before, all) = (coarse.before(bucket) as f64, coarse.before(bucket + 1) as f64);
            assert!((before + part * (all - before) - q * 100_000.0).abs() < 1e-6, "{q}");
        }
        assert!(
            coarse.count() == 100_000 && coarse.filled.len() <= 17 * 32,
            "{}",
            coarse.filled.len()
        );
        let mut longest = Histogram::default();
        longest.record(Span(u64::MAX));
        assert_eq!(
            Cumulative::of(&longest).coarse_place(0.5),
            Some((BUCKET_MAX >> JOINED_BITS, 0.5))
        );
    }
}

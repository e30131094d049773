//! Histograms of durations with three significant digits.
//!
//! Law: log-linear buckets as in HdrHistogram (Tene 2012): values below 2048 ns have a bucket each; above, every power of two is cut into 1024
//! equal buckets, so that a bucket is never wider than 0.1 % of its values. Counts are whole: merging is exact, in any order.
//! Our own because recording happens in the hot loop, where the `hdrhistogram` crate takes 96 instructions a value and this 15
//! (callgrind); the crate is the oracle below, bucket by bucket.

use crate::units::Span;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many durations fell where.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// How many were 0: apart, because they would make the rest begin at 0.
    zeros: u64,
    /// The first few that were added, bucket and count: as long as there are no more, there are no counts. A replication of a second has a
    /// hundred values, in as many buckets of ten powers of two.
    few: Vec<(u32, u64)>,
    /// The bucket of the first count; a whole number of powers of two.
    first: usize,
    /// By bucket, from the power of two of the smallest value to that of the largest.
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

/// The buckets with something in them: what a replication hands on. A few requests take a few bytes, and many no more than the histogram.
///
/// Written as how many empty buckets stand before each, and its count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    /// Bucket and count, rising.
    filled: Vec<(u32, u64)>,
}

impl Serialize for Distribution {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut next = 0;
        to.collect_seq(self.filled.iter().map(|&(bucket, count)| (bucket - std::mem::replace(&mut next, bucket + 1), count)))
    }
}

impl<'de> Deserialize<'de> for Distribution {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Distribution, D::Error> {
        let mut filled = Vec::<(u32, u64)>::deserialize(from)?;
        let mut next = 0u32;
        for (bucket, _) in &mut filled {
            *bucket = bucket
                .checked_add(next)
                .filter(|bucket| *bucket <= BUCKET_MAX)
                .ok_or_else(|| D::Error::custom("a histogram has no such bucket"))?;
            next = *bucket + 1;
        }
        Ok(Distribution { filled })
    }
}

impl Distribution {
    /// How many values it holds.
    pub fn count(&self) -> u64 {
        self.filled.iter().map(|(_, count)| count).sum()
    }
    /// Both together.
    pub fn merged(&self, other: &Distribution) -> Distribution {
        let (mut mine, mut theirs) = (self.filled.iter().peekable(), other.filled.iter().peekable());
        let mut filled = Vec::with_capacity(self.filled.len() + other.filled.len());
        loop {
            filled.push(match (mine.peek(), theirs.peek()) {
                (Some((a, x)), Some((b, y))) if a == b => {
                    let both = (*a, x + y);
                    mine.next();
                    theirs.next();
                    both
                }
                (Some((a, _)), Some((b, _))) if a < b => *mine.next().unwrap_or(&(0, 0)),
                (_, Some(_)) => *theirs.next().unwrap_or(&(0, 0)),
                (Some(_), None) => *mine.next().unwrap_or(&(0, 0)),
                (None, None) => return Distribution { filled },
            });
        }
    }
    /// How many values are in this bucket and below.
    pub fn up_to(&self, bucket: u32) -> u64 {
        self.filled.iter().take_while(|(own, _)| *own <= bucket).map(|(_, count)| count).sum()
    }
    /// The buckets with something in them, in order, and how many values.
    pub(super) fn filled(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        self.filled.iter().copied()
    }
    /// As [`Histogram::quantiles_s`].
    pub fn quantiles_s<const N: usize>(&self, rising: [f64; N]) -> [f64; N] {
        quantiles_s(self.count(), self.filled.iter().map(|&(bucket, count)| (bucket as usize, count)), rising)
    }
    /// The buckets with something in them, in order.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        self.filled.iter().map(|&(bucket, count)| bucket_with(bucket as usize, count))
    }
}

fn bucket_with(bucket: usize, count: u64) -> Bucket {
    let (low_ns, high_ns) = range_of(bucket);
    Bucket { low_ns, high_ns, count }
}

/// The smallest durations with at least these shares of all at or below them, in one pass.
fn quantiles_s<const N: usize>(total: u64, filled: impl Iterator<Item = (usize, u64)>, rising: [f64; N]) -> [f64; N] {
    let ranks = rising.map(|q| ((q * total as f64).ceil() as u64).max(1));
    let (mut quantiles, mut found, mut below) = ([f64::NAN; N], 0, 0);
    for (bucket, count) in filled {
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

/// Buckets of a power of two: 2^10, for three digits.
const HALF_BITS: u32 = 10;
const HALF: usize = 1 << HALF_BITS;
/// So many are no longer few.
const FEW: usize = 256;
/// Buckets that are looked at together.
const CHUNK: usize = 32;
/// The bucket of the longest duration.
pub(super) const BUCKET_MAX: u32 = (65 - HALF_BITS) * HALF as u32 - 1;

#[inline(always)]
fn bucket_of(ns: u64) -> usize {
    let power = (63 - (ns | (2 * HALF as u64 - 1)).leading_zeros()) - HALF_BITS;
    (power as usize) * HALF + (ns >> power) as usize
}

/// Lowest and highest value of a bucket.
pub(super) fn range_of(bucket: usize) -> (u64, u64) {
    let power = (bucket / HALF).saturating_sub(1);
    let low = ((bucket - power * HALF) as u64) << power;
    (low, low + ((1 << power) - 1))
}

impl Histogram {
    #[inline(always)]
    pub fn record(&mut self, span: Span) {
        let bucket = bucket_of(span.0);
        match self.counts.get_mut(bucket.wrapping_sub(self.first)) {
            Some(count) => *count += 1,
            None => self.add(bucket, 1),
        }
    }
    /// Adds to a bucket, wherever it is.
    #[cold]
    #[inline(never)]
    fn add(&mut self, bucket: usize, count: u64) {
        if bucket == 0 {
            self.zeros += count;
            return;
        }
        if count == 0 {
            return;
        }
        if self.counts.is_empty() {
            self.few.push((bucket as u32, count));
            if self.few.len() == FEW {
                self.spread();
            }
            return;
        }
        self.cover(bucket / HALF * HALF, (bucket / HALF + 1) * HALF);
        self.counts[bucket - self.first] += count;
    }
    /// Makes counts of the few.
    fn spread(&mut self) {
        let few = std::mem::take(&mut self.few);
        let buckets = || few.iter().map(|(bucket, _)| *bucket as usize / HALF);
        let (first, last) = (buckets().min().unwrap_or(0), buckets().max().unwrap_or(0));
        (self.first, self.counts) = (first * HALF, vec![0; (last + 1 - first) * HALF]);
        for (bucket, count) in few {
            self.counts[bucket as usize - self.first] += count;
        }
    }
    /// Makes room for the buckets of some powers of two.
    fn cover(&mut self, from: usize, to: usize) {
        if from < self.first {
            // At least as much again, so that all are moved a few times only; and in one copy, where `splice` would move them one by one.
            let from = from.min(self.first.saturating_sub(self.counts.len()));
            let more = self.first - from;
            let mut counts = vec![0; more + self.counts.len()];
            counts[more..].copy_from_slice(&self.counts);
            (self.first, self.counts) = (from, counts);
        }
        if to > self.first + self.counts.len() {
            self.counts.resize(to - self.first, 0);
        }
    }
    /// Counts a value many times.
    pub fn record_many(&mut self, span: Span, count: u64) {
        self.add(bucket_of(span.0), count);
    }
    /// How many values it holds; a sum over its buckets.
    pub fn count(&self) -> u64 {
        self.zeros + self.few.iter().map(|(_, count)| count).sum::<u64>() + self.counts.iter().sum::<u64>()
    }
    /// Adds what a replication has handed on.
    pub fn merge(&mut self, other: &Distribution) {
        for &(bucket, count) in &other.filled {
            match self.counts.get_mut((bucket as usize).wrapping_sub(self.first)) {
                Some(mine) => *mine += count,
                None => self.add(bucket as usize, count),
            }
        }
    }
    /// The buckets with something in them.
    pub fn distribution(&self) -> Distribution {
        Distribution { filled: self.filled().map(|(bucket, count)| (bucket as u32, count)).collect() }
    }
    /// The buckets with something in them, in order.
    pub(super) fn filled(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        // Zeros may be in both places, if the smallest other value is below 2048 ns.
        let covered = self.counts.first().filter(|_| self.first == 0).copied().unwrap_or(0);
        let zeros = Some((0, self.zeros + covered)).filter(|(_, count)| *count > 0);
        // Most are empty, and there is a whole number of chunks: each power of two has 1024 buckets.
        let (chunks, _) = self.counts.as_chunks::<CHUNK>();
        let some = chunks.iter().enumerate().filter(|(_, chunk)| chunk.iter().fold(0, |any, count| any | count) > 0);
        let places = some.flat_map(|(index, chunk)| (index * CHUNK..).zip(chunk));
        let others = places.filter(|(index, count)| **count > 0 && self.first + index > 0);
        let mut few: Vec<(usize, u64)> = self.few.iter().map(|(bucket, count)| (*bucket as usize, *count)).collect();
        few.sort_unstable();
        few.dedup_by(|(bucket, count), (before, sum)| {
            let same = bucket == before;
            *sum += if same { *count } else { 0 };
            same
        });
        zeros.into_iter().chain(few).chain(others.map(|(index, count)| (self.first + index, *count)))
    }
    /// The smallest duration with at least a share `q` of all at or below it, in seconds; the middle of its bucket. NaN when empty.
    pub fn quantile_s(&self, q: f64) -> f64 {
        self.quantiles_s([q])[0]
    }
    /// The same for several shares, which rise, in one pass over the buckets.
    pub fn quantiles_s<const N: usize>(&self, rising: [f64; N]) -> [f64; N] {
        quantiles_s(self.count(), self.filled(), rising)
    }
    /// The buckets with something in them, in order.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        self.filled().map(|(bucket, count)| bucket_with(bucket, count))
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

    fn part(seed: u64) -> Histogram {
        let mut h = Histogram::default();
        (0..1000).for_each(|i| h.record(Span(crate::random::keys::mix(seed * 1000 + i) >> (30 + i % 34))));
        h
    }

    #[test]
    fn few_values_and_many_are_the_same_buckets() {
        // The oracle is a map: 1 to 600 values of few magnitudes, so that many buckets are met again, on both sides of where counts begin.
        let (mut ours, mut map) = (Histogram::default(), std::collections::BTreeMap::new());
        for i in 0..600u64 {
            let value = Span(crate::random::keys::mix(i) % [3, 40, 5000, 1 << 40][i as usize % 4]);
            ours.record(value);
            *map.entry(bucket_of(value.0)).or_insert(0) += 1;
            assert!(ours.filled().eq(map.iter().map(|(bucket, count)| (*bucket, *count))), "after {} values", i + 1);
            assert_eq!((ours.count(), ours.counts.is_empty()), (i + 1, ours.zeros + (ours.few.len() as u64) == i + 1));
        }
        assert!(!ours.counts.is_empty() && ours.few.is_empty());
    }

    #[test]
    fn few_values_that_are_handed_on_are_as_many_where_they_are_merged() {
        // Three values of twenty, nineteen and one; once as they are, and twice into the same histogram.
        let mut own = Histogram::default();
        for (span, count) in [(5_000, 20), (7, 19), (0, 1)] {
            (0..count).for_each(|_| own.record(Span(span)));
        }
        let mut merged = Histogram::default();
        for times in 1..=2 {
            merged.merge(&own.distribution());
            assert!(merged.counts.is_empty());
            let counts: Vec<u64> = merged.buckets().map(|bucket| bucket.count).collect();
            assert_eq!((counts, merged.count()), (vec![times, 19 * times, 20 * times], 40 * times));
        }
        assert_eq!(merged.distribution(), own.distribution().merged(&own.distribution()));
    }

    #[test]
    fn merging_does_not_depend_on_the_order_or_on_the_way() {
        // Into a histogram in both orders, and as distributions; zeros among the values, which are kept apart.
        let (a, b) = (part(1).distribution(), part(2).distribution());
        let (mut ab, mut ba) = (part(1), part(2));
        ab.merge(&b);
        ba.merge(&a);
        assert!(ab.buckets().eq(ba.buckets()) && ab.distribution() == a.merged(&b));
        assert!(ab.buckets().next().is_some_and(|first| first.low_ns == 0) && ab.count() == 2000 && a.merged(&b).count() == 2000);
        let shares = [0.0, 0.25, 0.5, 0.999, 1.0];
        assert_eq!(ab.quantiles_s(shares), a.merged(&b).quantiles_s(shares));
    }

    #[test]
    fn what_is_handed_on_reads_back_and_nothing_else_does() {
        // Round trip; a bucket beyond that of the longest duration is refused.
        let written = part(3).distribution();
        let bytes = postcard::to_stdvec(&written).unwrap();
        assert_eq!(postcard::from_bytes::<Distribution>(&bytes).unwrap(), written);
        let mut longest = Histogram::default();
        longest.record(Span(u64::MAX));
        assert_eq!(longest.distribution().filled, [(BUCKET_MAX, 1)]);
        for beyond in [vec![(BUCKET_MAX + 1, 1u64)], vec![(BUCKET_MAX, 1), (0, 1)], vec![(7, 1), (u32::MAX, 1)]] {
            assert!(postcard::from_bytes::<Distribution>(&postcard::to_stdvec(&beyond).unwrap()).is_err());
        }
    }
}

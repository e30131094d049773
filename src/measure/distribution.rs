//! Filled buckets: what a replication hands on of its durations, and what is pooled of all.
//!
//! Law: log-linear buckets as in HdrHistogram (Tene 2012): values below 2048 ns have a bucket each;
//! above, every power of two is cut into 1024 equal buckets, so that a bucket is never wider than
//! 0.1 % of its values. A bucket whose durations are all the same is an *atom*, and that duration
//! is known; in any other they are taken as spread evenly between its ends, or the shortest and the
//! longest duration of all where those are nearer. So no quantile is outside of what was seen, a
//! constant is itself, and so are few durations. Counts, atoms and ends are whole numbers, and an
//! atom is one only as long as all that is merged into it is the same: merging is exact, in any
//! order.
//! Checked: here, and with the recorder in `histogram/tests.rs`.

use super::histogram::{BUCKET_MAX, bucket_of, range_of};
use crate::units::Span;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Stands for the duration of a bucket whose durations differ.
pub(super) const DIFFER: u64 = u64::MAX;

/// A bucket with something in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filled {
    pub bucket: u32,
    pub count: u64,
    /// The duration that all of them have, ns; [`DIFFER`] if they have not.
    pub atom_ns: u64,
}

impl Filled {
    /// The same duration so many times.
    pub(crate) fn of(ns: u64, count: u64) -> Filled {
        Filled { bucket: bucket_of(ns) as u32, count, atom_ns: ns }
    }
    /// Adds another of the same bucket.
    pub(crate) fn add(&mut self, other: &Filled) {
        self.count += other.count;
        if self.atom_ns != other.atom_ns {
            self.atom_ns = DIFFER;
        }
    }
}

/// The shortest and the longest duration, ns; the shortest is beyond the longest if there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub shortest_ns: u64,
    pub longest_ns: u64,
}

impl Default for Ends {
    fn default() -> Ends {
        Ends { shortest_ns: u64::MAX, longest_ns: 0 }
    }
}

impl Ends {
    /// Of one.
    pub(crate) fn of(ns: u64) -> Ends {
        Ends { shortest_ns: ns, longest_ns: ns }
    }
    #[inline(always)]
    pub(crate) fn include(&mut self, ns: u64) {
        self.shortest_ns = self.shortest_ns.min(ns);
        self.longest_ns = self.longest_ns.max(ns);
    }
    pub(crate) fn with(&self, other: &Ends) -> Ends {
        Ends {
            shortest_ns: self.shortest_ns.min(other.shortest_ns),
            longest_ns: self.longest_ns.max(other.longest_ns),
        }
    }
    /// Between which durations those of a bucket are.
    pub(crate) fn range(&self, bucket: u32, atom_ns: u64) -> (u64, u64) {
        if atom_ns != DIFFER {
            return (atom_ns, atom_ns);
        }
        let (low, high) = range_of(bucket as usize);
        (low.max(self.shortest_ns), high.min(self.longest_ns))
    }
}

/// How many of so many durations, at least one, are at or below their quantile.
pub(super) fn needed(q: f64, count: u64) -> u64 {
    ((q * count as f64).ceil() as u64).max(1)
}

/// The duration that a part of a bucket's are at or below, s.
pub(super) fn between_s((low, high): (u64, u64), part: f64) -> f64 {
    (low as f64 + (high - low) as f64 * part.clamp(0.0, 1.0)) / 1e9
}

/// One bucket with something in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Lowest duration of the bucket, ns.
    pub low_ns: u64,
    /// Highest duration of the bucket, ns.
    pub high_ns: u64,
    pub count: u64,
}

impl From<Filled> for Bucket {
    fn from(filled: Filled) -> Bucket {
        let (low_ns, high_ns) = range_of(filled.bucket as usize);
        Bucket { low_ns, high_ns, count: filled.count }
    }
}

/// The buckets with something in them: what a replication hands on. A few requests take a few
/// bytes, and many no more than the histogram.
///
/// Written as how far the shortest and the longest are inside the first and the last bucket; and
/// for each how many empty ones stand before it, its count, and where in it its atom is, from 1, or
/// 0 if it is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SparseHistogram {
    ends: Ends,
    /// Rising.
    filled: Vec<Filled>,
    /// All together.
    count: u64,
}

impl Serialize for SparseHistogram {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut next = 0;
        let entries = self.filled.iter().map(|&Filled { bucket, count, atom_ns }| {
            let place =
                if atom_ns == DIFFER { 0 } else { atom_ns - range_of(bucket as usize).0 + 1 };
            (bucket - std::mem::replace(&mut next, bucket + 1), count, place)
        });
        let entries: Vec<(u32, u64, u64)> = entries.collect();
        let (first, last) = self.outer();
        (
            self.ends.shortest_ns.wrapping_sub(first),
            last.wrapping_sub(self.ends.longest_ns),
            entries,
        )
            .serialize(to)
    }
}

impl<'de> Deserialize<'de> for SparseHistogram {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<SparseHistogram, D::Error> {
        let (above_first, below_last, entries) =
            <(u64, u64, Vec<(u32, u64, u64)>)>::deserialize(from)?;
        let mut distribution = SparseHistogram {
            filled: Vec::with_capacity(entries.len()),
            ..SparseHistogram::default()
        };
        let mut next = 0u32;
        for (gap, count, place) in entries {
            let bucket = gap.checked_add(next).filter(|bucket| *bucket <= BUCKET_MAX);
            let bucket =
                bucket.ok_or_else(|| D::Error::custom("a histogram has no such bucket"))?;
            let (low, high) = range_of(bucket as usize);
            if count == 0 {
                return Err(D::Error::custom("a bucket has no durations"));
            }
            if place > high - low + 1 {
                return Err(D::Error::custom("a bucket has no such duration"));
            }
            let all = distribution.count.checked_add(count);
            distribution.count =
                all.ok_or_else(|| D::Error::custom("a histogram cannot hold so many durations"))?;
            distribution.filled.push(Filled {
                bucket,
                count,
                atom_ns: if place == 0 { DIFFER } else { low + (place - 1) },
            });
            next = bucket + 1;
        }
        let (first, last) = distribution.outer();
        let ends = Ends {
            shortest_ns: first.wrapping_add(above_first),
            longest_ns: last.wrapping_sub(below_last),
        };
        if !distribution.filled.is_empty()
            && (ends.shortest_ns < first
                || ends.longest_ns > last
                || ends.shortest_ns > ends.longest_ns)
        {
            return Err(D::Error::custom("the shortest and the longest duration are in no bucket"));
        }
        distribution.ends = ends;
        Ok(distribution)
    }
}

impl SparseHistogram {
    pub(super) fn new(ends: Ends, filled: Vec<Filled>) -> SparseHistogram {
        let count = filled.iter().map(|filled| filled.count).sum();
        SparseHistogram { ends, filled, count }
    }
    /// The outer ends of the first and of the last bucket; those of nothing if there are none.
    fn outer(&self) -> (u64, u64) {
        match (self.filled.first(), self.filled.last()) {
            (Some(first), Some(last)) => {
                (range_of(first.bucket as usize).0, range_of(last.bucket as usize).1)
            }
            _ => (Ends::default().shortest_ns, Ends::default().longest_ns),
        }
    }
    /// How many values it holds.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }
    /// The shortest and the longest.
    pub(super) fn ends(&self) -> Ends {
        self.ends
    }
    /// The shortest duration, s; NaN when empty.
    pub(crate) fn shortest_s(&self) -> f64 {
        if self.filled.is_empty() { f64::NAN } else { Span(self.ends.shortest_ns).seconds() }
    }
    /// The longest duration, s; NaN when empty.
    pub(crate) fn longest_s(&self) -> f64 {
        if self.filled.is_empty() { f64::NAN } else { Span(self.ends.longest_ns).seconds() }
    }
    /// Adds another one, which often is empty: then nothing is copied.
    pub(super) fn take_in(&mut self, other: &SparseHistogram) {
        if other.count > 0 {
            *self = self.merged(other);
        }
    }
    /// Both together.
    pub(crate) fn merged(&self, other: &SparseHistogram) -> SparseHistogram {
        // What lies between two buckets of the one with fewer is copied at once.
        let (fewer, more) =
            if self.filled.len() < other.filled.len() { (self, other) } else { (other, self) };
        let mut filled = Vec::with_capacity(fewer.filled.len() + more.filled.len());
        let mut rest = more.filled.as_slice();
        for own in &fewer.filled {
            let (before, from) = rest.split_at(
                rest.iter().position(|next| next.bucket >= own.bucket).unwrap_or(rest.len()),
            );
            filled.extend_from_slice(before);
            let mut both = *own;
            rest = match from {
                [same, after @ ..] if same.bucket == own.bucket => {
                    both.add(same);
                    after
                }
                _ => from,
            };
            filled.push(both);
        }
        filled.extend_from_slice(rest);
        SparseHistogram {
            ends: self.ends.with(&other.ends),
            filled,
            count: self.count + other.count,
        }
    }
    /// How many values are in this bucket and below.
    pub(crate) fn up_to(&self, bucket: u32) -> u64 {
        self.filled
            .iter()
            .take_while(|filled| filled.bucket <= bucket)
            .map(|filled| filled.count)
            .sum()
    }
    /// The buckets with something in them, in order.
    pub(super) fn filled(&self) -> impl Iterator<Item = Filled> + '_ {
        self.filled.iter().copied()
    }
    /// The smallest durations with at least these shares, which rise, of all at or below them, in
    /// one pass, s. NaN when empty.
    pub(crate) fn quantiles_s<const N: usize>(&self, rising: [f64; N]) -> [f64; N] {
        quantiles_s(self.ends, self.count, &self.filled, rising)
    }
    /// The buckets with something in them, in order.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        self.filled().map(Bucket::from)
    }
}

/// The smallest durations with at least these shares of all at or below them, in one pass.
pub(super) fn quantiles_s<const N: usize>(
    ends: Ends,
    total: u64,
    filled: &[Filled],
    rising: [f64; N],
) -> [f64; N] {
    let (mut quantiles, mut below) = ([f64::NAN; N], 0);
    let mut rest = filled.iter();
    // The bucket that was looked at last, and how many are in it and below.
    let (mut own, mut all) = (Filled::of(0, 0), 0);
    for (quantile, q) in quantiles.iter_mut().zip(rising) {
        let needed = needed(q, total);
        while all < needed {
            let Some(next) = rest.next() else { return quantiles };
            (own, below, all) = (*next, all, all + next.count);
        }
        *quantile = between_s(
            ends.range(own.bucket, own.atom_ns),
            (q * total as f64 - below as f64) / own.count as f64,
        );
    }
    quantiles
}

#[cfg(test)]
mod tests {
    use super::super::Histogram;
    use super::*;

    /// What comes of durations, ns.
    fn of(durations: impl IntoIterator<Item = u64>) -> SparseHistogram {
        let mut histogram = Histogram::default();
        durations.into_iter().for_each(|ns| histogram.record(Span(ns)));
        histogram.distribution()
    }

    #[test]
    fn what_is_handed_on_reads_back_and_nothing_else_does() {
        // Round trip, also of nothing and of the longest; buckets, atoms and ends that there are
        // not are refused.
        let many = (0..1000).map(|i| crate::random::keys::mix(i) >> (30 + i % 34));
        for written in
            [of(many), of([]), of([0]), of([u64::MAX]), of([5_000_000, 5_000_001, 70_000_000])]
        {
            let bytes = postcard::to_stdvec(&written).unwrap();
            assert_eq!(postcard::from_bytes::<SparseHistogram>(&bytes).unwrap(), written);
        }
        assert_eq!(
            postcard::to_stdvec(&of([100_000_000; 1000])).unwrap().len(),
            14,
            "a constant takes a few bytes"
        );
        let entries = |entries: &[(u32, u64, u64)]| (0u64, 0u64, entries.to_vec());
        let none = [(BUCKET_MAX + 1, 1u64, 0u64)];
        let beyond = [(BUCKET_MAX, 1, 0), (0, 1, 0)];
        let far = [(7, 1, 0), (u32::MAX, 1, 0)];
        let outside = [(7, 1, 3)];
        let (empty, too_many) = ([(7, 0, 0)], [(7, 1, 1), (0, u64::MAX, 1)]);
        let ends = [(9, 0, vec![(7, 1, 1)]), (0, 9, vec![(7, 1, 1)])];
        let buckets = [&none[..], &beyond, &far, &outside, &empty, &too_many].map(entries);
        for wrong in buckets.into_iter().chain(ends) {
            assert!(
                postcard::from_bytes::<SparseHistogram>(&postcard::to_stdvec(&wrong).unwrap())
                    .is_err(),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn an_atom_is_one_as_long_as_all_that_is_merged_is_the_same() {
        // Two durations of one bucket, in every order and grouping of three distributions.
        let (a, b, c) = (of([100_000_000; 3]), of([100_000_000; 2]), of([100_000_001]));
        assert_eq!(a.merged(&b).quantiles_s([0.0, 1.0]), [0.1, 0.1]);
        let all = a.merged(&b).merged(&c);
        for other in [a.merged(&c).merged(&b), c.merged(&b.merged(&a)), b.merged(&c.merged(&a))] {
            assert_eq!(other, all);
        }
        assert_eq!(all.quantiles_s([0.0, 1.0]), [0.1, 0.100000001]);
        assert!(
            (all.shortest_s(), all.longest_s()) == (0.1, 0.100000001)
                && of([]).shortest_s().is_nan()
                && of([]).longest_s().is_nan()
        );
    }

    #[test]
    fn what_is_taken_is_all_and_what_comes_later_is_as_in_a_new_histogram() {
        // The oracle is a new histogram: few and many durations, atoms and zeros, thrice into the
        // memory of the ones before.
        let mut own = Histogram::default();
        for round in 0..3u64 {
            let durations = || {
                (0..[100, 5000, 300][round as usize]).map(|i| {
                    [0, 5_000_000, crate::random::keys::mix(i + round) >> (20 + i % 34)]
                        [i as usize % 3]
                })
            };
            durations().for_each(|ns| own.record(Span(ns)));
            assert_eq!(own.take_distribution(), of(durations()), "round {round}");
            assert_eq!((own.count(), own.distribution()), (0, of([])));
        }
    }
}

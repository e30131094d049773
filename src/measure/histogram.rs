//! Histograms of durations with three significant digits, being filled.
//!
//! Law: the buckets and what is known of each are those of `distribution.rs`. A duration is below
//! 2^62 ns, as the longest run is. Counts are whole: merging is exact, in any order. Our own
//! because recording happens in the hot loop, where the `hdrhistogram` crate takes 96 instructions
//! a value and this 20 (callgrind); the crate is the oracle of the tests, bucket by bucket. A
//! bucket whose durations differ already, as most do, takes one count and nothing else: which they
//! were is known only until the second one comes.

use super::distribution::{Bucket, DIFFER, Ends, Filled, SparseHistogram, quantiles_s};
use super::slot::{MIXED, ONE, Slot};
use crate::units::Span;
use std::hint::select_unpredictable;

/// How many durations fell where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    ends: Ends,
    /// How many were 0: apart, because they would make the rest begin at 0.
    zeros: u64,
    /// The first few that were added, and no slots yet: a replication of a second has a hundred
    /// values, in as many buckets of ten powers of two.
    few: Vec<Filled>,
    /// The bucket of the first slot; a whole number of powers of two.
    first: usize,
    /// By bucket, from the power of two of the smallest value to that of the largest.
    slots: Vec<Slot>,
    /// Durations that stand alone in their bucket and came more than once, with how often.
    atoms: Vec<(u64, u64)>,
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
pub(super) fn bucket_of(ns: u64) -> usize {
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
    pub(crate) fn record(&mut self, span: Span) {
        self.ends.include(span.0);
        self.count_one(span.0);
    }
    /// Takes the shortest and the longest of those counted by [`Histogram::count_one`].
    pub(super) fn widen(&mut self, ends: &Ends) {
        self.ends = self.ends.with(ends);
    }
    /// Counts a duration, but leaves the ends alone: [`Histogram::widen`] is to be told of them
    /// before anything is read.
    #[inline(always)]
    pub(super) fn count_one(&mut self, ns: u64) {
        let Some(slot) = self.slots.get_mut(bucket_of(ns).wrapping_sub(self.first)) else {
            return self.add(Filled::of(ns, 1));
        };
        let (word, one) = (slot.0, ONE | ns);
        debug_assert!(ns < ONE, "no run lasts 146 years, so nothing in it does");
        // An atom, or about to be one.
        if (word.wrapping_sub(1) < ONE - 1) | (word == one) {
            return self.put_apart(Filled::of(ns, 1));
        }
        // The first, the second, or one more. As long as buckets fill that is as good as random,
        // and a branch on it would be mispredicted every other time.
        let differ = select_unpredictable(word >= MIXED, word.wrapping_add(1), MIXED | 2);
        slot.0 = select_unpredictable(word == 0, one, differ);
    }
    /// Adds to a bucket, wherever it is.
    #[cold]
    #[inline(never)]
    fn add(&mut self, filled: Filled) {
        let bucket = filled.bucket as usize;
        if filled.count == 0 {
            return;
        }
        if bucket == 0 {
            self.zeros += filled.count;
            return;
        }
        if self.slots.is_empty() {
            self.few.push(filled);
            if self.few.len() == FEW {
                self.spread();
            }
            return;
        }
        self.cover(bucket / HALF * HALF, (bucket / HALF + 1) * HALF);
        self.put(filled);
    }
    /// Adds to a bucket that has a slot.
    fn put(&mut self, filled: Filled) {
        let slot = &mut self.slots[filled.bucket as usize - self.first];
        match slot.0 {
            word if word & MIXED != 0 => slot.0 += filled.count,
            0 if filled.atom_ns == DIFFER => slot.0 = MIXED | filled.count,
            _ => self.put_apart(filled),
        }
    }
    /// The same, where durations may be an atom.
    #[inline(never)]
    fn put_apart(&mut self, filled: Filled) {
        let slot = &mut self.slots[filled.bucket as usize - self.first];
        let Filled { count, atom_ns, .. } = slot.filled(filled.bucket, &self.atoms);
        let (sum, is_atom) = (
            count + filled.count,
            (count == 0 || atom_ns == filled.atom_ns) && filled.atom_ns != DIFFER,
        );
        match slot.0 {
            _ if !is_atom => slot.0 = MIXED | sum,
            0 if sum == 1 => slot.0 = ONE | filled.atom_ns,
            word if word != 0 && word & ONE == 0 => self.atoms[word as usize - 1].1 = sum,
            _ => {
                self.atoms.push((filled.atom_ns, sum));
                slot.0 = self.atoms.len() as u64;
            }
        }
    }
    /// Makes slots of the few.
    fn spread(&mut self) {
        let few = std::mem::take(&mut self.few);
        let powers = || few.iter().map(|filled| filled.bucket as usize / HALF);
        let (first, last) = (powers().min().unwrap_or(0), powers().max().unwrap_or(0));
        (self.first, self.slots) = (first * HALF, vec![Slot::EMPTY; (last + 1 - first) * HALF]);
        few.into_iter().for_each(|filled| self.put(filled));
    }
    /// Makes room for the buckets of some powers of two.
    fn cover(&mut self, from: usize, to: usize) {
        if from < self.first {
            // At least as much again, so that all are moved a few times only.
            let from = from.min(self.first.saturating_sub(self.slots.len()));
            // In one copy, where `splice` would move them one by one.
            let empty = self.first - from;
            let mut longer = vec![Slot::EMPTY; empty + self.slots.len()];
            longer[empty..].copy_from_slice(&self.slots);
            (self.first, self.slots) = (from, longer);
        }
        if to > self.first + self.slots.len() {
            self.slots.resize(to - self.first, Slot::EMPTY);
        }
    }
    /// Counts a value many times.
    pub(crate) fn record_many(&mut self, span: Span, count: u64) {
        if count > 0 {
            self.ends.include(span.0);
            self.add(Filled::of(span.0, count));
        }
    }
    /// How many values it holds; a sum over its buckets.
    pub(crate) fn count(&self) -> u64 {
        let counts = self.slots.iter().map(|slot| slot.filled(0, &self.atoms).count).sum::<u64>();
        self.zeros + self.few.iter().map(|filled| filled.count).sum::<u64>() + counts
    }
    /// Adds what a replication has handed on.
    pub(crate) fn merge(&mut self, other: &SparseHistogram) {
        self.ends = self.ends.with(&other.ends());
        other.filled().for_each(|filled| self.fill(filled));
    }
    fn fill(&mut self, filled: Filled) {
        match (filled.bucket as usize).wrapping_sub(self.first) < self.slots.len() {
            true => self.put(filled),
            false => self.add(filled),
        }
    }
    /// The buckets with something in them.
    pub(crate) fn distribution(&self) -> SparseHistogram {
        SparseHistogram::new(self.ends, self.filled())
    }
    /// The same, and begins anew in the memory that it has.
    pub(crate) fn take_distribution(&mut self) -> SparseHistogram {
        let distribution = self.distribution();
        (self.ends, self.zeros) = (Ends::default(), 0);
        self.few.clear();
        self.atoms.clear();
        self.slots.fill(Slot::EMPTY);
        distribution
    }
    /// The shortest and the longest.
    pub(super) fn ends(&self) -> Ends {
        self.ends
    }
    /// The buckets with something in them, in order; in memory of little more than that size,
    /// because what is handed on is kept.
    pub(super) fn filled(&self) -> Vec<Filled> {
        let slots = self
            .some()
            .map(|(_, chunk)| chunk.iter().map(|slot| usize::from(slot.0 != 0)).sum::<usize>())
            .sum::<usize>();
        let mut filled = Vec::with_capacity(2 + self.few.len() + slots);
        // Zeros have a slot too, if the smallest other value is below 2048 ns.
        let has_slot =
            self.first == 0 && self.slots.first().is_some_and(|slot| *slot != Slot::EMPTY);
        if self.zeros > 0 && !has_slot {
            filled.push(Filled::of(0, self.zeros));
        }
        filled.extend_from_slice(&self.few);
        filled.sort_unstable_by_key(|filled| filled.bucket);
        filled.dedup_by(|next, sum| {
            let same = next.bucket == sum.bucket;
            if same {
                sum.add(next);
            }
            same
        });
        // Which slots have something is as good as random: each is written, and the next is written
        // over it if it has nothing.
        let mut next = filled.len();
        filled.resize(next + slots + 1, Filled::of(0, 0));
        for (index, chunk) in self.some() {
            for (bucket, slot) in ((self.first + index * CHUNK) as u32..).zip(chunk) {
                filled[next] = slot.filled(bucket, &self.atoms);
                next += usize::from(*slot != Slot::EMPTY);
            }
        }
        filled.truncate(next);
        if has_slot {
            filled[0].add(&Filled::of(0, self.zeros));
        }
        filled
    }
    /// The chunks with something in them, which few have; a whole number of them, as a power of two
    /// has 1024 buckets.
    fn some(&self) -> impl Iterator<Item = (usize, &[Slot; CHUNK])> {
        let (chunks, _) = self.slots.as_chunks::<CHUNK>();
        chunks
            .iter()
            .enumerate()
            .filter(|(_, chunk)| chunk.iter().fold(0, |any, slot| any | slot.0) != 0)
    }
    /// The smallest duration with at least a share `q` of all at or below it, in seconds: an atom,
    /// or evenly spread within its bucket. NaN when empty.
    pub(crate) fn quantile_s(&self, q: f64) -> f64 {
        self.quantiles_s([q])[0]
    }
    /// The same for several shares, which rise, in one pass over the buckets.
    pub(crate) fn quantiles_s<const N: usize>(&self, rising: [f64; N]) -> [f64; N] {
        quantiles_s(self.ends, self.count(), &self.filled(), rising)
    }
    /// The buckets with something in them, in order.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = Bucket> {
        self.filled().into_iter().map(Bucket::from)
    }
}

#[cfg(test)]
mod tests;

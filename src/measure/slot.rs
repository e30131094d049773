//! A bucket while it is being filled, in one word.
//!
//! Law: nothing, one duration, an atom (a duration that came more than once), or how many that
//! differ. Checked: with the recorder in `histogram/tests.rs`.

use super::distribution::{DIFFER, Filled};
use std::hint::select_unpredictable;

/// What is in a bucket, in one word: nothing (0), how many durations that differ, the only one that
/// came, or the number of an atom. Most buckets of a run hold durations that differ: adding to
/// those is what the hot loop does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Slot(pub u64);

/// Durations differ; the rest of the word is how many there are.
pub(super) const MIXED: u64 = 1 << 63;
/// There is one duration; the rest of the word is it.
pub(super) const ONE: u64 = 1 << 62;

impl Slot {
    pub(crate) const EMPTY: Slot = Slot(0);
    /// What its bucket holds; without a branch, but for atoms that came more than once.
    #[inline(always)]
    pub(crate) fn filled(self, bucket: u32, atoms: &[(u64, u64)]) -> Filled {
        let word = self.0;
        if word.wrapping_sub(1) < ONE - 1 {
            let (atom_ns, count) = atoms[word as usize - 1];
            return Filled { bucket, count, atom_ns };
        }
        let is_one = word & (MIXED | ONE) == ONE;
        let count = select_unpredictable(is_one, 1, word & !MIXED);
        Filled { bucket, count, atom_ns: select_unpredictable(is_one, word & !ONE, DIFFER) }
    }
}

//! A line: who waits, first come, first served.
//!
//! Law: served in the order of asking. A request that gives up leaves from anywhere in it. As it is
//! sorted by the moment of asking, its place is found by bisection: O(log n), and as many moves as
//! there are to the nearer end.
//! Checked: below, against a list that is searched from the front.

use super::ring::Ring;
use crate::units::Time;

/// One who waits: its slot, and how many units it needs.
pub(crate) trait Waiter: Copy {
    /// Whether each needs one unit, so that one who leaves is replaced by the next.
    const IS_UNIT: bool;
    fn new(slot: u32, need: u64) -> Self;
    fn slot(self) -> u32;
    fn need(self) -> u64;
}

/// One who waits for one unit: 4 bytes.
impl Waiter for u32 {
    const IS_UNIT: bool = true;
    #[inline(always)]
    fn new(slot: u32, _: u64) -> u32 {
        slot
    }
    #[inline(always)]
    fn slot(self) -> u32 {
        self
    }
    #[inline(always)]
    fn need(self) -> u64 {
        1
    }
}

/// One who waits for an amount.
impl Waiter for (u32, u64) {
    const IS_UNIT: bool = false;
    #[inline(always)]
    fn new(slot: u32, need: u64) -> (u32, u64) {
        (slot, need)
    }
    #[inline(always)]
    fn slot(self) -> u32 {
        self.0
    }
    #[inline(always)]
    fn need(self) -> u64 {
        self.1
    }
}

/// Those who wait, in the order of asking.
#[derive(Debug)]
pub(crate) struct Line<W>(Ring<W>);

impl<W> Default for Line<W> {
    fn default() -> Line<W> {
        Line(Ring::default())
    }
}

impl<W: Waiter> Line<W> {
    #[inline(always)]
    pub(crate) fn push(&mut self, waiter: W) {
        self.0.push(waiter);
    }
    /// Who is next.
    #[inline(always)]
    pub(crate) fn first(&self) -> Option<W> {
        self.0.first()
    }
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<W> {
        self.0.pop()
    }
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
    /// Takes out one who gives up; whether it was first. `asked` tells when the request in a slot
    /// began to wait.
    pub(crate) fn leave(&mut self, slot: u32, asked: impl Fn(u32) -> Time) -> bool {
        let since = asked(slot);
        let (mut at, mut end) = (0, self.0.len());
        while at < end {
            let middle = at + (end - at) / 2;
            match asked(self.0.get(middle).slot()) < since {
                true => at = middle + 1,
                false => end = middle,
            }
        }
        while self.0.get(at).slot() != slot {
            at += 1;
        }
        self.0.remove(at);
        at == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::keys::{Draw, mix};

    #[test]
    fn one_who_gives_up_is_taken_out_and_the_others_keep_their_order() {
        // Oracle: a list searched from the front. Several ask at the same moment; fixed draws.
        let (mut line, mut list) = (Line::<u32>::default(), Vec::new());
        let asked = |slot: u32| Time(u64::from(slot / 3));
        (0..300).for_each(|slot| {
            line.push(slot);
            list.push(slot);
        });
        for round in 0..200 {
            let at = Draw(mix(round)).one_of(list.len() as u32) as usize;
            let slot = list.remove(at);
            assert_eq!(line.leave(slot, asked), at == 0);
            if round % 7 == 0 {
                assert_eq!(line.pop(), Some(list.remove(0)));
            }
            assert_eq!((line.first(), line.len()), (list.first().copied(), list.len()));
        }
        assert!(std::iter::from_fn(|| line.pop()).eq(list));
    }
}

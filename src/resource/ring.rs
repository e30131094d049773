//! A first-in, first-out queue of small values in a ring.
//!
//! Its own, because a queue for a core is pushed to and popped from once a request: the ring's
//! length is a power of two, so a position is masked where `VecDeque` compares and calls (23
//! instructions a push and 16 a pop, here 12 and 12; callgrind). Checked: below, against
//! `VecDeque`.

/// The length of the first ring.
const FIRST_LENGTH: usize = 4;

/// Values in the order of their pushes.
#[derive(Debug)]
pub(super) struct Ring<T> {
    /// None, or a power of two of places; a value stands at its number, masked.
    places: Vec<T>,
    /// The number of the first value; numbers wrap.
    first: usize,
    len: usize,
}

impl<T> Default for Ring<T> {
    fn default() -> Ring<T> {
        Ring { places: Vec::new(), first: 0, len: 0 }
    }
}

impl<T: Copy> Ring<T> {
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }
    /// The place of a value, counted from the first.
    #[inline(always)]
    fn place(&self, index: usize) -> usize {
        self.first.wrapping_add(index) & self.places.len().wrapping_sub(1)
    }
    #[inline(always)]
    pub(super) fn push(&mut self, value: T) {
        if self.len == self.places.len() {
            self.grow(value);
        }
        let place = self.place(self.len);
        self.places[place] = value;
        self.len += 1;
    }
    /// Doubles the ring, with the first value at its beginning; the new places are filled with
    /// some value.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, filler: T) {
        let old = self.places.len();
        let mut places: Vec<T> = (0..self.len).map(|index| self.get(index)).collect();
        places.resize((2 * old).max(FIRST_LENGTH), filler);
        (self.places, self.first) = (places, 0);
    }
    #[inline(always)]
    pub(super) fn first(&self) -> Option<T> {
        (self.len > 0).then(|| self.places[self.place(0)])
    }
    #[inline(always)]
    pub(super) fn pop(&mut self) -> Option<T> {
        let value = self.first()?;
        self.first = self.first.wrapping_add(1);
        self.len -= 1;
        Some(value)
    }
    /// The value at an index below the length, counted from the first.
    pub(super) fn get(&self, index: usize) -> T {
        assert!(index < self.len, "there are {} values, and none at {index}", self.len);
        self.places[self.place(index)]
    }
    /// Removes the value at an index below the length; those nearer to the closer end move up.
    pub(super) fn remove(&mut self, index: usize) {
        assert!(index < self.len, "there are {} values, and none at {index}", self.len);
        if index < self.len / 2 {
            for at in (0..index).rev() {
                let (from, to) = (self.place(at), self.place(at + 1));
                self.places[to] = self.places[from];
            }
            self.first = self.first.wrapping_add(1);
        } else {
            for at in index + 1..self.len {
                let (from, to) = (self.place(at), self.place(at - 1));
                self.places[to] = self.places[from];
            }
        }
        self.len -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::keys::{Draw, mix};
    use std::collections::VecDeque;

    #[test]
    fn a_ring_does_what_a_deque_does() {
        // Oracle: the standard library's; 20,000 operations by fixed draws, at lengths up to 100.
        let (mut ring, mut deque) = (Ring::default(), VecDeque::new());
        let mut longest = 0;
        for round in 0..20_000u32 {
            let draw = Draw(mix(u64::from(round)));
            // A hundred rounds of growing, a hundred of shrinking.
            let pushes = if round / 100 % 2 == 0 { 7 } else { 2 };
            match draw.one_of(10) {
                kind if kind < pushes => {
                    ring.push(round);
                    deque.push_back(round);
                }
                9 if !deque.is_empty() => {
                    let at = draw.next().one_of(deque.len() as u32) as usize;
                    ring.remove(at);
                    deque.remove(at);
                }
                _ => assert_eq!(ring.pop(), deque.pop_front()),
            }
            longest = longest.max(deque.len());
            assert_eq!((ring.len(), ring.first()), (deque.len(), deque.front().copied()));
            if let Some(last) = deque.back() {
                assert_eq!(ring.get(deque.len() - 1), *last);
            }
        }
        assert!(longest > 40, "only {longest} values stood in the ring");
        assert!(std::iter::from_fn(|| ring.pop()).eq(deque));
    }
}

//! Permits: a number of units, the requests that wait for some, and what is measured of it.
//!
//! Law: first come, first served: no request overtakes one that waits for more than is free. What
//! is held never exceeds the capacity, and a need above it counts as all of it. Work conservation:
//! no request waits whose need is free and whose turn it is. With equal needs, held over the whole
//! request, this is a semaphore (`permits4_eventloop` in `tests/it/theory.rs`).
//! Checked: below by hand; audited in every replication (`sim/audit.rs`).

use super::line::{Line, Waiter};
use crate::measure::Gauge;
use crate::units::Time;

/// Units that are held and given back, and the line for them.
#[derive(Debug)]
pub(crate) struct Permits<W> {
    pub capacity: u64,
    pub line: Line<W>,
    /// How many may wait; one more is refused.
    pub waiting_max: u32,
    /// The units that are held.
    pub held: Gauge,
    /// How many wait.
    pub waiting: Gauge,
}

/// What one is told who asks for units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Granted,
    Waits,
    Refused,
}

impl<W: Waiter> Permits<W> {
    pub(crate) fn new(capacity: u64, waiting_max: u32) -> Permits<W> {
        Permits {
            capacity,
            line: Line::default(),
            waiting_max,
            held: Gauge::default(),
            waiting: Gauge::default(),
        }
    }
    /// How many units are free.
    #[inline(always)]
    pub(crate) fn free(&self) -> u64 {
        self.capacity.saturating_sub(self.held.value)
    }
    /// Takes units for a request, or lets it wait for them, or refuses them.
    #[inline(always)]
    pub(crate) fn take(&mut self, now: Time, slot: u32, need: u64) -> Answer {
        let need = need.min(self.capacity);
        if self.free() >= need && self.line.is_empty() {
            self.held.add(now, need);
            return Answer::Granted;
        }
        if self.line.len() >= self.waiting_max as usize {
            return Answer::Refused;
        }
        self.line.push(W::new(slot, need));
        self.waiting.add(now, 1);
        Answer::Waits
    }
    /// Gives units back; those whose turn it is may go on.
    #[inline(always)]
    pub(crate) fn give(&mut self, now: Time, need: u64, mut goes_on: impl FnMut(u32)) {
        if W::IS_UNIT {
            // The next takes them over: the level does not change. After a cut in the capacity,
            // what is above it is not handed on.
            if let Some(next) = self.line.first().filter(|_| self.held.value <= self.capacity) {
                self.line.pop();
                self.waiting.subtract(now, 1);
                goes_on(next.slot());
                return;
            }
            self.held.subtract(now, 1);
            return;
        }
        self.held.subtract(now, need.min(self.capacity));
        self.grant(now, goes_on);
    }
    /// Grants what is free to those whose turn it is.
    fn grant(&mut self, now: Time, mut goes_on: impl FnMut(u32)) {
        while let Some(next) = self.line.first().filter(|next| self.free() >= next.need()) {
            self.line.pop();
            self.waiting.subtract(now, 1);
            self.held.add(now, next.need());
            goes_on(next.slot());
        }
    }
    /// One who waits gives up; if it was first, those behind it may go on. `asked` tells when the
    /// request in a slot began to wait.
    pub(crate) fn leave(
        &mut self,
        now: Time,
        slot: u32,
        asked: impl Fn(u32) -> Time,
        goes_on: impl FnMut(u32),
    ) {
        self.waiting.subtract(now, 1);
        if self.line.leave(slot, asked) {
            self.grant(now, goes_on);
        }
    }
    /// Nothing is held, and no request waits.
    pub(crate) fn renew(&mut self, now: Time) {
        self.line = Line::default();
        self.held.set(now, 0);
        self.waiting.set(now, 0);
    }
    /// Whether no request waits whose need is free.
    pub(crate) fn is_work_conserving(&self) -> bool {
        self.line.first().is_none_or(|next| self.free() < next.need())
            && self.line.len() as u64 == self.waiting.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_granted_in_order_and_none_overtakes() {
        let mut memory = Permits::<(u32, u64)>::new(100, u32::MAX);
        let mut granted = Vec::new();
        assert_eq!(memory.take(Time(0), 1, 80), Answer::Granted);
        assert_eq!(memory.take(Time(1), 2, 60), Answer::Waits);
        // 20 are free and would do for this one, but request 2 came first.
        assert_eq!(memory.take(Time(2), 3, 10), Answer::Waits);
        memory.give(Time(3), 80, |slot| granted.push(slot));
        assert_eq!((granted, memory.free(), memory.held.value), (vec![2, 3], 30, 70));
        // All of it, if more is asked for than there is; the first who gives up lets the next go.
        let mut granted = Vec::new();
        assert_eq!(memory.take(Time(4), 4, 1000), Answer::Waits);
        assert_eq!(memory.take(Time(5), 5, 30), Answer::Waits);
        assert!(memory.is_work_conserving());
        memory.leave(Time(6), 4, |slot| Time(u64::from(slot)), |slot| granted.push(slot));
        assert_eq!((granted, memory.free(), memory.waiting.value), (vec![5], 0, 0));
    }

    #[test]
    fn a_place_is_handed_to_the_next_and_a_full_line_refuses() {
        let mut places = Permits::<u32>::new(1, 1);
        let mut granted = Vec::new();
        assert_eq!(
            [7, 8, 9].map(|slot| places.take(Time(0), slot, 1)),
            [Answer::Granted, Answer::Waits, Answer::Refused]
        );
        places.give(Time(1), 1, |slot| granted.push(slot));
        assert_eq!((places.held.value, places.waiting.value), (1, 0));
        places.give(Time(2), 1, |slot| granted.push(slot));
        assert_eq!((granted, places.held.value), (vec![8], 0));
        places.renew(Time(3));
        assert_eq!(places.free(), 1);
    }
}

//! The calendar: the list of pending events, and the clock that follows it.
//!
//! Law: events fire in the order of `(time, sequence)`, where the sequence is the order in which
//! they were scheduled. The sequence is not stored: every structure below keeps equal times in the
//! order of scheduling, which saves 8 of 24 bytes.
//!
//! A radix ladder, after the ladder queue (Tang, Goh, Thng 2005, "Ladder queue: an O(1) priority
//! queue structure for large-scale discrete event simulation") with the digits of the time as
//! rungs, as in a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990): the events before `front_end`
//! are sorted in a short `front`, the others are in the slot given by the highest 6-bit digit in
//! which their time differs from `base`. When the front is empty, the first occupied slot becomes
//! the front if it is small, and is spread over lower rungs if it is not. There is nothing to tune,
//! and a push or pop takes amortised constant time.
//!
//! Checked: against `std::collections::BinaryHeap` over `(time, sequence)` as oracle, below; the
//! clock asserts that it never goes back.

use super::Event;
use crate::units::{Span, Time};
use bevy_ecs::prelude::Resource;

#[derive(Clone, Copy)]
struct Entry {
    time: u64,
    event: u64,
}

const DIGIT_BITS: u32 = 6;
const DIGITS: usize = 1 << DIGIT_BITS;
const RUNGS: usize = 64usize.div_ceil(DIGIT_BITS as usize);
/// A slot with no more events than this is sorted into the front; a front twice as long returns its
/// later half to the rungs.
const SHORT: usize = 48;

/// The pending events, the current time, and the number of events fired.
#[derive(Resource)]
pub struct Calendar {
    /// The earliest events, latest first, so that the next one is the last.
    front: Vec<Entry>,
    /// Events before this time belong in the front.
    front_end: u64,
    /// The time the rungs are relative to; no event outside the front is before it.
    base: u64,
    occupied: [u64; RUNGS],
    slots: Vec<Vec<Entry>>,
    len: usize,
    /// The number of entries known to be stale: scheduled for a request that has since left.
    dead: usize,
    now: u64,
    fired: u64,
}

impl Default for Calendar {
    fn default() -> Self {
        let slots = (0..RUNGS * DIGITS).map(|_| Vec::new()).collect();
        Calendar {
            front: Vec::new(),
            front_end: u64::MAX,
            base: 0,
            occupied: [0; RUNGS],
            slots,
            len: 0,
            dead: 0,
            now: 0,
            fired: 0,
        }
    }
}

impl std::fmt::Debug for Calendar {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Calendar").field("now", &self.now).finish_non_exhaustive()
    }
}

impl Calendar {
    /// Returns the current time.
    #[inline(always)]
    pub fn now(&self) -> Time {
        Time(self.now)
    }
    /// Returns the number of events fired.
    pub fn fired(&self) -> u64 {
        self.fired
    }
    /// Returns the number of pending events, stale ones included.
    pub fn pending(&self) -> usize {
        self.len
    }
    /// Schedules an event `span` from now.
    #[inline(always)]
    pub fn schedule_in(&mut self, span: Span, event: Event) {
        self.push(self.now.saturating_add(span.0), event.pack());
    }
    /// Schedules an event at a time that has not passed.
    #[inline(always)]
    pub fn schedule_at(&mut self, time: Time, event: Event) {
        assert!(
            time.0 >= self.now,
            "an event for {} ns was scheduled at {} ns: the past cannot be changed",
            time.0,
            self.now
        );
        self.push(time.0, event.pack());
    }
    /// Fires the next event before `end`: the clock moves to it.
    #[inline(always)]
    pub fn pop_before(&mut self, end: Time) -> Option<Event> {
        let entry = self.pop_entry_before(end.0)?;
        assert!(
            entry.time >= self.now,
            "the calendar went back from {} to {} ns",
            self.now,
            entry.time
        );
        self.now = entry.time;
        self.fired += 1;
        Some(Event::unpack(entry.event))
    }
    /// Moves the clock to a time before which nothing is left to fire.
    pub fn move_to(&mut self, time: Time) {
        assert!(time.0 >= self.now, "the clock went back from {} to {} ns", self.now, time.0);
        self.now = time.0;
    }
    /// Records that one entry has become stale: its request has left.
    #[inline(always)]
    pub fn note_stale(&mut self) {
        self.dead += 1;
    }
    /// Returns whether [`purge_stale`](Self::purge_stale) is due: more than 1024 entries, and more
    /// than half of all, are stale.
    #[inline(always)]
    pub fn is_half_dead(&self) -> bool {
        self.dead > 1024 && self.dead * 2 > self.len
    }
    /// Records that a stale entry has fired and was ignored.
    #[inline(always)]
    pub fn note_skipped(&mut self) {
        self.dead = self.dead.saturating_sub(1);
    }
    /// Removes stale entries, so that at most half of a large calendar is ever stale.
    pub fn purge_stale(&mut self, alive: impl Fn(Event) -> bool) {
        let keep = |entry: &Entry| alive(Event::unpack(entry.event));
        self.front.retain(keep);
        for (index, slot) in self.slots.iter_mut().enumerate() {
            slot.retain(keep);
            if slot.is_empty() {
                self.occupied[index / DIGITS] &= !(1 << (index % DIGITS));
            }
        }
        self.len = self.front.len() + self.slots.iter().map(Vec::len).sum::<usize>();
        self.dead = 0;
    }

    #[inline(always)]
    fn push(&mut self, time: u64, event: u64) {
        let entry = Entry { time, event };
        self.len += 1;
        if time < self.front_end {
            // Inserted by hand: most events go to the end or near it, where `Vec::insert` would
            // call memmove.
            let mut index = self.front.len();
            self.front.push(entry);
            let front = &mut self.front[..=index];
            while index > 0 && front[index - 1].time <= time {
                front[index] = front[index - 1];
                index -= 1;
            }
            front[index] = entry;
            if self.front.len() > 2 * SHORT {
                self.spill();
            }
        } else {
            self.file(entry);
        }
    }

    #[inline(always)]
    fn pop_entry_before(&mut self, end: u64) -> Option<Entry> {
        if self.front.is_empty() {
            if self.len == 0 {
                return None;
            }
            self.refill();
        }
        if self.front.last()?.time >= end {
            return None;
        }
        self.len -= 1;
        self.front.pop()
    }

    #[inline(always)]
    fn file(&mut self, entry: Entry) {
        let (rung, digit) = self.place(entry.time);
        self.occupied[rung] |= 1 << digit;
        self.slots[rung * DIGITS + digit].push(entry);
    }

    /// Returns the rung and the slot of a time.
    #[inline(always)]
    fn place(&self, time: u64) -> (usize, usize) {
        let differing = time ^ self.base;
        let rung = (63 - (differing | 1).leading_zeros()) / DIGIT_BITS;
        (rung as usize, (time >> (DIGIT_BITS * rung)) as usize & (DIGITS - 1))
    }

    /// Returns the later half of a long front to the rungs. Of equal times, those scheduled later
    /// go, and from then on that time belongs in the rungs, so that its events, however many, need
    /// not be passed one by one.
    #[cold]
    #[inline(never)]
    fn spill(&mut self) {
        if self.len == self.front.len() {
            self.base = self.front.last().map_or(self.base, |next| next.time);
        }
        let half = self.front.len() / 2;
        let first_spilled = self.front[half - 1].time;
        if first_spilled < self.base {
            return;
        }
        let before_end = std::mem::replace(&mut self.front_end, first_spilled);
        // Entries whose time already belonged in the rungs were scheduled before all entries there.
        let tied = self.front[..half].partition_point(|entry| entry.time == before_end);
        let mut later: Vec<Entry> = self.front.drain(..half).rev().collect();
        let ties = later.split_off(half - tied);
        for entry in later {
            self.file(entry);
        }
        if tied > 0 {
            let (rung, digit) = self.place(before_end);
            self.occupied[rung] |= 1 << digit;
            self.slots[rung * DIGITS + digit].splice(0..0, ties);
        }
    }

    /// Makes the first occupied slot the front.
    #[inline(never)]
    fn refill(&mut self) {
        loop {
            let Some(rung) = self.occupied.iter().position(|&slots| slots != 0) else {
                self.front_end = u64::MAX;
                return;
            };
            let digit = self.occupied[rung].trailing_zeros() as u64;
            self.occupied[rung] &= self.occupied[rung] - 1;
            let shift = DIGIT_BITS * rung as u32;
            let above_bits = DIGIT_BITS * (rung as u32 + 1);
            let above = if above_bits >= 64 { 0 } else { self.base >> above_bits << above_bits };
            let start = above | (digit << shift);
            self.base = start;
            let index = rung * DIGITS + digit as usize;
            if self.slots[index].len() <= SHORT || rung == 0 {
                std::mem::swap(&mut self.front, &mut self.slots[index]);
                // Reversed first, so that of equal times the stable sort leaves the one scheduled
                // first nearest to the end.
                self.front.reverse();
                self.front.sort_by_key(|entry| std::cmp::Reverse(entry.time));
                self.front_end = match rung {
                    // All have the same time, and there may be many: events scheduled for it from
                    // now on come after them.
                    0 => start,
                    _ if self.len == self.front.len() => u64::MAX,
                    _ => start.saturating_add(1 << shift),
                };
                return;
            }
            let mut crowd = std::mem::take(&mut self.slots[index]);
            for entry in crowd.drain(..) {
                self.file(entry);
            }
            self.slots[index] = crowd;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::keys::mix;
    use std::collections::BinaryHeap;

    /// Keeps a changing number of events, with times that tie, jump far, or cluster, and compares
    /// every pop with the oracle.
    fn agrees_with_a_heap(spread: impl Fn(u64) -> u64, rounds: u64) {
        let mut calendar = Calendar::default();
        let mut oracle = BinaryHeap::new();
        let mut sequence = 0u32;
        for round in 0..rounds {
            let random = mix(round);
            let growing = (round / 5_000) % 2 == 0;
            for k in 0..if growing { 1 + random % 2 } else { random % 2 } {
                let span = spread(mix(random + 1 + k));
                sequence += 1;
                calendar.schedule_in(Span(span), Event::Arrival { source: sequence });
                oracle.push(std::cmp::Reverse((calendar.now().0 + span, sequence)));
            }
            let end = calendar.now().0 + spread(mix(random + 77)) * 2;
            let fired = calendar.pop_before(Time(end));
            let expected = oracle.peek().filter(|e| e.0.0 < end).map(|e| e.0);
            if let Some((time, sequence)) = expected {
                oracle.pop();
                assert_eq!(
                    (calendar.now().0, fired),
                    (time, Some(Event::Arrival { source: sequence })),
                    "round {round}"
                );
            } else {
                assert_eq!(fired, None, "round {round}");
            }
        }
        while let Some(std::cmp::Reverse((time, sequence))) = oracle.pop() {
            assert_eq!(
                calendar.pop_before(Time(u64::MAX)),
                Some(Event::Arrival { source: sequence })
            );
            assert_eq!(calendar.now().0, time);
        }
        assert_eq!(calendar.pending(), 0);
    }

    #[test]
    fn events_fire_in_order_of_time_and_then_of_scheduling() {
        // Oracle: a binary heap over (time, sequence).
        agrees_with_a_heap(|r| r % 8, 40_000);
        agrees_with_a_heap(|r| r % 1_000_000, 40_000);
        agrees_with_a_heap(
            |r| if r.is_multiple_of(5) { r % 10_000_000_000_000 } else { r % 1_000 },
            40_000,
        );
        agrees_with_a_heap(|r| r >> (r % 40 + 20), 40_000);
    }

    #[test]
    fn a_purge_removes_the_stale_entries_and_moves_no_other() {
        let mut calendar = Calendar::default();
        for i in 0..10_000u32 {
            calendar.schedule_in(Span(mix(i as u64) % 1_000_000), Event::Arrival { source: i });
        }
        calendar.purge_stale(|event| matches!(event, Event::Arrival { source } if source % 3 == 0));
        let mut fired = Vec::new();
        while let Some(Event::Arrival { source }) = calendar.pop_before(Time(u64::MAX)) {
            fired.push(source);
        }
        let mut expected: Vec<u32> = (0..10_000).filter(|i| i % 3 == 0).collect();
        expected.sort_by_key(|&i| mix(i as u64) % 1_000_000);
        assert_eq!(fired, expected);
    }
}

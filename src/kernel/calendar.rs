//! The calendar: the clock, and the pending events that move it.
//!
//! Law: events fire in the order of `(time, sequence)`, where the sequence is the order in which
//! they were scheduled (`ladder.rs` keeps it). The clock never goes back. An event whose request
//! has left is *stale*: it stays until it fires and is skipped, or until stale events are the
//! majority and are purged.
//!
//! Checked: `calendar_tests.rs`, against a binary heap over (time, sequence) as oracle, with proof
//! that the oracle detects errors.

use super::Event;
use super::ladder::Ladder;
use crate::units::{Span, Time};
use bevy_ecs::prelude::Resource;

/// The pending events, the current time, and the number of events fired.
#[derive(Default, Resource)]
pub struct Calendar {
    ladder: Ladder,
    /// The number of entries known to be stale: scheduled for a request that has since left.
    stale: usize,
    now: u64,
    fired: u64,
}

// Functions of their own, called with the numbers: a message that takes references would keep
// both in memory, at each event.
#[cold]
#[inline(never)]
fn scheduled_too_late(time: u64, now: u64) -> ! {
    panic!("an event for {time} ns was scheduled at {now} ns: the past cannot be changed")
}
#[cold]
#[inline(never)]
fn went_back(now: u64, time: u64) -> ! {
    panic!("the calendar went back from {now} to {time} ns")
}

impl std::fmt::Debug for Calendar {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Calendar").field("now", &self.now).finish_non_exhaustive()
    }
}

impl Calendar {
    /// Returns a calendar without room for events, to stand in for one that has been taken away.
    pub(crate) fn hollow() -> Calendar {
        Calendar { ladder: Ladder::hollow(), stale: 0, now: 0, fired: 0 }
    }
    /// Returns the current time.
    #[inline(always)]
    pub fn now(&self) -> Time {
        Time(self.now)
    }
    /// Returns the number of events fired.
    pub fn fired(&self) -> u64 {
        self.fired
    }
    /// Counts work that takes no events as if it were this number of events.
    pub(crate) fn count(&mut self, events: u64) {
        self.fired += events;
    }
    /// Returns the number of pending events, stale ones included.
    pub fn pending(&self) -> usize {
        self.ladder.len()
    }
    /// Schedules an event `span` from now.
    #[inline(always)]
    pub fn schedule_in(&mut self, span: Span, event: Event) {
        self.ladder.push(self.now.saturating_add(span.0), event.pack());
    }
    /// Schedules an event at a time that has not passed.
    #[inline(always)]
    pub fn schedule_at(&mut self, time: Time, event: Event) {
        if time.0 < self.now {
            scheduled_too_late(time.0, self.now);
        }
        self.ladder.push(time.0, event.pack());
    }
    /// Fires the next event before `end`: the clock moves to it.
    #[inline(always)]
    pub fn pop_before(&mut self, end: Time) -> Option<Event> {
        let entry = self.ladder.pop_before(end.0)?;
        if entry.time < self.now {
            went_back(self.now, entry.time);
        }
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
        self.stale += 1;
    }
    /// Returns whether [`purge_stale`](Self::purge_stale) is due: more than 1024 entries, and more
    /// than half of all, are stale.
    #[inline(always)]
    pub fn is_half_dead(&self) -> bool {
        self.stale > 1024 && self.stale * 2 > self.ladder.len()
    }
    /// Records that a stale entry has fired and was ignored.
    #[inline(always)]
    pub fn note_skipped(&mut self) {
        self.stale = self.stale.saturating_sub(1);
    }
    /// Removes stale entries, so that at most half of a large calendar is ever stale.
    pub fn purge_stale(&mut self, alive: impl Fn(Event) -> bool) {
        self.ladder.retain(|event| alive(Event::unpack(event)));
        self.stale = 0;
    }
}

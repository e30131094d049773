//! The units of a lock with keys: each key is a lock of its own.
//!
//! Law: as `permits.rs`, first come, first served, key by key: a request waits only for those that
//! hold its key. What is measured of all keys together is a level and a queue; of the hottest key,
//! how long its units have been held.
//! Checked: below by hand; `tests/it/keyed.rs`; audited in every replication (`sim/audit.rs`).

use super::line::Line;
use super::permits::Answer;
use crate::units::{Span, Time};

/// One key: how many of its units are held, and who waits.
#[derive(Debug, Default)]
struct OneKey {
    held: u32,
    line: Line<u32>,
    /// For how long its units have been held by those that have given them back, ns.
    held_ns: u64,
}

/// The keys of a lock, and how many units each has.
#[derive(Debug)]
pub(crate) struct Keys {
    units: u32,
    keys: Box<[OneKey]>,
}

impl Keys {
    pub(crate) fn new(keys: u32, units: u64) -> Keys {
        let keys = (0..keys).map(|_| OneKey::default()).collect();
        Keys { units: units.min(u64::from(u32::MAX)) as u32, keys }
    }
    /// Takes a unit of a key, or stands in its line.
    pub(crate) fn take(&mut self, key: u32, slot: u32) -> Answer {
        let of = &mut self.keys[key as usize];
        if of.held < self.units && of.line.is_empty() {
            of.held += 1;
            return Answer::Granted;
        }
        of.line.push(slot);
        Answer::Waits
    }
    /// Gives a unit back that has been held for so long; the one that gets it, if any waits.
    pub(crate) fn give(&mut self, key: u32, held: Span) -> Option<u32> {
        let of = &mut self.keys[key as usize];
        of.held_ns += held.0;
        let next = of.line.pop();
        of.held -= u32::from(next.is_none());
        next
    }
    /// One who waits leaves the line of a key.
    pub(crate) fn leave(&mut self, key: u32, slot: u32, asked: impl Fn(u32) -> Time) {
        self.keys[key as usize].line.leave(slot, asked);
    }
    /// For how long the units of one key have been held at most, ns.
    pub(crate) fn hottest_ns(&self) -> u64 {
        self.keys.iter().map(|key| key.held_ns).max().unwrap_or_default()
    }
    /// How many units are held, how many requests wait, and whether none waits in vain.
    pub(crate) fn state(&self) -> (u64, u64, bool) {
        let held = self.keys.iter().map(|key| u64::from(key.held)).sum();
        let waiting = self.keys.iter().map(|key| key.line.len() as u64).sum();
        let idles = |key: &OneKey| key.held < self.units && !key.line.is_empty();
        (held, waiting, !self.keys.iter().any(idles))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_less_than_a_cache_line() {
        // The estimate of memory counts with it (`scenario/check/size/memory.rs`).
        assert_eq!(std::mem::size_of::<OneKey>(), 56);
    }

    #[test]
    fn a_request_waits_only_for_its_key() {
        // By hand: two keys of one unit each.
        let mut keys = Keys::new(2, 1);
        assert_eq!([keys.take(0, 7), keys.take(1, 8)], [Answer::Granted; 2]);
        assert_eq!([keys.take(0, 9), keys.take(0, 10)], [Answer::Waits; 2]);
        assert_eq!(keys.state(), (2, 2, true));
        keys.leave(0, 9, |slot| Time(u64::from(slot)));
        assert_eq!(keys.give(1, Span(5)), None);
        assert_eq!(keys.give(0, Span(3)), Some(10));
        assert_eq!(keys.give(0, Span(4)), None);
        assert_eq!((keys.state(), keys.hottest_ns()), ((0, 0, true), 7));
    }
}

//! The units of a lock with keys: each key is a lock of its own.
//!
//! Law: as `permits.rs`, first come, first served, key by key: a request waits only for those that
//! hold its key. What is measured of all keys together is a level and a queue; of the hottest key,
//! how long its units have been held.
//! Checked: below by hand; `tests/it/keyed.rs`; audited in every replication (`sim/audit.rs`).

use super::line::Line;
use super::permits::Answer;
use crate::units::Time;

/// One key: how many of its units are held, and who waits.
#[derive(Debug, Default)]
struct OneKey {
    held: u32,
    line: Line<u32>,
    /// For how long its units have been held, together, up to the last change, ns.
    held_ns: u64,
    changed: Time,
}

impl OneKey {
    /// From now on this number of its units is held; what is measured begins at `from`.
    fn change(&mut self, now: Time, from: Time, held: u32) {
        self.held_ns += u64::from(self.held) * (now.max(from) - self.changed.max(from)).0;
        (self.held, self.changed) = (held, now);
    }
}

/// The keys of a lock, and how many units each has.
#[derive(Debug)]
pub(crate) struct Keys {
    units: u32,
    /// Where the measured part begins.
    measured_from: Time,
    keys: Box<[OneKey]>,
}

impl Keys {
    pub(crate) fn new(keys: u32, units: u64, measured_from: Time) -> Keys {
        let keys = (0..keys).map(|_| OneKey::default()).collect();
        Keys { units: units.min(u64::from(u32::MAX)) as u32, measured_from, keys }
    }
    /// Takes a unit of a key, or stands in its line.
    pub(crate) fn take(&mut self, now: Time, key: u32, slot: u32) -> Answer {
        let from = self.measured_from;
        let of = &mut self.keys[key as usize];
        if of.held < self.units && of.line.is_empty() {
            of.change(now, from, of.held + 1);
            return Answer::Granted;
        }
        of.line.push(slot);
        Answer::Waits
    }
    /// Gives a unit back; the one that gets it, if any waits.
    pub(crate) fn give(&mut self, now: Time, key: u32) -> Option<u32> {
        let from = self.measured_from;
        let of = &mut self.keys[key as usize];
        let next = of.line.pop();
        if next.is_none() {
            of.change(now, from, of.held - 1);
        }
        next
    }
    /// One who waits leaves the line of a key.
    pub(crate) fn leave(&mut self, key: u32, slot: u32, asked: impl Fn(u32) -> Time) {
        self.keys[key as usize].line.leave(slot, asked);
    }
    /// For how long the units of the hottest key have been held up to now, ns.
    pub(crate) fn hottest_ns(&self, now: Time) -> u64 {
        let from = self.measured_from;
        let held_ns = |key: &OneKey| {
            key.held_ns + u64::from(key.held) * (now.max(from) - key.changed.max(from)).0
        };
        self.keys.iter().map(held_ns).max().unwrap_or_default()
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
    fn a_key_is_one_cache_line() {
        // The estimate of memory counts with it (`scenario/check/size/memory.rs`).
        assert_eq!(std::mem::size_of::<OneKey>(), 64);
    }

    #[test]
    fn a_request_waits_only_for_its_key() {
        // By hand: two keys of one unit each; what is measured begins at 2 ns.
        let mut keys = Keys::new(2, 1, Time(2));
        assert_eq!([keys.take(Time(0), 0, 7), keys.take(Time(0), 1, 8)], [Answer::Granted; 2]);
        assert_eq!([keys.take(Time(1), 0, 9), keys.take(Time(3), 0, 10)], [Answer::Waits; 2]);
        assert_eq!(keys.state(), (2, 2, true));
        keys.leave(0, 9, |slot| Time(u64::from(slot)));
        assert_eq!(keys.give(Time(5), 1), None);
        assert_eq!(keys.give(Time(6), 0), Some(10));
        // One that is still held counts up to now.
        assert_eq!(keys.hottest_ns(Time(8)), 6);
        assert_eq!(keys.give(Time(9), 0), None);
        assert_eq!((keys.state(), keys.hottest_ns(Time(20))), ((0, 0, true), 7));
    }
}

//! Sharing: servers that all bursts share equally, by virtual time.
//!
//! Law: of n bursts each is served at the rate min(1, servers/n) times the speed (egalitarian
//! processor sharing; Kleinrock 1976, §4.4). In virtual time, which runs at that rate, a burst that
//! joins at `v` with work `w` ends at `v + w`, whatever joins or leaves meanwhile; so the next end
//! is the least of a heap, and a change of n moves none of them.
//! Virtual time is a 128-bit number with 64 bits of fraction, and an end is rounded to the nearest
//! nanosecond: n equal bursts that join together end after exactly n · w (one server).
//! An event is written only if the next end comes *earlier* than the one that is written; one that
//! comes too early looks again. So arrivals, which only delay others, write nothing.
//! Checked: below against a list that is updated at every change; `mm1_ps` in
//! `tests/it/theory.rs`.

use crate::units::{Span, Time};
use bevy_ecs::prelude::Component;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// One nanosecond of virtual time.
const NANOSECOND: u128 = 1 << 64;

/// A set of servers, and the bursts that share them.
#[derive(Component, Debug)]
pub(crate) struct Sharing {
    servers: u64,
    /// How fast the servers are.
    speed: f64,
    /// Virtual time, and how much of it passes in a nanosecond.
    v: u128,
    rate: u128,
    /// When `v` was that.
    since: Time,
    /// The end of each burst, in virtual time, and its slot; of equal ends the first to join.
    ends: BinaryHeap<Reverse<(u128, u64, u32)>>,
    joined: u64,
    /// When the written event fires, if there is one, and which of those written it is.
    due: Option<Time>,
    epoch: u32,
}

/// An event to be written down: when, and with which number; and whether another is stale by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Alarm {
    pub at: Time,
    pub epoch: u32,
    pub replaces: bool,
}

impl Sharing {
    pub(crate) fn new(servers: u32, speed: f64) -> Sharing {
        Sharing {
            servers: u64::from(servers),
            speed,
            v: 0,
            rate: 0,
            since: Time::ZERO,
            ends: BinaryHeap::new(),
            joined: 0,
            due: None,
            epoch: 0,
        }
    }
    /// How many bursts there are.
    pub(crate) fn len(&self) -> u64 {
        self.ends.len() as u64
    }
    /// How many servers are busy with them.
    pub(crate) fn busy(&self) -> u64 {
        self.len().min(self.servers)
    }
    /// How long a burst takes that has a server to itself.
    pub(crate) fn alone(&self, work: Span) -> Span {
        match self.speed == 1.0 {
            true => work,
            false => Span((work.0 as f64 / self.speed).round() as u64),
        }
    }
    /// A burst joins. Gives the event to be written down.
    pub(crate) fn join(&mut self, now: Time, slot: u32, work: Span) -> Option<Alarm> {
        self.advance(now);
        if self.ends.is_empty() {
            self.v = 0;
        }
        let end = self.v + u128::from(work.0) * NANOSECOND;
        self.ends.push(Reverse((end, self.joined, slot)));
        self.joined += 1;
        self.set_rate();
        self.arm(now)
    }
    /// The written event fires: those whose end has come are told to `done`, in the order of their
    /// ends. Gives the next event.
    pub(crate) fn fire(&mut self, now: Time, mut done: impl FnMut(u32)) -> Option<Alarm> {
        self.due = None;
        self.advance(now);
        while let Some(Reverse((end, _, slot))) = self.ends.peek().copied()
            && end.saturating_sub(self.v) <= self.rate / 2
        {
            self.ends.pop();
            done(slot);
        }
        self.set_rate();
        self.arm(now)
    }
    /// The servers become faster or slower, also for the bursts that have begun.
    pub(crate) fn set_speed(&mut self, now: Time, speed: f64) -> Option<Alarm> {
        self.advance(now);
        self.speed = speed;
        self.set_rate();
        self.arm(now)
    }
    /// No burst is left, as after a crash. Whether the written event is stale.
    pub(crate) fn renew(&mut self, now: Time) -> bool {
        self.advance(now);
        self.ends.clear();
        self.epoch = self.epoch.wrapping_add(1);
        self.due.take().is_some()
    }
    /// The time that each burst would still take with a server to itself, by slot, rising.
    pub(crate) fn left(&mut self, now: Time) -> Vec<(u32, Span)> {
        self.advance(now);
        let left = |end: u128| Span((end.saturating_sub(self.v) / NANOSECOND) as u64);
        let mut all: Vec<(u32, Span)> = self
            .ends
            .iter()
            .map(|Reverse((end, _, slot))| (*slot, self.alone(left(*end))))
            .collect();
        all.sort_unstable();
        all
    }
    /// Whether an event is the one that is written.
    pub(crate) fn is_current(&self, epoch: u32) -> bool {
        self.due.is_some() && self.epoch == epoch
    }
    fn advance(&mut self, now: Time) {
        if !self.ends.is_empty() {
            self.v += u128::from((now - self.since).0) * self.rate;
        }
        self.since = now;
    }
    fn set_rate(&mut self) {
        let n = self.len().max(1);
        let share = NANOSECOND * u128::from(self.servers.min(n)) / u128::from(n);
        self.rate = if self.speed == 1.0 {
            share
        } else {
            // Speeds are numbers of a few digits: 2^40 steps a unit are exact enough.
            (share >> 40) * ((self.speed * (1u64 << 40) as f64).round() as u128)
        };
    }
    /// The event for the next end, unless one is written that comes no later.
    fn arm(&mut self, now: Time) -> Option<Alarm> {
        let Reverse((end, ..)) = self.ends.peek()?;
        let left = end.saturating_sub(self.v);
        let span = (left + self.rate / 2) / self.rate.max(1);
        let at = now + Span(u64::try_from(span).unwrap_or(u64::MAX / 2));
        if self.due.is_some_and(|due| due <= at) {
            return None;
        }
        self.epoch = self.epoch.wrapping_add(1);
        let replaces = self.due.replace(at).is_some();
        Some(Alarm { at, epoch: self.epoch, replaces })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::keys::{Draw, mix};

    /// Runs a station until it is empty or `until`; returns the ends by slot.
    fn run(joins: &[(u64, u64)], servers: u32) -> Vec<u64> {
        let mut station = Sharing::new(servers, 1.0);
        let mut ends = vec![0; joins.len()];
        let mut written: Vec<Alarm> = Vec::new();
        let mut next = 0;
        loop {
            let alarm = written.iter().copied().min_by_key(|alarm| (alarm.at, alarm.epoch));
            let arrival = joins.get(next).map(|(at, _)| Time(*at));
            match (alarm, arrival) {
                (Some(alarm), arrival) if arrival.is_none_or(|at| alarm.at <= at) => {
                    written.retain(|other| *other != alarm);
                    if station.is_current(alarm.epoch) {
                        written.extend(
                            station.fire(alarm.at, |slot| ends[slot as usize] = alarm.at.0),
                        );
                    }
                }
                (_, Some(at)) => {
                    written.extend(station.join(at, next as u32, Span(joins[next].1)));
                    next += 1;
                }
                _ => return ends,
            }
        }
    }

    #[test]
    fn equal_bursts_that_join_together_end_together_after_exactly_n_times_their_work() {
        // By hand: n bursts of w on one server, on two, and on more than there are bursts.
        for (n, w) in [(1, 1), (3, 1), (7, 1_000_003), (1000, 999_999_937), (9999, 12_345_678_901)]
        {
            let joins = vec![(5, w); n as usize];
            assert_eq!(run(&joins, 1), vec![5 + n * w; n as usize], "{n} of {w}");
            assert_eq!(run(&joins, n as u32 + 1), vec![5 + w; n as usize], "{n} of {w}");
        }
        assert_eq!(run(&[(0, 10), (0, 10), (0, 10), (0, 10)], 2), [20; 4]);
    }

    #[test]
    fn ends_are_those_of_a_list_that_is_updated_at_every_change() {
        // Oracle: the work that each burst has left, reduced at every arrival and end, which is
        // rounded to a nanosecond; fixed draws. A half may be rounded either way.
        for (servers, seed) in [(1u32, 1u64), (3, 2), (8, 3)] {
            let draw = |i: u64| Draw(mix(seed << 32 | i));
            let mut at = 0;
            let joins: Vec<(u64, u64)> = (0..400)
                .map(|i| {
                    at += u64::from(draw(2 * i).one_of(2000));
                    (at, 1 + u64::from(draw(2 * i + 1).one_of(5000)))
                })
                .collect();
            let found = run(&joins, servers);
            let (mut now, mut left): (f64, Vec<(usize, f64)>) = (0.0, Vec::new());
            let mut expected = vec![0.0; joins.len()];
            for next in 0..=joins.len() {
                let until = joins.get(next).map_or(f64::INFINITY, |(at, _)| *at as f64);
                while !left.is_empty() {
                    let rate = (f64::from(servers) / left.len() as f64).min(1.0);
                    let least = left.iter().map(|(_, left)| *left).fold(f64::INFINITY, f64::min);
                    let end = (now + least / rate).round();
                    let to = end.min(until);
                    left.iter_mut().for_each(|(_, left)| *left -= (to - now) * rate);
                    now = to;
                    if end > until {
                        break;
                    }
                    for (index, left) in &left {
                        if *left <= rate / 2.0 {
                            expected[*index] = now;
                        }
                    }
                    left.retain(|(_, left)| *left > rate / 2.0);
                }
                if next < joins.len() {
                    now = until;
                    left.push((next, joins[next].1 as f64));
                }
            }
            for (found, expected) in found.iter().zip(&expected) {
                assert!((*found as f64 - expected).abs() <= 1.0, "{servers}: {found} {expected}");
            }
        }
    }

    #[test]
    fn a_change_of_speed_reaches_bursts_that_have_begun() {
        // By hand: 10 of 20 ns done at full speed, the other 10 at half of it: 10 + 20.
        let mut station = Sharing::new(1, 1.0);
        assert_eq!(station.join(Time(0), 0, Span(20)).map(|alarm| alarm.at), Some(Time(20)));
        assert_eq!(station.set_speed(Time(10), 0.5), None);
        let again = station.fire(Time(20), |_| unreachable!("it is not done"));
        assert_eq!(again.map(|alarm| alarm.at), Some(Time(30)));
        let mut done = Vec::new();
        station.fire(Time(30), |slot| done.push(slot));
        assert_eq!((done, station.len()), (vec![0], 0));
    }
}

//! Resources that requests hold: a number of units, and the requests that wait for some.
//!
//! A resource has one protocol: `take` some units now, or stand in its line; `give` them back,
//! which lets those go on whose turn it is; `leave` the line. Memory and the places inside an
//! instance are [`Permits`]. Cores are not: a run queue (`server/cores.rs`) does the same for one
//! unit in the hottest path of all.

mod keyed;
mod line;
mod permits;
mod ring;
mod sharing;

use keyed::Keys;
pub(crate) use line::{Line, Waiter};
pub(crate) use permits::{Answer, Permits};
pub(crate) use sharing::{Alarm, Sharing};

use crate::units::Time;
use bevy_ecs::prelude::Component;

/// A resource of the plan that is none of an instance's own: a lock, a pool.
#[derive(Clone, Debug)]
pub(crate) struct ResourcePlan {
    pub units: u64,
    /// The number of its keys, each of which has that number of units; 0 if it has none.
    pub keys: u32,
    /// The instance with which it is lost.
    pub instance: Option<u32>,
}

/// Units of such a resource, the requests that wait for one, and the connections that are idle.
#[derive(Component)]
pub(crate) struct Shared {
    pub units: Permits<u32>,
    /// If it has keys, who holds and waits for which: then the units only measure all together.
    pub keys: Option<Box<Keys>>,
    /// The one used last is the last.
    pub idle: Vec<Connection>,
}

/// Which unit is held or waited for: that of a key, of a resource; the key is 0 if it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unit {
    pub row: u32,
    pub key: u32,
}

impl Unit {
    pub(crate) fn pack(self) -> u64 {
        u64::from(self.key) << 32 | u64::from(self.row)
    }
    pub(crate) fn unpack(word: u64) -> Unit {
        Unit { row: word as u32, key: (word >> 32) as u32 }
    }
}

/// An idle connection of a pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    pub made: Time,
    pub idle_since: Time,
}

impl Shared {
    pub(crate) fn new(of: &ResourcePlan, measured_from: Time) -> Shared {
        let keyed = || Box::new(Keys::new(of.keys, of.units, measured_from));
        let keys = (of.keys > 0).then(keyed);
        Shared { units: Permits::new(of.units, u32::MAX), keys, idle: Vec::new() }
    }
    /// Takes a unit of a key, or lets the request wait for it.
    #[inline(always)]
    pub(crate) fn take(&mut self, now: Time, slot: u32, key: u32) -> Answer {
        match self.keys.is_some() {
            true => self.take_of_key(now, slot, key),
            false => self.units.take(now, slot, 1),
        }
    }
    #[inline(never)]
    fn take_of_key(&mut self, now: Time, slot: u32, key: u32) -> Answer {
        let keys = self.keys.as_mut().expect("it has keys");
        let answer = keys.take(now, key, slot);
        match answer {
            Answer::Granted => self.units.held.add(now, 1),
            _ => self.units.waiting.add(now, 1),
        }
        answer
    }
    /// Gives a unit of a key back; who gets it may go on.
    pub(crate) fn give(&mut self, now: Time, key: u32, mut goes_on: impl FnMut(u32)) {
        let Some(keys) = &mut self.keys else { return self.units.give(now, 1, goes_on) };
        match keys.give(now, key) {
            Some(next) => {
                self.units.waiting.subtract(now, 1);
                goes_on(next);
            }
            None => self.units.held.subtract(now, 1),
        }
    }
    /// One who waits for a unit of a key gives up; `asked` tells when the request in a slot began
    /// to wait.
    pub(crate) fn leave(
        &mut self,
        now: Time,
        slot: u32,
        key: u32,
        asked: impl Fn(u32) -> Time,
        goes_on: impl FnMut(u32),
    ) {
        let Some(keys) = &mut self.keys else { return self.units.leave(now, slot, asked, goes_on) };
        self.units.waiting.subtract(now, 1);
        keys.leave(key, slot, asked);
    }
    /// Whether no request waits for a unit that is free, and all are counted.
    pub(crate) fn is_work_conserving(&self) -> bool {
        match &self.keys {
            None => self.units.is_work_conserving(),
            Some(keys) => keys.state() == (self.units.held.value, self.units.waiting.value, true),
        }
    }
}

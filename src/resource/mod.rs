//! Resources that requests hold: a number of units, and the requests that wait for some.
//!
//! A resource has one protocol: `take` some units now, or stand in its line; `give` them back,
//! which lets those go on whose turn it is; `leave` the line. Memory and the places inside an
//! instance are [`Permits`]. Cores are not: a run queue (`server/cores.rs`) does the same for one
//! unit in the hottest path of all.

mod line;
mod permits;
mod ring;
mod sharing;

pub(crate) use line::{Line, Waiter};
pub(crate) use permits::{Answer, Permits};
pub(crate) use sharing::{Alarm, Sharing};

use crate::units::Time;
use bevy_ecs::prelude::Component;

/// A resource of the plan that is none of an instance's own: a lock, a pool.
#[derive(Clone, Debug)]
pub(crate) struct ResourcePlan {
    pub units: u64,
    /// The instance with which it is lost.
    pub instance: Option<u32>,
}

/// Units of such a resource, the requests that wait for one, and the connections that are idle.
#[derive(Component)]
pub(crate) struct Shared {
    pub units: Permits<u32>,
    /// The one used last is the last.
    pub idle: Vec<Connection>,
}

/// An idle connection of a pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    pub made: Time,
    pub idle_since: Time,
}

impl Shared {
    pub(crate) fn new(of: &ResourcePlan) -> Shared {
        Shared { units: Permits::new(of.units, u32::MAX), idle: Vec::new() }
    }
}

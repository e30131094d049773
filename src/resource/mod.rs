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

use bevy_ecs::prelude::Component;

/// A resource of the plan that is none of an instance's own: a lock.
#[derive(Clone, Debug)]
pub(crate) struct ResourcePlan {
    pub units: u64,
}

/// Units of such a resource, and the requests that wait for one.
#[derive(Component)]
pub(crate) struct Shared(pub Permits<u32>);

impl Shared {
    pub(crate) fn new(of: &ResourcePlan) -> Shared {
        Shared(Permits::new(of.units, u32::MAX))
    }
}

//! The running world: a plan spawned into a bevy `World`, the `advance` system that drains the
//! calendar, the epoch systems, limits, audits.
//!
//! One `World` and one thread a replication. [`simulate`] is a pure function of the plan and the
//! replication's number.

mod advance;
mod audit;
mod births;
mod columns;
mod control;
mod controls;
mod deadlock;
#[cfg(test)]
mod drain_tests;
mod endings;
mod epochs;
mod faults;
mod gates;
mod hops;
mod impatience;
mod marks;
mod promises;
mod roots;
mod spawn;
#[cfg(test)]
mod state_tests;
mod stretches;
mod traces;
mod windows;

pub(crate) use controls::{Controls, drawn, expected, together};

use crate::kernel::Calendar;
use crate::measure::{InstanceTally, LinkTally, Record, Recorder};
use crate::network::LinkState;
use crate::plan::Plan;
use crate::random::keys::Key;
use crate::resource::Shared;
use crate::server::{Gauges, InstanceState};
use crate::units::Span;
use bevy_ecs::prelude::*;
use bevy_ecs::system::RegisteredSystemError;
use epochs::{Epoch, Stop};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why a replication has no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// More requests in flight than allowed.
    #[error(
        "replication {replication}: at {at}, more than {limit} requests are in flight, the limit `run.limits.in_flight`"
    )]
    #[allow(missing_docs, reason = "the message names them")]
    InFlight { replication: u32, at: Span, limit: u64 },
    /// More events than allowed.
    #[error(
        "replication {replication}: at {at}, the number of events reached the limit of {limit} (`run.limits.events`)"
    )]
    #[allow(missing_docs, reason = "the message names them")]
    Events { replication: u32, at: Span, limit: u64 },
}

/// The plan, as a resource.
#[derive(Resource, Clone)]
pub(crate) struct PlanHandle(pub Arc<Plan>);

/// Runs one replication.
///
/// # Errors
/// When a limit of the scenario is reached, or `interrupted` has been set.
pub(crate) fn simulate(
    plan: &Arc<Plan>,
    replication: u32,
    interrupted: &AtomicBool,
) -> Result<Record, SimError> {
    let key = Key::replication(plan.seed, replication as u64);
    let mut world = World::new();
    spawn::spawn(&mut world, plan, key);
    for epoch in epochs::all(plan) {
        world.insert_resource(epoch);
        loop {
            run_systems(&mut world);
            // To the millisecond, for the message of a limit.
            let at = Span(world.resource::<Calendar>().now().0 / 1_000_000 * 1_000_000);
            match world.resource::<Epoch>().stop {
                Stop::Reached => break,
                Stop::NeedsSlots => {
                    let limit = plan.limits.in_flight;
                    if !spawn::grow(&mut world, limit) {
                        return Err(SimError::InFlight { replication, at, limit });
                    }
                }
                Stop::Events => {
                    return Err(SimError::Events { replication, at, limit: plan.limits.events });
                }
                Stop::Pause => {}
            }
            if interrupted.load(Ordering::Relaxed) {
                return Err(SimError::Interrupted);
            }
        }
        if interrupted.load(Ordering::Relaxed) {
            return Err(SimError::Interrupted);
        }
    }
    let may_deadlock = !plan.resources.is_empty()
        || plan.instances.iter().any(|instance| instance.memory < u64::MAX);
    let deadlock = match may_deadlock {
        false => None,
        true => world
            .run_system_cached(deadlock::find)
            .expect("what the systems ask for has been spawned"),
    };
    if !plan.promised.is_empty() {
        let ended = world.run_system_cached(promises::end);
        ended.expect("what the systems ask for has been spawned");
    }
    Ok(Record { deadlock, ..harvest(world, plan, key, replication) })
}

/// Runs the systems of an epoch, in this order. Each is made ready when it is first needed, by the
/// world itself: to build a schedule of them took longer than to simulate a hundred requests.
fn run_systems(world: &mut World) {
    let run = |world: &mut World| {
        world.run_system_cached(advance::advance)?;
        let epoch = world.resource::<Epoch>();
        let (reached, changes_faults, is_audited) =
            (epoch.stop == Stop::Reached, epoch.changes_faults(), epoch.is_audited());
        let (is_marked, begins_stretch) = (epoch.mark.is_some(), epoch.stretch.is_some());
        if reached {
            world.run_system_cached(windows::close)?;
        }
        if reached && begins_stretch {
            world.run_system_cached(stretches::begin)?;
        }
        if reached && is_marked {
            world.run_system_cached(marks::note)?;
        }
        if reached && changes_faults {
            world.run_system_cached(faults::apply)?;
        }
        if is_audited { world.run_system_cached(audit::audit) } else { Ok(()) }
    };
    let ran: Result<(), RegisteredSystemError> = run(world);
    ran.expect("what the systems ask for has been spawned");
}

/// Takes the measures out of a world that has reached its horizon.
fn harvest(mut world: World, plan: &Plan, key: Key, replication: u32) -> Record {
    let mut instances = world.query::<(&mut Gauges, &InstanceState)>();
    let instances = instances.iter_mut(&mut world).map(|(mut gauges, state)| {
        let (lag, lag_sum_ns) = gauges.lag.take();
        InstanceTally { lag, lag_sum_ns, chosen: state.chosen, ..InstanceTally::default() }
    });
    let instances: Vec<InstanceTally> = instances.collect();
    let links: Vec<LinkTally> =
        world.query::<&LinkState>().iter(&world).map(|link| link.tally).collect();
    let hottest =
        |shared: &Shared| shared.keys.as_ref().map_or(0, |keys| keys.hottest_ns(plan.horizon));
    let hottest_ns = world.query::<&Shared>().iter(&world).map(hottest).collect();
    let events = world.resource::<Calendar>().fired();
    let recorder = world.remove_resource::<Recorder>().unwrap_or_default();
    let mut record = recorder.finish(instances, links);
    record.replication = replication;
    record.seed_key = key.0;
    record.events = events;
    record.hottest_ns = hottest_ns;
    record.measured_ns = (plan.horizon - plan.measured_from).0;
    record
}

//! The epoch system that begins and ends faults.

use super::columns::{Columns, Everything};
use super::endings;
use super::epochs::Epoch;
use crate::fault::{Breakable, Effect};
use crate::measure::Happening;
use crate::plan::Plan;
use crate::request::{NONE, Phase, Place, Request};
use crate::resource::Line;
use crate::server::{InstanceState, Life};
use crate::units::{Span, Time};
use bevy_ecs::prelude::*;

/// What is wrong now, where it is not a component's state.
#[derive(Resource, Default)]
pub(crate) struct ActiveErrors {
    /// Whether there is any active `errors` fault.
    pub any: bool,
    /// Active `errors` faults by endpoint.
    pub by_endpoint: Vec<Vec<u32>>,
    /// The instances each crash has taken down, each with its start.
    pub crashed: Vec<Vec<(u32, u32)>>,
}

/// Ends the faults that end at this epoch, then begins those that begin.
pub(crate) fn apply(mut world: Everything, epoch: Res<Epoch>) {
    world.with(epoch.end, |x, requests| {
        let mut world = Broken { x, requests };
        epoch.finish.iter().for_each(|fault| world.change(*fault, false));
        epoch.begin.iter().for_each(|fault| world.change(*fault, true));
        let now = x.now();
        for balancer in x.balancers.iter_mut() {
            balancer.settle(now, |slot| x.stage.runnable.push(slot));
        }
    });
}

/// The world between two drains, which faults break.
struct Broken<'x, 'a, 'r> {
    x: &'x mut Columns<'a>,
    requests: &'r mut [Request],
}

impl Broken<'_, '_, '_> {
    /// Begins or ends a fault of the plan.
    fn change(&mut self, index: u32, begins: bool) {
        let fault = &self.x.plan.faults[index as usize];
        self.x.recorder.happenings.push(Happening {
            at: self.x.now(),
            kind: fault.kind,
            entity: fault.target.clone(),
            what: if begins { "begins" } else { "ends" },
            detail: fault.detail.clone(),
        });
        if begins {
            fault.effect.begin(index, self);
        } else {
            fault.effect.end(index, self);
        }
    }
}

impl Breakable for Broken<'_, '_, '_> {
    fn take_down(&mut self, fault: u32, instances: &[u32], count: u32, drain: bool) {
        let x = &mut *self.x;
        let is_up = |state: &InstanceState| state.up && state.life == Life::Serving;
        let up = instances.iter().copied().filter(|&id| is_up(&x.instances[id as usize]));
        let chosen: Vec<u32> = up.take(count as usize).collect();
        for &id in &chosen {
            x.balancers[x.plan.instances[id as usize].service as usize].remove(id);
            let state = &mut x.instances[id as usize];
            (state.up, state.holder) = (false, NONE);
        }
        if !drain {
            wipe(x, self.requests, &chosen);
        }
        let start = |id: u32| (id, x.instances[id as usize].start);
        x.errors.crashed[fault as usize] = chosen.into_iter().map(start).collect();
    }
    fn bring_back(&mut self, fault: u32) {
        let x = &mut *self.x;
        for (id, start) in std::mem::take(&mut x.errors.crashed[fault as usize]) {
            let state = &mut x.instances[id as usize];
            // Another instance may have its row meanwhile.
            if state.start != start {
                continue;
            }
            (state.up, state.holder) = (true, NONE);
            // One that an autoscaler has stopped meanwhile stays away.
            if state.life == Life::Serving {
                x.balancers[x.plan.instances[id as usize].service as usize].add(id);
            }
        }
    }
    fn change_speed(&mut self, instances: &[u32]) {
        let x = &mut *self.x;
        let now = x.now();
        for &id in instances {
            let stretch = stretch(x.plan, now, id);
            for (worker, _) in x.plan.instances[id as usize].queues() {
                x.stage.queues[worker as usize].set_stretch(stretch);
            }
            if let Some(station) = x.plan.instances[id as usize].station {
                let alarm = x.stage.stations[station as usize].set_speed(now, 1.0 / stretch);
                x.stage.rearm(id, station, alarm);
            }
        }
    }
    fn degrade(&mut self, link: u32, latency: Span, loss: f64, begins: bool) {
        // A link that no route crosses is not in the world.
        let Some(state) = self.x.links.get_mut(link as usize) else { return };
        let sign = if begins { 1.0 } else { -1.0 };
        state.extra_latency = if begins {
            state.extra_latency + latency
        } else {
            Span(state.extra_latency.0 - latency.0)
        };
        // Exactly zero again when the last one ends: sums of decimals would leave a crumb.
        let extra_loss = state.extra_loss + sign * loss;
        state.extra_loss = if extra_loss.abs() < 1e-12 { 0.0 } else { extra_loss };
    }
    fn answer_with_errors(&mut self, fault: u32, endpoint: u32, begins: bool) {
        let errors = &mut *self.x.errors;
        let list = &mut errors.by_endpoint[endpoint as usize];
        list.retain(|other| *other != fault);
        if begins {
            list.push(fault);
        }
        errors.any = errors.by_endpoint.iter().any(|list| !list.is_empty());
    }
}

/// Nanoseconds a nanosecond of demand takes: computed anew from all active faults, so that nothing
/// is left of those that have ended.
fn stretch(plan: &Plan, now: Time, instance: u32) -> f64 {
    let active = plan.faults.iter().filter(|fault| fault.at <= now && now < fault.until);
    let factors = active.filter_map(|fault| match &fault.effect {
        Effect::Slow(effect) => Some(effect.factor_at(instance)),
        _ => None,
    });
    factors.product::<f64>() / plan.instances[instance as usize].speed
}

/// Instances are lost with everything inside them, at their doors or on the way to them, and their
/// rows are as new. One pass over the requests, however many the instances are.
pub(super) fn wipe(x: &mut Columns, requests: &mut [Request], instances: &[u32]) {
    let mut struck: Vec<(usize, u32)> = Vec::new();
    let mut rank_of = vec![None; x.instances.len()];
    instances.iter().enumerate().for_each(|(rank, id)| rank_of[*id as usize] = Some(rank));
    for (slot, request) in requests.iter().enumerate() {
        let is_inside = request.place() != Place::Outside && request.phase != Phase::Struck;
        if is_inside && let Some(rank) = rank_of[request.instance as usize] {
            struck.push((rank, slot as u32));
        }
    }
    // Stable: one instance after the other, each by slot.
    struck.sort_by_key(|(rank, _)| *rank);
    // Who waits for memory of an instance that has crashed does not get what others give back.
    instances.iter().for_each(|id| x.stage.memories[*id as usize].0.line = Line::default());
    for of_one in struck.chunk_by(|a, b| a.0 == b.0) {
        if x.plan.is_rich {
            // First all leave the lines outside of the instance, so that what is given back next
            // goes to others.
            for (_, slot) in of_one {
                endings::leave_outside(x, requests, *slot);
            }
        }
        let instance = of_one.first().map(|(rank, _)| instances[*rank] as usize);
        let left = instance.map_or(Vec::new(), |instance| left_to_compute(x, instance));
        for (_, slot) in of_one {
            let place = left.binary_search_by_key(slot, |(slot, _)| *slot).ok();
            let own = place.map(|place| left[place].1);
            endings::strike(x, &mut requests[*slot as usize], *slot, own);
        }
    }
    instances.iter().for_each(|id| renew(x, *id));
    for (own, shared) in x.plan.resources.iter().zip(x.stage.shared.iter_mut()) {
        if own.instance.is_some_and(|id| rank_of[id as usize].is_some()) {
            shared.idle.clear();
        }
    }
}

/// The core time that the bursts still need which share the cores of an instance, by slot.
fn left_to_compute(x: &mut Columns, instance: usize) -> Vec<(u32, Span)> {
    let (now, station) = (x.now(), x.plan.instances[instance].station);
    station.map_or(Vec::new(), |station| x.stage.stations[station as usize].left(now))
}

/// The instance is as new.
fn renew(x: &mut Columns, instance: u32) {
    let (plan, now, i) = (x.plan, x.now(), instance as usize);
    let of = &plan.instances[i];
    let state = &mut x.instances[i];
    (state.outstanding, state.in_transit) = (0, 0);
    let gauges = &mut x.stage.gauges[i];
    if let Some(station) = of.station
        && x.stage.stations[station as usize].renew(now)
    {
        x.stage.calendar.note_stale();
    }
    for gauge in [&mut gauges.busy, &mut gauges.ready, &mut gauges.io] {
        gauge.set(now, 0);
    }
    x.stage.memories[i].0.renew(now);
    x.stage.places[i].renew(now);
    for (worker, cores) in of.queues() {
        x.stage.queues[worker as usize].renew(cores);
    }
}

//! The epoch system that begins and ends faults.

use super::columns::{Columns, Everything};
use super::endings;
use super::epochs::Epoch;
use crate::fault::Effect;
use crate::measure::Happening;
use crate::plan::Plan;
use crate::request::{NONE, Phase, Place, Request};
use crate::server::cores::RunQueue;
use crate::units::{Span, Time};
use bevy_ecs::prelude::*;

/// What is wrong now, where it is not a component's state.
#[derive(Resource, Default)]
pub(crate) struct ActiveErrors {
    /// Whether there is any active `errors` fault.
    pub any: bool,
    /// Active `errors` faults by endpoint.
    pub by_endpoint: Vec<Vec<u32>>,
    /// The instances each crash has taken down.
    pub crashed: Vec<Vec<u32>>,
}

/// Ends the faults that end at this epoch, then begins those that begin.
pub(crate) fn apply(mut world: Everything, epoch: Res<Epoch>) {
    world.with(epoch.end, |x, requests| {
        epoch.finish.iter().for_each(|fault| change(x, requests, *fault, false));
        epoch.begin.iter().for_each(|fault| change(x, requests, *fault, true));
        let now = x.now();
        for balancer in x.balancers.iter_mut() {
            balancer.settle(now, |slot| x.stage.runnable.push(slot));
        }
    });
}

/// Begins or ends a fault of the plan.
fn change(x: &mut Columns, requests: &mut [Request], index: u32, begins: bool) {
    let (plan, now) = (x.plan, x.now());
    let fault = &plan.faults[index as usize];
    x.recorder.happenings.push(Happening {
        at: now,
        kind: fault.kind,
        entity: fault.target.clone(),
        what: if begins { "begins" } else { "ends" },
        detail: fault.detail.clone(),
    });
    match &fault.effect {
        Effect::Degrade { link, latency, loss } => {
            // A link that no route crosses is not in the world.
            let Some(state) = x.links.get_mut(*link as usize) else { return };
            let sign = if begins { 1.0 } else { -1.0 };
            state.extra_latency = if begins {
                state.extra_latency + *latency
            } else {
                Span(state.extra_latency.0 - latency.0)
            };
            // Exactly zero again when the last one ends: sums of decimals would leave a crumb.
            let extra_loss = state.extra_loss + sign * loss;
            state.extra_loss = if extra_loss.abs() < 1e-12 { 0.0 } else { extra_loss };
        }
        Effect::Slow { instances, .. } => {
            for &id in instances {
                let stretch = stretch(plan, now, id);
                workers(x, id).for_each(|queue| queue.stretch = stretch);
            }
        }
        Effect::Errors { endpoint, .. } => {
            let list = &mut x.errors.by_endpoint[*endpoint as usize];
            list.retain(|f| *f != index);
            if begins {
                list.push(index);
            }
            x.errors.any = x.errors.by_endpoint.iter().any(|list| !list.is_empty());
        }
        Effect::Crash { instances, count, drain } => {
            let chosen: Vec<u32> = match begins {
                true => {
                    let up = instances.iter().copied().filter(|&i| x.instances[i as usize].up);
                    up.take(*count as usize).collect()
                }
                false => std::mem::take(&mut x.errors.crashed[index as usize]),
            };
            for &id in &chosen {
                let balancer = &mut x.balancers[plan.instances[id as usize].service as usize];
                if begins { balancer.remove(id) } else { balancer.add(id) }
                let state = &mut x.instances[id as usize];
                (state.up, state.holder) = (!begins, NONE);
                if begins && !drain {
                    fail_all(x, requests, id);
                    renew(x, id);
                }
            }
            if begins {
                x.errors.crashed[index as usize] = chosen;
            }
        }
    }
}

/// Nanoseconds a nanosecond of demand takes: computed anew from all active faults, so that nothing
/// is left of those that have ended.
fn stretch(plan: &Plan, now: Time, instance: u32) -> f64 {
    let active = plan.faults.iter().filter(|fault| fault.at <= now && now < fault.until);
    let factors = active.filter_map(|fault| match &fault.effect {
        Effect::Slow { instances, factor } if instances.contains(&instance) => Some(*factor),
        _ => None,
    });
    factors.product::<f64>() / plan.instances[instance as usize].speed
}

/// Everything inside the instance, at its door or on the way to it fails.
fn fail_all(x: &mut Columns, requests: &mut [Request], instance: u32) {
    for (slot, request) in requests.iter_mut().enumerate() {
        if request.instance == instance
            && request.place() != Place::Outside
            && request.phase != Phase::Struck
        {
            endings::strike(x, request, slot as u32);
        }
    }
}

/// The instance is as new.
fn renew(x: &mut Columns, instance: u32) {
    let (plan, now, i) = (x.plan, x.now(), instance as usize);
    let of = &plan.instances[i];
    let state = &mut x.instances[i];
    (state.outstanding, state.in_transit) = (0, 0);
    let gauges = &mut x.stage.gauges[i];
    for gauge in [&mut gauges.busy, &mut gauges.ready, &mut gauges.io] {
        gauge.set(now, 0);
    }
    x.stage.memories[i].0.renew(now);
    x.places[i].0.renew(now);
    workers(x, instance).for_each(|queue| {
        *queue = RunQueue::new(of.cores_per_worker, queue.stretch);
    });
}

/// The workers of an instance.
fn workers<'x>(x: &'x mut Columns, instance: u32) -> impl Iterator<Item = &'x mut RunQueue> {
    let of = &x.plan.instances[instance as usize];
    let first = of.first_worker as usize;
    x.stage.queues[first..first + of.workers as usize].iter_mut()
}

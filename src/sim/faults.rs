//! The epoch system that begins and ends faults.

use super::PlanHandle;
use super::epochs::Epoch;
use crate::fault::Effect;
use crate::kernel::Calendar;
use crate::measure::{Happening, Recorder};
use crate::network::LinkState;
use crate::plan::{Hop, Plan};
use crate::policy::balance::Balancer;
use crate::request::{NONE, Part, Phase, Place, Pool, Request};
use crate::server::admission::Admission;
use crate::server::cores::RunQueue;
use crate::server::memory::Memory;
use crate::server::{Gauges, InstanceState};
use crate::step::Act;
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

type Machines<'w> = (&'w mut InstanceState, &'w mut Gauges, &'w mut Memory, &'w mut Admission);

/// Ends the faults that end at this epoch, then begins those that begin.
#[allow(
    clippy::too_many_arguments,
    reason = "a bevy system names what it touches in its arguments"
)]
pub(crate) fn apply(
    mut requests: Query<&mut Request>,
    mut machines: Query<Machines>,
    mut queues: Query<&mut RunQueue>,
    mut links: Query<&mut LinkState>,
    mut balancers: Query<&mut Balancer>,
    mut active: ResMut<ActiveErrors>,
    mut recorder: ResMut<Recorder>,
    mut pool: ResMut<Pool>,
    calendar: Res<Calendar>,
    epoch: Res<Epoch>,
    plan: Res<PlanHandle>,
) {
    let (plan, now) = (&plan.0, calendar.now());
    let changes =
        epoch.finish.iter().map(|f| (*f, false)).chain(epoch.begin.iter().map(|f| (*f, true)));
    for (index, begins) in changes {
        let fault = &plan.faults[index as usize];
        let what = if begins { "begins" } else { "ends" };
        recorder.happenings.push(Happening {
            at: now,
            kind: fault.kind,
            entity: fault.target.clone(),
            what,
            detail: fault.detail.clone(),
        });
        match &fault.effect {
            Effect::Degrade { link, latency, loss } => {
                if let Some(mut state) = links.iter_mut().nth(*link as usize) {
                    let sign = if begins { 1.0 } else { -1.0 };
                    state.extra_latency = if begins {
                        state.extra_latency + *latency
                    } else {
                        Span(state.extra_latency.0 - latency.0)
                    };
                    // Exactly zero again when the last one ends: sums of decimals would leave a
                    // crumb.
                    state.extra_loss = if (state.extra_loss + sign * loss).abs() < 1e-12 {
                        0.0
                    } else {
                        state.extra_loss + sign * loss
                    };
                }
            }
            Effect::Slow { instances, .. } => {
                for &id in instances {
                    let factors = stretch(plan, now, id);
                    for mut queue in workers(plan, id, &mut queues) {
                        queue.stretch = factors;
                    }
                }
            }
            Effect::Errors { endpoint, .. } => {
                let list = &mut active.by_endpoint[*endpoint as usize];
                list.retain(|f| *f != index);
                if begins {
                    list.push(index);
                }
                active.any = active.by_endpoint.iter().any(|list| !list.is_empty());
            }
            Effect::Crash { instances, count, drain } => {
                let chosen = match begins {
                    true => first_up(&mut machines, instances, *count),
                    false => std::mem::take(&mut active.crashed[index as usize]),
                };
                for &id in &chosen {
                    let service = plan.instances[id as usize].service;
                    if let Some(mut balancer) = balancers.iter_mut().nth(service as usize) {
                        if begins { balancer.remove(id) } else { balancer.add(id) }
                    }
                    if let Some((mut state, ..)) = machines.iter_mut().nth(id as usize) {
                        (state.up, state.holder) = (!begins, NONE);
                    }
                    if begins && !drain {
                        strike(plan, id, now, &mut requests, &mut links, &mut pool);
                        empty(plan, id, now, &mut machines, &mut queues);
                    }
                }
                if begins {
                    active.crashed[index as usize] = chosen;
                }
            }
        }
    }
    for mut balancer in &mut balancers {
        balancer.settle(now, |slot| pool.runnable.push(slot));
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

fn first_up(machines: &mut Query<Machines>, instances: &[u32], count: u32) -> Vec<u32> {
    let up: Vec<bool> = machines.iter().map(|(state, ..)| state.up).collect();
    instances.iter().copied().filter(|&id| up[id as usize]).take(count as usize).collect()
}

/// Everything inside the instance, at its door or on the way to it fails.
fn strike(
    plan: &Plan,
    instance: u32,
    now: Time,
    requests: &mut Query<&mut Request>,
    links: &mut Query<&mut LinkState>,
    pool: &mut Pool,
) {
    for (slot, mut request) in requests.iter_mut().enumerate() {
        if request.instance != instance
            || request.place == Place::Outside
            || request.phase == Phase::Struck
        {
            continue;
        }
        if request.phase == Phase::Walking && plan.hops[request.hop as usize] == Hop::In {
            let link = plan.instances[instance as usize].link_in;
            if let Some(mut link) = link.and_then(|link| links.iter_mut().nth(link as usize)) {
                link.deliver(now);
            }
        }
        let part = match request.phase {
            Phase::Walking if request.granted => Part::Admission,
            Phase::Walking => Part::Network,
            _ => plan.program[request.step as usize].part(&request),
        };
        request.parts.charge(part, now);
        request.phase = Phase::Struck;
        request.has_core = false;
        request.has_memory = false;
        request.granted = false;
        pool.runnable.push(slot as u32);
    }
}

/// The instance is as new.
fn empty(
    plan: &Plan,
    instance: u32,
    now: Time,
    machines: &mut Query<Machines>,
    queues: &mut Query<&mut RunQueue>,
) {
    let of = &plan.instances[instance as usize];
    if let Some((mut state, mut gauges, mut memory, mut admission)) =
        machines.iter_mut().nth(instance as usize)
    {
        state.outstanding = 0;
        state.in_transit = 0;
        for gauge in gauges.all() {
            gauge.set(now, 0);
        }
        *memory = Memory::new(of.memory);
        *admission = Admission {
            places: of.max_in_flight,
            waiting: Default::default(),
            queue_max: of.queue_max,
        };
    }
    for mut queue in workers(plan, instance, queues) {
        *queue = RunQueue::new(of.cores_per_worker, queue.stretch);
    }
}

/// The workers of an instance.
fn workers<'a>(
    plan: &Plan,
    instance: u32,
    queues: &'a mut Query<&mut RunQueue>,
) -> impl Iterator<Item = Mut<'a, RunQueue>> {
    let of = &plan.instances[instance as usize];
    queues.iter_mut().skip(of.first_worker as usize).take(of.workers as usize)
}

//! The draining system: fires the events before the next epoch, one after the other, each with its handler.
//!
//! With `kernel/event.rs` this is the table of contents of everything that can happen. A request that may go on is resumed by [`go`]: along its
//! route ([`super::hops`]) and through its endpoint's program, until it has to wait for something.

use super::PlanHandle;
use super::columns::Columns;
use super::epochs::{Epoch, Stop};
use super::faults::ActiveErrors;
use super::finish::{answer, finish, lose};
use super::hops::{self, Went};
use crate::kernel::{Calendar, Event, RequestId};
use crate::measure::Recorder;
use crate::network::LinkState;
use crate::plan::Hop;
use crate::policy::balance::Balancer;
use crate::random::keys::mix;
use crate::request::{Journey, NONE, Outcome, Part, Parts, Phase, Pool, Visit};
use crate::server::admission::Admission;
use crate::server::cores::RunQueue;
use crate::server::memory::Memory;
use crate::server::{Gauges, InstanceState, Lag};
use crate::step::{Op, Then};
use crate::workload::Source;
use bevy_ecs::prelude::*;

/// Handlers of one event may take at most this many slots: an arrival, and the first call it makes.
const SLOTS_AN_EVENT: usize = 2;

/// In debug builds the laws are audited every so many events.
const AUDIT_EVERY: u64 = if cfg!(debug_assertions) { 4096 } else { u64::MAX };

type Machines<'w> = (&'w mut InstanceState, &'w mut Gauges, &'w mut Lag, &'w mut Memory, &'w mut Admission);

/// Fires all events before the epoch's end.
#[allow(clippy::too_many_arguments, reason = "a bevy system names what it touches in its arguments")]
pub fn advance(
    mut requests: Query<(&mut Journey, &mut Visit, &mut Parts)>,
    mut machines: Query<Machines>,
    mut queues: Query<&mut RunQueue>,
    mut links: Query<&mut LinkState>,
    mut balancers: Query<&mut Balancer>,
    mut sources: Query<&mut Source>,
    mut pool: ResMut<Pool>,
    mut calendar: ResMut<Calendar>,
    mut recorder: ResMut<Recorder>,
    mut epoch: ResMut<Epoch>,
    errors: Res<ActiveErrors>,
    plan: Res<PlanHandle>,
) {
    // An epoch stands at the beginning of the measured part, so a drain is either before it or in it.
    let measured = epoch.end > recorder.measured_from;
    let (mut requests, mut machines, mut queues) =
        (requests.contiguous_iter_mut(), machines.contiguous_iter_mut(), queues.contiguous_iter_mut());
    let (mut links, mut balancers, mut sources) =
        (links.contiguous_iter_mut(), balancers.contiguous_iter_mut(), sources.contiguous_iter_mut());
    let (mut requests, mut machines) = (requests.as_mut().ok().and_then(|c| c.next()), machines.as_mut().ok().and_then(|c| c.next()));
    let (mut queues, mut links) = (queues.as_mut().ok().and_then(|c| c.next()), links.as_mut().ok().and_then(|c| c.next()));
    let (mut balancers, mut sources) = (balancers.as_mut().ok().and_then(|c| c.next()), sources.as_mut().ok().and_then(|c| c.next()));
    let (Some((journeys, visits, parts)), Some((instances, gauges, lags, memories, admissions))) = (&mut requests, &mut machines) else {
        return;
    };
    let mut x = Columns {
        plan: &plan.0,
        journeys: journeys.bypass_change_detection(),
        visits: visits.bypass_change_detection(),
        parts: parts.bypass_change_detection(),
        pool: &mut pool,
        calendar: &mut calendar,
        recorder: &mut recorder,
        sources: sources.as_mut().map_or(&mut [], |c| c.bypass_change_detection()),
        balancers: balancers.as_mut().map_or(&mut [], |c| c.bypass_change_detection()),
        instances: instances.bypass_change_detection(),
        gauges: gauges.bypass_change_detection(),
        lags: lags.bypass_change_detection(),
        memories: memories.bypass_change_detection(),
        admissions: admissions.bypass_change_detection(),
        queues: queues.as_mut().map_or(&mut [], |c| c.bypass_change_detection()),
        links: links.as_mut().map_or(&mut [], |c| c.bypass_change_detection()),
        errors: &errors.by_endpoint,
        measured,
        sweep: false,
    };
    epoch.stop = drain(&mut x, &epoch);
}

fn drain(x: &mut Columns, epoch: &Epoch) -> Stop {
    let limit = x.plan.limits.events;
    let fired_max = limit.min(x.calendar.fired().saturating_add(AUDIT_EVERY));
    loop {
        if x.pool.free.len() < SLOTS_AN_EVENT {
            return Stop::NeedsSlots;
        }
        if let Some(slot) = x.pool.runnable.pop_front() {
            go(x, slot);
            continue;
        }
        if x.sweep {
            sweep(x);
        }
        if x.calendar.fired() >= fired_max {
            return if fired_max == limit { Stop::Events } else { Stop::Audit };
        }
        let Some(event) = x.calendar.next_before(epoch.end) else {
            x.calendar.move_to(epoch.end);
            return Stop::Reached;
        };
        // Each handler says who may go on, and there is one place where they do: the code of a whole journey is large, and has
        // to stay in the processor's instruction cache.
        let resumed = match event {
            Event::Arrival { source } => Some(arrives(x, source)),
            Event::Delivered(id) if x.is_current(id) => Some(delivered(x, id)),
            Event::BurstDone(id) if x.is_current(id) => Some(burst_done(x, id)),
            Event::WaitDone(id) if x.is_current(id) => Some(wait_done(x, id)),
            Event::TimedOut(id) if x.is_current(id) => timed_out(x, id),
            // A late event for a request that has gone.
            _ => {
                x.calendar.ignored();
                None
            }
        };
        if let Some(slot) = resumed {
            go(x, slot);
        }
    }
}

/// Takes the entries of past requests out of the calendar.
#[cold]
#[inline(never)]
fn sweep(x: &mut Columns) {
    x.sweep = false;
    let journeys = &*x.journeys;
    x.calendar.sweep(|event| match event {
        Event::Arrival { .. } => true,
        Event::Delivered(id) | Event::BurstDone(id) | Event::WaitDone(id) | Event::TimedOut(id) => {
            journeys[id.slot as usize].generation == id.generation
        }
    });
}

#[inline(always)]
fn arrives(x: &mut Columns, source: u32) -> u32 {
    let plan = &x.plan.sources[source as usize];
    let state = &mut x.sources[source as usize];
    let key = state.key.ordinal(state.ordinal);
    state.ordinal += 1;
    let target = match plan.targets.as_slice() {
        [only] => only,
        several => {
            let u = key.draw(plan.mix_salt).uniform();
            several.iter().find(|target| u < target.up_to).unwrap_or(&several[several.len() - 1])
        }
    };
    if let Some(next) = state.next_arrival(&plan.traffic, x.plan.horizon) {
        x.calendar.at(next, Event::Arrival { source });
    }
    let traced = x.plan.trace_share > 0.0 && (mix(key.0) >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0) < x.plan.trace_share;
    let slot = take_slot(x);
    begin(x, slot, Visit { traced, ..Visit::begin(Visit::NOBODY, target.flow, target.hop) }, key);
    slot
}

/// A free slot. The drain sees to it that there is one.
#[inline(always)]
fn take_slot(x: &mut Columns) -> u32 {
    x.pool.free.pop().expect("the drain stops before the pool is empty")
}

#[inline(always)]
fn begin(x: &mut Columns, slot: u32, visit: Visit, key: crate::random::keys::Key) {
    let now = x.now();
    let s = slot as usize;
    let generation = x.journeys[s].generation;
    x.recorder.tallies[visit.flow as usize].arrive(x.measured);
    x.journeys[s] = Journey { key, started: now, step: NONE, instance: NONE, worker: NONE, generation };
    x.visits[s] = visit;
    x.parts[s] = Parts::begin(now);
}

#[inline(always)]
fn delivered(x: &mut Columns, id: RequestId) -> u32 {
    hops::arrive(x, id.slot);
    id.slot
}

#[inline(always)]
fn burst_done(x: &mut Columns, id: RequestId) -> u32 {
    let now = x.now();
    x.parts[id.slot as usize].charge(Part::Cpu, now);
    x.journeys[id.slot as usize].step += 1;
    id.slot
}

#[inline(always)]
fn wait_done(x: &mut Columns, id: RequestId) -> u32 {
    let now = x.now();
    let journey = &mut x.journeys[id.slot as usize];
    let waited = x.parts[id.slot as usize].charge(Part::Io, now);
    x.gauges[journey.instance as usize].io.subtract(now, 1);
    if let Op::Wait(op) = &x.plan.program[journey.step as usize]
        && op.label != NONE
        && x.recorder.measures(journey.started)
    {
        x.recorder.labels_ns[op.label as usize] += waited.0 as u128;
    }
    journey.step += 1;
    id.slot
}

/// The caller of a request has waited long enough: it goes on without the answer, and the request goes on without it.
#[inline(never)]
fn timed_out(x: &mut Columns, id: RequestId) -> Option<u32> {
    let now = x.now();
    let visit = &mut x.visits[id.slot as usize];
    visit.timed = false;
    let caller = std::mem::replace(&mut visit.caller, Visit::NOBODY);
    if visit.phase == Phase::Lost {
        finish(x, id.slot, Outcome::LOST);
    }
    if caller.slot != NONE && x.is_current(caller) {
        x.parts[caller.slot as usize].charge(Part::Abandoned, now);
        answer(x, caller.slot, Outcome::TIMEOUT);
        return Some(caller.slot);
    }
    None
}

/// What is to be done next.
enum Next {
    /// The request goes on along its route.
    Walk,
    /// The request runs its program.
    Run,
    /// Another request goes on: the caller of one that is gone.
    Resume(u32),
    /// Nothing, until something happens.
    Nothing,
}

/// Resumes a request until it has to wait for something, or is gone; then its caller, if that may go on.
#[inline(never)]
fn go(x: &mut Columns, mut slot: u32) {
    let mut next = by_phase(x, slot);
    loop {
        next = match next {
            Next::Walk => walk(x, slot),
            Next::Run => run(x, slot),
            Next::Resume(other) => {
                slot = other;
                by_phase(x, slot)
            }
            Next::Nothing => return,
        }
    }
}

#[inline(always)]
fn by_phase(x: &mut Columns, slot: u32) -> Next {
    match x.visits[slot as usize].phase {
        Phase::Walking => Next::Walk,
        Phase::Running => Next::Run,
        Phase::Struck => resume(finish(x, slot, Outcome::CRASHED)),
        Phase::Lost => Next::Nothing,
    }
}

#[inline(always)]
fn resume(caller: Option<u32>) -> Next {
    caller.map_or(Next::Nothing, Next::Resume)
}

/// Goes on along the route, hop by hop.
#[inline(always)]
fn walk(x: &mut Columns, slot: u32) -> Next {
    loop {
        let hop = x.plan.hops[x.visits[slot as usize].hop as usize];
        let went = match hop {
            Hop::Cross { link } => hops::cross(x, slot, link),
            Hop::Door { service, back } => hops::door(x, slot, service, back),
            Hop::In => hops::own_link_in(x, slot),
            Hop::Enter => hops::enter(x, slot, false),
            Hop::EnterAny => hops::enter(x, slot, true),
            Hop::Out => hops::own_link_out(x, slot),
            Hop::Home => return resume(finish(x, slot, x.visits[slot as usize].outcome)),
        };
        match went {
            Went::On => {}
            Went::Inside => return Next::Run,
            Went::Away => return Next::Nothing,
            Went::Lost => return resume(lose(x, slot)),
        }
    }
}

/// Runs the program from the step it is at.
#[inline(always)]
fn run(x: &mut Columns, slot: u32) -> Next {
    let plan = x.plan;
    loop {
        let op = &plan.program[x.journeys[slot as usize].step as usize];
        match op.begin(&mut x.stage(slot)) {
            Then::Next => x.journeys[slot as usize].step += 1,
            Then::Park => return Next::Nothing,
            Then::Call(call) => {
                send_call(x, slot, call);
                return Next::Nothing;
            }
            Then::Answer(outcome) => {
                answer(x, slot, outcome);
                return Next::Walk;
            }
        }
    }
}

/// A call is a request of its own; it is resumed after those that may already go on.
#[inline(never)]
fn send_call(x: &mut Columns, caller: u32, call: u32) {
    let plan = x.plan.calls[call as usize];
    let slot = take_slot(x);
    let key = x.journeys[caller as usize].key.child(plan.salt, 0);
    let (timed, traced) = (plan.timeout.is_some(), x.visits[caller as usize].traced);
    let visit = Visit { timed, traced, ..Visit::begin(x.id(caller), plan.flow, plan.hop) };
    begin(x, slot, visit, key);
    if let Some(timeout) = plan.timeout {
        x.calendar.after(timeout, Event::TimedOut(x.id(slot)));
    }
    x.pool.runnable.push_back(slot);
}

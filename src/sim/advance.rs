//! The draining system: fires the events before the next epoch, one after the other, each with its
//! handler.
//!
//! With `kernel/event.rs` this is the table of contents of everything that can happen. A handler
//! says which request may go on and how ([`Next`]); the request is then taken along its route
//! ([`super::hops`]) and through its endpoint's program until it has to wait for something. Every
//! state of that machine has one place in the code, so that all of it is one loop without calls.

use super::central;
use super::columns::{Columns, Everything, current};
use super::epochs::{Epoch, Stop};
use super::endings::{answer, finish};
use super::hops;
use crate::kernel::{Event, RequestId};
use crate::plan::Hop;
use crate::random::keys::{Key, mix};
use crate::request::{Flag, NONE, Outcome, Part, Phase, Request};
use crate::step::{Act, Op, Then};
use bevy_ecs::prelude::*;

/// Handlers of one event may take at most this many slots: an arrival, and the first call it makes.
const SLOTS_AN_EVENT: usize = 2;

/// After so many events the loop pauses: a fifth of a second, so that an interruption is noticed;
/// in debug builds sooner, and the laws are audited.
const PAUSE_EVERY: u64 = if cfg!(debug_assertions) { 4096 } else { 1 << 22 };

/// Fires all events before the epoch's end.
pub(crate) fn advance(mut world: Everything, mut epoch: ResMut<Epoch>) {
    epoch.stop = world.with(epoch.end, |x, requests| drain(x, requests, &epoch));
}

/// How a request goes on.
pub(crate) enum Next {
    /// Along its route.
    Walk,
    /// With its program.
    Run,
    /// By calling, as its step says.
    Call,
    /// It leaves its instance, with its outcome.
    Answer,
    /// It is gone, with its outcome.
    Finish,
    /// Not now: something will happen to it.
    Park,
}

#[inline(never)]
fn drain(x: &mut Columns, requests: &mut [Request], epoch: &Epoch) -> Stop {
    let limit = x.plan.limits.events;
    let fired_max = limit.min(x.stage.calendar.fired().saturating_add(PAUSE_EVERY));
    let (mut slot, mut next) = (NONE, Next::Park);
    // One flat loop: an inner one would be entered for each event, and everything it does not
    // change be loaded anew before it. Its tests stand in the order in which states follow each
    // other, so that a state known when it is reached is not tested at all.
    loop {
        if let Next::Park = next {
            if x.attention {
                x.attention = false;
                if x.stage.calendar.is_half_dead() {
                    sweep(x, requests);
                }
                if x.free.len() < SLOTS_AN_EVENT {
                    return Stop::NeedsSlots;
                }
            }
            (slot, next) = match x.stage.runnable.pop() {
                Some(slot) => (slot, resume(&mut requests[slot as usize])),
                None => {
                    if x.stage.calendar.fired() >= fired_max {
                        return if fired_max == limit { Stop::Events } else { Stop::Pause };
                    }
                    let Some(event) = x.stage.calendar.pop_before(epoch.end) else {
                        x.stage.calendar.move_to(epoch.end);
                        return Stop::Reached;
                    };
                    match fire(x, requests, event) {
                        Some(goes_on) => goes_on,
                        None => {
                            x.stage.calendar.note_skipped();
                            continue;
                        }
                    }
                }
            };
        }
        let request = &mut requests[slot as usize];
        if let Next::Walk = next {
            next = walk(x, request, slot);
        }
        if let Next::Run = next {
            next = run(x, request, slot);
        }
        if let Next::Answer = next {
            next = answer(x, request, slot);
        }
        if let Next::Finish = next {
            (slot, next) = finish(x, requests, slot);
        }
        if let Next::Call = next {
            next = send_call(x, requests, slot);
        }
    }
}

/// What an event does, and to whom. Nothing, if it comes late: its request has gone.
#[inline(always)]
fn fire(x: &mut Columns, requests: &mut [Request], event: Event) -> Option<(u32, Next)> {
    Some(match event {
        Event::Arrival { source } => arrives(x, requests, source),
        Event::Delivered(id) => (id.slot, delivered(x, current(requests, id)?)),
        Event::BurstDone(id) => (id.slot, burst_done(x, current(requests, id)?)),
        Event::Woken(id) => (id.slot, woken(x, current(requests, id)?)),
        Event::TimedOut(id) => {
            current(requests, id)?;
            timed_out(x, requests, id)
        }
    })
}

/// How a request goes on that has been granted what it waited for, or that has been struck.
#[inline(always)]
fn resume(request: &mut Request) -> Next {
    match request.phase {
        Phase::Walking => Next::Walk,
        Phase::Running => Next::Run,
        Phase::Struck => {
            request.outcome = Outcome::CRASHED;
            Next::Finish
        }
        Phase::Lost => Next::Park,
    }
}

/// Takes the entries of past requests out of the calendar.
#[cold]
#[inline(never)]
fn sweep(x: &mut Columns, requests: &[Request]) {
    x.stage.calendar.purge_stale(|event| match event {
        Event::Arrival { .. } => true,
        Event::Delivered(id) | Event::BurstDone(id) | Event::Woken(id) | Event::TimedOut(id) => {
            requests[id.slot as usize].generation == id.generation
        }
    });
}

#[inline(always)]
fn arrives(x: &mut Columns, requests: &mut [Request], source: u32) -> (u32, Next) {
    let plan = &x.plan.sources[source as usize];
    let state = &mut x.sources[source as usize];
    let key = state.key.ordinal(state.ordinal);
    state.ordinal += 1;
    let target = plan.target(key);
    if let Some(next) = state.next_arrival(&plan.process, x.plan.horizon) {
        x.stage.calendar.schedule_at(next, Event::Arrival { source });
    }
    let slot = begin(x, requests, key, Request::NOBODY, target.flow, target.hop);
    if x.plan.trace_share > 0.0 {
        let share = (mix(key.0) >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0);
        if share < x.plan.trace_share {
            requests[slot as usize].set(Flag::TRACED);
        }
    }
    (slot, Next::Walk)
}

/// A new request, in a free slot. The drain sees to it that there is one.
#[inline(always)]
fn begin(
    x: &mut Columns,
    requests: &mut [Request],
    key: Key,
    caller: RequestId,
    flow: u32,
    hop: u32,
) -> u32 {
    let now = x.now();
    let slot = x.free.pop().expect("the drain stops before the pool is empty");
    x.attention |= x.free.len() < SLOTS_AN_EVENT;
    x.recorder.meters[flow as usize].arrive();
    let request = &mut requests[slot as usize];
    *request = Request::begin(key, now, request.generation, caller, flow, hop);
    slot
}

#[inline(always)]
fn delivered(x: &mut Columns, request: &mut Request) -> Next {
    hops::arrive(x, request);
    Next::Walk
}

#[inline(always)]
fn burst_done(x: &mut Columns, request: &mut Request) -> Next {
    request.parts.charge(Part::Cpu, x.now());
    request.step += 1;
    Next::Run
}

/// What a step has waited for has come: it says how the request goes on.
#[inline(always)]
fn woken(x: &mut Columns, request: &mut Request) -> Next {
    let then = x.program[request.step as usize].wake(&mut x.stage, request);
    goes_on(request, then)
}

/// The caller of a request has waited long enough: it goes on without the answer, and the request
/// goes on without it.
#[inline(never)]
fn timed_out(x: &mut Columns, requests: &mut [Request], id: RequestId) -> (u32, Next) {
    let now = x.now();
    let request = &mut requests[id.slot as usize];
    request.clear(Flag::TIMED);
    let caller = std::mem::replace(&mut request.caller, Request::NOBODY);
    if request.phase == Phase::Lost {
        request.parts.charge(Part::Abandoned, now);
        request.outcome = Outcome::LOST;
        finish(x, requests, id.slot);
    }
    if caller.slot == NONE {
        return (id.slot, Next::Park);
    }
    match current(requests, caller) {
        Some(waiting) => {
            waiting.parts.charge(Part::Abandoned, now);
            waiting.outcome = Outcome::TIMEOUT;
            (caller.slot, Next::Answer)
        }
        None => (id.slot, Next::Park),
    }
}

/// Goes on along the route by one hop.
#[inline(always)]
fn walk(x: &mut Columns, request: &mut Request, slot: u32) -> Next {
    match x.hops[request.hop as usize] {
        Hop::Cross { link } => hops::cross(x, request, slot, link),
        Hop::Door { service, back } => hops::door(x, request, service, back),
        Hop::Queue { service, back } => central::ask(x, request, slot, service, back),
        Hop::In => hops::own_link_in(x, request, slot),
        Hop::Enter { endpoint } => hops::enter(x, request, slot, endpoint),
        Hop::Out => hops::own_link_out(x, request, slot),
        Hop::Home => Next::Finish,
    }
}

/// Goes on with the program by one step.
#[inline(always)]
fn run(x: &mut Columns, request: &mut Request, slot: u32) -> Next {
    let then = x.program[request.step as usize].begin(&mut x.stage, request, slot);
    goes_on(request, then)
}

/// How a request goes on, as its step says.
#[inline(always)]
fn goes_on(request: &mut Request, then: Then) -> Next {
    match then {
        Then::Next => {
            request.step += 1;
            Next::Run
        }
        Then::Park => Next::Park,
        Then::Answer => Next::Answer,
        Then::Call => Next::Call,
    }
}

/// A call is a request of its own; it is resumed after those that may already go on.
#[inline(never)]
fn send_call(x: &mut Columns, requests: &mut [Request], caller: u32) -> Next {
    let Request { key, step, generation, .. } = requests[caller as usize];
    let is_traced = requests[caller as usize].has(Flag::TRACED);
    let Op::Call(op) = &x.program[step as usize] else { unreachable!("only a call calls") };
    let plan = x.plan.calls[op.call as usize];
    let slot = begin(
        x,
        requests,
        key.child(plan.salt, 0),
        RequestId { slot: caller, generation },
        plan.flow,
        plan.hop,
    );
    let request = &mut requests[slot as usize];
    if is_traced {
        request.set(Flag::TRACED);
    }
    if let Some(timeout) = plan.timeout {
        request.set(Flag::TIMED);
        x.stage.after(timeout, Event::TimedOut, request, slot);
    }
    x.stage.runnable.push(slot);
    Next::Park
}

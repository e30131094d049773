//! The draining system: fires the events before the next epoch, one after the other, each with its
//! handler.
//!
//! With `kernel/event.rs` this is the table of contents of everything that can happen. A handler
//! says which request may go on and how ([`Next`]); the request is then taken along its route
//! ([`super::hops`]) and through its endpoint's program until it has to wait for something. Every
//! state of that machine has one place in the code, so that all of it is one loop without calls.

use super::births::{arrives, fork, send_call, spare, user_arrives};
use super::columns::{Columns, Everything, current};
use super::control;
use super::endings::{answer, cancel, finish};
use super::epochs::{Epoch, Stop};
use super::impatience::impatient;
use super::{gates, hops};
use crate::kernel::{Event, RequestId, TimerId};
use crate::plan::Hop;
use crate::request::{Flag, NONE, Outcome, Part, Phase, Request};
use crate::step::cpu::LAST_BURST;
use crate::step::{Act, Leaving, Op, Then};
use bevy_ecs::prelude::*;

/// After so many events the loop pauses: a fifth of a second, so that an interruption is noticed;
/// in debug builds sooner, and the laws are audited.
const PAUSE_EVERY: u64 = if cfg!(debug_assertions) { 4096 } else { 1 << 22 };

/// Fires all events before the epoch's end.
pub(crate) fn advance(mut world: Everything, mut epoch: ResMut<Epoch>) {
    epoch.stop = world.with(epoch.end, |x, requests| match x.plan.is_rich {
        true => drain::<Rich>(x, requests, &epoch),
        false => drain::<Plain>(x, requests, &epoch),
    });
}

/// What the requests of a plan may do: the drain is compiled once for each, so that what a plan
/// does not use costs it nothing.
pub(crate) trait Caps {
    /// Guests, requests that are called off, users who come back, stations, lives of
    /// instances, central queues, pipelines.
    const RICH: bool;
}

/// Programs of steps, branches and loops, on instances that serve from beginning to end.
pub(crate) struct Plain;
impl Caps for Plain {
    const RICH: bool = false;
}

/// Everything. On a plan that [`Plain`] does for, it gives the same bytes.
pub(crate) struct Rich;
impl Caps for Rich {
    const RICH: bool = true;
}

/// How a request goes on.
pub(crate) enum Next {
    /// Along its route.
    Walk,
    /// With its program.
    Run,
    /// By calling, as its step says.
    Call,
    /// When those have been made that its step makes: guests, or what is done after its response.
    Fork,
    /// It leaves its instance, with its outcome.
    Answer,
    /// It is gone, with its outcome.
    Finish,
    /// Not now: something will happen to it.
    Park,
}

#[inline(never)]
fn drain<C: Caps>(x: &mut Columns, requests: &mut [Request], epoch: &Epoch) -> Stop {
    let limit = x.plan.limits.events;
    let fired_max = limit.min(x.stage.calendar.fired().saturating_add(PAUSE_EVERY));
    let (mut slot, mut next) = (NONE, Next::Park);
    // One flat loop: an inner one would be entered for each event, and everything it does not
    // change be loaded anew before it. Its tests stand in the order in which states follow each
    // other, so that a state known when it is reached is not tested at all.
    loop {
        if let Next::Park = next {
            if x.stage.attention {
                x.stage.attention = false;
                if x.stage.calendar.is_half_dead() {
                    sweep(x, requests);
                }
                if !x.stage.doomed.is_empty() {
                    cancel(x, requests);
                }
                if x.free.len() < spare::<C>(x) {
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
                    match fire::<C>(x, requests, event) {
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
            next = answer::<C>(x, request, slot);
        }
        if let Next::Finish = next {
            (slot, next) = finish::<C>(x, requests, slot);
        }
        if let Next::Call = next {
            next = send_call::<C>(x, requests, slot);
        }
        if C::RICH
            && let Next::Fork = next
        {
            next = fork(x, requests, slot);
        }
    }
}

/// What an event does, and to whom. Nothing, if it comes late: its request has gone.
#[inline(always)]
fn fire<C: Caps>(x: &mut Columns, requests: &mut [Request], event: Event) -> Option<(u32, Next)> {
    Some(match event {
        Event::Arrival { source } => arrives::<C>(x, requests, source),
        Event::Delivered(id) => (id.slot, delivered(x, current(requests, id)?)),
        Event::BurstDone(id) => (id.slot, burst_done(x, current(requests, id)?)),
        Event::Woken(id) => (id.slot, woken(x, current(requests, id)?, id.slot)),
        Event::TimedOut(id) => {
            current(requests, id)?;
            timed_out::<C>(x, requests, id)
        }
        other if C::RICH => fire_other(x, requests, other)?,
        other => unreachable!("a plain plan schedules no {other:?}"),
    })
}

/// What an event does that happens in rich plans only.
#[inline(never)]
fn fire_other(x: &mut Columns, requests: &mut [Request], event: Event) -> Option<(u32, Next)> {
    // Those that are about no request name the first slot, which stands for none.
    Some(match event {
        Event::User { source, user } => user_arrives(x, requests, source, user),
        Event::Timer(id) => alarm(x, requests, id)?,
        Event::Station { id, epoch } => (0, station(x, id, epoch)?),
        Event::Tick { scaler } => (0, control::look(x, requests, scaler)),
        Event::Life { instance, start } => (0, control::live(x, requests, instance, start)?),
        other => unreachable!("{other:?} is fired in every plan"),
    })
}

/// How a request goes on that has been granted what it waited for, or that has been struck.
#[inline(always)]
fn resume(request: &mut Request) -> Next {
    match request.phase {
        Phase::Running => Next::Run,
        Phase::Walking => Next::Walk,
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
    let (timers, stations, instances) = (&*x.stage.timers, &*x.stage.stations, &*x.instances);
    x.stage.calendar.purge_stale(|event| match event {
        Event::Arrival { .. } | Event::User { .. } | Event::Tick { .. } => true,
        Event::Delivered(id) | Event::BurstDone(id) | Event::Woken(id) | Event::TimedOut(id) => {
            requests[id.slot as usize].generation == id.generation
        }
        Event::Timer(id) => timers.whose(id).is_some(),
        Event::Station { id, epoch } => stations[id as usize].is_current(epoch),
        Event::Life { instance, start } => {
            control::is_current(&instances[instance as usize], start)
        }
    });
}

/// A timer has run down that its request has not called off: its step, or the gate that it waits
/// at, says how it goes on.
#[inline(never)]
fn alarm(x: &mut Columns, requests: &mut [Request], id: TimerId) -> Option<(u32, Next)> {
    let whose = x.stage.timers.whose(id)?;
    x.stage.timers.end(id);
    // Lines look up since when requests wait, so the column stays as it is until it has left.
    let mut request = *current(requests, whose)?;
    let leaving = Leaving { slot: whose.slot, is_granted: false, requests: &*requests };
    let next = if request.phase == Phase::Walking {
        gates::expire(x, &mut request, leaving)
    } else {
        let then = x.program[request.step as usize].alarm(&mut x.stage, &mut request, leaving);
        goes_on(&mut request, then)
    };
    x.stage.attention |= !x.stage.doomed.is_empty();
    requests[whose.slot as usize] = request;
    Some((whose.slot, next))
}

/// Bursts that share cores have ended: their requests may go on.
#[inline(never)]
fn station(x: &mut Columns, id: u32, epoch: u32) -> Option<Next> {
    let (now, of) = (x.now(), &mut x.stage.stations[id as usize]);
    if !of.is_current(epoch) {
        return None;
    }
    let alarm = of.fire(now, |slot| x.stage.runnable.push(slot));
    x.stage.rearm(x.plan.stations[id as usize], id, alarm);
    Some(Next::Park)
}

#[inline(always)]
fn delivered(x: &mut Columns, request: &mut Request) -> Next {
    hops::arrive(x, request);
    Next::Walk
}

#[inline(always)]
fn burst_done(x: &mut Columns, request: &mut Request) -> Next {
    request.parts.charge(Part::Cpu, x.now());
    if request.scratch == LAST_BURST {
        return Next::Answer;
    }
    request.step += 1;
    Next::Run
}

/// What a step has waited for has come: it says how the request goes on.
#[inline(always)]
fn woken(x: &mut Columns, request: &mut Request, slot: u32) -> Next {
    let then = x.program[request.step as usize].wake(&mut x.stage, request, slot);
    goes_on(request, then)
}

/// The caller of a request has waited long enough: it goes on without the answer, and the request
/// goes on without it, unless it is to be called off.
#[inline(never)]
fn timed_out<C: Caps>(x: &mut Columns, requests: &mut [Request], id: RequestId) -> (u32, Next) {
    let now = x.now();
    let request = &mut requests[id.slot as usize];
    request.clear(Flag::TIMED);
    if C::RICH && request.caller.slot == NONE {
        return impatient(x, requests, id);
    }
    let caller = std::mem::replace(&mut request.caller, Request::LEFT);
    if request.phase == Phase::Lost {
        request.parts.charge(Part::Abandoned, now);
        request.outcome = Outcome::LOST;
        finish::<C>(x, requests, id.slot);
    }
    if caller.slot == NONE {
        return (id.slot, Next::Park);
    }
    match current(requests, caller) {
        Some(waiting) => {
            waiting.parts.charge(Part::Abandoned, now);
            waiting.outcome = Outcome::TIMEOUT;
            if C::RICH
                && let Op::Call(op) = &x.program[waiting.step as usize]
                && op.cancels
            {
                x.stage.call_off(id);
            }
            (caller.slot, Next::Answer)
        }
        None => (id.slot, Next::Park),
    }
}

/// Goes on along the route by one hop; through a door and on.
#[inline(always)]
fn walk(x: &mut Columns, request: &mut Request, slot: u32) -> Next {
    let mut hop = x.hops[request.hop as usize];
    if let Hop::Door { service, back } = hop {
        hops::door(x, request, slot, service, back);
        hop = x.hops[request.hop as usize];
    }
    if let Hop::Enter { endpoint, first_step } = hop {
        return hops::enter(x, request, endpoint, first_step);
    }
    match hop {
        Hop::Cross { link } => hops::cross(x, request, slot, link),
        // A refused request never returns to a door or an entrance.
        Hop::Door { .. } | Hop::Enter { .. } => Next::Walk,
        Hop::Gate { gate, back } => gates::pass(x, request, slot, gate, back),
        Hop::In => hops::own_link_in(x, request, slot),
        Hop::Out => hops::own_link_out(x, request, slot),
        Hop::Home => Next::Finish,
    }
}

/// Goes on with the program by one step.
#[inline(always)]
fn run(x: &mut Columns, request: &mut Request, slot: u32) -> Next {
    let then = match &x.program[request.step as usize] {
        // Before the others: every second step computes.
        Op::Cpu(op) => op.begin(&mut x.stage, request, slot),
        op => op.begin(&mut x.stage, request, slot),
    };
    goes_on(request, then)
}

/// How a request goes on, as its step says.
#[inline(always)]
pub(crate) fn goes_on(request: &mut Request, then: Then) -> Next {
    match then {
        Then::Next => {
            request.step += 1;
            Next::Run
        }
        Then::Park => Next::Park,
        Then::Answer => Next::Answer,
        Then::Stay => Next::Run,
        Then::Call => Next::Call,
        Then::Fork => Next::Fork,
    }
}

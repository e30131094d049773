//! How a request ends: it answers, its message is lost, it is gone. What it held is given back, and
//! its caller goes on.

use super::advance::Next;
use super::columns::{Columns, current};
use super::hops::{drawn_endpoint, leave};
use crate::measure::RequestRow;
use crate::plan::Hop;
use crate::request::{Flag, NONE, Outcome, Part, Parts, Phase, Place, Request};
use crate::step::{Act, Op};
use crate::units::Time;

/// The program is over: what the request holds is free, and the response leaves.
#[inline(always)]
pub(crate) fn answer(x: &mut Columns, request: &mut Request, slot: u32) -> Next {
    let i = request.instance as usize;
    let_go(x, request);
    leave(x, request, slot);
    request.phase = Phase::Walking;
    request.hop = match x.plan.instances[i].onward {
        Some(onward) if request.outcome == Outcome::OK => onward,
        _ => request.hop + 1,
    };
    Next::Walk
}

/// Gives back what a request holds inside its instance, the newest first: its core, its memory, its
/// place.
#[inline(always)]
fn let_go(x: &mut Columns, request: &mut Request) {
    let now = x.now();
    let i = request.instance as usize;
    x.stage.free_core(request);
    if request.has(Flag::MEMORY) {
        request.clear(Flag::MEMORY);
        let held = held_memory(x, request);
        x.stage.memories[i].0.give(now, held, |next| x.stage.runnable.push(next));
    }
    x.places[i].0.give(now, 1, |next| x.stage.runnable.push(next));
}

/// The instance of a request has crashed: it is off the link to it, what it holds there is lost
/// with the instance, and it goes on by failing.
pub(crate) fn strike(x: &mut Columns, request: &mut Request, slot: u32) {
    let now = x.now();
    if request.phase == Phase::Walking && x.hops[request.hop as usize] == Hop::In {
        let link = x.plan.instances[request.instance as usize].link_in;
        if let Some(link) = link {
            x.links[link as usize].deliver(now);
        }
    }
    let part = running_part(x, request);
    request.parts.charge(part, now);
    request.phase = Phase::Struck;
    request.clear(Flag::CORE);
    request.clear(Flag::MEMORY);
    request.granted = false;
    x.stage.runnable.push(slot);
}

/// The part of its latency that a request is in.
fn running_part(x: &Columns, request: &Request) -> Part {
    match request.phase {
        Phase::Walking if request.granted => Part::Admission,
        Phase::Walking => Part::Network,
        _ => x.program[request.step as usize].part(request),
    }
}

/// What a request reserves where it is: the first step of the endpoint that it entered says so. In
/// a pipeline that is not the endpoint it was sent to.
#[inline(never)]
pub(crate) fn held_memory(x: &Columns, request: &Request) -> u64 {
    let Hop::Enter { endpoint } = x.hops[request.hop as usize] else { return 0 };
    let endpoint = if endpoint == NONE { drawn_endpoint(x, request) } else { endpoint };
    let endpoint = x.plan.endpoints[endpoint as usize];
    match &x.program[endpoint.first_step as usize] {
        Op::Memory(op) if endpoint.has_memory => op.need(request.key),
        _ => 0,
    }
}

/// A message is lost: whoever waits with a timeout will notice then, anybody else at once.
#[cold]
#[inline(never)]
pub(crate) fn lose(request: &mut Request) -> Next {
    if !request.has(Flag::TIMED) {
        request.outcome = Outcome::LOST;
        return Next::Finish;
    }
    request.phase = Phase::Lost;
    Next::Park
}

/// A request is gone: it is counted, its slot is free, and its caller may go on. Gives who goes on,
/// and how.
#[inline(always)]
pub(crate) fn finish(x: &mut Columns, requests: &mut [Request], slot: u32) -> (u32, Next) {
    let now = x.now();
    let request = &mut requests[slot as usize];
    let outcome = request.outcome;
    let latency = now - request.started;
    debug_assert_eq!(latency, request.parts.total(), "the parts of a latency add up to it");
    if request.started >= x.recorder.stretch_from {
        let meter = &mut x.recorder.meters[request.flow as usize];
        match outcome == Outcome::OK {
            true => meter.answer(latency, &request.parts),
            false => meter.fail(outcome),
        }
    } else {
        x.recorder.end_earlier(request.flow, request.started, outcome, latency, &request.parts);
    }
    if request.has(Flag::TIMED) {
        x.stage.calendar.note_stale();
        x.attention = true;
    }
    request.generation = request.generation.wrapping_add(1);
    x.free.push(slot);
    let traced = request.has(Flag::TRACED) && x.recorder.measures(request.started);
    let caller = request.caller;
    if traced {
        trace(x, requests, slot);
    }
    let request = &mut requests[slot as usize];
    request.instance = NONE;
    request.set_place(Place::Outside);
    if caller.slot == NONE {
        return (slot, Next::Park);
    }
    let spent = request.parts;
    match current(requests, caller) {
        Some(caller_) => (caller.slot, goes_on(caller_, &spent, now, outcome)),
        None => (slot, Next::Park),
    }
}

/// What the callee spent is the caller's; it goes on with its next step, or fails as its callee
/// did.
#[inline(never)]
fn goes_on(caller: &mut Request, spent: &Parts, now: Time, outcome: Outcome) -> Next {
    caller.parts.take_over(spent, now);
    if outcome != Outcome::OK {
        caller.outcome = outcome;
        return Next::Answer;
    }
    caller.step += 1;
    Next::Run
}

#[cold]
#[inline(never)]
fn trace(x: &mut Columns, requests: &mut [Request], slot: u32) {
    let Request { key, caller, flow, instance, started, parts, outcome, .. } =
        requests[slot as usize];
    // A caller that has crashed is gone, and its slot may be another's.
    let caller = if caller.slot == NONE {
        0
    } else {
        current(requests, caller).map_or(0, |caller| caller.key.0)
    };
    let finished = x.now();
    x.recorder.requests.push(RequestRow {
        request: key.0,
        caller,
        flow,
        instance,
        arrived: started,
        finished,
        spent: parts.spent,
        outcome,
    });
}

//! How a request ends: it answers, its message is lost, it is gone. What it held is given back, and
//! its caller goes on.

use super::advance::Next;
use super::columns::{Columns, current};
use super::hops::{drawn_endpoint, leave};
use crate::measure::RequestRow;
use crate::plan::Hop;
use crate::request::{NONE, Outcome, Parts, Phase, Place, Request};
use crate::server::{admission, memory};
use crate::step::Op;
use crate::units::Time;

/// The program is over: the core, the memory and the place are free, and the response leaves.
#[inline(always)]
pub(crate) fn answer(x: &mut Columns, request: &mut Request, slot: u32) -> Next {
    let now = x.now();
    let i = request.instance as usize;
    x.stage.free_core(request);
    if request.has_memory {
        request.has_memory = false;
        let held = held_memory(x, request);
        memory::release(&mut x.stage.memories[i], &mut x.stage.gauges[i], now, held, |next| {
            x.stage.runnable.push(next)
        });
    }
    if let Some(next) = admission::leave(&mut x.admissions[i], &mut x.stage.gauges[i], now) {
        x.stage.runnable.push(next);
    }
    leave(x, request, slot);
    request.phase = Phase::Walking;
    request.hop = match x.plan.instances[i].onward {
        Some(onward) if request.outcome == Outcome::OK => onward,
        _ => request.hop + 1,
    };
    Next::Walk
}

/// What a request reserves where it is: the first step of the endpoint that it entered says so. In
/// a pipeline that is not the endpoint it was sent to.
#[inline(never)]
fn held_memory(x: &Columns, request: &Request) -> u64 {
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
    if !request.timed {
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
    if request.timed {
        x.stage.calendar.note_stale();
        x.attention = true;
    }
    request.generation = request.generation.wrapping_add(1);
    x.free.push(slot);
    let (caller, traced) = (request.caller, request.traced && x.recorder.measures(request.started));
    if traced {
        trace(x, requests, slot);
    }
    let request = &mut requests[slot as usize];
    request.instance = NONE;
    request.place = Place::Outside;
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

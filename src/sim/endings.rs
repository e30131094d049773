//! How a request ends: it answers, its message is lost, it is gone. What it held is given back, and
//! its caller goes on.

use super::advance::{Caps, Next, Rich, goes_on};
use super::columns::{Columns, current};
use super::control;
use super::gates;
use super::hops::{self, drawn_endpoint, leave};
use super::promises;
use super::roots::root_ended;
use super::traces::trace;
use crate::kernel::RequestId;
use crate::plan::Hop;
use crate::request::{Fate, Flag, NONE, Outcome, Part, Parts, Phase, Place, Request};
use crate::server::Life;
use crate::step::{Act, Ended, Leaving, Left, Op, Then};
use crate::units::{Span, Time};

/// The program is over: what the request holds is free, and the response leaves.
#[inline(always)]
pub(crate) fn answer<C: Caps>(x: &mut Columns, request: &mut Request, slot: u32) -> Next {
    let i = request.instance as usize;
    let_go::<C>(x, request);
    if C::RICH && request.has(Flag::GUEST) {
        return Next::Finish;
    }
    let is_over = C::RICH && (request.has(Flag::GONE) || request.place() == Place::After);
    leave::<C>(x, request, slot);
    if C::RICH {
        if x.instances[i].life == Life::Draining {
            control::drained(x, i);
        }
        if is_over {
            return Next::Finish;
        }
    }
    depart::<C>(x, request)
}

/// The response leaves the instance.
#[inline(always)]
pub(crate) fn depart<C: Caps>(x: &Columns, request: &mut Request) -> Next {
    let i = request.instance as usize;
    request.phase = Phase::Walking;
    request.hop += 1;
    if C::RICH
        && request.outcome == Outcome::OK
        && let Some(onward) = x.plan.instances[i].onward
    {
        request.hop = onward;
    }
    match x.hops[request.hop as usize] {
        Hop::Home => Next::Finish,
        _ => Next::Walk,
    }
}

/// Gives back what a request holds inside its instance, the newest first: what its blocks stand
/// for, its core, its memory, its place.
#[inline(always)]
fn let_go<C: Caps>(x: &mut Columns, request: &mut Request) {
    let now = x.now();
    if request.frame != NONE {
        close_frames(x, request);
    }
    let i = request.instance as usize;
    x.stage.free_core(request);
    give_memory(x, request);
    if !C::RICH || !request.has(Flag::GUEST) {
        let goes_on = |next| x.stage.runnable.push(next);
        match C::RICH {
            true => x.stage.places[i].give(now, goes_on),
            false => x.stage.places[i].0.give(now, 1, goes_on),
        }
    }
}

/// Gives back the memory of a request's endpoint, if it holds it.
#[inline(always)]
pub(crate) fn give_memory(x: &mut Columns, request: &mut Request) {
    if request.has(Flag::MEMORY) {
        request.clear(Flag::MEMORY);
        let (now, held) = (x.now(), reserved(x, request));
        let memory = &mut x.stage.memories[request.instance as usize].0;
        memory.give(now, held, |next| x.stage.runnable.push(next));
    }
}

/// Closes the blocks that a request is in, the innermost first.
#[cold]
#[inline(never)]
fn close_frames(x: &mut Columns, request: &mut Request) {
    while request.frame != NONE {
        let frame = x.stage.frames.close(request);
        x.program[frame.step as usize].close(&mut x.stage, request, &frame);
    }
    x.stage.attention |= !x.stage.doomed.is_empty();
}

/// The instance of a request has crashed: it leaves the lines outside of it that it stands in.
pub(crate) fn leave_outside(x: &mut Columns, requests: &mut [Request], slot: u32) {
    let mut request = requests[slot as usize];
    let leaving = Leaving { slot, is_granted: x.stage.runnable.forget(slot), requests: &*requests };
    if request.phase == Phase::Running {
        x.program[request.step as usize].struck(&mut x.stage, &mut request, leaving);
    }
    requests[slot as usize] = request;
}

/// The instance of a request has crashed: it is off the link to it, what it holds there is lost
/// with the instance, and it goes on by failing.
/// `left` is the core time that its burst still needs, if it shares cores.
pub(crate) fn strike(x: &mut Columns, request: &mut Request, slot: u32, left: Option<Span>) {
    let now = x.now();
    let awaits_event = match request.phase {
        Phase::Walking if x.hops[request.hop as usize] == Hop::In => {
            hops::off_link(x, request);
            true
        }
        Phase::Walking if request.granted => {
            gates::struck(x, request);
            false
        }
        Phase::Running => x.program[request.step as usize].awaits_event(request),
        _ => false,
    };
    if awaits_event {
        x.stage.calendar.note_stale();
    }
    let part = part_of(x, request);
    if let Some(left) = left {
        let computed = Span(request.scratch.saturating_sub(left.0));
        request.parts.charge(Part::Cpu, now.min(request.parts.mark + computed));
        request.parts.charge(Part::Queue, now);
    }
    request.parts.charge(part, now);
    close_frames(x, request);
    request.phase = Phase::Struck;
    request.clear(Flag::CORE);
    request.clear(Flag::MEMORY);
    request.granted = false;
    x.stage.runnable.push(slot);
}

/// The part of its latency that a request is in: inside its instance, its step says so.
pub(super) fn part_of(x: &Columns, request: &Request) -> Part {
    match request.phase {
        Phase::Walking if request.granted => Part::Admission,
        Phase::Walking => Part::Network,
        Phase::Lost => Part::Abandoned,
        Phase::Running | Phase::Struck => x.program[request.step as usize].part(request),
    }
}

/// The bytes that a request inside an instance has reserved: the first step of the endpoint that it
/// entered says so. In a pipeline that is not the endpoint it was sent to.
#[inline(never)]
pub(crate) fn reserved(x: &Columns, request: &Request) -> u64 {
    let Hop::Enter { endpoint, first_step } = x.hops[request.hop as usize] else { return 0 };
    let first_step = match endpoint {
        NONE => x.plan.endpoints[drawn_endpoint(x, request) as usize].first_step,
        _ => first_step,
    };
    x.program[first_step as usize].reserves(request)
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
pub(crate) fn finish<C: Caps>(x: &mut Columns, requests: &mut [Request], slot: u32) -> (u32, Next) {
    let now = x.now();
    let request = &mut requests[slot as usize];
    let outcome = request.outcome;
    let latency = now - request.started;
    if C::RICH && !x.stage.further.is_empty() {
        count_further(x, request, slot);
    } else {
        debug_assert_eq!(latency, request.parts.total(), "the parts of a latency add up to it");
    }
    if request.started >= x.recorder.stretch_from {
        let meter = &mut x.recorder.meters[request.flow as usize];
        match outcome == Outcome::OK {
            true => meter.answer(latency, &request.parts),
            false => meter.fail(outcome),
        }
    } else {
        x.recorder.end_earlier(request.flow, request.started, outcome, latency, &request.parts);
    }
    if C::RICH && !x.plan.promised.is_empty() {
        promises::note(x, request, slot);
    }
    if request.has(Flag::TIMED) {
        x.stage.calendar.note_stale();
        x.stage.attention = true;
    }
    request.generation = request.generation.wrapping_add(1);
    x.free.push(slot);
    let traced = request.has(Flag::TRACED) && x.recorder.measures(request.started);
    let caller = request.caller;
    if traced {
        trace(x, requests, slot);
    }
    let request = &mut requests[slot as usize];
    request.set_place(Place::Outside);
    if caller.slot == NONE {
        if outcome != Outcome::OK || caller == Request::LEFT {
            let (flow, spent) = (request.flow, request.parts);
            waste(x, flow, slot, &spent);
        }
        if C::RICH && x.follows_roots {
            root_ended(x, request.flow, slot, caller.generation, latency, outcome == Outcome::OK);
        }
        return (slot, Next::Park);
    }
    let (flow, started, spent) = (request.flow, request.started, request.parts);
    if C::RICH {
        let ended = Ended { slot, outcome, started, parts: spent };
        return (caller.slot, answered(x, requests, caller, flow, &ended));
    }
    match current(requests, caller) {
        // One that its instance's crash has struck ends by that.
        Some(waiting) if waiting.phase == Phase::Running => {
            (caller.slot, called(waiting, &spent, now, outcome))
        }
        _ => {
            waste(x, flow, slot, &spent);
            (slot, Next::Park)
        }
    }
}

/// What the request in a slot has spent has served nothing.
#[cold]
#[inline(never)]
pub(super) fn waste(x: &mut Columns, flow: u32, slot: u32, spent: &Parts) {
    let further = x.stage.further.get(slot as usize).copied().unwrap_or_default();
    let now = x.now();
    x.recorder.waste(now, flow, spent, &further.0);
}

/// What the callee spent is the caller's; it goes on with its next step, or fails as its callee
/// did.
#[inline(never)]
fn called(caller: &mut Request, spent: &Parts, now: Time, outcome: Outcome) -> Next {
    caller.parts.take_over(spent, now);
    if outcome != Outcome::OK {
        caller.outcome = outcome;
        return Next::Answer;
    }
    caller.step += 1;
    Next::Run
}

/// Counts the further parts of a request's latency.
#[inline(never)]
fn count_further(x: &mut Columns, request: &Request, slot: u32) {
    let Request { outcome, flow, started, .. } = *request;
    let further = &x.stage.further[slot as usize];
    debug_assert_eq!(
        x.stage.calendar.now() - started,
        request.parts.total() + further.total(),
        "the parts of a latency add up to it"
    );
    if outcome == Outcome::OK {
        x.recorder.spend_further(flow, started, &further.0);
    }
}

/// A request that a step has made has ended: the step says how its request goes on, if that still
/// waits for it.
#[inline(never)]
fn answered(
    x: &mut Columns,
    requests: &mut [Request],
    id: RequestId,
    flow: u32,
    ended: &Ended,
) -> Next {
    let waiting = current(requests, id).filter(|waiting| waiting.phase == Phase::Running);
    let Some(caller) = waiting else {
        waste(x, flow, ended.slot, &ended.parts);
        return Next::Park;
    };
    let op = &x.program[caller.step as usize];
    if let Op::Call(_) = op {
        x.stage.take_over_further(id.slot, ended);
        return called(caller, &ended.parts, x.now(), ended.outcome);
    }
    let then = op.answered(&mut x.stage, caller, id.slot, ended);
    // Its step waits for others, and has not taken over what it spent.
    if then == Then::Park && ended.outcome != Outcome::OK {
        waste(x, flow, ended.slot, &ended.parts);
    }
    x.stage.attention |= !x.stage.doomed.is_empty();
    goes_on(caller, then)
}

/// Calls off those that are to be called off, and the requests that they have made: they are gone
/// at once, wherever they are, but for one that computes, which goes when its burst is over. Their
/// callers do not wait for them any longer.
#[cold]
#[inline(never)]
pub(crate) fn cancel(x: &mut Columns, requests: &mut [Request]) {
    while let Some((id, fate)) = x.stage.doomed.pop() {
        let slot = id.slot;
        let Some(request) = current(requests, id) else { continue };
        request.caller = Request::LEFT;
        if request.phase == Phase::Struck || fate == Fate::Left {
            continue;
        }
        request.outcome = x.plan.cancelled.expect("a plan that calls off has an outcome for it");
        // Lines look up since when requests wait, so the column stays as it is until it has left.
        let mut request = *request;
        let leaving =
            Leaving { slot, is_granted: x.stage.runnable.forget(slot), requests: &*requests };
        let part = part_of(x, &request);
        let left = match request.phase {
            Phase::Walking => {
                hops::abandon(x, &request, leaving);
                Left::Gone
            }
            // A guest that has not begun is nowhere yet.
            Phase::Running if leaving.is_granted && !request.granted => Left::Gone,
            Phase::Running => {
                x.program[request.step as usize].leave(&mut x.stage, &mut request, leaving)
            }
            _ => Left::Gone,
        };
        if left != Left::Gone {
            if left == Left::Computing {
                // The end of its burst leads to the last op, which is an answer.
                request.step = x.program.len() as u32 - 2;
            }
            request.set(Flag::GONE);
            requests[slot as usize] = request;
            continue;
        }
        request.granted = false;
        request.parts.charge(part, x.now());
        if request.is_inside() {
            let_go::<Rich>(x, &mut request);
        }
        if request.place() != Place::Outside && !request.has(Flag::GUEST) {
            leave::<Rich>(x, &mut request, slot);
            control::drained(x, request.instance as usize);
        }
        requests[slot as usize] = request;
        finish::<Rich>(x, requests, slot);
    }
}

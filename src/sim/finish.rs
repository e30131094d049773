//! How a request ends: it answers, its message is lost, it is gone. What it held is given back, and its caller goes on.

use super::advance::Next;
use super::columns::Columns;
use crate::kernel::RequestId;
use crate::measure::RequestRow;
use crate::request::{NONE, Outcome, Phase, Place};
use crate::server::{admission, cores, memory};
use crate::step::Op;

/// The program is over: the core, the memory and the place are free, and the response leaves.
#[inline(always)]
pub fn answer(x: &mut Columns, slot: u32, outcome: Outcome) -> Next {
    let now = x.now();
    let request = &mut x.requests[slot as usize];
    let i = request.instance as usize;
    let gauges = &mut x.gauges[i];
    if request.has_core
        && let Some(next) = cores::release(&mut x.queues[request.worker as usize], gauges, now)
    {
        x.pool.runnable.push(next);
    }
    if request.has_memory {
        let held = held_memory(x, slot);
        memory::release(&mut x.memories[i], &mut x.gauges[i], now, held, |next| x.pool.runnable.push(next));
    }
    if let Some(next) = admission::leave(&mut x.admissions[i], &mut x.gauges[i], now) {
        x.pool.runnable.push(next);
    }
    x.instances[i].outstanding -= 1;
    let request = &mut x.requests[slot as usize];
    request.has_core = false;
    request.has_memory = false;
    request.place = Place::Outside;
    request.outcome = outcome;
    request.phase = Phase::Walking;
    request.hop = match x.plan.instances[i].onward {
        Some(onward) if outcome == Outcome::OK => onward,
        _ => request.hop + 1,
    };
    Next::Walk
}

/// What the endpoint of a request reserves: its first step says so.
pub fn held_memory(x: &Columns, slot: u32) -> u64 {
    let request = &x.requests[slot as usize];
    let endpoint = x.plan.layout.flows[request.flow as usize].endpoint;
    let first = endpoint.map(|endpoint| x.plan.endpoints[endpoint as usize]).filter(|endpoint| endpoint.has_memory);
    match first.map(|endpoint| &x.plan.program[endpoint.first_step as usize]) {
        Some(Op::Memory(op)) => op.need(request.key),
        _ => 0,
    }
}

/// A message is lost: whoever waits with a timeout will notice then, anybody else at once.
#[cold]
#[inline(never)]
pub fn lose(x: &mut Columns, slot: u32) -> Next {
    let request = &mut x.requests[slot as usize];
    if !request.timed {
        return Next::Finish(Outcome::LOST);
    }
    request.phase = Phase::Lost;
    Next::Park
}

/// A request is gone: it is counted, its slot is free, and its caller may go on. Gives who goes on, and how.
#[inline(always)]
pub fn finish(x: &mut Columns, slot: u32, outcome: Outcome) -> (u32, Next) {
    let now = x.now();
    let request = &x.requests[slot as usize];
    let parts = &request.parts;
    let latency = now - request.started;
    debug_assert_eq!(latency, parts.total(), "the parts of a latency add up to it");
    let arrived_measured = x.recorder.measures(request.started);
    let tally = &mut x.recorder.tallies[request.flow as usize];
    match outcome == Outcome::OK {
        true => tally.answer(latency, parts, arrived_measured, x.measured),
        false => tally.fail(outcome, arrived_measured),
    }
    let (caller, timed) = (request.caller, request.timed);
    if request.traced && arrived_measured {
        trace(x, slot, outcome);
    }
    let resumed = if caller.slot == NONE { (slot, Next::Park) } else { caller_goes_on(x, slot, caller, outcome) };
    if timed {
        x.calendar.died();
        x.attention = true;
    }
    let request = &mut x.requests[slot as usize];
    request.generation = request.generation.wrapping_add(1);
    request.instance = NONE;
    request.place = Place::Outside;
    x.pool.free.push(slot);
    resumed
}

/// What the callee spent is the caller's; it goes on with its next step, or fails as its callee did.
#[inline(never)]
fn caller_goes_on(x: &mut Columns, slot: u32, caller: RequestId, outcome: Outcome) -> (u32, Next) {
    if !x.is_current(caller) {
        return (slot, Next::Park);
    }
    let now = x.now();
    let spent = x.requests[slot as usize].parts;
    x.requests[caller.slot as usize].parts.take_over(&spent, now);
    if outcome != Outcome::OK {
        return (caller.slot, Next::Answer(outcome));
    }
    let request = &mut x.requests[caller.slot as usize];
    request.step += 1;
    (caller.slot, Next::Run)
}

#[cold]
#[inline(never)]
fn trace(x: &mut Columns, slot: u32, outcome: Outcome) {
    let request = &x.requests[slot as usize];
    let caller = request.caller;
    // A caller that has crashed is gone, and its slot may be another's.
    let caller = if caller.slot == NONE || !x.is_current(caller) { 0 } else { x.requests[caller.slot as usize].key.0 };
    x.recorder.requests.push(RequestRow {
        request: request.key.0,
        caller,
        flow: request.flow,
        instance: request.instance,
        arrived: request.started,
        finished: x.calendar.now(),
        spent: request.parts.spent,
        outcome,
    });
}

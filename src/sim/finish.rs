//! How a request ends: it answers, its message is lost, it is gone. What it held is given back, and its caller goes on.

use super::columns::Columns;
use crate::kernel::RequestId;
use crate::measure::RequestRow;
use crate::request::{NONE, Outcome, Phase, Place};
use crate::server::{admission, cores, memory};
use crate::step::Op;

/// The program is over: the core, the memory and the place are free, and the response leaves.
#[inline(never)]
pub fn answer(x: &mut Columns, slot: u32, outcome: Outcome) {
    let (s, now) = (slot as usize, x.now());
    let i = x.journeys[s].instance as usize;
    if x.visits[s].has_core {
        x.visits[s].has_core = false;
        if let Some(next) = cores::release(&mut x.queues[x.journeys[s].worker as usize], &mut x.gauges[i], now) {
            x.pool.runnable.push_back(next);
        }
    }
    if x.visits[s].has_memory {
        x.visits[s].has_memory = false;
        let held = held_memory(x, slot);
        memory::release(&mut x.memories[i], &mut x.gauges[i], now, held, &mut x.pool.runnable);
    }
    if let Some(next) = admission::leave(&mut x.admissions[i], &mut x.gauges[i], now) {
        x.pool.runnable.push_back(next);
    }
    x.instances[i].outstanding -= 1;
    let visit = &mut x.visits[s];
    visit.place = Place::Outside;
    visit.outcome = outcome;
    visit.phase = Phase::Walking;
    visit.hop = match x.plan.instances[i].onward {
        Some(onward) if outcome == Outcome::OK => onward,
        _ => visit.hop + 1,
    };
}

/// What the endpoint of a request reserves: its first step says so.
pub fn held_memory(x: &Columns, slot: u32) -> u64 {
    let s = slot as usize;
    let endpoint = x.plan.layout.flows[x.visits[s].flow as usize].endpoint;
    let first = endpoint.map(|endpoint| x.plan.endpoints[endpoint as usize]).filter(|endpoint| endpoint.has_memory);
    match first.map(|endpoint| &x.plan.program[endpoint.first_step as usize]) {
        Some(Op::Memory(op)) => op.need(x.journeys[s].key),
        _ => 0,
    }
}

/// A message is lost: whoever waits with a timeout will notice then, anybody else at once.
#[cold]
#[inline(never)]
pub fn lose(x: &mut Columns, slot: u32) -> Option<u32> {
    if x.visits[slot as usize].timed {
        x.visits[slot as usize].phase = Phase::Lost;
        return None;
    }
    finish(x, slot, Outcome::LOST)
}

/// A request is gone: it is counted, its slot is free, and its caller may go on.
#[inline(never)]
pub fn finish(x: &mut Columns, slot: u32, outcome: Outcome) -> Option<u32> {
    let (s, now) = (slot as usize, x.now());
    let (journey, visit) = (x.journeys[s], x.visits[s]);
    let latency = now - journey.started;
    debug_assert_eq!(
        latency,
        x.parts[s].total() + if visit.phase == Phase::Lost { now - x.parts[s].mark } else { crate::units::Span::ZERO }
    );
    let arrived_measured = x.recorder.measures(journey.started);
    let tally = &mut x.recorder.tallies[visit.flow as usize];
    match outcome == Outcome::OK {
        true => tally.answer(latency, &x.parts[s], arrived_measured, x.measured),
        false => tally.fail(outcome, arrived_measured),
    }
    if visit.traced && arrived_measured {
        trace(x, slot, outcome);
    }
    let resumed = caller_goes_on(x, slot, visit.caller, outcome);
    if visit.timed {
        x.sweep |= x.calendar.died();
    }
    let journey = &mut x.journeys[s];
    journey.generation = journey.generation.wrapping_add(1);
    journey.instance = NONE;
    x.visits[s].place = Place::Outside;
    x.pool.free.push(slot);
    resumed
}

/// What the callee spent is the caller's; it goes on with its next step, or fails as its callee did.
#[inline(always)]
fn caller_goes_on(x: &mut Columns, slot: u32, caller: RequestId, outcome: Outcome) -> Option<u32> {
    if caller.slot == NONE || !x.is_current(caller) {
        return None;
    }
    let now = x.now();
    let spent = x.parts[slot as usize];
    x.parts[caller.slot as usize].take_over(&spent, now);
    match outcome == Outcome::OK {
        true => x.journeys[caller.slot as usize].step += 1,
        false => answer(x, caller.slot, outcome),
    }
    Some(caller.slot)
}

#[cold]
#[inline(never)]
fn trace(x: &mut Columns, slot: u32, outcome: Outcome) {
    let (journey, visit, parts) = (&x.journeys[slot as usize], &x.visits[slot as usize], &x.parts[slot as usize]);
    let caller = if visit.caller.slot == NONE { 0 } else { x.journeys[visit.caller.slot as usize].key.0 };
    x.recorder.requests.push(RequestRow {
        request: journey.key.0,
        caller,
        flow: visit.flow,
        instance: journey.instance,
        arrived: journey.started,
        finished: x.calendar.now(),
        spent: parts.spent,
        outcome,
    });
}

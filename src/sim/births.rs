//! How requests come to be: they arrive from a source, are called, or are made by a step.
//!
//! Law: a request takes the slot that was freed last; the drain sees to it that enough are free.
//! Checked: `state_tests.rs`, and by conservation (`audit.rs`).

use super::advance::{Caps, Next, Rich};
use super::columns::Columns;
use super::endings::{depart, give_memory};
use crate::kernel::{Event, RequestId};
use crate::plan::{SLOTS_AN_EVENT, SourcePlan};
use crate::random::keys::{Key, mix};
use crate::request::{Baggage, Birth, Flag, Further, NONE, Outcome, Phase, Place, Request};
use crate::step::Op;

#[inline(always)]
pub(super) fn arrives<C: Caps>(
    x: &mut Columns,
    requests: &mut [Request],
    source: u32,
) -> (u32, Next) {
    let plan = &x.plan.sources[source as usize];
    let state = &mut x.sources[source as usize];
    let key = state.key.ordinal(state.ordinal);
    state.ordinal += 1;
    if let Some(next) = state.next_arrival(&plan.process, x.plan.horizon) {
        x.stage.calendar.schedule_at(next, Event::Arrival { source });
    }
    if C::RICH && plan.is_special {
        return arrives_specially(x, requests, source, key);
    }
    let target = plan.target(key);
    let slot = begin::<C>(x, requests, key, Request::NOBODY, target.flow, target.hop);
    sample(x, &mut requests[slot as usize]);
    (slot, Next::Walk)
}

/// The same for a source of whose users more is said: they come back, leave, go where a file says,
/// or only some of them are let through.
#[inline(never)]
fn arrives_specially(
    x: &mut Columns,
    requests: &mut [Request],
    source: u32,
    key: Key,
) -> (u32, Next) {
    let (plan, state) = (&x.plan.sources[source as usize], &mut x.sources[source as usize]);
    let number = state.ordinal - 1;
    if plan.elasticity.as_ref().is_some_and(|of| state.remembered.deters(of, key)) {
        let is_measured = x.recorder.measures(x.stage.calendar.now());
        x.recorder.deterred[source as usize] += u64::from(is_measured);
        // No request stands in the first slot.
        return (0, Next::Park);
    }
    if let Some(tries) = plan.returning.as_ref().and_then(|returning| returning.requests(key)) {
        let user = state.turns.begin(number, tries);
        return user_arrives(x, requests, source, user);
    }
    let target = plan.target_of(number, key);
    let slot = begin::<Rich>(x, requests, key, Request::NOBODY, target.flow, target.hop);
    sets_out(x, slot, key, source);
    let request = &mut requests[slot as usize];
    sample(x, request);
    (slot, goes_in(x, request, slot, plan, source))
}

/// The next request of a user who comes back arrives.
pub(super) fn user_arrives(
    x: &mut Columns,
    requests: &mut [Request],
    source: u32,
    user: u32,
) -> (u32, Next) {
    let (plan, state) = (&x.plan.sources[source as usize], &mut x.sources[source as usize]);
    let Some(returning) = &plan.returning else { unreachable!("a user who comes back") };
    let key = returning.next_key(&state.turns, state.key, user);
    state.turns.sent(user);
    let (first, number) = returning.first(&state.turns, state.key, user, key);
    let target = plan.target_of(number, first);
    let caller = RequestId { generation: user, ..Request::NOBODY };
    let slot = begin::<Rich>(x, requests, key, caller, target.flow, target.hop);
    sets_out(x, slot, first, source);
    let request = &mut requests[slot as usize];
    sample(x, request);
    (slot, goes_in(x, request, slot, plan, source))
}

/// A request of a source carries what it is about, and whether a tool has sent it.
#[inline(always)]
fn sets_out(x: &mut Columns, slot: u32, root: Key, source: u32) {
    if x.stage.baggage.is_empty() {
        return;
    }
    let mut is_of_tool = false;
    if let Some(connections) = x.plan.sources[source as usize].connections {
        let taken = &mut x.sources[source as usize].taken;
        is_of_tool = *taken < connections;
        *taken += u64::from(is_of_tool);
        let is_measured = x.recorder.measures(x.stage.calendar.now());
        let seen = &mut x.recorder.tools[source as usize];
        seen.of += u64::from(is_measured);
        seen.chosen += u64::from(is_measured && is_of_tool);
    }
    carries(x, slot, Baggage { root, source, is_of_tool });
}

/// A request carries this, if it carries anything.
#[inline(always)]
fn carries(x: &mut Columns, slot: u32, baggage: Baggage) {
    if let Some(own) = x.stage.baggage.get_mut(slot as usize) {
        *own = baggage;
    }
}

/// A request carries what that in another slot carries, if anything.
#[inline(always)]
fn carries_on(x: &mut Columns, slot: u32, from: u32) {
    if let Some(baggage) = x.stage.baggage.get(from as usize).copied() {
        carries(x, slot, Baggage { is_of_tool: false, ..baggage });
    }
}

/// A request of a special source sets out, unless it is one too many; its user may give up.
#[inline(always)]
fn goes_in(
    x: &mut Columns,
    request: &mut Request,
    slot: u32,
    of: &SourcePlan,
    source: u32,
) -> Next {
    if let Some(outcome) = one_more(x, of, source) {
        request.outcome = outcome;
        return Next::Finish;
    }
    be_patient(x, request, slot, of);
    Next::Walk
}

/// One more request of a source is in flight; the outcome of one that is too many.
#[inline(always)]
fn one_more(x: &mut Columns, of: &SourcePlan, source: u32) -> Option<Outcome> {
    let (most, dropped) = of.most?;
    let in_flight = &mut x.sources[source as usize].in_flight;
    *in_flight += 1;
    (*in_flight > most).then_some(dropped)
}

/// The user of a request gives up after some time, if its workload says so.
#[inline(always)]
fn be_patient(x: &mut Columns, request: &mut Request, slot: u32, of: &SourcePlan) {
    if let Some(patience) = &of.patience {
        request.set(Flag::TIMED);
        x.stage.after(patience.span.span(request.key), Event::TimedOut, request, slot);
    }
}

/// Whether the request is of those written to `requests.parquet` depends on its key.
#[inline(always)]
fn sample(x: &Columns, request: &mut Request) {
    if x.is_traced {
        let share = (mix(request.key.0) >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0);
        if share < x.plan.trace_share {
            request.set(Flag::TRACED);
        }
    }
}

/// The slots that must be free before an event is fired.
#[inline(always)]
pub(super) fn spare<C: Caps>(x: &Columns) -> usize {
    if C::RICH { x.slots_an_event } else { SLOTS_AN_EVENT }
}

/// A new request, in a free slot. The drain sees to it that there is one.
#[inline(always)]
fn begin<C: Caps>(
    x: &mut Columns,
    requests: &mut [Request],
    key: Key,
    caller: RequestId,
    flow: u32,
    hop: u32,
) -> u32 {
    let now = x.now();
    let slot = x.free.pop().expect("the drain stops before the pool is empty");
    x.stage.attention |= x.free.len() < spare::<C>(x);
    x.recorder.meters[flow as usize].arrive();
    let request = &mut requests[slot as usize];
    *request = Request::begin(key, now, request.generation, caller, flow, hop);
    if C::RICH && !x.stage.further.is_empty() {
        x.stage.further[slot as usize] = Further::NONE;
    }
    slot
}

/// A call is a request of its own; it is resumed after those that may already go on.
#[inline(never)]
pub(super) fn send_call<C: Caps>(x: &mut Columns, requests: &mut [Request], caller: u32) -> Next {
    let Request { key, step, generation, .. } = requests[caller as usize];
    let is_traced = requests[caller as usize].has(Flag::TRACED);
    let Op::Call(op) = &x.program[step as usize] else { unreachable!("only a call calls") };
    let id = RequestId { slot: caller, generation };
    let slot = begin::<C>(x, requests, key.child(op.salt, 0), id, op.flow, op.hop);
    let request = &mut requests[slot as usize];
    if is_traced {
        request.set(Flag::TRACED);
    }
    if let Some(timeout) = op.timeout {
        request.set(Flag::TIMED);
        x.stage.after(timeout, Event::TimedOut, request, slot);
    }
    if C::RICH {
        carries_on(x, slot, caller);
        requests[caller as usize].scratch = requests[slot as usize].id(slot).pack();
    }
    x.stage.runnable.push(slot);
    Next::Park
}

/// Makes what the step of `parent` makes: what is done after its response, or guests; they are
/// resumed after those that may already go on.
#[inline(never)]
pub(super) fn fork(x: &mut Columns, requests: &mut [Request], parent: u32) -> Next {
    let of = requests[parent as usize];
    // Guests are made by other steps, of which one may have gone on to this one.
    if x.stage.births.is_empty() {
        return respond(x, requests, parent);
    }
    for index in 0..x.stage.births.len() {
        let Birth { key, flow, step, family } = x.stage.births[index];
        let caller = if family == NONE { Request::NOBODY } else { of.id(parent) };
        let slot = begin::<Rich>(x, requests, key, caller, flow, of.hop);
        carries_on(x, slot, parent);
        let request = &mut requests[slot as usize];
        (request.instance, request.worker, request.step) = (of.instance, of.worker, step);
        request.phase = Phase::Running;
        request.set_place(Place::Inside);
        request.set(Flag::GUEST);
        if of.has(Flag::TRACED) {
            request.set(Flag::TRACED);
        }
        if family != NONE {
            x.stage.families.add(family, request.id(slot));
        }
        x.stage.runnable.push(slot);
    }
    let waits = x.stage.births.iter().any(|birth| birth.family != NONE);
    x.stage.births.clear();
    if !waits {
        // It goes on at once, but not before the drain has seen to it that slots are free.
        x.stage.runnable.push_first(parent);
    }
    Next::Park
}

/// The response leaves. What is done after it is a request of its own, which has the core and the
/// place of the one that leaves.
#[inline(never)]
fn respond(x: &mut Columns, requests: &mut [Request], slot: u32) -> Next {
    let of = requests[slot as usize];
    let Op::Respond(op) = &x.program[of.step as usize] else { unreachable!("it responds") };
    let key = of.key.child(op.salt, 0);
    let (flow, hop) = (op.flow, of.hop);
    let rest = begin::<Rich>(x, requests, key, Request::NOBODY, flow, hop);
    carries_on(x, rest, slot);
    let request = &mut requests[rest as usize];
    (request.instance, request.worker, request.step) = (of.instance, of.worker, of.step + 1);
    request.phase = Phase::Running;
    request.set_place(Place::After);
    let kept = [Flag::CORE, Flag::TRACED];
    kept.into_iter().filter(|flag| of.has(*flag)).for_each(|flag| request.set(flag));
    x.stage.runnable.push(rest);
    let holder = &mut x.instances[of.instance as usize].holder;
    if *holder == slot {
        *holder = rest;
    }
    let request = &mut requests[slot as usize];
    request.clear(Flag::CORE);
    give_memory(x, request);
    request.set_place(Place::Outside);
    depart::<Rich>(x, request);
    x.stage.runnable.push_first(slot);
    Next::Park
}

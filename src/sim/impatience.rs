//! Users who leave before their requests are answered.
//!
//! Law: `workload/patience.rs`. What has begun of a request goes on, and is counted from there on
//! as a request of its own, in the same slot: it began with what it is doing, so that its parts add
//! up.
//! Checked: `tests/it/patience.rs`, and by conservation (`audit.rs`).

use super::advance::{Next, Rich};
use super::columns::Columns;
use super::endings::{finish, part_of, waste};
use super::promises;
use super::roots::root_ended;
use super::traces::row;
use crate::kernel::RequestId;
use crate::request::{Flag, Further, Outcome, Part, Parts, Phase, Request};

/// The user of a request has waited long enough, and leaves: to the user the request has failed
/// now.
#[inline(never)]
pub(crate) fn impatient(x: &mut Columns, requests: &mut [Request], id: RequestId) -> (u32, Next) {
    let now = x.now();
    let request = &mut requests[id.slot as usize];
    if request.phase == Phase::Lost {
        request.parts.charge(Part::Abandoned, now);
        request.outcome = Outcome::LOST;
        return finish::<Rich>(x, requests, id.slot);
    }
    let source = x.plan.layout.flows[request.flow as usize].workload;
    let patience = source.and_then(|source| x.plan.sources[source as usize].patience.as_ref());
    let Some(patience) = patience.filter(|_| request.phase != Phase::Struck) else {
        return (id.slot, Next::Park);
    };
    let (mut gone, spent) = (*request, request.parts);
    gone.parts.charge(part_of(x, request), now);
    gone.outcome = patience.outcome;
    request.clear(Flag::TRACED);
    request.caller = Request::LEFT;
    request.flow = patience.flow;
    request.started = request.parts.mark;
    request.parts = Parts::begin(request.started);
    let is_measured = x.recorder.measures(request.started);
    x.recorder.meters[patience.flow as usize].recount(1, is_measured);
    let (started, latency) = (gone.started, now - gone.started);
    // What it is doing is spent by what goes on.
    waste(x, gone.flow, id.slot, &spent);
    match started >= x.recorder.stretch_from {
        true => x.recorder.meters[gone.flow as usize].fail(gone.outcome),
        false => {
            x.recorder.end_earlier(gone.flow, started, gone.outcome, latency, &gone.parts);
        }
    }
    if !x.plan.promised.is_empty() {
        promises::note(x, &gone, id.slot);
    }
    if gone.has(Flag::TRACED) && x.recorder.measures(started) {
        let row = row(x, requests, &gone, id.slot);
        x.recorder.requests.push(row);
    }
    if let Some(further) = x.stage.further.get_mut(id.slot as usize) {
        *further = Further::NONE;
    }
    if patience.cancels {
        x.stage.call_off(id);
    }
    root_ended(x, gone.flow, id.slot, gone.caller.generation, latency, false);
    (id.slot, Next::Park)
}

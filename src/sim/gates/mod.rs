//! Gates on the way to an instance: what a request may have to wait for, or be refused by.
//!
//! Law: a route has a gate only where its plan needs one, so a request that has to pass none pays
//! for none. The order of the hops is the order of the gates. Time spent waiting at one is
//! `admission`. A gate is a file here, a line in [`plan::Gate`](crate::plan::Gate) and one in
//! [`ask`] and [`abandon`]. What a request has got from it is given back where it leaves: a place
//! in `endings.rs`, an instance in `hops.rs`. Checked: `tests/it/admission.rs`,
//! `tests/it/balance.rs`, and in every state by `state_tests.rs`.

mod admission;
mod central;

pub(super) use central::give_back;

use super::advance::Next;
use super::columns::Columns;
use super::hops::refuse;
use crate::kernel::{Event, TimerId};
use crate::plan::{Gate, Hop};
use crate::random::dists::Sampler;
use crate::request::{Part, Request};
use crate::resource::Answer;
use crate::step::Leaving;

/// At a gate: on to the next hop, into the gate's line, or to hop `back`.
#[inline(never)]
pub(super) fn pass(
    x: &mut Columns,
    request: &mut Request,
    slot: u32,
    gate: Gate,
    back: u32,
) -> Next {
    let now = x.now();
    let has_waited = std::mem::take(&mut request.granted);
    match has_waited {
        true => {
            request.parts.charge(Part::Admission, now);
            call_off(x, request, gate);
        }
        false => request.parts.mark = now,
    }
    match ask(x, request, slot, gate, has_waited) {
        Answer::Granted => {
            request.hop += 1;
            Next::Walk
        }
        Answer::Waits => {
            request.granted = true;
            if let Some(patience) = patience(x, request, gate) {
                let patience = patience.span(request.key);
                let timer = x.stage.timers.set(request.id(slot));
                request.scratch = timer.pack();
                x.stage.calendar.schedule_in(patience, Event::Timer(timer));
            }
            Next::Park
        }
        Answer::Refused => {
            refuse(x, request, slot, back);
            Next::Walk
        }
    }
}

/// How long a request waits at a gate.
fn patience<'p>(x: &Columns<'p>, request: &Request, gate: Gate) -> Option<&'p Sampler> {
    match gate {
        Gate::Admission => x.plan.instances[request.instance as usize].patience.as_ref(),
        Gate::Central { .. } => None,
    }
}

/// A request does not wait any longer: its timer is called off.
fn call_off(x: &mut Columns, request: &Request, gate: Gate) {
    if patience(x, request, gate).is_some() {
        x.stage.timers.end(TimerId::unpack(request.scratch));
        x.stage.calendar.note_stale();
    }
}

/// The instance of a request that waits at its door has crashed.
pub(super) fn struck(x: &mut Columns, request: &Request) {
    if let Hop::Gate { gate, .. } = x.hops[request.hop as usize] {
        call_off(x, request, gate);
    }
}

/// A request has waited too long: it leaves the line, and goes back.
pub(super) fn expire(x: &mut Columns, request: &mut Request, leaving: Leaving) -> Next {
    let Hop::Gate { gate, back } = x.hops[request.hop as usize] else { return Next::Park };
    ask_no_longer(x, request, gate, leaving);
    request.granted = false;
    request.parts.charge(Part::Admission, x.now());
    refuse(x, request, leaving.slot, back);
    request.outcome = x.plan.queue_timeout.unwrap_or(request.outcome);
    Next::Walk
}

/// The request asks to pass; or it goes on, having waited until it was let go.
fn ask(x: &mut Columns, request: &mut Request, slot: u32, gate: Gate, has_waited: bool) -> Answer {
    match gate {
        Gate::Admission => admission::ask(x, request, slot, has_waited),
        Gate::Central { service } => central::ask(x, request, slot, service, has_waited),
    }
}

/// A request is called off that waits at a gate, or has just been let go.
pub(super) fn abandon(x: &mut Columns, request: &Request, gate: Gate, leaving: Leaving) {
    call_off(x, request, gate);
    ask_no_longer(x, request, gate, leaving);
}

/// A request leaves the line, or gives back what it has just been granted.
fn ask_no_longer(x: &mut Columns, request: &Request, gate: Gate, leaving: Leaving) {
    match gate {
        Gate::Admission => admission::abandon(x, request, leaving),
        Gate::Central { service } => central::abandon(x, service, leaving),
    }
}

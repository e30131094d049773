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
use crate::plan::Gate;
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
        true => _ = request.parts.charge(Part::Admission, now),
        false => request.parts.mark = now,
    }
    match ask(x, request, slot, gate, has_waited) {
        Answer::Granted => {
            request.hop += 1;
            Next::Walk
        }
        Answer::Waits => {
            request.granted = true;
            Next::Park
        }
        Answer::Refused => {
            refuse(x, request, slot, back);
            Next::Walk
        }
    }
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
    match gate {
        Gate::Admission => admission::abandon(x, request, leaving),
        Gate::Central { service } => central::abandon(x, service, leaving),
    }
}

//! Admission: an instance takes in at most `max_in_flight` requests; others wait at its door, or
//! are refused.
//!
//! Law: `server/admission.rs`. Checked: `tests/it/admission.rs`.

use super::super::columns::Columns;
use crate::request::{Place, Request};
use crate::resource::Answer;
use crate::step::Leaving;

/// A place inside the instance: one that has waited has been handed that of one who left.
pub(super) fn ask(x: &mut Columns, request: &mut Request, slot: u32, has_waited: bool) -> Answer {
    let (now, i) = (x.now(), request.instance as usize);
    let answer = match has_waited {
        true => Answer::Granted,
        false => x.stage.places[i].0.take(now, slot, 1),
    };
    if answer == Answer::Granted {
        request.set_place(Place::Inside);
    }
    answer
}

/// The place that it has been handed is the next's; or it leaves the line.
pub(super) fn abandon(x: &mut Columns, request: &Request, leaving: Leaving) {
    let (now, i) = (x.now(), request.instance as usize);
    match leaving.is_granted {
        true => x.stage.places[i].0.give(now, 1, |next| x.stage.runnable.push(next)),
        false => leaving.line(&mut x.stage.places[i].0, now, &mut x.stage.runnable),
    }
}

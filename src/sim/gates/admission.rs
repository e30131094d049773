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
        false => {
            let class = class_of(x, i, slot);
            x.stage.places[i].take(now, slot, class)
        }
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
        true => x.stage.places[i].give(now, |next| x.stage.runnable.push(next)),
        false => {
            let class = class_of(x, i, leaving.slot);
            let goes_on = |next| x.stage.runnable.push(next);
            x.stage.places[i].leave(now, leaving.slot, class, |slot| leaving.asked(slot), goes_on);
        }
    }
}

/// The class of a request at an instance, if that looks at it.
fn class_of(x: &Columns, instance: usize, slot: u32) -> usize {
    match x.plan.instances[instance].classes {
        0 => 0,
        _ => x.plan.sources[x.stage.baggage[slot as usize].source as usize].class,
    }
}

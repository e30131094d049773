//! Admission: how many requests an instance holds at once, and how many wait at its door.
//!
//! Law: at most `max_in_flight` are inside; others wait first come, first served, at most
//! `queue.max` of them; one more is rejected. With `cpu` cores and `max_in_flight` equal to them
//! this is M/M/c/K (Kleinrock 1975, §3.8).

use super::Gauges;
use crate::units::Time;
use bevy_ecs::prelude::Component;
use std::collections::VecDeque;

/// How many more may come in, and who waits.
#[derive(Component)]
pub(crate) struct Admission {
    pub places: u32,
    pub waiting: VecDeque<u32>,
    pub queue_max: u32,
}

/// What the door says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Admitted,
    Waits,
    Rejected,
}

/// A request asks to come in.
#[inline(always)]
pub(crate) fn enter(
    admission: &mut Admission,
    gauges: &mut Gauges,
    now: Time,
    slot: u32,
) -> Answer {
    if admission.places > 0 {
        admission.places -= 1;
        gauges.in_flight.add(now, 1);
        return Answer::Admitted;
    }
    if admission.waiting.len() >= admission.queue_max as usize {
        return Answer::Rejected;
    }
    admission.waiting.push_back(slot);
    gauges.admission_queue.add(now, 1);
    Answer::Waits
}

/// A request leaves; the one that has waited longest takes its place, and may go on.
#[inline(always)]
pub(crate) fn leave(admission: &mut Admission, gauges: &mut Gauges, now: Time) -> Option<u32> {
    if let Some(next) = admission.waiting.pop_front() {
        gauges.admission_queue.subtract(now, 1);
        return Some(next);
    }
    admission.places += 1;
    gauges.in_flight.subtract(now, 1);
    None
}

//! Admission: how many requests an instance holds at once, and how many wait at its door.
//!
//! Law: at most `max_in_flight` are inside; others wait first come, first served, at most
//! `queue.max` of them; one more is rejected, and who has waited for `queue.timeout` leaves. With
//! `queue.order: priority` each class of workloads has its own line, and the first class in which
//! one waits is served next; what has been admitted is not interrupted.
//! With `cpu` cores and `max_in_flight` equal to them this is M/M/c/K (Kleinrock 1975, §3.8); with
//! two classes and one place, the queue of Cobham (1954).
//! Checked: `tests/it/admission.rs`, `tests/it/classes.rs`.

use super::InstancePlan;
use crate::resource::{Answer, Line, Permits};
use crate::units::Time;
use bevy_ecs::prelude::Component;

/// The places of an instance, who waits for one, and, if classes matter, by class.
#[derive(Component)]
pub(crate) struct Places(pub Permits<u32>, Box<[Line<u32>]>);

impl Places {
    pub(crate) fn new(of: &InstancePlan) -> Places {
        let lines = (0..of.classes).map(|_| Line::default()).collect();
        Places(Permits::new(of.max_in_flight, of.queue_max), lines)
    }
    /// Takes a place for a request of a class, or lets it wait, or refuses it.
    pub(crate) fn take(&mut self, now: Time, slot: u32, class: usize) -> Answer {
        let Places(places, lines) = self;
        let Some(line) = lines.get_mut(class) else { return places.take(now, slot, 1) };
        let waiting = places.waiting.value;
        match () {
            () if places.free() > 0 && waiting == 0 => {
                places.held.add(now, 1);
                Answer::Granted
            }
            () if waiting >= u64::from(places.waiting_max) => Answer::Refused,
            () => {
                line.push(slot);
                places.waiting.add(now, 1);
                Answer::Waits
            }
        }
    }
    /// Gives a place back; who gets it may go on.
    pub(crate) fn give(&mut self, now: Time, mut goes_on: impl FnMut(u32)) {
        let Places(places, lines) = self;
        if lines.is_empty() {
            return places.give(now, 1, goes_on);
        }
        match lines.iter_mut().find_map(Line::pop) {
            Some(next) => {
                places.waiting.subtract(now, 1);
                goes_on(next);
            }
            None => places.held.subtract(now, 1),
        }
    }
    /// One of a class who waits gives up; `asked` tells when the request in a slot began to wait.
    pub(crate) fn leave(
        &mut self,
        now: Time,
        slot: u32,
        class: usize,
        asked: impl Fn(u32) -> Time,
        goes_on: impl FnMut(u32),
    ) {
        let Places(places, lines) = self;
        let Some(line) = lines.get_mut(class) else {
            return places.leave(now, slot, asked, goes_on);
        };
        places.waiting.subtract(now, 1);
        line.leave(slot, asked);
    }
    /// No place is held, and no request waits.
    pub(crate) fn renew(&mut self, now: Time) {
        self.0.renew(now);
        self.1.iter_mut().for_each(|line| *line = Line::default());
    }
    /// Whether no request waits while a place is free, and all are counted.
    pub(crate) fn is_work_conserving(&self) -> bool {
        let Places(places, lines) = self;
        let waiting: u64 = lines.iter().map(|line| line.len() as u64).sum();
        match lines.is_empty() {
            true => places.is_work_conserving(),
            false => places.waiting.value == waiting && (waiting == 0 || places.free() == 0),
        }
    }
}

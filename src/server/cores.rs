//! The run queue of a worker: an event loop (one core), or the cores of a machine with one queue.
//!
//! Law: first come, first served, without pre-emption; no core idles while a burst of its queue is
//! ready (work conservation). A request keeps its core through consecutive bursts and gives it back
//! when it begins to wait. An event loop with one kind of burst is an M/G/1 queue, c cores with one
//! queue are M/G/c (Kleinrock 1975, §5.6 and §3.5).
//! Checked: `tests/it/theory.rs` (M/M/1, M/M/4, M/G/1, event loop), unit test below.

use super::Gauges;
use crate::resource::Line;
use crate::units::{Span, Time};
use bevy_ecs::prelude::Component;

/// One worker's free cores, and the requests that are ready to compute.
#[derive(Component)]
pub(crate) struct RunQueue {
    pub free: u32,
    pub ready: Line<u32>,
    /// Nanoseconds a nanosecond of demand takes, unless that is one: 1/speed times the active
    /// `slow` faults.
    stretch: Option<f64>,
}

impl RunQueue {
    pub(crate) fn new(cores: u32, stretch: f64) -> RunQueue {
        let mut queue = RunQueue { free: cores, ready: Line::default(), stretch: None };
        queue.set_stretch(stretch);
        queue
    }
    /// From now on a nanosecond of demand takes so many.
    pub(crate) fn set_stretch(&mut self, stretch: f64) {
        self.stretch = (stretch != 1.0).then_some(stretch);
    }
    /// Every core is free, and no request waits.
    pub(crate) fn renew(&mut self, cores: u32) {
        (self.free, self.ready) = (cores, Line::default());
    }
    /// How long a burst takes that takes `factor` times as long as usual.
    #[inline(always)]
    pub(crate) fn stretched(&self, demand: Span, factor: f64) -> Span {
        match self.stretch {
            None if factor == 1.0 => demand,
            stretch => Span((demand.0 as f64 * (factor * stretch.unwrap_or(1.0))).round() as u64),
        }
    }
}

/// Takes a core for a request, or lets it queue for one.
#[inline(always)]
pub(crate) fn take(queue: &mut RunQueue, gauges: &mut Gauges, now: Time, slot: u32) -> bool {
    if queue.free == 0 {
        queue.ready.push(slot);
        gauges.ready.add(now, 1);
        return false;
    }
    queue.free -= 1;
    gauges.busy.add(now, 1);
    true
}

/// Gives a core to the request that has been ready longest, which may go on, or back.
#[inline(always)]
pub(crate) fn release(queue: &mut RunQueue, gauges: &mut Gauges, now: Time) -> Option<u32> {
    if let Some(next) = queue.ready.pop() {
        gauges.ready.subtract(now, 1);
        return Some(next);
    }
    queue.free += 1;
    gauges.busy.subtract(now, 1);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_handed_over_in_the_order_of_readiness() {
        let (mut queue, mut gauges) = (RunQueue::new(1, 1.0), Gauges::default());
        assert!(take(&mut queue, &mut gauges, Time(0), 7));
        assert!(!take(&mut queue, &mut gauges, Time(1), 8));
        assert!(!take(&mut queue, &mut gauges, Time(2), 9));
        assert_eq!((gauges.busy.value, gauges.ready.value), (1, 2));
        assert_eq!(release(&mut queue, &mut gauges, Time(3)), Some(8));
        assert_eq!(release(&mut queue, &mut gauges, Time(4)), Some(9));
        assert_eq!((gauges.busy.value, queue.free), (1, 0));
        assert_eq!(release(&mut queue, &mut gauges, Time(5)), None);
        assert_eq!((gauges.busy.value, queue.free), (0, 1));
    }
}

//! Central queue: requests wait at the balancer, not at the instances. An instance has one request
//! at a time, however many cores it has; the request that has waited longest gets the instance that
//! has been free longest.
//!
//! Law: the queue is work-conserving: no request waits while an instance is free. With instances of
//! equal speed and exponential service times this is M/M/c, which outperforms c separate queues
//! (Kleinrock 1975, §3.5; `mm3_published` in `tests/it/theory.rs`). An instance that restarts is
//! free at once; requests it had before do not free it again (`sim/gates/central.rs`).

use super::{Balancer, Candidate};
use crate::measure::Gauge;
use crate::random::keys::Draw;
use crate::resource::Line;
use crate::units::Time;
use std::collections::VecDeque;

/// The free instances and the waiting requests.
#[derive(Default)]
pub(crate) struct CentralQueue {
    /// Instances that are up and have no request, longest free first.
    pub free: VecDeque<u32>,
    /// Slots of the waiting requests, in order of arrival.
    pub waiting: Line<u32>,
    /// The number of requests that have been released but have not yet taken their instance; as
    /// many free instances are reserved for them.
    pub let_go: usize,
    /// The number of waiting requests.
    pub length: Gauge,
}

impl CentralQueue {
    pub(crate) fn new(instances: impl Iterator<Item = u32>) -> CentralQueue {
        CentralQueue { free: instances.collect(), ..CentralQueue::default() }
    }
    /// Returns an instance for a request, or queues the request if none is free. A request that has
    /// waited was released because an instance is free, so it always gets one.
    pub(crate) fn take(&mut self, now: Time, slot: u32, has_waited: bool) -> Option<u32> {
        self.let_go -= usize::from(has_waited);
        if has_waited || self.free.len() > self.let_go {
            return self.free.pop_front();
        }
        self.waiting.push(slot);
        self.length.add(now, 1);
        None
    }
    /// Marks an instance as free; returns the request that may now take it.
    pub(crate) fn give_back(&mut self, now: Time, instance: u32) -> Option<u32> {
        self.free.push_back(instance);
        self.let_go(now)
    }
    /// Releases the request that has waited longest, if an instance is free for it.
    pub(crate) fn let_go(&mut self, now: Time) -> Option<u32> {
        if self.free.len() == self.let_go {
            return None;
        }
        let next = self.waiting.pop()?;
        self.let_go += 1;
        self.length.subtract(now, 1);
        Some(next)
    }
    /// Removes and returns all waiting requests, because no instance is up.
    pub(crate) fn send_away(&mut self, now: Time) -> Line<u32> {
        self.length.set(now, 0);
        std::mem::take(&mut self.waiting)
    }
    /// Removes a request that gives up; `asked` returns when the request in a slot began to wait.
    pub(crate) fn leave(&mut self, now: Time, slot: u32, asked: impl Fn(u32) -> Time) {
        self.length.subtract(now, 1);
        self.waiting.leave(slot, asked);
    }
    /// Returns whether no request waits while an instance is free.
    pub(crate) fn is_work_conserving(&self) -> bool {
        self.waiting.is_empty() || self.free.len() == self.let_go
    }
}

#[inline(always)]
pub(super) fn choose<C: Candidate>(_: &mut Balancer, _: &[C], _: impl FnOnce() -> Draw) -> u32 {
    unreachable!("requests may have to wait in a central queue, so they call `CentralQueue::take`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_waiting_request_gets_the_longest_free_instance() {
        // By hand: two instances, five requests.
        let mut queue = CentralQueue::new(0..2);
        let s = Time;
        assert_eq!([queue.take(s(0), 10, false), queue.take(s(0), 11, false)], [Some(0), Some(1)]);
        assert_eq!([queue.take(s(1), 12, false), queue.take(s(1), 13, false)], [None, None]);
        assert_eq!(queue.length.value, 2);
        // Instance 1 is free first; a request that arrives at the same time does not overtake.
        assert_eq!(queue.give_back(s(2), 1), Some(12));
        assert_eq!(queue.take(s(2), 14, false), None);
        assert_eq!(queue.take(s(2), 12, true), Some(1));
        assert_eq!([queue.give_back(s(3), 0), queue.give_back(s(3), 1)], [Some(13), Some(14)]);
        assert_eq!([queue.take(s(3), 13, true), queue.take(s(3), 14, true)], [Some(0), Some(1)]);
        assert_eq!([queue.give_back(s(4), 1), queue.give_back(s(5), 0)], [None, None]);
        assert_eq!((queue.take(s(6), 15, false), queue.length.value), (Some(1), 0));
    }
}

//! Central queue: requests wait at the balancer, not at the instances. An instance has one request
//! at a time, however many cores it has; the request that has waited longest gets the instance that
//! has been free longest.
//!
//! Law: nobody waits while an instance is free, and no instance waits while somebody does. With
//! instances of equal speed and exponential demands this is M/M/c, of c queues the best (Kleinrock
//! 1975, §3.5; `mm3_published` in `tests/it/theory.rs`). An instance that comes back is free at
//! once; what it still had from before gives nothing back (`sim/central.rs`).

use super::{Balancer, Candidate};
use crate::measure::Gauge;
use crate::random::keys::Draw;
use crate::units::Time;
use std::collections::VecDeque;

/// Who is free, and who waits.
#[derive(Default)]
pub struct CentralQueue {
    /// Instances that are up and have no request, the one that has been free longest first.
    pub free: VecDeque<u32>,
    /// Slots of the requests that wait, in the order of asking.
    pub waiting: VecDeque<u32>,
    /// Requests that have been let go and have not yet taken their instance: as many of the free
    /// ones are theirs.
    pub let_go: usize,
    /// How many wait.
    pub length: Gauge,
}

impl CentralQueue {
    pub fn new(instances: impl Iterator<Item = u32>) -> CentralQueue {
        CentralQueue { free: instances.collect(), ..CentralQueue::default() }
    }
    /// An instance for a request; it waits, if there is none. Who has waited has been let go
    /// because there is one.
    pub fn take(&mut self, now: Time, slot: u32, has_waited: bool) -> Option<u32> {
        self.let_go -= usize::from(has_waited);
        if has_waited || self.free.len() > self.let_go {
            return self.free.pop_front();
        }
        self.waiting.push_back(slot);
        self.length.add(now, 1);
        None
    }
    /// An instance is free again; gives who may go on.
    pub fn give_back(&mut self, now: Time, instance: u32) -> Option<u32> {
        self.free.push_back(instance);
        self.let_go(now)
    }
    /// The request that has waited longest, if an instance is free for it.
    pub fn let_go(&mut self, now: Time) -> Option<u32> {
        if self.free.len() == self.let_go {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.let_go += 1;
        self.length.subtract(now, 1);
        Some(next)
    }
    /// Everybody who waits, to be told that nobody is up.
    pub fn send_away(&mut self, now: Time) -> VecDeque<u32> {
        self.length.set(now, 0);
        std::mem::take(&mut self.waiting)
    }
    /// Whether the law holds at this moment.
    pub fn is_work_conserving(&self) -> bool {
        self.waiting.is_empty() || self.free.len() == self.let_go
    }
}

#[inline(always)]
pub(super) fn choose<C: Candidate>(_: &mut Balancer, _: &[C], _: impl FnOnce() -> Draw) -> u32 {
    unreachable!("who asks a central queue may have to wait, and asks `CentralQueue::take`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_waited_longest_gets_the_instance_that_has_been_free_longest() {
        // By hand: two instances, five requests.
        let mut queue = CentralQueue::new(0..2);
        let s = Time;
        assert_eq!([queue.take(s(0), 10, false), queue.take(s(0), 11, false)], [Some(0), Some(1)]);
        assert_eq!([queue.take(s(1), 12, false), queue.take(s(1), 13, false)], [None, None]);
        assert_eq!(queue.length.value, 2);
        // Instance 1 is free first; a newcomer of the same moment does not overtake.
        assert_eq!(queue.give_back(s(2), 1), Some(12));
        assert_eq!(queue.take(s(2), 14, false), None);
        assert_eq!(queue.take(s(2), 12, true), Some(1));
        assert_eq!([queue.give_back(s(3), 0), queue.give_back(s(3), 1)], [Some(13), Some(14)]);
        assert_eq!([queue.take(s(3), 13, true), queue.take(s(3), 14, true)], [Some(0), Some(1)]);
        assert_eq!([queue.give_back(s(4), 1), queue.give_back(s(5), 0)], [None, None]);
        assert_eq!((queue.take(s(6), 15, false), queue.length.value), (Some(1), 0));
    }
}

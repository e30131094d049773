//! The memory of an instance.
//!
//! Law: a request reserves all its endpoint needs before its first burst, and gives it back when
//! its response leaves. First come, first served: nobody overtakes a request that waits for more
//! than is free. Never over capacity: a drawn need above it counts as all of it. With equal needs
//! this is a semaphore of permits held over the whole request (`permits4_eventloop` in
//! `tests/it/theory.rs`).

use super::Gauges;
use crate::units::Time;
use bevy_ecs::prelude::Component;
use std::collections::VecDeque;

/// Free bytes, and the requests that wait for some.
#[derive(Component)]
pub(crate) struct Memory {
    pub capacity: u64,
    pub free: u64,
    /// Slot and bytes needed, in the order of asking.
    pub waiting: VecDeque<(u32, u64)>,
}

impl Memory {
    pub(crate) fn new(capacity: u64) -> Memory {
        Memory { capacity, free: capacity, waiting: VecDeque::new() }
    }
}

/// Reserves memory for a request, or lets it wait.
#[inline(always)]
pub(crate) fn reserve(
    memory: &mut Memory,
    gauges: &mut Gauges,
    now: Time,
    slot: u32,
    need: u64,
) -> bool {
    let need = need.min(memory.capacity);
    if memory.free < need || !memory.waiting.is_empty() {
        memory.waiting.push_back((slot, need));
        gauges.memory_queue.add(now, 1);
        return false;
    }
    memory.free -= need;
    gauges.memory_used.add(now, need);
    true
}

/// Gives memory back; those who now have theirs may go on.
#[inline(always)]
pub(crate) fn release(
    memory: &mut Memory,
    gauges: &mut Gauges,
    now: Time,
    held: u64,
    mut goes_on: impl FnMut(u32),
) {
    let held = held.min(memory.capacity);
    memory.free += held;
    gauges.memory_used.subtract(now, held);
    while let Some(&(slot, need)) = memory.waiting.front() {
        if memory.free < need {
            return;
        }
        memory.waiting.pop_front();
        memory.free -= need;
        gauges.memory_queue.subtract(now, 1);
        gauges.memory_used.add(now, need);
        goes_on(slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_granted_in_order_and_nobody_overtakes() {
        let (mut memory, mut gauges) = (Memory::new(100), Gauges::default());
        let mut granted = Vec::new();
        assert!(reserve(&mut memory, &mut gauges, Time(0), 1, 80));
        assert!(!reserve(&mut memory, &mut gauges, Time(1), 2, 60));
        // 20 are free and would do for this one, but request 2 came first.
        assert!(!reserve(&mut memory, &mut gauges, Time(2), 3, 10));
        release(&mut memory, &mut gauges, Time(3), 80, |slot| granted.push(slot));
        assert_eq!(granted, [2, 3]);
        assert_eq!((memory.free, gauges.memory_used.value), (30, 70));
    }
}

//! The catalogue of events: everything that can be scheduled in the calendar.
//!
//! With `sim/advance.rs`, which gives each its handler, this is the table of contents of what can
//! happen. An event is one word: 4 bits of kind, 28 of slot, 32 of generation.

use super::timers::TimerId;

/// A request entity: its slot in the pool, and its generation among the requests that have used the
/// slot. An event for a request that has left is recognised by its generation, and ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId {
    pub slot: u32,
    pub generation: u32,
}

impl RequestId {
    /// As one word, for the scratch of a step.
    pub(crate) fn pack(self) -> u64 {
        u64::from(self.slot) << 32 | u64::from(self.generation)
    }
    pub(crate) fn unpack(word: u64) -> RequestId {
        RequestId { slot: (word >> 32) as u32, generation: word as u32 }
    }
}

/// The maximum number of slots that an event can address.
pub const SLOTS_MAX: u32 = 1 << 28;

/// What happens at a scheduled time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A source's next request arrives.
    Arrival { source: u32 },
    /// The message of a request has crossed a link.
    Delivered(RequestId),
    /// A request's CPU burst is done.
    BurstDone(RequestId),
    /// The time has come for which a request's step is waiting.
    Woken(RequestId),
    /// The caller's timeout for this request has expired.
    TimedOut(RequestId),
    /// The next request of a source's user arrives, who comes back.
    User { source: u32, user: u32 },
    /// A timer has run down.
    Timer(TimerId),
    /// The next burst of a station ends, unless another event has been written down since.
    Station { id: u32, epoch: u32 },
    /// An autoscaler looks at its service.
    Tick { scaler: u32 },
    /// An instance has booted, or its grace is over, unless it has gone since.
    Life { instance: u32, start: u32 },
}

impl Event {
    #[inline(always)]
    pub fn pack(self) -> u64 {
        let (kind, slot, generation) = match self {
            Event::Arrival { source } => (0, source, 0),
            Event::Delivered(id) => (1, id.slot, id.generation),
            Event::BurstDone(id) => (2, id.slot, id.generation),
            Event::Woken(id) => (3, id.slot, id.generation),
            Event::TimedOut(id) => (4, id.slot, id.generation),
            Event::User { source, user } => (5, source, user),
            Event::Timer(id) => (6, id.row, id.generation),
            Event::Station { id, epoch } => (7, id, epoch),
            Event::Tick { scaler } => (8, scaler, 0),
            Event::Life { instance, start } => (9, instance, start),
        };
        (kind << 60) | (u64::from(slot) << 32) | u64::from(generation)
    }
    #[inline(always)]
    pub fn unpack(word: u64) -> Event {
        let slot = (word >> 32) as u32 & (SLOTS_MAX - 1);
        let id = RequestId { slot, generation: word as u32 };
        match word >> 60 {
            0 => Event::Arrival { source: slot },
            1 => Event::Delivered(id),
            2 => Event::BurstDone(id),
            3 => Event::Woken(id),
            4 => Event::TimedOut(id),
            5 => Event::User { source: slot, user: id.generation },
            6 => Event::Timer(TimerId { row: slot, generation: id.generation }),
            7 => Event::Station { id: slot, epoch: id.generation },
            8 => Event::Tick { scaler: slot },
            _ => Event::Life { instance: slot, start: id.generation },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_event_unpacks_to_itself() {
        let id = RequestId { slot: SLOTS_MAX - 1, generation: u32::MAX };
        for event in [
            Event::Arrival { source: 7 },
            Event::Delivered(id),
            Event::BurstDone(id),
            Event::Woken(id),
            Event::TimedOut(id),
            Event::User { source: 7, user: 9 },
            Event::Timer(TimerId { row: 0, generation: 9 }),
            Event::Station { id: 3, epoch: u32::MAX },
            Event::Tick { scaler: 1 },
            Event::Life { instance: 5, start: 2 },
        ] {
            assert_eq!(Event::unpack(event.pack()), event);
        }
    }
}

//! A request: one activation of one endpoint. Its components, and the pool its entities come from.
//!
//! A call to another service is a new request whose caller is the waiting one. Request entities are
//! pooled: one archetype, spawned in batches, reused by index, never despawned, never given or
//! stripped of a component. Every slot has a generation, so that a late event for a past request is
//! recognised.

mod baggage;
mod birth;
mod families;
mod frames;
mod parts;

pub(crate) use baggage::Baggage;
pub(crate) use birth::Birth;
pub(crate) use families::Families;
pub(crate) use frames::{Frame, Frames};
pub(crate) use parts::{FURTHER, FURTHER_PARTS_MAX, Further, FurtherPart, PARTS, Part, Parts};

use crate::kernel::RequestId;
use crate::random::keys::Key;
use crate::units::Time;
use bevy_ecs::prelude::{Component, Resource};

/// No request, no instance.
pub(crate) const NONE: u32 = u32::MAX;

/// What a request does next when it is resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Goes on along its route at `hop`.
    Walking,
    /// Runs its program at `step`.
    Running,
    /// Its instance has crashed under it.
    Struck,
    /// Its message is lost; the slot waits for the caller's timeout.
    Lost,
}

/// Where a request stands with regard to its instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Place {
    /// Not yet sent to an instance, or gone from it.
    Outside,
    /// The balancer has chosen the instance; the message is on its way, or waits to be admitted.
    Chosen,
    /// Inside, from admission to the response's leaving.
    Inside,
    /// Still inside: it does what is to be done after the response.
    After,
}

/// How a request ended: an index into [`Plan::outcomes`](crate::plan::Plan). 0 is `ok`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome(pub u8);

impl Outcome {
    pub(crate) const OK: Outcome = Outcome(0);
    pub(crate) const LOST: Outcome = Outcome(1);
    pub(crate) const TIMEOUT: Outcome = Outcome(2);
    pub(crate) const CRASHED: Outcome = Outcome(3);
    pub(crate) const REJECTED: Outcome = Outcome(4);
    /// The names of the outcomes before those of errors, of which there is one for each status in
    /// the scenario.
    pub(crate) const NAMES: [&'static str; 5] = ["ok", "lost", "timeout", "crashed", "rejected"];
}

/// A request: where it stands, and where its time went. Two cache lines.
#[derive(Component, Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Request {
    /// Everything that happens to the request draws under this key.
    pub key: Key,
    /// When it was meant to arrive.
    pub started: Time,
    /// The request that waits for this one.
    pub caller: RequestId,
    /// A word of the step that it is at: of a burst that waits for its core, the demand, drawn
    /// ahead, ns; of one that runs, whether it is the last; of a call, the request that it has
    /// sent.
    pub scratch: u64,
    /// Which (origin, endpoint) pair it is counted under.
    pub flow: u32,
    /// Where it is on its route.
    pub hop: u32,
    /// The step it is at, in the plan's program.
    pub step: u32,
    /// The instance that serves it, once chosen.
    pub instance: u32,
    /// The worker (event loop, or set of cores) of that instance.
    pub worker: u32,
    /// Which of the requests that have used the slot it is.
    pub generation: u32,
    /// Where its time went.
    pub parts: Parts,
    pub phase: Phase,
    pub outcome: Outcome,
    /// Stands in a queue (for a core, for memory, for admission): when resumed, it has been granted
    /// what it waited for.
    pub granted: bool,
    flags: u8,
    /// The innermost block that it is in: a row of the frames, or [`NONE`].
    pub frame: u32,
}

/// What is true of a request or not; it may be several at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flag(u8);

impl Flag {
    /// Holds a core of its worker.
    pub(crate) const CORE: Flag = Flag(1);
    /// Holds its endpoint's memory.
    pub(crate) const MEMORY: Flag = Flag(2);
    /// Its caller gives up at some time.
    pub(crate) const TIMED: Flag = Flag(4);
    /// Is of those written to `requests.parquet`.
    pub(crate) const TRACED: Flag = Flag(8);
    /// Runs a part of its caller's program, in its caller's place.
    pub(crate) const GUEST: Flag = Flag(64);
    /// Has been called off while it computed: it is gone when its burst is over.
    pub(crate) const GONE: Flag = Flag(128);
    /// The bits of its [`Place`].
    const PLACE: u8 = 0b11 << PLACE_AT;
}

/// The lowest bit of the place.
const PLACE_AT: u32 = 4;

impl Request {
    /// The caller of a request that comes from a workload.
    pub(crate) const NOBODY: RequestId = RequestId { slot: NONE, generation: 0 };
    /// The caller of a request that is no longer waited for.
    pub(crate) const LEFT: RequestId = RequestId { slot: NONE, generation: NONE };

    /// Its id, in its slot.
    #[inline(always)]
    pub(crate) fn id(&self, slot: u32) -> RequestId {
        RequestId { slot, generation: self.generation }
    }

    #[inline(always)]
    pub(crate) fn has(&self, flag: Flag) -> bool {
        self.flags & flag.0 != 0
    }
    #[inline(always)]
    pub(crate) fn set(&mut self, flag: Flag) {
        self.flags |= flag.0;
    }
    #[inline(always)]
    pub(crate) fn clear(&mut self, flag: Flag) {
        self.flags &= !flag.0;
    }
    /// Where it stands with regard to its instance.
    #[inline(always)]
    pub(crate) fn place(&self) -> Place {
        match (self.flags & Flag::PLACE) >> PLACE_AT {
            0 => Place::Outside,
            1 => Place::Chosen,
            2 => Place::Inside,
            _ => Place::After,
        }
    }
    /// Whether it is inside of its instance.
    pub(crate) fn is_inside(&self) -> bool {
        matches!(self.place(), Place::Inside | Place::After)
    }
    #[inline(always)]
    pub(crate) fn set_place(&mut self, place: Place) {
        self.flags = self.flags & !Flag::PLACE | (place as u8) << PLACE_AT;
    }

    /// A request that has just been made, at the beginning of its route.
    #[inline(always)]
    pub(crate) fn begin(
        key: Key,
        started: Time,
        generation: u32,
        caller: RequestId,
        flow: u32,
        hop: u32,
    ) -> Request {
        Request {
            key,
            started,
            caller,
            scratch: 0,
            flow,
            hop,
            step: NONE,
            instance: NONE,
            worker: NONE,
            generation,
            parts: Parts::begin(started),
            phase: Phase::Walking,
            outcome: Outcome::OK,
            granted: false,
            flags: 0,
            frame: NONE,
        }
    }
}

impl Default for Request {
    fn default() -> Request {
        Request::begin(Key(0), Time::ZERO, 0, Request::NOBODY, 0, 0)
    }
}

/// What handlers ask the drain for: requests to be made, and requests to be called off.
#[derive(Resource, Default)]
pub(crate) struct Pending {
    pub births: Vec<Birth>,
    pub doomed: Vec<(RequestId, Fate)>,
}

/// What becomes of a request that its caller does not wait for any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is called off, with all that it has made.
    CalledOff,
    /// It goes on, in vain.
    Left,
}

/// The free slots, and the requests that may go on at this very moment, in the order in which they
/// were let go.
#[derive(Resource, Default)]
pub(crate) struct Pool {
    /// Free slots; the last is used next.
    pub free: Vec<u32>,
    /// How many slots there are.
    pub size: u32,
    /// Requests to resume before time moves on.
    pub runnable: Runnable,
}

/// Requests that may go on at this very moment, first come, first served. It is emptied before time
/// moves on, and then begins anew.
#[derive(Default)]
pub(crate) struct Runnable {
    slots: Vec<u32>,
    next: usize,
}

impl Runnable {
    #[inline(always)]
    pub(crate) fn push(&mut self, slot: u32) {
        self.slots.push(slot);
    }
    /// The request goes on before all others.
    pub(crate) fn push_first(&mut self, slot: u32) {
        match self.next.checked_sub(1) {
            Some(before) => (self.next, self.slots[before]) = (before, slot),
            None => self.slots.insert(0, slot),
        }
    }
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<u32> {
        let slot = *self.slots.get(self.next)?;
        self.next += 1;
        if self.next == self.slots.len() {
            self.slots.clear();
            self.next = 0;
        }
        Some(slot)
    }
    /// Takes a request out, wherever it stands; whether it was there.
    pub(crate) fn forget(&mut self, slot: u32) -> bool {
        let Some(at) = self.slots[self.next..].iter().position(|other| *other == slot) else {
            return false;
        };
        self.slots.remove(self.next + at);
        if self.next == self.slots.len() {
            self.slots.clear();
            self.next = 0;
        }
        true
    }
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.next
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_request_is_two_cache_lines() {
        // The bar is 256 bytes a request in flight, calendar and queues included.
        assert_eq!(
            (std::mem::size_of::<super::Request>(), std::mem::align_of::<super::Request>()),
            (128, 64)
        );
    }
}

//! The world as contiguous columns: what the handlers of one drain may reach.
//!
//! `Query::get_mut` costs 5 to 21 ns an access; a slice indexed by dense id costs one. Entities of a kind share one archetype and are never
//! despawned, so the columns stay whole, and an id is an index.

use super::faults::ActiveErrors;
use crate::kernel::{Calendar, RequestId};
use crate::measure::Recorder;
use crate::network::LinkState;
use crate::plan::{Hop, Plan};
use crate::policy::balance::Balancer;
use crate::request::{Pool, Request};
use crate::server::admission::Admission;
use crate::server::cores::RunQueue;
use crate::server::memory::Memory;
use crate::server::{Gauges, InstanceState};
use crate::step::{Op, Stage};
use crate::units::Time;
use crate::workload::Source;

/// All columns and resources, by id.
pub struct Columns<'a> {
    pub plan: &'a Plan,
    /// The plan's, at hand.
    pub program: &'a [Op],
    pub hops: &'a [Hop],
    pub requests: &'a mut [Request],
    pub pool: &'a mut Pool,
    pub calendar: &'a mut Calendar,
    pub recorder: &'a mut Recorder,
    pub sources: &'a mut [Source],
    pub balancers: &'a mut [Balancer],
    pub instances: &'a mut [InstanceState],
    pub gauges: &'a mut [Gauges],
    pub memories: &'a mut [Memory],
    pub admissions: &'a mut [Admission],
    pub queues: &'a mut [RunQueue],
    pub links: &'a mut [LinkState],
    pub errors: &'a ActiveErrors,
    /// Whether the measured part has begun.
    pub measured: bool,
    /// The pool is nearly empty, or the calendar may have too many dead entries: to be seen to before the next event.
    pub attention: bool,
}

impl Columns<'_> {
    /// The request in a slot.
    #[inline(always)]
    pub fn id(&self, slot: u32) -> RequestId {
        RequestId { slot, generation: self.requests[slot as usize].generation }
    }
    /// Whether a request is still there.
    #[inline(always)]
    pub fn is_current(&self, id: RequestId) -> bool {
        self.requests[id.slot as usize].generation == id.generation
    }
    #[inline(always)]
    pub fn now(&self) -> Time {
        self.calendar.now()
    }
    /// What a step of a request may touch.
    #[inline(always)]
    pub fn stage(&mut self, slot: u32) -> Stage<'_> {
        Stage {
            slot,
            now: self.calendar.now(),
            requests: self.requests,
            queues: self.queues,
            gauges: self.gauges,
            memories: self.memories,
            calendar: self.calendar,
            runnable: &mut self.pool.runnable,
            measured: self.measured,
        }
    }
}

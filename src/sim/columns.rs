//! The world as contiguous columns: what the handlers of one drain may reach.
//!
//! `Query::get_mut` costs 5 to 21 ns an access; a slice indexed by dense id costs one. Entities of a kind share one archetype and are never
//! despawned, so the columns stay whole, and an id is an index.

use crate::kernel::{Calendar, RequestId};
use crate::measure::Recorder;
use crate::network::LinkState;
use crate::plan::Plan;
use crate::policy::balance::Balancer;
use crate::request::{Journey, Parts, Pool, Visit};
use crate::server::admission::Admission;
use crate::server::cores::RunQueue;
use crate::server::memory::Memory;
use crate::server::{Gauges, InstanceState, Lag};
use crate::step::Stage;
use crate::units::Time;
use crate::workload::Source;

/// All columns and resources, by id.
pub struct Columns<'a> {
    pub plan: &'a Plan,
    pub journeys: &'a mut [Journey],
    pub visits: &'a mut [Visit],
    pub parts: &'a mut [Parts],
    pub pool: &'a mut Pool,
    pub calendar: &'a mut Calendar,
    pub recorder: &'a mut Recorder,
    pub sources: &'a mut [Source],
    pub balancers: &'a mut [Balancer],
    pub instances: &'a mut [InstanceState],
    pub gauges: &'a mut [Gauges],
    pub lags: &'a mut [Lag],
    pub memories: &'a mut [Memory],
    pub admissions: &'a mut [Admission],
    pub queues: &'a mut [RunQueue],
    pub links: &'a mut [LinkState],
    /// Active `errors` faults by endpoint: fault ids.
    pub errors: &'a [Vec<u32>],
    /// Whether the measured part has begun.
    pub measured: bool,
    /// The calendar has more dead entries than it should.
    pub sweep: bool,
}

impl Columns<'_> {
    /// The request in a slot.
    #[inline(always)]
    pub fn id(&self, slot: u32) -> RequestId {
        RequestId { slot, generation: self.journeys[slot as usize].generation }
    }
    /// Whether a request is still there.
    #[inline(always)]
    pub fn is_current(&self, id: RequestId) -> bool {
        self.journeys[id.slot as usize].generation == id.generation
    }
    #[inline(always)]
    pub fn now(&self) -> Time {
        self.calendar.now()
    }
    /// What a step of a request may touch.
    #[inline(always)]
    pub fn stage(&mut self, slot: u32) -> Stage<'_> {
        let s = slot as usize;
        let (i, w) = (self.journeys[s].instance as usize, self.journeys[s].worker as usize);
        let (id, now) = (self.id(slot), self.now());
        Stage {
            id,
            now,
            journey: &mut self.journeys[s],
            visit: &mut self.visits[s],
            parts: &mut self.parts[s],
            instance: &mut self.instances[i],
            queue: &mut self.queues[w],
            memory: &mut self.memories[i],
            gauges: &mut self.gauges[i],
            lag: &mut self.lags[i],
            calendar: self.calendar,
            runnable: &mut self.pool.runnable,
            measured: self.measured,
        }
    }
}

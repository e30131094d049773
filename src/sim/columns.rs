//! The world as contiguous columns: what the handlers of one drain may reach.
//!
//! `Query::get_mut` costs 5 to 21 ns an access; a slice indexed by dense id costs one. Entities of
//! a kind share one archetype and are never despawned, so the columns stay whole, and an id is an
//! index.
//!
//! The requests' column stands beside these: a handler is given the one request it is about, looked
//! up once.

use super::faults::ActiveErrors;
use crate::kernel::RequestId;
use crate::measure::Recorder;
use crate::network::LinkState;
use crate::plan::{Hop, Plan};
use crate::policy::balance::Balancer;
use crate::request::Request;
use crate::server::InstanceState;
use crate::server::admission::Admission;
use crate::step::{Op, Stage};
use crate::units::Time;
use crate::workload::Source;

/// All columns and resources but the requests', by id.
pub(crate) struct Columns<'a> {
    pub plan: &'a Plan,
    /// The plan's, at hand.
    pub program: &'a [Op],
    pub hops: &'a [Hop],
    /// What the steps may touch too.
    pub stage: Stage<'a>,
    /// Free slots; the last is used next.
    pub free: &'a mut Vec<u32>,
    pub recorder: &'a mut Recorder,
    pub sources: &'a mut [Source],
    pub balancers: &'a mut [Balancer],
    pub instances: &'a mut [InstanceState],
    pub admissions: &'a mut [Admission],
    pub links: &'a mut [LinkState],
    pub errors: &'a ActiveErrors,
    /// The pool is nearly empty, or the calendar may have too many dead entries: to be seen to
    /// before the next event.
    pub attention: bool,
}

impl Columns<'_> {
    #[inline(always)]
    pub(crate) fn now(&self) -> Time {
        self.stage.calendar.now()
    }
}

/// The request with an id, if it is still there.
#[inline(always)]
pub(crate) fn current(requests: &mut [Request], id: RequestId) -> Option<&mut Request> {
    let request = &mut requests[id.slot as usize];
    (request.generation == id.generation).then_some(request)
}

//! The world as contiguous columns: what the handlers of one drain, and the faults between two, may
//! reach.
//!
//! `Query::get_mut` costs 5 to 21 ns an access; a slice indexed by dense id costs one. Entities of
//! a kind share one archetype and are never despawned, so the columns stay whole, and an id is an
//! index.
//!
//! The requests' column stands beside these: a handler is given the one request it is about, looked
//! up once.

use super::PlanHandle;
use super::faults::ActiveErrors;
use crate::kernel::{Calendar, RequestId, Timers};
use crate::measure::Recorder;
use crate::network::LinkState;
use crate::plan::{Hop, Plan, SourcePlan};
use crate::policy::balance::Balancer;
use crate::policy::scale::Scaler;
use crate::request::{Baggage, Families, Frames, Further, Pending, Pool, Request};
use crate::resource::{Shared, Sharing};
use crate::server::cores::RunQueue;
use crate::server::{Gauges, InstanceState, Memory, Places};
use crate::step::{Op, Stage};
use crate::units::Time;
use crate::workload::Source;
use bevy_ecs::prelude::*;
use bevy_ecs::query::QueryNotDenseError;
use bevy_ecs::system::SystemParam;

type Machines =
    (&'static mut InstanceState, &'static mut Gauges, &'static mut Memory, &'static mut Places);

/// Everything that exists in a replication.
#[derive(SystemParam)]
pub(crate) struct Everything<'w, 's> {
    requests: Query<'w, 's, &'static mut Request>,
    further: Query<'w, 's, &'static mut Further>,
    baggage: Query<'w, 's, &'static mut Baggage>,
    shared: Query<'w, 's, &'static mut Shared>,
    stations: Query<'w, 's, &'static mut Sharing>,
    scalers: Query<'w, 's, &'static mut Scaler>,
    machines: Query<'w, 's, Machines>,
    queues: Query<'w, 's, &'static mut RunQueue>,
    links: Query<'w, 's, &'static mut LinkState>,
    balancers: Query<'w, 's, &'static mut Balancer>,
    sources: Query<'w, 's, &'static mut Source>,
    pool: ResMut<'w, Pool>,
    pending: ResMut<'w, Pending>,
    frames: ResMut<'w, Frames>,
    families: ResMut<'w, Families>,
    calendar: ResMut<'w, Calendar>,
    timers: ResMut<'w, Timers>,
    recorder: ResMut<'w, Recorder>,
    errors: ResMut<'w, ActiveErrors>,
    plan: Res<'w, PlanHandle>,
}

impl Everything<'_, '_> {
    /// Calls `f` with all columns, and with that of the requests. `until` is when the drain ends:
    /// an epoch stands at the beginning of the measured part, so a drain is either before it or in
    /// it.
    pub(crate) fn with<R>(
        &mut self,
        until: Time,
        f: impl FnOnce(&mut Columns, &mut [Request]) -> R,
    ) -> R {
        let mut requests = only(self.requests.contiguous_iter_mut()).expect("there is a pool");
        let (mut instances, mut gauges, mut memories, mut places) =
            only(self.machines.contiguous_iter_mut()).expect("a scenario has instances");
        let mut queues = only(self.queues.contiguous_iter_mut()).expect("instances have workers");
        let mut balancers = only(self.balancers.contiguous_iter_mut()).expect("there are services");
        let mut sources = only(self.sources.contiguous_iter_mut());
        let mut links = only(self.links.contiguous_iter_mut());
        let mut further = only(self.further.contiguous_iter_mut());
        let mut baggage = only(self.baggage.contiguous_iter_mut());
        let mut shared = only(self.shared.contiguous_iter_mut());
        let mut stations = only(self.stations.contiguous_iter_mut());
        let mut scalers = only(self.scalers.contiguous_iter_mut());
        // What every event touches stands here itself: one indirection less.
        let calendar = std::mem::replace(&mut *self.calendar, Calendar::hollow());
        let Pool { free, runnable, size } = std::mem::take(&mut *self.pool);
        let Pending { births, doomed } = &mut *self.pending;
        let (mut labels_ns, mut arms) = self.recorder.lend();
        let plan = &*self.plan.0;
        let mut x = Columns {
            plan,
            program: &plan.program,
            hops: &plan.hops,
            slots_an_event: plan.slots_an_event,
            is_traced: plan.trace_share > 0.0,
            follows_roots: plan.sources.iter().any(SourcePlan::follows_roots),
            stage: Stage {
                queues: queues.bypass_change_detection(),
                gauges: gauges.bypass_change_detection(),
                memories: memories.bypass_change_detection(),
                places: places.bypass_change_detection(),
                calendar,
                timers: &mut self.timers,
                runnable,
                further: further.as_mut().map_or(&mut [], |c| c.bypass_change_detection()),
                baggage: baggage.as_mut().map_or(&mut [], |c| c.bypass_change_detection()),
                shared: shared.as_mut().map_or(&mut [], |c| c.bypass_change_detection()),
                stations: stations.as_mut().map_or(&mut [], |c| c.bypass_change_detection()),
                frames: &mut self.frames,
                families: &mut self.families,
                births,
                doomed,
                labels_ns: &mut labels_ns,
                arms: &mut arms,
                measured_from: self.recorder.measured_from,
                measured: until > self.recorder.measured_from,
                // Whatever there is to see to is looked for at the beginning.
                attention: true,
            },
            free,
            recorder: &mut self.recorder,
            sources: sources.as_mut().map_or(&mut [], |c| c.bypass_change_detection()),
            balancers: balancers.bypass_change_detection(),
            instances: instances.bypass_change_detection(),
            scalers: scalers.as_mut().map_or(&mut [], |c| c.bypass_change_detection()),
            links: links.as_mut().map_or(&mut [], |c| c.bypass_change_detection()),
            has_errors: self.errors.any,
            errors: &mut self.errors,
        };
        let result = f(&mut x, requests.bypass_change_detection());
        let Columns { stage: Stage { calendar, runnable, .. }, free, .. } = x;
        *self.calendar = calendar;
        *self.pool = Pool { free, runnable, size };
        (self.recorder.labels_ns, self.recorder.arms) = (labels_ns, arms);
        result
    }
}

/// The column of a query, of which there is but one, if there is any entity.
fn only<I: Iterator>(columns: Result<I, QueryNotDenseError>) -> Option<I::Item> {
    columns.ok()?.next()
}

/// All columns and resources but the requests', by id.
pub(crate) struct Columns<'a> {
    pub plan: &'a Plan,
    /// The plan's, at hand.
    pub program: &'a [Op],
    pub hops: &'a [Hop],
    pub slots_an_event: usize,
    /// Whether some requests are written to `requests.parquet`.
    pub is_traced: bool,
    /// Whether it matters to some sources that a request has ended: their users come back, or only
    /// so many are in flight.
    pub follows_roots: bool,
    /// What the steps may touch too.
    pub stage: Stage<'a>,
    /// Free slots; the last is used next.
    pub free: Vec<u32>,
    pub recorder: &'a mut Recorder,
    pub sources: &'a mut [Source],
    pub balancers: &'a mut [Balancer],
    pub instances: &'a mut [InstanceState],
    pub links: &'a mut [LinkState],
    pub scalers: &'a mut [Scaler],
    pub errors: &'a mut ActiveErrors,
    /// Whether any `errors` fault is active.
    pub has_errors: bool,
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

//! A plan becomes a world: one entity for each source, service, instance, worker and link, and a
//! pool of requests.

use super::PlanHandle;
use super::faults::ActiveErrors;
use crate::kernel::{Calendar, Event};
use crate::measure::{Measured, Meter, Phases, Recorder, Watch};
use crate::network::LinkState;
use crate::plan::Plan;
use crate::policy::balance::Balancer;
use crate::random::keys::Key;
use crate::request::{NONE, Pool, Request};
use crate::server::cores::RunQueue;
use crate::server::{Gauges, InstanceState, Memory, Places};
use crate::workload::Source;
use bevy_ecs::prelude::World;
use std::sync::Arc;

/// Requests in the pool at the beginning.
const POOL: u32 = 64;

/// Everything but the epoch.
pub(crate) fn spawn(world: &mut World, plan: &Arc<Plan>, replication: Key) {
    let mut calendar = Calendar::default();
    let mut sources: Vec<Source> =
        plan.sources.iter().map(|source| Source::new(&source.process, replication)).collect();
    for (id, source) in sources.iter_mut().enumerate() {
        if let Some(first) = source.next_arrival(&plan.sources[id].process, plan.horizon) {
            calendar.schedule_at(first, Event::Arrival { source: id as u32 });
        }
    }
    world.spawn_batch(sources);
    let balancers = plan
        .services
        .iter()
        .map(|s| Balancer::new(s.balance, s.first_instance..s.first_instance + s.instances));
    world.spawn_batch(balancers.collect::<Vec<_>>());
    let instances = plan.instances.iter().map(|i| {
        let state =
            InstanceState { up: true, outstanding: 0, in_transit: 0, holder: NONE, chosen: 0 };
        (state, Gauges::default(), Memory::new(i), Places::new(i))
    });
    world.spawn_batch(instances.collect::<Vec<_>>());
    let workers = plan
        .instances
        .iter()
        .flat_map(|i| (0..i.workers).map(|_| RunQueue::new(i.cores_per_worker, 1.0 / i.speed)));
    world.spawn_batch(workers.collect::<Vec<_>>());
    world.spawn_batch(plan.links.iter().map(|_| LinkState::default()).collect::<Vec<_>>());
    world.insert_resource(calendar);
    world.insert_resource(Pool::default());
    world.insert_resource(recorder(plan));
    world.insert_resource(ActiveErrors {
        any: false,
        by_endpoint: vec![Vec::new(); plan.endpoints.len()],
        crashed: vec![Vec::new(); plan.faults.len()],
    });
    world.insert_resource(PlanHandle(plan.clone()));
    add_slots(world, POOL.min(plan.limits.in_flight as u32 + 2));
}

fn recorder(plan: &Plan) -> Recorder {
    let is_watched =
        !plan.layout.recoveries.is_empty() || plan.keep_series && plan.layout.has_quantile_series;
    Recorder {
        meters: plan
            .layout
            .flows
            .iter()
            .map(|flow| {
                Meter::new(plan.layout.outcomes.len(), is_watched && flow.workload.is_some())
            })
            .collect(),
        labels_ns: vec![0; plan.layout.labels.len()],
        measured_from: plan.measured_from,
        phases: Phases::new(&plan.layout),
        keep_series: plan.keep_series,
        instance_gauges: plan.instances.iter().map(|_| Default::default()).collect(),
        queue_gauges: vec![Measured::default(); plan.layout.queues.len()],
        link_gauges: vec![Measured::default(); plan.links.len()],
        backlog: vec![Default::default(); plan.sources.len()],
        waiting: vec![Default::default(); plan.services.len()],
        workload_of: plan.layout.flows.iter().map(|flow| flow.workload).collect(),
        watch: is_watched.then(|| Box::new(Watch::new(&plan.layout))),
        service_of: plan
            .layout
            .flows
            .iter()
            .map(|flow| flow.endpoint.map(|endpoint| plan.endpoints[endpoint as usize].service))
            .collect(),
        ..Recorder::default()
    }
}

/// Doubles the pool, as far as the limit allows. The engine needs two free slots to go on, so the
/// pool has two more than the limit.
pub(crate) fn grow(world: &mut World, limit: u64) -> bool {
    let size = world.resource::<Pool>().size;
    let room = (limit + 2).saturating_sub(size as u64).min(size as u64) as u32;
    if room == 0 {
        return false;
    }
    add_slots(world, room);
    true
}

fn add_slots(world: &mut World, n: u32) {
    world.spawn_batch((0..n).map(|_| Request::default()));
    let mut pool = world.resource_mut::<Pool>();
    let first = pool.size;
    pool.size += n;
    // The lowest slot is used next.
    pool.free.extend((first..first + n).rev());
}

//! A plan becomes a world: one entity for each source, service, instance, worker and link, and a
//! pool of requests.

use super::PlanHandle;
use super::faults::ActiveErrors;
use crate::kernel::{Calendar, Event, Timers};
use crate::measure::{ArmTally, Kept, Measured, Meter, Phases, Recorder, Watch};
use crate::network::LinkState;
use crate::plan::Plan;
use crate::policy::balance::Balancer;
use crate::policy::scale::Scaler;
use crate::random::keys::Key;
use crate::request::{Baggage, Families, Frames, Further, NONE, Pending, Pool, Request};
use crate::resource::{Shared, Sharing};
use crate::server::cores::RunQueue;
use crate::server::{Gauges, InstanceState, Life, Memory, Places};
use crate::units::Time;
use crate::workload::{Returning, Source, Turns};
use bevy_ecs::prelude::World;
use std::sync::Arc;

/// Requests in the pool at the beginning.
const POOL: u32 = 64;

/// More than the number of systems, which are entities too, from when they first run.
const SYSTEMS: u32 = 32;

/// Everything but the epoch.
pub(crate) fn spawn(world: &mut World, plan: &Arc<Plan>, replication: Key) {
    let mut calendar = Calendar::default();
    let mut sources: Vec<Source> =
        plan.sources.iter().map(|source| Source::new(&source.process, replication)).collect();
    for (id, source) in sources.iter_mut().enumerate() {
        if let Some(first) = source.next_arrival(&plan.sources[id].process, plan.horizon) {
            calendar.schedule_at(first, Event::Arrival { source: id as u32 });
        }
        if let Some(returning @ Returning::Closed(closed)) = &plan.sources[id].returning {
            source.turns = Turns::new(closed);
            for user in 0..closed.users {
                let key = returning.next_key(&source.turns, source.key, user);
                let first = closed.comes_at(user) + closed.think(key);
                calendar.schedule_at(first, Event::User { source: id as u32, user });
            }
        }
    }
    world.spawn_batch(sources);
    let balancers = plan
        .services
        .iter()
        .map(|s| Balancer::new(s.balance, s.first_instance..s.first_instance + s.initial));
    world.spawn_batch(balancers.collect::<Vec<_>>());
    world.spawn_batch(instances(plan));
    let workers = plan
        .instances
        .iter()
        .flat_map(|i| (0..i.workers).map(|_| RunQueue::new(i.cores_per_worker, 1.0 / i.speed)));
    let threads = plan.instances.iter().filter(|of| of.threads.is_some());
    let threads = threads.map(|of| RunQueue::new(of.thread_cores, 1.0 / of.speed));
    world.spawn_batch(workers.chain(threads).collect::<Vec<_>>());
    world.spawn_batch(plan.links.iter().map(|_| LinkState::default()).collect::<Vec<_>>());
    world.spawn_batch(
        plan.resources.iter().map(|of| Shared::new(of, plan.measured_from)).collect::<Vec<_>>(),
    );
    let stations = plan.stations.iter().map(|id| {
        let of = &plan.instances[*id as usize];
        Sharing::new(of.workers * of.cores_per_worker, of.speed)
    });
    world.spawn_batch(stations.collect::<Vec<_>>());
    world.spawn_batch(scalers(plan, replication, &mut calendar));
    world.insert_resource(calendar);
    world.insert_resource(Pool::default());
    world.init_resource::<Timers>();
    world.init_resource::<Frames>();
    world.init_resource::<Families>();
    world.init_resource::<Pending>();
    world.insert_resource(recorder(plan));
    world.insert_resource(ActiveErrors {
        any: false,
        by_endpoint: vec![Vec::new(); plan.endpoints.len()],
        crashed: vec![Vec::new(); plan.faults.len()],
    });
    world.insert_resource(PlanHandle(plan.clone()));
    let slots_max = plan.limits.in_flight as usize + plan.slots_an_event;
    add_slots(world, (POOL as usize).max(plan.slots_an_event).min(slots_max) as u32);
}

/// All instances: those of a service that scales, as many as it may have.
fn instances(plan: &Plan) -> Vec<(InstanceState, Gauges, Memory, Places)> {
    let instances = plan.instances.iter().enumerate().map(|(id, of)| {
        let service = &plan.services[of.service as usize];
        let serves = (id as u32) < service.first_instance + service.initial;
        let state = InstanceState {
            up: true,
            life: if serves { Life::Serving } else { Life::Stopped },
            is_split: of.workers > 1,
            first_worker: of.first_worker,
            start: 0,
            outstanding: 0,
            in_transit: 0,
            holder: NONE,
            chosen: 0,
        };
        (state, Gauges::default(), Memory::new(of), Places::new(of))
    });
    instances.collect()
}

/// The autoscalers, each with its first look in the calendar.
fn scalers(plan: &Plan, replication: Key, calendar: &mut Calendar) -> Vec<Scaler> {
    let mut scalers = Vec::new();
    for (id, scale) in plan.scalers.iter().enumerate() {
        let of = &plan.services[scale.service as usize];
        let first = Time::ZERO + scale.hpa.sync;
        if first < plan.horizon {
            calendar.schedule_at(first, Event::Tick { scaler: id as u32 });
        }
        let key = Key(replication.draw(scale.boot.salt).0);
        scalers.push(Scaler::new(key, of.instances, of.initial));
    }
    scalers
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
        arms: vec![ArmTally::default(); plan.layout.arms.len()],
        further_parts: plan.layout.further_parts.len(),
        wasted_ns: vec![0; plan.layout.flows.len()],
        block_part: plan.block_part(),
        kept: vec![Kept::default(); plan.layout.promises.len()],
        deterred: vec![0; plan.sources.len()],
        tools: match plan.layout.tools.is_empty() {
            true => Vec::new(),
            false => vec![ArmTally::default(); plan.sources.len()],
        },
        further_ns: vec![0; plan.layout.flows.len() * plan.layout.further_parts.len()],
        resource_gauges: plan.resources.iter().map(|_| Default::default()).collect(),
        scale_gauges: plan.scalers.iter().map(|_| Default::default()).collect(),
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

/// Lets the pool grow, by half of it at least and to three times its size at most, as far as the
/// limit allows. The engine needs as many free slots to go on as one event may take, so the pool
/// has that many more than the limit.
pub(crate) fn grow(world: &mut World, limit: u64) -> bool {
    let size = world.resource::<Pool>().size;
    let spare = world.resource::<PlanHandle>().0.slots_an_event as u64;
    let others = world.entities().count_spawned() - size + SYSTEMS;
    // The world keeps 24 bytes for every entity up to the next power of two, and the pool is most
    // of the world: the one is full when the other is.
    let up_to_a_power = (others + size + size.div_ceil(2)).next_power_of_two() - others - size;
    let allowed = (limit + spare).saturating_sub(size as u64).min(2 * size as u64) as u32;
    match allowed.min(up_to_a_power) {
        0 => false,
        room => {
            add_slots(world, room);
            true
        }
    }
}

fn add_slots(world: &mut World, n: u32) {
    let plan = &world.resource::<PlanHandle>().0;
    let (has_further, carries) = (!plan.layout.further_parts.is_empty(), plan.carries);
    let one = Request::default();
    // Slots of one plan have the same components, so that they share one archetype.
    match (has_further, carries) {
        (false, false) => drop(world.spawn_batch((0..n).map(|_| one))),
        (true, false) => drop(world.spawn_batch((0..n).map(|_| (one, Further::default())))),
        (_, true) => {
            let slot = |_| (one, Further::default(), Baggage::default());
            drop(world.spawn_batch((0..n).map(slot)));
        }
    }
    let mut pool = world.resource_mut::<Pool>();
    let first = pool.size;
    pool.size += n;
    // The lowest slot is used next.
    pool.free.extend((first..first + n).rev());
}

//! The audit: laws that hold at every moment. At the end of every replication, and every few
//! thousand events in debug builds.

use super::PlanHandle;
use crate::measure::Recorder;
use crate::policy::balance::Balancer;
use crate::request::{NONE, Place, Pool, Request};
use crate::server::cores::RunQueue;
use crate::server::memory::Memory;
use crate::server::{Gauges, InstanceState};
use bevy_ecs::prelude::*;

/// Checks conservation of requests, memory and cores.
pub(crate) fn audit(
    requests: Query<&Request>,
    machines: Query<(&Gauges, &Memory, &InstanceState)>,
    queues: Query<&RunQueue>,
    balancers: Query<&Balancer>,
    recorder: Res<Recorder>,
    pool: Res<Pool>,
    plan: Res<PlanHandle>,
) {
    let inside: u64 = recorder.meters.iter().map(|meter| meter.counts().inside()).sum();
    assert_eq!(
        inside,
        pool.in_flight() as u64,
        "requests are conserved: those that came and are not gone are in flight"
    );
    let entered = requests.iter().filter(|request| request.place == Place::Inside).count() as u64;
    let in_flight: u64 = machines.iter().map(|(gauges, ..)| gauges.in_flight.value).sum();
    // Those who have just been granted a place are counted by the gauge before they take it.
    assert!(
        in_flight >= entered && in_flight <= entered + pool.runnable.len() as u64,
        "every request inside is inside one instance"
    );
    for (id, (gauges, memory, _)) in machines.iter().enumerate() {
        let capacity = plan.0.instances[id].memory;
        assert_eq!(gauges.memory_used.value + memory.free, capacity, "memory is conserved");
        if let Some((_, need)) = memory.waiting.front() {
            assert!(memory.free < *need, "memory that would do is not withheld");
        }
    }
    // Instances stand service by service, so one pass over them serves all services.
    let mut rest = machines.iter();
    for (balancer, service) in balancers.iter().zip(&plan.0.services) {
        let held = rest
            .by_ref()
            .take(service.instances as usize)
            .filter(|(.., state)| state.holder != NONE)
            .count();
        let Some(queue) = &balancer.queue else { continue };
        assert!(queue.is_work_conserving(), "nobody waits at a balancer while an instance is free");
        assert_eq!(
            queue.free.len() + held,
            balancer.order.len(),
            "an instance that is up is free or held"
        );
    }
    for queue in queues.iter() {
        assert!(
            queue.free == 0 || queue.ready.is_empty(),
            "no core idles while its queue has work"
        );
    }
}

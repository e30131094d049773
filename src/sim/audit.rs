//! The audit: laws that hold at every moment. At the end of every replication, and every few
//! thousand events in debug builds.

use super::columns::{Columns, Everything};
use super::endings::held_memory;
use super::epochs::Epoch;
use crate::request::{Flag, NONE, Place, Request};
use bevy_ecs::prelude::*;

/// Checks conservation of requests, and that what is held of every resource is what its requests
/// hold; and that nothing idles for which a request waits.
pub(crate) fn audit(mut world: Everything, epoch: Res<Epoch>) {
    world.with(epoch.end, |x, requests| {
        requests_are_conserved(x, requests);
        holders(x, requests);
        balancers(x);
        nothing_idles(x);
    });
}

fn requests_are_conserved(x: &Columns, requests: &[Request]) {
    let inside: u64 = x.recorder.meters.iter().map(|meter| meter.counts().inside()).sum();
    assert_eq!(
        inside,
        (requests.len() - x.free.len()) as u64,
        "requests are conserved: those that came and are not gone are in flight"
    );
}

/// Counts from the requests what each instance should have given out: places, memory, cores.
fn holders(x: &Columns, requests: &[Request]) {
    let mut places = vec![0; x.instances.len()];
    let mut bytes = vec![0; x.instances.len()];
    let mut cores = vec![0; x.stage.queues.len()];
    for request in requests.iter().filter(|request| request.place() == Place::Inside) {
        let i = request.instance as usize;
        places[i] += 1;
        if request.has(Flag::MEMORY) {
            bytes[i] += held_memory(x, request).min(x.stage.memories[i].0.capacity);
        }
        if request.has(Flag::CORE) {
            cores[request.worker as usize] += 1;
        }
    }
    // Those who have just been granted something hold it before they have taken it.
    let granted = x.stage.runnable.len() as u64;
    for (i, own) in x.plan.instances.iter().enumerate() {
        let held = x.places[i].0.held.value;
        assert!(
            (places[i]..=places[i] + granted).contains(&held),
            "every request inside is inside one instance"
        );
        let held = x.stage.memories[i].0.held.value;
        assert!(
            held == bytes[i] || granted > 0 && held > bytes[i],
            "memory in use is what requests hold: {held} B, not {}",
            bytes[i]
        );
        let mut busy = 0;
        for worker in own.first_worker..own.first_worker + own.workers {
            let taken = u64::from(own.cores_per_worker - x.stage.queues[worker as usize].free);
            let holders = cores[worker as usize];
            assert!(
                (holders..=holders + granted).contains(&taken),
                "cores in use are those that requests hold"
            );
            busy += taken;
        }
        assert_eq!(busy, x.stage.gauges[i].busy.value, "cores in use are measured");
    }
}

fn balancers(x: &Columns) {
    // Instances stand service by service, so one pass over them serves all services.
    let mut rest = x.instances.iter();
    for (balancer, service) in x.balancers.iter().zip(&x.plan.services) {
        let held = rest
            .by_ref()
            .take(service.instances as usize)
            .filter(|state| state.holder != NONE)
            .count();
        let Some(queue) = &balancer.queue else { continue };
        assert!(queue.is_work_conserving(), "nobody waits at a balancer while an instance is free");
        assert_eq!(
            queue.free.len() + held,
            balancer.order.len(),
            "an instance that is up is free or held"
        );
    }
}

fn nothing_idles(x: &Columns) {
    for memory in x.stage.memories.iter() {
        assert!(memory.0.is_work_conserving(), "memory that would do is not withheld");
    }
    for places in x.places.iter() {
        assert!(places.0.is_work_conserving(), "nobody waits at a door while a place is free");
    }
    for queue in x.stage.queues.iter() {
        assert!(
            queue.free == 0 || queue.ready.is_empty(),
            "no core idles while its queue has work"
        );
    }
}

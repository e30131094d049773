//! The audit: laws that hold at every moment. At the end of every replication, and every few
//! thousand events in debug builds.

use super::columns::{Columns, Everything};
use super::endings::reserved;
use super::epochs::Epoch;
use crate::request::{Flag, NONE, Phase, Place, Request};
use crate::step::Act;
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
    let mut bursts = vec![0; x.stage.stations.len()];
    for request in requests.iter().filter(|request| request.is_inside()) {
        let i = request.instance as usize;
        // A guest is in its caller's place.
        places[i] += u64::from(!request.has(Flag::GUEST));
        if request.has(Flag::MEMORY) {
            // Inside of a block the key is that of its scope.
            let mut own = *request;
            own.key = x.stage.frames.key_of(request);
            bytes[i] += reserved(x, &own).min(x.stage.memories[i].0.capacity);
        }
        let frames = x.stage.frames.of(request);
        bytes[i] += frames.map(|frame| x.program[frame.step as usize].keeps(frame)).sum::<u64>();
        if request.has(Flag::CORE) {
            cores[request.worker as usize] += 1;
        }
        let running = (request.phase == Phase::Running).then_some(request.step);
        let station = running.and_then(|step| x.program[step as usize].shares(request));
        if let Some(station) = station {
            bursts[station as usize] += 1;
        }
    }
    blocks(x, requests);
    outstanding(x, requests);
    // Those who have just been granted something hold it before they have taken it.
    let granted = x.stage.runnable.len() as u64;
    for (i, own) in x.plan.instances.iter().enumerate() {
        let held = x.stage.places[i].0.held.value;
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
        for (worker, all) in own.queues() {
            let taken = u64::from(all - x.stage.queues[worker as usize].free);
            let holders = cores[worker as usize];
            assert!(
                (holders..=holders + granted).contains(&taken),
                "cores in use are those that requests hold"
            );
            busy += taken;
        }
        if let Some(station) = own.station {
            // Those that have been called off end their bursts all the same.
            let of = &x.stage.stations[station as usize];
            assert!(
                bursts[station as usize] <= of.len() + granted,
                "requests that share cores are at their station"
            );
            busy += of.busy();
        }
        assert_eq!(busy, x.stage.gauges[i].busy.value, "cores in use are measured");
    }
}

/// Counts from the requests what the balancers look at.
fn outstanding(x: &Columns, requests: &[Request]) {
    let mut chosen = vec![0; x.instances.len()];
    for request in requests {
        let is_chosen = request.place() != Place::Outside && request.phase != Phase::Struck;
        if is_chosen && !request.has(Flag::GUEST) {
            chosen[request.instance as usize] += 1;
        }
    }
    for (chosen, state) in chosen.into_iter().zip(x.instances.iter()) {
        assert_eq!(chosen, state.outstanding, "outstanding are those sent and not answered");
    }
}

/// Counts from the open blocks of the requests what is held of shared resources.
fn blocks(x: &Columns, requests: &[Request]) {
    let mut held = vec![0; x.stage.shared.len()];
    let mut open = 0;
    for request in requests {
        for frame in x.stage.frames.of(request) {
            open += 1;
            if let Some(unit) = x.program[frame.step as usize].holds(frame) {
                held[unit.row as usize] += 1;
            }
        }
    }
    assert_eq!(open, x.stage.frames.len(), "every open block is that of a request");
    let granted = x.stage.runnable.len() as u64;
    for (shared, held) in x.stage.shared.iter().zip(held) {
        let level = shared.units.held.value;
        assert!((held..=held + granted).contains(&level), "units in use are what requests hold");
        assert!(shared.is_work_conserving(), "no request waits for a unit that is free");
    }
    let is_empty = requests.len() == x.free.len();
    assert!(
        !is_empty || x.stage.families.len() + x.stage.timers.len() == 0,
        "no request is waited for, and no timer is set, when no request is there"
    );
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
        assert!(
            queue.let_go <= x.stage.runnable.len(),
            "an instance is kept free only for a request that is about to take it"
        );
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
    for places in x.stage.places.iter() {
        assert!(places.is_work_conserving(), "nobody waits at a door while a place is free");
    }
    for queue in x.stage.queues.iter() {
        assert!(
            queue.free == 0 || queue.ready.is_empty(),
            "no core idles while its queue has work"
        );
    }
}

//! At a balancer with one queue: a request takes an instance, or waits for one, and gives it back
//! when it leaves it.
//!
//! Law: `policy/balance/central_queue.rs`. An instance is held from the choice until its answer
//! leaves, its I/O included; it is given back by who holds it, and not by a request that an
//! instance still had from before a crash. While no instance is up requests are rejected, those
//! that wait too. Checked: `tests/it/balance.rs`, `mm3_published` in `tests/it/theory.rs`.

use super::advance::Next;
use super::columns::Columns;
use super::hops::{go_to, refuse};
use crate::request::{NONE, Part, Request};
use crate::step::Leaving;

/// At the door: on with an instance that is free, or into the queue.
#[inline(never)]
pub(crate) fn ask(
    x: &mut Columns,
    request: &mut Request,
    slot: u32,
    service: u32,
    back: u32,
) -> Next {
    let now = x.now();
    let has_waited = std::mem::take(&mut request.granted);
    match has_waited {
        true => _ = request.parts.charge(Part::Admission, now),
        false => request.parts.mark = now,
    }
    let balancer = &mut x.balancers[service as usize];
    let Some(queue) = balancer.queue.as_mut().filter(|_| !balancer.order.is_empty()) else {
        return refuse(request, back);
    };
    match queue.take(now, slot, has_waited) {
        Some(instance) => {
            x.instances[instance as usize].holder = slot;
            go_to(x, request, instance)
        }
        None => {
            request.granted = true;
            Next::Park
        }
    }
}

/// A request that is called off leaves the queue, or the instance that is kept free for it.
pub(crate) fn abandon(x: &mut Columns, service: u32, leaving: Leaving) {
    let now = x.now();
    let balancer = &mut x.balancers[service as usize];
    let Some(queue) = &mut balancer.queue else { return };
    if !leaving.is_granted {
        return queue.leave(now, leaving.slot, |slot| leaving.asked(slot));
    }
    // One that was sent away, because no instance is up, has no instance kept for it.
    if !balancer.order.is_empty() {
        queue.let_go -= 1;
        if let Some(next) = queue.let_go(now) {
            x.stage.runnable.push(next);
        }
    }
}

/// The request that held an instance has left it: the next may have it.
#[inline(never)]
pub(crate) fn give_back(x: &mut Columns, instance: usize) {
    let now = x.now();
    x.instances[instance].holder = NONE;
    let balancer = &mut x.balancers[x.plan.instances[instance].service as usize];
    if let Some(next) =
        balancer.queue.as_mut().and_then(|queue| queue.give_back(now, instance as u32))
    {
        x.stage.runnable.push(next);
    }
}

//! A balancer with one queue: a request takes an instance, or waits for one, and gives it back when
//! it leaves it.
//!
//! Law: `policy/balance/central_queue.rs`. An instance is held from the choice until its answer
//! leaves, its I/O included; it is given back by who holds it, and not by a request that an
//! instance still had from before a crash. While no instance is up requests are rejected, those
//! that wait too. Checked: `tests/it/balance.rs`, `mm3_published` in `tests/it/theory.rs`.

use super::super::columns::Columns;
use super::super::hops::choose;
use crate::request::{NONE, Request};
use crate::resource::Answer;
use crate::step::Leaving;

/// On with an instance that is free, or into the queue.
pub(super) fn ask(
    x: &mut Columns,
    request: &mut Request,
    slot: u32,
    service: u32,
    has_waited: bool,
) -> Answer {
    let now = x.now();
    let balancer = &mut x.balancers[service as usize];
    let Some(queue) = balancer.queue.as_mut().filter(|_| !balancer.order.is_empty()) else {
        return Answer::Refused;
    };
    match queue.take(now, slot, has_waited) {
        Some(instance) => {
            x.instances[instance as usize].holder = slot;
            choose(x, request, instance);
            Answer::Granted
        }
        None => Answer::Waits,
    }
}

/// A request that is called off leaves the queue, or the instance that is kept free for it.
pub(super) fn abandon(x: &mut Columns, service: u32, leaving: Leaving) {
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
pub(in super::super) fn give_back(x: &mut Columns, instance: usize) {
    let now = x.now();
    x.instances[instance].holder = NONE;
    let balancer = &mut x.balancers[x.plan.instances[instance].service as usize];
    if let Some(next) =
        balancer.queue.as_mut().and_then(|queue| queue.give_back(now, instance as u32))
    {
        x.stage.runnable.push(next);
    }
}

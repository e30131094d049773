//! Controllers: what they look at, and the lives of the instances that they start and stop
//! (`policy/scale/`).
//!
//! A controller reads integrals of gauges with a memory of its own, so that no measurement changes
//! what it sees. Its looks are events, and so are the ends of booting and of the grace.

use super::advance::Next;
use super::columns::Columns;
use super::faults::{fail_all, renew};
use crate::kernel::Event;
use crate::policy::scale::{Metric, ScalePlan, hpa};
use crate::request::{NONE, Request};
use crate::server::{InstanceState, Life};
use crate::units::Time;
use std::ops::Range;

/// An autoscaler looks at its service, and starts and stops instances.
#[inline(never)]
pub(crate) fn look(x: &mut Columns, id: u32) -> Next {
    let (now, plan) = (x.now(), x.plan);
    let scale = &plan.scalers[id as usize];
    if now + scale.hpa.sync < plan.horizon {
        x.stage.calendar.schedule_in(scale.hpa.sync, Event::Tick { scaler: id });
    }
    let rows = rows(x, scale);
    let current = rows.clone().filter(|row| is_wanted(&x.instances[*row])).count() as u32;
    let (levels, requests) = levels(x, id, rows.clone(), now);
    let recommended = scale.hpa.metrics.iter().map(|Metric::Cpu(target)| match levels.is_empty() {
        true => current,
        false => hpa::recommend(current, &levels, &requests, *target, scale.hpa.tolerance).0,
    });
    let recommended = recommended.max().unwrap_or(current);
    let memory = &mut x.scalers[id as usize].memory;
    let wanted = memory.decide(&scale.hpa, now, current, recommended);
    memory.note(now, current, wanted);
    for _ in current..wanted {
        start(x, id, rows.clone());
    }
    for _ in wanted..current {
        stop(x, id, rows.clone());
    }
    Next::Park
}

/// The rows of a service's instances.
fn rows(x: &Columns, scale: &ScalePlan) -> Range<usize> {
    let service = &x.plan.services[scale.service as usize];
    service.first_instance as usize..(service.first_instance + service.instances) as usize
}

/// Whether an instance serves, or will.
fn is_wanted(state: &InstanceState) -> bool {
    matches!(state.life, Life::Serving | Life::Booting)
}

/// The use of each ready instance since the last look, and what each has, in thousandths of a core.
fn levels(x: &mut Columns, id: u32, rows: Range<usize>, now: Time) -> (Vec<u64>, Vec<u64>) {
    let (mut levels, mut requests) = (Vec::new(), Vec::new());
    for (row, looked) in rows.zip(&mut x.scalers[id as usize].looked) {
        let (since, then) = *looked;
        let busy = x.stage.gauges[row].busy.integral(now);
        *looked = (now, busy);
        let state = &x.instances[row];
        if state.life != Life::Serving || !state.up || since == now {
            continue;
        }
        let span = u128::from((now - since).0);
        levels.push(((busy - then) * 1000 / span) as u64);
        let own = &x.plan.instances[row];
        requests.push(u64::from(own.workers * own.cores_per_worker) * 1000);
    }
    (levels, requests)
}

/// Starts the instance of the first unused row.
fn start(x: &mut Columns, id: u32, mut rows: Range<usize>) {
    let now = x.now();
    let is_unused = |state: &InstanceState| match state.life {
        Life::Stopped => true,
        // It has finished before its grace was over.
        Life::Draining => state.outstanding == 0,
        Life::Booting | Life::Serving => false,
    };
    let Some(row) = rows.find(|row| is_unused(&x.instances[*row])) else { return };
    let scaler = &mut x.scalers[id as usize];
    scaler.starts += 1;
    scaler.booting.add(now, 1);
    let boot = x.plan.scalers[id as usize].boot.span(scaler.key.ordinal(scaler.starts.into()));
    let state = &mut x.instances[row];
    if state.life == Life::Draining {
        x.stage.calendar.note_stale();
    }
    (state.life, state.start, state.up) = (Life::Booting, scaler.starts, true);
    let event = Event::Life { instance: row as u32, start: scaler.starts };
    x.stage.calendar.schedule_in(boot, event);
}

/// Stops an instance: one that boots, or that which has begun last.
fn stop(x: &mut Columns, id: u32, rows: Range<usize>) {
    let now = x.now();
    let age = |row: &usize| {
        let state = &x.instances[*row];
        (state.life == Life::Booting, state.start, *row)
    };
    let Some(row) = rows.filter(|row| is_wanted(&x.instances[*row])).max_by_key(age) else {
        return;
    };
    let (scaler, state) = (&mut x.scalers[id as usize], &mut x.instances[row]);
    if state.life == Life::Booting {
        state.life = Life::Stopped;
        scaler.booting.subtract(now, 1);
        x.stage.calendar.note_stale();
        return;
    }
    scaler.serving.subtract(now, 1);
    // Behind a central queue its request does not give it back.
    (state.life, state.holder) = (Life::Draining, NONE);
    let event = Event::Life { instance: row as u32, start: state.start };
    x.stage.calendar.schedule_in(x.plan.scalers[id as usize].grace, event);
    let balancer = &mut x.balancers[x.plan.instances[row].service as usize];
    balancer.remove(row as u32);
    balancer.settle(now, |slot| x.stage.runnable.push(slot));
}

/// Whether the event of an instance's life is still to come.
pub(crate) fn is_current(state: &InstanceState, start: u32) -> bool {
    state.start == start && matches!(state.life, Life::Booting | Life::Draining)
}

/// An instance has booted, or its grace is over.
#[inline(never)]
pub(crate) fn live(
    x: &mut Columns,
    requests: &mut [Request],
    instance: u32,
    start: u32,
) -> Option<Next> {
    let (now, row) = (x.now(), instance as usize);
    if !is_current(&x.instances[row], start) {
        return None;
    }
    if x.instances[row].life == Life::Draining {
        fail_all(x, requests, instance);
        renew(x, instance);
        x.instances[row].life = Life::Stopped;
        x.attention = true;
        return Some(Next::Park);
    }
    x.instances[row].life = Life::Serving;
    let service = x.plan.instances[row].service;
    let id = x.plan.scalers.iter().position(|scale| scale.service == service)?;
    let scaler = &mut x.scalers[id];
    scaler.booting.subtract(now, 1);
    scaler.serving.add(now, 1);
    let first = x.plan.services[service as usize].first_instance as usize;
    scaler.looked[row - first] = (now, x.stage.gauges[row].busy.integral(now));
    let balancer = &mut x.balancers[service as usize];
    balancer.add(instance);
    balancer.settle(now, |slot| x.stage.runnable.push(slot));
    Some(Next::Park)
}

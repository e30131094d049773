//! Controllers: what they look at, and the lives of the instances that they start and stop
//! (`policy/scale/`).
//!
//! A controller reads integrals of gauges with a memory of its own, so that no measurement changes
//! what it sees. Its looks are events, and so are the ends of booting and of the grace.

use super::advance::Next;
use super::columns::Columns;
use super::faults::wipe;
use crate::kernel::Event;
use crate::policy::scale::{Metric, ScalePlan, hpa};
use crate::request::{NONE, Request};
use crate::server::{InstanceState, Life};
use crate::units::Time;
use std::ops::Range;

/// An autoscaler looks at its service, and starts and stops instances.
#[inline(never)]
pub(crate) fn look(x: &mut Columns, requests: &mut [Request], id: u32) -> Next {
    let (now, plan) = (x.now(), x.plan);
    let scale = &plan.scalers[id as usize];
    if now + scale.hpa.sync < plan.horizon {
        x.stage.calendar.schedule_in(scale.hpa.sync, Event::Tick { scaler: id });
    }
    let rows = rows(x, scale);
    let current = rows.clone().filter(|row| is_wanted(&x.instances[*row])).count() as u32;
    let Levels { used, own, unready } = levels(x, id, rows.clone(), now);
    let recommended = scale.hpa.metrics.iter().map(|Metric::Cpu(target)| match used.is_empty() {
        true => current,
        false => hpa::recommend(current, &used, &own, &unready, *target, scale.hpa.tolerance).0,
    });
    let recommended = recommended.max().unwrap_or(current);
    let memory = &mut x.scalers[id as usize].memory;
    let wanted = memory.decide(&scale.hpa, now, current, recommended);
    // Rows that still drain are not free, so fewer may start.
    let started = (current..wanted).take_while(|_| start(x, requests, id, rows.clone())).count();
    for _ in wanted..current {
        stop(x, id, rows.clone());
    }
    let reached = if wanted > current { current + started as u32 } else { wanted };
    x.scalers[id as usize].memory.note(now, current, reached);
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

/// What an autoscaler sees of its instances, in thousandths of a core.
#[derive(Default)]
struct Levels {
    /// The use of each ready instance since the last look, and what it has.
    used: Vec<u64>,
    own: Vec<u64>,
    /// What each has that boots or has crashed.
    unready: Vec<u64>,
}

fn levels(x: &mut Columns, id: u32, rows: Range<usize>, now: Time) -> Levels {
    let mut levels = Levels::default();
    for (row, looked) in rows.zip(&mut x.scalers[id as usize].looked) {
        let (since, then) = *looked;
        let busy = x.stage.gauges[row].busy.integral(now);
        *looked = (now, busy);
        let (state, plan) = (&x.instances[row], &x.plan.instances[row]);
        let own = u64::from(plan.cores()) * 1000;
        if state.life == Life::Serving && state.up && since < now {
            levels.used.push(((busy - then) * 1000 / u128::from((now - since).0)) as u64);
            levels.own.push(own);
        } else if is_wanted(state) {
            levels.unready.push(own);
        }
    }
    levels
}

/// Starts the instance of the first unused row; whether there is one.
fn start(x: &mut Columns, requests: &mut [Request], id: u32, mut rows: Range<usize>) -> bool {
    let now = x.now();
    let Some(row) = rows.find(|row| x.instances[*row].life == Life::Stopped) else { return false };
    // Branches that nobody waits for any longer may still run there.
    wipe(x, requests, &[row as u32]);
    x.stage.attention = true;
    let scaler = &mut x.scalers[id as usize];
    scaler.starts += 1;
    scaler.booting.add(now, 1);
    let boot = x.plan.scalers[id as usize].boot.span(scaler.key.ordinal(scaler.starts.into()));
    let state = &mut x.instances[row];
    (state.life, state.start, state.up) = (Life::Booting, scaler.starts, true);
    let event = Event::Life { instance: row as u32, start: scaler.starts };
    x.stage.calendar.schedule_in(boot, event);
    true
}

/// Stops an instance: one that boots or has crashed, or that which has begun last.
fn stop(x: &mut Columns, id: u32, rows: Range<usize>) {
    let now = x.now();
    let age = |row: &usize| {
        let state = &x.instances[*row];
        (state.life == Life::Booting || !state.up, state.start, *row)
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
    scaler.draining.add(now, 1);
    // Behind a central queue its request does not give it back.
    (state.life, state.holder) = (Life::Draining, NONE);
    let event = Event::Life { instance: row as u32, start: state.start };
    x.stage.calendar.schedule_in(x.plan.scalers[id as usize].grace, event);
    let balancer = &mut x.balancers[x.plan.instances[row].service as usize];
    balancer.remove(row as u32);
    balancer.settle(now, |slot| x.stage.runnable.push(slot));
    drained(x, row);
}

/// The scaler of an instance's service.
fn scaler_of(x: &Columns, row: usize) -> Option<usize> {
    x.plan.layout.scaler(x.plan.instances[row].service)
}

/// An instance that drains has stopped, if it has finished what it had.
#[inline(never)]
pub(crate) fn drained(x: &mut Columns, row: usize) {
    let state = &x.instances[row];
    if state.life == Life::Draining && state.outstanding == 0 {
        x.stage.calendar.note_stale();
        stopped(x, row);
    }
}

fn stopped(x: &mut Columns, row: usize) {
    let now = x.now();
    x.instances[row].life = Life::Stopped;
    if let Some(id) = scaler_of(x, row) {
        x.scalers[id].draining.subtract(now, 1);
    }
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
        wipe(x, requests, &[instance]);
        stopped(x, row);
        x.stage.attention = true;
        return Some(Next::Park);
    }
    x.instances[row].life = Life::Serving;
    let service = x.plan.instances[row].service;
    let id = scaler_of(x, row)?;
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

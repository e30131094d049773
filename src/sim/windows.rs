//! The epoch system that closes windows: series rows, the measured part of the gauges.

use super::PlanHandle;
use super::epochs::Epoch;
use crate::kernel::Calendar;
use crate::measure::{Gauge, Measured, Recorder};
use crate::network::LinkState;
use crate::policy::balance::Balancer;
use crate::policy::scale::Scaler;
use crate::resource::{Permits, Shared};
use crate::server::{self, Gauges, Memory, Places};
use bevy_ecs::prelude::*;

/// Closes the window of every gauge, if the epoch ends one.
pub(crate) fn close(
    mut machines: Query<(&mut Gauges, &mut Memory, &mut Places)>,
    mut balancers: Query<&mut Balancer>,
    mut links: Query<&mut LinkState>,
    mut resources: Query<&mut Shared>,
    mut scalers: Query<&mut Scaler>,
    mut recorder: ResMut<Recorder>,
    (calendar, epoch, plan): (Res<Calendar>, Res<Epoch>, Res<PlanHandle>),
) {
    let now = calendar.now();
    if !epoch.closes_window || now == recorder.window_start {
        return;
    }
    let recorder = &mut *recorder;
    let start = recorder.window_start;
    let is_measured = start >= recorder.measured_from;
    let close = |gauge: &mut Gauge, measured: &mut Measured| {
        gauge.close(start, now, is_measured.then_some(measured))
    };
    recorder.close_workloads(now);
    for (((mut own, mut memory, mut places), measured), of) in
        machines.iter_mut().zip(&mut recorder.instance_gauges).zip(&plan.0.instances)
    {
        let gauges = server::gauges(&mut own, &mut memory, &mut places);
        let is_listed = !plan.0.layout.scales(of.service);
        for (gauge, measured) in gauges.into_iter().zip(measured) {
            let window = close(gauge, measured);
            recorder.row.extend(is_listed.then_some(window));
        }
    }
    for (mut link, measured) in links.iter_mut().zip(&mut recorder.link_gauges) {
        recorder.row.push(close(&mut link.in_flight, measured));
    }
    let queues = balancers.iter_mut().filter_map(|balancer| balancer.into_inner().queue.as_mut());
    for (queue, measured) in queues.zip(&mut recorder.queue_gauges) {
        recorder.row.push(close(&mut queue.length, measured));
    }
    for (mut shared, measured) in resources.iter_mut().zip(&mut recorder.resource_gauges) {
        let Permits { held, waiting, .. } = &mut shared.units;
        for (gauge, measured) in [held, waiting].into_iter().zip(measured) {
            recorder.row.push(close(gauge, measured));
        }
    }
    for (mut scaler, measured) in scalers.iter_mut().zip(&mut recorder.scale_gauges) {
        let Scaler { serving, booting, draining, .. } = &mut *scaler;
        for (gauge, measured) in [serving, booting, draining].into_iter().zip(measured) {
            recorder.row.push(close(gauge, measured));
        }
    }
    recorder.end_window(now);
}

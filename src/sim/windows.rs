//! The epoch system that closes windows: series rows, the measured part of the gauges.

use super::epochs::Epoch;
use crate::kernel::Calendar;
use crate::measure::Recorder;
use crate::network::LinkState;
use crate::policy::balance::Balancer;
use crate::server::{self, Gauges, Memory, Places};
use bevy_ecs::prelude::*;

/// Closes the window of every gauge, if the epoch ends one.
pub(crate) fn close(
    mut machines: Query<(&mut Gauges, &mut Memory, &mut Places)>,
    mut balancers: Query<&mut Balancer>,
    mut links: Query<&mut LinkState>,
    mut recorder: ResMut<Recorder>,
    calendar: Res<Calendar>,
    epoch: Res<Epoch>,
) {
    let now = calendar.now();
    if !epoch.closes_window || now == recorder.window_start {
        return;
    }
    let recorder = &mut *recorder;
    let start = recorder.window_start;
    let is_measured = start >= recorder.measured_from;
    recorder.close_workloads(now);
    for ((mut own, mut memory, mut places), measured) in
        machines.iter_mut().zip(&mut recorder.instance_gauges)
    {
        let gauges = server::gauges(&mut own, &mut memory, &mut places);
        for (gauge, measured) in gauges.into_iter().zip(measured) {
            recorder.row.push(gauge.close(start, now, is_measured.then_some(measured)));
        }
    }
    for (mut link, measured) in links.iter_mut().zip(&mut recorder.link_gauges) {
        recorder.row.push(link.in_flight.close(start, now, is_measured.then_some(measured)));
    }
    let queues = balancers.iter_mut().filter_map(|balancer| balancer.into_inner().queue.as_mut());
    for (queue, measured) in queues.zip(&mut recorder.queue_gauges) {
        recorder.row.push(queue.length.close(start, now, is_measured.then_some(measured)));
    }
    recorder.end_window(now);
}

//! The epoch system that closes windows: series rows, the measured part of the gauges.

use super::epochs::Epoch;
use crate::kernel::Calendar;
use crate::measure::Recorder;
use crate::network::LinkState;
use crate::policy::balance::Balancer;
use crate::server::Gauges;
use bevy_ecs::prelude::*;

/// Closes the window of every gauge, if the epoch ends one.
pub(crate) fn close(
    mut gauges: Query<&mut Gauges>,
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
    for (instance, mut gauges) in gauges.iter_mut().enumerate() {
        for (gauge, measured) in
            gauges.all().into_iter().zip(&mut recorder.instance_gauges[instance])
        {
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

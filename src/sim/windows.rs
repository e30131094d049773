//! The epoch system that closes windows: series rows, the measured part of the gauges, the backlog.

use super::epochs::Epoch;
use crate::kernel::Calendar;
use crate::measure::Recorder;
use crate::network::LinkState;
use crate::server::Gauges;
use bevy_ecs::prelude::*;

/// Closes the window of every gauge, if the epoch ends one.
pub fn close(
    mut gauges: Query<&mut Gauges>,
    mut links: Query<&mut LinkState>,
    mut recorder: ResMut<Recorder>,
    calendar: Res<Calendar>,
    epoch: Res<Epoch>,
) {
    let now = calendar.now();
    if epoch.middle || epoch.last {
        note_backlog(&mut recorder, epoch.last);
    }
    if !epoch.closes_window || now == recorder.window_start {
        return;
    }
    let recorder = &mut *recorder;
    let start = recorder.window_start;
    let is_measured = start >= recorder.measured_from;
    recorder.close_workloads(now);
    for (instance, mut gauges) in gauges.iter_mut().enumerate() {
        for (gauge, measured) in gauges.all().into_iter().zip(&mut recorder.instance_gauges[instance]) {
            recorder.row.push(gauge.close(start, now, is_measured.then_some(measured)));
        }
    }
    for (mut link, measured) in links.iter_mut().zip(&mut recorder.link_gauges) {
        recorder.row.push(link.in_flight.close(start, now, is_measured.then_some(measured)));
    }
    recorder.end_window(now);
}

/// Notes how many requests of each workload are in the system, in the middle and at the end of the measured part.
fn note_backlog(recorder: &mut Recorder, last: bool) {
    let now = recorder.in_system_and_came();
    for (backlog, (in_system, came)) in recorder.backlog.iter_mut().zip(now) {
        if last {
            backlog.end = in_system;
            backlog.arrivals = came - backlog.arrivals;
        } else {
            backlog.middle = in_system;
            backlog.arrivals = came;
        }
    }
}

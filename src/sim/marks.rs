//! The epoch system that notes how many requests are in the system, and how many wait: at the
//! beginning, in the middle and at the end of the last stretch in which nothing changes. Whether
//! that grows tells an overloaded system from one that holds (`stats::growth`).

use super::PlanHandle;
use super::epochs::{Epoch, Mark};
use crate::measure::{Backlog, Recorder};
use crate::policy::balance::Balancer;
use crate::resource::Shared;
use crate::server::{Gauges, Memory, Places};
use bevy_ecs::prelude::*;

/// Notes the backlog of every workload and every service.
pub(crate) fn note(
    machines: Query<(&Gauges, &Memory, &Places)>,
    balancers: Query<&Balancer>,
    resources: Query<&Shared>,
    mut recorder: ResMut<Recorder>,
    epoch: Res<Epoch>,
    plan: Res<PlanHandle>,
) {
    let Some(mark) = epoch.mark else { return };
    let recorder = &mut *recorder;
    let (mut in_system, mut came) =
        (vec![0; recorder.backlog.len()], vec![[0; 2]; recorder.backlog.len()]);
    let (mut waiting, mut asked) =
        (vec![0; recorder.waiting.len()], vec![[0; 2]; recorder.waiting.len()]);
    for ((meter, workload), service) in
        recorder.meters.iter().zip(&recorder.workload_of).zip(&recorder.service_of)
    {
        let counts = meter.counts();
        let add = |[all, failed]: &mut [u64; 2]| {
            (*all, *failed) = (*all + counts.came, *failed + counts.failed);
        };
        if let Some(workload) = *workload {
            in_system[workload as usize] += counts.inside();
            add(&mut came[workload as usize]);
        }
        if let Some(service) = *service {
            add(&mut asked[service as usize]);
        }
    }
    for (instance, (gauges, memory, places)) in plan.0.instances.iter().zip(&machines) {
        waiting[instance.service as usize] +=
            gauges.ready.value + memory.0.waiting.value + places.0.waiting.value;
        if plan.0.services[instance.service as usize].io_counts {
            waiting[instance.service as usize] += gauges.io.value;
        }
    }
    for (of, resource) in plan.0.layout.resources.iter().zip(&resources) {
        waiting[of.service as usize] += resource.units.waiting.value;
    }
    for (waiting, balancer) in waiting.iter_mut().zip(&balancers) {
        *waiting += balancer.queue.as_ref().map_or(0, |queue| queue.length.value);
    }
    for (backlog, now) in recorder.backlog.iter_mut().zip(in_system.into_iter().zip(came)) {
        set(backlog, mark, now);
    }
    for (backlog, now) in recorder.waiting.iter_mut().zip(waiting.into_iter().zip(asked)) {
        set(backlog, mark, now);
    }
}

fn set(backlog: &mut Backlog, mark: Mark, (requests, [came, failed]): (u64, [u64; 2])) {
    match mark {
        Mark::Start => backlog.start = requests,
        Mark::Middle => {
            (backlog.middle, backlog.arrivals, backlog.kept) = (requests, came, failed);
        }
        // Those that a pipeline has handed on since are counted elsewhere.
        Mark::End => {
            let (arrivals, failed) =
                (came.saturating_sub(backlog.arrivals), failed.saturating_sub(backlog.kept));
            backlog.end = requests;
            (backlog.arrivals, backlog.kept) = (arrivals, arrivals.saturating_sub(failed));
        }
    }
}

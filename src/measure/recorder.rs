//! The resource that gathers a replication's measures while it runs.

use super::record::Backlog;
use super::{
    ArmTally, Happening, InstanceTally, Kept, LinkTally, Measured, Meter, Phases, Record,
    RequestRow, SeriesRow, Watch, Window,
};
use crate::request::{Outcome, Part, Parts};
use crate::units::{Span, Time};
use bevy_ecs::prelude::Resource;

/// Everything measured so far in one replication.
#[derive(Resource, Default)]
pub(crate) struct Recorder {
    /// By flow.
    pub meters: Vec<Meter>,
    pub labels_ns: Vec<u128>,
    /// By labelled arm of a branch.
    pub arms: Vec<ArmTally>,
    pub happenings: Vec<Happening>,
    pub requests: Vec<RequestRow>,
    /// Requests that arrive from this time on are measured.
    pub measured_from: Time,
    /// Where the present stretch begins, which is the warm-up, the measured part or a phase of it.
    pub stretch_from: Time,
    pub phases: Phases,
    /// When the open window began.
    pub window_start: Time,
    /// Whether windows are kept for the series.
    pub keep_series: bool,
    pub series: Vec<SeriesRow>,
    /// By promise.
    pub kept: Vec<Kept>,
    /// By workload: users who stayed away.
    pub deterred: Vec<u64>,
    /// By workload, if any has a tool: what that has seen.
    pub tools: Vec<ArmTally>,
    /// The row that is being filled while a window closes.
    pub row: Vec<Window>,
    pub instance_gauges: Vec<[Measured; super::INSTANCE_GAUGES.len()]>,
    pub link_gauges: Vec<Measured>,
    /// By queue of a balancer.
    pub queue_gauges: Vec<Measured>,
    /// By shared resource.
    pub resource_gauges: Vec<[Measured; super::gauges::RESOURCE_GAUGES.len()]>,
    /// By service that scales.
    pub scale_gauges: Vec<[Measured; super::gauges::SCALE_GAUGES.len()]>,
    /// The number of further parts of the plan.
    pub further_parts: usize,
    /// By flow, then by further part, ns.
    pub further_ns: Vec<u128>,
    /// By flow: core time that served nothing, ns.
    pub wasted_ns: Vec<u128>,
    /// The further part in which a core is held without computing, if there is one.
    pub block_part: Option<usize>,
    /// By workload, and by service.
    pub backlog: Vec<Backlog>,
    pub waiting: Vec<Backlog>,
    /// The workload of each flow, and the service it goes to.
    pub workload_of: Vec<Option<u32>>,
    /// Where there is something to recover from, or the quantiles of windows are kept.
    pub watch: Option<Box<Watch>>,
    pub service_of: Vec<Option<u32>>,
}

impl Recorder {
    pub(crate) fn measures(&self, time: Time) -> bool {
        time >= self.measured_from
    }
    /// What steps write themselves, for the time of a drain.
    pub(crate) fn lend(&mut self) -> (Vec<u128>, Vec<ArmTally>) {
        (std::mem::take(&mut self.labels_ns), std::mem::take(&mut self.arms))
    }
    /// The measured part begins.
    pub(crate) fn begin(&mut self) {
        self.meters.iter_mut().for_each(Meter::begin);
        self.stretch_from = self.measured_from;
    }
    /// The next phase begins.
    pub(crate) fn begin_phase(&mut self, now: Time) {
        self.phases.next(now, &mut self.meters);
        self.stretch_from = now;
    }
    /// A request has ended that arrived before the present stretch.
    #[inline(never)]
    pub(crate) fn end_earlier(
        &mut self,
        flow: u32,
        started: Time,
        outcome: Outcome,
        latency: Span,
        parts: &Parts,
    ) {
        let is_measured = self.measures(started);
        let meter = &mut self.meters[flow as usize];
        meter.end_earlier(outcome, latency);
        if is_measured {
            self.phases
                .tally(started, flow)
                .unwrap_or(&mut meter.tally)
                .end(outcome, latency, parts);
        }
    }
    /// An answered request of a flow has spent this in each further part of its latency.
    pub(crate) fn spend_further(&mut self, flow: u32, started: Time, spent: &[Span]) {
        if self.measures(started) {
            let first = flow as usize * self.further_parts;
            for (part, sum) in self.further_ns[first..][..self.further_parts].iter_mut().enumerate()
            {
                *sum += u128::from(spent[part].0);
            }
        }
    }
    /// A request of a flow has failed, or was no longer waited for, and nobody takes over what it
    /// has spent: its core time, with that of its calls, has served nothing.
    /// Counted when it ends, so that in a system that is overloaded it is compared with the core
    /// time of the same stretch of time.
    #[cold]
    #[inline(never)]
    pub(crate) fn waste(&mut self, now: Time, flow: u32, spent: &Parts, further: &[Span]) {
        if self.measures(now) {
            let blocked = self.block_part.and_then(|part| further.get(part));
            let held = spent.spent[Part::Cpu as usize] + blocked.copied().unwrap_or_default();
            self.wasted_ns[flow as usize] += u128::from(held.0);
        }
    }
    /// Ends the window of each workload: rates and latency of its flows together.
    pub(crate) fn close_workloads(&mut self, now: Time) {
        let seconds = (now - self.window_start).seconds().max(1e-9);
        let mut sums = vec![super::tally::WindowTally::default(); self.backlog.len()];
        for (meter, of) in self.meters.iter_mut().zip(&self.workload_of) {
            let window = meter.end_window();
            if let Some(workload) = of {
                sums[*workload as usize].add(&window);
                if let (Some(watch), Some(answers)) = (&mut self.watch, &mut meter.watched) {
                    watch.add(*workload, answers);
                }
            }
        }
        for (workload, sum) in sums.iter().enumerate() {
            let rate = |count: u64| count as f64 / seconds;
            let constant = |value: f64| Window { mean: value, min: value, max: value, last: value };
            self.row.push(constant(rate(sum.counts.came)));
            self.row.push(constant(rate(sum.counts.answered)));
            let mean = super::mean_s(sum.latency_sum_ns, sum.counts.answered);
            let known =
                |ns: u64| if sum.counts.answered == 0 { f64::NAN } else { Span(ns).seconds() };
            self.row.push(Window {
                mean,
                min: known(sum.latency.shortest_ns),
                max: known(sum.latency.longest_ns),
                last: mean,
            });
            self.row.push(constant(rate(sum.counts.failed)));
            if let Some(watch) = &mut self.watch {
                self.row.extend(
                    watch
                        .close(workload, self.window_start, now, sum, self.keep_series)
                        .into_iter()
                        .flatten(),
                );
            }
        }
    }
    /// Keeps the filled row if series are asked for, and opens the next window.
    pub(crate) fn end_window(&mut self, now: Time) {
        let windows = std::mem::take(&mut self.row);
        if self.keep_series {
            self.series.push(SeriesRow {
                start: self.window_start,
                end: now,
                windows: windows.into_boxed_slice(),
            });
        } else {
            self.row = windows;
            self.row.clear();
        }
        self.window_start = now;
    }
    /// The finished record. Instances and links bring the counts they keep themselves.
    pub(crate) fn finish(
        self,
        mut instances: Vec<InstanceTally>,
        mut links: Vec<LinkTally>,
    ) -> Record {
        for (tally, gauges) in instances.iter_mut().zip(self.instance_gauges) {
            tally.gauges = gauges;
        }
        for (tally, gauge) in links.iter_mut().zip(self.link_gauges) {
            tally.in_flight = gauge;
        }
        let (flows, phases) = self.phases.finish(self.meters, self.backlog.len());
        Record {
            flows,
            phases,
            recoveries_s: self.watch.map_or_else(Vec::new, |watch| watch.recoveries_s()),
            instances,
            links,
            queues: self.queue_gauges,
            resources: self.resource_gauges,
            scaling: self.scale_gauges,
            further_ns: self.further_ns,
            wasted_ns: self.wasted_ns,
            labels_ns: self.labels_ns,
            arms: self.arms,
            kept: self.kept,
            deterred: self.deterred,
            tools: self.tools,
            backlog: self.backlog,
            waiting: self.waiting,
            series: self.series,
            happenings: self.happenings,
            requests: self.requests,
            ..Record::default()
        }
    }
}

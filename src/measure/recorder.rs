//! The resource that gathers a replication's measures while it runs.

use super::record::Backlog;
use super::{Happening, InstanceTally, LinkTally, Measured, Record, RequestRow, SeriesRow, Tally, Watch, Window};
use crate::units::{Span, Time};
use bevy_ecs::prelude::Resource;

/// Everything measured so far in one replication.
#[derive(Resource, Default)]
pub struct Recorder {
    pub tallies: Vec<Tally>,
    pub labels_ns: Vec<u128>,
    pub happenings: Vec<Happening>,
    pub requests: Vec<RequestRow>,
    /// Requests that arrive from this time on are measured.
    pub measured_from: Time,
    /// When the open window began.
    pub window_start: Time,
    /// Whether windows are kept for the series.
    pub keep_series: bool,
    pub series: Vec<SeriesRow>,
    /// The row that is being filled while a window closes.
    pub row: Vec<Window>,
    pub instance_gauges: Vec<[Measured; super::layout::INSTANCE_GAUGES.len()]>,
    pub link_gauges: Vec<Measured>,
    /// By queue of a balancer.
    pub queue_gauges: Vec<Measured>,
    /// By workload, and by service.
    pub backlog: Vec<Backlog>,
    pub waiting: Vec<Backlog>,
    /// The workload of each flow, and the service it goes to.
    pub workload_of: Vec<Option<u32>>,
    /// Where something changes, or the quantiles of windows are kept.
    pub watch: Option<Box<Watch>>,
    pub service_of: Vec<Option<u32>>,
}

impl Recorder {
    pub fn measures(&self, time: Time) -> bool {
        time >= self.measured_from
    }
    /// Ends the window of each workload: rates and latency of its flows together.
    pub fn close_workloads(&mut self, now: Time) {
        let seconds = (now - self.window_start).seconds().max(1e-9);
        let mut sums = vec![super::tally::WindowTally::default(); self.backlog.len()];
        for (tally, of) in self.tallies.iter_mut().zip(&self.workload_of) {
            let window = std::mem::take(&mut tally.window);
            if let Some(workload) = of {
                sums[*workload as usize].add(&window);
            }
        }
        for (workload, sum) in sums.iter().enumerate() {
            let rate = |count: u64| count as f64 / seconds;
            let constant = |value: f64| Window { mean: value, min: value, max: value, last: value };
            self.row.push(constant(rate(sum.arrivals)));
            self.row.push(constant(rate(sum.answers)));
            let mean = super::mean_s(sum.latency_sum_ns, sum.answers);
            let known = |ns: u64| if sum.answers == 0 { f64::NAN } else { Span(ns).seconds() };
            self.row.push(Window { mean, min: known(sum.latency_min_ns), max: known(sum.latency_max_ns), last: mean });
            self.row.push(constant(rate(sum.failures)));
            if let Some(watch) = &mut self.watch {
                self.row.extend(watch.close(workload, self.window_start, now, sum));
            }
        }
    }
    /// Keeps the filled row if series are asked for, and opens the next window.
    pub fn end_window(&mut self, now: Time) {
        let windows = std::mem::take(&mut self.row);
        if self.keep_series {
            self.series.push(SeriesRow { start: self.window_start, end: now, windows: windows.into_boxed_slice() });
        } else {
            self.row = windows;
            self.row.clear();
        }
        self.window_start = now;
    }
    /// The finished record. Instances and links bring the counts they keep themselves.
    pub fn finish(self, mut instances: Vec<InstanceTally>, mut links: Vec<LinkTally>) -> Record {
        for (tally, gauges) in instances.iter_mut().zip(self.instance_gauges) {
            tally.gauges = gauges;
        }
        for (tally, gauge) in links.iter_mut().zip(self.link_gauges) {
            tally.in_flight = gauge;
        }
        let (phases, recoveries_s) = self.watch.map_or_else(Default::default, |watch| watch.finish());
        Record {
            phases,
            recoveries_s,
            flows: self.tallies,
            instances,
            links,
            queues: self.queue_gauges,
            labels_ns: self.labels_ns,
            backlog: self.backlog,
            waiting: self.waiting,
            series: self.series,
            happenings: self.happenings,
            requests: self.requests,
            ..Record::default()
        }
    }
}

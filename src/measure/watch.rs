//! What is watched besides where something changes on purpose: each phase of each workload, and each window's latency quantiles.
//!
//! Law: a request belongs to the phase in which it arrived, with its outcome and its latency, because that is what a user saw who came then; the answers a
//! second are those given in the phase, whenever their requests came. A window's quantiles are those of its answers. Not there (one branch for each
//! request), where nothing changes and nobody asks for windows. Checked: `tests/it/phases.rs`.

use super::layout::{Phase, Recovery};
use super::recovery::{Health, recovery_s};
use super::{Histogram, Layout, Window, brief::Brief, tally::WindowTally};
use crate::request::Outcome;
use crate::units::{Span, Time};

/// The requests of one workload that arrived in one phase.
#[derive(Clone, Debug, Default)]
pub struct PhaseTally {
    pub arrivals: u64,
    /// How they ended; index 0 is `ok`.
    pub outcomes: Vec<u64>,
    /// Answered within the phase, whenever they arrived.
    pub answered: u64,
    /// Latency of those that arrived in it.
    pub latency: Histogram,
    pub sum_ns: u128,
}

/// The quantiles of a window.
const QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];

/// The watch of one replication.
#[derive(Debug, Default)]
pub struct Watch {
    /// Beginnings of the phases but the first.
    begins: Vec<Time>,
    /// The phase that was reached: time does not go back.
    current: usize,
    /// By flow; none for calls.
    workload_of: Vec<Option<u32>>,
    workloads: usize,
    /// Phase by phase, by workload.
    phases: Vec<PhaseTally>,
    /// By workload: latency of the answers of the open window.
    windows: Vec<Brief>,
    recoveries: Vec<Recovery>,
    /// By workload, window by window, if there is something to recover from.
    course: Vec<Vec<Health>>,
}

impl Watch {
    pub fn new(layout: &Layout) -> Watch {
        let workloads = layout.workloads.len();
        let tally = PhaseTally { outcomes: vec![0; layout.outcomes.len()], ..PhaseTally::default() };
        Watch {
            begins: layout.phases.iter().skip(1).map(|phase: &Phase| phase.from).collect(),
            current: 0,
            workload_of: layout.flows.iter().map(|flow| flow.workload).collect(),
            workloads,
            phases: vec![tally; layout.phases.len() * workloads],
            windows: vec![Brief::default(); workloads],
            recoveries: layout.recoveries.clone(),
            course: vec![Vec::new(); workloads],
        }
    }
    /// Time goes on to a moment.
    #[inline(always)]
    fn reach(&mut self, now: Time) {
        while self.begins.get(self.current).is_some_and(|begin| *begin <= now) {
            self.current += 1;
        }
    }
    /// The tally of a workload in the phase that was reached; none if there are no phases.
    #[inline(always)]
    fn now(&mut self, workload: u32) -> Option<&mut PhaseTally> {
        self.phases.get_mut(self.current * self.workloads + workload as usize)
    }
    /// The same at an earlier time, mostly in the same phase.
    #[inline(always)]
    fn since(&mut self, time: Time, workload: u32) -> Option<&mut PhaseTally> {
        let mut phase = self.current;
        while phase > 0 && self.begins[phase - 1] > time {
            phase -= 1;
        }
        self.phases.get_mut(phase * self.workloads + workload as usize)
    }
    /// A request comes.
    #[inline(never)]
    pub fn came(&mut self, flow: u32, now: Time, measured: bool) {
        self.reach(now);
        if let Some(workload) = self.workload_of[flow as usize].filter(|_| measured)
            && let Some(phase) = self.now(workload)
        {
            phase.arrivals += 1;
        }
    }
    /// A request is gone; `since` is when it came, if that was in the measured part.
    #[inline(never)]
    pub fn gone(&mut self, flow: u32, since: Option<Time>, now: Time, latency: Span, outcome: Outcome, measured: bool) {
        let Some(workload) = self.workload_of[flow as usize] else { return };
        self.reach(now);
        let is_ok = outcome == Outcome::OK;
        if is_ok {
            self.windows[workload as usize].record(latency);
            if measured && let Some(phase) = self.now(workload) {
                phase.answered += 1;
            }
        }
        if let Some(phase) = since.and_then(|since| self.since(since, workload)) {
            phase.outcomes[outcome.0 as usize] += 1;
            if is_ok {
                phase.latency.record(latency);
                phase.sum_ns += latency.0 as u128;
            }
        }
    }
    /// Ends the window of a workload: a row for each of its quantiles.
    pub fn close(&mut self, workload: usize, start: Time, end: Time, tally: &WindowTally) -> [Window; QUANTILES.len()] {
        let quantiles = self.windows[workload].take_quantiles_s(QUANTILES);
        if !self.recoveries.is_empty() {
            let WindowTally { arrivals, answers, failures, .. } = *tally;
            self.course[workload].push(Health { start, end, arrivals, answers, failures, p95_s: quantiles[1] });
        }
        quantiles.map(|value| Window { mean: value, min: value, max: value, last: value })
    }
    /// The phases; and of each recovery, by workload, how long it took.
    pub fn finish(self) -> (Vec<PhaseTally>, Vec<f64>) {
        let took = self.recoveries.iter().flat_map(|recovery| self.course.iter().map(|windows| recovery_s(windows, recovery)));
        let took = took.collect();
        (self.phases, took)
    }
}

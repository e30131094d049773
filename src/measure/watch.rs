//! The windows of a replication that somebody looks at: their latency quantiles, and how long things take to be as before.
//!
//! Law: a window's quantiles are those of the answers given in it. Not there, where there is nothing to recover from and no windows are kept.
//! Checked: `tests/it/phases.rs`.

use super::layout::Recovery;
use super::recovery::{Health, recovery_s};
use super::tally::{Counts, WindowTally};
use super::{Layout, Window, brief::Brief};
use crate::units::Time;

/// The quantiles of a window.
const QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];
/// Which of them tells whether things are as before.
const P95: usize = 1;

/// The watch of one replication.
#[derive(Debug, Default)]
pub struct Watch {
    /// By workload: latency of the answers of the open window.
    windows: Vec<Brief>,
    recoveries: Vec<Recovery>,
    /// By workload, window by window, if there is something to recover from.
    course: Vec<Vec<Health>>,
}

impl Watch {
    pub fn new(layout: &Layout) -> Watch {
        let workloads = layout.workloads.len();
        Watch { windows: vec![Brief::default(); workloads], recoveries: layout.recoveries.clone(), course: vec![Vec::new(); workloads] }
    }
    /// The answers of a flow in the window that ends.
    pub fn add(&mut self, workload: u32, answers: &mut Brief) {
        self.windows[workload as usize].take_over(answers);
    }
    /// Ends the window of a workload: a row for each of its quantiles, if they are kept; if not, only the one that recoveries need is looked for.
    pub fn close(
        &mut self,
        workload: usize,
        start: Time,
        end: Time,
        tally: &WindowTally,
        is_kept: bool,
    ) -> Option<[Window; QUANTILES.len()]> {
        let answers = &mut self.windows[workload];
        let quantiles = is_kept.then(|| answers.take_quantiles_s(QUANTILES));
        let p95_s = quantiles.map_or_else(|| answers.take_quantiles_s([QUANTILES[P95]])[0], |quantiles| quantiles[P95]);
        if !self.recoveries.is_empty() {
            let Counts { came: arrivals, answered: answers, failed: failures } = tally.counts;
            self.course[workload].push(Health { start, end, arrivals, answers, failures, p95_s });
        }
        quantiles.map(|quantiles| quantiles.map(|value| Window { mean: value, min: value, max: value, last: value }))
    }
    /// By recovery, then by workload: how long it took, s.
    pub fn recoveries_s(&self) -> Vec<f64> {
        let took = self.recoveries.iter().flat_map(|recovery| self.course.iter().map(|windows| recovery_s(windows, recovery)));
        took.collect()
    }
}

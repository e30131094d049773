//! The windows of a replication that somebody looks at: their latency quantiles, and how long
//! things take to be as before.
//!
//! Law: a window's quantiles are those of the answers given in it. Not there, where there is
//! nothing to recover from and no windows are kept.
//! Checked: `tests/it/phases.rs`.

use super::recovery::{Health, Search};
use super::tally::{Counts, WindowTally};
use super::{Layout, Window, brief::Brief};
use crate::units::Time;

/// The quantiles of a window.
const QUANTILES: [f64; 3] = [0.5, P95, 0.99];
/// The one that tells whether things are as before.
const P95: f64 = 0.95;

/// The watch of one replication.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// By workload: latency of the answers of the open window.
    windows: Vec<Brief>,
    /// By recovery, then by workload.
    recoveries: Vec<Search>,
}

impl Watch {
    pub(crate) fn new(layout: &Layout) -> Watch {
        let workloads = layout.workloads.len();
        let recoveries = layout
            .recoveries
            .iter()
            .flat_map(|recovery| std::iter::repeat_n(Search::new(recovery), workloads));
        Watch { windows: vec![Brief::default(); workloads], recoveries: recoveries.collect() }
    }
    /// The answers of a flow in the window that ends.
    pub(crate) fn add(&mut self, workload: u32, answers: &mut Brief) {
        self.windows[workload as usize].take_over(answers);
    }
    /// Ends the window of a workload: a row for each of its quantiles, if they are kept.
    pub(crate) fn close(
        &mut self,
        workload: usize,
        start: Time,
        end: Time,
        tally: &WindowTally,
        is_kept: bool,
    ) -> Option<[Window; QUANTILES.len()]> {
        let workloads = self.windows.len();
        let latencies = &mut self.windows[workload];
        let Counts { came: arrivals, answered: answers, failed: failures } = tally.counts;
        for search in self.recoveries.iter_mut().skip(workload).step_by(workloads) {
            search.add(&Health { start, end, arrivals, answers, failures }, |than_s| {
                latencies.quantile_above_s(P95, than_s)
            });
        }
        let quantiles = is_kept.then(|| latencies.quantiles_s(QUANTILES));
        latencies.clear();
        quantiles.map(|quantiles| {
            quantiles.map(|value| Window { mean: value, min: value, max: value, last: value })
        })
    }
    /// By recovery, then by workload: how long it took, s.
    pub(crate) fn recoveries_s(&self) -> Vec<f64> {
        self.recoveries.iter().map(Search::found_s).collect()
    }
}

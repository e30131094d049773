//! The metrics of labelled arms of branches.

use super::super::ArmTally;
use super::{How, Walk, plain, ratio};

impl Walk<'_> {
    /// The executions of a labelled arm of a branch.
    pub(super) fn arm(&mut self, entity: &str, index: usize) {
        let kind = "branch";
        let none = ArmTally::default();
        let of = self.record.map_or(&none, |record| &record.arms[index]);
        let latencies = of.latency.distribution();
        self.latency(kind, entity, of.completed, &of.moments, &latencies);
        self.put(kind, entity, ("chosen", ""), "total", "1", How::Mean, |_| {
            plain(of.chosen as f64)
        });
        self.put(kind, entity, ("failed", ""), "total", "1", How::Mean, |_| {
            plain(of.failed as f64)
        });
        self.put(kind, entity, ("share", ""), "mean", "1", How::Ratio, |_| {
            ratio(of.chosen as f64, of.of as f64)
        });
        self.put(kind, entity, ("error_ratio", ""), "mean", "1", How::Ratio, |_| {
            ratio(of.failed as f64, (of.completed + of.failed) as f64)
        });
        self.keep(kind, entity, "latency", latencies);
    }
}

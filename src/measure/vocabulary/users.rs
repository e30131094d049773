//! The metrics of users: of those who stay away, and of what a tool sees that waits for answers.

use super::super::ArmTally;
use super::{How, Walk, plain, ratio};

impl Walk<'_> {
    /// Users of a workload who stayed away.
    pub(super) fn deterred(&mut self, name: &str, workload: usize) {
        self.put("workload", name, ("deterred", ""), "total", "1", How::Mean, |record| {
            plain(record.deterred[workload] as f64)
        });
    }
    /// What the tool of a workload sees.
    pub(super) fn tool(&mut self, workload: u32) {
        let (kind, entity) = ("tool", self.layout.workloads[workload as usize].as_str());
        let none = ArmTally::default();
        let of = self.record.map_or(&none, |record| &record.tools[workload as usize]);
        let latencies = of.latency.distribution();
        self.latency(kind, entity, of.completed, &of.moments, &latencies);
        self.put(kind, entity, ("requests", ""), "total", "1", How::Mean, |_| {
            plain(of.chosen as f64)
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

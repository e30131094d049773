//! What one replication leaves behind. Its size does not depend on how many requests there were.

use super::gauges::{RESOURCE_GAUGES, SCALE_GAUGES};
use super::{ArmTally, InstanceTally, Kept, LinkTally, Measured, PhaseTally, Tally, Window};
use crate::request::{FURTHER_PARTS_MAX, Outcome, PARTS};
use crate::units::{Span, Time};
use serde::{Deserialize, Serialize};

/// The result of one replication.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub replication: u32,
    /// The key all its draws come from.
    pub seed_key: u64,
    /// Calendar entries fired.
    pub events: u64,
    /// Length of the measured part, ns.
    pub measured_ns: u64,
    /// By flow.
    pub flows: Vec<Tally>,
    /// By instance.
    pub instances: Vec<InstanceTally>,
    /// By link.
    pub links: Vec<LinkTally>,
    /// By queue of a balancer.
    pub queues: Vec<Measured>,
    /// By shared resource.
    pub resources: Vec<[Measured; RESOURCE_GAUGES.len()]>,
    /// By shared resource: for how long the units of its hottest key were held, ns.
    pub hottest_ns: Vec<u64>,
    /// By service that scales.
    pub scaling: Vec<[Measured; SCALE_GAUGES.len()]>,
    /// By flow, then by further part: time spent, ns, by answered requests of the measured part.
    pub further_ns: Vec<u128>,
    /// By flow: core time of requests that ended in the measured part, and failed or were no longer
    /// waited for, ns.
    pub wasted_ns: Vec<u128>,
    /// By label: time spent in such waits, ns, by requests of the measured part.
    pub labels_ns: Vec<u128>,
    /// By labelled arm of a branch.
    pub arms: Vec<ArmTally>,
    /// By promise.
    pub kept: Vec<Kept>,
    /// By workload: users who stayed away.
    pub deterred: Vec<u64>,
    /// By workload, if any has a tool: what that has seen.
    pub tools: Vec<ArmTally>,
    /// By workload: its requests in the system.
    pub backlog: Vec<Backlog>,
    /// Phase by phase, by workload.
    pub phases: Vec<PhaseTally>,
    /// By recovery, then by workload: how long it took, s; NaN if it did not come.
    pub recoveries_s: Vec<f64>,
    /// By service: requests that wait there.
    pub waiting: Vec<Backlog>,
    /// One row a window: values in the order of [`super::Layout::series`].
    pub series: Vec<SeriesRow>,
    pub happenings: Vec<Happening>,
    /// Requests that wait for each other for ever.
    pub deadlock: Option<Deadlock>,
    pub requests: Vec<RequestRow>,
}

/// How requests pile up over the last stretch of a run in which nothing changes
/// (`Plan::regime_from`): of a workload those that are in the system, of a service those that wait
/// for a core, for memory or to be admitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Backlog {
    /// When the stretch begins.
    pub start: u64,
    /// In its middle.
    pub middle: u64,
    /// At the end of the run.
    pub end: u64,
    /// Requests that came in its second half.
    pub arrivals: u64,
    /// The same without those that failed: a failed one may never have asked for anything, or have
    /// left its line.
    pub kept: u64,
}

impl Backlog {
    /// Two replications as one of twice the size: growth is looked at as a share of the arrivals.
    pub(crate) fn with(&self, other: &Backlog) -> Backlog {
        Backlog {
            start: self.start + other.start,
            middle: self.middle + other.middle,
            end: self.end + other.end,
            arrivals: self.arrivals + other.arrivals,
            kept: self.kept + other.kept,
        }
    }
}

/// One window of all series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SeriesRow {
    pub start: Time,
    pub end: Time,
    pub windows: Box<[Window]>,
}

/// Something other than a request's event that happened: a fault began, a fault ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Happening {
    pub at: Time,
    pub kind: &'static str,
    pub entity: String,
    pub what: &'static str,
    pub detail: String,
}

/// Requests that wait for each other for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deadlock {
    /// When the circle closed.
    pub at: Time,
    /// How many requests wait in it, and for it.
    pub requests: u64,
    /// The circle: who waits for what.
    pub circle: String,
    /// The workloads whose requests wait, rising.
    pub workloads: Vec<u32>,
}

/// One sampled request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestRow {
    /// Its key, which also names it.
    pub request: u64,
    /// The key of the request that called, 0 for one from a workload.
    pub caller: u64,
    pub flow: u32,
    /// The instance that served it, [`crate::request::NONE`] if none did.
    pub instance: u32,
    pub arrived: Time,
    pub finished: Time,
    pub spent: [Span; PARTS.len()],
    /// In further parts, of those of the plan.
    pub further: [Span; FURTHER_PARTS_MAX],
    pub outcome: Outcome,
}

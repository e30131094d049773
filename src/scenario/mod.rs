//! The scenario as written: types, reading (YAML, RON, JSON, AsyncFlow 0.1), checks, writing,
//! schema.
//!
//! The written forms of steps, distributions, runtimes, policies and faults live in their own
//! modules; this module composes them into a file, and locates each part in the text.
//! `docs/scenario-file.md` in the repository is the reference of the file; [`Scenario::new`] shows
//! how to build a scenario in Rust.

mod asyncflow01;
mod broken;
mod build;
mod capacity;
mod changes;
mod check;
mod classes;
mod demand;
mod directory;
mod estimate;
mod external;
mod flow_balance;
#[cfg(test)]
mod flow_balance_tests;
mod hints;
mod kinds;
mod nodes;
mod popularity;
mod reader;
mod regime;
mod replications;
mod run;
mod schema;
mod service;
mod shapes;
mod slo;
mod sweep;
mod template;
#[doc(hidden)]
pub mod text;
mod topology;
mod visits;
mod writer;

#[doc(hidden)]
pub use asyncflow01::is_asyncflow01;
pub use capacity::Capacity;
pub(crate) use capacity::REPLICATIONS_MIN;
pub(crate) use changes::{Change, Kind, PHASES_MAX, changes, first as first_change};
pub use check::check;
pub(crate) use directory::NameTable;
pub use estimate::{Estimate, ServiceLoad, Spread, estimate};
pub use external::External;
pub(crate) use flow_balance::{FlowBalance, ServiceBalance, Standing};
pub use flow_balance::{Held, Resource};
pub use reader::{Loaded, Source, from_yaml, read, read_file};
pub(crate) use reader::{MEASURED, read_built};
pub use regime::{Regime, Unfinished};
pub use replications::{HalfWidth, Precision, Replications, Until, Warmup};
pub use run::{Confidence, Limits, Output, Run};
pub use schema::schema;
pub use service::{Endpoint, InstanceSpec, Service};
pub(crate) use slo::About;
pub use slo::{Goal, Good, Slo};
pub use sweep::{Parameters, Sweep};
pub(crate) use template::Template;
pub use text::Format;
pub(crate) use visits::visits;
pub use writer::{WriteError, to_json, to_ron, to_yaml};

pub use crate::fault::{Added, Crash, Degrade, Errors, Fault, Slow};
pub use crate::network::Link;
pub use crate::policy::balance::Balance;
pub use crate::policy::scale::{Autoscale, Behaviour, Drain, Hpa, Metric, Policy, Select};
pub use crate::random::dists::Dist;
pub use crate::server::{EventLoop, Machine, Queue, QueueOrder, Runtime, Schedule, Tasks};
pub use crate::step::{
    Arm, Block, Branch, Call, Cpu, Fail, Hold, Join, Load, LoadPoint, Lock, LockKeys, Memory,
    Offload, Parallel, Pool, Repeat, Respond, Scope, Spawn, Step, Wait,
};
pub use crate::workload::{
    Arrivals, Batch, Closed, Columns, Diurnal, Elasticity, Mmpp, Noise, Open, Patience, RateShape,
    RateSpread, RateState, Regular, Reload, Replay, Sessions, ShapedRate, Shapes, Spacing, Spike,
    Stage, Stages, Table, TableRate, Tool, Trace, Users, Variation, Weekly, Workload,
};

use crate::measure::QUANTILES;
use crate::units::Percentile;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A whole scenario file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The version of the format: 1.
    pub version: u32,
    /// The name of the scenario; the file's name if not given.
    #[serde(default)]
    pub name: String,
    /// Duration, replications and other settings of a run.
    #[serde(default)]
    pub run: Run,
    /// The classes of workloads, in the order in which queues with `order: priority` serve them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// The workloads, which send requests, by name.
    pub workload: IndexMap<String, Workload>,
    /// The services, which serve requests, by name.
    pub services: IndexMap<String, Service>,
    /// The network links: `"a -> b"`, or `default` for all others.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub links: IndexMap<String, Link>,
    /// The faults that occur during a run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// The service level objectives, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub slos: IndexMap<String, Slo>,
    /// The output of a run.
    #[serde(default)]
    pub output: Output,
    /// The parameters that `asyncflow sweep` varies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
    /// The parameter that `asyncflow capacity` searches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
}

/// Top-level keys reserved for later releases.
pub(crate) const RESERVED: [&str; 6] =
    ["zones", "caches", "databases", "queues", "models", "policies"];

/// Splits a link's key into its two ends.
pub(crate) fn split_link(key: &str) -> Option<(&str, &str)> {
    let (from, to) = key.split_once("->")?;
    Some((from.trim(), to.trim()))
}

impl Scenario {
    /// Returns the target of a fault, and a description of its effect.
    pub fn describe_fault(&self, fault: &Fault) -> (String, String) {
        let (target, what) = fault.describe();
        (target.to_string(), what)
    }
    /// Returns the percentiles of latencies that its objectives and its rule of replications name
    /// beside those that are always reported, rising.
    pub(crate) fn percentiles(&self) -> Vec<Percentile> {
        let goals = self.slos.values().flat_map(|slo| slo.percentiles.keys().copied());
        let until: &[Precision] = match &self.run.replications {
            Replications::Until(until) => &until.until,
            Replications::Fixed(_) => &[],
        };
        let stats = until.iter().filter_map(|precision| slo::split(&precision.metric));
        let until = stats.filter_map(|(_, stat)| Percentile::named(stat));
        let usual = QUANTILES.map(|(name, _)| name);
        let found: BTreeSet<Percentile> = goals.chain(until).collect();
        found.into_iter().filter(|percentile| !usual.contains(&percentile.name())).collect()
    }
}

//! The answer of a sensitivity analysis: the influence of every parameter on one metric.

use crate::stats::{Effect, Indices};
use serde_json::Value;

/// The method of analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// Screening with this many trajectories: trajectories · (parameters + 1) points.
    Morris(u32),
    /// Sobol indices from this many groups of points: groups · (parameters + 2) points.
    Sobol(u32),
}

impl Method {
    /// Returns the name of the method in the result files.
    pub fn name(self) -> &'static str {
        match self {
            Method::Morris(_) => "morris",
            Method::Sobol(_) => "sobol",
        }
    }
}

/// The influence of one parameter on the metric.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Influence {
    /// The path of the parameter.
    pub path: String,
    /// The ends of its range as written in the scenario; for a list, its first and its last value.
    pub range: (Value, Value),
    /// Its elementary effects, with [`Method::Morris`].
    pub effect: Option<Effect>,
    /// Its Sobol indices, with [`Method::Sobol`].
    pub indices: Option<Indices>,
}

/// Whether the metric varies over the points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Variation {
    /// The metric differs from point to point.
    Varies,
    /// It is the same at all points that have a value.
    Constant,
    /// No point has a value: nothing was answered, or a limit was reached.
    NoValue,
}

impl Variation {
    /// Returns the name of the variation in the result files.
    pub fn name(self) -> &'static str {
        match self {
            Variation::Varies => "varies",
            Variation::Constant => "does_not_vary",
            Variation::NoValue => "no_value",
        }
    }
}

/// The sensitivity of one metric.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sensitivity {
    /// The method of analysis.
    pub method: Method,
    /// `workload`, `endpoint`, `service` …
    pub kind: &'static str,
    /// The name of the workload, endpoint, service …
    pub entity: String,
    /// The metric.
    pub metric: String,
    /// The statistic of the metric: `mean`, `p99` …
    pub stat: &'static str,
    /// The unit of the metric.
    pub unit: &'static str,
    /// The number of points run.
    pub points: u64,
    /// The number of those points without a value.
    pub unknown: u64,
    /// The number of overloaded points: their numbers depend on the length of the run.
    pub overloaded: u64,
    /// The largest share of failed requests, in 0 to 1, of the metric's entity at any point:
    /// latencies cover only the other requests. NaN if the entity has no error ratio.
    pub most_failed: f64,
    /// Whether the metric varies over the points.
    pub variation: Variation,
    /// The smallest and the largest value of the metric; NaN if no point has a value.
    pub range: (f64, f64),
    /// The influence of each parameter, the largest first.
    pub parameters: Vec<Influence>,
}

impl Sensitivity {
    /// Returns the full name of the metric, `ENTITY.METRIC.STATISTIC`.
    pub fn name(&self) -> String {
        format!("{}.{}.{}", self.entity, self.metric, self.stat)
    }
}

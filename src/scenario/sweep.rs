//! The `sweep` section: which parameters vary, and how the points are chosen.

use crate::design::value::AsWritten;
use crate::design::{self, Design, Points, Vary};
use crate::problem::Problems;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// The parameter values of a point, by path.
pub type Parameters = IndexMap<String, serde_json::Value>;

/// `sweep: { vary: { services.api.replicas: [1, 2, 4] } }`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// How the points are chosen.
    #[serde(default)]
    pub design: Design,
    /// Scenario paths, each with its values or its range. Any path can vary, including a policy's
    /// name or a whole subtree.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub vary: IndexMap<String, Vary>,
    /// For `list`: the points themselves, each with a value for every path.
    #[serde(default, skip_serializing_if = "Vec::is_empty", serialize_with = "rows")]
    pub rows: Vec<Parameters>,
    /// For `lhs` and `sobol`: the number of points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<u32>,
    /// Seed of the design's random numbers.
    #[serde(default = "one")]
    pub seed: u64,
}

/// Serialises rows, with each value in the form that every notation can write.
fn rows<S: Serializer>(rows: &[Parameters], to: S) -> Result<S::Ok, S::Error> {
    struct Row<'r>(&'r Parameters);
    impl Serialize for Row<'_> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            to.collect_map(self.0.iter().map(|(path, value)| (path, AsWritten(value))))
        }
    }
    to.collect_seq(rows.iter().map(Row))
}

fn one() -> u64 {
    1
}

impl Sweep {
    /// Whether it has neither parameters nor rows.
    pub fn is_empty(&self) -> bool {
        self.vary.is_empty() && self.rows.is_empty()
    }
    pub(crate) fn check(&self, problems: &mut Problems) {
        design::check(self.design, &self.vary, &self.rows, self.points, "sweep", problems);
    }
    /// Returns the points of the design.
    pub(crate) fn points(&self) -> Points {
        design::points(self.design, &self.vary, &self.rows, self.points, self.seed)
    }
}

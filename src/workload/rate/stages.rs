//! `stages`: a rate that changes in linear ramps, as in load generators; the last one is kept.
//!
//! Checked: counts against the integral in `tests/it/workload.rs`.

use crate::problem::Problems;
use crate::units::{Rate, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Linear ramps, one after the other; the last rate is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stages {
    /// The rate at the beginning.
    #[serde(default)]
    pub from: Rate,
    /// The ramps.
    pub stages: Vec<Stage>,
}

/// One ramp. `over: 0s` is a jump.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The rate at the end of the ramp.
    pub to: Rate,
    /// The duration of the ramp.
    pub over: Span,
}

impl Stages {
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        if self.stages.is_empty() {
            let help = "write for example `stages: [ { to: 500/s, over: 2m } ]`";
            problems
                .error(format!("{path}.stages"), "`stages` needs at least one stage")
                .advise(help);
        }
    }
}

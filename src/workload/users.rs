//! Windows of active users, AsyncFlow's original workload: every `resample` the number of active
//! users is redrawn; within a window requests are Poisson at rate `active × each`. A window with 0
//! users has no requests. How `each` differs: `rate/spread.rs`.

use super::RateSpread;
use crate::problem::Problems;
use crate::random::dists::Dist;
use crate::units::{Count, Rate, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A workload of active users: `users: { active: { poisson: 100 }, each: 20/min, resample: 60s }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Users {
    /// The number of active users in a window.
    pub active: Dist<Count>,
    /// The request rate of one active user.
    pub each: Rate,
    /// How the rate of a user differs from window to window; it does not if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<RateSpread>,
    /// The length of a window.
    #[serde(default = "a_minute")]
    pub resample: Span,
}

fn a_minute() -> Span {
    Span::from_seconds(60.0)
}

impl Users {
    /// Creates a workload of `active` users that send requests at rate `each`; the number is
    /// redrawn every minute.
    pub fn new(active: Dist<Count>, each: Rate) -> Users {
        Users { active, each, spread: None, resample: a_minute() }
    }
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        self.active.check(&format!("{path}.active"), problems);
        if let Some(spread) = &self.spread {
            spread.check(&format!("{path}.spread"), problems);
        }
        if self.resample.0 < 1_000_000 {
            problems
                .error(
                    format!("{path}.resample"),
                    format!("a window of {} is shorter than 1ms", self.resample),
                )
                .advise("60s is the default");
        }
    }
}

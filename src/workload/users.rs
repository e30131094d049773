//! Users' windows, AsyncFlow's workload: every `resample` the number of active users is drawn anew;
//! until the next draw requests are Poisson at `active × each`. A draw of 0 is a silent window.

use crate::problem::Problems;
use crate::random::dists::Dist;
use crate::units::{Count, Rate, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `users: { active: { poisson: 100 }, each: 20/min, resample: 60s }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Users {
    /// How many users are active in a window.
    pub active: Dist<Count>,
    /// Requests of one active user.
    pub each: Rate,
    /// How long a window is.
    #[serde(default = "a_minute")]
    pub resample: Span,
}

fn a_minute() -> Span {
    Span::from_seconds(60.0)
}

impl Users {
    /// Creates users of whom so many are active at a time, each at this rate; the number is drawn
    /// anew every minute.
    pub fn new(active: Dist<Count>, each: Rate) -> Users {
        Users { active, each, resample: a_minute() }
    }
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        self.active.check(&format!("{path}.active"), problems);
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

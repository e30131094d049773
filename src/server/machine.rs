//! What an instance is made of, as written: cores, memory, speed, price, and the queue at its door.

use crate::problem::Problems;
use crate::random::dists::Dist;
use crate::units::{Bytes, Count, Factor, Money, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A machine (virtual machine, container) that runs one instance of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Cores.
    #[serde(default = "one")]
    pub cpu: u32,
    /// Memory; unlimited if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Bytes>,
    /// How much faster its cores are than the ones the demands were measured on.
    #[serde(default)]
    pub speed: Factor,
    /// Its price per hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
}

/// More cores than any machine has.
pub(crate) const CORES_MAX: u32 = 4096;

fn one() -> u32 {
    1
}

impl Default for Machine {
    fn default() -> Machine {
        Machine { cpu: 1, memory: None, speed: Factor::default(), price: None }
    }
}

impl Machine {
    /// Notes what is wrong with it.
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        if self.cpu == 0 || self.cpu > CORES_MAX {
            problems.error(
                format!("{path}.cpu"),
                format!("an instance has 1 to {CORES_MAX} cores, not {}", self.cpu),
            );
        }
    }
}

/// The queue of requests that wait to be admitted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// How many may wait; one more is rejected. Any number if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Count>,
    /// How long a request waits; then it leaves the queue, and fails with the outcome
    /// `queue_timeout`. For ever if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Dist<Span>>,
    /// Who is admitted next.
    #[serde(default, skip_serializing_if = "QueueOrder::is_default")]
    pub order: QueueOrder,
}

/// The order in which requests that wait are admitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QueueOrder {
    /// First come, first served.
    #[default]
    Fifo,
    /// By the class of their workload, and first come, first served within it.
    Priority,
}

impl QueueOrder {
    fn is_default(&self) -> bool {
        *self == QueueOrder::default()
    }
}

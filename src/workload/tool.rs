//! `tool: { connections: 10 }`: what a load generator would have told of the same requests that
//! sends the next one only when it has an answer.
//!
//! Law: each connection takes the next request that arrives while it is free, and is taken until
//! that has ended, in whichever way. The latencies of those that are taken are what the tool tells:
//! while the system is slow, all connections are waiting, and the requests that arrive then are not
//! among them ("coordinated omission": Tene 2013, "How NOT to measure latency"). Nothing of the
//! simulation changes. In front of infinitely many servers one connection sees the share
//! 1/(1 + λR) of the requests, and their true latencies.
//! Checked: `mm1_tool` in `tests/it/theory.rs` (an embedded chain), `tests/it/users.rs`.

use crate::problem::Problems;
use crate::units::Count;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A load generator that waits for answers: `tool: { connections: 10 }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Tool {
    /// How many requests it has in flight at most: its connections, threads or virtual users.
    pub connections: Count,
}

impl Tool {
    /// A tool with this number of connections.
    pub fn new(connections: u64) -> Tool {
        Tool { connections: Count(connections) }
    }
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        if self.connections == Count(0) {
            problems
                .error(format!("{path}.connections"), "a tool without connections sends nothing")
                .advise("write for example `tool: { connections: 10 }`, or leave `tool` out");
        }
    }
}

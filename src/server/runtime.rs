//! Runtimes: who may hold a request, and who may run code.
//!
//! `event_loop`: each worker is one single-threaded loop on its own core. A request belongs to one
//! loop, drawn when it is admitted, and never migrates; its bursts run one at a time, first come,
//! first served; while it waits the loop is free (asyncio, Node). `tasks`: any core takes the next
//! ready burst from one queue (Go, Tokio; AsyncFlow 0.1's `cpu_cores: n`); with `schedule: ps` all
//! ready bursts share the cores (`resource/sharing.rs`).

use super::machine::CORES_MAX;
use crate::problem::Problems;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an instance runs code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Runtime {
    /// Single-threaded loops, each with its own queue.
    EventLoop(EventLoop),
    /// Cores that share one queue.
    Tasks(Tasks),
}

/// Event loops.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventLoop {
    /// How many loops; each has a core to itself.
    #[serde(default = "one")]
    pub workers: u32,
}

/// Cheap tasks on all cores.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tasks {
    /// Which ready burst runs next.
    #[serde(default)]
    pub schedule: Schedule,
}

/// The order of ready bursts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Schedule {
    /// First come, first served.
    #[default]
    Fifo,
    /// All of them at once: they share the cores equally (processor sharing), as threads of an
    /// operating system do.
    Ps,
}

fn one() -> u32 {
    1
}

impl Default for Runtime {
    fn default() -> Runtime {
        Runtime::EventLoop(EventLoop { workers: 1 })
    }
}

impl Runtime {
    /// Whether its bursts share its cores, instead of queueing for them.
    pub(crate) fn shares_cores(&self) -> bool {
        matches!(self, Runtime::Tasks(Tasks { schedule: Schedule::Ps }))
    }
    /// Notes what is wrong with it.
    pub(crate) fn check(&self, cores: u32, path: &str, problems: &mut Problems) {
        if let Runtime::EventLoop(EventLoop { workers }) = self {
            let path = format!("{path}.event_loop.workers");
            if *workers == 0 {
                problems
                    .error(path, "an event loop needs at least 1 worker")
                    .advise("write `workers: 1`, or leave it out");
            } else if *workers > cores && (1..=CORES_MAX).contains(&cores) {
                let plural = if cores == 1 { "core" } else { "cores" };
                problems
                    .error(path, format!("{workers} workers do not fit on {cores} {plural}: each event loop needs a core to itself"))
                    .advise(format!("write `workers: {cores}`, or give the instance `cpu: {workers}`"));
            }
        }
    }
    /// Cores that it can use of so many.
    pub(crate) fn cores(&self, cores: u32) -> u32 {
        let (workers, each) = self.workers(cores);
        workers.saturating_mul(each)
    }
    /// Workers, and cores of each.
    pub(crate) fn workers(&self, cores: u32) -> (u32, u32) {
        match self {
            Runtime::EventLoop(EventLoop { workers }) => (*workers, 1),
            Runtime::Tasks(_) => (1, cores),
        }
    }
}

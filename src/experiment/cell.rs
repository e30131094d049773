//! A cell is (point, replication): a pure function from (scenario, overrides, seed, replication) to
//! a [`CellRecord`].
//!
//! Everything in this module either chooses cells or reduces their records *in a fixed order*. A
//! record is small, can be written and read back without loss, and does not depend on any other
//! record: threads, shards of a job array and a resumed run all produce the same bytes. A cell that
//! reaches a limit, panics or cannot be built becomes a [`Failure`] with its reason, and the other
//! cells continue.

use crate::measure::{
    self, Backlog, Deadlock, Happening, RequestRow, SeriesRow, SparseHistogram, Value,
};
use crate::plan::Plan;
use crate::sim::{Controls, SimError, drawn, simulate};
use crate::units::Time;
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One replication of one point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// The index of the point, from 0.
    pub point: u64,
    /// The index of the replication, from 0.
    pub replication: u32,
}

/// The result of a cell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CellRecord {
    pub replication: u32,
    /// The key from which all its random draws derive.
    pub seed_key: u64,
    /// The number of events fired.
    pub events: u64,
    /// The start of the measurement (the end of the warm-up).
    pub measured_from: Time,
    /// In the order of [`measure::Vocabulary::metrics`].
    pub values: Vec<Value>,
    /// In the order of [`measure::Vocabulary::histograms`].
    pub histograms: Vec<SparseHistogram>,
    /// By workload: its requests in the system.
    pub backlog: Vec<Backlog>,
    /// By service: the requests waiting there.
    pub waiting: Vec<Backlog>,
    /// The drawn control variates by workload, if `run.control_variates` is set.
    pub controls: Vec<Controls>,
    /// By metric, half the difference within the antithetic pair, if `run.antithetic` is set.
    pub half_differences: Vec<f64>,
    /// Requests that wait for each other for ever.
    pub deadlock: Option<Box<Deadlock>>,
    /// One row per window, if series are kept.
    pub series: Vec<SeriesRow>,
    /// What went wrong and when. Not stored for sweeps: it follows from the scenario.
    #[serde(skip)]
    pub happenings: Vec<Happening>,
    /// Sampled requests. Not stored for sweeps.
    #[serde(skip)]
    pub requests: Vec<RequestRow>,
}

/// Why a cell has no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A limit of the scenario was reached.
    #[error(transparent)]
    Limit(#[from] SimError),
    /// A bug in AsyncFlow.
    #[error("replication {replication} panicked: {words}")]
    #[allow(missing_docs, reason = "the message names them")]
    Panicked { replication: u32, words: String },
    /// The scenario of the point is invalid.
    #[error("{0}")]
    Invalid(String),
    /// It failed in an earlier run, which stored the reason.
    #[error("{reason}")]
    #[allow(missing_docs, reason = "as stored by the earlier run")]
    Before { kind: String, reason: String },
}

impl Failure {
    /// Returns whether the cell was interrupted; nothing is known about it then.
    pub fn is_interruption(&self) -> bool {
        *self == Failure::Limit(SimError::Interrupted)
    }
    /// Returns advice on how to avoid the failure, if there is any.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Failure::Limit(SimError::InFlight { .. }) => Some(
                "the system is probably overloaded; otherwise raise the limit, for example to `run.limits.in_flight: 10M` (about 256 B per request)",
            ),
            Failure::Limit(SimError::Events { .. }) => Some(
                "shorten `run.duration`, or raise the limit, for example to `run.limits.events: 100G`",
            ),
            Failure::Panicked { .. } => {
                Some("this is a bug in AsyncFlow: please report it with the scenario and the seed")
            }
            _ => None,
        }
    }
    /// Returns the kind of failure as it is written in the result files.
    pub fn name(&self) -> &str {
        match self {
            Failure::Limit(_) => "limit",
            Failure::Panicked { .. } => "panicked",
            Failure::Invalid(_) => "invalid",
            Failure::Before { kind, .. } => kind,
        }
    }
}

/// Runs one replication of a plan.
///
/// # Errors
/// If a limit of the scenario is reached, `interrupted` is set, or the simulation panics.
pub(crate) fn run(
    plan: &Arc<Plan>,
    replication: u32,
    interrupted: &AtomicBool,
) -> Result<CellRecord, Failure> {
    if interrupted.load(Ordering::Relaxed) {
        return Err(SimError::Interrupted.into());
    }
    // Unwind safe: the world is dropped after a panic, and the plan is never modified.
    let simulated = catch_unwind(AssertUnwindSafe(|| -> Result<CellRecord, SimError> {
        let mut record = simulate(plan, replication, interrupted)?;
        let (values, histograms) = measure::take_values(&plan.layout, &mut record);
        let (seed_key, events) = (record.seed_key, record.events);
        let (backlog, waiting) = (record.backlog, record.waiting);
        let (series, happenings, requests) = (record.series, record.happenings, record.requests);
        Ok(CellRecord {
            replication,
            seed_key,
            events,
            measured_from: plan.measured_from,
            values,
            histograms,
            backlog,
            waiting,
            controls: if plan.control_variates { drawn(plan, replication) } else { Vec::new() },
            half_differences: Vec::new(),
            deadlock: record.deadlock.map(Box::new),
            series,
            happenings,
            requests,
        })
    }));
    match simulated {
        Ok(result) => result.map_err(Failure::Limit),
        Err(panic) => {
            let message = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
            Err(Failure::Panicked {
                replication,
                words: message.unwrap_or_else(|| "(no message)".to_string()),
            })
        }
    }
}

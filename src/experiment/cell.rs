//! A cell is (point, replication): a pure function from (scenario, overrides, seed, replication) to
//! a [`CellRecord`].
//!
//! Everything this room does is a way to choose cells and to reduce their records *in their own
//! order*. A record is small, can be written down and read back without loss, and does not depend
//! on any other: threads, shards of a job array and a resumed run give the same bytes. A cell that
//! reaches a limit, panics or cannot be built is a [`Failure`] with its reason, and the others go
//! on.

use crate::measure::{self, Backlog, Happening, RequestRow, SeriesRow, SparseHistogram, Value};
use crate::plan::Plan;
use crate::sim::{Controls, SimError, drawn, simulate};
use crate::units::Time;
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One replication of one point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// Number of the point, from 0.
    pub point: u64,
    /// Number of the replication, from 0.
    pub replication: u32,
}

/// What a cell gives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CellRecord {
    pub replication: u32,
    /// The key all its draws come from.
    pub seed_key: u64,
    /// Calendar entries fired.
    pub events: u64,
    /// Where its measured part began.
    pub measured_from: Time,
    /// In the order of [`measure::Vocabulary::metrics`].
    pub values: Vec<Value>,
    /// In the order of [`measure::Vocabulary::histograms`].
    pub histograms: Vec<SparseHistogram>,
    /// By workload: its requests in the system.
    pub backlog: Vec<Backlog>,
    /// By service: requests that wait there.
    pub waiting: Vec<Backlog>,
    /// If `run.control_variates`: what it drew, by workload.
    pub controls: Vec<Controls>,
    /// If `run.antithetic`: by metric, half of what the two of the pair differ by.
    pub half_differences: Vec<f64>,
    /// One row a window, if series are kept.
    pub series: Vec<SeriesRow>,
    /// What went wrong and when. Not written down for sweeps: the scenario says it.
    #[serde(skip)]
    pub happenings: Vec<Happening>,
    /// Sampled requests. Not written down for sweeps.
    #[serde(skip)]
    pub requests: Vec<RequestRow>,
}

/// Why a cell gives nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// A limit of the scenario was reached.
    #[error(transparent)]
    Limit(#[from] SimError),
    /// A mistake of ours.
    #[error("replication {replication} panicked: {words}")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Panicked { replication: u32, words: String },
    /// The point is no scenario that can run.
    #[error("{0}")]
    Invalid(String),
    /// It failed in a run before, which wrote down why.
    #[error("{reason}")]
    #[allow(missing_docs, reason = "as they were written down")]
    Before { kind: String, reason: String },
}

impl Failure {
    /// Whether somebody asked to stop: then nothing is known of the cell.
    pub fn is_interruption(&self) -> bool {
        *self == Failure::Limit(SimError::Interrupted)
    }
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Failure::Limit(SimError::InFlight { .. }) => Some(
                "the system is probably overloaded (see `asyncflow check`); or allow more with `--set run.limits.in_flight=10M`, about 256 B each",
            ),
            Failure::Limit(SimError::Events { .. }) => {
                Some("shorten `run.duration`, or allow more with `--set run.limits.events=100G`")
            }
            Failure::Panicked { .. } => {
                Some("this is a bug of AsyncFlow: please report it with the scenario and the seed")
            }
            _ => None,
        }
    }
    /// One word for the files.
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
/// When a limit of the scenario is reached, `interrupted` has been set, or the simulation panics.
pub fn run(
    plan: &Arc<Plan>,
    replication: u32,
    interrupted: &AtomicBool,
) -> Result<CellRecord, Failure> {
    if interrupted.load(Ordering::Relaxed) {
        return Err(SimError::Interrupted.into());
    }
    // Nothing that a panic leaves half-done is looked at again: the world is dropped, and the plan
    // is never written to.
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
            series,
            happenings,
            requests,
        })
    }));
    match simulated {
        Ok(result) => result.map_err(Failure::Limit),
        Err(panic) => {
            let words = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|words| words.to_string()));
            Err(Failure::Panicked {
                replication,
                words: words.unwrap_or_else(|| "without words".to_string()),
            })
        }
    }
}

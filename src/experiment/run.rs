//! Running the replications of one point.

use super::cell::{Cell, CellRecord, Failure};
use super::drive::{AHEAD, DriveError, Options, Study, Task, drive};
use super::fold::Fold;
use super::point::{CompiledPoint, Point};
use super::replications::{Replications, Rule};
use std::sync::Arc;

/// How far a question is.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Progress {
    /// Replications that are complete; of a sweep, points.
    pub done: u64,
    /// Replications that were run; the same as `done` but for a sweep.
    pub cells: u64,
    /// The total expected so far, of what `done` counts: it may grow while a goal of precision is
    /// not met.
    pub of: u64,
    /// Events fired so far.
    pub events: u64,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A replication gave nothing.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// What was to be written could not be.
    #[error("{0}")]
    Sink(String),
    /// What was written down of a sweep is not all of it.
    #[error("point {point} has {there} of {of} replications")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Missing { point: u64, there: u32, of: u32 },
    /// No variant can be chosen.
    #[error("no variant has a value of the metric: nothing was answered")]
    NoValue,
    /// No thread could be started.
    #[error("{threads} threads cannot be started: {cause}")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Threads { threads: usize, cause: String },
}

impl From<DriveError<RunError>> for RunError {
    fn from(error: DriveError<RunError>) -> RunError {
        match error {
            DriveError::Threads { threads, cause } => RunError::Threads { threads, cause },
            DriveError::Study(error) => error,
        }
    }
}

/// Takes every replication, in order. An error ends the run.
pub type Sink<'s> = dyn FnMut(&CellRecord) -> Result<(), String> + 's;

struct Run<'r> {
    point: Arc<Point>,
    replications: Replications,
    ahead: u32,
    progress: Progress,
    sink: &'r mut Sink<'r>,
    show: &'r mut dyn FnMut(Progress),
}

impl Study for Run<'_> {
    type Error = RunError;
    fn next(&mut self) -> Option<Task> {
        let replication = self.replications.next(self.ahead)?;
        Some(Task { cell: Cell { point: 0, replication }, point: self.point.clone() })
    }
    fn take(&mut self, cell: Cell, result: Result<CellRecord, Failure>) -> Result<(), RunError> {
        self.progress.done += 1;
        self.progress.cells += 1;
        self.progress.events += result.as_ref().map_or(0, |record| record.events);
        let sink = &mut self.sink;
        self.replications.take(cell.replication, result, &mut |result| match result {
            Ok(record) => sink(record).map_err(RunError::Sink),
            Err(failure) => Err(failure.clone().into()),
        })?;
        self.progress.of = self.replications.wanted() as u64;
        (self.show)(self.progress);
        Ok(())
    }
}

/// Runs the replications of a scenario until there are enough, hands each to `sink` in order, and
/// folds them. What was run, and on how many threads, too.
///
/// # Errors
/// A replication gave nothing (the first in their order), the sink failed, or no thread could be
/// started. Being interrupted is no error: the fold has the replications that were complete.
pub fn replicate<'r>(
    built: CompiledPoint,
    rule: Rule,
    options: Options,
    sink: &'r mut Sink<'r>,
    show: &'r mut dyn FnMut(Progress),
) -> Result<(Arc<CompiledPoint>, Replications, usize), RunError> {
    let threads = options.threads_for(rule.max as u64);
    let fold = Fold::new(&built.plan);
    let progress = Progress { of: rule.min as u64, ..Progress::default() };
    let replications = Replications::new(rule, fold);
    let ahead = (AHEAD * threads) as u32;
    let mut run =
        Run { point: Arc::new(Point::ready(built)), replications, ahead, progress, sink, show };
    drive(&mut run, threads, options.interrupted)?;
    let built = run.point.built(options.interrupted)?;
    Ok((built, run.replications, threads))
}

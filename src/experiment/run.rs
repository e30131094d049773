//! Runs the replications of one point.

use super::cell::{Cell, CellRecord, Failure};
use super::drive::{AHEAD, Options, Study, Task, drive};
use super::fold::Fold;
use super::point::{CompiledPoint, Point};
use super::replications::{Replications, Rule};
use std::sync::Arc;

/// The progress of an experiment.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Progress {
    /// The number of complete replications; in a sweep, of complete points.
    pub done: u64,
    /// The number of replications run; equal to `done` except in a sweep.
    pub cells: u64,
    /// The total expected so far, in the unit of `done`; it may grow while a precision goal is not
    /// met.
    pub of: u64,
    /// The number of events fired so far.
    pub events: u64,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A replication failed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The output could not be written: the error of the code that writes it.
    #[error(transparent)]
    Sink(StorageError),
    /// The stored results of a sweep could not be read: the error of their store.
    #[error(transparent)]
    Stored(StorageError),
    /// The stored results of a sweep are incomplete.
    #[error("point {point} has only {there} of {of} replications")]
    #[allow(missing_docs, reason = "the message names them")]
    Missing { point: u64, there: u32, of: u32 },
    /// No variant can be selected.
    #[error("no variant has a value for the metric: no requests were answered")]
    NoValue,
    /// No thread could be started.
    #[error("{threads} threads cannot be started: {cause}")]
    #[allow(missing_docs, reason = "the message names them")]
    Threads { threads: usize, cause: String },
}

/// An error of the code that writes or stores results, whose type experiments do not know.
pub(crate) type StorageError = Box<dyn std::error::Error + Send + Sync>;

/// Receives every record, in order. An error ends the run.
pub(crate) type Sink<'s> = dyn FnMut(&CellRecord) -> Result<(), StorageError> + 's;

struct Run<'r> {
    point: Arc<Point>,
    replications: Replications,
    ahead: u32,
    progress: Progress,
    sink: &'r mut Sink<'r>,
    show: &'r mut dyn FnMut(Progress),
}

impl Study for Run<'_> {
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

/// Runs the replications of a scenario until its rule is satisfied, passes each record to `sink` in
/// order, and folds them. Returns the compiled scenario, the folded replications and the number of
/// threads.
///
/// # Errors
/// If a replication fails (the first in order is reported), the sink fails, or no thread can be
/// started. An interruption is not an error: the fold then contains the complete replications.
pub(crate) fn replicate<'r>(
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

//! A sweep: all cells of all points of a design, on all cores at once.
//!
//! Points are started in order, with a few open at a time: enough that a slow point leaves no
//! thread idle, and few enough that memory does not grow with the number of points. The result of a
//! cell is passed to the store as soon as it is available, and the store may return it when the
//! sweep is resumed. The set of cells does not depend on threads, interruptions or shards: the
//! number of replications of a point is either fixed or determined by its own records.

mod check;
mod memory;
mod reduce;
mod shard;
mod spec;
mod streaming;
#[cfg(test)]
mod tests;

pub(crate) use check::check;
pub(crate) use memory::Memory;
pub use reduce::PointResult;
pub(crate) use reduce::{ReducedPoint, reduce_all};
pub(crate) use shard::Shard;
pub(crate) use spec::Spec;
pub(crate) use streaming::Streaming;

use super::cell::{Cell, CellRecord, Failure};
use super::drive::{AHEAD, Options, Study, Task, drive};
use super::fold::Fold;
use super::point::Point;
use super::replications::{Replications, Rule};
use super::run::{Progress, RunError, StorageError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The index of a replication and its result.
pub(crate) type Known = (u32, Result<CellRecord, Failure>);

/// A store for the results of cells.
pub(crate) trait CellStore {
    /// Stores the result of a cell.
    ///
    /// # Errors
    /// If the result cannot be stored; the sweep then ends.
    fn keep(
        &mut self,
        cell: Cell,
        result: &Result<CellRecord, Failure>,
    ) -> Result<(), StorageError>;
    /// Returns the stored results of a point, in the order of replications.
    ///
    /// # Errors
    /// If the results cannot be read.
    fn known(&mut self, point: u64) -> Result<Vec<Known>, StorageError>;
    /// Is told that all cells of a point have been kept.
    ///
    /// # Errors
    /// Ends the sweep.
    fn completed(&mut self, _point: u64) -> Result<(), RunError> {
        Ok(())
    }
}

/// A point that is being run.
struct Open {
    point: Arc<Point>,
    /// `None` until the required number is known: until then only the first replication is run.
    replications: Option<Replications>,
    first_begun: bool,
}

struct Sweep<'s> {
    spec: &'s Spec,
    rest: Box<dyn Iterator<Item = u64>>,
    open: BTreeMap<u64, Open>,
    store: &'s mut dyn CellStore,
    ahead: u32,
    progress: Progress,
    show: &'s mut dyn FnMut(Progress),
    interrupted: &'s AtomicBool,
    /// An error that occurred while a point was opened; returned at the next call of `take`.
    failed: Option<StorageError>,
}

impl Sweep<'_> {
    /// Opens the next point that has something to run; false if there is none.
    fn open_next(&mut self) -> bool {
        for number in self.rest.by_ref() {
            let known = match self.store.known(number) {
                Ok(known) => known,
                Err(error) => {
                    self.failed = Some(error);
                    return false;
                }
            };
            let point = self.spec.point(number);
            let mut replications = match &self.spec.rule {
                Some(rule) if rule.goals.is_empty() => Some(Replications::counted(rule.clone())),
                _ if known.is_empty() => None,
                _ => {
                    let Some(started) = start(&point, self.interrupted) else { return false };
                    Some(started)
                }
            };
            for (replication, result) in known {
                if let Some(replications) = &mut replications {
                    let taken: Result<(), RunError> =
                        replications.take(replication, result, &mut |_| Ok(()));
                    debug_assert!(taken.is_ok());
                }
            }
            if replications.as_ref().is_some_and(Replications::is_complete) {
                self.progress.done += 1;
                continue;
            }
            self.open.insert(number, Open { point, replications, first_begun: false });
            return true;
        }
        false
    }
}

/// Starts the replications of a point whose rule depends on its scenario. `None` if its pilot was
/// interrupted, which tells nothing about the point.
fn start(point: &Point, interrupted: &AtomicBool) -> Option<Replications> {
    let rule = point.built(interrupted).and_then(|built| {
        let rule = Rule::new(&built.scenario, &built.metrics())
            .map_err(|problems| Failure::Invalid(problems.in_one_line()))?;
        Ok((rule, built))
    });
    match rule {
        Ok((rule, _)) if rule.goals.is_empty() => Some(Replications::counted(rule)),
        Ok((rule, built)) => Some(Replications::new(rule, Fold::new(&built.plan))),
        Err(failure) if failure.is_interruption() => None,
        // The scenario is invalid or its pilot fails: one replication is enough to report why.
        Err(_) => Some(Replications::counted(Rule::fixed(1, 0.95))),
    }
}

impl Study for Sweep<'_> {
    fn next(&mut self) -> Option<Task> {
        loop {
            for (&number, open) in &mut self.open {
                let replication = match &mut open.replications {
                    Some(replications) => replications.next(self.ahead),
                    None if open.first_begun => None,
                    None => Some(0),
                };
                if let Some(replication) = replication {
                    open.first_begun = true;
                    return Some(Task {
                        cell: Cell { point: number, replication },
                        point: open.point.clone(),
                    });
                }
            }
            if self.open.len() >= self.ahead as usize || self.failed.is_some() || !self.open_next()
            {
                return None;
            }
        }
    }

    fn take(&mut self, cell: Cell, result: Result<CellRecord, Failure>) -> Result<(), RunError> {
        if let Some(error) = self.failed.take() {
            return Err(RunError::Stored(error));
        }
        self.store.keep(cell, &result).map_err(RunError::Sink)?;
        self.progress.cells += 1;
        self.progress.events += result.as_ref().map_or(0, |record| record.events);
        if let Some(open) = self.open.get_mut(&cell.point) {
            if open.replications.is_none() {
                open.replications = start(&open.point, self.interrupted).map(|mut replications| {
                    replications.next(1);
                    replications
                });
            }
            if let Some(replications) = &mut open.replications {
                replications.take(cell.replication, result, &mut |_| Ok::<(), RunError>(()))?;
                if replications.is_complete() {
                    self.open.remove(&cell.point);
                    self.progress.done += 1;
                    self.store.completed(cell.point)?;
                }
            }
        }
        (self.show)(self.progress);
        Ok(())
    }
}

/// Runs all cells of a sweep that are not yet stored.
///
/// # Errors
/// If a result cannot be stored, or no thread can be started. A failed cell is not an error, nor is
/// an interruption.
pub(crate) fn sweep(
    spec: &Spec,
    options: Options,
    store: &mut dyn CellStore,
    show: &mut dyn FnMut(Progress),
) -> Result<Progress, RunError> {
    let threads = options.threads_for(u64::MAX);
    let progress = Progress { of: spec.len(), ..Progress::default() };
    let ahead = (AHEAD * threads) as u32;
    let rest = Box::new(spec.numbers());
    let mut sweep = Sweep {
        spec,
        rest,
        open: BTreeMap::new(),
        store,
        ahead,
        progress,
        show,
        interrupted: options.interrupted,
        failed: None,
    };
    drive(&mut sweep, threads, options.interrupted)?;
    match sweep.failed {
        Some(error) => Err(RunError::Stored(error)),
        None => Ok(sweep.progress),
    }
}

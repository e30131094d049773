//! A cell store that keeps only the cells of points in progress: a point is reduced as soon as it
//! is complete, and handed over when all points before it are, too.
//!
//! Tested in `tests/it/library/progress.rs`: the results are those of the single runs, also of a
//! sweep that is cancelled.

use super::reduce::{PointResult, reduce};
use super::{CellStore, Known, Memory, Spec};
use crate::experiment::cell::{Cell, CellRecord, Failure};
use crate::experiment::run::{RunError, StorageError};
use std::collections::BTreeMap;
use std::iter::Peekable;

/// A cell store that hands over the results of the points, in order.
pub(crate) struct Streaming<'s> {
    spec: &'s Spec,
    cells: Memory,
    /// Complete points that wait for one before them.
    complete: BTreeMap<u64, PointResult>,
    rest: Peekable<Box<dyn Iterator<Item = u64>>>,
    each: &'s mut dyn FnMut(PointResult),
}

impl<'s> Streaming<'s> {
    pub(crate) fn new(spec: &'s Spec, each: &'s mut dyn FnMut(PointResult)) -> Streaming<'s> {
        let rest: Box<dyn Iterator<Item = u64>> = Box::new(spec.numbers());
        Streaming {
            spec,
            cells: Memory::default(),
            complete: BTreeMap::new(),
            rest: rest.peekable(),
            each,
        }
    }
}

impl CellStore for Streaming<'_> {
    fn keep(
        &mut self,
        cell: Cell,
        result: &Result<CellRecord, Failure>,
    ) -> Result<(), StorageError> {
        self.cells.keep(cell, result)
    }
    fn known(&mut self, point: u64) -> Result<Vec<Known>, StorageError> {
        self.cells.known(point)
    }
    fn completed(&mut self, point: u64) -> Result<(), RunError> {
        let known = self.cells.known(point).map_err(RunError::Stored)?;
        self.complete.insert(point, reduce(self.spec, point, known)?.swept);
        while let Some(result) = self.rest.peek().and_then(|next| self.complete.remove(next)) {
            self.rest.next();
            (self.each)(result);
        }
        Ok(())
    }
}

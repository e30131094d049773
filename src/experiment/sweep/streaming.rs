//! A cell store that keeps only the cells of points in progress: a point is reduced and handed over
//! as soon as it and all points before it are complete.
//!
//! Tested in `tests/it/library.rs`: the results are those of the single runs, also of a sweep that
//! is cancelled.

use super::{Cell, CellRecord, CellStore, Failure, Known, Memory, PointResult, Spec, reduce};
use crate::experiment::run::{RunError, StorageError};
use std::collections::BTreeSet;
use std::iter::Peekable;

/// A cell store that hands over the results of the points, in order.
pub(crate) struct Streaming<'s> {
    spec: &'s Spec,
    cells: Memory,
    /// Complete points that wait for one before them.
    complete: BTreeSet<u64>,
    rest: Peekable<Box<dyn Iterator<Item = u64>>>,
    each: &'s mut dyn FnMut(PointResult),
}

impl<'s> Streaming<'s> {
    pub(crate) fn new(spec: &'s Spec, each: &'s mut dyn FnMut(PointResult)) -> Streaming<'s> {
        let rest: Box<dyn Iterator<Item = u64>> = Box::new(spec.numbers());
        Streaming {
            spec,
            cells: Memory::default(),
            complete: BTreeSet::new(),
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
        self.complete.insert(point);
        while let Some(number) = self.rest.next_if(|number| self.complete.remove(number)) {
            let known = self.cells.known(number).map_err(RunError::Stored)?;
            (self.each)(reduce(self.spec, number, known)?.swept);
        }
        Ok(())
    }
}

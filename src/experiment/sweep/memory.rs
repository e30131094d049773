//! A cell store that writes nothing: everything stays in memory until its point is reduced.

use super::{CellStore, Known};
use crate::experiment::cell::{Cell, CellRecord, Failure};
use crate::experiment::run::StorageError;
use std::collections::BTreeMap;

/// A cell store in memory.
#[derive(Default)]
pub(crate) struct Memory {
    cells: BTreeMap<u64, Vec<Known>>,
}

impl CellStore for Memory {
    fn keep(
        &mut self,
        cell: Cell,
        result: &Result<CellRecord, Failure>,
    ) -> Result<(), StorageError> {
        self.cells.entry(cell.point).or_default().push((cell.replication, result.clone()));
        Ok(())
    }
    fn known(&mut self, point: u64) -> Result<Vec<Known>, StorageError> {
        let mut known = self.cells.remove(&point).unwrap_or_default();
        known.sort_by_key(|(replication, _)| *replication);
        Ok(known)
    }
}

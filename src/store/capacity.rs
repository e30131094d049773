//! The table of a capacity search: `capacity.parquet`.

use super::answer::write_answer;
use super::error::StoreError;
use super::folder::Folder;
use super::manifest::Manifest;
use super::table::batch;
use crate::experiment::CapacityResult;
use crate::scenario::Scenario;
use crate::tables::capacity::{CapacityTable, rows};
use arrow_array::RecordBatch;

/// Writes `capacity.parquet` and the manifest, and returns the number of files.
///
/// # Errors
/// If the disk is full or gone.
pub(crate) fn write_capacity(
    folder: Folder,
    scenario: &Scenario,
    result: &CapacityResult,
) -> Result<usize, StoreError> {
    let manifest = Manifest::of_capacity(scenario, result);
    write_answer::<CapacityTable>(folder, manifest, rows(result))
}

/// Returns the rows of `capacity.parquet` as a batch, without writing a file.
///
/// ```
/// let shop = asyncflow::Experiment::from_yaml(
///     "
/// version: 1
/// run: { duration: 5s, replications: 2 }
/// workload: { users: { to: api.GET /, open: { rate: 80/s } } }
/// services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
/// slos: { fast: { of: users, p95: 60ms } }
/// capacity: { vary: services.api.replicas, from: 1, to: 4 }
/// ",
/// )?;
/// let result = shop.capacity()?;
/// let batch = asyncflow::store::capacity_batch(&result);
/// assert_eq!(batch.num_rows(), result.tried.len());
/// assert!(batch.column_by_name("meets").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn capacity_batch(result: &CapacityResult) -> RecordBatch {
    batch::<CapacityTable>(rows(result))
}

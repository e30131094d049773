//! The table of a comparison: `comparison.parquet`.

use super::answer::write_answer;
use super::error::StoreError;
use super::folder::Folder;
use super::manifest::Manifest;
use super::table::batch;
use crate::experiment::Comparison;
use crate::scenario::Scenario;
use crate::tables::comparison::{ComparisonTable, rows};
use arrow_array::RecordBatch;

/// Writes `comparison.parquet` and the manifest, and returns the number of files.
///
/// # Errors
/// If the disk is full or gone.
pub(crate) fn write_comparison(
    folder: Folder,
    scenario: &Scenario,
    comparison: &Comparison,
) -> Result<usize, StoreError> {
    let manifest = Manifest::of_comparison(scenario, comparison);
    write_answer::<ComparisonTable>(folder, manifest, rows(comparison))
}

/// Returns the rows of `comparison.parquet` as a batch, without writing a file.
///
/// ```
/// let shop = asyncflow::Experiment::from_yaml(
///     "
/// version: 1
/// run: { duration: 5s, replications: 2 }
/// workload: { users: { to: api.GET /, open: { rate: 80/s } } }
/// services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
/// ",
/// )?;
/// let comparison = shop.compare(&["services.api.replicas=2"])?;
/// let batch = asyncflow::store::comparison_batch(&comparison);
/// assert_eq!(batch.num_rows(), comparison.rows.len());
/// assert!(batch.column_by_name("p_adjusted").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn comparison_batch(comparison: &Comparison) -> RecordBatch {
    batch::<ComparisonTable>(rows(comparison))
}

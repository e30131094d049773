//! The table of a comparison: `comparison.parquet`.

use super::answer::write_answer;
use super::folder::{Folder, StoreError};
use super::manifest::Manifest;
use super::schema::COMPARISON;
use super::table::{Cell, Push, batch};
use crate::experiment::Comparison;
use crate::scenario::Scenario;
use arrow_array::RecordBatch;

/// Writes `comparison.parquet` and the manifest, and returns the number of files.
///
/// # Errors
/// If the disk is full or gone.
pub fn write_comparison(
    folder: Folder,
    scenario: &Scenario,
    comparison: &Comparison,
) -> Result<usize, StoreError> {
    let manifest = Manifest::of_comparison(scenario, comparison);
    write_answer(folder, &COMPARISON, manifest, |push| rows(comparison, push))
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
    batch(COMPARISON.arrow(), |push| rows(comparison, push))
}

fn rows(comparison: &Comparison, push: Push) {
    for row in &comparison.rows {
        let (difference, relative) = (&row.difference.difference, &row.difference.relative);
        let more = row.more.map_or(f64::NAN, f64::from);
        push(&[
            Cell::Text(&comparison.names[row.variant]),
            Cell::Text(&comparison.names[0]),
            Cell::Text(row.kind),
            Cell::Text(&row.entity),
            Cell::Text(&row.metric),
            Cell::Text(row.stat),
            Cell::Text(row.unit),
            Cell::Number(row.base.estimate),
            Cell::Number(row.other.estimate),
            Cell::Number(difference.estimate),
            Cell::Number(difference.low),
            Cell::Number(difference.high),
            Cell::Number(relative.estimate),
            Cell::Number(relative.low),
            Cell::Number(relative.high),
            Cell::Number(row.difference.p_value),
            Cell::Number(row.p_adjusted),
            Cell::Text(row.judgement.name()),
            Cell::Number(more),
            Cell::Number(row.difference.unpaired_variance_ratio),
            Cell::Whole(u64::from(row.difference.n)),
        ]);
    }
}

//! The table of a sensitivity analysis: `sensitivity.parquet`.

use super::answer::write_answer;
use super::error::StoreError;
use super::folder::Folder;
use super::manifest::Manifest;
use super::table::batch;
use crate::experiment::Sensitivity;
use crate::scenario::Scenario;
use crate::tables::sensitivity::{SensitivityTable, rows};
use arrow_array::RecordBatch;

/// Writes `sensitivity.parquet` and the manifest, and returns the number of files.
///
/// # Errors
/// If the disk is full or gone.
pub(crate) fn write_sensitivity(
    folder: Folder,
    scenario: &Scenario,
    answers: &[Sensitivity],
) -> Result<usize, StoreError> {
    let manifest = Manifest::of_sensitivity(scenario, answers);
    write_answer::<SensitivityTable>(folder, manifest, rows(answers))
}

/// Returns the rows of `sensitivity.parquet` as a batch, without writing a file.
///
/// ```
/// use asyncflow::design::{Range, Scale, Vary};
/// use asyncflow::experiment::Method;
/// let shop = asyncflow::Experiment::from_yaml(
///     "
/// version: 1
/// run: { duration: 5s, replications: 2 }
/// workload: { users: { to: api.GET /, open: { rate: 80/s } } }
/// services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
/// ",
/// )?;
/// let rates = Range { from: "20/s".into(), to: "90/s".into(), scale: Scale::Linear, steps: None };
/// let varied = shop.vary_over("workload.users.open.rate", Vary::Range(rates)).vary("services.api.replicas", [1, 2]);
/// let batch = asyncflow::store::sensitivity_batch(&varied.sensitivity(&["users.latency.p99"], Method::Morris(2))?);
/// assert_eq!(batch.num_rows(), 2);
/// assert!(batch.column_by_name("mu_star").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sensitivity_batch(answers: &[Sensitivity]) -> RecordBatch {
    batch::<SensitivityTable>(rows(answers))
}

//! Writing results from a Rust program: the files that the command writes, by the same rules of
//! what may be overwritten.
//!
//! Limits: a sweep is written by the command only, which can resume it; from a program,
//! [`points_batch`](super::points_batch) and
//! [`summary_batch_of_points`](super::summary_batch_of_points) return its tables. Tests: the
//! examples here, and `tests/it/library.rs`.

use super::capacity::write_capacity;
use super::comparison::write_comparison;
use super::dataset::Dataset;
use super::error::StoreError;
use super::folder::Folder;
use super::sensitivity::write_sensitivity;
use super::study::Study;
use crate::experiment::{
    CapacityResult, Comparison, Experiment, ExperimentError, Method, Results, Sensitivity,
};
use crate::scenario::Scenario;
use serde_json::Value;
use std::path::Path;

/// What to do with files that are in the folder already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Existing {
    /// Replaces an earlier result of the same study. The result of another study, and a file in the
    /// way that AsyncFlow did not write, are errors.
    #[default]
    ReplaceOwn,
    /// Replaces every file whose name is needed, whatever it belongs to.
    ReplaceAny,
}

/// Runs an experiment and writes its files to a folder, which is created if necessary: the tables
/// in Parquet, and the manifest last, so that a folder with a manifest is complete. On an error an
/// earlier result stays as it was.
///
/// ```
/// use asyncflow::store::{Existing, run_to};
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("shop");
/// let shop = asyncflow::Experiment::from_yaml(
///     "
/// version: 1
/// run: { duration: 5s, replications: 2 }
/// workload: { users: { to: api.GET /, open: { rate: 80/s } } }
/// services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
/// ",
/// )?;
/// let results = run_to(&shop, &folder, Existing::ReplaceOwn)?;
/// assert!(results.latency("users").p99().is_some() && folder.join("summary.parquet").exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`StoreError::Experiment`] if the experiment fails; the other variants if the folder or a file
/// cannot be written.
pub fn run_to(
    experiment: &Experiment,
    folder: impl AsRef<Path>,
    existing: Existing,
) -> Result<Results, StoreError> {
    let built = experiment.compiled_with_series()?;
    let scenario = built.scenario.clone();
    let study = Study::new("run", &[], &Value::Null, &scenario);
    let folder = open(folder.as_ref(), study, existing)?;
    let mut dataset = Dataset::begin(folder, &built)?;
    let results = experiment.replicated(built, &mut |record| Ok(dataset.append(record)?));
    let results = results.map_err(|error| match error {
        ExperimentError::Run(error) => StoreError::from_run(error)
            .unwrap_or_else(|error| StoreError::Experiment(ExperimentError::Run(error))),
        error => StoreError::Experiment(error),
    })?;
    dataset.finish(&scenario, &results, None)?;
    Ok(results)
}

/// Writes a comparison to a folder as `comparison.parquet` and the manifest; `baseline` is the
/// scenario that the variants were compared with. Returns the number of files.
///
/// # Errors
/// If the folder or a file cannot be written.
pub fn comparison_to(
    comparison: &Comparison,
    baseline: &Scenario,
    folder: impl AsRef<Path>,
    existing: Existing,
) -> Result<usize, StoreError> {
    let sets = comparison.names.get(1..).unwrap_or_default();
    let folder = open(folder.as_ref(), Study::of_comparison(&[], baseline, sets), existing)?;
    write_comparison(folder, baseline, comparison)
}

/// Writes a capacity search to a folder as `capacity.parquet` and the manifest. Returns the number
/// of files.
///
/// # Errors
/// If the folder or a file cannot be written.
pub fn capacity_to(
    result: &CapacityResult,
    scenario: &Scenario,
    folder: impl AsRef<Path>,
    existing: Existing,
) -> Result<usize, StoreError> {
    let folder = open(folder.as_ref(), Study::of_capacity(&[], scenario, &result.path), existing)?;
    write_capacity(folder, scenario, result)
}

/// Writes a sensitivity analysis to a folder as `sensitivity.parquet` and the manifest. Returns the
/// number of files.
///
/// # Errors
/// If the folder or a file cannot be written.
pub fn sensitivity_to(
    answers: &[Sensitivity],
    scenario: &Scenario,
    folder: impl AsRef<Path>,
    existing: Existing,
) -> Result<usize, StoreError> {
    let first = answers.first();
    let vary: Vec<&String> = first
        .iter()
        .flat_map(|answer| &answer.parameters)
        .map(|parameter| &parameter.path)
        .collect();
    let names = answers.iter().map(|a| format!("{}.{}.{}", a.entity, a.metric, a.stat));
    let metrics: Vec<String> = names.collect();
    let method = first.map_or(Method::Morris(0), |answer| answer.method);
    let study = Study::of_sensitivity(&[], scenario, &vary, method, &metrics);
    write_sensitivity(open(folder.as_ref(), study, existing)?, scenario, answers)
}

fn open(path: &Path, study: Study, existing: Existing) -> Result<Folder, StoreError> {
    Folder::open(path, study, existing == Existing::ReplaceAny)
}

#[cfg(test)]
mod tests {
    use super::{Experiment, ExperimentError, StoreError};
    use crate::experiment::RunError;

    #[test]
    fn an_error_of_the_store_passes_through_a_run_as_itself() {
        // Definition; the run's own errors remain the run's.
        let text = "
version: 1
run: { duration: 1s, replications: 2 }
workload: { users: { to: api.x, open: { rate: 9/s } } }
services: { api: { endpoints: { x: [ cpu: 1ms ] } } }";
        let experiment = Experiment::from_yaml(text).expect("the scenario is valid");
        let built = experiment.compiled_with_series().expect("the scenario is valid");
        let full = || StoreError::Io {
            doing: "cannot write",
            path: "a".to_string(),
            cause: "the disk is full".to_string(),
        };
        let ended = experiment.replicated(built, &mut |_| Err(full().into()));
        let Err(ExperimentError::Run(error)) = ended else { panic!("{ended:?}") };
        assert_eq!(error.to_string(), full().to_string());
        assert!(matches!(
            StoreError::from_run(error),
            Ok(StoreError::Io { cause, .. }) if cause == "the disk is full"
        ));
        let other = RunError::Sink("interrupted".into());
        assert!(matches!(StoreError::from_run(other), Err(RunError::Sink(_))));
        assert!(matches!(StoreError::from_run(RunError::NoValue), Err(RunError::NoValue)));
    }
}

//! The table of a capacity search: one row per goal and value tried. The capacity itself is in the
//! manifest.

use super::answer::write_answer;
use super::folder::{Folder, StoreError};
use super::manifest::Manifest;
use super::schema::CAPACITY;
use super::table::{Cell, Push, batch};
use crate::design::value::{shown, unit};
use crate::experiment::{CapacityResult, SloResult};
use crate::scenario::Scenario;
use arrow_array::RecordBatch;

/// Writes `capacity.parquet` and the manifest, and returns the number of files.
///
/// # Errors
/// If the disk is full or gone.
pub fn write_capacity(
    folder: Folder,
    scenario: &Scenario,
    result: &CapacityResult,
) -> Result<usize, StoreError> {
    let manifest = Manifest::of_capacity(scenario, result);
    write_answer(folder, &CAPACITY, manifest, |push| rows(result, push))
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
    batch(CAPACITY.arrow(), |push| rows(result, push))
}

fn rows(result: &CapacityResult, push: Push) {
    for tried in &result.tried {
        let (written, overloaded) = (shown(&tried.value), tried.results.overloaded.join(","));
        let bottleneck = tried.bottleneck();
        let busiest = bottleneck.as_ref().map_or("", |bottleneck| bottleneck.service.as_str());
        let waits_for = bottleneck.as_ref().and_then(|bottleneck| bottleneck.waits_for.as_deref());
        for goal in &tried.goals {
            push(&[
                Cell::Text(&result.path),
                Cell::Number(tried.number),
                Cell::Text(unit(result.kind)),
                Cell::Text(&written),
                Cell::Text(&goal.name),
                Cell::Text(&goal.goal),
                Cell::Text(goal.kind),
                Cell::Text(&goal.of),
                Cell::Text(goal.metric),
                Cell::Text(goal.stat),
                Cell::Text(goal.unit),
                Cell::Number(goal.estimate),
                Cell::Number(goal.low),
                Cell::Number(goal.high),
                Cell::Number(goal.bound),
                Cell::Text(meets(goal)),
                Cell::Text(tried.verdict.name()),
                Cell::Whole(u64::from(tried.replications)),
                Cell::Text(&overloaded),
                Cell::Text(busiest),
                Cell::Number(
                    bottleneck.as_ref().map_or(f64::NAN, |bottleneck| bottleneck.utilisation),
                ),
                Cell::Text(waits_for.unwrap_or_default()),
            ]);
        }
    }
}

fn meets(goal: &SloResult) -> &'static str {
    match (goal.certain, goal.pass) {
        // Nothing was measured: a limit was reached, or no request was answered.
        _ if goal.estimate.is_nan() => "undecided",
        (true, true) => "yes",
        (true, false) => "no",
        (false, _) => "undecided",
    }
}

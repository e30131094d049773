//! From the stored results of cells to the results of points, in order.

use super::{CellStore, Known, Spec};
use crate::experiment::cell::{CellRecord, Failure};
use crate::experiment::drive::{AHEAD, Options};
use crate::experiment::fold::Fold;
use crate::experiment::parallel::Parallel;
use crate::experiment::point::CompiledPoint;
use crate::experiment::replications::{Replications, Rule};
use crate::experiment::results::Results;
use crate::experiment::run::{RunError, StorageError};
use crate::scenario::{Parameters, Warmup};
use crate::units::Span;
use std::sync::Arc;

/// A point of a sweep and its results.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PointResult {
    /// The index of the point, from 0.
    pub point: u64,
    /// The values that it sets, by path.
    pub parameters: Parameters,
    /// The results of its replications; `None` if its scenario is invalid. Replications that failed
    /// are left out, so if all failed there are results without values.
    pub results: Option<Results>,
    /// The failed replications, each with the reason.
    pub failures: Vec<(u32, Failure)>,
}

/// The results of a point and the records from which they were computed.
#[derive(Debug)]
pub(crate) struct ReducedPoint {
    pub swept: PointResult,
    /// `None` if the scenario is invalid.
    pub built: Option<Arc<CompiledPoint>>,
    /// The records, in the order of replications.
    pub records: Vec<CellRecord>,
}

/// Reduces the stored results of a point, which must be complete.
///
/// # Errors
/// If a replication is missing.
pub(super) fn reduce(
    spec: &Spec,
    number: u64,
    known: Vec<Known>,
) -> Result<ReducedPoint, RunError> {
    let parameters = spec.points.row(number);
    let scenario = spec.template.scenario(&parameters);
    let swept = PointResult { point: number, parameters, results: None, failures: Vec::new() };
    let mut reduced = ReducedPoint { swept, built: None, records: Vec::new() };
    let mut built = match scenario {
        Ok(scenario) => CompiledPoint::new(scenario, spec.keep_series),
        Err(problems) => {
            reduced.swept.failures.push((0, Failure::Invalid(problems.in_one_line())));
            return Ok(reduced);
        }
    };
    // The warm-up determined when the point was run.
    if let Some(record) = known.iter().find_map(|(_, result)| result.as_ref().ok()) {
        built = built.with_warmup(Span(record.measured_from.0));
    }
    let rule = match &spec.rule {
        Some(rule) => Ok(rule.clone()),
        None => {
            Rule::new(&built.scenario, &built.metrics()).map_err(|problems| problems.in_one_line())
        }
    };
    let rule = match rule {
        Ok(rule) => rule,
        Err(message) => {
            reduced.swept.failures.push((0, Failure::Invalid(message)));
            return Ok(reduced);
        }
    };
    let mut replications = Replications::new(rule, Fold::new(&built.plan));
    for (replication, result) in known {
        let taken: Result<(), RunError> = replications.take(replication, result, &mut |result| {
            if let Ok(record) = result {
                reduced.records.push(record.clone());
            }
            Ok(())
        });
        debug_assert!(taken.is_ok());
    }
    // As in the run: a point whose pilot fails is run once, unless its number of replications was
    // known without the pilot.
    let rule_from_scenario = spec.rule.as_ref().is_none_or(|rule| !rule.goals.is_empty());
    let pilot_failed = rule_from_scenario
        && built.scenario.run.warmup == Warmup::Auto
        && replications.done == 1
        && replications.failures.len() == 1;
    if !replications.is_complete() && !pilot_failed {
        return Err(RunError::Missing {
            point: number,
            there: replications.done,
            of: replications.wanted(),
        });
    }
    reduced.swept.failures = std::mem::take(&mut replications.failures);
    reduced.swept.results = Some(Results::new(&built, &replications));
    reduced.built = Some(Arc::new(built));
    Ok(reduced)
}

/// Reduces all points of a sweep and passes them to `each` in order. Several are reduced at once;
/// no more than these are in memory.
///
/// # Errors
/// The errors of the store and of `each`; also if a point is incomplete.
pub(crate) fn reduce_all(
    spec: &Spec,
    options: Options,
    store: &mut dyn CellStore,
    each: &mut dyn FnMut(&ReducedPoint) -> Result<(), StorageError>,
) -> Result<(), RunError> {
    let threads = options.threads_for(u64::MAX);
    let parallel = Parallel::new(threads);
    let mut numbers = spec.numbers().peekable();
    while numbers.peek().is_some() {
        let block: Vec<u64> = numbers.by_ref().take(AHEAD * threads).collect();
        let known = block
            .into_iter()
            .map(|number| Ok((number, store.known(number)?)))
            .collect::<Result<Vec<_>, StorageError>>();
        let known = known.map_err(RunError::Stored)?;
        for reduced in parallel.each(known, |(number, known)| reduce(spec, number, known)) {
            each(&reduced?).map_err(RunError::Sink)?;
        }
    }
    Ok(())
}

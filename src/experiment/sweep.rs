//! A sweep: all cells of all points of a design, on all cores at once.
//!
//! Points are started in order, with a few open at a time: enough that a slow point leaves no
//! thread idle, and few enough that memory does not grow with the number of points. The result of a
//! cell is passed to the store as soon as it is available, and the store may return it when the
//! sweep is resumed. The set of cells does not depend on threads, interruptions or shards: the
//! number of replications of a point is either fixed or determined by its own records.

use super::cell::{Cell, CellRecord, Failure};
use super::drive::{AHEAD, Options, Study, Task, drive};
use super::error::InvalidPoint;
use super::fold::Fold;
use super::parallel::Parallel;
use super::point::{CompiledPoint, Point};
use super::replications::{Replications, Rule};
use super::results::Results;
use super::run::{Progress, RunError, StorageError};
use crate::design::Points;
use crate::scenario::{self, Parameters, Scenario, Template, Warmup};
use crate::units::Span;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Every n-th point, starting with the k-th: the part of a sweep that one machine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Shard {
    /// The number of this shard, from 1.
    pub number: u32,
    /// The number of shards.
    pub of: u32,
}

impl Shard {
    /// Returns the index of the first point of a shard and the step between its points: (0, 1)
    /// without a shard.
    pub(crate) fn selection(shard: Option<Shard>) -> (u64, u64) {
        shard.map_or((0, 1), |shard| (u64::from(shard.number - 1), u64::from(shard.of)))
    }
}

impl Display for Shard {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl std::str::FromStr for Shard {
    type Err = String;
    fn from_str(text: &str) -> Result<Shard, String> {
        let parts = text
            .split_once('/')
            .and_then(|(number, of)| Some((number.trim().parse().ok()?, of.trim().parse().ok()?)));
        match parts {
            Some((number, of)) if number >= 1 && number <= of => Ok(Shard { number, of }),
            Some((number, of)) => Err(format!(
                "there is no shard {number} of {of}: shards are numbered from 1 to {of}"
            )),
            None => Err(format!("`{text}` is not a shard: write, for example, `3/200`")),
        }
    }
}

/// The points of a sweep and how to run them.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub template: Arc<Template>,
    pub points: Arc<Points>,
    pub shard: Option<Shard>,
    /// Whether the time series of every replication are kept.
    pub keep_series: bool,
    /// The stopping rule of all points; `None` if a point may change it.
    pub rule: Option<Rule>,
}

impl Spec {
    /// Creates the specification of a scenario's `sweep`.
    pub(crate) fn new(
        scenario: &Scenario,
        template: Template,
        shard: Option<Shard>,
        keep_series: bool,
    ) -> Spec {
        let sweep = scenario.sweep.clone().unwrap_or_default();
        let points = Arc::new(sweep.points());
        // All points share the rule unless one of them changes how it is run or which metrics there
        // are.
        let rule = match &scenario.run.replications {
            scenario::Replications::Fixed(n) => {
                let changes = |path: &String| path == "run" || path.starts_with("run.");
                let varied = sweep.vary.keys().any(changes)
                    || sweep.rows.iter().flat_map(|row| row.keys()).any(changes);
                (!varied).then(|| Rule::fixed(*n, scenario.run.confidence.0.fraction))
            }
            scenario::Replications::Until(_) => None,
        };
        Spec { template: Arc::new(template), points, shard, keep_series, rule }
    }
    /// Returns the indices of its points, in order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u64> + use<> {
        let (first, step) = Shard::selection(self.shard);
        (first..self.points.len()).step_by(step as usize)
    }
    /// Returns the number of its points.
    pub(crate) fn len(&self) -> u64 {
        let (first, step) = Shard::selection(self.shard);
        self.points.len().saturating_sub(first).div_ceil(step)
    }
    fn point(&self, number: u64) -> Arc<Point> {
        Arc::new(Point::later(self.template.clone(), self.points.row(number), self.keep_series))
    }
}

/// The index of a replication and its result.
pub(crate) type Known = (u32, Result<CellRecord, Failure>);

/// A store for the results of cells.
pub(crate) trait CellStore {
    /// Stores the result of a cell.
    ///
    /// # Errors
    /// If the result cannot be stored; the sweep then ends.
    fn keep(
        &mut self,
        cell: Cell,
        result: &Result<CellRecord, Failure>,
    ) -> Result<(), StorageError>;
    /// Returns the stored results of a point, in the order of replications.
    ///
    /// # Errors
    /// If the results cannot be read.
    fn known(&mut self, point: u64) -> Result<Vec<Known>, StorageError>;
    /// Is told that all cells of a point have been kept.
    ///
    /// # Errors
    /// Ends the sweep.
    fn completed(&mut self, _point: u64) -> Result<(), RunError> {
        Ok(())
    }
}

/// A point that is being run.
struct Open {
    point: Arc<Point>,
    /// `None` until the required number is known: until then only the first replication is run.
    replications: Option<Replications>,
    first_begun: bool,
}

struct Sweep<'s> {
    spec: &'s Spec,
    rest: Box<dyn Iterator<Item = u64>>,
    open: BTreeMap<u64, Open>,
    store: &'s mut dyn CellStore,
    ahead: u32,
    progress: Progress,
    show: &'s mut dyn FnMut(Progress),
    interrupted: &'s AtomicBool,
    /// An error that occurred while a point was opened; returned at the next call of `take`.
    failed: Option<StorageError>,
}

impl Sweep<'_> {
    /// Opens the next point that has something to run; false if there is none.
    fn open_next(&mut self) -> bool {
        for number in self.rest.by_ref() {
            let known = match self.store.known(number) {
                Ok(known) => known,
                Err(error) => {
                    self.failed = Some(error);
                    return false;
                }
            };
            let point = self.spec.point(number);
            let mut replications = match &self.spec.rule {
                Some(rule) if rule.goals.is_empty() => Some(Replications::counted(rule.clone())),
                _ if known.is_empty() => None,
                _ => {
                    let Some(started) = start(&point, self.interrupted) else { return false };
                    Some(started)
                }
            };
            for (replication, result) in known {
                if let Some(replications) = &mut replications {
                    let taken: Result<(), RunError> =
                        replications.take(replication, result, &mut |_| Ok(()));
                    debug_assert!(taken.is_ok());
                }
            }
            if replications.as_ref().is_some_and(Replications::is_complete) {
                self.progress.done += 1;
                continue;
            }
            self.open.insert(number, Open { point, replications, first_begun: false });
            return true;
        }
        false
    }
}

/// Starts the replications of a point whose rule depends on its scenario. `None` if its pilot was
/// interrupted, which tells nothing about the point.
fn start(point: &Point, interrupted: &AtomicBool) -> Option<Replications> {
    let rule = point.built(interrupted).and_then(|built| {
        let rule = Rule::new(&built.scenario, &built.metrics())
            .map_err(|problems| Failure::Invalid(problems.in_one_line()))?;
        Ok((rule, built))
    });
    match rule {
        Ok((rule, _)) if rule.goals.is_empty() => Some(Replications::counted(rule)),
        Ok((rule, built)) => Some(Replications::new(rule, Fold::new(&built.plan))),
        Err(failure) if failure.is_interruption() => None,
        // The scenario is invalid or its pilot fails: one replication is enough to report why.
        Err(_) => Some(Replications::counted(Rule::fixed(1, 0.95))),
    }
}

impl Study for Sweep<'_> {
    fn next(&mut self) -> Option<Task> {
        loop {
            for (&number, open) in &mut self.open {
                let replication = match &mut open.replications {
                    Some(replications) => replications.next(self.ahead),
                    None if open.first_begun => None,
                    None => Some(0),
                };
                if let Some(replication) = replication {
                    open.first_begun = true;
                    return Some(Task {
                        cell: Cell { point: number, replication },
                        point: open.point.clone(),
                    });
                }
            }
            if self.open.len() >= self.ahead as usize || self.failed.is_some() || !self.open_next()
            {
                return None;
            }
        }
    }

    fn take(&mut self, cell: Cell, result: Result<CellRecord, Failure>) -> Result<(), RunError> {
        if let Some(error) = self.failed.take() {
            return Err(RunError::Stored(error));
        }
        self.store.keep(cell, &result).map_err(RunError::Sink)?;
        self.progress.cells += 1;
        self.progress.events += result.as_ref().map_or(0, |record| record.events);
        if let Some(open) = self.open.get_mut(&cell.point) {
            if open.replications.is_none() {
                open.replications = start(&open.point, self.interrupted).map(|mut replications| {
                    replications.next(1);
                    replications
                });
            }
            if let Some(replications) = &mut open.replications {
                replications.take(cell.replication, result, &mut |_| Ok::<(), RunError>(()))?;
                if replications.is_complete() {
                    self.open.remove(&cell.point);
                    self.progress.done += 1;
                    self.store.completed(cell.point)?;
                }
            }
        }
        (self.show)(self.progress);
        Ok(())
    }
}

/// Runs all cells of a sweep that are not yet stored.
///
/// # Errors
/// If a result cannot be stored, or no thread can be started. A failed cell is not an error, nor is
/// an interruption.
pub(crate) fn sweep(
    spec: &Spec,
    options: Options,
    store: &mut dyn CellStore,
    show: &mut dyn FnMut(Progress),
) -> Result<Progress, RunError> {
    let threads = options.threads_for(u64::MAX);
    let progress = Progress { of: spec.len(), ..Progress::default() };
    let ahead = (AHEAD * threads) as u32;
    let rest = Box::new(spec.numbers());
    let mut sweep = Sweep {
        spec,
        rest,
        open: BTreeMap::new(),
        store,
        ahead,
        progress,
        show,
        interrupted: options.interrupted,
        failed: None,
    };
    drive(&mut sweep, threads, options.interrupted)?;
    match sweep.failed {
        Some(error) => Err(RunError::Stored(error)),
        None => Ok(sweep.progress),
    }
}

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
fn reduce(spec: &Spec, number: u64, known: Vec<Known>) -> Result<ReducedPoint, RunError> {
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

/// The number of points checked between two collections of problems.
const CHECKED_AT_ONCE: usize = 1024;

/// Checks every point before any is run. Returns the first invalid points, at most `most_reported`
/// of them, and the number of all invalid points. `done` is called with the number of points
/// checked.
pub(crate) fn check(
    spec: &Spec,
    threads: usize,
    most_reported: usize,
    done: &(dyn Fn(u64) + Sync),
) -> (Vec<InvalidPoint>, u64) {
    let look = |number: u64| {
        let parameters = spec.points.row(number);
        let problems = match spec.template.scenario(&parameters) {
            Ok(scenario) if spec.rule.is_none() => {
                let built = CompiledPoint::new(scenario, false);
                Rule::new(&built.scenario, &built.metrics()).err()
            }
            Ok(_) => None,
            Err(problems) => Some(problems),
        };
        done(1);
        problems.map(|problems| InvalidPoint { number, parameters, problems })
    };
    let (parallel, mut reported, mut count) = (Parallel::new(threads), Vec::new(), 0);
    let mut numbers = spec.numbers().peekable();
    // In blocks: neither the indices of a hundred thousand points nor all their problems are kept.
    while numbers.peek().is_some() {
        let part = numbers.by_ref().take(CHECKED_AT_ONCE).collect();
        for bad in parallel.each(part, look).into_iter().flatten() {
            count += 1;
            if reported.len() < most_reported {
                reported.push(bad);
            }
        }
    }
    (reported, count)
}

mod memory;
mod streaming;
#[cfg(test)]
mod tests;

pub(crate) use memory::Memory;
pub(crate) use streaming::Streaming;

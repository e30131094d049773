//! A point of the scenario space: a scenario that is compiled when its first cell starts.

use super::antithetic;
use super::cell::{self, CellRecord, Failure};
use super::warmup::{self, FirstChange, WarmupResult};
use crate::measure::{self, Metric};
use crate::plan::{self, Plan};
use crate::scenario::{FlowBalance, Parameters, Scenario, Template, Warmup, changes, first_change};
use crate::units::{Span, Time};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

/// A scenario and its compiled plan.
#[derive(Debug)]
pub(crate) struct CompiledPoint {
    /// The scenario as it is run, with the detected warm-up.
    pub scenario: Scenario,
    pub plan: Arc<Plan>,
    /// What is known about its load without simulating.
    pub balance: Arc<FlowBalance>,
    /// The same plan with every draw mirrored, if `run.antithetic` is set.
    pub mirror: Option<Arc<Plan>>,
    /// The detected warm-up, if `run.warmup` is `auto`.
    pub warmup: Option<WarmupResult>,
}

impl CompiledPoint {
    /// Compiles a checked scenario. `keep_series` sets whether time series are kept. `warmup: auto`
    /// counts as 0 until it is [settled](CompiledPoint::settled).
    pub(crate) fn new(scenario: Scenario, keep_series: bool) -> CompiledPoint {
        let kept = |plan: Plan| Arc::new(Plan { keep_series, ..plan });
        let plan = kept(plan::compile(&scenario));
        let mirror = scenario.run.antithetic.then(|| kept(plan::mirror(&scenario)));
        let balance = Arc::new(FlowBalance::of(&scenario));
        CompiledPoint { scenario, plan, balance, mirror, warmup: None }
    }
    /// Determines the warm-up if it is `auto`, from a pilot on `threads` threads (0 for one per
    /// core).
    ///
    /// # Errors
    /// If a replication of the pilot fails, or `interrupted` is set.
    pub(crate) fn settled(
        mut self,
        threads: usize,
        interrupted: &AtomicBool,
    ) -> Result<CompiledPoint, Failure> {
        if self.scenario.run.warmup != Warmup::Auto {
            return Ok(self);
        }
        let changes = changes(&self.scenario);
        let first = first_change(&changes, self.plan.horizon);
        let limit =
            first.map(|(at, subject)| FirstChange { at: Span(at.0), subject: subject.to_string() });
        let detected = warmup::find(&self.plan, limit, threads, interrupted)?;
        self = self.with_warmup(detected.cut);
        self.warmup = Some(detected);
        Ok(self)
    }
    /// Sets a warm-up that was determined before.
    pub(crate) fn with_warmup(mut self, cut: Span) -> CompiledPoint {
        let measured_from = Time(cut.0);
        let later = |plan: &Plan| Arc::new(plan.measured_from(&self.scenario, measured_from));
        (self.plan, self.mirror) = (later(&self.plan), self.mirror.as_deref().map(later));
        self.scenario.run.warmup = Warmup::Fixed(cut);
        self
    }
    /// Returns all metrics of its plan.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        measure::vocabulary(&self.plan.layout).metrics
    }
}

/// A point: the values that it sets and, once compiled, its scenario.
#[derive(Debug)]
pub(crate) struct Point {
    /// How to compile it on demand, so that a hundred thousand points are not all kept as
    /// scenarios.
    recipe: Option<(Arc<Template>, Parameters, bool)>,
    built: OnceLock<Result<Arc<CompiledPoint>, Failure>>,
}

impl Point {
    /// Creates a point from a compiled scenario.
    pub(crate) fn ready(built: CompiledPoint) -> Point {
        Point { recipe: None, built: OnceLock::from(Ok(Arc::new(built))) }
    }
    /// Creates a point that is compiled from a template when it is needed.
    pub(crate) fn later(template: Arc<Template>, row: Parameters, keep_series: bool) -> Point {
        Point { recipe: Some((template, row, keep_series)), built: OnceLock::new() }
    }
    /// Returns the compiled scenario; the first caller compiles it.
    ///
    /// # Errors
    /// If the scenario is invalid, or `interrupted` is set while it is compiled.
    pub(crate) fn built(&self, interrupted: &AtomicBool) -> Result<Arc<CompiledPoint>, Failure> {
        let make = || {
            let Some((template, row, keep_series)) = &self.recipe else {
                return Err(Failure::Invalid("there is no scenario".to_string()));
            };
            let scenario = template
                .scenario(row)
                .map_err(|problems| Failure::Invalid(problems.in_one_line()))?;
            // On this thread only: the other threads run cells.
            Ok(Arc::new(CompiledPoint::new(scenario, *keep_series).settled(1, interrupted)?))
        };
        self.built.get_or_init(make).clone()
    }
    /// Runs one of its replications, or one antithetic pair.
    ///
    /// # Errors
    /// As for [`cell::run`], and if the scenario is invalid.
    pub(crate) fn run(
        &self,
        replication: u32,
        interrupted: &AtomicBool,
    ) -> Result<CellRecord, Failure> {
        let built = self.built(interrupted)?;
        let one = cell::run(&built.plan, replication, interrupted)?;
        match &built.mirror {
            Some(mirror) => {
                Ok(antithetic::pair(&built.plan, one, cell::run(mirror, replication, interrupted)?))
            }
            None => Ok(one),
        }
    }
}

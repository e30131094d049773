//! A point of the space of scenarios: a scenario that can run, made when its first cell is begun.

use super::antithetic;
use super::cell::{self, CellRecord, Failure};
use super::warmup::{self, FirstChange, WarmupResult};
use crate::measure::{self, Metric};
use crate::plan::{self, Plan};
use crate::scenario::{FlowBalance, Parameters, Scenario, Template, Warmup, changes, first_change};
use crate::units::{Span, Time};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

/// A scenario and its plan.
#[derive(Debug)]
pub struct CompiledPoint {
    /// As it is run: with the warm-up that was found.
    pub scenario: Scenario,
    pub plan: Arc<Plan>,
    /// What is known of its load without simulating.
    pub balance: Arc<FlowBalance>,
    /// If `run.antithetic`: the same plan with every draw mirrored.
    pub mirror: Option<Arc<Plan>>,
    /// If `run.warmup` is `auto`.
    pub warmup: Option<WarmupResult>,
}

impl CompiledPoint {
    /// Compiles a checked scenario. `keep_series` says whether the course over time is kept.
    /// `warmup: auto` stays 0 until it is [settled](CompiledPoint::settled).
    pub fn new(scenario: Scenario, keep_series: bool) -> CompiledPoint {
        let kept = |plan: Plan| Arc::new(Plan { keep_series, ..plan });
        let plan = kept(plan::compile(&scenario));
        let mirror = scenario.run.antithetic.then(|| kept(plan::mirror(&scenario)));
        let balance = Arc::new(FlowBalance::of(&scenario));
        CompiledPoint { scenario, plan, balance, mirror, warmup: None }
    }
    /// Finds the warm-up if the scenario asks for that, with a pilot on so many threads (0 for one
    /// a core).
    ///
    /// # Errors
    /// If a replication of the pilot fails, or `interrupted` is set meanwhile.
    pub fn settled(
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
        let found = warmup::find(&self.plan, limit, threads, interrupted)?;
        self = self.with_warmup(found.cut);
        self.warmup = Some(found);
        Ok(self)
    }
    /// The same with a warm-up that was found before.
    pub fn with_warmup(mut self, cut: Span) -> CompiledPoint {
        let measured_from = Time(cut.0);
        let later = |plan: &Plan| Arc::new(plan.measured_from(&self.scenario, measured_from));
        (self.plan, self.mirror) = (later(&self.plan), self.mirror.as_deref().map(later));
        self.scenario.run.warmup = Warmup::Fixed(cut);
        self
    }
    /// Everything that is measured of it.
    pub fn metrics(&self) -> Vec<Metric> {
        measure::vocabulary(&self.plan.layout).metrics
    }
}

/// A point: what is varied, and what becomes of it.
#[derive(Debug)]
pub struct Point {
    /// How to make it, if it is not yet made: a hundred thousand points are not kept as scenarios.
    recipe: Option<(Arc<Template>, Parameters, bool)>,
    built: OnceLock<Result<Arc<CompiledPoint>, Failure>>,
}

impl Point {
    /// A scenario that is there.
    pub fn ready(built: CompiledPoint) -> Point {
        Point { recipe: None, built: OnceLock::from(Ok(Arc::new(built))) }
    }
    /// A scenario that is made of a template when it is needed.
    pub fn later(template: Arc<Template>, row: Parameters, keep_series: bool) -> Point {
        Point { recipe: Some((template, row, keep_series)), built: OnceLock::new() }
    }
    /// The scenario and its plan; made by whoever asks first.
    ///
    /// # Errors
    /// If it is no scenario that can run, or `interrupted` is set while it is made.
    pub fn built(&self, interrupted: &AtomicBool) -> Result<Arc<CompiledPoint>, Failure> {
        let make = || {
            let Some((template, row, keep_series)) = &self.recipe else {
                return Err(Failure::Invalid("there is no scenario".to_string()));
            };
            let scenario = template
                .scenario(row)
                .map_err(|problems| Failure::Invalid(problems.in_one_line()))?;
            // On this thread: the others have cells of their own.
            Ok(Arc::new(CompiledPoint::new(scenario, *keep_series).settled(1, interrupted)?))
        };
        self.built.get_or_init(make).clone()
    }
    /// Runs one of its replications.
    ///
    /// # Errors
    /// As [`cell::run`], and if it is no scenario that can run.
    pub fn run(&self, replication: u32, interrupted: &AtomicBool) -> Result<CellRecord, Failure> {
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

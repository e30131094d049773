//! What can be asked of an [`Experiment`]: one method a question.

use super::batch::{Member, batch};
use super::builder::Experiment;
use super::capacity::{CapacityResult, capacity};
use super::compare::Comparison;
use super::drive::Options;
use super::error::ExperimentError;
use super::point::CompiledPoint;
use super::replications::Rule;
use super::results::Results;
use super::rule::metric_named;
use super::run::{Progress, RunError, replicate};
use super::select::{FIRST_STAGE, Question, SelectionResult, select};
use super::sensitivity::{Method, Sensitivity, sensitivity};
use super::sweep::{Memory, PointResult, Spec, check, reduce_all, sweep};
use crate::design::Design;
use crate::problem::{Problem, Problems};
use crate::scenario::{Scenario, Template};
use crate::stats::Best;

/// Points that cannot run, of which an error tells.
const TOLD: usize = 10;

impl Experiment {
    /// Runs all replications of the scenario.
    ///
    /// # Errors
    /// All that is wrong with the scenario, or a limit of it that was reached.
    pub fn run(&self) -> Result<Results, ExperimentError> {
        let built = self.built(&self.sets)?;
        let rule = Rule::new(&built.scenario, &built.metrics())?;
        let (built, replications, _) =
            replicate(built, rule, self.options(), &mut |_| Ok(()), &mut |progress| {
                self.control.show(progress)
            })?;
        self.control.check()?;
        Ok(Results::new(&built, &replications))
    }

    /// Runs every point of the sweep, and keeps what they say in memory. A replication that fails
    /// is in its point's `failures`. With the feature `parquet`, `store::points_batch` and
    /// `store::summary_batch_of_points` make tables of them.
    ///
    /// # Errors
    /// All that is wrong with the scenario or with a point: then nothing is run.
    pub fn sweep(&self) -> Result<Vec<PointResult>, ExperimentError> {
        let (template, scenario) = self.template()?;
        let spec = Spec::new(&scenario, template, None, false);
        let (first, count) = check(&spec, self.threads, TOLD, &|_| {});
        if count > 0 {
            return Err(ExperimentError::Points { first, count });
        }
        let mut memory = Memory::default();
        sweep(&spec, self.options(), &mut memory, &mut |progress| self.control.show(progress))?;
        self.control.check()?;
        let mut points = Vec::new();
        reduce_all(&spec, self.options(), &mut memory, &mut |reduced| {
            points.push(reduced.swept.clone());
            Ok(())
        })?;
        Ok(points)
    }

    /// Compares variants with the scenario as it is, pair by pair. A variant is `PATH=VALUE`, or
    /// several, separated by `;`.
    ///
    /// ```
    /// # let shop = asyncflow::Experiment::from_yaml(
    /// #     "
    /// # version: 1
    /// # run: { duration: 20s, replications: 10 }
    /// # workload: { users: { to: api.GET /, open: { rate: 80/s } } }
    /// # services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
    /// # ",
    /// # )?;
    /// let comparison = shop.compare(&["services.api.replicas=2", "services.api.instance.speed=2x"])?;
    /// for row in comparison.family().filter(|row| row.stat == "p99") {
    ///     println!("{}: {:+.1} %, {}", comparison.names[row.variant], row.difference.relative.estimate * 100.0, row.judgement.name());
    /// }
    /// # assert_eq!(comparison.names.len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// All that is wrong with the scenario or a variant, or a limit that was reached.
    pub fn compare(&self, variants: &[&str]) -> Result<Comparison, ExperimentError> {
        let (names, built) = self.variants(variants)?;
        let member = |built: CompiledPoint| {
            let rule = Rule::new(&built.scenario, &built.metrics())?;
            Ok(Member::new(built, rule))
        };
        let mut members =
            built.into_iter().map(member).collect::<Result<Vec<Member>, ExperimentError>>()?;
        batch(&mut members, Progress::default(), self.options(), &mut |progress| {
            self.control.show(progress)
        })?;
        self.control.check()?;
        Ok(Comparison::new(names, &members))
    }

    /// Chooses the best of the scenario as it is and many variants of it by one metric, such as
    /// `users.latency.p99`, giving replications to those that may still be it. With the scenario's
    /// confidence the winner is the best, or within `indifference` of it (a share of its mean).
    /// `most` is the largest number of replications of one variant.
    ///
    /// ```
    /// # let shop = asyncflow::Experiment::from_yaml(
    /// #     "
    /// # version: 1
    /// # run: { duration: 20s, replications: 10 }
    /// # workload: { users: { to: api.GET /, open: { rate: 80/s } } }
    /// # services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
    /// # ",
    /// # )?;
    /// use asyncflow::stats::Best;
    /// let variants = ["services.api.replicas=2", "services.api.replicas=4", "services.api.instance.speed=2x"];
    /// let chosen = shop.select(&variants, "users.latency.mean", Best::Smallest, 0.05, 200)?;
    /// println!("{} is the best: {:.1} ms", chosen.candidates[chosen.winner].name, chosen.candidates[chosen.winner].estimate.estimate * 1e3);
    /// # assert_eq!((chosen.winner, chosen.certain), (3, true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// All that is wrong with the scenario or a variant, a metric that is not there, or a limit
    /// that was reached.
    pub fn select(
        &self,
        variants: &[&str],
        metric: &str,
        best: Best,
        indifference: f64,
        most: u32,
    ) -> Result<SelectionResult, ExperimentError> {
        let (names, built) = self.variants(variants)?;
        let confidence =
            built.first().map_or(0.95, |built| built.scenario.run.confidence.0.fraction);
        let question = Question {
            best,
            indifference,
            first_stage: FIRST_STAGE,
            most: most.max(FIRST_STAGE),
            confidence,
        };
        let place = |built: &CompiledPoint| metric_named(&built.metrics(), metric, "metric");
        let metrics = built.iter().map(place).collect::<Result<Vec<usize>, Box<Problem>>>();
        let metrics = metrics.map_err(|problem| Problems::from(*problem))?;
        let mut members: Vec<Member> = built
            .into_iter()
            .map(|built| Member::new(built, Rule::first_stage(question)))
            .collect();
        let chosen =
            select(&names, &mut members, &metrics, question, self.options(), &mut |progress| {
                self.control.show(progress)
            })?;
        self.control.check()?;
        Ok(chosen)
    }

    /// Searches as the scenario's `capacity` says.
    ///
    /// ```
    /// # let shop = asyncflow::Experiment::from_yaml(
    /// #     "
    /// # version: 1
    /// # run: { duration: 20s, replications: 10 }
    /// # workload: { users: { to: api.GET /, open: { rate: 80/s } } }
    /// # services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
    /// # slos: { fast: { of: users, p95: 80ms } }
    /// # capacity: { vary: workload.users.open.rate, from: 10/s, to: 500/s, tolerance: 10% }
    /// # ",
    /// # )?;
    /// let found = shop.capacity()?;
    /// println!("{:.0}/s; {:.0} % more than today", found.estimate, found.headroom().unwrap() * 100.0);
    /// # assert!(found.meets.unwrap() > 50.0 && found.misses.unwrap() < 125.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// All that is wrong with the scenario or a value that is tried, or a limit that was reached.
    pub fn capacity(&self) -> Result<CapacityResult, ExperimentError> {
        let (template, scenario) = self.template()?;
        capacity(&template, &scenario, self.options(), &mut |progress, _| {
            self.control.show(progress)
        })
    }

    /// Which of the varied parameters drive metrics, such as `users.latency.p99`: what is varied
    /// needs ranges, and the design is the method's own.
    ///
    /// ```
    /// # let shop = asyncflow::Experiment::from_yaml(
    /// #     "
    /// # version: 1
    /// # run: { duration: 20s, replications: 10 }
    /// # workload: { users: { to: api.GET /, open: { rate: 80/s } } }
    /// # services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
    /// # ",
    /// # )?;
    /// use asyncflow::experiment::Method;
    /// let varied = shop.vary("services.api.replicas", [1, 2, 3]).vary("services.api.balance", ["random", "round_robin"]);
    /// for influence in &varied.sensitivity(&["users.latency.p99"], Method::Morris(4))?[0].parameters {
    ///     println!("{}: {:.1} ms", influence.path, influence.effect.unwrap().mu_star * 1e3);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// All that is wrong with the scenario or a point, or a metric that is not there.
    pub fn sensitivity(
        &self,
        metrics: &[&str],
        method: Method,
    ) -> Result<Vec<Sensitivity>, ExperimentError> {
        let mut own = self.clone();
        if let Some(sweep) = &mut own.sweep {
            // Any design that takes ranges without steps: the method's own stands in its place.
            (sweep.design, sweep.points) = (Design::Lhs, Some(2));
        }
        let (template, scenario) = own.template()?;
        let metrics: Vec<String> = metrics.iter().map(|name| name.to_string()).collect();
        sensitivity(&template, &scenario, method, &metrics, self.options(), &mut |progress| {
            self.control.show(progress)
        })
    }

    fn options(&self) -> Options<'_> {
        Options { threads: self.threads, interrupted: self.control.flag() }
    }

    /// The scenario, and the template of its points.
    fn template(&self) -> Result<(Template, Scenario), ExperimentError> {
        let (loaded, scenario) = self.read(&self.sets)?;
        Ok((Template::new(&loaded, &scenario, self.folder()), scenario))
    }

    /// The scenario as it is and its variants, ready to run, with their names.
    fn variants(
        &self,
        variants: &[&str],
    ) -> Result<(Vec<String>, Vec<CompiledPoint>), ExperimentError> {
        let (mut names, mut built) = (vec!["baseline".to_string()], vec![self.built(&self.sets)?]);
        for variant in variants {
            let sets =
                variant.split(';').map(|set| set.trim().to_string()).filter(|set| !set.is_empty());
            built.push(self.built(&self.sets.iter().cloned().chain(sets).collect::<Vec<_>>())?);
            names.push(variant.to_string());
        }
        Ok((names, built))
    }

    fn built(&self, sets: &[String]) -> Result<CompiledPoint, ExperimentError> {
        Ok(CompiledPoint::new(self.read(sets)?.1, false)
            .settled(self.threads, self.control.flag())
            .map_err(RunError::Failed)?)
    }
}

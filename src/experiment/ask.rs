//! The questions an [`Experiment`] answers, one method per question.

use super::batch::{Member, batch};
use super::builder::Experiment;
use super::capacity::{CapacityResult, capacity};
use super::compare::Comparison;
use super::drive::Options;
use super::error::ExperimentError;
use super::point::CompiledPoint;
use super::replication::{Names, Replication};
use super::replications::Rule;
use super::results::Results;
use super::rule::metric_named;
use super::run::{Progress, RunError, Sink, replicate};
use super::select::{FIRST_STAGE, Question, SelectionResult, select};
use super::sensitivity::{Method, Sensitivity, sensitivity};
use super::sweep::{PointResult, Spec, Streaming, check, sweep};
use crate::design::Design;
use crate::problem::{Problem, Problems, Severity};
use crate::scenario::{Scenario, Sweep, Template};
use crate::stats::Best;

/// The number of invalid points reported in an error.
const REPORTED_MAX: usize = 10;

impl Experiment {
    /// Runs all replications of the scenario and returns the estimates with their intervals,
    /// without [`vary`](Experiment::vary) and [`between`](Experiment::between). Warnings about the
    /// scenario are those of [`problems`](Experiment::problems).
    ///
    /// # Errors
    /// [`ExperimentError::Scenario`] with all problems of the scenario; [`ExperimentError::Run`] if
    /// a limit of the scenario is reached or no thread can be started;
    /// [`ExperimentError::Interrupted`] if the experiment is cancelled.
    pub fn run(&self) -> Result<Results, ExperimentError> {
        self.replicated(self.built(&self.sets)?, &mut |_| Ok(()))
    }

    /// Like [`run`](Experiment::run), and passes each replication to `each`, in order, as soon as
    /// it and all before it are complete. Nothing of a replication is kept afterwards, so memory
    /// does not grow with their number.
    ///
    /// ```
    /// # let shop = asyncflow::Experiment::from_yaml(
    /// #     "
    /// # version: 1
    /// # run: { duration: 20s, replications: 3 }
    /// # workload: { users: { to: api.GET /, open: { rate: 80/s } } }
    /// # services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
    /// # ",
    /// # )?;
    /// // Sample one request in ten, and find the slowest. Calls between services are sampled too.
    /// let mut slowest_s = 0.0_f64;
    /// let results = shop.set("output.requests=10%").run_each(|replication| {
    ///     for request in replication.requests().filter(|request| request.workload.is_some()) {
    ///         slowest_s = slowest_s.max(request.latency_s());
    ///     }
    /// })?;
    /// let max = results.latency("users").stat("max").expect("the workload exists");
    /// assert!(0.0 < slowest_s && slowest_s <= max.estimate);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`run`](Experiment::run).
    pub fn run_each(
        &self,
        mut each: impl FnMut(Replication<'_>),
    ) -> Result<Results, ExperimentError> {
        let built = self.compiled_with_series()?;
        let names = Names::new(&built);
        self.replicated(built, &mut |record| {
            each(Replication::new(record, &names));
            Ok(())
        })
    }

    /// Like [`run`](Experiment::run), and passes each record to `sink`.
    pub(crate) fn replicated<'s>(
        &self,
        built: CompiledPoint,
        sink: &'s mut Sink<'s>,
    ) -> Result<Results, ExperimentError> {
        let rule = Rule::new(&built.scenario, &built.metrics())?;
        let show = &mut |progress| self.control.show(progress);
        let (built, replications, _) = replicate(built, rule, self.options(), sink, show)?;
        self.control.check()?;
        Ok(Results::new(&built, &replications))
    }

    /// Runs every point of the sweep and returns their results, in the order of the points.
    /// A replication that fails is listed in its point's `failures`. If the sweep is cancelled,
    /// the results are lost; [`sweep_each`](Experiment::sweep_each) passes each on as soon as it
    /// is there. [`at`](Experiment::at) returns the experiment of one point.
    ///
    /// With the feature `parquet`, `store::points_batch` and `store::summary_batch_of_points` turn
    /// the results into tables.
    ///
    /// # Errors
    /// [`ExperimentError::Scenario`] with all problems of the scenario, also if nothing is varied;
    /// [`ExperimentError::Points`] if some points cannot run, in which case nothing is simulated;
    /// [`ExperimentError::Run`] if no thread can be started; [`ExperimentError::Interrupted`] if
    /// the experiment is cancelled.
    pub fn sweep(&self) -> Result<Vec<PointResult>, ExperimentError> {
        let mut points = Vec::new();
        self.sweep_each(|point| points.push(point))?;
        Ok(points)
    }

    /// Like [`sweep`](Experiment::sweep), and passes the results of each point to `each`, in order,
    /// as soon as it and all points before it are complete. So the results up to a cancellation
    /// are in hand, and in memory are only those that wait for a slower point before them.
    ///
    /// ```
    /// # let shop = asyncflow::Experiment::from_yaml(
    /// #     "
    /// # version: 1
    /// # run: { duration: 20s, replications: 3 }
    /// # workload: { users: { to: api.GET /, open: { rate: 80/s } } }
    /// # services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
    /// # ",
    /// # )?;
    /// use asyncflow::{Cancellation, ExperimentError};
    /// // Stop at the first number of replicas that is fast enough.
    /// let (enough, mut found) = (Cancellation::new(), None);
    /// let varied = shop.vary("services.api.replicas", 1..=100).cancelled_by(&enough);
    /// let ended = varied.sweep_each(|point| {
    ///     let p99 = point.results.as_ref().and_then(|results| results.latency("users").p99());
    ///     if found.is_none() && p99.is_some_and(|p99| p99.high < 0.1) {
    ///         found = Some(point.parameters["services.api.replicas"].clone());
    ///         enough.cancel();
    ///     }
    /// });
    /// assert!(matches!(ended, Err(ExperimentError::Interrupted)));
    /// assert_eq!(found, Some(2.into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`sweep`](Experiment::sweep).
    pub fn sweep_each(&self, mut each: impl FnMut(PointResult)) -> Result<(), ExperimentError> {
        let (template, scenario) = self.template()?;
        if scenario.sweep.as_ref().is_none_or(Sweep::is_empty) {
            let problem = Problem::new(Severity::Error, "sweep", "nothing is varied");
            return Err(Problems::from(
                problem.help("name the parameters to vary, and their values"),
            )
            .into());
        }
        let spec = Spec::new(&scenario, template, None, false);
        let (first, count) = check(&spec, self.threads, REPORTED_MAX, &|_| {});
        if count > 0 {
            return Err(ExperimentError::Points { first, count });
        }
        let mut store = Streaming::new(&spec, &mut each);
        sweep(&spec, self.options(), &mut store, &mut |progress| self.control.show(progress))?;
        self.control.check()
    }

    /// Compares variants with the scenario as it is (the baseline), by paired differences on common
    /// random numbers. A variant is one assignment `PATH=VALUE` (see
    /// [`set`](Experiment::set)), or several separated by `;`, which no value may contain.
    /// Decisions are those of [`Comparison::family`].
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
    /// [`ExperimentError::Scenario`] with all problems of the scenario or of a variant;
    /// [`ExperimentError::Run`] if a limit of the scenario is reached or no thread can be started;
    /// [`ExperimentError::Interrupted`] if the experiment is cancelled.
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

    /// Selects the best of the scenario as it is and any number of variants by the mean of one
    /// metric, such as `users.latency.p99`, spending replications only on variants that may still
    /// be the best (procedure KN; Kim and Nelson 2001). With the scenario's confidence the winner
    /// is the best, or within `indifference` of it (a share of the best mean, 0.05 for 5 %). `most`
    /// is the maximum number of replications per variant; at least 10 are run.
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
    /// As for [`compare`](Experiment::compare); also if a variant has no metric of that name, or no
    /// variant has a value for it.
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
        let metric_index = |built: &CompiledPoint| metric_named(&built.metrics(), metric, "metric");
        let metrics = built.iter().map(metric_index).collect::<Result<Vec<usize>, Box<Problem>>>();
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

    /// Searches for the values of one parameter at which all objectives are met, as described by
    /// the scenario's `capacity` or by [`between`](Experiment::between). Each value tried gets 10
    /// replications, and twice as many while its verdict is uncertain, up to
    /// [`Capacity::most`](crate::scenario::Capacity::most); `run.replications` is not used.
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
    /// let capacity = shop.capacity()?;
    /// println!("{:.0}/s; {:.0} % more than today", capacity.estimate, capacity.headroom().unwrap() * 100.0);
    /// # assert!(capacity.meets.unwrap() > 50.0 && capacity.misses.unwrap() < 125.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ExperimentError::Scenario`] with all problems of the scenario, also if it has no
    /// `capacity`; [`ExperimentError::Points`] if a value in the range makes the scenario invalid;
    /// [`ExperimentError::Run`] if a replication fails, except for too many requests in flight,
    /// which counts as a missed objective or is inconclusive; [`ExperimentError::Interrupted`] if
    /// the experiment is cancelled.
    pub fn capacity(&self) -> Result<CapacityResult, ExperimentError> {
        let (template, scenario) = self.template()?;
        capacity(&template, &scenario, self.options(), &mut |progress, _| {
            self.control.show(progress)
        })
    }

    /// Determines which of the varied parameters drive the given metrics, such as
    /// `users.latency.p99`, and returns one answer per metric, in the order given. The parameters
    /// need ranges or lists of values; the points are chosen by the method, whatever the design of
    /// the sweep.
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
    /// As for [`sweep`](Experiment::sweep); also if no point has one of the metrics.
    pub fn sensitivity(
        &self,
        metrics: &[&str],
        method: Method,
    ) -> Result<Vec<Sensitivity>, ExperimentError> {
        let mut experiment = self.clone();
        if let Some(sweep) = &mut experiment.sweep {
            // Any design that accepts ranges without steps will do: the method replaces it.
            (sweep.design, sweep.points) = (Design::Lhs, Some(2));
        }
        let (template, scenario) = experiment.template()?;
        let metrics: Vec<String> = metrics.iter().map(|name| name.to_string()).collect();
        sensitivity(&template, &scenario, method, &metrics, self.options(), &mut |progress| {
            self.control.show(progress)
        })
    }

    fn options(&self) -> Options<'_> {
        Options { threads: self.threads, interrupted: self.control.flag() }
    }

    /// Returns the scenario and the template of its points.
    fn template(&self) -> Result<(Template, Scenario), ExperimentError> {
        let (loaded, scenario) = self.read(&self.sets)?;
        Ok((Template::new(&loaded, &scenario, self.folder()), scenario))
    }

    /// Returns the names of the baseline and its variants, and their compiled scenarios.
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
        self.compiled(sets, false)
    }

    /// Returns the scenario, compiled so that its time series are kept.
    pub(crate) fn compiled_with_series(&self) -> Result<CompiledPoint, ExperimentError> {
        self.compiled(&self.sets, true)
    }

    fn compiled(
        &self,
        sets: &[String],
        keep_series: bool,
    ) -> Result<CompiledPoint, ExperimentError> {
        Ok(CompiledPoint::new(self.read(sets)?.1, keep_series)
            .settled(self.threads, self.control.flag())
            .map_err(RunError::Failed)?)
    }
}

//! The library's way in: an [`Experiment`] is a scenario and what is asked of it.

use super::batch::{Member, batch};
use super::capacity::{CapacityError, Found, capacity};
use super::cell::{Cell, CellRecord, Failure};
use super::compare::Comparison;
use super::drive::Options;
use super::point::Built;
use super::replications::Rule;
use super::results::Results;
use super::rule::metric_named;
use super::run::{Progress, RunError, replicate};
use super::select::{Chosen, FIRST_STAGE, Question, select};
use super::sensitivity::{Method, Sensitivity, SensitivityError, sensitivity};
use super::sweep::{Keeper, Known, Spec, Swept, check, reduce_all, sweep};
use crate::design::{Design, Vary};
use crate::problem::{Problem, Problems};
use crate::scenario::text::Format;
use crate::scenario::{self, Loaded, Replications, Scenario, Sweep, Template};
use crate::stats::Best;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A scenario, and what is asked of it. Nothing is written to any file.
///
/// ```
/// use asyncflow::Experiment;
/// let shop = Experiment::from_yaml(
///     "
/// version: 1
/// run: { duration: 1m, replications: 5 }
/// workload: { users: { to: api.GET /, open: { rate: 80/s } } }
/// services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
/// ",
/// )?;
/// let p99 = |results: &asyncflow::experiment::Results| results.find("workload", "users", "latency", "p99").unwrap().estimate.estimate;
/// let today = shop.run()?;
/// for point in shop.clone().vary("services.api.replicas", [1, 2, 4]).sweep()? {
///     println!("{:?}: p99 = {:.0} ms", point.parameters["services.api.replicas"], p99(point.results.as_ref().unwrap()) * 1e3);
/// }
/// let comparison = shop.compare(&["services.api.replicas=2"])?;
/// assert_eq!(comparison.family().next().unwrap().judgement.word(), "better");
/// # assert!(p99(&today) > 0.05);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Experiment {
    text: String,
    format: Format,
    stem: String,
    folder: PathBuf,
    sets: Vec<String>,
    sweep: Option<Sweep>,
    threads: usize,
}

/// Why an experiment gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The scenario, or a point of it, is wrong: all problems, one a line.
    #[error("{0}")]
    Scenario(String),
    /// It could not be run.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl Experiment {
    /// An experiment with a scenario in YAML.
    ///
    /// # Errors
    /// All that is wrong with the scenario.
    pub fn from_yaml(text: &str) -> Result<Experiment, ExperimentError> {
        Experiment::checked(text.to_string(), Format::Yaml, "scenario".to_string(), PathBuf::new())
    }

    /// An experiment with a scenario file: YAML, JSON, RON, or of AsyncFlow 0.1.
    ///
    /// # Errors
    /// If the file cannot be read, and all that is wrong with it.
    pub fn from_file(path: &Path) -> Result<Experiment, ExperimentError> {
        let (source, _) = scenario::read_file(path, &[]).map_err(|problem| ExperimentError::Scenario(problem.what))?;
        let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        Experiment::checked(source.text, Format::of(path).unwrap_or(Format::Yaml), stem, folder)
    }

    fn checked(text: String, format: Format, stem: String, folder: PathBuf) -> Result<Experiment, ExperimentError> {
        let experiment = Experiment { text, format, stem, folder, sets: Vec::new(), sweep: None, threads: 0 };
        experiment.scenario().map(|_| experiment)
    }

    /// Sets a value at a path of the scenario, as `--set` does: `set("services.api.replicas=4")`. It is checked when something is asked.
    #[must_use]
    pub fn set(mut self, assignment: &str) -> Experiment {
        self.sets.push(assignment.to_string());
        self
    }

    /// So many replications.
    #[must_use]
    pub fn replications(self, n: u32) -> Experiment {
        self.set(&format!("run.replications={n}"))
    }

    /// Where the random numbers start.
    #[must_use]
    pub fn seed(self, seed: u64) -> Experiment {
        self.set(&format!("run.seed={seed}"))
    }

    /// So many threads; 0, the default, for one a core. The results do not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Experiment {
        self.threads = threads;
        self
    }

    /// Varies a path over values. Several calls make a grid; all replace the scenario's own `sweep`.
    #[must_use]
    pub fn vary<V: Into<Value>>(self, path: &str, values: impl IntoIterator<Item = V>) -> Experiment {
        let values = values.into_iter().map(Into::into).collect();
        self.vary_over(path, Vary::Values(values))
    }

    /// Varies a path over values or a range.
    #[must_use]
    pub fn vary_over(mut self, path: &str, vary: Vary) -> Experiment {
        self.sweep.get_or_insert_default().vary.insert(path.to_string(), vary);
        self
    }

    /// Chooses the points by a design, such as `(Design::Sobol, Some(256))`; a grid if this is not called.
    #[must_use]
    pub fn design(mut self, design: Design, points: Option<u32>) -> Experiment {
        let sweep = self.sweep.get_or_insert_default();
        (sweep.design, sweep.points) = (design, points);
        self
    }

    /// The scenario as it is run.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn scenario(&self) -> Result<Scenario, ExperimentError> {
        self.read(&self.sets).map(|(_, scenario)| scenario)
    }

    fn read(&self, sets: &[String]) -> Result<(Loaded, Scenario), ExperimentError> {
        let mut loaded = scenario::read(&self.text, self.format, &self.stem, &self.folder, sets);
        let mut scenario = loaded.scenario.take();
        if let Some(scenario) = &mut scenario {
            scenario.sweep = self.sweep.clone().or(scenario.sweep.take());
            loaded.problems.list.extend(scenario::check(scenario).list);
        }
        let errors = loaded.problems.list.iter().filter(|problem| problem.severity == crate::problem::Severity::Error).cloned();
        let errors = Problems { list: errors.collect() };
        match scenario {
            Some(scenario) if errors.list.is_empty() => Ok((loaded, scenario)),
            _ => Err(ExperimentError::Scenario(errors.in_lines())),
        }
    }

    fn options<'a>(&self, interrupted: &'a AtomicBool) -> Options<'a> {
        Options { threads: self.threads, interrupted }
    }

    /// Runs all replications of the scenario.
    ///
    /// # Errors
    /// All that is wrong with the scenario, or a limit of it that was reached.
    pub fn run(&self) -> Result<Results, ExperimentError> {
        run(self.scenario()?, self.threads)
    }

    /// Runs every point of the sweep, and keeps what they say in memory. A replication that fails is in its point's `failures`.
    /// [`points_batch`](crate::store::points_batch) and [`summary_batch_of_points`](crate::store::summary_batch_of_points) make tables of them.
    ///
    /// # Errors
    /// All that is wrong with the scenario or with a point: then nothing is run.
    pub fn sweep(&self) -> Result<Vec<Swept>, ExperimentError> {
        let (loaded, scenario) = self.read(&self.sets)?;
        let template = Template::new(&loaded, &scenario, self.folder.clone()).map_err(ExperimentError::Scenario)?;
        let spec = Spec::new(&scenario, template, None, false);
        let (bad, _) = check(&spec, self.threads, 10, &|_| {});
        if !bad.is_empty() {
            let lines = bad.iter().map(|point| format!("point {}: {}", point.number, point.problems.in_one_line()));
            return Err(ExperimentError::Scenario(lines.collect::<Vec<_>>().join("\n")));
        }
        let (interrupted, mut memory) = (AtomicBool::new(false), Memory::default());
        sweep(&spec, self.options(&interrupted), &mut memory, &mut |_| {})?;
        let mut points = Vec::new();
        reduce_all(&spec, self.options(&interrupted), &mut memory, &mut |reduced| {
            points.push(reduced.swept.clone());
            Ok(())
        })?;
        Ok(points)
    }

    /// Compares variants with the scenario as it is, pair by pair. A variant is `PATH=VALUE`, or several, separated by `;`.
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
    ///     println!("{}: {:+.1} %, {}", comparison.names[row.variant], row.difference.relative.estimate * 100.0, row.judgement.word());
    /// }
    /// # assert_eq!(comparison.names.len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// All that is wrong with the scenario or a variant, or a limit that was reached.
    pub fn compare(&self, variants: &[&str]) -> Result<Comparison, ExperimentError> {
        let (names, built) = self.variants(variants)?;
        let member = |built: Built| {
            let rule = Rule::new(&built.scenario, &built.metrics()).map_err(|problems| ExperimentError::Scenario(problems.in_lines()))?;
            Ok(Member::new(built, rule))
        };
        let mut members = built.into_iter().map(member).collect::<Result<Vec<Member>, ExperimentError>>()?;
        let interrupted = AtomicBool::new(false);
        batch(&mut members, Progress::default(), self.options(&interrupted), &mut |_| {})?;
        Ok(Comparison::new(names, &members))
    }

    /// Chooses the best of the scenario as it is and many variants of it by one metric, such as `users.latency.p99`, giving replications to those
    /// that may still be it. With the scenario's confidence the winner is the best, or within `indifference` of it (a share of its mean). `most` is
    /// the largest number of replications of one variant.
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
    /// All that is wrong with the scenario or a variant, a metric that is not there, or a limit that was reached.
    pub fn select(&self, variants: &[&str], metric: &str, best: Best, indifference: f64, most: u32) -> Result<Chosen, ExperimentError> {
        let (names, built) = self.variants(variants)?;
        let confidence = built.first().map_or(0.95, |built| built.scenario.run.confidence.0.fraction);
        let question = Question { best, indifference, first_stage: FIRST_STAGE, most: most.max(FIRST_STAGE), confidence };
        let place = |built: &Built| metric_named(&built.metrics(), metric, "metric");
        let metrics = built.iter().map(place).collect::<Result<Vec<usize>, Box<Problem>>>();
        let metrics = metrics.map_err(|problem| ExperimentError::Scenario(Problems { list: vec![*problem] }.in_lines()))?;
        let mut members: Vec<Member> = built.into_iter().map(|built| Member::new(built, Rule::first_stage(question))).collect();
        let interrupted = AtomicBool::new(false);
        Ok(select(&names, &mut members, &metrics, question, self.options(&interrupted), &mut |_| {})?)
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
    pub fn capacity(&self) -> Result<Found, ExperimentError> {
        let (loaded, scenario) = self.read(&self.sets)?;
        let template = Template::new(&loaded, &scenario, self.folder.clone()).map_err(ExperimentError::Scenario)?;
        let interrupted = AtomicBool::new(false);
        capacity(&template, &scenario, self.options(&interrupted), &mut |_, _| {}).map_err(|error| match error {
            CapacityError::Run(error) => ExperimentError::Run(error),
            other => ExperimentError::Scenario(other.to_string()),
        })
    }

    /// Which of the varied parameters drive metrics, such as `users.latency.p99`: what is varied needs ranges, and the design is the method's own.
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
    pub fn sensitivity(&self, metrics: &[&str], method: Method) -> Result<Vec<Sensitivity>, ExperimentError> {
        let mut own = self.clone();
        if let Some(sweep) = &mut own.sweep {
            // Any design that takes ranges without steps: the method's own stands in its place.
            (sweep.design, sweep.points) = (Design::Lhs, Some(2));
        }
        let (loaded, scenario) = own.read(&own.sets)?;
        let template = Template::new(&loaded, &scenario, self.folder.clone()).map_err(ExperimentError::Scenario)?;
        let (interrupted, metrics) = (AtomicBool::new(false), metrics.iter().map(|name| name.to_string()).collect::<Vec<_>>());
        let answers = sensitivity(&template, &scenario, method, &metrics, self.options(&interrupted), &mut |_| {});
        answers.map_err(|error| match error {
            SensitivityError::Run(error) => ExperimentError::Run(error),
            other => ExperimentError::Scenario(other.to_string()),
        })
    }

    /// The scenario as it is and its variants, ready to run, with their names.
    fn variants(&self, variants: &[&str]) -> Result<(Vec<String>, Vec<Built>), ExperimentError> {
        let (mut names, mut built) = (vec!["baseline".to_string()], vec![self.built(&self.sets)?]);
        for variant in variants {
            let sets = variant.split(';').map(|set| set.trim().to_string()).filter(|set| !set.is_empty());
            built.push(self.built(&self.sets.iter().cloned().chain(sets).collect::<Vec<_>>())?);
            names.push(variant.to_string());
        }
        Ok((names, built))
    }

    fn built(&self, sets: &[String]) -> Result<Built, ExperimentError> {
        Ok(Built::new(self.read(sets)?.1, false).settled(self.threads, &AtomicBool::new(false)).map_err(RunError::Failed)?)
    }
}

/// Runs all replications of a checked scenario.
pub fn run(scenario: Scenario, threads: usize) -> Result<Results, ExperimentError> {
    let interrupted = AtomicBool::new(false);
    let built = Built::new(scenario, false).settled(threads, &interrupted).map_err(RunError::Failed)?;
    let rule = Rule::new(&built.scenario, &built.metrics()).map_err(|problems| ExperimentError::Scenario(problems.in_lines()))?;
    let options = Options { threads, interrupted: &interrupted };
    let (built, replications, _) = replicate(built, rule, options, &mut |_| Ok(()), &mut |_| {})?;
    Ok(Results::new(&built, &replications))
}

impl Spec {
    /// The points of a scenario's `sweep`.
    pub fn new(scenario: &Scenario, template: Template, shard: Option<super::Shard>, keep_series: bool) -> Spec {
        let sweep = scenario.sweep.clone().unwrap_or_default();
        let points = Arc::new(sweep.points());
        // The rule is that of all points, unless one of them changes how they are run, or what there is to measure.
        let rule = match &scenario.run.replications {
            Replications::Fixed(n) => {
                let changes = |path: &String| path == "run" || path.starts_with("run.");
                let varied = sweep.vary.keys().any(changes) || sweep.rows.iter().flat_map(|row| row.keys()).any(changes);
                (!varied).then(|| Rule::fixed(*n, scenario.run.confidence.0.fraction))
            }
            Replications::Until(_) => None,
        };
        Spec { template: Arc::new(template), points, shard, keep_series, rule }
    }
}

/// Keeps everything in memory.
#[derive(Default)]
pub struct Memory {
    cells: BTreeMap<u64, Vec<Known>>,
}

impl Keeper for Memory {
    fn keep(&mut self, cell: Cell, result: &Result<CellRecord, Failure>) -> Result<(), String> {
        self.cells.entry(cell.point).or_default().push((cell.replication, result.clone()));
        Ok(())
    }
    fn known(&mut self, point: u64) -> Result<Vec<Known>, String> {
        let mut known = self.cells.remove(&point).unwrap_or_default();
        known.sort_by_key(|(replication, _)| *replication);
        Ok(known)
    }
}

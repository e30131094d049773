//! The entry point of the library: an [`Experiment`] is a scenario and how to run it. The questions
//! it answers are in `ask.rs`.

use super::control::{Cancellation, Control};
use super::error::ExperimentError;
use super::run::Progress;
use crate::design::{Design, Vary};
use crate::problem::Problems;
use crate::scenario::Format;
use crate::scenario::{self, Capacity, Loaded, Parameters, Scenario, Sweep};
use serde_json::Value;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A scenario and the settings of its runs. Writes no files.
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
/// let p99 = |results: &asyncflow::experiment::Results| {
///     results.latency("users").p99().unwrap().estimate
/// };
/// let today = shop.run()?;
/// for point in shop.clone().vary("services.api.replicas", [1, 2, 4]).sweep()? {
///     println!("{:?}: p99 = {:.0} ms", point.parameters["services.api.replicas"], p99(point.results.as_ref().unwrap()) * 1e3);
/// }
/// let comparison = shop.compare(&["services.api.replicas=2"])?;
/// assert_eq!(comparison.family().next().unwrap().judgement.name(), "better");
/// # assert!(p99(&today) > 0.05);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Experiment {
    source: Source,
    pub(super) sets: Vec<String>,
    pub(super) sweep: Option<Sweep>,
    search: Option<Capacity>,
    pub(super) threads: usize,
    pub(super) control: Control,
}

/// The source of the scenario.
#[derive(Clone, Debug)]
enum Source {
    Text { text: String, format: Format, stem: String, folder: PathBuf },
    Built(Box<Scenario>),
}

impl Experiment {
    /// Creates an experiment from a scenario that was read from a file or built in Rust as shown at
    /// [`Scenario::new`]. The scenario is checked when the experiment is run; a file of measured
    /// values that it names is looked up in the current folder.
    pub fn new(scenario: &Scenario) -> Experiment {
        Experiment::of(Source::Built(Box::new(scenario.clone())))
    }

    /// Creates an experiment from a scenario in YAML.
    ///
    /// # Errors
    /// [`ExperimentError::Scenario`] with all problems of the scenario.
    pub fn from_yaml(text: &str) -> Result<Experiment, ExperimentError> {
        let (stem, folder) = ("scenario".to_string(), PathBuf::new());
        Experiment::checked(Source::Text {
            text: text.to_string(),
            format: Format::Yaml,
            stem,
            folder,
        })
    }

    /// Creates an experiment from a scenario file in YAML, JSON or RON, or in the format of
    /// AsyncFlow 0.1.
    ///
    /// # Errors
    /// [`ExperimentError::Scenario`] if the file cannot be read, or with all problems of the
    /// scenario.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Experiment, ExperimentError> {
        let path = path.as_ref();
        let (source, _) = scenario::read_file(path, &[]).map_err(Problems::from)?;
        let stem =
            path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        Experiment::checked(Source::Text {
            text: source.text,
            format: Format::of(path).unwrap_or(Format::Yaml),
            stem,
            folder,
        })
    }

    fn of(source: Source) -> Experiment {
        Experiment {
            source,
            sets: Vec::new(),
            sweep: None,
            search: None,
            threads: 0,
            control: Control::default(),
        }
    }

    fn checked(source: Source) -> Result<Experiment, ExperimentError> {
        let experiment = Experiment::of(source);
        experiment.scenario().map(|_| experiment)
    }

    /// Sets a value at a path of the scenario: `set("services.api.replicas=4")`. The value is
    /// written as in YAML or JSON (`4`, `300/s`, `"300/s"`, `{ exp: 8ms }`). The assignment is
    /// checked when the experiment is run.
    ///
    /// A path is the keys of a scenario file, separated by dots, with the index of an item of a
    /// list in brackets: `run.duration`, `workload.users.open.rate`,
    /// `services.api.endpoints.GET /item.steps[1].call.timeout`. Keys are written as they are,
    /// also with spaces, slashes and dots; those that contain `=` cannot be addressed. All but the
    /// last must exist.
    #[must_use]
    pub fn set(mut self, assignment: &str) -> Experiment {
        self.sets.push(assignment.to_string());
        self
    }

    /// Sets the number of replications.
    #[must_use]
    pub fn replications(self, n: u32) -> Experiment {
        self.set(&format!("run.replications={n}"))
    }

    /// Sets the random seed.
    #[must_use]
    pub fn seed(self, seed: u64) -> Experiment {
        self.set(&format!("run.seed={seed}"))
    }

    /// Sets the number of threads; the default is one per core. Results do not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: NonZero<usize>) -> Experiment {
        self.threads = threads.get();
        self
    }

    /// Sets the [`Cancellation`] that interrupts this experiment and its clones. Once cancelled,
    /// they stay so; set a new one to run them again.
    #[must_use]
    pub fn cancelled_by(mut self, cancellation: &Cancellation) -> Experiment {
        self.control.cancellation = cancellation.clone();
        self
    }

    /// Sets a function that is called with the progress whenever a replication is complete, on the
    /// thread that runs the experiment. In a sweep, [`Progress::done`] and [`Progress::of`] count
    /// points, and [`Progress::cells`] counts replications. (It is `Send` and `Sync` so that an
    /// experiment can be moved to another thread.)
    ///
    /// ```
    /// # let shop = asyncflow::Experiment::from_yaml(
    /// #     "
    /// # version: 1
    /// # run: { duration: 10s, replications: 5 }
    /// # workload: { users: { to: api.GET /, open: { rate: 80/s } } }
    /// # services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
    /// # ",
    /// # )?;
    /// let results = shop.on_progress(|progress| eprintln!("{} of {} replications", progress.done, progress.of)).run()?;
    /// # assert_eq!(results.replications, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn on_progress(
        mut self,
        listener: impl Fn(Progress) + Send + Sync + 'static,
    ) -> Experiment {
        self.control.listener = Some(Arc::new(listener));
        self
    }

    /// Varies the value at a path (as for [`set`](Experiment::set)) over values, which may also be
    /// whole subtrees. Several calls make a grid, in which the last path changes fastest. Replaces
    /// the scenario's own `sweep`.
    #[must_use]
    pub fn vary<V: Into<Value>>(
        self,
        path: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Experiment {
        let values = values.into_iter().map(Into::into).collect();
        self.vary_over(path, Vary::Values(values))
    }

    /// Varies a path over values or a range. Replaces the scenario's own `sweep`.
    #[must_use]
    pub fn vary_over(mut self, path: &str, vary: Vary) -> Experiment {
        self.sweep.get_or_insert_default().vary.insert(path.to_string(), vary);
        self
    }

    /// Sets the design of the sweep and its number of points, such as `(Design::Sobol, Some(256))`;
    /// the default is a grid.
    #[must_use]
    pub fn design(mut self, design: Design, points: Option<u32>) -> Experiment {
        let sweep = self.sweep.get_or_insert_default();
        (sweep.design, sweep.points) = (design, points);
        self
    }

    /// Sets the values at these paths: the experiment of one point of a sweep, whose replications
    /// and sampled requests [`run_each`](Experiment::run_each) then passes on. Its results are the
    /// same as in the sweep. Paths are limited as for [`set`](Experiment::set).
    #[must_use]
    pub fn at(mut self, parameters: &Parameters) -> Experiment {
        self.sets.extend(parameters.iter().map(|(path, value)| format!("{path}={value}")));
        self
    }

    /// Sets the parameter, and the range of its values, that [`capacity`](Experiment::capacity)
    /// searches for the limit at which the objectives are just met. Replaces the scenario's own
    /// `capacity`.
    #[must_use]
    pub fn between(
        mut self,
        path: &str,
        from: impl Into<Value>,
        to: impl Into<Value>,
    ) -> Experiment {
        self.search = Some(Capacity::new(path, from.into(), to.into()));
        self
    }

    /// Returns the scenario as it will be run, with all settings applied.
    ///
    /// # Errors
    /// [`ExperimentError::Scenario`] with all problems of the scenario.
    pub fn scenario(&self) -> Result<Scenario, ExperimentError> {
        self.read(&self.sets).map(|(_, scenario)| scenario)
    }

    /// Returns all findings about the scenario: errors, and also warnings and notes, which do not
    /// prevent a run. While there are errors, what is only found in a valid scenario is missing.
    pub fn problems(&self) -> Problems {
        self.load(&self.sets).0.problems
    }

    /// Returns the folder against which file names in the scenario are resolved.
    pub(super) fn folder(&self) -> PathBuf {
        match &self.source {
            Source::Text { folder, .. } => folder.clone(),
            Source::Built(_) => PathBuf::new(),
        }
    }

    fn load(&self, sets: &[String]) -> (Loaded, Option<Scenario>) {
        let mut loaded = match &self.source {
            Source::Text { text, format, stem, folder } => {
                scenario::read(text, *format, stem, folder, sets)
            }
            Source::Built(scenario) => scenario::read_built(scenario, sets),
        };
        let mut scenario = loaded.scenario.take();
        if let Some(scenario) = &mut scenario {
            scenario.sweep = self.sweep.clone().or(scenario.sweep.take());
            scenario.capacity = self.search.clone().or(scenario.capacity.take());
            let found = scenario::check(scenario);
            match loaded.tree().is_some() {
                true => loaded.add(found),
                false => loaded.problems.list.extend(found.list),
            }
        }
        (loaded, scenario)
    }

    pub(super) fn read(&self, sets: &[String]) -> Result<(Loaded, Scenario), ExperimentError> {
        let (loaded, scenario) = self.load(sets);
        match scenario {
            Some(scenario) if !loaded.problems.any_error() => Ok((loaded, scenario)),
            _ => Err(ExperimentError::Scenario(loaded.problems.into_errors())),
        }
    }
}

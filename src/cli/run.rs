//! `run`: simulates, prints the summary and writes the files. All scenarios are read before the
//! first is run.

use super::Outcome;
use super::arguments::{Run, SimulationOptions};
use super::check::{Loaded, load};
use super::draw::paint;
use super::interrupt;
use super::out::{noted, print, say};
use super::progress::Bar;
use super::write::{refuse, refuse_store, stopped};
use crate::experiment::{self, CellRecord, CompiledPoint, Failure, Fold, Results, Rule};
use crate::problem::{Problem, Refusal};
use crate::report::{self, RunInfo};
use crate::scenario::{Replications, Scenario};
use crate::store::{Dataset, Folder, PLOTS, StoreError, Study};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub(crate) fn run(options: &Run) -> Outcome {
    if options.scenarios.len() > 1 && options.folder.out.is_some() {
        return refuse(
            "`--out` names one folder, but there are several scenarios: omit it to write each to out/NAME",
        );
    }
    let Some(scenarios) = read_all(options) else { return Outcome::Refused };
    let interrupted = interrupt::flag();
    let (mut outcome, mut documents) = (Outcome::Done, Vec::new());
    for (path, scenario) in scenarios {
        let name = path.display().to_string();
        let mut ran = match interrupted.load(Ordering::Relaxed) {
            true => RunOutcome {
                outcome: refuse(&format!("interrupted: {name} was not run")),
                document: None,
            },
            false => one(path, scenario, options, interrupted),
        };
        match ran.outcome {
            Outcome::Done => {}
            Outcome::Missed if outcome == Outcome::Done => outcome = Outcome::Missed,
            Outcome::Missed => {}
            Outcome::Refused => outcome = Outcome::Refused,
        }
        if options.output.json {
            let document = ran.document.get_or_insert_with(
                || json!({ "asyncflow": env!("CARGO_PKG_VERSION"), "problems": noted() }),
            );
            document["file"] = name.into();
            documents.push(document.take());
        }
    }
    let printed = match documents.as_slice() {
        [] => Outcome::Done,
        [only] => print(&format!("{only:#}\n")),
        several => print(&format!("{:#}\n", Value::from(several))),
    };
    if printed == Outcome::Refused { Outcome::Refused } else { outcome }
}

/// Reads all scenarios, each with its file; `None` if one of them cannot run, or if two would be
/// written to the same folder.
fn read_all(options: &Run) -> Option<Vec<(&Path, Scenario)>> {
    let change = |scenario: &mut Scenario| {
        change(scenario, options.replicated.replications, &options.simulation)
    };
    let read = |path: &Path| {
        load(path, &options.overrides.set, options.output.is_terse(), change)
            .map(|Loaded { scenario, .. }| scenario)
    };
    let read: Vec<(&Path, Option<Scenario>)> =
        options.scenarios.iter().map(|path| (path.as_path(), read(path))).collect();
    let (of, sound) = (read.len(), read.iter().filter(|(_, scenario)| scenario.is_some()).count());
    let scenarios: Vec<(&Path, Scenario)> =
        read.into_iter().filter_map(|(path, scenario)| Some((path, scenario?))).collect();
    if sound < of {
        if of > 1 {
            say(&format!("{} of {of} scenarios cannot run; nothing was simulated", of - sound));
        }
        return None;
    }
    let mut folders: BTreeMap<&str, &Path> = BTreeMap::new();
    for (path, scenario) in scenarios.iter().filter(|_| !options.no_files) {
        if let Some(first) = folders.insert(&scenario.name, path) {
            refuse(&format!(
                "`{}` and `{}` would both be written to `out/{}`\n  = help: give one of them another `name`, or run them separately with `--out`",
                first.display(),
                path.display(),
                scenario.name
            ));
            return None;
        }
    }
    Some(scenarios)
}

/// Applies the command line to the `run` block of a scenario.
pub(crate) fn change(
    scenario: &mut Scenario,
    replications: Option<u32>,
    simulation: &SimulationOptions,
) -> Vec<Problem> {
    let run = &mut scenario.run;
    if let Some(replications) = replications {
        run.replications = Replications::Fixed(replications);
    }
    run.seed = simulation.seed.unwrap_or(run.seed);
    match simulation.duration.as_deref().map(str::parse) {
        Some(Ok(duration)) => run.duration = duration,
        Some(Err(Refusal { what, help })) => {
            let is_negative =
                simulation.duration.as_ref().is_some_and(|typed| typed.trim().starts_with('-'));
            let help = help.filter(|_| !is_negative).unwrap_or_else(|| {
                "write a time above 0s and up to 146 years, such as `--duration 10m`".to_string()
            });
            return vec![Problem::refusal("--duration", Refusal::new(what).help(help))];
        }
        None => {}
    }
    Vec::new()
}

/// The result of a scenario: its outcome, and its JSON object.
struct RunOutcome {
    outcome: Outcome,
    document: Option<Value>,
}

impl From<Outcome> for RunOutcome {
    fn from(outcome: Outcome) -> RunOutcome {
        RunOutcome { outcome, document: None }
    }
}

fn one(
    path: &Path,
    scenario: Scenario,
    options: &Run,
    interrupted: &Arc<AtomicBool>,
) -> RunOutcome {
    let how = options.simulation.threads.until(interrupted);
    let point = CompiledPoint::new(scenario, !options.no_files);
    let built = match point.settled(how.threads, interrupted) {
        Ok(built) => built,
        Err(failure) => return unsettled(failure).into(),
    };
    let scenario = built.scenario.clone();
    let rule = match Rule::new(&scenario, &built.metrics()) {
        Ok(rule) => rule,
        Err(problems) => return refuse(&problems.in_one_line()).into(),
    };
    let mut dataset = match (!options.no_files).then(|| begin(path, &built, options)).transpose() {
        Ok(dataset) => dataset,
        Err(error) => return refuse_store(&error).into(),
    };
    let bar = Bar::new("replications", !options.output.is_terse());
    #[allow(clippy::disallowed_methods, reason = "the wall time is printed, but is in no file")]
    let begun = Instant::now();
    let mut sink = |record: &CellRecord| match &mut dataset {
        Some(dataset) => Ok(dataset.append(record)?),
        None => Ok(()),
    };
    let done =
        experiment::replicate(built, rule, how, &mut sink, &mut |progress| bar.show(progress));
    let wall_s = begun.elapsed().as_secs_f64();
    bar.clear();
    let (built, replications, threads) = match done.map_err(StoreError::from_run) {
        Ok(done) => done,
        Err(Ok(error)) => return refuse_store(&error).into(),
        Err(Err(error)) => return refuse(&explain(&error)).into(),
    };
    let requested = (!replications.is_complete()).then(|| replications.wanted());
    if let Some(of) = requested {
        let kept = dataset
            .as_ref()
            .filter(|dataset| dataset.folder().is_complete())
            .map(|dataset| dataset.folder().path());
        let kept = kept.map_or(String::new(), |path| {
            format!("; the earlier result in {} is unchanged", path.display())
        });
        refuse(&format!(
            "interrupted: {} of {of} replications are complete{kept}",
            replications.done
        ));
        dataset = dataset.filter(|dataset| !dataset.folder().is_complete());
    }
    if replications.done == 0 {
        return Outcome::Refused.into();
    }
    let results = Results::new(&built, &replications);
    let Some(fold) = replications.fold else { return Outcome::Refused.into() };
    finish(options, &scenario, &results, &fold, dataset, RunInfo { wall_s, threads }, requested)
}

/// Locks the folder and creates the files.
fn begin(path: &Path, built: &CompiledPoint, options: &Run) -> Result<Dataset, StoreError> {
    let folder = options
        .folder
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("out").join(&built.scenario.name));
    // All runs of a file are the same study.
    let study = Study::new("run", &[path], &Value::Null, &built.scenario);
    Dataset::begin(Folder::open(&folder, study, options.output.force)?, built)
}

/// Writes the files and prints the summary; it is printed even if the files cannot be finished, as
/// the only result then.
fn finish(
    options: &Run,
    scenario: &Scenario,
    results: &Results,
    fold: &Fold,
    dataset: Option<Dataset>,
    info: RunInfo,
    requested: Option<u32>,
) -> RunOutcome {
    let written = dataset
        .map(|dataset| write(dataset, options, scenario, results, fold, requested))
        .transpose();
    let mut printed = Outcome::Done;
    if !options.output.is_terse() {
        printed = print(&report::summary(
            scenario,
            results,
            fold,
            info,
            paint(std::io::stdout().is_terminal()),
        ));
    }
    let failed = match written {
        Ok(Some(message)) if !options.output.is_terse() => {
            say(&message);
            false
        }
        Ok(_) => false,
        Err(error) => refuse_store(&error) == Outcome::Refused,
    };
    let outcome = match results.slos.iter().any(|slo| !slo.pass) {
        _ if failed || requested.is_some() || printed == Outcome::Refused => Outcome::Refused,
        true => Outcome::Missed,
        false => Outcome::Done,
    };
    let document = options.output.json.then(|| {
        let mut document = report::to_json(results, info);
        document["interrupted"] =
            requested.map_or(Value::Null, |of| json!({ "done": results.replications, "of": of }));
        document["problems"] = noted().into();
        document
    });
    RunOutcome { outcome, document }
}

/// Writes the remaining files. Returns a message with their number and folder.
fn write(
    mut dataset: Dataset,
    options: &Run,
    scenario: &Scenario,
    results: &Results,
    fold: &Fold,
    requested: Option<u32>,
) -> Result<String, StoreError> {
    let folder = dataset.folder().path().to_path_buf();
    let earlier =
        if dataset.folder().is_complete() { ", replacing those of the earlier run" } else { "" };
    if options.plots {
        dataset.add_text(PLOTS, &report::plots(scenario, results, fold))?;
    }
    let names = dataset.finish(scenario, results, requested)?;
    Ok(format!("wrote {} files to {}{earlier}", names.len(), folder.display()))
}

/// Reports why the warm-up could not be determined.
pub(crate) fn unsettled(failure: Failure) -> Outcome {
    match failure.is_interruption() {
        true => stopped("interrupted while determining the warm-up: no result"),
        false => refuse(&explain(&failure.into())),
    }
}

/// Returns the message for a run that could not be finished, with its remedy.
pub(crate) fn explain(error: &experiment::RunError) -> String {
    let help = match error {
        experiment::RunError::Failed(failure) => {
            failure.help().map_or(String::new(), |help| format!("\n  = help: {help}"))
        }
        experiment::RunError::Threads { .. } => {
            "\n  = help: use fewer with `--threads`".to_string()
        }
        experiment::RunError::Sink(_)
        | experiment::RunError::Stored(_)
        | experiment::RunError::Missing { .. }
        | experiment::RunError::NoValue => String::new(),
    };
    format!("{error}{help}")
}

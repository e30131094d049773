//! `run`: simulate, print the summary, write the files.

use super::Outcome;
use super::arguments::Run;
use super::check::{Loaded, load};
use super::draw::paint;
use super::interrupt;
use super::out::{print, say};
use super::progress::Bar;
use super::write::refuse;
use crate::experiment::{self, Fold, Options, Replication, Results};
use crate::plan;
use crate::problem::{Problem, Severity};
use crate::report::{self, Circumstances};
use crate::scenario::Scenario;
use crate::store::{Dataset, PLOTS, StoreError};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub fn run(options: &Run) -> Outcome {
    if options.scenarios.len() > 1 && options.out.is_some() {
        return refuse("`--out` names one folder, and there are several scenarios: leave it out, and each goes to out/NAME");
    }
    let interrupted = interrupt::flag();
    let mut outcome = Outcome::Done;
    for path in &options.scenarios {
        if interrupted.load(Ordering::Relaxed) {
            say(&format!("interrupted: {} was not run", path.display()));
            outcome = Outcome::Refused;
            continue;
        }
        match one(path, options, interrupted) {
            Outcome::Done => {}
            Outcome::Missed if outcome == Outcome::Done => outcome = Outcome::Missed,
            Outcome::Missed => {}
            Outcome::Refused => outcome = Outcome::Refused,
        }
    }
    outcome
}

/// What the command line changes in a scenario.
fn change(scenario: &mut Scenario, options: &Run) -> Vec<Problem> {
    let run = &mut scenario.run;
    if options.replications == Some(0) {
        return vec![Problem::new(Severity::Error, "--replications", "a run has at least 1 replication")];
    }
    run.replications = options.replications.unwrap_or(run.replications);
    run.seed = options.seed.unwrap_or(run.seed);
    match options.duration.as_ref().map(|text| text.parse()) {
        Some(Ok(duration)) => run.duration = duration,
        Some(Err(words)) => {
            let words: String = words;
            let (what, help) = words.split_once("\nhelp: ").unwrap_or((&words, "write for example `--duration 10m`"));
            return vec![Problem::new(Severity::Error, "--duration", what).help(help)];
        }
        None => {}
    }
    Vec::new()
}

fn one(path: &Path, options: &Run, interrupted: &AtomicBool) -> Outcome {
    let Some(Loaded { scenario, .. }) = load(path, &options.set, options.quiet || options.json, |scenario| change(scenario, options))
    else {
        return Outcome::Refused;
    };
    let mut plan = plan::compile(&scenario);
    plan.keep_series = !options.no_files;
    let plan = Arc::new(plan);
    let folder = options.out.clone().unwrap_or_else(|| PathBuf::from("out").join(&scenario.name));
    let mut dataset = match (!options.no_files).then(|| Dataset::create(&folder, &scenario, &plan, options.force)).transpose() {
        Ok(dataset) => dataset,
        Err(error) => return refuse_store(&error),
    };
    let bar = Bar::new(scenario.run.replications, !options.quiet && !options.json);
    #[allow(clippy::disallowed_methods, reason = "how long it took is said, and is in no file")]
    let begun = Instant::now();
    let how = Options { replications: scenario.run.replications, threads: options.threads.unwrap_or(0), interrupted };
    let mut failed = None;
    let mut sink = |replication: &Replication| match &mut dataset {
        Some(dataset) => dataset.append(replication).map_err(|error| {
            let words = error.to_string();
            failed = Some(error);
            words
        }),
        None => Ok(()),
    };
    let fold = experiment::replicate(&plan, how, &mut sink, &mut |progress| bar.show(progress));
    let wall_s = begun.elapsed().as_secs_f64();
    bar.clear();
    let fold = match (fold, failed) {
        (Ok(fold), _) => fold,
        (Err(_), Some(error)) => return refuse_store(&error),
        (Err(error), None) => return refuse(&explain(&error)),
    };
    if fold.replications < scenario.run.replications {
        say(&format!("interrupted: {} of {} replications are complete", fold.replications, scenario.run.replications));
        if fold.replications == 0 {
            return Outcome::Refused;
        }
    }
    finish(options, &scenario, &fold, dataset, Circumstances { wall_s, threads: fold.threads })
}

/// Says what the run says, also when the files cannot be finished: then it is all that is left of it.
fn finish(options: &Run, scenario: &Scenario, fold: &Fold, dataset: Option<Dataset>, circumstances: Circumstances) -> Outcome {
    let results = Results::new(scenario, fold);
    let written = dataset.map(|dataset| write(dataset, options, scenario, &results, fold)).transpose();
    let printed = if options.json {
        print(&format!("{:#}\n", report::to_json(&results, circumstances)))
    } else if !options.quiet {
        print(&report::summary(scenario, &results, fold, circumstances, paint(std::io::stdout().is_terminal())))
    } else {
        Outcome::Done
    };
    match written {
        Ok(Some(words)) if !options.json && !options.quiet => say(&words),
        Ok(_) => {}
        Err(error) => return refuse_store(&error),
    }
    match results.slos.iter().any(|slo| !slo.pass) {
        _ if printed == Outcome::Refused => Outcome::Refused,
        true => Outcome::Missed,
        false => Outcome::Done,
    }
}

/// Writes the rest of the files. How many there are, and where, in words.
fn write(mut dataset: Dataset, options: &Run, scenario: &Scenario, results: &Results, fold: &Fold) -> Result<String, StoreError> {
    let folder = dataset.folder().to_path_buf();
    if options.plots {
        dataset.add_text(PLOTS, &report::plots(scenario, results, fold))?;
    }
    let names = dataset.finish(scenario, results)?;
    Ok(format!("wrote {} files to {}", names.len(), folder.display()))
}

fn refuse_store(error: &StoreError) -> Outcome {
    say(&format!("error: {error}\n  = help: {}", error.help()));
    Outcome::Refused
}

/// The words for a run that could not be finished, and what to do.
fn explain(error: &experiment::RunError) -> String {
    let help = match error {
        experiment::RunError::Limit(crate::sim::SimError::InFlight { .. }) => {
            "\n  = help: the system is probably overloaded (see `asyncflow check`); or allow more with `--set run.limits.in_flight=10M`, about 250 B each"
        }
        experiment::RunError::Limit(crate::sim::SimError::Events { .. }) => {
            "\n  = help: shorten `run.duration`, or allow more with `--set run.limits.events=100G`"
        }
        experiment::RunError::Threads { .. } => "\n  = help: ask for fewer with `--threads`",
        _ => "",
    };
    format!("{error}{help}")
}

//! `run`: simulate, print the summary, write the files.

use super::Outcome;
use super::arguments::Run;
use super::check::{Loaded, load};
use super::draw::paint;
use super::interrupt;
use super::out::{print, say};
use super::progress::Bar;
use super::write::refuse;
use crate::experiment::{self, Built, CellRecord, Fold, Options, Results, Rule};
use crate::problem::{Problem, Severity};
use crate::report::{self, Circumstances};
use crate::scenario::{Replications, Scenario};
use crate::store::{Dataset, PLOTS, StoreError};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
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

/// What the command line changes in the `run` of a scenario.
pub fn change(scenario: &mut Scenario, replications: Option<u32>, seed: Option<u64>, duration: Option<&str>) -> Vec<Problem> {
    let run = &mut scenario.run;
    if replications == Some(0) {
        return vec![Problem::new(Severity::Error, "--replications", "a run has at least 1 replication")];
    }
    if let Some(replications) = replications {
        run.replications = Replications::Fixed(replications);
    }
    run.seed = seed.unwrap_or(run.seed);
    match duration.map(str::parse) {
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
    let change = |scenario: &mut Scenario| change(scenario, options.replications, options.seed, options.duration.as_deref());
    let Some(Loaded { scenario, .. }) = load(path, &options.set, options.quiet || options.json, change) else {
        return Outcome::Refused;
    };
    let built = match Built::new(scenario, !options.no_files).settled(options.threads.unwrap_or(0)) {
        Ok(built) => built,
        Err(failure) => return refuse(&explain(&failure.into())),
    };
    let scenario = built.scenario.clone();
    let rule = match Rule::new(&scenario, &built.metrics()) {
        Ok(rule) => rule,
        Err(problems) => return refuse(&problems.in_one_line()),
    };
    let folder = options.out.clone().unwrap_or_else(|| PathBuf::from("out").join(&scenario.name));
    let mut dataset = match (!options.no_files).then(|| Dataset::create(&folder, &built, options.force)).transpose() {
        Ok(dataset) => dataset,
        Err(error) => return refuse_store(&error),
    };
    let bar = Bar::new("replications", !options.quiet && !options.json);
    #[allow(clippy::disallowed_methods, reason = "how long it took is said, and is in no file")]
    let begun = Instant::now();
    let how = Options { threads: options.threads.unwrap_or(0), interrupted };
    let mut failed = None;
    let mut sink = |record: &CellRecord| match &mut dataset {
        Some(dataset) => dataset.append(record).map_err(|error| {
            let words = error.to_string();
            failed = Some(error);
            words
        }),
        None => Ok(()),
    };
    let done = experiment::replicate(built, rule, how, &mut sink, &mut |progress| bar.show(progress));
    let wall_s = begun.elapsed().as_secs_f64();
    bar.clear();
    let (built, replications, threads) = match (done, failed) {
        (Ok(done), _) => done,
        (Err(_), Some(error)) => return refuse_store(&error),
        (Err(error), None) => return refuse(&explain(&error)),
    };
    if !replications.is_complete() {
        say(&format!("interrupted: {} of {} replications are complete", replications.done, replications.wanted()));
        if replications.done == 0 {
            return Outcome::Refused;
        }
    }
    let results = Results::new(&built, &replications);
    let Some(fold) = replications.fold else { return Outcome::Refused };
    finish(options, &scenario, &results, &fold, dataset, Circumstances { wall_s, threads })
}

/// Says what the run says, also when the files cannot be finished: then it is all that is left of it.
fn finish(
    options: &Run,
    scenario: &Scenario,
    results: &Results,
    fold: &Fold,
    dataset: Option<Dataset>,
    circumstances: Circumstances,
) -> Outcome {
    let written = dataset.map(|dataset| write(dataset, options, scenario, results, fold)).transpose();
    let printed = if options.json {
        print(&format!("{:#}\n", report::to_json(results, circumstances)))
    } else if !options.quiet {
        print(&report::summary(scenario, results, fold, circumstances, paint(std::io::stdout().is_terminal())))
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

pub fn refuse_store(error: &StoreError) -> Outcome {
    say(&format!("error: {error}\n  = help: {}", error.help()));
    Outcome::Refused
}

/// The words for a run that could not be finished, and what to do.
pub fn explain(error: &experiment::RunError) -> String {
    let help = match error {
        experiment::RunError::Failed(failure) => failure.help().map_or(String::new(), |help| format!("\n  = help: {help}")),
        experiment::RunError::Threads { .. } => "\n  = help: ask for fewer with `--threads`".to_string(),
        experiment::RunError::Sink(_) | experiment::RunError::Missing { .. } => String::new(),
    };
    format!("{error}{help}")
}

//! `compare`: variants of a system against a baseline, or selection of the best of many.

use super::Outcome;
use super::answer::Answer;
use super::arguments::{BestName, Compare};
use super::check::{Loaded, load};
use super::draw::paint;
use super::out::{print, say};
use super::progress::Bar;
use super::write::{refuse, stopped};
use super::{interrupt, run};
use crate::experiment::{
    self, Comparison, CompiledPoint, FIRST_STAGE, Member, Options, Progress, Question, Rule,
};
use crate::report;
use crate::scenario::Scenario;
use crate::stats::Best;
use crate::store::{self, Study};
use crate::units::Share;
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// A variant and the name it is reported under.
struct Variant {
    name: String,
    scenario: Scenario,
    /// The seed of its own file, before `--seed` is applied.
    seed: u64,
}

pub(crate) fn compare(options: &Compare) -> Outcome {
    let Some(variants) = variants(options) else { return Outcome::Refused };
    let interrupted = interrupt::flag();
    let how = options.simulation.threads.until(interrupted);
    match &options.select {
        Some(metric) => choose(options, variants, metric, how),
        None => all(options, variants, how),
    }
}

/// Returns the variants, the baseline first; `None` if one of them cannot run.
fn variants(options: &Compare) -> Option<Vec<Variant>> {
    let mut variants = Vec::new();
    match options.scenarios.as_slice() {
        [_] if options.set.is_empty() => {
            refuse(
                "a single scenario has nothing to compare with\n  = help: add a second file, or a variant of this one: `--set services.api.replicas=3`",
            );
            return None;
        }
        [only] => {
            add(&mut variants, options, only, &[], None)?;
            for typed in &options.set {
                let sets: Vec<String> = typed
                    .split(';')
                    .map(|set| set.trim().to_string())
                    .filter(|set| !set.is_empty())
                    .collect();
                add(&mut variants, options, only, &sets, Some(typed.trim().to_string()))?;
            }
        }
        several => {
            for path in several {
                add(&mut variants, options, path, &options.set, None)?;
            }
            name_apart(&mut variants, several);
        }
    }
    Some(variants)
}

/// Reads a variant and adds it to those before it; `None` if it cannot run. Its name is that of the
/// scenario unless one is given.
fn add(
    variants: &mut Vec<Variant>,
    options: &Compare,
    path: &Path,
    sets: &[String],
    name: Option<String>,
) -> Option<()> {
    let mut seed = 0;
    let change = |scenario: &mut Scenario| {
        seed = scenario.run.seed;
        run::change(scenario, options.replicated.replications, &options.simulation)
    };
    let Loaded { mut scenario, .. } = load(path, sets, options.output.is_terse(), change)?;
    // Pairs share their random numbers: the seed of the first file holds for all, and a variant
    // cannot have another one.
    if let Some(first) = variants.first() {
        // Even if `--seed` overrides it: two names would denote the same scenario.
        if name.is_some() && seed != first.seed {
            refuse(
                "a variant cannot change the seed: all variants share one, so that they differ only in their settings\n  = help: set it for all of them with `--seed 7`",
            );
            return None;
        }
        scenario.run.seed = first.scenario.run.seed;
        let is_new = scenario.run.confidence != first.scenario.run.confidence;
        if is_new && !options.output.is_terse() {
            say(
                "warning: `run.confidence` of a variant has no effect: that of the baseline holds for the comparison",
            );
        }
    }
    // The name that `run` reports.
    let name = name.unwrap_or_else(|| scenario.name.clone());
    variants.push(Variant { name, scenario, seed });
    Some(())
}

/// Names the variants after their files, or else by their paths, if two files contain scenarios of
/// the same name.
fn name_apart(variants: &mut [Variant], paths: &[PathBuf]) {
    let stem = |path: &PathBuf| {
        path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
    };
    let whole = |path: &PathBuf| path.display().to_string();
    for name in [&stem as &dyn Fn(&PathBuf) -> String, &whole] {
        let names: BTreeSet<&String> = variants.iter().map(|variant| &variant.name).collect();
        if names.len() == variants.len() {
            return;
        }
        for (variant, path) in variants.iter_mut().zip(paths) {
            variant.name = name(path);
        }
    }
}

/// Compares all variants with all their replications.
fn all(options: &Compare, variants: Vec<Variant>, how: Options) -> Outcome {
    let (names, scenarios): (Vec<String>, Vec<Scenario>) =
        variants.into_iter().map(|v| (v.name, v.scenario)).unzip();
    if let Some(once) = scenarios.iter().position(|scenario| scenario.run.replications.most() < 2) {
        let message = "`run.replications` is 1, and one pair is not enough to estimate the variance of a difference";
        return refuse(&format!(
            "{}: {message}\n  = help: use at least 2; the default is 30",
            names[once]
        ));
    }
    let has_common = |other: &Scenario| {
        other.workload.keys().any(|name| scenarios[0].workload.contains_key(name))
    };
    if let Some(alone) = scenarios.iter().position(|other| !has_common(other)) {
        let message = "they have no workload of the same name, so there is nothing to compare";
        return refuse(&format!(
            "{} and {}: {message}\n  = help: give corresponding workloads the same name",
            names[0], names[alone]
        ));
    }
    let files: Vec<&Path> = options.scenarios.iter().map(PathBuf::as_path).collect();
    let study = Study::of_comparison(&files, &scenarios[0], &options.set);
    let Some(answer) = Answer::begin(options.folder.out.as_deref(), study, &options.output) else {
        return Outcome::Refused;
    };
    let mut members = Vec::new();
    for (name, scenario) in names.iter().zip(scenarios) {
        let built = match CompiledPoint::new(scenario, false).settled(how.threads, how.interrupted)
        {
            Ok(built) => built,
            Err(failure) => return run::unsettled(failure),
        };
        match Rule::new(&built.scenario, &built.metrics()) {
            Ok(rule) => members.push(Member::new(built, rule)),
            Err(problems) => return refuse(&format!("{name}: {}", problems.in_one_line())),
        }
    }
    let bar = Bar::new("replications", !options.output.is_terse());
    let ran = experiment::batch(&mut members, Progress::default(), how, &mut |progress| {
        bar.show(progress)
    });
    bar.clear();
    if let Err(error) = ran {
        return refuse(&run::explain(&error));
    }
    if how.interrupted.load(Ordering::Relaxed) {
        return stopped("interrupted: nothing was compared, because not all variants are complete");
    }
    let comparison = Comparison::new(names, &members);
    answer.end(
        || report::comparison_to_json(&comparison),
        |paint| report::comparison(&comparison, &variants_are(options), paint),
        |folder| store::write_comparison(folder, &members[0].built.scenario, &comparison),
    )
}

/// Returns what the variants are: with several files, `--set` makes none.
fn variants_are(options: &Compare) -> String {
    match (options.scenarios.len(), options.set.as_slice()) {
        (1, _) => "the baseline is the unchanged scenario; each variant changes what its name says"
            .to_string(),
        (_, []) => String::new(),
        (_, sets) => format!("all of them, the baseline included, with {}", sets.join(" and ")),
    }
}

/// Returns the question that a selection answers, from the options and the level of confidence.
fn question(options: &Compare, confidence: f64) -> Result<Question, String> {
    let indifference = match options.indifference.parse::<Share>() {
        Ok(share) if share.fraction > 0.0 => share.fraction,
        Ok(_) => {
            return Err(
                "--indifference: must be greater than 0%; otherwise close variants would never be separated"
                    .to_string(),
            );
        }
        Err(refusal) => {
            return Err(format!(
                "--indifference: {}\n  = help: write a share above 0%, such as `--indifference 1%`",
                refusal.what
            ));
        }
    };
    let best = match options.best {
        BestName::Min => Best::Smallest,
        BestName::Max => Best::Largest,
    };
    let most = options.most.max(FIRST_STAGE);
    Ok(Question { best, indifference, first_stage: FIRST_STAGE, most, confidence })
}

/// Selects the best variant.
fn choose(options: &Compare, variants: Vec<Variant>, metric: &str, how: Options) -> Outcome {
    let confidence = variants[0].scenario.run.confidence.0.fraction;
    let question = match question(options, confidence) {
        Ok(question) => question,
        Err(message) => return refuse(&message),
    };
    let (mut members, mut metrics, mut unit) = (Vec::new(), Vec::new(), "1");
    let (names, scenarios): (Vec<String>, Vec<Scenario>) =
        variants.into_iter().map(|v| (v.name, v.scenario)).unzip();
    for (name, scenario) in names.iter().zip(scenarios) {
        let built = match CompiledPoint::new(scenario, false).settled(how.threads, how.interrupted)
        {
            Ok(built) => built,
            Err(failure) => return run::unsettled(failure),
        };
        let all = built.metrics();
        match experiment::metric_named(&all, metric, "--select") {
            Ok(index) => {
                metrics.push(index);
                unit = all[index].unit;
            }
            Err(problem) => {
                let help = problem.help.map_or(String::new(), |help| format!("\n  = help: {help}"));
                return refuse(&format!("{name}: {}{help}", problem.what));
            }
        }
        members.push(Member::new(built, Rule::first_stage(question)));
    }
    let bar = Bar::new("replications", !options.output.is_terse());
    let chosen =
        experiment::select(&names, &mut members, &metrics, question, how, &mut |progress| {
            bar.show(progress)
        });
    bar.clear();
    match chosen {
        Err(error) => refuse(&run::explain(&error)),
        Ok(_) if how.interrupted.load(Ordering::Relaxed) => {
            stopped("interrupted: nothing was selected")
        }
        Ok(chosen) if options.output.json => {
            print(&format!("{:#}\n", report::chosen_to_json(&chosen, metric)))
        }
        Ok(_) if options.output.quiet => Outcome::Done,
        Ok(chosen) => print(&report::chosen(
            &chosen,
            metric,
            unit,
            confidence,
            paint(std::io::stdout().is_terminal()),
        )),
    }
}

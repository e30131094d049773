//! `check`: all problems and the static estimate. Also loads scenarios for every command.

use super::Outcome;
use super::arguments::Check;
use super::draw::{draw, paint};
use super::out::{noted, print, say};
use crate::experiment::{CompiledPoint, Rule};
use crate::problem::{Problem, Severity};
use crate::report;
use crate::scenario::{self, Capacity, Replications, Scenario, Source, Sweep};
use crate::units::Span;
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::path::Path;

/// A scenario that can run, and its number of warnings.
pub(crate) struct Loaded {
    pub source: Source,
    pub scenario: Scenario,
    /// The scenario as it was parsed, for a template.
    pub read: scenario::Loaded,
    pub warnings: usize,
}

/// Reads a scenario, applies `change` to it, checks it and prints its problems: all of them, or
/// errors only. Returns `None` if it cannot run.
pub(crate) fn load(
    path: &Path,
    sets: &[String],
    errors_only: bool,
    change: impl FnOnce(&mut Scenario) -> Vec<Problem>,
) -> Option<Loaded> {
    let (source, mut loaded) = match scenario::read_file(path, sets) {
        Ok(read) => read,
        Err(problem) => {
            draw(&Source::default(), &[problem]);
            return None;
        }
    };
    if let Some(mut scenario) = loaded.scenario.take() {
        let written = Written::of(&scenario);
        loaded.problems.list.extend(change(&mut scenario));
        // Values from the command line have no place in the text.
        for (path, option) in written.changed(&scenario) {
            loaded.replace(&path, option);
        }
        let mut problems = scenario::check(&scenario);
        if written.is_varied(&scenario) {
            problems.list.iter_mut().for_each(of_vary);
        }
        let sound = !problems.any_error();
        loaded.add(problems);
        // Only the compiled scenario knows its metrics.
        if sound && !loaded.problems.any_error() {
            let built = CompiledPoint::new(scenario.clone(), false);
            if let Err(problems) = Rule::new(&scenario, &built.metrics()) {
                loaded.add(problems);
            }
        }
        loaded.scenario = Some(scenario);
    }
    let (failed, mut problems) =
        (loaded.problems.any_error(), std::mem::take(&mut loaded.problems.list));
    let warnings = problems.iter().filter(|problem| problem.severity == Severity::Warning).count();
    problems.retain(|problem| problem.severity == Severity::Error || !errors_only);
    draw(&source, &problems);
    let scenario = loaded.scenario.take().filter(|_| !failed)?;
    Some(Loaded { source, scenario, read: loaded, warnings })
}

/// Places a problem of a range at the option that it was typed in, with the path that it varies.
fn of_vary(problem: &mut Problem) {
    if let Some(path) = problem.path.strip_prefix("sweep.vary.") {
        problem.path = format!("--vary {path}");
    }
}

/// The parts of a scenario that options replace, as the file has them.
struct Written {
    sweep: Option<Sweep>,
    capacity: Option<Capacity>,
    duration: Span,
    replications: Replications,
    objectives: Vec<String>,
}

impl Written {
    fn of(scenario: &Scenario) -> Written {
        Written {
            sweep: scenario.sweep.clone(),
            capacity: scenario.capacity.clone(),
            duration: scenario.run.duration,
            replications: scenario.run.replications.clone(),
            objectives: scenario.slos.keys().cloned().collect(),
        }
    }

    /// Returns whether the parameters of a sweep came from an option, which replaces them all.
    fn is_varied(&self, now: &Scenario) -> bool {
        now.sweep.as_ref().is_some_and(|sweep| {
            self.sweep.as_ref().is_none_or(|written| written.vary != sweep.vary)
        })
    }

    /// Returns the paths whose values came from an option, each with the option.
    fn changed(&self, now: &Scenario) -> Vec<(String, &'static str)> {
        let Written { sweep, capacity, duration, replications, .. } = self;
        let path_of = |search: &Option<Capacity>| search.as_ref().map(|own| own.vary.clone());
        let whole = [
            ("sweep", "--vary", now.sweep != *sweep),
            ("capacity", "--vary", path_of(&now.capacity) != path_of(capacity)),
            ("run.duration", "--duration", now.run.duration != *duration),
            ("run.replications", "--replications", now.run.replications != *replications),
        ];
        let typed = |end: fn(&Capacity) -> Value| {
            now.capacity.as_ref().map(end) != capacity.as_ref().map(end)
        };
        let of_search = [
            ("capacity.from", "--from", typed(|own| own.from.clone())),
            ("capacity.to", "--to", typed(|own| own.to.clone())),
            ("capacity.tolerance", "--tolerance", typed(|own| json!(own.tolerance))),
            ("capacity.most", "--most", typed(|own| json!(own.most))),
        ];
        let changed = whole
            .into_iter()
            .chain(of_search)
            .filter(|(.., is_changed)| *is_changed)
            .map(|(path, option, _)| (path.to_string(), option));
        let objectives = now
            .slos
            .keys()
            .filter(|name| !self.objectives.contains(name))
            .map(|name| (format!("slos.{name}.of"), "--while"));
        changed.chain(objectives).collect()
    }
}

/// Returns the verdict on a scenario that can run.
fn verdict(warnings: usize) -> String {
    match warnings {
        0 => "ok".to_string(),
        1 => "ok, 1 warning".to_string(),
        n => format!("ok, {n} warnings"),
    }
}

pub(crate) fn check(options: &Check) -> Outcome {
    let (mut outcome, mut documents) = (Outcome::Done, Vec::new());
    for path in &options.scenarios {
        let loaded = load(path, &options.overrides.set, false, |_| Vec::new());
        if loaded.is_none() {
            outcome = Outcome::Refused;
        }
        if options.json {
            let estimate = loaded
                .as_ref()
                .map(|loaded| report::estimate_to_json(&scenario::estimate(&loaded.scenario)));
            let (file, can_run) = (path.display().to_string(), loaded.is_some());
            documents.push(json!({ "file": file, "can_run": can_run, "problems": noted(), "estimate": estimate }));
            continue;
        }
        let Some(Loaded { source, scenario, warnings, .. }) = loaded else { continue };
        let paint = paint(std::io::stdout().is_terminal());
        let text = format!(
            "{}: {}\n\n{}",
            source.name,
            verdict(warnings),
            report::estimate(&scenario::estimate(&scenario), paint)
        );
        if print(&text) == Outcome::Refused {
            return Outcome::Refused;
        }
        if options.scenarios.len() > 1 {
            say("");
        }
    }
    let printed = match documents.as_slice() {
        [] => Outcome::Done,
        [only] => print(&format!("{only:#}\n")),
        several => print(&format!("{:#}\n", Value::from(several))),
    };
    if printed == Outcome::Refused { Outcome::Refused } else { outcome }
}

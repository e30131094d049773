//! `check`: every problem and the static estimate. Also how every command loads a scenario.

use super::Outcome;
use super::arguments::Check;
use super::draw::{draw, paint};
use super::out::{print, say};
use crate::problem::{Problem, Severity};
use crate::report;
use crate::scenario::{self, Scenario, Source};
use std::io::IsTerminal;
use std::path::Path;

/// Reads and checks a scenario, after `change` has been applied to it, and draws its problems: all of them, or errors only.
/// None if it cannot run.
pub fn load(
    path: &Path,
    sets: &[String],
    errors_only: bool,
    change: impl FnOnce(&mut Scenario) -> Vec<Problem>,
) -> Option<(Source, Scenario)> {
    let (source, mut loaded) = match scenario::read_file(path, sets) {
        Ok(read) => read,
        Err(problem) => {
            draw(&Source::default(), &[problem]);
            return None;
        }
    };
    if let Some(mut scenario) = loaded.scenario.take() {
        loaded.problems.list.extend(change(&mut scenario));
        let found = scenario::check(&scenario);
        loaded.add(found);
        loaded.scenario = Some(scenario);
    }
    let failed = loaded.problems.any_error();
    let shown: Vec<Problem> = loaded.problems.list.iter().filter(|p| p.severity == Severity::Error || !errors_only).cloned().collect();
    draw(&source, &shown);
    loaded.scenario.filter(|_| !failed).map(|scenario| (source, scenario))
}

/// What `check` says of a scenario that can run.
fn verdict(scenario: &Scenario) -> String {
    let warnings = scenario::check(scenario).list.iter().filter(|problem| problem.severity == Severity::Warning).count();
    match warnings {
        0 => "fine".to_string(),
        1 => "can run, with 1 warning".to_string(),
        n => format!("can run, with {n} warnings"),
    }
}

pub fn check(options: &Check) -> Outcome {
    let mut outcome = Outcome::Done;
    for path in &options.scenarios {
        let Some((source, scenario)) = load(path, &options.set, false, |_| Vec::new()) else {
            outcome = Outcome::Refused;
            continue;
        };
        let paint = paint(std::io::stdout().is_terminal());
        let text = format!("{}: {}\n\n{}", source.name, verdict(&scenario), report::estimate(&scenario::estimate(&scenario), paint));
        if print(&text) == Outcome::Refused {
            return Outcome::Refused;
        }
        if options.scenarios.len() > 1 {
            say("");
        }
    }
    outcome
}

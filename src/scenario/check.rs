//! Checks of a whole scenario, across modules. They report all problems at once and simulate
//! nothing.
//!
//! The parts are checked first, then names and size, so that nothing large is built for a scenario
//! that is too large; references, calls and loads come last.

mod calls;
mod classes;
mod connections;
mod faults;
mod holdings;
mod keys;
mod names;
mod orders;
mod overload;
mod size;

pub(super) use names::Namespace;
pub(crate) use names::refusal;

use super::directory::NameTable;
use super::{Scenario, estimate, nodes};
use crate::problem::Problems;

/// Checks a scenario, and returns all errors, warnings and notes.
pub fn check(scenario: &Scenario) -> Problems {
    let mut problems = Problems::default();
    check_all(scenario, &mut problems);
    problems.shorten();
    problems
}

fn check_all(scenario: &Scenario, problems: &mut Problems) {
    if scenario.version != 1 {
        problems
            .error(
                "version",
                format!("version {} of the format is not supported", scenario.version),
            )
            .advise("write `version: 1`");
    }
    scenario.run.check(problems);
    scenario.output.check(scenario.run.duration, problems);
    if let Some(sweep) = &scenario.sweep {
        sweep.check(problems);
    }
    if let Some(capacity) = &scenario.capacity {
        capacity.check(scenario, problems);
    }
    nodes::check(scenario, problems);
    classes::check(scenario, problems);
    names::check(scenario, problems);
    if size::is_too_large(scenario, problems) {
        return;
    }
    let mut directory = NameTable::new(scenario);
    names::targets(scenario, &directory, problems);
    names::links(scenario, &mut directory, problems);
    faults::check(scenario, &directory, problems);
    faults::hidden_by_the_warmup(scenario, problems);
    names::objectives(scenario, &directory, problems);
    if !problems.any_error() {
        calls::check(&directory, problems);
        holdings::check(&directory, problems);
        keys::check(&directory, problems);
        orders::warn(&directory, problems);
        connections::note(&directory, problems);
    }
    if !problems.any_error() {
        let load = estimate::Load::of(&directory);
        size::check_load(scenario, &load, problems);
        if !problems.any_error() {
            overload::warn(&directory, problems);
        }
    }
}

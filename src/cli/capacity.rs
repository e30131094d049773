//! `capacity`: searches the limit of one parameter within which the objectives are met.

use super::Outcome;
use super::answer::Answer;
use super::arguments::Capacity;
use super::check::{Loaded, load};
use super::out::say;
use super::progress::Bar;
use super::vary::value;
use super::write::{refuse, stopped};
use super::{interrupt, run};
use crate::design::value::shown;
use crate::experiment::{self, CapacityResult, ExperimentError};
use crate::problem::{Problem, Severity};
use crate::report;
use crate::scenario::{Scenario, Slo, Template};
use crate::store::{self, Study};
use crate::units::Share;
use std::path::Path;

pub(crate) fn capacity(options: &Capacity) -> Outcome {
    let change = |scenario: &mut Scenario| {
        let mut problems = run::change(scenario, None, &options.simulation);
        if let Err(problem) = apply(scenario, options) {
            problems.push(*problem);
        }
        problems
    };
    let Some(Loaded { scenario, read, .. }) =
        load(&options.scenario, &options.overrides.set, options.output.is_terse(), change)
    else {
        return Outcome::Refused;
    };
    let folder = options.scenario.parent().unwrap_or(Path::new("")).to_path_buf();
    let template = Template::new(&read, &scenario, folder);
    let interrupted = interrupt::flag();
    let path = scenario.capacity.as_ref().map_or("", |capacity| capacity.vary.as_str());
    let study = Study::of_capacity(&[&options.scenario], &scenario, path);
    let Some(answer) = Answer::begin(options.folder.out.as_deref(), study, &options.output) else {
        return Outcome::Refused;
    };
    let how = options.simulation.threads.until(interrupted);
    let bar = Bar::new("replications", !options.output.is_terse());
    let result = experiment::capacity(&template, &scenario, how, &mut |progress, value| {
        bar.show_at(progress, value)
    });
    bar.clear();
    if let Ok(result) = &result
        && !options.output.is_terse()
    {
        note_limits(result);
    }
    match result {
        Err(ExperimentError::Run(error)) => refuse(&run::explain(&error)),
        Err(ExperimentError::Interrupted) => stopped("interrupted: no result"),
        Err(error) => refuse(&error.to_string()),
        Ok(result) => finish(answer, &scenario, &result),
    }
}

/// Says why values are inconclusive that reached the limit of requests in flight.
fn note_limits(result: &CapacityResult) {
    let mut stopped = result.tried.iter().filter(|tried| tried.limit_reached.is_some());
    let Some((first, limit)) = stopped.next().and_then(|tried| Some((tried, tried.limit_reached?)))
    else {
        return;
    };
    let others = match stopped.count() {
        0 => String::new(),
        1 => " and 1 other value".to_string(),
        n => format!(" and {n} other values"),
    };
    say(&format!(
        "warning: `run.limits.in_flight` ({limit}) was reached at {}{others}: whether the objectives are met there cannot be told\n  = help: raise the limit, for example with `--set run.limits.in_flight=1M`",
        shown(&first.value)
    ));
}

/// Prints the answer, and writes it on request.
fn finish(answer: Answer, scenario: &Scenario, result: &CapacityResult) -> Outcome {
    let outcome = answer.end(
        || report::capacity_to_json(result),
        |paint| report::capacity(scenario, result, paint),
        |folder| store::write_capacity(folder, scenario, result),
    );
    if outcome == Outcome::Done && result.meets.is_none() { Outcome::Missed } else { outcome }
}

/// Applies the command line to the scenario's `capacity` block and its objectives.
fn apply(scenario: &mut Scenario, options: &Capacity) -> Result<(), Box<Problem>> {
    let problem_at = |path: &str, what: String, help: &str| {
        Box::new(Problem::new(Severity::Error, path, what).help(help))
    };
    if let Some(path) = &options.vary {
        let (Some(from), Some(to)) = (&options.from, &options.to) else {
            return Err(problem_at(
                "--vary",
                "a search needs both ends of its range".to_string(),
                "add both, in the unit of the parameter, such as `--from 50/s --to 500/s` or `--from 1 --to 16`",
            ));
        };
        let boxed = |problem: Problem| Box::new(problem);
        let (from, to) = (value(from).map_err(boxed)?, value(to).map_err(boxed)?);
        scenario.capacity = Some(crate::scenario::Capacity::new(path, from, to));
    } else if let Some(capacity) = &mut scenario.capacity {
        // Overrides an end of the scenario's own search.
        for (end, typed) in [(&mut capacity.from, &options.from), (&mut capacity.to, &options.to)] {
            if let Some(typed) = typed {
                *end = value(typed).map_err(Box::new)?;
            }
        }
    }
    let mut goals = Vec::new();
    for typed in &options.goals {
        if !scenario.slos.contains_key(typed) {
            let slo = Slo::from_words(typed)
                .map_err(|(what, help)| problem_at("--while", what, &help))?;
            scenario.slos.insert(typed.clone(), slo);
        }
        goals.push(typed.clone());
    }
    let Some(capacity) = &mut scenario.capacity else {
        let help = "add a `capacity:` block, or for example `--vary workload.users.open.rate --from 50/s --to 2000/s --while 'users.p95 < 60ms'`";
        return Err(problem_at("capacity", "there is nothing to search".to_string(), help));
    };
    if !goals.is_empty() {
        capacity.goals = goals;
    }
    if let Some(typed) = &options.tolerance {
        match typed.parse::<Share>() {
            Ok(share) => capacity.tolerance = share,
            Err(refusal) => {
                let help = "write a share above 0%, such as `--tolerance 1%`";
                return Err(problem_at("--tolerance", refusal.what, help));
            }
        }
    }
    capacity.most = options.most.unwrap_or(capacity.most);
    Ok(())
}

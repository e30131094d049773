//! `sensitivity`: which parameters drive a metric.

use super::Outcome;
use super::answer::Answer;
use super::arguments::{MethodName, Sensitivity};
use super::check::{Loaded, load};
use super::progress::Bar;
use super::write::{refuse, stopped};
use super::{interrupt, run, vary};
use crate::experiment::{self, CompiledPoint, ExperimentError, Method};
use crate::problem::{Problem, Severity};
use crate::report;
use crate::scenario::{Scenario, Template};
use crate::store::{self, Study};
use std::path::Path;

/// The default numbers of Morris trajectories and Sobol groups.
const TRAJECTORIES: u32 = 10;
const GROUPS: u32 = 64;

pub(crate) fn sensitivity(options: &Sensitivity) -> Outcome {
    let change = |scenario: &mut Scenario| {
        let mut problems =
            run::change(scenario, options.replicated.replications, &options.simulation);
        problems.extend(vary::apply(&mut scenario.sweep, &options.vary, None, None));
        match &mut scenario.sweep {
            Some(sweep) if !sweep.vary.is_empty() => {
                // The analysis has its own design.
                (sweep.design, sweep.points) = (crate::design::Design::Lhs, Some(2));
                sweep.rows.clear();
            }
            // The check would report an empty design as well.
            sweep => {
                *sweep = None;
                if options.vary.is_empty() {
                    let help = "add a `sweep:` block with ranges, or for example `--vary services.api.replicas=1..8@integer`";
                    let problem = Problem::new(Severity::Error, "sweep.vary", "nothing is varied");
                    problems.push(problem.help(help));
                }
            }
        }
        problems
    };
    let Some(Loaded { scenario, read, .. }) =
        load(&options.scenario, &options.overrides.set, options.output.is_terse(), change)
    else {
        return Outcome::Refused;
    };
    let metrics = match names(&scenario, &options.metric) {
        Ok(metrics) => metrics,
        Err(problem) => {
            let help = problem.help.map_or(String::new(), |help| format!("\n  = help: {help}"));
            return refuse(&format!("--metric: {}{help}", problem.what));
        }
    };
    let folder = options.scenario.parent().unwrap_or(Path::new("")).to_path_buf();
    let template = Template::new(&read, &scenario, folder);
    let method = match options.method {
        MethodName::Morris => Method::Morris(options.size.unwrap_or(TRAJECTORIES)),
        MethodName::Sobol => Method::Sobol(options.size.unwrap_or(GROUPS).max(2)),
    };
    let interrupted = interrupt::flag();
    let varied: Vec<&String> = scenario.sweep.iter().flat_map(|sweep| sweep.vary.keys()).collect();
    let files: [&Path; 1] = [&options.scenario];
    let study = Study::of_sensitivity(&files, &scenario, &varied, method, &metrics);
    let Some(answer) = Answer::begin(options.folder.out.as_deref(), study, &options.output) else {
        return Outcome::Refused;
    };
    let how = options.simulation.threads.until(interrupted);
    let bar = Bar::new("points", !options.output.is_terse());
    let answers =
        experiment::sensitivity(&template, &scenario, method, &metrics, how, &mut |progress| {
            bar.show_cells(progress)
        });
    bar.clear();
    match answers {
        Err(ExperimentError::Run(error)) => refuse(&run::explain(&error)),
        Err(ExperimentError::Interrupted) => stopped("interrupted: no result"),
        Err(error) => refuse(&error.to_string()),
        Ok(answers) => finish(answer, &scenario, &answers),
    }
}

/// Prints the answers, and writes them on request.
fn finish(answer: Answer, scenario: &Scenario, answers: &[experiment::Sensitivity]) -> Outcome {
    answer.end(
        || report::sensitivity_to_json(answers),
        |paint| report::sensitivity(answers, paint),
        |folder| store::write_sensitivity(folder, scenario, answers),
    )
}

/// Returns the full names of the requested metrics; by default p99 of the first workload's latency.
fn names(scenario: &Scenario, requested: &[String]) -> Result<Vec<String>, Box<Problem>> {
    let all = CompiledPoint::new(scenario.clone(), false).metrics();
    if requested.is_empty() {
        return Ok(scenario
            .workload
            .keys()
            .take(1)
            .map(|name| format!("{name}.latency.p99"))
            .collect());
    }
    let full =
        |index: usize| format!("{}.{}.{}", all[index].entity, all[index].metric, all[index].stat);
    requested
        .iter()
        .map(|name| experiment::metric_named(&all, name, "--metric").map(full))
        .collect()
}

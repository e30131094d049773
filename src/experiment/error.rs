//! Errors of experiments.

use super::run::RunError;
use crate::design::value::shown;
use crate::problem::Problems;
use crate::scenario::Parameters;

/// Why an experiment has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// The scenario or the question is invalid: all problems that were found.
    #[error("{0}")]
    Scenario(Problems),
    /// Points of a sweep, or values of a search, are invalid: the `first` of them, and the `count`
    /// of all. For a sweep, nothing was simulated.
    #[error("{}", points_in_lines(first, *count))]
    #[allow(missing_docs, reason = "described above")]
    Points { first: Vec<InvalidPoint>, count: u64 },
    /// A run failed: a limit of the scenario was reached, or no thread could be started.
    #[error(transparent)]
    Run(RunError),
    /// The experiment was cancelled before it had an answer.
    #[error("interrupted")]
    Interrupted,
}

/// A point that cannot run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InvalidPoint {
    /// Its index in the sweep, or in the order in which a search tried values, from 0.
    pub number: u64,
    /// The values that it sets, by path.
    pub parameters: Parameters,
    /// The problems of its scenario.
    pub problems: Problems,
}

impl From<RunError> for ExperimentError {
    fn from(error: RunError) -> ExperimentError {
        match error {
            RunError::Failed(failure) if failure.is_interruption() => ExperimentError::Interrupted,
            error => ExperimentError::Run(error),
        }
    }
}

impl From<Problems> for ExperimentError {
    fn from(problems: Problems) -> ExperimentError {
        ExperimentError::Scenario(problems)
    }
}

fn points_in_lines(first: &[InvalidPoint], count: u64) -> String {
    let line = |point: &InvalidPoint| {
        let set: Vec<String> = point
            .parameters
            .iter()
            .map(|(path, value)| format!("{path}={}", shown(value)))
            .collect();
        format!("{}: {}", set.join(", "), point.problems)
    };
    let mut lines: Vec<String> = first.iter().map(line).collect();
    if count > lines.len() as u64 {
        lines.push(format!("{} more points cannot run", count - lines.len() as u64));
    }
    lines.join("\n")
}

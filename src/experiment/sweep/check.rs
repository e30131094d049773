//! The check of all points of a sweep before any of them is run.

use super::Spec;
use crate::experiment::error::InvalidPoint;
use crate::experiment::parallel::Parallel;
use crate::experiment::point::CompiledPoint;
use crate::experiment::replications::Rule;

/// The number of points checked between two collections of problems.
const CHECKED_AT_ONCE: usize = 1024;

/// Checks every point before any is run. Returns the first invalid points, at most `most_reported`
/// of them, and the number of all invalid points. `done` is called with the number of points
/// checked.
pub(crate) fn check(
    spec: &Spec,
    threads: usize,
    most_reported: usize,
    done: &(dyn Fn(u64) + Sync),
) -> (Vec<InvalidPoint>, u64) {
    let look = |number: u64| {
        let parameters = spec.points.row(number);
        let problems = match spec.template.scenario(&parameters) {
            Ok(scenario) if spec.rule.is_none() => {
                let built = CompiledPoint::new(scenario, false);
                Rule::new(&built.scenario, &built.metrics()).err()
            }
            Ok(_) => None,
            Err(problems) => Some(problems),
        };
        done(1);
        problems.map(|problems| InvalidPoint { number, parameters, problems })
    };
    let (parallel, mut reported, mut count) = (Parallel::new(threads), Vec::new(), 0);
    let mut numbers = spec.numbers().peekable();
    // In blocks: neither the indices of a hundred thousand points nor all their problems are kept.
    while numbers.peek().is_some() {
        let part = numbers.by_ref().take(CHECKED_AT_ONCE).collect();
        for bad in parallel.each(part, look).into_iter().flatten() {
            count += 1;
            if reported.len() < most_reported {
                reported.push(bad);
            }
        }
    }
    (reported, count)
}

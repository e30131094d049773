//! The state of a workload in one word, shared by the summary, the table of a sweep and JSON.
//! Checked: `tests/it/verdict.rs`.

use crate::experiment::{MOST_FAILED, Outlook, Results, WorkloadVerdict};

/// From this share of failures on, failures are reported first, whatever the objectives allow:
/// latencies then cover only some of the requests.
pub(super) const MANY_FAILED: f64 = 0.05;

/// The state of a workload: its outlook, combined with its share of failed requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Health {
    /// Requests wait for each other for ever.
    Deadlocked,
    Overloaded,
    /// At least half of the requests fail.
    Fails,
    CannotTell,
    /// No queue grows, but this share of requests fails, which is high or more than an objective
    /// allows.
    AnswersInPart(f64),
    NoRequests,
    KeepsUp,
}

impl Health {
    pub(crate) fn of(results: &Results, verdict: &WorkloadVerdict) -> Health {
        let mean_of = |metric: &str| {
            results
                .find("workload", &verdict.workload, metric, "mean")
                .map_or(f64::NAN, |row| row.estimate.estimate)
        };
        let errors = mean_of("error_ratio");
        // Users who wait for an answer that never comes send no more, so a queue need not grow.
        let waits = |workload: &String| *workload == verdict.workload;
        match &verdict.outlook {
            _ if results.deadlock.iter().any(|found| found.workloads.iter().any(waits)) => {
                Health::Deadlocked
            }
            Outlook::Overloaded(_) => Health::Overloaded,
            _ if errors >= MOST_FAILED => Health::Fails,
            Outlook::CannotTell(_) => Health::CannotTell,
            Outlook::KeepsUp
                if errors >= MANY_FAILED || errors > allowed_errors(results, &verdict.workload) =>
            {
                Health::AnswersInPart(errors)
            }
            Outlook::KeepsUp if mean_of("offered_rate") == 0.0 => Health::NoRequests,
            Outlook::KeepsUp => Health::KeepsUp,
        }
    }

    /// Returns the worst state of all workloads; `None` if there are no workloads.
    pub(crate) fn worst(results: &Results) -> Option<Health> {
        let rank = |health: &Health| match health {
            Health::Deadlocked => 0,
            Health::Overloaded => 1,
            Health::Fails => 2,
            Health::CannotTell => 3,
            Health::AnswersInPart(_) => 4,
            Health::NoRequests => 5,
            Health::KeepsUp => 6,
        };
        results.verdicts.iter().map(|verdict| Health::of(results, verdict)).min_by_key(rank)
    }

    /// Returns the name of the state in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Health::Deadlocked => "deadlock",
            Health::Overloaded => "overloaded",
            Health::Fails => "fails",
            Health::CannotTell => "cannot_tell",
            Health::AnswersInPart(_) => "answers_in_part",
            Health::NoRequests => "no_requests",
            Health::KeepsUp => "keeps_up",
        }
    }
}

/// Returns the largest share of failures that the objectives of a workload allow; infinite without
/// such an objective.
fn allowed_errors(results: &Results, workload: &str) -> f64 {
    let own = results
        .slos
        .iter()
        .filter(|slo| slo.kind == "workload" && slo.of == workload && slo.metric == "error_ratio");
    own.map(|slo| slo.bound).fold(f64::INFINITY, f64::min)
}

//! The state of a workload in one word, which the summary, the table of a sweep and JSON have in
//! common. Checked: `tests/it/verdict.rs`.

use crate::experiment::{MOST_FAILED, Outlook, Results, WorkloadVerdict};

/// Failures of at least this share are said before anything else, whatever the objectives allow;
/// latencies are then those of a selection.
pub(super) const MANY_FAILED: f64 = 0.05;

/// What is said of a workload before anything else: its outlook, and how many of its requests
/// failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Health {
    Overloaded,
    /// Most requests fail.
    Fails,
    CannotTell,
    /// No queue grows, but this share of the requests fails: many, or more than an objective
    /// allows.
    AnswersInPart(f64),
    NoRequests,
    KeepsUp,
}

impl Health {
    pub fn of(results: &Results, verdict: &WorkloadVerdict) -> Health {
        let of = |metric: &str| {
            results
                .find("workload", &verdict.workload, metric, "mean")
                .map_or(f64::NAN, |row| row.estimate.estimate)
        };
        let errors = of("error_ratio");
        match &verdict.outlook {
            Outlook::Overloaded(_) => Health::Overloaded,
            _ if errors >= MOST_FAILED => Health::Fails,
            Outlook::CannotTell(_) => Health::CannotTell,
            Outlook::KeepsUp
                if errors >= MANY_FAILED || errors > allowed_errors(results, &verdict.workload) =>
            {
                Health::AnswersInPart(errors)
            }
            Outlook::KeepsUp if of("offered_rate") == 0.0 => Health::NoRequests,
            Outlook::KeepsUp => Health::KeepsUp,
        }
    }

    /// What is said of the workload that fares worst; none where there is no workload.
    pub fn worst(results: &Results) -> Option<Health> {
        let rank = |said: &Health| match said {
            Health::Overloaded => 0,
            Health::Fails => 1,
            Health::CannotTell => 2,
            Health::AnswersInPart(_) => 3,
            Health::NoRequests => 4,
            Health::KeepsUp => 5,
        };
        results.verdicts.iter().map(|verdict| Health::of(results, verdict)).min_by_key(rank)
    }

    /// One word for machines.
    pub fn name(self) -> &'static str {
        match self {
            Health::Overloaded => "overloaded",
            Health::Fails => "fails",
            Health::CannotTell => "cannot_tell",
            Health::AnswersInPart(_) => "answers_in_part",
            Health::NoRequests => "no_requests",
            Health::KeepsUp => "keeps_up",
        }
    }
}

/// The share of failures that objectives of a workload allow; all, if there are none.
fn allowed_errors(results: &Results, workload: &str) -> f64 {
    let own = results
        .slos
        .iter()
        .filter(|slo| slo.kind == "workload" && slo.of == workload && slo.metric == "error_ratio");
    own.map(|slo| slo.bound).fold(f64::INFINITY, f64::min)
}

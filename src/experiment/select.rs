//! Selection of the best of many variants: replications go to those that may still be the best.
//!
//! Law: the procedure KN (`stats::Selection`; Kim and Nelson 2001), fed replication by replication,
//! in order, with each replication's value of the metric. With the stated probability the winner is
//! the best, or within the indifference of it. Which replications are run depends only on the
//! values, never on threads. Checked: `tests/it/compare.rs`.

use super::batch::{Member, batch};
use super::drive::Options;
use super::replications::Rule;
use super::results::MOST_FAILED;
use super::run::{Progress, RunError};
use crate::stats::{self, Best, Estimate, Selection};

/// The number of replications of every variant before the first is dropped.
pub(crate) const FIRST_STAGE: u32 = 10;

/// The parameters of a selection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    /// Whether the smallest or the largest mean is best.
    pub best: Best,
    /// The indifference: a difference that does not matter, as a share of the best mean of the
    /// first stage.
    pub indifference: f64,
    /// The number of replications of every variant before the first is dropped, and of the
    /// contenders between two checks.
    pub first_stage: u32,
    /// The maximum number of replications per variant.
    pub most: u32,
    /// The probability that the answer is right, in 0 to 1.
    pub confidence: f64,
}

/// The result of one variant.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Candidate {
    /// The name of the variant.
    pub name: String,
    /// The number of replications it was given.
    pub replications: u32,
    /// The mean of its replications' values of the metric.
    pub estimate: Estimate,
    /// The share of failed requests, in 0 to 1, of the workload in which it is largest.
    pub failed: f64,
    /// How it compares with the winner, in the replications that both were given.
    pub tie: Tie,
}

/// Whether a candidate can be told apart from the winner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tie {
    /// It can, or it is the winner.
    None,
    /// The interval of the difference contains 0.
    Undecided,
    /// The values are equal in every replication.
    Equal,
}

impl Tie {
    /// Returns the name in JSON: `none`, `undecided` or `equal`.
    pub fn name(self) -> &'static str {
        match self {
            Tie::None => "none",
            Tie::Undecided => "undecided",
            Tie::Equal => "equal",
        }
    }
}

impl Candidate {
    /// Returns whether at least half of the requests of a workload fail: such a variant is never
    /// selected, however fast its few answers are.
    pub fn is_failing(&self) -> bool {
        self.failed >= MOST_FAILED
    }
}

/// The answer of a selection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SelectionResult {
    /// The index in `candidates` of the best variant; of the leading one if the budget ran out.
    pub winner: usize,
    /// Whether the winner is the best with the requested probability.
    pub certain: bool,
    /// The indifference: a difference that does not matter, in the unit of the metric.
    pub indifference: f64,
    /// All variants, in the order given; the baseline is the first.
    pub candidates: Vec<Candidate>,
}

/// Returns the largest share of failed requests of any workload, so far.
fn failed(member: &Member) -> f64 {
    let fold = member.fold();
    let errors = fold
        .metrics
        .iter()
        .enumerate()
        .filter(|(_, metric)| metric.kind == "workload" && metric.metric == "error_ratio");
    errors.map(|(index, _)| fold.estimate(index, 0.95).estimate).fold(0.0, f64::max)
}

/// Runs replications until one variant is left or the maximum is reached. `metrics` are the indices
/// of the metric in each member.
///
/// # Errors
/// As for [`batch`]; also if no variant has a value for the metric.
pub(crate) fn select(
    names: &[String],
    members: &mut [Member],
    metrics: &[usize],
    question: Question,
    options: Options,
    show: &mut dyn FnMut(Progress),
) -> Result<SelectionResult, RunError> {
    let mut progress = batch(members, Progress::default(), options, show)?;
    let value = |member: &Member, metric: usize, replication: usize| {
        member.fold().values(metric).get(replication).copied()
    };
    let means: Vec<f64> = members
        .iter()
        .zip(metrics)
        .map(|(member, &metric)| {
            stats::mean(member.fold().values(metric), question.confidence).estimate
        })
        .collect();
    let best = match question.best {
        Best::Smallest => means.iter().copied().fold(f64::INFINITY, f64::min),
        Best::Largest => means.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    };
    let indifference = question.indifference * best.abs();
    let mut selection = Selection::new(
        members.len(),
        question.best,
        indifference,
        1.0 - question.confidence,
        question.first_stage,
    );
    // A variant without a value in the whole first stage, or in which most requests fail, is not
    // selected, and the others do not wait for it.
    let has_value = |index: usize| {
        members[index].fold().values(metrics[index]).iter().any(|value| value.is_finite())
    };
    let excluded: Vec<usize> = (0..members.len())
        .filter(|&index| !has_value(index) || failed(&members[index]) >= MOST_FAILED)
        .collect();
    if excluded.len() == members.len() {
        return Err(RunError::NoValue);
    }
    excluded.iter().for_each(|&index| selection.leave_out(index));
    let mut counted = 0;
    while selection.winner().is_none() {
        // Dropped variants have no more values and are ignored.
        let contenders = selection.contenders().to_vec();
        let ready = contenders.iter().map(|&i| members[i].replications.done).min().unwrap_or(0);
        if counted == ready {
            if ready >= question.most
                || options.interrupted.load(std::sync::atomic::Ordering::Relaxed)
            {
                break;
            }
            for &i in &contenders {
                members[i].replications.want((ready + question.first_stage).min(question.most));
            }
            progress = batch(members, progress, options, show)?;
            continue;
        }
        let values: Vec<f64> = members
            .iter()
            .zip(metrics)
            .map(|(member, &metric)| value(member, metric, counted as usize).unwrap_or(f64::NAN))
            .collect();
        selection.add(&values);
        counted += 1;
    }
    let winner = selection.winner().or_else(|| selection.leader()).unwrap_or(0);
    let mut candidates = candidates(names, members, metrics, question.confidence, winner);
    excluded.iter().for_each(|&index| candidates[index].tie = Tie::None);
    Ok(SelectionResult { winner, certain: selection.winner().is_some(), indifference, candidates })
}

/// Returns the result of each variant, compared with that of the winner.
fn candidates(
    names: &[String],
    members: &[Member],
    metrics: &[usize],
    confidence: f64,
    winner: usize,
) -> Vec<Candidate> {
    let values = |index: usize| members[index].fold().values(metrics[index]);
    // Each of the others is compared with the winner, so that all hold jointly (Bonferroni).
    let others = members.len().saturating_sub(1).max(1) as f64;
    let level = 1.0 - (1.0 - confidence) / others;
    let candidate = |(index, member): (usize, &Member)| Candidate {
        name: names[index].clone(),
        replications: member.replications.done,
        estimate: stats::mean(values(index), confidence),
        failed: failed(member),
        tie: if index == winner {
            Tie::None
        } else {
            Tie::of(values(winner), values(index), level)
        },
    };
    members.iter().enumerate().map(candidate).collect()
}

impl Tie {
    /// Compares the values of the winner with those of another, replication by replication.
    fn of(winner: &[f64], other: &[f64], level: f64) -> Tie {
        let stats::Difference { difference, .. } = stats::difference(winner, other, level);
        match difference.estimate == 0.0 && difference.std_error == 0.0 {
            true => Tie::Equal,
            false if difference.low <= 0.0 && difference.high >= 0.0 => Tie::Undecided,
            false => Tie::None,
        }
    }
}

impl Rule {
    /// Creates the rule of a first stage.
    pub(crate) fn first_stage(question: Question) -> Rule {
        Rule::fixed(question.first_stage, question.confidence)
    }
}

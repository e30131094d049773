//! Choosing the best of many variants: replications go to those that may still be it.
//!
//! Law: the procedure KN (`stats::Selection`; Kim and Nelson 2001), fed replication by replication,
//! in order, with the replications' own values of the metric. With the stated probability the
//! winner is the best, or within the indifference of it. Which replications are run depends on the
//! values alone, never on threads. Checked: `tests/it/compare.rs`.

use super::batch::{Member, batch};
use super::drive::Options;
use super::replications::Rule;
use super::results::MOST_FAILED;
use super::run::{Progress, RunError};
use crate::stats::{self, Best, Estimate, Selection};

/// Replications of every variant before the first is dropped.
pub const FIRST_STAGE: u32 = 10;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Number of the metric, in each variant.
    pub best: Best,
    /// A difference that does not matter, as a share of the first stage's best mean.
    pub indifference: f64,
    /// Replications of every variant before the first is dropped, and of the contenders between two
    /// looks.
    pub first_stage: u32,
    /// The most replications of one variant.
    pub most: u32,
    /// Probability that the answer is right.
    pub confidence: f64,
}

/// What a variant came to.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// Replications it was given.
    pub replications: u32,
    /// The mean of the replications' values.
    pub estimate: Estimate,
    /// The share of failed requests of the workload of which most fail, in 0 to 1.
    pub failed: f64,
}

impl Candidate {
    /// Whether it does not do what it is for: it is never chosen, however fast the few answers are.
    pub fn is_failing(&self) -> bool {
        self.failed >= MOST_FAILED
    }
}

/// The answer.
#[derive(Clone, Debug)]
pub struct SelectionResult {
    /// Number of the best variant; the one ahead, if the budget ran out.
    pub winner: usize,
    /// Whether it is the best with the asked probability.
    pub certain: bool,
    /// A difference that does not matter, in the unit of the metric.
    pub indifference: f64,
    /// All variants, in their order.
    pub candidates: Vec<Candidate>,
}

/// The largest share of failed requests of a workload, so far.
fn failed(member: &Member) -> f64 {
    let fold = member.fold();
    let errors = fold
        .metrics
        .iter()
        .enumerate()
        .filter(|(_, metric)| metric.kind == "workload" && metric.metric == "error_ratio");
    errors.map(|(index, _)| fold.estimate(index, 0.95).estimate).fold(0.0, f64::max)
}

/// Runs replications until one variant is left, or the most is reached. `metrics` are the numbers
/// of the metric in each.
///
/// # Errors
/// As [`batch`].
pub fn select(
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
    // A variant without a value in a whole first stage, or in which most requests fail, is not
    // chosen, and nobody waits for it.
    let has_value = |index: usize| {
        members[index].fold().values(metrics[index]).iter().any(|value| value.is_finite())
    };
    let dead: Vec<usize> = (0..members.len())
        .filter(|&index| !has_value(index) || failed(&members[index]) >= MOST_FAILED)
        .collect();
    if dead.len() == members.len() {
        return Err(RunError::NoValue);
    }
    dead.into_iter().for_each(|index| selection.leave_out(index));
    let mut counted = 0;
    while selection.winner().is_none() {
        // Those that are dropped have no more values, and are not looked at.
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
    let candidates =
        names.iter().zip(members.iter().zip(metrics)).map(|(name, (member, &metric))| Candidate {
            name: name.clone(),
            replications: member.replications.done,
            estimate: stats::mean(member.fold().values(metric), question.confidence),
            failed: failed(member),
        });
    let winner = selection.winner().or_else(|| selection.leader()).unwrap_or(0);
    Ok(SelectionResult {
        winner,
        certain: selection.winner().is_some(),
        indifference,
        candidates: candidates.collect(),
    })
}

impl Rule {
    /// The rule of a first stage.
    pub fn first_stage(question: Question) -> Rule {
        Rule::fixed(question.first_stage, question.confidence)
    }
}

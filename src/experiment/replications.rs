//! The replications of one point: how many are needed, which is next, and their reduction.
//!
//! Law: replications are folded in order, and precision is checked only after fixed blocks of them,
//! so neither depends on the number of threads. Between two checks the interval is that of a fixed
//! number of replications (Law 2015, §9.4.1, sequential procedure).

use super::cell::{CellRecord, Failure};
use super::fold::Fold;
use crate::stats::{self, HalfWidth};
use std::collections::BTreeMap;

/// Called with the result of every replication, in order.
pub(crate) type Each<'e, E> = dyn FnMut(&Result<CellRecord, Failure>) -> Result<(), E> + 'e;

/// The stopping rule: how many replications are enough.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    /// The minimum number; without goals, the exact number.
    pub min: u32,
    /// The maximum number.
    pub max: u32,
    /// The goals, all of which must be met: the index of the metric and its half-width.
    pub goals: Vec<(usize, HalfWidth)>,
    pub confidence: f64,
}

/// A point's replications so far.
#[derive(Debug)]
pub(crate) struct Replications {
    rule: Rule,
    /// The number required, until the next check.
    required: u32,
    /// The number handed out to run.
    begun: u32,
    /// The number that have been folded or have failed.
    pub done: u32,
    early: BTreeMap<u32, Result<CellRecord, Failure>>,
    /// `None` if replications are only counted.
    pub fold: Option<Fold>,
    /// The failed replications, with the reason.
    pub failures: Vec<(u32, Failure)>,
}

impl Replications {
    /// Creates an empty set of replications whose records are folded.
    pub(crate) fn new(rule: Rule, fold: Fold) -> Replications {
        Replications { fold: Some(fold), ..Replications::counted(rule) }
    }
    /// Creates an empty set of replications that are only counted, which is enough for a rule
    /// without goals.
    pub(crate) fn counted(rule: Rule) -> Replications {
        let required = rule.min;
        Replications {
            rule,
            required,
            begun: 0,
            done: 0,
            early: BTreeMap::new(),
            fold: None,
            failures: Vec::new(),
        }
    }
    /// Returns the next replication to run, if one can be started now and fewer than `ahead` are in
    /// flight or not yet folded.
    pub(crate) fn next(&mut self, ahead: u32) -> Option<u32> {
        // Some results may be known from an earlier run.
        self.begun = self.begun.max(self.done);
        while self.early.contains_key(&self.begun) {
            self.begun += 1;
        }
        if self.begun >= self.required || self.begun >= self.done.saturating_add(ahead) {
            return None;
        }
        self.begun += 1;
        Some(self.begun - 1)
    }
    /// Returns whether all required replications are done.
    pub(crate) fn is_complete(&self) -> bool {
        self.done >= self.required
    }
    /// Returns the number handed out to run.
    pub(crate) fn begun(&self) -> u32 {
        self.begun
    }
    /// Returns the number that are required but not yet done.
    pub(crate) fn left(&self) -> u32 {
        self.required.saturating_sub(self.done)
    }
    /// Raises the required number to `replications`, if it is lower.
    pub(crate) fn want(&mut self, replications: u32) {
        self.required = self.required.max(replications);
    }
    /// Returns the number currently required.
    pub(crate) fn wanted(&self) -> u32 {
        self.required
    }
    /// Accepts one result, and passes on and folds all that are next in order.
    ///
    /// # Errors
    /// The errors of `each`.
    pub(crate) fn take<E>(
        &mut self,
        replication: u32,
        result: Result<CellRecord, Failure>,
        each: &mut Each<E>,
    ) -> Result<(), E> {
        self.early.insert(replication, result);
        while let Some(result) = self.early.remove(&self.done) {
            each(&result)?;
            match result {
                Ok(record) => {
                    if let Some(fold) = &mut self.fold {
                        fold.add(&record);
                    }
                }
                Err(failure) => self.failures.push((self.done, failure)),
            }
            self.done += 1;
            if self.done == self.required {
                self.check_precision();
            }
        }
        Ok(())
    }
    /// Checks the precision, and requires another block, as large as the first, if it is not
    /// enough.
    fn check_precision(&mut self) {
        // If all have failed, more would fail too.
        let any = (self.failures.len() as u32) < self.done;
        if self.required < self.rule.max && any && !self.is_precise() {
            self.required = (self.required + self.rule.min.max(1)).min(self.rule.max);
        }
    }
    /// Returns whether every goal is met.
    pub(crate) fn is_precise(&self) -> bool {
        self.goals().all(|(_, goal, estimate)| stats::met(&estimate, goal))
    }
    /// Returns every goal as the index of its metric, its half-width and the current estimate.
    pub(crate) fn goals(&self) -> impl Iterator<Item = (usize, HalfWidth, stats::Estimate)> + '_ {
        let estimate_of = |fold: &Fold, metric| fold.estimate(metric, self.rule.confidence);
        self.fold.iter().flat_map(move |fold| {
            self.rule
                .goals
                .iter()
                .map(move |&(metric, goal)| (metric, goal, estimate_of(fold, metric)))
        })
    }
}

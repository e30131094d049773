//! The replications of one point: how many, which next, and what they say together.
//!
//! Law: they are folded in their own order, and whether there are enough is looked at after fixed
//! blocks of them, so that neither depends on how many threads there are. Between two looks the
//! interval is that of a fixed number of replications (Law 2015, §9.4.1, sequential procedure).

use super::cell::{CellRecord, Failure};
use super::fold::Fold;
use crate::stats::{self, HalfWidth};
use std::collections::BTreeMap;

/// Sees every replication, in order.
pub type Each<'e, E> = dyn FnMut(&Result<CellRecord, Failure>) -> Result<(), E> + 'e;

/// When there are enough replications.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The least number; all, if there are no goals.
    pub min: u32,
    /// The largest number.
    pub max: u32,
    /// All of these are to be met: which metric, how narrow.
    pub goals: Vec<(usize, HalfWidth)>,
    pub confidence: f64,
}

/// A point's replications so far.
#[derive(Debug)]
pub struct Replications {
    rule: Rule,
    /// How many are wanted, until the next look.
    wanted: u32,
    /// How many have been given out.
    begun: u32,
    /// How many have been folded, or failed.
    pub done: u32,
    early: BTreeMap<u32, Result<CellRecord, Failure>>,
    /// None if they are only counted.
    pub fold: Option<Fold>,
    /// Those that gave nothing.
    pub failures: Vec<(u32, Failure)>,
}

impl Replications {
    /// None yet; what they give is folded.
    pub fn new(rule: Rule, fold: Fold) -> Replications {
        Replications { fold: Some(fold), ..Replications::counted(rule) }
    }
    /// None yet; they are only counted, which is enough for a rule without goals.
    pub fn counted(rule: Rule) -> Replications {
        let wanted = rule.min;
        Replications {
            rule,
            wanted,
            begun: 0,
            done: 0,
            early: BTreeMap::new(),
            fold: None,
            failures: Vec::new(),
        }
    }
    /// The next replication to run, if one can be begun now and at most so many are not yet folded.
    pub fn next(&mut self, ahead: u32) -> Option<u32> {
        // Some may be known from a run before.
        self.begun = self.begun.max(self.done);
        while self.early.contains_key(&self.begun) {
            self.begun += 1;
        }
        if self.begun >= self.wanted || self.begun >= self.done.saturating_add(ahead) {
            return None;
        }
        self.begun += 1;
        Some(self.begun - 1)
    }
    /// Whether there is no more to run and none to wait for.
    pub fn is_complete(&self) -> bool {
        self.done >= self.wanted
    }
    /// How many have been given out.
    pub fn begun(&self) -> u32 {
        self.begun
    }
    /// How many are wanted and not yet done.
    pub fn left(&self) -> u32 {
        self.wanted.saturating_sub(self.done)
    }
    /// Wants so many, if it wanted fewer.
    pub fn want(&mut self, replications: u32) {
        self.wanted = self.wanted.max(replications);
    }
    /// How many are now known to be needed.
    pub fn wanted(&self) -> u32 {
        self.wanted
    }
    /// Takes what came of one, and hands over those whose turn it is, in order.
    ///
    /// # Errors
    /// Those of `each`.
    pub fn take<E>(
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
            if self.done == self.wanted {
                self.look();
            }
        }
        Ok(())
    }
    /// Whether there are enough; if not, another block of as many as the first.
    fn look(&mut self) {
        // Where all have failed, more would fail too.
        let any = (self.failures.len() as u32) < self.done;
        if self.wanted < self.rule.max && any && !self.is_precise() {
            self.wanted = (self.wanted + self.rule.min.max(1)).min(self.rule.max);
        }
    }
    /// Whether every goal is met.
    pub fn is_precise(&self) -> bool {
        self.goals().all(|(_, goal, estimate)| stats::met(&estimate, goal))
    }
    /// Every goal, with the estimate of its metric.
    pub fn goals(&self) -> impl Iterator<Item = (usize, HalfWidth, stats::Estimate)> + '_ {
        let of = |fold: &Fold, metric| fold.estimate(metric, self.rule.confidence);
        self.fold.iter().flat_map(move |fold| {
            self.rule.goals.iter().map(move |&(metric, goal)| (metric, goal, of(fold, metric)))
        })
    }
}

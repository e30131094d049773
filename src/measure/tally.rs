//! What is counted of requests, instances and links.

use super::distribution::Ends;
use super::{Histogram, Measured, Moments, SparseHistogram};
use crate::request::{Outcome, PARTS, Parts};
use crate::units::Span;

/// How many requests came, and how many have left in which way.
///
/// Modulo 2^64: when the endpoint of a request is drawn late, the flow that loses it may lack one
/// between two readings that the other has too many; their sum is right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub came: u64,
    pub answered: u64,
    pub failed: u64,
}

impl Counts {
    /// Those that came and have not left.
    pub(crate) fn inside(&self) -> u64 {
        self.came.wrapping_sub(self.answered).wrapping_sub(self.failed)
    }
    /// Those after an earlier moment.
    pub(crate) fn since(&self, earlier: &Counts) -> Counts {
        Counts {
            came: self.came.wrapping_sub(earlier.came),
            answered: self.answered.wrapping_sub(earlier.answered),
            failed: self.failed.wrapping_sub(earlier.failed),
        }
    }
    /// Adds those of another flow.
    pub(crate) fn add(&mut self, other: &Counts) {
        self.came = self.came.wrapping_add(other.came);
        self.answered = self.answered.wrapping_add(other.answered);
        self.failed = self.failed.wrapping_add(other.failed);
    }
}

/// The requests that arrived in some stretch of time: of one flow (one origin, one endpoint) or one
/// workload, in the measured part or a phase of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Modulo 2^64, as [`Counts`].
    pub arrivals: u64,
    /// Answered within the stretch, whenever they arrived.
    pub answered: u64,
    /// Of those that arrived in it, how many ended how; index 0 is `ok`.
    pub outcomes: Vec<u64>,
    /// Latency of the answered ones of these.
    pub latency: Histogram,
    pub moments: Moments,
    /// Where their time went.
    pub parts_ns: [u128; PARTS.len()],
}

/// A [`Tally`] of a phase that is over, of which the latency is handed on.
#[derive(Clone, Debug, Default)]
pub(crate) struct PhaseTally {
    /// Its own histogram has those that ended later than the phase, until the run is over.
    pub tally: Tally,
    /// Of those that ended in it; of all that arrived in it, when the run is over.
    pub latency: SparseHistogram,
}

impl PhaseTally {
    /// The run is over: nothing ends later.
    pub(crate) fn close(&mut self) {
        let later = std::mem::take(&mut self.tally.latency).distribution();
        self.latency.take_in(&later);
    }
    /// Adds the same phase of another flow; both are closed.
    pub(crate) fn add(&mut self, other: &PhaseTally) {
        self.latency.take_in(&other.latency);
        self.tally.add_but_latency(&other.tally);
    }
}

impl Tally {
    pub(crate) fn new(outcomes: usize) -> Tally {
        Tally { outcomes: vec![0; outcomes], ..Tally::default() }
    }
    /// One of its requests has ended.
    pub(super) fn end(&mut self, outcome: Outcome, latency: Span, parts: &Parts) {
        if outcome != Outcome::OK {
            return self.fail(outcome);
        }
        let mut alone = Answers::default();
        alone.add(latency, parts);
        self.count_one(latency);
        self.add_answers(&alone);
    }
    /// Counts an answer, but for what [`Tally::add_answers`] will be told of some together.
    #[inline(always)]
    pub(super) fn count_one(&mut self, latency: Span) {
        self.latency.count_one(latency.0);
        self.moments.square(latency.0);
    }
    /// What some of its answers are together.
    pub(super) fn add_answers(&mut self, answers: &Answers) {
        self.outcomes[0] += answers.count;
        self.latency.widen(&answers.ends);
        self.moments.sum_ns += u128::from(answers.sum_ns);
        for (sum, part) in self.parts_ns.iter_mut().zip(answers.parts_ns) {
            *sum += u128::from(part);
        }
    }
    /// One of its requests ends in another way.
    #[inline(always)]
    pub(crate) fn fail(&mut self, outcome: Outcome) {
        self.outcomes[outcome.0 as usize] += 1;
    }
    /// Adds what was counted elsewhere, but for the distribution: those are put together as they
    /// are handed on.
    pub(crate) fn add_but_latency(&mut self, other: &Tally) {
        self.arrivals = self.arrivals.wrapping_add(other.arrivals);
        self.answered = self.answered.wrapping_add(other.answered);
        for (mine, theirs) in self.outcomes.iter_mut().zip(&other.outcomes) {
            *mine += theirs;
        }
        self.moments.add(&other.moments);
        for (mine, theirs) in self.parts_ns.iter_mut().zip(other.parts_ns) {
            *mine += theirs;
        }
    }
    /// Answered ones of those that arrived in it.
    pub(crate) fn completed(&self) -> u64 {
        self.outcomes[0]
    }
    pub(crate) fn failed(&self) -> u64 {
        self.outcomes[1..].iter().sum()
    }
}

/// Some answers together, in 64 bits: as the parts of a latency add up to it, no sum is full before
/// that of the latencies.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    pub count: u64,
    pub ends: Ends,
    pub sum_ns: u64,
    pub parts_ns: [u64; PARTS.len()],
}

impl Answers {
    /// Adds one; whether there was room for it.
    #[inline(always)]
    pub(crate) fn add(&mut self, latency: Span, parts: &Parts) -> bool {
        let (sum_ns, is_full) = self.sum_ns.overflowing_add(latency.0);
        if is_full {
            return false;
        }
        self.sum_ns = sum_ns;
        self.count += 1;
        self.ends.include(latency.0);
        for (sum, part) in self.parts_ns.iter_mut().zip(parts.spent) {
            *sum += part.0;
        }
        true
    }
}

/// What happened in one series window.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WindowTally {
    pub counts: Counts,
    /// Of the answers.
    pub latency_sum_ns: u128,
    pub latency: Ends,
}

impl WindowTally {
    /// Adds answers.
    pub(crate) fn include(&mut self, sum_ns: u64, latency: &Ends) {
        self.latency_sum_ns += u128::from(sum_ns);
        self.latency = self.latency.with(latency);
    }
    /// Adds the same window of another flow.
    pub(crate) fn add(&mut self, other: &WindowTally) {
        self.counts.add(&other.counts);
        self.latency_sum_ns += other.latency_sum_ns;
        self.latency = self.latency.with(&other.latency);
    }
}

/// What one instance did in the measured part.
#[derive(Clone, Debug, Default)]
pub(crate) struct InstanceTally {
    /// In the order of [`super::INSTANCE_GAUGES`].
    pub gauges: [Measured; super::INSTANCE_GAUGES.len()],
    /// From ready to running, of the bursts that began in the measured part.
    pub lag: Histogram,
    pub lag_sum_ns: u128,
    /// Requests the balancer chose it for.
    pub chosen: u64,
}

/// What one link did in the measured part.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LinkTally {
    pub in_flight: Measured,
    pub lost: u64,
    pub delivered: u64,
    pub transit_ns: u128,
}

//! One flow while a replication runs: what is counted at each arrival and each end, and how that becomes windows, phases and the whole.
//!
//! Law: how many came, were answered and failed is counted once, since the beginning of the run; what happened in a window, a phase or the measured part is
//! the difference of that count between its ends. How a request ended belongs to the phase in which it arrived, and so does its latency, because that is what a
//! user saw who came then: each phase has a tally of its own, and the measured part is their sum. So a phase costs nothing while it lasts: only a request
//! that arrived before its beginning is looked for. Checked: `tests/it/phases.rs` (phases add up to the whole).

use super::brief::Brief;
use super::distribution::Ends;
use super::tally::{Answers, Counts, PhaseTally, Tally, WindowTally};
use crate::request::{Outcome, Parts};
use crate::units::Span;

/// The running count of one flow.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    counts: Counts,
    /// The counts when the open window began, when the measured part did, and when the present phase did.
    window_from: Counts,
    measured_from: Counts,
    phase_from: Counts,
    /// Answers of the open window to requests that arrived in the present stretch.
    answers: Answers,
    /// Latency of the other answers of the open window.
    window: WindowTally,
    /// The same one by one, if somebody asks for its quantiles.
    pub watched: Option<Box<Brief>>,
    /// Of those that arrived in the measured part, or in its present phase.
    pub tally: Tally,
}

impl Meter {
    /// The quantiles of its windows are asked for if it `is_watched`.
    pub fn new(outcomes: usize, is_watched: bool) -> Meter {
        Meter { tally: Tally::new(outcomes), watched: is_watched.then(Box::default), ..Meter::default() }
    }
    /// A request comes.
    #[inline(always)]
    pub fn arrive(&mut self) {
        self.counts.came += 1;
    }
    /// A request is answered that arrived since the measured part or its present phase began.
    #[inline(always)]
    pub fn answer(&mut self, latency: Span, parts: &Parts) {
        if !self.answers.add(latency, parts) {
            self.settle();
            self.answers.add(latency, parts);
        }
        self.tally.latency.count_one(latency.0);
        self.tally.moments.square(latency.0);
        if let Some(watched) = &mut self.watched {
            watched.record(latency);
        }
    }
    /// One such request fails.
    #[inline(always)]
    pub fn fail(&mut self, outcome: Outcome) {
        self.counts.failed += 1;
        self.tally.fail(outcome);
    }
    /// A request ends that arrived before: here it counts in the window only.
    pub fn end_earlier(&mut self, outcome: Outcome, latency: Span) {
        if outcome != Outcome::OK {
            self.counts.failed += 1;
            return;
        }
        self.counts.answered += 1;
        self.window.include(latency.0, &Ends::of(latency.0));
        if let Some(watched) = &mut self.watched {
            watched.record(latency);
        }
    }
    /// Puts the answers that are only together where they belong.
    #[inline(never)]
    fn settle(&mut self) {
        let answers = std::mem::take(&mut self.answers);
        self.counts.answered += answers.count;
        self.window.include(answers.sum_ns, &answers.ends);
        self.tally.add_answers(&answers);
    }
    /// How many came and have left since the beginning of the run.
    pub fn counts(&self) -> Counts {
        Counts { answered: self.counts.answered + self.answers.count, ..self.counts }
    }
    /// A request that came is another flow's (−1), or is this one's though it was counted elsewhere (1).
    pub fn recount(&mut self, sign: i64, is_measured: bool) {
        self.counts.came = self.counts.came.wrapping_add_signed(sign);
        if !is_measured {
            self.measured_from.came = self.measured_from.came.wrapping_add_signed(sign);
        }
    }
    /// Ends a window, and begins the next.
    pub fn end_window(&mut self) -> WindowTally {
        self.settle();
        let counts = self.counts.since(&self.window_from);
        self.window_from = self.counts;
        WindowTally { counts, ..std::mem::take(&mut self.window) }
    }
    /// The measured part begins, and with it its first phase.
    pub fn begin(&mut self) {
        (self.measured_from, self.phase_from) = (self.counts, self.counts);
    }
    /// Ends a phase, and begins the next.
    pub fn end_phase(&mut self) -> PhaseTally {
        self.settle();
        let latency = self.tally.latency.take_distribution();
        let next = Tally { latency: std::mem::take(&mut self.tally.latency), ..Tally::new(self.tally.outcomes.len()) };
        let Counts { came, answered, .. } = self.counts.since(&self.phase_from);
        self.phase_from = self.counts;
        PhaseTally { tally: Tally { arrivals: came, answered, ..std::mem::replace(&mut self.tally, next) }, latency }
    }
    /// The whole measured part: what is counted here, and in the phases that are over.
    pub fn whole<'p>(mut self, over: impl Iterator<Item = &'p PhaseTally>) -> Tally {
        self.settle();
        let mut whole = self.tally;
        for phase in over {
            whole.add_but_latency(&phase.tally);
            whole.latency.merge(&phase.latency());
        }
        let Counts { came, answered, .. } = self.counts.since(&self.measured_from);
        Tally { arrivals: came, answered, ..whole }
    }
}

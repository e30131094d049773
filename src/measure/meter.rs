//! One flow while a replication runs: what is counted at each arrival and each end, and how that
//! becomes windows, phases and the whole.
//!
//! Law: how many came, were answered and failed is counted once, since the beginning of the run;
//! what happened in a window, a phase or the measured part is the difference of that count between
//! its ends. How a request ended belongs to the phase in which it arrived, and so does its latency,
//! because that is what a user saw who came then: each phase has a tally of its own, and the
//! measured part is their sum. So a phase costs nothing while it lasts: only a request that arrived
//! before its beginning is looked for. Checked: `tests/it/phases.rs` (phases add up to the whole).

use super::brief::Brief;
use super::distribution::Ends;
use super::tally::{Answers, Counts, PhaseTally, Tally, WindowTally};
use crate::request::{Outcome, Parts};
use crate::units::Span;

/// The running count of one flow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    counts: Counts,
    /// The counts when the open window began, when the measured part did, and when the present
    /// phase did.
    window_from: Counts,
    measured_from: Counts,
    phase_from: Counts,
    /// Answers of the open window to requests that arrived in the present stretch: not yet in
    /// `counts`, `window` or `tally`.
    answers: Answers,
    /// The other answers of the open window; how many they are is known when it ends.
    window: WindowTally,
    /// All answers of the open window, one by one, if somebody asks for its quantiles.
    pub(super) watched: Option<Box<Brief>>,
    /// Of those that arrived in the present stretch: the warm-up, the measured part, or a phase of
    /// it. Calls have no phases.
    pub(super) tally: Tally,
}

impl Meter {
    /// The quantiles of its windows are asked for if it `is_watched`.
    pub(crate) fn new(outcomes: usize, is_watched: bool) -> Meter {
        Meter {
            tally: Tally::new(outcomes),
            watched: is_watched.then(Box::default),
            ..Meter::default()
        }
    }
    /// A request comes.
    #[inline(always)]
    pub(crate) fn arrive(&mut self) {
        self.counts.came += 1;
    }
    /// A request is answered that arrived in the present stretch.
    #[inline(always)]
    pub(crate) fn answer(&mut self, latency: Span, parts: &Parts) {
        if !self.answers.add(latency, parts) {
            self.settle();
            self.answers.add(latency, parts);
        }
        self.tally.count_one(latency);
        if let Some(watched) = &mut self.watched {
            watched.record(latency);
        }
    }
    /// One such request fails.
    #[inline(always)]
    pub(crate) fn fail(&mut self, outcome: Outcome) {
        self.counts.failed += 1;
        self.tally.fail(outcome);
    }
    /// A request ends that arrived before: here it counts in the window only.
    pub(crate) fn end_earlier(&mut self, outcome: Outcome, latency: Span) {
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
    /// Adds the pending answers to the counts, the window and the tally.
    #[inline(never)]
    fn settle(&mut self) {
        let answers = std::mem::take(&mut self.answers);
        self.counts.answered += answers.count;
        self.window.include(answers.sum_ns, &answers.ends);
        self.tally.add_answers(&answers);
    }
    /// How many came and have left since the beginning of the run.
    pub(crate) fn counts(&self) -> Counts {
        Counts { answered: self.counts.answered + self.answers.count, ..self.counts }
    }
    /// Moves a request that has come out of this flow (−1), or into it (1).
    pub(crate) fn recount(&mut self, sign: i64, is_measured: bool) {
        self.counts.came = self.counts.came.wrapping_add_signed(sign);
        if !is_measured {
            self.measured_from.came = self.measured_from.came.wrapping_add_signed(sign);
        }
    }
    /// Ends a window, and begins the next.
    pub(crate) fn end_window(&mut self) -> WindowTally {
        self.settle();
        let counts = self.counts.since(&self.window_from);
        self.window_from = self.counts;
        WindowTally { counts, ..std::mem::take(&mut self.window) }
    }
    /// The measured part begins, and with it its first phase; what the warm-up was like is
    /// forgotten.
    pub(crate) fn begin(&mut self) {
        self.end_phase();
        self.measured_from = self.counts;
    }
    /// Ends a phase, and begins the next.
    pub(crate) fn end_phase(&mut self) -> PhaseTally {
        self.settle();
        let latency = self.tally.latency.take_distribution();
        let next = Tally {
            latency: std::mem::take(&mut self.tally.latency),
            ..Tally::new(self.tally.outcomes.len())
        };
        let Counts { came, answered, .. } = self.counts.since(&self.phase_from);
        self.phase_from = self.counts;
        PhaseTally {
            tally: Tally { arrivals: came, answered, ..std::mem::replace(&mut self.tally, next) },
            latency,
        }
    }
    /// The whole measured part: what is counted here, and in the phases that are closed.
    pub(crate) fn whole<'p>(mut self, over: impl Iterator<Item = &'p PhaseTally>) -> Tally {
        self.settle();
        let mut whole = self.tally;
        for phase in over {
            whole.add_but_latency(&phase.tally);
            whole.latency.merge(&phase.latency);
        }
        let Counts { came, answered, .. } = self.counts.since(&self.measured_from);
        Tally { arrivals: came, answered, ..whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(queue: u64, cpu: u64) -> Parts {
        let mut parts = Parts::default();
        (parts.spent[0], parts.spent[1]) = (Span(queue), Span(cpu));
        parts
    }

    #[test]
    fn sums_that_do_not_fit_into_64_bits_are_whole() {
        // By hand: three latencies of 2^63 ns, a quarter of each in a queue.
        let mut meter = Meter::new(1, false);
        for _ in 0..3 {
            meter.arrive();
            meter.answer(Span(1 << 63), &spent(1 << 61, 3 << 61));
        }
        assert_eq!(
            (meter.counts(), meter.counts().inside()),
            (Counts { came: 3, answered: 3, failed: 0 }, 0)
        );
        let window = meter.end_window();
        assert_eq!(
            (window.counts.answered, window.latency_sum_ns, window.latency),
            (3, 3 << 63, Ends::of(1 << 63))
        );
        let whole = meter.whole(std::iter::empty());
        assert_eq!(
            (whole.arrivals, whole.answered, whole.completed(), whole.latency.count()),
            (3, 3, 3, 3)
        );
        assert_eq!(
            (whole.moments.sum_ns, whole.parts_ns[0], whole.parts_ns[1], whole.moments.sd_s(3)),
            (3 << 63, 3 << 61, 9 << 61, 0.0)
        );
    }

    #[test]
    fn stretches_have_what_arrived_in_them_and_the_whole_is_their_sum() {
        // By hand: one request in the warm-up; one in the first phase, answered there; one that
        // arrives there and is answered in the second, whose latency the first gets when it is
        // known; one failure in the second. The window has all four.
        let mut meter = Meter::new(2, false);
        meter.arrive();
        meter.answer(Span(7), &spent(0, 7));
        meter.begin();
        meter.arrive();
        meter.answer(Span(10), &spent(4, 6));
        meter.arrive();
        let mut first = meter.end_phase();
        meter.end_earlier(Outcome::OK, Span(30));
        first.tally.latency.record(Span(30));
        first.tally.outcomes[0] += 1;
        meter.arrive();
        meter.fail(Outcome::LOST);
        let window = meter.end_window();
        assert_eq!(window.counts, Counts { came: 4, answered: 3, failed: 1 });
        assert_eq!(
            (window.latency_sum_ns, window.latency),
            (47, Ends { shortest_ns: 7, longest_ns: 30 })
        );
        let mut second = meter.end_phase();
        [&mut first, &mut second].into_iter().for_each(PhaseTally::close);
        assert_eq!(
            (
                first.tally.arrivals,
                first.tally.answered,
                first.tally.completed(),
                first.latency.count()
            ),
            (2, 1, 2, 2)
        );
        assert_eq!(
            (
                second.tally.arrivals,
                second.tally.answered,
                second.tally.failed(),
                second.latency.count()
            ),
            (1, 1, 1, 0)
        );
        let whole = meter.whole([&first, &second].into_iter());
        assert_eq!(
            (whole.arrivals, whole.answered, whole.outcomes.clone(), whole.latency.count()),
            (3, 2, vec![2, 1], 2)
        );
        assert_eq!(
            (whole.latency.distribution().shortest_s(), whole.latency.distribution().longest_s()),
            (1e-8, 3e-8)
        );
    }
}

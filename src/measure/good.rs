//! Good requests: the share that users are promised, and how fast the others use up what is
//! allowed.
//!
//! Law: of the requests that arrive in the measured part, those are good that are answered within a
//! time from their arrival, and have been in lines for no longer than another time. The others are
//! bad, and so are those that are still in the system at the end of the run after more than that
//! time, which end with it here. The rest of those that are still in it are neither. The burn rate
//! of a window is its share of bad requests over the share that is allowed (Beyer and others 2018,
//! The Site Reliability Workbook, chapter 5). Windows slide by a sixtieth of their length from the
//! beginning of the measured part to its end, and a request belongs to those in which it ends.
//! Checked: below by hand; `tests/it/objectives.rs` (M/M/1).

use crate::units::Span;
use std::collections::VecDeque;

/// A promise about the requests of some flows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Promise {
    /// The name of the objective.
    pub name: String,
    /// Within which a good request is answered.
    pub within: Option<Span>,
    /// How long a good request is in lines at most.
    pub waits: Option<Span>,
    /// The share of bad requests that is allowed, above 0.
    pub allowed: f64,
    pub window: Span,
}

/// The parts of a window.
const PARTS: u64 = 60;

/// How a promise is kept in one replication.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept {
    pub good: u64,
    pub bad: u64,
    /// Those that are still in the system at the end, and not bad yet.
    pub undecided: u64,
    /// The good and the bad ones of the last parts of a window, and their sum.
    parts: VecDeque<[u64; 2]>,
    sum: [u64; 2],
    /// The number of the open part, which is the last.
    part: u64,
    /// The highest share of bad requests of a whole window; NaN if there is none.
    pub worst: f64,
}

impl Default for Kept {
    fn default() -> Kept {
        Kept {
            good: 0,
            bad: 0,
            undecided: 0,
            parts: VecDeque::from([[0; 2]]),
            sum: [0; 2],
            part: 0,
            worst: f64::NAN,
        }
    }
}

impl Kept {
    /// A request ends, this long after the beginning of the measured part.
    pub(crate) fn add(&mut self, of: &Promise, at: Span, is_good: bool) {
        self.turn_to(part(of, at));
        match is_good {
            true => self.good += 1,
            false => self.bad += 1,
        }
        let index = usize::from(!is_good);
        self.sum[index] += 1;
        if let Some(open) = self.parts.back_mut() {
            open[index] += 1;
        }
    }
    /// The measured part is over; its length.
    pub(crate) fn end(&mut self, of: &Promise, measured: Span) {
        self.turn_to(part(of, measured));
    }
    /// Closes the parts before this one.
    fn turn_to(&mut self, part: u64) {
        // After a whole window without requests, nothing is left of those before.
        for _ in 0..(part - self.part).min(PARTS) {
            self.part += 1;
            if self.part >= PARTS {
                let [good, bad] = self.sum;
                let share = if bad == 0 { 0.0 } else { bad as f64 / (good + bad) as f64 };
                self.worst = self.worst.max(share);
            }
            self.parts.push_back([0; 2]);
            if self.parts.len() as u64 > PARTS
                && let Some([good, bad]) = self.parts.pop_front()
            {
                self.sum = [self.sum[0] - good, self.sum[1] - bad];
            }
        }
        if part > self.part {
            self.part = part;
            self.worst = self.worst.max(0.0);
        }
    }
}

/// The number of the part of a window in which a time is.
fn part(of: &Promise, at: Span) -> u64 {
    (u128::from(at.0) * u128::from(PARTS) / u128::from(of.window.0.max(1))) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(s: f64) -> Span {
        Span::from_seconds(s)
    }

    #[test]
    fn the_worst_window_is_the_one_with_the_largest_share_of_bad_requests() {
        // By hand: windows of 60 s, which slide by 1 s. Bad at 50.5 s, 70.5 s and 80.5 s, good at
        // 10.5 s, 45.5 s, 75.5 s and 130.5 s: the one from 46 s to 106 s has all bad ones and one
        // good one, 3 of 4; those that have fewer have at most 2 of 3.
        let window = seconds(60.0);
        let of = Promise { name: String::new(), within: None, waits: None, allowed: 0.25, window };
        let mut kept = Kept::default();
        for (at_s, is_good) in [
            (10.5, true),
            (45.5, true),
            (50.5, false),
            (70.5, false),
            (75.5, true),
            (80.5, false),
            (130.5, true),
        ] {
            kept.add(&of, seconds(at_s), is_good);
        }
        kept.end(&of, seconds(139.0));
        assert_eq!((kept.good, kept.bad, kept.worst), (4, 3, 0.75));
    }

    #[test]
    fn a_window_may_end_with_the_run_and_there_may_be_none() {
        // By hand: one bad request at 59 s. A run of 60 s has one window, one of 59.5 s none; in
        // one that goes on for long after it, it stays the worst.
        let of = |s: f64| Promise {
            name: String::new(),
            within: None,
            waits: None,
            allowed: 0.25,
            window: seconds(s),
        };
        for (end_s, worst) in [(60.0, 1.0), (10_000.0, 1.0)] {
            let mut kept = Kept::default();
            kept.add(&of(60.0), seconds(59.0), false);
            kept.end(&of(60.0), seconds(end_s));
            assert_eq!(kept.worst, worst);
        }
        let mut kept = Kept::default();
        kept.add(&of(60.0), seconds(59.0), false);
        kept.end(&of(60.0), seconds(59.5));
        assert!(kept.worst.is_nan());
        // Without any request nothing is burnt.
        let mut kept = Kept::default();
        kept.end(&of(60.0), seconds(600.0));
        assert_eq!(kept.worst, 0.0);
    }
}

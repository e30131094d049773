//! Good requests: the share that users are promised, and how fast the others use up what is
//! allowed.
//!
//! Law: of the requests that arrive in the measured part, those are good that are answered within a
//! time from their arrival. The others are bad, and so are those that are still in the system at
//! the end of the run after more than that time. Where no time is given, only those count that have
//! ended. The burn rate of a window is its share of bad requests over the share that is allowed
//! (Beyer and others 2018, The Site Reliability Workbook, chapter 5). Windows follow each other
//! from the beginning of the measured part, a request is in the one in which it ends, and one that
//! is not over at the end of the run is left out.
//! Checked: below by hand; `tests/it/objectives.rs` (M/M/1).

use crate::units::Span;

/// A promise about the requests of some flows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Promise {
    /// The name of the objective.
    pub name: String,
    /// Within which a good request is answered.
    pub within: Option<Span>,
    /// The share of bad requests that is allowed, above 0.
    pub allowed: f64,
    pub window: Span,
}

/// How a promise is kept in one replication.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Kept {
    pub good: u64,
    pub bad: u64,
    /// The good and the bad ones of the open window, and its number.
    open: [u64; 2],
    window: u64,
    /// The highest share of bad requests of a window.
    pub worst: f64,
}

impl Kept {
    /// A request ends, this long after the beginning of the measured part.
    pub(crate) fn add(&mut self, of: &Promise, at: Span, is_good: bool) {
        self.turn_to(at.0 / of.window.0);
        match is_good {
            true => (self.good, self.open[0]) = (self.good + 1, self.open[0] + 1),
            false => (self.bad, self.open[1]) = (self.bad + 1, self.open[1] + 1),
        }
    }
    /// The measured part is over; its length.
    pub(crate) fn end(&mut self, of: &Promise, measured: Span) {
        self.turn_to(measured.0 / of.window.0);
    }
    /// Closes the windows before this one.
    fn turn_to(&mut self, window: u64) {
        if window > self.window {
            let [good, bad] = std::mem::take(&mut self.open);
            self.window = window;
            if good + bad > 0 {
                self.worst = self.worst.max(bad as f64 / (good + bad) as f64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_window_is_the_one_with_the_largest_share_of_bad_requests() {
        // By hand: windows of 10 s with 1 of 2, none, and 3 of 4 bad; the last is not over.
        let seconds = Span::from_seconds;
        let of =
            Promise { name: String::new(), within: None, allowed: 0.25, window: seconds(10.0) };
        let mut kept = Kept::default();
        for (at_s, is_good) in [
            (1.0, true),
            (9.0, false),
            (20.0, false),
            (22.0, true),
            (25.0, false),
            (29.0, false),
            (30.0, false),
        ] {
            kept.add(&of, seconds(at_s), is_good);
        }
        kept.end(&of, seconds(35.0));
        assert_eq!((kept.good, kept.bad, kept.worst), (2, 5, 0.75));
        // The end of the run ends a window.
        kept.end(&of, seconds(40.0));
        assert_eq!(kept.worst, 1.0);
    }
}

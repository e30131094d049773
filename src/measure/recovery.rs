//! How long after a disturbance things are as they were before.
//!
//! Law: a window is *well* if its failed share and the p95 of its answers are no larger than in the
//! worst window before the disturbance. Windows in which requests come and none ends are well as
//! long as no more of them follow each other than did before. Recovery is from the end of the
//! disturbance to the beginning of the first row of at least 3 well windows in which at least 20
//! requests ended: one window, or a few requests, may be well by chance. It is looked for until the
//! next disturbance begins or ends, or the run does, and there is none if it is not found, or if
//! nothing ended before. The resolution is a window.
//! Checked: by hand below; a queue that drains at a known rate in `tests/it/phases.rs`.

use super::layout::Recovery;
use crate::units::Time;

/// Well windows in a row.
pub(crate) const IN_A_ROW: u32 = 3;
/// Requests that end in them, at least.
const ENOUGH: u64 = 20;

/// What one window says of a workload's health, but for the p95 of its answers, which is worked out
/// only where it is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Health {
    pub start: Time,
    pub end: Time,
    pub arrivals: u64,
    pub answers: u64,
    pub failures: u64,
}

impl Health {
    fn ended(&self) -> u64 {
        self.answers + self.failures
    }
    fn failed(&self) -> f64 {
        self.failures as f64 / self.ended() as f64
    }
}

/// Windows that follow each other without an end, since a request came.
#[derive(Clone, Copy, Debug, Default)]
struct Silence {
    windows: u32,
}

impl Silence {
    fn after(&mut self, window: &Health) -> u32 {
        let goes_on = window.ended() == 0 && (window.arrivals > 0 || self.windows > 0);
        self.windows = if goes_on { self.windows + 1 } else { 0 };
        self.windows
    }
}

/// The worst of the windows before a disturbance.
#[derive(Clone, Copy, Debug, Default)]
struct Worst {
    p95_s: f64,
    failed: f64,
    silence: Silence,
    longest_silence: u32,
    /// Whether a request ended in any of them.
    is_known: bool,
}

/// Well windows in a row.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    begin: Time,
    windows: u32,
    ended: u64,
}

/// The recovery of one workload from one disturbance, looked for window by window.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    recovery: Recovery,
    before: Worst,
    silence: Silence,
    row: Row,
    found_s: Option<f64>,
}

impl Search {
    pub(crate) fn new(recovery: &Recovery) -> Search {
        let (before, silence, row) = Default::default();
        Search { recovery: recovery.clone(), before, silence, row, found_s: None }
    }
    /// The next window, and the p95 of its answers, s, if that is above what is asked; none without
    /// an answer.
    pub(crate) fn add(&mut self, window: &Health, p95_above_s: impl FnMut(f64) -> Option<f64>) {
        let Recovery { before, from, until, is_told, .. } = self.recovery;
        if !is_told {
            return;
        }
        if window.start >= before.0 && window.end <= before.1 {
            self.learn(window, p95_above_s);
        } else if window.end > from
            && window.end <= until
            && self.before.is_known
            && self.found_s.is_none()
        {
            self.judge(window, p95_above_s);
        }
    }
    /// A window before the disturbance.
    fn learn(&mut self, window: &Health, mut p95_above_s: impl FnMut(f64) -> Option<f64>) {
        let before = &mut self.before;
        before.longest_silence = before.longest_silence.max(before.silence.after(window));
        if window.ended() > 0 {
            before.is_known = true;
            before.failed = before.failed.max(window.failed());
            before.p95_s = p95_above_s(before.p95_s).unwrap_or(before.p95_s);
        }
    }
    /// A window after it.
    fn judge(&mut self, window: &Health, mut p95_above_s: impl FnMut(f64) -> Option<f64>) {
        let silence = self.silence.after(window);
        let is_well = match window.ended() {
            0 => silence <= self.before.longest_silence,
            _ => window.failed() <= self.before.failed && p95_above_s(self.before.p95_s).is_none(),
        };
        if !is_well {
            self.row = Row::default();
            return;
        }
        let row = &mut self.row;
        if row.windows == 0 {
            row.begin = window.start.max(self.recovery.from);
        }
        (row.windows, row.ended) = (row.windows + 1, row.ended + window.ended());
        if row.windows >= IN_A_ROW && row.ended >= ENOUGH {
            self.found_s = Some(row.begin.seconds() - self.recovery.from.seconds());
        }
    }
    /// Seconds from the end of the disturbance until the workload was well; NaN if it was not, as
    /// far as was looked.
    pub(crate) fn found_s(&self) -> f64 {
        self.found_s.unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A window, and the p95 of its answers.
    type Said = (Health, f64);

    /// Windows of a second with ten answers, from their p95 in ms and how many of the ten fail
    /// instead; all failures have no p95.
    fn windows(said: &[(f64, u64)]) -> Vec<Said> {
        let window = |(index, &(ms, failures)): (usize, &(f64, u64))| {
            let (start, end) =
                (Time(index as u64 * 1_000_000_000), Time((index as u64 + 1) * 1_000_000_000));
            let health = Health { start, end, arrivals: 10, answers: 10 - failures, failures };
            (health, if failures == 10 { f64::NAN } else { ms * 1e-3 })
        };
        said.iter().enumerate().map(window).collect()
    }

    fn recovery_s(windows: &[Said], recovery: &Recovery) -> f64 {
        let mut search = Search::new(recovery);
        windows.iter().for_each(|(window, p95_s)| {
            search.add(window, |than_s| Some(*p95_s).filter(|p95_s| *p95_s > than_s))
        });
        search.found_s()
    }

    /// Before the second 2, and from `from_ms`.
    fn recovery(from_ms: u64, until_s: u64) -> Recovery {
        let s = |s: u64| Time(s * 1_000_000_000);
        Recovery {
            phase: 1,
            before: (s(0), s(2)),
            from: Time(from_ms * 1_000_000),
            until: s(until_s),
            is_told: true,
        }
    }

    #[test]
    fn recovery_is_where_three_windows_in_a_row_are_no_worse_than_the_worst_before() {
        // By hand: before at most 12 ms and 1 of 10 failed. The disturbance ends at 3.5 s; its
        // window, 3 to 4, and the next are slow; 5 is well, 6 fails too much; 7, 8 and 9 are well,
        // just so.
        let mut said = vec![
            (10.0, 1),
            (12.0, 0),
            (90.0, 0),
            (90.0, 0),
            (40.0, 0),
            (11.0, 0),
            (11.0, 2),
            (12.0, 1),
            (12.0, 1),
            (3.0, 0),
        ];
        assert_eq!(recovery_s(&windows(&said), &recovery(3_500, 10)), 3.5);
        // Looked for until the window before; or as the third gets worse.
        assert!(recovery_s(&windows(&said), &recovery(3_500, 9)).is_nan());
        said[9] = (12.1, 0);
        assert!(recovery_s(&windows(&said), &recovery(3_500, 10)).is_nan());
        // What is well at once has recovered at once, though its window began before.
        said[2..6].fill((12.0, 0));
        assert_eq!(recovery_s(&windows(&said), &recovery(3_500, 10)), 0.0);
    }

    #[test]
    fn nothing_that_ends_is_no_recovery_and_few_requests_are_no_proof() {
        // By hand: nothing ends in 3 to 5 though requests come; in 5 to 9 five end in each window,
        // so that 20 have ended after four windows.
        let mut hung = windows(&[(10.0, 0); 9]);
        for window in &mut hung[3..5] {
            (window.0.answers, window.1) = (0, f64::NAN);
        }
        hung[5..].iter_mut().for_each(|window| window.0.answers = 5);
        assert_eq!(recovery_s(&hung, &recovery(3_000, 9)), 2.0);
        assert!(recovery_s(&hung, &recovery(3_000, 8)).is_nan());
        // Where nobody comes nothing is unwell; and where nothing ended before, nothing is known.
        for window in &mut hung[3..5] {
            window.0.arrivals = 0;
        }
        assert_eq!(recovery_s(&hung, &recovery(3_000, 9)), 0.0);
        // Two silent windows in a row are nothing new if there were two before.
        let mut seldom = windows(&[(10.0, 0); 9]);
        for index in [0, 1, 4, 5] {
            (seldom[index].0.answers, seldom[index].1) = (0, f64::NAN);
        }
        let before = Recovery { before: (Time(0), Time(3_000_000_000)), ..recovery(4_000, 9) };
        assert_eq!(recovery_s(&seldom, &before), 0.0);
        (seldom[6].0.answers, seldom[6].1) = (0, f64::NAN);
        assert!(recovery_s(&seldom, &before).is_nan());
        hung[..2].iter_mut().for_each(|window| window.0.answers = 0);
        assert!(recovery_s(&hung, &recovery(3_000, 9)).is_nan());
    }
}

//! How long after a disturbance things are as they were before.
//!
//! Law: a window is *well* if its failed share and the p95 of its answers are no larger than in the worst window before the disturbance. Windows in which
//! requests come and none ends are well as long as no more of them follow each other than did before. Recovery is from the end of the disturbance to the beginning of the first stretch of 3 well windows in a
//! row in which at least 20 requests ended: one window, or a few requests, may be well by chance. It is looked for until the next disturbance or the
//! end of the run, and there is none if it is not found, or if nothing ended before. The resolution is a window.
//! Checked: by hand below; a queue that drains at a known rate in `tests/it/phases.rs`.

use super::layout::Recovery;
use crate::units::Time;

/// Well windows in a row.
const IN_A_ROW: u32 = 3;
/// Requests that end in them, at least.
const ENOUGH: u64 = 20;

/// What one window says of a workload's health.
#[derive(Clone, Copy, Debug)]
pub struct Health {
    pub start: Time,
    pub end: Time,
    pub arrivals: u64,
    pub answers: u64,
    pub failures: u64,
    /// Of the answers; NaN without.
    pub p95_s: f64,
}

impl Health {
    fn ended(&self) -> u64 {
        self.answers + self.failures
    }
    fn failed(&self) -> f64 {
        self.failures as f64 / self.ended() as f64
    }
}

/// How many windows without an end follow each other since a request came.
#[derive(Clone, Copy, Default)]
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

/// Seconds from the end of a disturbance until a workload is well; NaN if it is not, as far as was looked.
pub fn recovery_s(windows: &[Health], recovery: &Recovery) -> f64 {
    let is_before = |w: &&Health| w.start >= recovery.before.0 && w.end <= recovery.before.1;
    let before = || windows.iter().filter(is_before).filter(|w| w.ended() > 0);
    if before().next().is_none() {
        return f64::NAN;
    }
    let (p95, failed) = before().fold((0.0, 0.0), |(p95, failed), w| (f64::max(p95, w.p95_s), f64::max(failed, w.failed())));
    let mut silence = Silence::default();
    let longest = windows.iter().filter(is_before).map(|w| silence.after(w)).max().unwrap_or(0);
    silence = Silence::default();
    let (mut begun, mut in_a_row, mut ended) = (Time::ZERO, 0, 0);
    for window in windows.iter().filter(|w| w.end > recovery.from && w.end <= recovery.until) {
        silence.after(window);
        let is_well = match window.ended() {
            0 => silence.windows <= longest,
            _ => window.failed() <= failed && (window.answers == 0 || window.p95_s <= p95),
        };
        if !is_well {
            (in_a_row, ended) = (0, 0);
            continue;
        }
        if in_a_row == 0 {
            begun = window.start;
        }
        (in_a_row, ended) = (in_a_row + 1, ended + window.ended());
        if in_a_row >= IN_A_ROW && ended >= ENOUGH {
            return begun.max(recovery.from).seconds() - recovery.from.seconds();
        }
    }
    f64::NAN
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows of a second with ten answers, from their p95 in ms and how many of the ten fail instead; all failures have no p95.
    fn windows(said: &[(f64, u64)]) -> Vec<Health> {
        let window = |(index, &(ms, failures)): (usize, &(f64, u64))| Health {
            start: Time(index as u64 * 1_000_000_000),
            end: Time((index as u64 + 1) * 1_000_000_000),
            arrivals: 10,
            answers: 10 - failures,
            failures,
            p95_s: if failures == 10 { f64::NAN } else { ms * 1e-3 },
        };
        said.iter().enumerate().map(window).collect()
    }

    /// Before the second 2, and from `from_ms`.
    fn recovery(from_ms: u64, until_s: u64) -> Recovery {
        let s = |s: u64| Time(s * 1_000_000_000);
        Recovery { phase: 1, before: (s(0), s(2)), from: Time(from_ms * 1_000_000), until: s(until_s) }
    }

    #[test]
    fn recovery_is_where_three_windows_in_a_row_are_no_worse_than_the_worst_before() {
        // By hand: before at most 12 ms and 1 of 10 failed. The disturbance ends at 3.5 s; its window, 3 to 4, and the next are slow; 5 is well, 6 fails too
        // much; 7, 8 and 9 are well, just so.
        let mut said = vec![(10.0, 1), (12.0, 0), (90.0, 0), (90.0, 0), (40.0, 0), (11.0, 0), (11.0, 2), (12.0, 1), (12.0, 1), (3.0, 0)];
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
        // By hand: nothing ends in 3 to 5 though requests come; in 5 to 9 five end in each window, so that 20 have ended after four windows.
        let mut hung = windows(&[(10.0, 0); 9]);
        for window in &mut hung[3..5] {
            (window.answers, window.p95_s) = (0, f64::NAN);
        }
        hung[5..].iter_mut().for_each(|window| window.answers = 5);
        assert_eq!(recovery_s(&hung, &recovery(3_000, 9)), 2.0);
        assert!(recovery_s(&hung, &recovery(3_000, 8)).is_nan());
        // Where nobody comes nothing is unwell; and where nothing ended before, nothing is known.
        for window in &mut hung[3..5] {
            window.arrivals = 0;
        }
        assert_eq!(recovery_s(&hung, &recovery(3_000, 9)), 0.0);
        // Two silent windows in a row are nothing new if there were two before.
        let mut seldom = windows(&[(10.0, 0); 9]);
        for index in [0, 1, 4, 5] {
            (seldom[index].answers, seldom[index].p95_s) = (0, f64::NAN);
        }
        let before = Recovery { before: (Time(0), Time(3_000_000_000)), ..recovery(4_000, 9) };
        assert_eq!(recovery_s(&seldom, &before), 0.0);
        (seldom[6].answers, seldom[6].p95_s) = (0, f64::NAN);
        assert!(recovery_s(&seldom, &before).is_nan());
        hung[..2].iter_mut().for_each(|window| window.answers = 0);
        assert!(recovery_s(&hung, &recovery(3_000, 9)).is_nan());
    }
}

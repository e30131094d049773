//! Before, during and after: the phases of a run with the words about them. Their numbers are rows
//! of kind `phase`.
//!
//! A quantile of the latency is of answered requests. Where many fail it says less than it seems
//! to, most of all in an outage: so a goal that is met while requests fail is told together with
//! them. Checked: `tests/it/phases.rs`.

use super::results::Results;
use crate::measure::Layout;
use crate::units::Span;
use crate::units::format::{count, percent};

/// A time between two changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// What holds in it: `before`, `slow db`, `users at 500/s`.
    pub name: String,
    /// Simulated time of its beginning.
    pub from_s: f64,
    /// Simulated time of its end.
    pub until_s: f64,
    /// Whether it is asked how long things take to be as before from its end on: its rows then have
    /// a `recovery`.
    pub recovery: bool,
}

impl Phase {
    /// The entity of its rows for a workload.
    pub fn entity(&self, workload: &str) -> String {
        format!("{workload}: {}", self.name)
    }
}

/// The phases of a layout.
pub(super) fn of(layout: &Layout) -> Vec<Phase> {
    let phase = |(index, phase): (usize, &crate::measure::Phase)| Phase {
        name: phase.name.clone(),
        from_s: phase.from.seconds(),
        until_s: phase.until.seconds(),
        recovery: layout
            .recoveries
            .iter()
            .any(|recovery| recovery.phase as usize == index && recovery.is_told),
    };
    layout.phases.iter().enumerate().map(phase).collect()
}

/// The next window is worse than all of so many before it with a chance of one in so many and one,
/// also if nothing has changed.
const BEFORE_WINDOWS: u64 = 20;

/// A share of failures from which on a latency that is met is told together with them.
const FAILED_MIN: f64 = 0.01;

/// What a careful reader would add.
pub(super) fn notes(results: &Results, layout: &Layout) -> Vec<String> {
    let mut notes = Vec::new();
    if layout.phases_left_out > 0
        && let Some(last) = layout.phases.last()
    {
        let (told, from) = (layout.phases.len() - 1, Span(last.from.0));
        notes.push(format!(
            "only the first {told} phases are told apart; what comes from {from} on is \"{}\"",
            last.name
        ));
    }
    if layout.has_untold_recovery {
        let words = "times to recover are missing where there is no whole window before the disturbance, or there are fewer than three after it: \
                     set a shorter `output.series`, or more time between warm-up, disturbances and end";
        notes.push(words.to_string());
    }
    if let Some(windows) = layout.before_windows.filter(|windows| *windows < BEFORE_WINDOWS) {
        let of = count(windows, "window");
        let words = "chance alone makes some of those after it look worse, and times to recover too long: set a shorter `output.series`, or let it begin later";
        notes.push(format!("there are only {of} before a disturbance: {words}"));
    }
    for goal in results.slos.iter().filter(|goal| goal.metric == "latency" && goal.pass) {
        let failed = results
            .find(goal.kind, &goal.of, "error_ratio", "mean")
            .map_or(0.0, |row| row.estimate.estimate);
        if failed >= FAILED_MIN {
            let more = match goal
                .stat
                .strip_prefix('p')
                .and_then(|percent| percent.parse::<f64>().ok())
            {
                Some(percent) if failed > 1.0 - percent / 100.0 => {
                    format!(
                        "; more than {} % failed, so that the {} of all requests is a failed one",
                        100.0 - percent,
                        goal.stat
                    )
                }
                _ => String::new(),
            };
            let told = format!(
                "`{}` is met ({}) by answered requests only: {} of those to {} failed and are not in it{more}",
                goal.name,
                goal.goal,
                percent(failed),
                goal.of
            );
            notes.push(told);
        }
    }
    notes
}

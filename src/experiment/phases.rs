//! The phases of a run (before, during and after each change) and the notes about them. Their
//! numbers are rows of kind `phase`.
//!
//! A latency quantile covers answered requests only. If many requests fail, above all in an outage,
//! it is misleading, so a goal that is met while requests fail is reported together with them.
//! Checked: `tests/it/phases.rs`.

use super::results::Results;
use crate::measure::Layout;
use crate::units::Span;
use crate::units::format::{count, percent, trimmed};

/// The time between two changes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Phase {
    /// Its name, from what is active in it: `before`, `slow db`, `users at 500/s`.
    pub name: String,
    /// The simulated time at which it begins, in seconds.
    pub from_s: f64,
    /// The simulated time at which it ends, in seconds.
    pub until_s: f64,
    /// Whether the time to recover after its end is measured: its rows then have a `recovery`, the
    /// mean over the `n` replications that recovered; compare `n` with
    /// [`Results::replications`]. A workload has recovered when its window
    /// (`output.series`) and the next two are no worse than the worst before the disturbance.
    pub recovery: bool,
}

impl Phase {
    /// Returns the entity of its rows for a workload, `users: slow db`.
    pub fn entity(&self, workload: &str) -> String {
        format!("{workload}: {}", self.name)
    }
}

/// Returns the phases of a layout.
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

/// With this many windows before a disturbance, the next window is worse than all of them with a
/// probability of only 1 in 21 if nothing has changed.
const BEFORE_WINDOWS: u64 = 20;

/// Returns the notes about the phases.
pub(super) fn notes(results: &Results, layout: &Layout) -> Vec<String> {
    let mut notes = Vec::new();
    if layout.phases_left_out > 0
        && let Some(last) = layout.phases.last()
    {
        let (reported, from) = (layout.phases.len() - 1, Span(last.from.0));
        notes.push(format!(
            "only the first {reported} phases are reported separately; everything from {from} on is in \"{}\"",
            last.name
        ));
    }
    if layout.has_untold_recovery {
        let advice = "recovery times are missing where there is no whole window before the disturbance or fewer than three after it: \
                     set a shorter `output.series`, or leave more time between warm-up, disturbances and the end of the run";
        notes.push(advice.to_string());
    }
    if let Some(windows) = layout.before_windows.filter(|windows| *windows < BEFORE_WINDOWS) {
        let available = count(windows, "window");
        let advice = "by chance alone some windows after it look worse, and recovery times are overestimated: set a shorter `output.series`, or start the disturbance later";
        notes.push(format!("only {available} before a disturbance: {advice}"));
    }
    for goal in &results.slos {
        let Some(failed) = results.left_out(goal) else { continue };
        let more = match goal.stat.strip_prefix('p').and_then(|percent| percent.parse::<f64>().ok())
        {
            Some(percent) if failed > 1.0 - percent / 100.0 => {
                format!(
                    "; more than {} % failed, so the {} over all requests is a failed request",
                    trimmed(&format!("{:.3}", 100.0 - percent)),
                    goal.stat
                )
            }
            _ => String::new(),
        };
        notes.push(format!(
            "`{}` is met ({}) by answered requests only: {} of the requests of {} failed and are not included{more}",
            goal.name,
            goal.goal,
            percent(failed),
            goal.of
        ));
    }
    notes
}

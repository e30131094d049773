//! The progress bar, with the time left. Shown only on a terminal; never affects a result.

use crate::experiment::Progress;
use crate::units::format::value;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// A progress bar over replications, points or shards.
pub(crate) struct Bar {
    bar: ProgressBar,
}

impl Bar {
    pub(crate) fn new(what: &str, enabled: bool) -> Bar {
        let target = match enabled && std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr_with_hz(10),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template(&format!(
            "{{msg}} {{wide_bar}} {{pos}}/{{len}} {what}, {{eta}} left"
        )) {
            bar.set_style(style);
        }
        bar.set_message("simulating");
        // A thread of the library updates the time left between replications. The library assumes
        // that it can be spawned: enable it only where it can.
        if !bar.is_hidden() && std::thread::Builder::new().spawn(|| {}).is_ok() {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Bar { bar }
    }
    pub(crate) fn show(&self, progress: Progress) {
        self.bar.set_length(progress.of);
        self.bar.set_position(progress.done);
        self.bar.set_message(format!("{} events", value(progress.events as f64, "1")));
    }
    /// Shows the points done, and the replications per second.
    pub(crate) fn show_cells(&self, progress: Progress) {
        self.show(progress);
        let seconds = self.bar.elapsed().as_secs_f64();
        self.bar.set_message(format!(
            "{} replications/s",
            value((progress.cells as f64 / seconds.max(1e-3)).round(), "1")
        ));
    }
    /// Shows the replications at one value of a search.
    pub(crate) fn show_at(&self, progress: Progress, value: &str) {
        self.show(progress);
        self.bar.set_message(format!("at {value}"));
    }
    /// Shows another activity, such as `checking`.
    pub(crate) fn show_activity(&self, activity: &'static str, done: u64, of: u64) {
        self.bar.set_message(activity);
        self.bar.set_length(of);
        self.bar.set_position(done);
    }
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

//! The progress bar, with the time left. Only on a terminal; it never changes a result.

use crate::experiment::Progress;
use crate::units::format::value;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// A bar over replications, or over points.
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    pub fn new(what: &str, wanted: bool) -> Bar {
        let target = match wanted && std::io::stderr().is_terminal() {
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
        // The time left goes on between replications by a thread, which the library takes for
        // granted: only where one can be had.
        if !bar.is_hidden() && std::thread::Builder::new().spawn(|| {}).is_ok() {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Bar { bar }
    }
    pub fn show(&self, progress: Progress) {
        self.bar.set_length(progress.of);
        self.bar.set_position(progress.done);
        self.bar.set_message(format!("{} events", value(progress.events as f64, "1")));
    }
    /// Shows how many points are done, and how fast cells are.
    pub fn show_cells(&self, progress: Progress) {
        self.show(progress);
        let seconds = self.bar.elapsed().as_secs_f64();
        self.bar.set_message(format!(
            "{} replications/s",
            value((progress.cells as f64 / seconds.max(1e-3)).round(), "1")
        ));
    }
    /// Shows a run at a value of a search.
    pub fn show_at(&self, progress: Progress, value: &str) {
        self.show(progress);
        self.bar.set_message(format!("at {value}"));
    }
    /// Shows something else that is being done.
    pub fn show_words(&self, doing: &'static str, done: u64, of: u64) {
        self.bar.set_message(doing);
        self.bar.set_length(of);
        self.bar.set_position(done);
    }
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

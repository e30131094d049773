//! The progress bar, with the time left. Only on a terminal; it never changes a result.

use crate::experiment::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// A bar over replications.
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    pub fn new(replications: u32, wanted: bool) -> Bar {
        let target = match wanted && std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr_with_hz(10),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(replications as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} replications, {eta} left") {
            bar.set_style(style);
        }
        bar.set_message("simulating");
        bar.enable_steady_tick(Duration::from_millis(200));
        Bar { bar }
    }
    pub fn show(&self, progress: Progress) {
        self.bar.set_position(progress.done as u64);
        self.bar.set_message(format!("{:.1} M events", progress.events as f64 * 1e-6));
    }
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

//! What is said of a run: the terminal summary, the JSON object, the chart. All from the same [`Results`](crate::experiment::Results).

mod capacity;
mod compare;
mod cost;
mod format;
mod json;
mod matrix;
mod own_times;
mod paint;
mod phases;
mod plots;
mod sensitivity;
mod summary;
mod sweep;
mod table;
mod verdict;

pub(crate) use capacity::{capacity, capacity_to_json};
pub(crate) use compare::{chosen, chosen_to_json, comparison, comparison_to_json};
pub(crate) use format::thousands;
pub(crate) use json::estimate_to_json;
pub use json::to_json;
pub use paint::Paint;
pub(crate) use plots::plots;
pub(crate) use sensitivity::{sensitivity, sensitivity_to_json};
pub use summary::estimate;
pub(crate) use summary::summary;
pub(crate) use sweep::{POINTS_SHOWN, SweepLine, plain, sweep};

/// What is known of a run besides its results: it differs from machine to machine, and is in no file.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// Seconds the simulation took.
    pub wall_s: f64,
    /// Threads that simulated.
    pub threads: usize,
}

//! Reports of results: the terminal summary, the JSON object and the chart, all from the same
//! [`Results`](crate::experiment::Results).

#[cfg(feature = "cli")]
mod bottleneck;
#[cfg(feature = "cli")]
mod capacity;
#[cfg(feature = "cli")]
mod compare;
#[cfg(feature = "cli")]
mod cost;
mod format;
mod health;
mod json;
#[cfg(feature = "cli")]
mod latencies;
#[cfg(feature = "cli")]
mod matrix;
#[cfg(feature = "cli")]
mod own_times;
#[cfg(feature = "cli")]
mod paint;
#[cfg(feature = "cli")]
mod phases;
#[cfg(feature = "charts")]
mod plots;
#[cfg(feature = "cli")]
mod sensitivity;
#[cfg(feature = "cli")]
mod summary;
#[cfg(feature = "cli")]
mod sweep;
#[cfg(feature = "cli")]
mod table;
#[cfg(feature = "cli")]
mod verdict;

#[cfg(feature = "cli")]
pub(crate) use capacity::{capacity, capacity_to_json};
#[cfg(feature = "cli")]
pub(crate) use compare::{chosen, chosen_to_json, comparison, comparison_to_json};
pub(crate) use format::thousands;
pub(crate) use json::estimate_to_json;
pub use json::to_json;
#[cfg(feature = "cli")]
pub use paint::ColorChoice;
#[cfg(feature = "charts")]
pub(crate) use plots::plots;
#[cfg(feature = "cli")]
pub(crate) use sensitivity::{sensitivity, sensitivity_to_json};
#[cfg(feature = "cli")]
pub use summary::estimate;
#[cfg(feature = "cli")]
pub(crate) use summary::summary;
#[cfg(feature = "cli")]
pub(crate) use sweep::{POINTS_SHOWN, SweepLine, plain, sweep};

/// Facts about a run besides its results. They differ between machines and are in no file.
#[derive(Clone, Copy, Debug)]
pub struct RunInfo {
    /// Wall-clock time of the simulation, in seconds.
    pub wall_s: f64,
    /// Number of threads that simulated.
    pub threads: usize,
}

//! AsyncFlow: a digital twin of backend systems.
//!
//! One file describes the system: who sends how much traffic, which services exist, what each
//! endpoint does, how the network behaves and what fails. AsyncFlow simulates many seeded
//! replications of it in parallel and reports the metrics that are measured in production, each
//! with a confidence interval.
//!
//! ```
//! let scenario = asyncflow::scenario::from_yaml(
//!     "
//! version: 1
//! run: { duration: 1m, replications: 10 }
//! workload:
//!   users: { to: api.GET /hello, open: { rate: 80/s } }
//! services:
//!   api:
//!     endpoints:
//!       GET /hello: [ cpu: { exp: 10ms } ]
//! ",
//! )?;
//! let results = asyncflow::run(&scenario)?;
//! let p99 = results.latency("users").p99().expect("every workload has a latency");
//! println!("p99 = {:.0} ms, between {:.0} and {:.0}", p99.estimate * 1e3, p99.low * 1e3, p99.high * 1e3);
//! # assert!((0.1..0.5).contains(&p99.estimate));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Overview
//!
//! A [`Scenario`](scenario::Scenario) is compiled into a plan; the plan spawns a world; the
//! calendar advances the world to the horizon; its measurements become a record; many records
//! become [estimates](stats::Estimate); estimates become files and a summary.
//!
//! | module | contents |
//! |---|---|
//! | [`units`] | quantities with units |
//! | [`problem`] | problems of an input, with their places |
//! | [`random`] | random numbers drawn by key; distributions |
//! | `kernel`, `request`, `measure` | clock and calendar; the components of a request; gauges and tallies |
//! | `workload`, `network`, `server`, `policy`, `step`, `fault` | the building blocks of a scenario, one file each |
//! | [`scenario`] | scenario files: parsing, checks, writing |
//! | `plan`, `sim` | the compiled scenario; the running world |
//! | [`experiment`], [`stats`], [`design`] | replications on all cores, sweeps, comparisons, searches; intervals; designs of experiments |
//! | `tables` | the tables of the results: rows and columns |
//! | [`store`], [`report`] | Parquet files and the manifest; the summary, JSON and the chart |
//!
//! `ARCHITECTURE.md` lists the modules and what each may depend on.

// Of the whole library: its parts leave items unused that others need.
#![cfg_attr(
    all(feature = "cli", not(test)),
    warn(missing_debug_implementations, unnameable_types, unreachable_pub)
)]
// Items that only the command and the result files need are unused without these features.
#![cfg_attr(not(feature = "cli"), allow(dead_code, unused_imports))]

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
pub mod design;
pub mod experiment;
mod fault;
#[doc(hidden)]
pub mod kernel;
mod measure;
mod network;
mod plan;
mod policy;
pub mod problem;
pub mod random;
pub mod report;
mod request;
pub mod scenario;
mod server;
mod sim;
pub mod stats;
mod step;
#[cfg(feature = "parquet")]
pub mod store;
mod tables;
pub mod units;
mod workload;

// The crates whose types are part of signatures here.
#[cfg(feature = "parquet")]
pub use arrow_array;
#[cfg(feature = "parquet")]
pub use arrow_schema;
pub use indexmap;
pub use serde_json;

use experiment::Results;
pub use experiment::{Cancellation, Experiment, ExperimentError};

/// Compiles a checked scenario without simulating it, for the fuzz targets and the tests of hostile
/// input.
#[doc(hidden)]
pub fn compiles(scenario: &scenario::Scenario) {
    let _ = plan::compile(scenario);
}

/// Simulates all replications of a scenario on all cores. Writes nothing. For sweeps, comparisons
/// and searches use [`Experiment`].
///
/// # Errors
/// Returns all problems of the scenario, or the limit that was reached.
pub fn run(scenario: &scenario::Scenario) -> Result<Results, ExperimentError> {
    Experiment::new(scenario).run()
}

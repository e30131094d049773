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
//! A [`Scenario`](scenario::Scenario) is read from a file or [built](scenario::Scenario::new).
//! [`run`] simulates it; an [`Experiment`] also sweeps, compares, searches and analyses it, with
//! progress and cancellation. Every number is an [estimate](stats::Estimate) with an interval.
//!
//! | module | contents |
//! |---|---|
//! | [`scenario`] | the scenario and its parts; reading, checks, writing |
//! | [`units`] | quantities with units: durations, rates, sizes |
//! | [`random`] | the distributions of a scenario |
//! | [`experiment`] | experiments and their results; the list of [metrics](experiment#metrics) |
//! | [`design`] | which points a sweep simulates |
//! | [`stats`] | intervals, comparisons, sensitivity: functions of numbers |
//! | [`problem`] | problems of an input, with their places |
//! | [`report`] | results as JSON or as a chart; the summary of the command |
//! | `store` | results as Arrow batches and Parquet files |
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `parquet` | the module `store` |
//! | `charts` | charts as SVG |
//! | `cli` (default) | both, and the command `asyncflow` |
//!
//! A library needs none of them: `default-features = false`.

// `ARCHITECTURE.md` lists all modules and what each may depend on.

#![cfg_attr(docsrs, feature(doc_cfg))]
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
mod data;
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
mod resource;
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

//! AsyncFlow: a digital twin of backend systems.
//!
//! A person writes one file: who sends how much traffic, which services exist, what each endpoint
//! does, how the network behaves, what goes wrong. AsyncFlow simulates it, many seeded replications
//! in parallel, and answers with the numbers people have in production, each with a confidence
//! interval.
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
//! # The tour
//!
//! > A [`Scenario`](scenario::Scenario) is compiled into a plan; a plan spawns a world; the
//! calendar moves the world until the horizon; what was > measured becomes a record; many records
//! become [estimates](stats::Estimate); estimates become files and words.
//!
//! | room | what lives there |
//! |---|---|
//! | [`units`] | quantities with units |
//! | [`problem`] | what is wrong with an input |
//! | [`random`] | addressed draws, distributions |
//! | `kernel`, `request`, `measure` | clock and calendar; the components of a request; gauges and tallies |
//! | `workload`, `network`, `server`, `policy`, `step`, `fault` | one file a capability |
//! | [`scenario`] | what a person wrote: reading, checks, writing |
//! | `plan`, `sim` | the compiled scenario; the running world |
//! | [`experiment`], [`stats`], [`design`] | cells on all cores, sweeps, comparisons, searches; intervals; where to look |
//! | [`store`], [`report`] | Parquet and manifest; the summary, JSON, the chart |
//!
//! `ARCHITECTURE.md` is the floor plan, with what each room may use.

// What only the command and the files need is unused without them.
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
pub mod units;
mod workload;

use experiment::Results;
pub use experiment::{Cancellation, Experiment, ExperimentError};

/// Compiles a checked scenario, and simulates nothing: how far the fuzz targets and the tests of
/// hostile input go.
#[doc(hidden)]
pub fn compiles(scenario: &scenario::Scenario) {
    let _ = plan::compile(scenario);
}

/// Simulates all replications of a scenario on all cores. Writes nothing. For sweeps, comparisons
/// and searches use [`Experiment`].
///
/// # Errors
/// Everything that is wrong with the scenario, or that a limit of it was reached.
pub fn run(scenario: &scenario::Scenario) -> Result<Results, ExperimentError> {
    Experiment::new(scenario).run()
}

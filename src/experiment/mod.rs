//! Replications on all cores, and what they say together.
//!
//! A replication is a pure function of the plan and its number. They run on rayon threads in any order, and are folded in their own
//! order on the calling thread, so that the result is bit-identical for any number of threads.

mod fold;
mod results;
mod run;

pub(crate) use fold::Fold;
pub use results::{Results, Row, SloResult};
pub use run::RunError;
pub(crate) use run::{Options, Progress, Replication, replicate};

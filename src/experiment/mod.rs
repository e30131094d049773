//! Cells on all cores, and what they say together.
//!
//! A cell is a pure function of a point and the number of a replication ([`cell`]). A *study* chooses cells, threads run them ([`drive`]), and
//! whoever reduces them does so in their own order, so that the result is bit-identical for any number of threads.

mod cell;
mod drive;
mod fold;
mod point;
mod replications;
mod results;
mod rule;
mod run;
mod sweep;

pub use cell::Failure;
pub(crate) use cell::{Cell, CellRecord};
pub(crate) use drive::Options;
pub(crate) use fold::Fold;
pub(crate) use point::Built;
pub(crate) use replications::Rule;
pub use results::{PrecisionResult, Results, Row, SloResult};
pub use run::RunError;
pub(crate) use run::{Progress, replicate};
pub(crate) use sweep::{Keeper, Known, Reduced, Shard, Spec, check, reduce_all, sweep};

//! Randomness: addressed draws, and the distributions of a scenario.
//!
//! A draw is not taken from a stream in the order of events. It is a function of *(seed,
//! replication, entity, purpose)*: see [`keys`]. So results do not depend on the number of threads,
//! a change in one service does not move the draws of another, and two variants of a system receive
//! the same requests (common random numbers).

pub mod dists;
#[doc(hidden)]
pub mod keys;
#[doc(hidden)]
pub mod logarithm;
mod plain_or_fields;
pub(crate) mod popularity;

pub(crate) use plain_or_fields::plain_or_fields;

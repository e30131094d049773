//! Randomness: addressed draws and the distributions people write.
//!
//! A draw is not taken from a stream in the order of events. It is a function of *(seed,
//! replication, whom it happens to, what)*: see [`keys`]. So results do not depend on threads, a
//! change in one service moves no draw of another, and two variants of a system meet the same
//! requests (common random numbers).

pub mod dists;
pub mod keys;
pub mod logarithm;

//! The blocks of an endpoint while its demands are summed.
//!
//! Checked: with the sums, in `flow_balance_tests.rs`.

use super::may_end::MayEnd;
use crate::step::asks::Way;

/// A block whose arms are being summed.
pub(super) struct Block<'s> {
    pub way: Way<'s>,
    /// The share of the requests that reach it.
    pub share: f64,
    pub is_certain: bool,
    pub all_arrive: bool,
    /// The durations before it: least of each request, least on average, expected, s.
    pub before_s: [f64; 3],
    /// The core time before it, and the certain part of it, s.
    pub before_cpu_s: [f64; 2],
    /// The arms so far.
    pub arms: Vec<SummedArm>,
    /// The weight of the arm that is being summed, and whether it may end a request early.
    pub open: Option<(f64, MayEnd)>,
}

/// An arm of a block.
pub(super) struct SummedArm {
    pub weight: f64,
    /// The share of the requests that begin it that reach its end.
    pub left: f64,
    /// As those of the block, s.
    pub own_s: [f64; 3],
    /// Whether none is lost in it but for a known share.
    pub is_certain: bool,
    pub may_end: MayEnd,
}

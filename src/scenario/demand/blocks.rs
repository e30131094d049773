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

impl Block<'_> {
    /// Returns the share of the requests that begin it that reach what follows: an upper bound
    /// where it is not known.
    pub(super) fn left(&self) -> f64 {
        let arms = || self.arms.iter();
        match self.way {
            Way::One => {
                let weights: f64 = arms().map(|arm| arm.weight).sum();
                let chosen: f64 = arms().map(|arm| arm.weight * arm.left).sum();
                chosen + (1.0 - weights).max(0.0)
            }
            Way::Held(_) | Way::Memory(_) => arms().map(|arm| arm.left).product(),
            Way::AtOnce { needed, .. } if needed == self.arms.len() => {
                arms().map(|arm| arm.left).product()
            }
            Way::Beside | Way::Repeated | Way::AtOnce { .. } => 1.0,
        }
    }
    /// Returns one of the durations of its arms together, s.
    pub(super) fn own_s(&self, index: usize) -> f64 {
        let mut own_s: Vec<f64> = self.arms.iter().map(|arm| arm.own_s[index]).collect();
        own_s.sort_by(f64::total_cmp);
        match self.way {
            Way::One | Way::Held(_) | Way::Memory(_) | Way::Repeated => own_s.iter().sum(),
            Way::Beside => 0.0,
            Way::AtOnce { needed, .. } => own_s.get(needed.wrapping_sub(1)).copied().unwrap_or(0.0),
        }
    }
}

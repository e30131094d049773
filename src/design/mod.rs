//! Designs of experiments: which points of the parameter space to simulate. One file per design.
//!
//! A design is rows of numbers, independent of the scenario: the index of each parameter's value
//! (`grid`, `one_at_a_time`), or a point in the unit cube (the others). [`Vary`] turns them into
//! values, and [`points`] into points: values by path in the scenario. Rows are computed on demand,
//! so that a grid of 10^9 points by mistake takes no memory; only a Latin hypercube is computed as
//! a whole. All draws are addressed by the seed: the same points on every machine, and for any
//! number of threads.
//!
//! | design | rows | for | source |
//! |---|---|---|---|
//! | `grid` | n₁·n₂·…·n_k | two or three parameters, every combination | Fisher 1935 |
//! | `list` | as listed | points known to be of interest | |
//! | `one_at_a_time` | 1 + n₁ + … + n_k | a first look, and the effect of each parameter around the base | Daniel 1973 |
//! | `lhs` | any n | many parameters in few points, sums of effects | McKay et al. 1979, Johnson et al. 1990 |
//! | `sobol` | any n, best 2^m | many parameters, fitting and averages; points can be added | Sobol 1967, Owen 1995, Joe and Kuo 2008 |
//! | `morris` | r(k + 1) | which of many parameters matter at all | Morris 1991 |
//! | `saltelli` | N(k + 2) | the share of each parameter in the variance | Saltelli et al. 2010 |
//!
//! The last two are those of [`Experiment::sensitivity`](crate::Experiment::sensitivity) and cannot
//! be chosen for a sweep.

// To add a design: its file, its variant below, and its arm in `points.rs` and in `check.rs`.

mod check;
pub(crate) mod grid;
pub(crate) mod lhs;
pub(crate) mod morris;
pub(crate) mod notation;
pub(crate) mod one_at_a_time;
mod points;
pub mod range;
pub(crate) mod saltelli;
mod shuffle;
pub(crate) mod sobol;
pub(crate) mod value;
mod vary;

pub(crate) use check::check;
pub use notation::Notation;
pub use points::{Point, Points, points};
pub use range::{Range, Scale};
pub use value::Kind;
pub use vary::Vary;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which points of the parameter space are simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Design {
    /// Every combination of the values.
    #[default]
    Grid,
    /// The points listed in `rows`.
    List,
    /// A Latin hypercube: of n points, one in each n-th of the range of each parameter.
    Lhs,
    /// A scrambled Sobol sequence: evenly spread for any number of points.
    Sobol,
    /// The unchanged scenario, then each value of each parameter on its own.
    OneAtATime,
}

impl Design {
    /// Returns the name used in a scenario.
    pub fn name(self) -> &'static str {
        match self {
            Design::Grid => "grid",
            Design::List => "list",
            Design::Lhs => "lhs",
            Design::Sobol => "sobol",
            Design::OneAtATime => "one_at_a_time",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_design_is_written_as_its_word() {
        // serde's snake case.
        for design in [Design::Grid, Design::List, Design::Lhs, Design::Sobol, Design::OneAtATime] {
            assert_eq!(serde_json::to_value(design).unwrap(), design.name());
        }
        assert_eq!(Design::default(), Design::Grid);
    }
}

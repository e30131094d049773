//! Designs: where in the space of parameters to look. One file a design.
//!
//! A design is rows of numbers that know no scenario: which value of each parameter (`grid`,
//! `one_at_a_time`), or where in the unit cube (the others). [`Vary`] makes values of them, and
//! [`points`] points: paths in the scenario with what stands there. Every row is computed when it
//! is asked for, so that a grid of 10^9 points by mistake is a number and not memory; but a Latin
//! hypercube is one whole. All draws are addressed by the seed: the same points on every machine,
//! and for any number of threads.
//!
//! | design | rows | for | source |
//! |---|---|---|---|
//! | `grid` | n₁·n₂·…·n_k | two or three parameters, every combination | Fisher 1935 |
//! | `list` | as listed | what is known to be of interest | |
//! | `one_at_a_time` | 1 + n₁ + … + n_k | the first look, and a table of what matters around the base | Daniel 1973 |
//! | `lhs` | any n | many parameters in few points, sums of effects | McKay et al. 1979, Johnson et al. 1990 |
//! | `sobol` | any n, best 2^m | many parameters, fitting and averages; more points may follow | Sobol 1967, Owen 1995, Joe and Kuo 2008 |
//! | `morris` | r(k + 1) | which of many parameters matter at all | Morris 1991 |
//! | `saltelli` | N(k + 2) | how much of the variance is whose | Saltelli et al. 2010 |
//!
//! The last two are for an analysis of their own (`asyncflow sensitivity`), and no choice of a
//! person's: they are not in [`Design`]. To add a design: its file, its variant below, and its arm
//! in `points.rs` and in `check.rs`.

mod check;
pub mod grid;
pub mod lhs;
pub mod morris;
pub mod notation;
pub mod one_at_a_time;
mod points;
pub mod range;
pub mod saltelli;
mod shuffle;
pub mod sobol;
pub mod value;
mod vary;

pub use check::check;
pub use points::{Point, Points, points};
pub use range::{Range, Scale};
pub use vary::Vary;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which points of the space of parameters are simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Design {
    /// Every combination of the values.
    #[default]
    Grid,
    /// The rows that are listed.
    List,
    /// A Latin hypercube: of n points each n-th part of each parameter has one.
    Lhs,
    /// A scrambled Sobol sequence: even, however many points.
    Sobol,
    /// The scenario as it is, then each value of each parameter alone.
    OneAtATime,
}

impl Design {
    /// As it is written in a scenario.
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

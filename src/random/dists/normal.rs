//! Normal with a minimum: truncated (draws below it are redrawn) or clipped.
//!
//! Law: X ~ N(mean, sd²); redraw: X given X ≥ min, with moments mean + sd·h and sd²·(1 + a·h - h²),
//! a = (min - mean)/sd, h = φ(a)/(1 - Φ(a)); clip: max(min, X). `mean` and `sd` are the parameters
//! before either. Limits: sd > 0; with redraw P(X < min) ≤ 99.9 %. Source: Johnson, Kotz,
//! Balakrishnan 1994, "Continuous Univariate Distributions" 1, §13.10.1. Sampled through the
//! quantile, in terms of the upper tail so that nothing cancels. Tested: draws against moments, cdf
//! and rejection from `rand_distr` in `tests*.rs`.

use super::{Compiled, DistSpec};
use crate::problem::Problems;
use crate::units::Quantity;
use crate::units::format::percent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::standard_normal::{above, cdf, density, quantile};

/// What happens to a draw below `min`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BelowMin {
    /// It is redrawn: the truncated normal.
    #[default]
    Redraw,
    /// It becomes `min`.
    Clip,
}

/// Normal, truncated or clipped at a minimum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Normal<Q> {
    /// The mean, before redrawing or clipping.
    pub mean: Q,
    /// The standard deviation, before redrawing or clipping.
    pub sd: Q,
    /// The minimum; 0 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Q>,
    /// What happens to a draw below `min`.
    #[serde(default)]
    pub below_min: BelowMin,
}

/// A normal distribution with a minimum, in base units.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    mean: f64,
    sd: f64,
    min: f64,
    /// The share of draws that are kept, computed once because that takes as long as a draw. It is
    /// 1 if draws are clipped, and also where the minimum is so far below the mean that clipping
    /// and redrawing are the same.
    kept: f64,
}

impl<Q: Quantity> DistSpec<Q> for Normal<Q> {
    type Distribution = Distribution;
    fn check(&self, path: &str, problems: &mut Problems) {
        if self.sd.to_base() <= 0.0 {
            problems.error(
                format!("{path}.sd"),
                "`sd` of a normal must be more than 0; for a constant, write the value itself",
            );
            return;
        }
        let law = self.compile();
        if self.below_min == BelowMin::Clip {
            return;
        }
        let (least, below) = (Q::from_base(law.min), 1.0 - law.kept);
        if below > 0.999 {
            let what = format!(
                "{} of the draws from this normal are below {least} and redrawn",
                percent(below)
            );
            problems
                .error(path, what)
                .advise("raise `mean`, lower `min`, or clip with `below_min: clip`");
        } else if (law.mean() - law.mean).abs() > 0.01 * law.mean {
            let what = format!(
                "redrawing below {least} moves the mean from {} to {}",
                self.mean,
                Q::from_base(law.mean())
            );
            problems
                .warning(path, what)
                .advise("lower `sd`, or use lognormal or gamma, which are never negative");
        }
    }
    fn compile(&self) -> Distribution {
        let min = self.min.map_or(0.0, |min| min.to_base());
        let law = Distribution { mean: self.mean.to_base(), sd: self.sd.to_base(), min, kept: 1.0 };
        match self.below_min {
            BelowMin::Redraw => Distribution { kept: above(law.start()), ..law },
            BelowMin::Clip => law,
        }
    }
}

impl Distribution {
    /// Returns the minimum in standard deviations from the mean.
    fn start(&self) -> f64 {
        (self.min - self.mean) / self.sd
    }
    /// Returns the first and second moments of (X - mean)/sd.
    fn standard_moments(&self) -> (f64, f64) {
        let a = self.start();
        if self.kept < 1.0 {
            let hazard = density(a) / self.kept;
            return (hazard, 1.0 + a * hazard);
        }
        (a * cdf(a) + density(a), a * a * cdf(a) + above(a) + a * density(a))
    }
}

impl Compiled for Distribution {
    fn quantile(&self, u: f64) -> f64 {
        (self.mean - self.sd * quantile((1.0 - u) * self.kept)).max(self.min)
    }
    fn cdf(&self, x: f64) -> f64 {
        if x < self.min { 0.0 } else { 1.0 - above((x - self.mean) / self.sd) / self.kept }
    }
    fn mean(&self) -> f64 {
        self.mean + self.sd * self.standard_moments().0
    }
    fn variance(&self) -> f64 {
        let (first, second) = self.standard_moments();
        self.sd * self.sd * (second - first * first).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Count;

    #[test]
    fn a_normal_cut_at_its_mean_is_a_half_normal() {
        // Closed form: half-normal of sd 10 above 100: mean 100 + 10·√(2/π), variance 100·(1 -
        // 2/π).
        let law = Normal {
            mean: Count(100),
            sd: Count(10),
            min: Some(Count(100)),
            below_min: BelowMin::Redraw,
        }
        .compile();
        let two_over_pi = 2.0 / std::f64::consts::PI;
        assert!((law.mean() - (100.0 + 10.0 * two_over_pi.sqrt())).abs() < 1e-9);
        assert!((law.variance() - 100.0 * (1.0 - two_over_pi)).abs() < 1e-9);
    }

    #[test]
    fn the_check_says_where_redrawing_moves_the_mean() {
        // Half-normal again: 100 + 100·√(2/π) = 180; with the mean five standard deviations above
        // the minimum there is no warning.
        let check = |mean, sd, min| {
            let mut problems = Problems::default();
            Normal {
                mean: Count(mean),
                sd: Count(sd),
                min: Some(Count(min)),
                below_min: BelowMin::Redraw,
            }
            .check("cpu.normal", &mut problems);
            problems
        };
        assert_eq!(
            check(100, 100, 100).list[0].what,
            "redrawing below 100 moves the mean from 100 to 180"
        );
        assert!(check(100, 20, 0).list.is_empty());
        assert!(check(100, 10, 200).any_error());
    }
}

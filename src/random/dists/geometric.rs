//! Geometric: trials until the first success, 1, 2, …
//!
//! Law: P(X = k) = (1 - p)^(k-1)·p with p = 1/mean. Limits: counts only; 1 ≤ mean ≤ 1e12. Source:
//! Johnson, Kemp, Kotz 2005, "Univariate Discrete Distributions" (3rd ed.), §5.2. Sampled through
//! the quantile ⌈ln(1 - u)/ln(1 - p)⌉ (Devroye 1986, §X.2). Tested: draws against moments, cdf,
//! probabilities and `rand_distr` in `tests*.rs`; closed forms here.

use super::{Compiled, DistSpec, demand, demand_count};
use crate::problem::Problems;
use crate::random::keys::Draw;
use crate::random::logarithm::ln;
use crate::units::Quantity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Counts from 1: the number of trials up to the first success.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Geometric {
    /// The mean, at least 1.
    #[schemars(range(min = 1))]
    pub mean: f64,
}

/// A geometric distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    mean: f64,
    /// ln(1 - p); minus infinity if every trial succeeds.
    log_failure: f64,
}

impl Distribution {
    fn new(mean: f64) -> Distribution {
        Distribution { mean, log_failure: (-1.0 / mean).ln_1p() }
    }
}

impl<Q: Quantity> DistSpec<Q> for Geometric {
    type Distribution = Distribution;
    fn check(&self, path: &str, problems: &mut Problems) {
        demand_count::<Q>(problems, path, "geometric");
        demand(
            problems,
            (1.0..=1e12).contains(&self.mean),
            path,
            "mean",
            "`mean` of a geometric must be a number from 1 to 10^12",
        );
    }
    fn compile(&self) -> Distribution {
        Distribution::new(self.mean)
    }
}

impl Compiled for Distribution {
    #[inline(always)]
    fn sample(&self, draw: Draw) -> f64 {
        // `1 - u` is exact on the grid of draws, so the plain logarithm loses nothing.
        let trials = ln(draw.complement()) / self.log_failure;
        // `ceil`, without a call: no draw comes near 2⁶³.
        let whole = trials as i64 as f64;
        (if whole < trials { whole + 1.0 } else { whole }).max(1.0)
    }
    fn quantile(&self, u: f64) -> f64 {
        ((-u).ln_1p() / self.log_failure).ceil().max(1.0)
    }
    fn cdf(&self, x: f64) -> f64 {
        if x < 1.0 { 0.0 } else { -(x.floor() * self.log_failure).exp_m1() }
    }
    fn mean(&self) -> f64 {
        self.mean
    }
    fn variance(&self) -> f64 {
        self.mean * (self.mean - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fair_coin_is_thrown_twice_on_average() {
        // By hand for p = 1/2: variance 2, P(X ≤ 3) = 7/8, p60 = 2.
        let law = Distribution::new(2.0);
        assert_eq!((law.variance(), law.quantile(0.6)), (2.0, 2.0));
        assert!((law.cdf(3.5) - 0.875).abs() < 1e-15);
    }

    #[test]
    fn a_geometric_of_mean_one_is_one() {
        // The limit p = 1: the first trial always succeeds.
        let law = Distribution::new(1.0);
        assert_eq!(
            (law.quantile(0.0), law.quantile(0.999), law.cdf(1.0), law.cdf(0.5), law.variance()),
            (1.0, 1.0, 1.0, 0.0, 0.0)
        );
    }
}

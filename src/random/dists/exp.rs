//! Exponential: the time to the next of independent events.
//!
//! Law: cdf(x) = 1 - exp(-x/mean). Limits: mean ≥ 0 (0 is the constant 0). Source: Johnson, Kotz,
//! Balakrishnan 1994, "Continuous Univariate Distributions" 1, §19.1. Sampled by inversion. Tested:
//! draws against moments, cdf and `rand_distr` in `tests*.rs`; p99 here.

use super::{Compiled, DistSpec};
use crate::problem::Problems;
use crate::random::keys::Draw;
use crate::random::logarithm::ln;
use crate::units::Quantity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Exponential with this mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Exp<Q> {
    /// The mean.
    pub mean: Q,
}

/// An exponential distribution in base units.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    mean: f64,
}

impl<Q: Quantity> DistSpec<Q> for Exp<Q> {
    type Distribution = Distribution;
    fn check(&self, _: &str, _: &mut Problems) {}
    fn compile(&self) -> Distribution {
        Distribution { mean: self.mean.to_base() }
    }
}

impl Compiled for Distribution {
    #[inline(always)]
    fn sample(&self, draw: Draw) -> f64 {
        // `1 - u` is exact on the grid of draws, so the plain logarithm loses nothing.
        -self.mean * ln(draw.complement())
    }
    fn quantile(&self, u: f64) -> f64 {
        if self.mean == 0.0 { 0.0 } else { -self.mean * (-u).ln_1p() }
    }
    fn cdf(&self, x: f64) -> f64 {
        match x {
            x if x < 0.0 => 0.0,
            _ if self.mean == 0.0 => 1.0,
            x => -(-x / self.mean).exp_m1(),
        }
    }
    fn mean(&self) -> f64 {
        self.mean
    }
    fn variance(&self) -> f64 {
        self.mean * self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    #[test]
    fn the_p99_of_an_exponential_is_its_mean_times_the_logarithm_of_100() {
        // Solving 1 - exp(-x/mean) = 0.99.
        let law = Exp { mean: Span(3_000_000) }.compile();
        assert!((law.quantile(0.99) / (3e6 * 100f64.ln()) - 1.0).abs() < 1e-14);
        assert!(
            (law.sample(Draw(12345 << 40)) / law.quantile(Draw(12345 << 40).uniform()) - 1.0).abs()
                < 1e-12
        );
    }

    #[test]
    fn an_exponential_of_mean_zero_is_zero() {
        // The limit of the distribution for mean → 0.
        let law = Exp { mean: Span(0) }.compile();
        assert_eq!(
            (law.sample(Draw(1)), law.quantile(0.5), law.cdf(0.0), law.mean()),
            (0.0, 0.0, 1.0, 0.0)
        );
    }
}

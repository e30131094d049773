//! Gamma, given mean and cv.
//!
//! Law: shape = 1/cv², scale = mean·cv², cdf(x) = P(shape, x/scale). Limits: mean > 0,
//! 0.001 ≤ cv ≤ 30. Source: Johnson, Kotz, Balakrishnan 1994, "Continuous Univariate Distributions"
//! 1, §17.2. Sampled by `rand_distr` (Marsaglia, Tsang 2000, "A simple method for generating gamma
//! variables"). Tested: draws against moments and the cdf of `statrs` in `tests*.rs`; cv = 1 here.

use super::{Compiled, DistSpec, demand};
use crate::problem::Problems;
use crate::units::Quantity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::standard_gamma;
use crate::random::keys::Draw;
use rand_distr::Distribution as _;

/// Gamma, given mean and cv.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gamma<Q> {
    /// The mean.
    pub mean: Q,
    /// The coefficient of variation (standard deviation divided by mean), 0.001 to 30.
    #[schemars(range(min = 0.001, max = 30))]
    pub cv: f64,
}

/// A gamma distribution in base units.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    mean: f64,
    shape: f64,
    /// The sampler of the same shape at scale 1; `None` only for parameters that the check refuses.
    standard: Option<Box<rand_distr::Gamma<f64>>>,
}

impl<Q: Quantity> DistSpec<Q> for Gamma<Q> {
    type Distribution = Distribution;
    fn check(&self, path: &str, problems: &mut Problems) {
        demand(
            problems,
            self.mean.to_base() > 0.0,
            path,
            "mean",
            "`mean` of a gamma must be more than 0",
        );
        demand(
            problems,
            (0.001..=30.0).contains(&self.cv),
            path,
            "cv",
            "`cv` of a gamma must be a number from 0.001 to 30",
        );
    }
    fn compile(&self) -> Distribution {
        let shape = 1.0 / (self.cv * self.cv);
        Distribution {
            mean: self.mean.to_base(),
            shape,
            standard: rand_distr::Gamma::new(shape, 1.0).ok().map(Box::new),
        }
    }
}

impl Distribution {
    fn scale(&self) -> f64 {
        self.mean / self.shape
    }
}

impl Compiled for Distribution {
    fn sample(&self, draw: Draw) -> f64 {
        self.standard
            .as_ref()
            .map_or(self.mean, |gamma| self.scale() * gamma.sample(&mut draw.generator()))
    }
    fn quantile(&self, u: f64) -> f64 {
        self.scale() * standard_gamma::quantile(self.shape, u)
    }
    fn cdf(&self, x: f64) -> f64 {
        standard_gamma::cdf(self.shape, x / self.scale())
    }
    fn mean(&self) -> f64 {
        self.mean
    }
    fn variance(&self) -> f64 {
        self.mean * self.scale()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Count;

    #[test]
    fn a_gamma_of_cv_one_is_an_exponential() {
        // Closed form: p99 of an exponential of mean 100 is 100 ln 100; its variance is 100².
        let law = Gamma { mean: Count(100), cv: 1.0 }.compile();
        assert!((law.quantile(0.99) / (100.0 * 100f64.ln()) - 1.0).abs() < 1e-9);
        assert_eq!(law.variance(), 1e4);
    }

    #[test]
    fn the_extreme_gammas_stay_finite() {
        // At the limits of the check, draws, quantiles and probabilities are finite.
        for cv in [0.001, 30.0] {
            let law = Gamma { mean: Count(100), cv }.compile();
            assert!((0..1000).all(|i| law.sample(Draw(i * 977)).is_finite()));
            for u in [0.0001, 0.5, 0.99, 0.999_999] {
                assert!(law.quantile(u).is_finite() && law.cdf(law.quantile(u)).is_finite());
            }
        }
    }
}

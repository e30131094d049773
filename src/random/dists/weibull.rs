//! Weibull, given mean and cv.
//!
//! Law: cdf(x) = 1 - exp(-(x/scale)^shape); cv² = Γ(1+2/shape)/Γ(1+1/shape)² - 1 determines the
//! shape, mean = scale·Γ(1+1/shape) the scale.
//! Limits: 0.01 ≤ cv ≤ 10.4 (the range BLIS, the inference simulator, solves for; shapes 128 down
//! to 0.28), mean > 0. Source: Weibull 1951, "A statistical distribution function of wide
//! applicability", J. Appl. Mech. 18. The shape is found by bisection on ln Γ. Tested: draws
//! against moments, cdf and `rand_distr` in `tests*.rs`; known shapes here.

use super::{Compiled, DistSpec, demand};
use crate::problem::Problems;
use crate::units::Quantity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::solve::bisect;
use statrs::function::gamma::ln_gamma;

/// Weibull, given mean and cv.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weibull<Q> {
    /// The mean.
    pub mean: Q,
    /// The coefficient of variation (standard deviation divided by mean), 0.01 to 10.4.
    #[schemars(range(min = 0.01, max = 10.4))]
    pub cv: f64,
}

/// A Weibull distribution in base units.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    mean: f64,
    cv: f64,
    scale: f64,
    /// One over the shape.
    power: f64,
}

impl<Q: Quantity> DistSpec<Q> for Weibull<Q> {
    type Distribution = Distribution;
    fn check(&self, path: &str, problems: &mut Problems) {
        demand(
            problems,
            self.mean.to_base() > 0.0,
            path,
            "mean",
            "`mean` of a weibull must be more than 0",
        );
        demand(
            problems,
            (0.01..=10.4).contains(&self.cv),
            path,
            "cv",
            "`cv` of a weibull must be a number from 0.01 to 10.4",
        );
    }
    fn compile(&self) -> Distribution {
        let mean = self.mean.to_base();
        let target = (self.cv * self.cv).ln_1p();
        let power = bisect(1e-4, 10.0, target, |power| {
            ln_gamma(1.0 + 2.0 * power) - 2.0 * ln_gamma(1.0 + power)
        });
        Distribution { mean, cv: self.cv, scale: mean / ln_gamma(1.0 + power).exp(), power }
    }
}

impl Distribution {
    /// Returns the shape parameter of the usual form.
    pub fn shape(&self) -> f64 {
        1.0 / self.power
    }
}

impl Compiled for Distribution {
    fn quantile(&self, u: f64) -> f64 {
        self.scale * (-(-u).ln_1p()).powf(self.power)
    }
    fn cdf(&self, x: f64) -> f64 {
        -(-(x.max(0.0) / self.scale).powf(self.shape())).exp_m1()
    }
    fn mean(&self) -> f64 {
        self.mean
    }
    fn variance(&self) -> f64 {
        (self.cv * self.mean).powi(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Count;

    #[test]
    fn the_shape_is_the_one_of_the_exponential_and_of_the_rayleigh() {
        // Closed forms: cv 1 is shape 1; shape 2 (Rayleigh) has cv = √(4/π - 1); shape 1/2 has cv =
        // √5.
        for (cv, shape) in
            [(1.0, 1.0), ((4.0 / std::f64::consts::PI - 1.0).sqrt(), 2.0), (5f64.sqrt(), 0.5)]
        {
            let law = Weibull { mean: Count(100), cv }.compile();
            assert!((law.shape() / shape - 1.0).abs() < 1e-9, "{}", law.shape());
        }
    }

    #[test]
    fn the_limits_of_the_cv_can_be_solved() {
        // The defining equation, at both ends of the range the check allows.
        for cv in [0.01, 10.4] {
            let law = Weibull { mean: Count(100), cv }.compile();
            let square =
                (ln_gamma(1.0 + 2.0 * law.power) - 2.0 * ln_gamma(1.0 + law.power)).exp_m1();
            assert!((square.sqrt() / cv - 1.0).abs() < 1e-8, "{cv}: {}", square.sqrt());
        }
    }
}

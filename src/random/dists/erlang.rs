//! Erlang: the sum of k independent exponentials of equal mean.
//!
//! Law: cdf(x) = P(k, k·x/mean), cv = 1/√k. Limits: k whole, 1 to 1000; mean > 0. Source: Erlang
//! 1917; Law 2015, "Simulation Modeling and Analysis" (5th ed.), §8.3.3 (sampling as -mean/k · ln Π
//! u). The logarithm is taken every 16 factors: a draw's uniform is at least 2^-53, so the product
//! of 16 stays above the smallest positive number. Tested: draws against moments, cdf, and
//! `rand_distr`'s gamma, in `tests*.rs`; k = 1 here.

use super::{Compiled, DistSpec, demand};
use crate::problem::Problems;
use crate::units::Quantity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::standard_gamma;
use crate::random::keys::Draw;
use rand::Rng;

/// The sum of k exponentials of equal mean: less variable than one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Erlang<Q> {
    /// The mean of the sum.
    pub mean: Q,
    /// The number of exponentials, 1 to 1000; the cv is 1/√k.
    #[schemars(range(min = 1, max = 1000))]
    pub k: u32,
}

/// An Erlang distribution in base units.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    mean: f64,
    k: u32,
}

impl<Q: Quantity> DistSpec<Q> for Erlang<Q> {
    type Distribution = Distribution;
    fn check(&self, path: &str, problems: &mut Problems) {
        demand(
            problems,
            self.mean.to_base() > 0.0,
            path,
            "mean",
            "`mean` of an erlang must be more than 0",
        );
        demand(
            problems,
            (1..=1000).contains(&self.k),
            path,
            "k",
            "`k` of an erlang must be a whole number from 1 to 1000",
        );
    }
    fn compile(&self) -> Distribution {
        Distribution { mean: self.mean.to_base(), k: self.k }
    }
}

impl Distribution {
    fn scale(&self) -> f64 {
        self.mean / self.k as f64
    }
}

impl Compiled for Distribution {
    fn sample(&self, draw: Draw) -> f64 {
        let mut generator = draw.generator();
        let (mut sum, mut product) = (0.0, 1.0);
        for factor in 1..=self.k {
            product *= Draw(generator.next_u64()).uniform();
            if factor % 16 == 0 {
                sum -= f64::ln(product);
                product = 1.0;
            }
        }
        self.scale() * (sum - product.ln())
    }
    fn quantile(&self, u: f64) -> f64 {
        self.scale() * standard_gamma::quantile(self.k as f64, u)
    }
    fn cdf(&self, x: f64) -> f64 {
        standard_gamma::cdf(self.k as f64, x / self.scale())
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
    fn an_erlang_of_one_is_an_exponential() {
        // Closed form: p99 of an exponential of mean 100 is 100 ln 100.
        let law = Erlang { mean: Count(100), k: 1 }.compile();
        assert!((law.quantile(0.99) / (100.0 * 100f64.ln()) - 1.0).abs() < 1e-9);
        assert_eq!(law.variance(), 1e4);
    }

    #[test]
    fn the_product_of_a_thousand_uniforms_does_not_underflow() {
        // The cv is 1/√1000 = 0.0316: every one of these draws is within 8 standard deviations of
        // 100 (by chance one is not: under 1e-11 in all).
        let law = Erlang { mean: Count(100), k: 1000 }.compile();
        assert!(
            (0..1000)
                .all(|i| (law.sample(Draw(i * 977)) - 100.0).abs() < 8.0 * 100.0 / 1000f64.sqrt())
        );
    }
}

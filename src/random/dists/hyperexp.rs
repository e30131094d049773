//! Hyperexponential: a random choice between two exponentials, more variable than either.
//!
//! Law: cdf(x) = p·(1 - exp(-x/a)) + q·(1 - exp(-x/b)) with balanced means p·a = q·b = mean/2 and p
//! = (1 + √((cv²-1)/(cv²+1)))/2. Limits: 1 ≤ cv ≤ 1000, mean > 0. Source: Morse 1958, "Queues,
//! Inventories and Maintenance", ch. 2; Tijms 1994, "Stochastic Models", app. B (balanced means).
//! Sampled by composition from one uniform, the phase of the smaller mean first. Quantile by
//! bisection. Tested: draws against moments, cdf and a composition of `rand_distr`'s exponentials,
//! in `tests*.rs`; cv = 1 here.

use super::{Compiled, DistSpec, demand};
use crate::problem::Problems;
use crate::units::Quantity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::solve::bisect;
use crate::random::keys::Draw;

/// A random choice between two exponentials with balanced means: more variable than one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hyperexp<Q> {
    /// The mean.
    pub mean: Q,
    /// The coefficient of variation (standard deviation divided by mean), 1 to 1000.
    #[schemars(range(min = 1, max = 1000))]
    pub cv: f64,
}

/// A hyperexponential distribution in base units.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    mean: f64,
    cv: f64,
    /// The probability of the rarer phase, which has the larger mean.
    rare: f64,
}

impl<Q: Quantity> DistSpec<Q> for Hyperexp<Q> {
    type Distribution = Distribution;
    fn check(&self, path: &str, problems: &mut Problems) {
        demand(
            problems,
            self.mean.to_base() > 0.0,
            path,
            "mean",
            "`mean` of a hyperexp must be more than 0",
        );
        let message = "`cv` of a hyperexp must be a number from 1 to 1000; for less variation, use erlang or gamma";
        demand(problems, (1.0..=1000.0).contains(&self.cv), path, "cv", message);
    }
    fn compile(&self) -> Distribution {
        let square = self.cv * self.cv;
        let root = ((square - 1.0) / (square + 1.0)).sqrt();
        // (1 - root)/2 without its cancellation at large cv.
        Distribution {
            mean: self.mean.to_base(),
            cv: self.cv,
            rare: 1.0 / ((square + 1.0) * (1.0 + root)),
        }
    }
}

impl Distribution {
    /// Returns the probability and mean of both phases, the smaller mean first.
    fn phases(&self) -> [(f64, f64); 2] {
        [1.0 - self.rare, self.rare].map(|p| (p, self.mean / (2.0 * p)))
    }
}

impl Compiled for Distribution {
    fn sample(&self, draw: Draw) -> f64 {
        let u = draw.uniform();
        let [(p, short), (q, long)] = self.phases();
        if u < p { -short * ((p - u) / p).ln() } else { -long * ((1.0 - u) / q).ln() }
    }
    fn quantile(&self, u: f64) -> f64 {
        let [(_, short), (_, long)] = self.phases();
        let unit = -(-u).ln_1p();
        bisect(short * unit, long * unit, u, |x| self.cdf(x))
    }
    fn cdf(&self, x: f64) -> f64 {
        self.phases().iter().map(|(p, mean)| -p * (-x.max(0.0) / mean).exp_m1()).sum()
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
    fn a_hyperexponential_of_cv_one_is_an_exponential() {
        // Closed form: both phases have mean 100, so p99 = 100 ln 100.
        let law = Hyperexp { mean: Count(100), cv: 1.0 }.compile();
        assert!((law.quantile(0.99) / (100.0 * 100f64.ln()) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_phases_have_the_mean_and_the_cv_that_were_asked() {
        // From the phases: E[X] = Σ p·m and E[X²] = Σ 2·p·m².
        for cv in [1.0, 1.5, 4.0, 300.0] {
            let law = Hyperexp { mean: Count(100), cv }.compile();
            let mean: f64 = law.phases().iter().map(|(p, m)| p * m).sum();
            let second: f64 = law.phases().iter().map(|(p, m)| 2.0 * p * m * m).sum();
            assert!((mean / 100.0 - 1.0).abs() < 1e-12);
            assert!(((second - mean * mean) / law.variance() - 1.0).abs() < 1e-9, "{cv}");
        }
    }
}

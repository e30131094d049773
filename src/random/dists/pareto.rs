//! Pareto: a power-law tail above a minimum; bounded if a maximum is given.
//!
//! Law: cdf(x) = (1 - (min/x)^α)/h with h = 1 - (min/max)^α, or 1 without `max`. E[X^r] =
//! min^r·α/h·(exp((r-α)·L) - 1)/(r-α), L = ln(max/min). Without `max` the mean is infinite for α ≤
//! 1, the variance for α ≤ 2. Limits: min > 0, 0 < α ≤ 1000, max > min. Source: Johnson, Kotz,
//! Balakrishnan 1994, "Continuous Univariate Distributions" 1, ch. 20; Harchol-Balter 2013,
//! "Performance Modeling", §20.5 (bounded). Sampled through the quantile. Tested: draws against
//! moments, cdf and `rand_distr` in `tests*.rs`; closed forms here.

use super::{Compiled, DistSpec, demand};
use crate::problem::Problems;
use crate::units::Quantity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pareto: a power-law tail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pareto<Q> {
    /// The smallest value.
    pub min: Q,
    /// The exponent of the tail: the probability of exceeding x falls as x^-alpha.
    #[schemars(range(max = 1000))]
    pub alpha: f64,
    /// The largest value; without it, the tail is unbounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Q>,
}

/// A Pareto distribution in base units; unbounded if `max` is infinite.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    min: f64,
    alpha: f64,
    max: f64,
}

impl<Q: Quantity> DistSpec<Q> for Pareto<Q> {
    type Distribution = Distribution;
    fn check(&self, path: &str, problems: &mut Problems) {
        demand(
            problems,
            self.min.to_base() > 0.0,
            path,
            "min",
            "`min` of a pareto must be more than 0",
        );
        demand(
            problems,
            self.alpha > 0.0 && self.alpha <= 1000.0,
            path,
            "alpha",
            "`alpha` of a pareto must be more than 0 and at most 1000",
        );
        match self.max {
            Some(max) => {
                let message = format!(
                    "`max` of a pareto must be more than its `min`, but {max} is not more than {}",
                    self.min
                );
                demand(problems, max.to_base() > self.min.to_base(), path, "max", message);
            }
            None if self.alpha > 0.0 && self.alpha <= 1.0 => {
                problems
                    .warning(path, "the mean of this pareto is infinite")
                    .advise("give it a `max`, or an `alpha` of more than 1");
            }
            None => {}
        }
    }
    fn compile(&self) -> Distribution {
        Distribution {
            min: self.min.to_base(),
            alpha: self.alpha,
            max: self.max.map_or(f64::INFINITY, |max| max.to_base()),
        }
    }
}

impl Distribution {
    /// Returns the share of the unbounded distribution that is kept: 1 - (min/max)^alpha.
    fn kept(&self) -> f64 {
        -(-self.alpha * (self.max / self.min).ln()).exp_m1()
    }
    fn moment(&self, order: f64) -> f64 {
        let (width, rest) = ((self.max / self.min).ln(), order - self.alpha);
        let integral = match rest {
            0.0 => width,
            rest if width.is_infinite() => {
                if rest < 0.0 {
                    -1.0 / rest
                } else {
                    f64::INFINITY
                }
            }
            rest => (rest * width).exp_m1() / rest,
        };
        self.min.powf(order) * self.alpha / self.kept() * integral
    }
}

impl Compiled for Distribution {
    fn quantile(&self, u: f64) -> f64 {
        (self.min * (-(-u * self.kept()).ln_1p() / self.alpha).exp()).min(self.max)
    }
    fn cdf(&self, x: f64) -> f64 {
        match x {
            x if x < self.min => 0.0,
            x if x >= self.max => 1.0,
            x => -(-self.alpha * (x / self.min).ln()).exp_m1() / self.kept(),
        }
    }
    fn mean(&self) -> f64 {
        self.moment(1.0)
    }
    fn variance(&self) -> f64 {
        match self.moment(2.0) {
            second if second.is_infinite() => f64::INFINITY,
            second => (second - self.mean().powi(2)).max(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Count;

    #[test]
    fn a_pareto_has_its_textbook_moments() {
        // α·min/(α-1) and α·min²/((α-1)²(α-2)) at α = 3, min = 100; both infinite where the
        // integrals diverge.
        let law = |alpha| Pareto { min: Count(100), alpha, max: None }.compile();
        assert!((law(3.0).mean() - 150.0).abs() < 1e-9);
        assert!((law(3.0).variance() - 7500.0).abs() < 1e-6);
        assert!((law(2.0).mean() - 200.0).abs() < 1e-9 && law(2.0).variance().is_infinite());
        assert!(law(1.0).mean().is_infinite() && law(0.5).variance().is_infinite());
    }

    #[test]
    fn a_bounded_pareto_has_the_moments_of_its_density() {
        // By hand at α = 1 on [1, 1000]: the density is 1/(x²·0.999), so E[X] = ln 1000/0.999 and
        // E[X²] = 999/0.999.
        let law = Pareto { min: Count(1), alpha: 1.0, max: Some(Count(1000)) }.compile();
        assert!((law.mean() - 1000f64.ln() / 0.999).abs() < 1e-9);
        assert!((law.moment(2.0) - 999.0 / 0.999).abs() < 1e-9);
        assert!((law.quantile(1.0) - 1000.0).abs() < 1e-9 && law.quantile(1.0) <= 1000.0);
        assert_eq!((law.cdf(1000.0), law.cdf(0.5)), (1.0, 0.0));
    }
}

//! Lognormal: the exponential of a normal; given two percentiles or mean and cv.
//!
//! Law: X = p50·exp(σ·Z), σ = ln(p99/p50)/2.326…, or σ² = ln(1 + cv²) and p50 = mean/exp(σ²/2).
//! Limits: p99 > p50 > 0, or mean > 0 and 0.0001 ≤ cv ≤ 1000. Source: Johnson, Kotz, Balakrishnan
//! 1994, "Continuous Univariate Distributions" 1, ch. 14. Sampled through the quantile. Tested:
//! draws against moments, cdf and `rand_distr` in `tests*.rs`; the given percentiles here.

use super::{Compiled, DistSpec, demand};
use crate::problem::Problems;
use crate::units::Quantity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::standard_normal;

/// Lognormal, given `p50` and `p99`, or `mean` and `cv`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lognormal<Q> {
    /// The median; requires `p99`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<Q>,
    /// The 99th percentile; requires `p50`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<Q>,
    /// The mean; requires `cv`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<Q>,
    /// The coefficient of variation (standard deviation divided by mean); requires `mean`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cv: Option<f64>,
}

/// The standard normal's p99.
const P99: f64 = 2.326_347_874_040_840_8;

/// A lognormal distribution in base units.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    median: f64,
    sigma: f64,
}

impl<Q: Quantity> DistSpec<Q> for Lognormal<Q> {
    type Distribution = Distribution;
    fn check(&self, path: &str, problems: &mut Problems) {
        match (self.p50, self.p99, self.mean, self.cv) {
            (Some(p50), Some(p99), None, None) => {
                demand(
                    problems,
                    p50.to_base() > 0.0,
                    path,
                    "p50",
                    "`p50` of a lognormal must be more than 0",
                );
                let message = format!(
                    "`p99` of a lognormal must be more than its `p50`, but {p99} is not more than {p50}"
                );
                demand(problems, p99.to_base() > p50.to_base(), path, "p99", message);
            }
            (None, None, Some(mean), Some(cv)) => {
                demand(
                    problems,
                    mean.to_base() > 0.0,
                    path,
                    "mean",
                    "`mean` of a lognormal must be more than 0",
                );
                demand(
                    problems,
                    (1e-4..=1e3).contains(&cv),
                    path,
                    "cv",
                    "`cv` of a lognormal must be a number from 0.0001 to 1000",
                );
            }
            _ => {
                let what = "a lognormal needs either `p50` and `p99` or `mean` and `cv`";
                problems
                    .error(path, what)
                    .advise("write `{ p50: …, p99: … }` or `{ mean: …, cv: … }`");
            }
        }
    }
    fn compile(&self) -> Distribution {
        let base = |value: Option<Q>| value.map_or(1.0, |value| value.to_base());
        if let Some(cv) = self.cv {
            let sigma = (cv * cv).ln_1p().sqrt();
            return Distribution { median: base(self.mean) / (sigma * sigma / 2.0).exp(), sigma };
        }
        Distribution { median: base(self.p50), sigma: (base(self.p99) / base(self.p50)).ln() / P99 }
    }
}

impl Compiled for Distribution {
    fn quantile(&self, u: f64) -> f64 {
        self.median * (self.sigma * standard_normal::quantile(u)).exp()
    }
    fn cdf(&self, x: f64) -> f64 {
        if x <= 0.0 { 0.0 } else { standard_normal::cdf((x / self.median).ln() / self.sigma) }
    }
    fn mean(&self) -> f64 {
        self.median * (self.sigma * self.sigma / 2.0).exp()
    }
    fn variance(&self) -> f64 {
        self.mean().powi(2) * (self.sigma * self.sigma).exp_m1()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    #[test]
    fn the_percentiles_of_a_lognormal_are_those_asked_for() {
        // The given values: p50 = 2 ms, p99 = 11 ms.
        let law = Lognormal {
            p50: Some(Span(2_000_000)),
            p99: Some(Span(11_000_000)),
            mean: None,
            cv: None,
        }
        .compile();
        assert!((law.quantile(0.5) / 2e6 - 1.0).abs() < 1e-14);
        assert!((law.quantile(0.99) / 11e6 - 1.0).abs() < 1e-13);
    }

    #[test]
    fn the_mean_of_a_lognormal_is_its_mean() {
        // The given values: mean 5 ms, cv 1.5, so a variance of (7.5 ms)².
        let law = Lognormal { p50: None, p99: None, mean: Some(Span(5_000_000)), cv: Some(1.5) }
            .compile();
        assert!((law.mean() / 5e6 - 1.0).abs() < 1e-14);
        assert!((law.variance() / 7.5e6f64.powi(2) - 1.0).abs() < 1e-13);
    }

    #[test]
    fn half_a_pair_is_refused() {
        // The rule in the head: exactly one complete pair is needed.
        let mut problems = Problems::default();
        Lognormal { p50: Some(Span(2)), p99: None, mean: None, cv: Some(1.0) }
            .check("cpu.lognormal", &mut problems);
        assert_eq!(
            problems.list[0].what,
            "a lognormal needs either `p50` and `p99` or `mean` and `cv`"
        );
    }
}

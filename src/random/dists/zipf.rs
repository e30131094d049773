//! Zipf: ranks 1 to n, rank k with a probability proportional to 1/k^s; the popularity of keys.
//!
//! Law: P(X = k) = k^-s/H(n, s), H(n, s) = Σ i^-s. Limits: counts only; 1 ≤ n ≤ 10^7, 0 ≤ s ≤ 100.
//! Source: Johnson, Kemp, Kotz 2005, "Univariate Discrete Distributions" (3rd ed.), §11.2.20. Sums
//! beyond the first 100 terms by the Euler-Maclaurin formula (Knuth 1997, "The Art of Computer
//! Programming" 1, §1.2.11.2). Sampled by `rand_distr` (rejection-inversion). An s within 1e-9 of 1
//! is taken as 1: the formulas cancel there. Tested: draws against moments, cdf and probabilities
//! in `tests*.rs`; the sums against direct summation here.

use super::solve::bisect;
use super::{Compiled, DistSpec, demand, demand_count};
use crate::problem::Problems;
use crate::random::keys::Draw;
use crate::units::{Count, Quantity};
use rand_distr::Distribution as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ranks 1 to n: rank k has a probability proportional to 1/k^s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zipf {
    /// The number of ranks, at most 10M.
    pub n: Count,
    /// The exponent: 0 is uniform, 1 is typical of keys.
    #[schemars(range(min = 0, max = 100))]
    pub s: f64,
}

/// A Zipf distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    n: f64,
    s: f64,
    /// `None` only for parameters that the check refuses.
    ranks: Option<Box<rand_distr::Zipf<f64>>>,
}

impl<Q: Quantity> DistSpec<Q> for Zipf {
    type Distribution = Distribution;
    fn check(&self, path: &str, problems: &mut Problems) {
        demand_count::<Q>(problems, path, "zipf");
        demand(
            problems,
            (1..=10_000_000).contains(&self.n.0),
            path,
            "n",
            "`n` of a zipf must be a whole number from 1 to 10M",
        );
        demand(
            problems,
            (0.0..=100.0).contains(&self.s),
            path,
            "s",
            "`s` of a zipf must be a number from 0 to 100",
        );
    }
    fn compile(&self) -> Distribution {
        let s = if (self.s - 1.0).abs() < 1e-9 { 1.0 } else { self.s };
        Distribution {
            n: self.n.0 as f64,
            s,
            ranks: rand_distr::Zipf::new(self.n.0 as f64, s).ok().map(Box::new),
        }
    }
}

/// Returns Σ i^-s for i from 1 to n.
fn harmonic(n: f64, s: f64) -> f64 {
    const DIRECT: f64 = 100.0;
    let head = (1..=n.min(DIRECT) as u32).rev().map(|i| (i as f64).powf(-s)).sum();
    if n <= DIRECT {
        return head;
    }
    // The integral from 100 to n, by exp_m1 so that s near 1 does not cancel.
    let log = (n / DIRECT).ln();
    let integral =
        DIRECT.powf(1.0 - s) * if s == 1.0 { log } else { ((1.0 - s) * log).exp_m1() / (1.0 - s) };
    let corrections = |x: f64| {
        let term = x.powf(-s);
        term / 2.0 - s * term / x / 12.0 + s * (s + 1.0) * (s + 2.0) * term / x.powi(3) / 720.0
    };
    head + integral + corrections(n) - corrections(DIRECT)
}

impl Compiled for Distribution {
    fn sample(&self, draw: Draw) -> f64 {
        self.ranks
            .as_ref()
            .map_or(1.0, |ranks| ranks.sample(&mut draw.generator()).clamp(1.0, self.n))
    }
    fn quantile(&self, u: f64) -> f64 {
        bisect(1.0, self.n, u, |k| self.cdf(k))
    }
    fn cdf(&self, x: f64) -> f64 {
        match x {
            x if x < 1.0 => 0.0,
            x if x >= self.n => 1.0,
            x => harmonic(x.floor(), self.s) / harmonic(self.n, self.s),
        }
    }
    fn mean(&self) -> f64 {
        harmonic(self.n, self.s - 1.0) / harmonic(self.n, self.s)
    }
    fn variance(&self) -> f64 {
        (harmonic(self.n, self.s - 2.0) / harmonic(self.n, self.s) - self.mean().powi(2)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_those_of_direct_summation() {
        // Direct summation of a million terms, smallest first; exponents down to the one that the
        // second moment of a uniform needs.
        for s in [-2.0, -0.9, 0.0, 0.3, 0.999, 1.0, 1.2, 2.0, 7.5, 40.0] {
            let direct: f64 = (1..=1_000_000u32).rev().map(|i| (i as f64).powf(-s)).sum();
            assert!(
                (harmonic(1e6, s) / direct - 1.0).abs() < 1e-11,
                "{s}: {} {direct}",
                harmonic(1e6, s)
            );
        }
    }

    #[test]
    fn a_zipf_of_exponent_zero_is_uniform() {
        // Closed forms of 1 to n: mean (n + 1)/2, variance (n² - 1)/12; the median of 1 to 1000 is
        // 500.
        let law = DistSpec::<Count>::compile(&Zipf { n: Count(1000), s: 0.0 });
        assert!(
            (law.mean() - 500.5).abs() < 1e-9 && (law.variance() - 999_999.0 / 12.0).abs() < 1e-6
        );
        assert_eq!((law.quantile(0.4999), law.quantile(1.0)), (500.0, 1000.0));
    }

    #[test]
    fn near_an_exponent_of_one_the_law_is_that_of_one() {
        // The sampler divides by the difference from 1, which loses its digits below 1e-9.
        let law =
            |s| DistSpec::<crate::units::Count>::compile(&Zipf { n: crate::units::Count(1000), s });
        assert_eq!((law(1.0 + 1e-12).s, law(1.0 - 1e-12).s), (1.0, 1.0));
        assert!(law(1.0 + 1e-6).s > 1.0 && law(0.5).s == 0.5);
    }
}

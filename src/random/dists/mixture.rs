//! Mixture: one of several distributions, chosen by weight.
//!
//! Law: cdf(x) = Σ wᵢ·cdfᵢ(x)/Σ w; moments likewise: the second is Σ wᵢ·(varianceᵢ + meanᵢ²)/Σ w.
//! Limits: 1 to 1000 parts, 0 < w ≤ 1e9, mixtures nested at most 8 deep. Source: Devroye 1986,
//! "Non-Uniform Random Variate Generation", §II.4 (composition). The draw picks the part, and the
//! next draw its value. The quantile is found by bisection between those of the parts. Tested:
//! draws against moments and cdf, and an independent composition, in `tests*.rs`; a two-point
//! mixture here.

use super::solve::bisect;
use super::{Compiled, Dist, DistSpec, demand};
use crate::problem::Problems;
use crate::random::keys::Draw;
use crate::units::Quantity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

const DEEPEST: usize = 8;
const PARTS_MAX: usize = 1000;

/// One of several distributions, chosen by weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    transparent,
    bound(serialize = "Q: Quantity + Serialize", deserialize = "Q: Quantity + Deserialize<'de>")
)]
#[schemars(bound = "Q: Quantity + JsonSchema")]
pub struct Mixture<Q> {
    /// The parts.
    pub parts: Vec<Part<Q>>,
}

/// A part of a mixture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    bound(serialize = "Q: Quantity + Serialize", deserialize = "Q: Quantity + Deserialize<'de>")
)]
#[schemars(bound = "Q: Quantity + JsonSchema")]
pub struct Part<Q> {
    /// The weight of the part; only proportions matter.
    pub w: f64,
    /// The distribution of the part.
    pub is: Dist<Q>,
}

/// A mixture of distributions.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    parts: Box<[Share]>,
}

#[derive(Clone, Debug, PartialEq)]
struct Share {
    share: f64,
    /// The sum of the shares up to and including this one.
    until: f64,
    law: super::Distribution,
}

impl<Q: Quantity> DistSpec<Q> for Mixture<Q> {
    type Distribution = Distribution;
    fn check(&self, path: &str, problems: &mut Problems) {
        if self.parts.is_empty() {
            problems
                .error(path, "a mixture needs at least one part")
                .advise("write `- { w: 90, is: { exp: 2ms } }` for each part");
        }
        if self.parts.len() > PARTS_MAX {
            let what = format!("a mixture has at most {PARTS_MAX} parts, not {}", self.parts.len());
            problems
                .error(path, what)
                .advise("put measured values in a CSV file: `empirical: { file, column }`");
        }
        // Reported once, by the mixture that is one level too far from the innermost.
        if DistSpec::<Q>::depth(self) == DEEPEST + 1 {
            problems.error(path, format!("mixtures can be nested at most {DEEPEST} deep")).advise(
                "write one mixture: multiply the weights of the inner by those of the outer",
            );
        }
        for (i, part) in self.parts.iter().enumerate() {
            let path = format!("{path}[{i}]");
            demand(
                problems,
                part.w > 0.0 && part.w <= 1e9,
                &path,
                "w",
                "`w` of a mixture's part must be more than 0 and at most 10^9",
            );
            part.is.check(&format!("{path}.is"), problems);
        }
    }
    fn compile(&self) -> Distribution {
        let total: f64 = self.parts.iter().map(|part| part.w).sum();
        let mut until = 0.0;
        let share = |part: &Part<Q>| {
            until += part.w / total;
            Share { share: part.w / total, until, law: part.is.compile() }
        };
        Distribution { parts: self.parts.iter().map(share).collect() }
    }
    fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        for (i, part) in self.parts.iter_mut().enumerate() {
            part.is.load(folder, &format!("{path}[{i}].is"), problems);
        }
    }
    fn depth(&self) -> usize {
        1 + self.parts.iter().map(|part| part.is.depth()).max().unwrap_or(0)
    }
}

impl Distribution {
    fn sum(&self, value: impl Fn(&super::Distribution) -> f64) -> f64 {
        self.parts.iter().map(|part| part.share * value(&part.law)).sum()
    }
}

impl Compiled for Distribution {
    fn sample(&self, draw: Draw) -> f64 {
        let u = draw.uniform();
        // The last part also takes what rounding leaves of the sum of shares.
        let picked = self.parts.iter().find(|part| u < part.until).or(self.parts.last());
        picked.map_or(0.0, |part| part.law.sample(draw.next()))
    }
    fn quantile(&self, u: f64) -> f64 {
        let quantiles = || self.parts.iter().map(|part| part.law.quantile(u));
        let (lo, hi) = (quantiles().fold(f64::INFINITY, f64::min), quantiles().fold(0.0, f64::max));
        bisect(lo, hi, u, |x| self.cdf(x))
    }
    fn cdf(&self, x: f64) -> f64 {
        self.sum(|law| law.cdf(x)).min(1.0)
    }
    fn mean(&self) -> f64 {
        self.sum(|law| law.mean())
    }
    fn variance(&self) -> f64 {
        let mean = self.mean();
        if mean.is_infinite() {
            return f64::INFINITY;
        }
        self.sum(|law| law.variance() + (law.mean() - mean).powi(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Count;

    #[test]
    fn a_mixture_of_two_constants_has_two_points() {
        // By hand: 97 % at 2, 3 % at 102: mean 5, variance 0.97·9 + 0.03·97² = 291; p96 = 2, p98 =
        // 102.
        let part = |w, value| Part { w, is: Dist::constant(Count(value)) };
        let law = Mixture { parts: vec![part(97.0, 2), part(3.0, 102)] }.compile();
        assert!((law.mean() - 5.0).abs() < 1e-12 && (law.variance() - 291.0).abs() < 1e-9);
        assert_eq!((law.quantile(0.96), law.quantile(0.98)), (2.0, 102.0));
    }

    #[test]
    fn nine_mixtures_inside_each_other_are_refused_once() {
        // The limit in the head: 8 pass, 9 do not, and 12 give one error, not four.
        let nested = |depth| {
            (0..depth).fold(Dist::constant(Count(1)), |is, _| {
                Dist::Mixture(Mixture { parts: vec![Part { w: 1.0, is }] })
            })
        };
        for (depth, errors) in [(8, 0), (9, 1), (12, 1)] {
            let mut problems = Problems::default();
            nested(depth).check("cpu", &mut problems);
            assert_eq!(problems.list.len(), errors, "{depth}");
        }
    }
}

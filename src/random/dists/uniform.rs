//! Uniform between two values.
//!
//! Law: cdf(x) = (x - lo)/(hi - lo). Limits: lo < hi. Source: Johnson, Kotz, Balakrishnan 1995,
//! "Continuous Univariate Distributions" 2, §26.1. Tested: moments and cdf against draws, and
//! against `rand_distr`, in `tests*.rs`; closed forms here.

use super::{Compiled, DistSpec};
use crate::problem::Problems;
use crate::units::Quantity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Uniform between two values, such as `[2ms, 5ms]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Uniform<Q> {
    /// The smallest and the largest value.
    pub between: [Q; 2],
}

/// A uniform distribution in base units.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    lo: f64,
    hi: f64,
}

impl<Q: Quantity> DistSpec<Q> for Uniform<Q> {
    type Distribution = Distribution;
    fn check(&self, path: &str, problems: &mut Problems) {
        let [lo, hi] = self.between;
        let message = format!(
            "a uniform is `[lo, hi]` with lo less than hi, but {lo} is not less than {hi}; for a constant, write the value itself"
        );
        if lo.to_base() >= hi.to_base() {
            let help =
                if lo == hi { format!("write `{lo}`") } else { format!("write `[{hi}, {lo}]`") };
            problems.error(path, message).advise(help);
        }
    }
    fn compile(&self) -> Distribution {
        Distribution { lo: self.between[0].to_base(), hi: self.between[1].to_base() }
    }
}

impl Compiled for Distribution {
    fn quantile(&self, u: f64) -> f64 {
        self.lo + u * (self.hi - self.lo)
    }
    fn cdf(&self, x: f64) -> f64 {
        ((x - self.lo) / (self.hi - self.lo)).clamp(0.0, 1.0)
    }
    fn mean(&self) -> f64 {
        self.lo + (self.hi - self.lo) / 2.0
    }
    fn variance(&self) -> f64 {
        (self.hi - self.lo).powi(2) / 12.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Count;

    #[test]
    fn a_uniform_has_the_moments_of_a_box() {
        // By hand for [2, 8]: mean 5, variance 36/12, p25 = 3.5.
        let law = Uniform { between: [Count(2), Count(8)] }.compile();
        assert_eq!(
            (law.mean(), law.variance(), law.quantile(0.25), law.cdf(3.5)),
            (5.0, 3.0, 3.5, 0.25)
        );
        assert_eq!((law.cdf(0.0), law.cdf(9.0)), (0.0, 1.0));
    }
}

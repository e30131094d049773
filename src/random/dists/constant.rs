//! Constant: always the same value.
//!
//! Law: P(X = value) = 1. Limits: none. Source: none needed. Tested: here, and in the table of
//! `tests.rs`.

use super::{Compiled, DistSpec};
use crate::problem::Problems;
use crate::random::keys::Draw;
use crate::units::Quantity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Always the same value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Constant<Q> {
    /// The value.
    pub value: Q,
}

/// A constant in base units.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    value: f64,
}

impl Distribution {
    /// Creates the constant of a value in base units.
    pub fn of(value: f64) -> Distribution {
        Distribution { value }
    }
}

impl<Q: Quantity> DistSpec<Q> for Constant<Q> {
    type Distribution = Distribution;
    fn check(&self, _: &str, _: &mut Problems) {}
    fn compile(&self) -> Distribution {
        Distribution { value: self.value.to_base() }
    }
}

impl Compiled for Distribution {
    #[inline(always)]
    fn sample(&self, _: Draw) -> f64 {
        self.value
    }
    fn quantile(&self, _: f64) -> f64 {
        self.value
    }
    fn cdf(&self, x: f64) -> f64 {
        if x >= self.value { 1.0 } else { 0.0 }
    }
    fn mean(&self) -> f64 {
        self.value
    }
    fn variance(&self) -> f64 {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    #[test]
    fn a_constant_is_itself_at_every_draw() {
        // The definition; 2 ms are 2,000,000 ns.
        let law = Constant { value: "2ms".parse::<Span>().unwrap() }.compile();
        assert_eq!(
            (law.sample(Draw(7)), law.quantile(0.3), law.mean(), law.variance()),
            (2e6, 2e6, 2e6, 0.0)
        );
        assert_eq!((law.cdf(1_999_999.0), law.cdf(2e6)), (0.0, 1.0));
    }
}

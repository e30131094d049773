//! `users: { spread: { cv: 0.5, correlation: -0.3 } }`: the rate of a user differs from window to
//! window, and goes up or down with the number of users.
//!
//! Law: in a window with the number of users A, each sends at `each` times G, which is lognormal
//! with mean 1 and this cv; the normals behind A and G have this correlation ρ (a Gaussian copula:
//! Nelsen 2006, "An Introduction to Copulas", §2.3). With σ² = ln(1 + cv²),
//! E[(A·G)ᵏ] = exp(σ²·k(k − 1)/2) · E[Aᵏ] where the normal behind A is moved by kρσ (the
//! exponential tilt of a normal).
//! Checked: below against draws; `tests/it/users.rs`.

use crate::problem::Problems;
use crate::random::dists::{Distribution, normal_above, normal_quantile};
use crate::random::keys::Draw;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the rate of a user differs from window to window: `spread: { cv: 0.5, correlation: -0.3 }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RateSpread {
    /// The coefficient of variation of the rate of a user, above 0.
    pub cv: f64,
    /// The correlation of that rate with the number of users, in −1 to 1, as that of the normals
    /// behind them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub correlation: f64,
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

impl RateSpread {
    /// A rate with this coefficient of variation, and this correlation with the number of users.
    pub fn new(cv: f64, correlation: f64) -> RateSpread {
        RateSpread { cv, correlation }
    }
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        if !(self.cv > 0.0 && self.cv <= 10.0) {
            problems
                .error(format!("{path}.cv"), "a cv here is a number above 0, at most 10")
                .advise("write for example `spread: { cv: 0.5 }`, or leave `spread` out");
        }
        if !(-1.0..=1.0).contains(&self.correlation) {
            problems
                .error(
                    format!("{path}.correlation"),
                    "a correlation is a number from -1 to 1",
                )
                .advise("write for example `correlation: -0.3`: fewer requests each, the more users there are");
        }
    }
    pub(super) fn compile(&self, active: &Distribution) -> Factor {
        let sigma = (1.0 + self.cv * self.cv).ln().sqrt();
        let mut factor = Factor { sigma, correlation: self.correlation, mean: 1.0, variance: 0.0 };
        let [mean, square] = [1.0, 2.0].map(|power| factor.moment(active, power));
        (factor.mean, factor.variance) = (mean, square - mean * mean);
        factor
    }
}

/// The compiled form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factor {
    sigma: f64,
    correlation: f64,
    /// The moments of the product with the number of users.
    pub mean: f64,
    pub variance: f64,
}

/// The normals behind the numbers of users that count: beyond there is nothing in 10^18.
const FARTHEST: f64 = 9.0;
/// How many of them are summed.
const STEPS: u32 = 4000;

impl Factor {
    /// The number of users times the factor, by one draw.
    pub(super) fn product(&self, active: &Distribution, draw: Draw) -> f64 {
        let first = draw.uniform();
        // The last bits of a draw as the first ones of another, whose mirror is that of its mirror.
        let second = normal_quantile(Draw(draw.0.reverse_bits()).uniform());
        let Factor { sigma, correlation, .. } = self;
        let z = correlation * normal_quantile(first)
            + (1.0 - correlation * correlation).max(0.0).sqrt() * second;
        users(active, first) * (sigma * z - sigma * sigma / 2.0).exp()
    }
    /// A moment of the product: by the trapezoidal rule over the normal behind the users, which is
    /// exact to rounding for a smooth law, and within 10⁻³ of a standard deviation for one of whole
    /// numbers.
    fn moment(&self, active: &Distribution, power: f64) -> f64 {
        let shift = power * self.correlation * self.sigma;
        let step = 2.0 * FARTHEST / f64::from(STEPS);
        let terms = (0..STEPS).map(|index| {
            let from = f64::from(index) * step - FARTHEST;
            let probability = normal_above(from) - normal_above(from + step);
            // Of the middle of a step, and not at its ends, where a law may jump.
            let z = from + step / 2.0 + shift;
            users(active, 1.0 - normal_above(z)).powf(power) * probability
        });
        let tilted: f64 = terms.sum();
        (self.sigma * self.sigma * power * (power - 1.0) / 2.0).exp() * tilted
    }
}

/// The number of users at a probability, which is below 1.
fn users(active: &Distribution, probability: f64) -> f64 {
    const BELOW_ONE: f64 = 1.0 - f64::EPSILON / 2.0;
    active.quantile(probability.min(BELOW_ONE)).round().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::dists::Dist;
    use crate::random::keys::Key;
    use crate::units::Count;

    #[test]
    fn the_moments_are_those_of_the_draws() {
        // By draws: 200,000 of them, within five standard errors; and by hand: without a
        // correlation the mean is that of the users, and with constant users that is all.
        for (cv, correlation, active) in [
            (0.5, 0.8, r#"{ "poisson": 20 }"#),
            (0.5, -0.8, r#"{ "poisson": 20 }"#),
            (1.0, 0.0, r#"{ "poisson": 3 }"#),
            (0.7, 0.5, r#"{ "constant": 40 }"#),
        ] {
            let active: Dist<Count> = serde_json::from_str(active).unwrap();
            let active = active.compile();
            let factor = RateSpread::new(cv, correlation).compile(&active);
            let drawn: Vec<f64> = (0..200_000)
                .map(|n| {
                    factor.product(
                        &active,
                        Key(7).ordinal(n).draw(crate::random::keys::Salt::of("x")),
                    )
                })
                .collect();
            let n = drawn.len() as f64;
            let mean = drawn.iter().sum::<f64>() / n;
            let variance = drawn.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
            let error = (variance / n).sqrt();
            assert!((mean - factor.mean).abs() < 5.0 * error, "{mean} {}", factor.mean);
            assert!((variance / factor.variance - 1.0).abs() < 0.05, "{variance}");
            if correlation == 0.0 {
                assert!((factor.mean - active.mean()).abs() < 1e-3 * active.variance().sqrt());
            }
        }
    }

    #[test]
    fn the_mirror_of_a_draw_is_antithetic_in_both() {
        // By definition: the product is monotone in both normals, which change their signs.
        let active = Dist::constant(Count(10)).compile();
        let factor = RateSpread::new(0.5, 0.6).compile(&active);
        for n in 0..100 {
            let draw = Key(3).ordinal(n).draw(crate::random::keys::Salt::of("x"));
            let [there, back] = [draw, draw.mirrored()].map(|draw| {
                (factor.product(&active, draw) / 10.0).ln() + factor.sigma * factor.sigma / 2.0
            });
            assert!((there + back).abs() < 1e-9, "{there} {back}");
        }
    }
}

//! `elasticity: { reference: 200ms, exponent: 0.5, over: 1min }`: users who come less often, the
//! longer answers take: servers that are slow slow their arrivals down.
//!
//! Law: with m, the mean latency of the requests of the workload that have ended, each weighted by
//! exp(−age/over), of which those that fail count as the reference at least, an arrival comes with
//! the probability min(1, (m/reference)^−exponent), which it draws by itself. The others stay away:
//! they are no arrivals, and are counted as `deterred`. Given m, Poisson arrivals stay Poisson
//! (thinning: Lewis, Shedler 1979). The exponent is what economists call the elasticity of the
//! demand.
//! If all latencies are R, the rate is λ·(R/reference)^−exponent; in M/M/1 with a long `over` it is
//! the λ' that solves λ' = λ·(reference·(μ − λ'))^exponent.
//! Checked: below by hand; `tests/it/users.rs`.

use crate::problem::Problems;
use crate::random::keys::{Key, Salt};
use crate::units::{Span, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Users who come less often, the longer answers take:
/// `elasticity: { reference: 200ms, exponent: 0.5, over: 1min }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Elasticity {
    /// The mean latency up to which all come.
    pub reference: Span,
    /// By which power of the latency the rate falls: with 1, half of them come at twice the
    /// reference.
    pub exponent: f64,
    /// For how long users remember latencies: the time after which one counts e times less.
    #[serde(default = "a_minute")]
    pub over: Span,
}

fn a_minute() -> Span {
    Span::from_seconds(60.0)
}

impl Elasticity {
    /// Users of whom all come up to this mean latency, and above it fewer, by this power.
    pub fn new(reference: impl Into<Span>, exponent: f64) -> Elasticity {
        Elasticity { reference: reference.into(), exponent, over: a_minute() }
    }
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        for (name, span) in [("reference", self.reference), ("over", self.over)] {
            if span == Span::ZERO {
                problems
                    .error(format!("{path}.{name}"), format!("`{name}` must be longer than 0s"))
                    .advise("write for example `elasticity: { reference: 200ms, exponent: 0.5, over: 1min }`");
            }
        }
        if !(self.exponent > 0.0 && self.exponent <= 10.0) {
            problems
                .error(format!("{path}.exponent"), "an exponent is a number above 0, at most 10")
                .advise("write for example `exponent: 0.5`; without `elasticity`, all come");
        }
    }
    pub(crate) fn compile(&self, salt: Salt) -> ElasticityPlan {
        let (reference_s, over_s) = (self.reference.seconds(), self.over.seconds());
        ElasticityPlan { reference_s, exponent: self.exponent, over_s, salt }
    }
}

/// The compiled form.
#[derive(Clone, Debug)]
pub(crate) struct ElasticityPlan {
    reference_s: f64,
    exponent: f64,
    over_s: f64,
    salt: Salt,
}

/// The latencies that users remember.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Remembered {
    /// Of all that have ended, with the weights that they have at `at`: their sum, and that of the
    /// weights.
    sum_s: f64,
    weights: f64,
    at: Time,
}

impl Remembered {
    /// A request has ended.
    pub(crate) fn add(&mut self, of: &ElasticityPlan, now: Time, latency: Span, is_answered: bool) {
        // An error that comes at once attracts no users.
        let least_s = if is_answered { 0.0 } else { of.reference_s };
        let kept = (-(now - self.at).seconds() / of.over_s).exp();
        self.sum_s = self.sum_s * kept + latency.seconds().max(least_s);
        self.weights = self.weights * kept + 1.0;
        self.at = now;
    }
    /// Whether the arrival with this key stays away. The mean of what is remembered does not change
    /// while nothing ends: all weights fall alike.
    pub(crate) fn deters(&self, of: &ElasticityPlan, key: Key) -> bool {
        let ratio = self.sum_s / self.weights / of.reference_s;
        // Nothing is remembered at the beginning: not a number.
        ratio > 1.0 && key.draw(of.salt).uniform() >= ratio.powf(-of.exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_fades() {
        // By hand: 1 s at 0 s and 4 s at 10 s; with `over` of 10 s / ln 2 the first counts half at
        // 10 s: (0.5 + 4)/1.5 = 3 s, so at a reference of 1 s and the exponent 1 a third comes.
        let of = ElasticityPlan {
            reference_s: 1.0,
            exponent: 1.0,
            over_s: 10.0 / std::f64::consts::LN_2,
            salt: Salt::of("test"),
        };
        let mut users = Remembered::default();
        let comes = |users: &Remembered| {
            (0..30_000).filter(|n| !users.deters(&of, Key(*n).ordinal(7))).count() as f64 / 30_000.0
        };
        assert_eq!(comes(&users), 1.0);
        // An error at once counts as the reference, 1 s.
        users.add(&of, Time::ZERO, Span::ZERO, false);
        assert_eq!(comes(&users), 1.0);
        users.add(&of, Time(10_000_000_000), Span::from_seconds(4.0), true);
        assert!((users.sum_s / users.weights - 3.0).abs() < 1e-12);
        // A third, within four standard errors of 0.0027.
        assert!((comes(&users) - 1.0 / 3.0).abs() < 0.011);
    }
}

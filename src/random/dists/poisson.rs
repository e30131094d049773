//! Poisson: the number of independent arrivals; or that number of steps of a quantity.
//!
//! Law: P(N = k) = λ^k·exp(-λ)/k!, X = step·N, λ = mean/step. Limits: 0 ≤ λ ≤ 1e9; a plain mean is
//! only for counts. Source: Johnson, Kemp, Kotz 2005, "Univariate Discrete Distributions" (3rd
//! ed.), §4.2; cdf = Q(⌊k⌋+1, λ), the regularised upper incomplete gamma function. Sampled by
//! `rand_distr` (Ahrens, Dieter 1982, "Computer generation of Poisson deviates from modified normal
//! distributions"). Tested: draws against moments, cdf and `statrs`' probabilities in `tests*.rs`.

use super::solve::bisect;
use super::{Compiled, DistSpec, demand, demand_count};
use crate::problem::{Problems, Refusal};
use crate::random::keys::Draw;
use crate::units::{Count, Quantity};
use rand_distr::Distribution as _;
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Serialize};

/// The number of independent arrivals, given its mean; or whole steps of a quantity.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Poisson<Q> {
    /// A count with this mean, which need not be whole.
    Mean(f64),
    /// Whole multiples of a step.
    Steps(Steps<Q>),
}

/// Whole multiples of a step, with a mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Steps<Q> {
    /// The mean.
    pub mean: Q,
    /// The step, of which all values are whole multiples.
    pub step: Q,
}

/// A Poisson distribution in base units.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    lambda: f64,
    step: f64,
    /// `None` if the mean is 0.
    arrivals: Option<Box<rand_distr::Poisson<f64>>>,
}

impl<'de, Q: Quantity + Deserialize<'de>> Deserialize<'de> for Poisson<Q> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct PoissonVisitor<Q>(std::marker::PhantomData<Q>);
        impl<'de, Q: Quantity + Deserialize<'de>> serde::de::Visitor<'de> for PoissonVisitor<Q> {
            type Value = Poisson<Q>;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a mean such as `100`, or `{ mean: …, step: … }`")
            }
            fn visit_u64<E: serde::de::Error>(self, mean: u64) -> Result<Poisson<Q>, E> {
                Ok(Poisson::Mean(mean as f64))
            }
            fn visit_i64<E: serde::de::Error>(self, mean: i64) -> Result<Poisson<Q>, E> {
                Ok(Poisson::Mean(mean as f64))
            }
            fn visit_f64<E: serde::de::Error>(self, mean: f64) -> Result<Poisson<Q>, E> {
                Ok(Poisson::Mean(mean))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Poisson<Q>, E> {
                let mean = text.parse().or_else(|_| text.parse::<Count>().map(Count::to_base));
                mean.map(Poisson::Mean).map_err(|_| {
                    let refusal = Refusal::new(format!("`{text}` is not the mean of a count"));
                    E::custom(refusal.help(format!(
                        "write a number, or `{{ mean: {text}, step: … }}` for a quantity"
                    )))
                })
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<Poisson<Q>, A::Error> {
                Steps::deserialize(MapAccessDeserializer::new(map)).map(Poisson::Steps)
            }
        }
        from.deserialize_any(PoissonVisitor(std::marker::PhantomData))
    }
}

impl<Q: JsonSchema> JsonSchema for Poisson<Q> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Poisson_for_{}", Q::schema_name()).into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let steps = generator.subschema_for::<Steps<Q>>();
        schemars::json_schema!({ "oneOf": [{ "type": "number", "minimum": 0, "description": "The mean of a count" }, steps] })
    }
}

impl<Q: Quantity> DistSpec<Q> for Poisson<Q> {
    type Distribution = Distribution;
    fn check(&self, path: &str, problems: &mut Problems) {
        match self {
            Poisson::Mean(mean) => {
                demand_count::<Q>(problems, path, "poisson");
                if !(0.0..=1e9).contains(mean) {
                    problems.error(path, "the mean of a poisson must be a number from 0 to 10^9");
                }
            }
            Poisson::Steps(Steps { mean, step }) => {
                demand(
                    problems,
                    step.to_base() > 0.0,
                    path,
                    "step",
                    "`step` of a poisson must be more than 0",
                );
                let steps = mean.to_base() / step.to_base();
                demand(
                    problems,
                    step.to_base() <= 0.0 || steps <= 1e9,
                    path,
                    "mean",
                    "`mean` of a poisson must be at most 10^9 steps",
                );
            }
        }
    }
    fn compile(&self) -> Distribution {
        let (lambda, step) = match self {
            Poisson::Mean(mean) => (*mean, 1.0),
            Poisson::Steps(steps) => {
                (steps.mean.to_base() / steps.step.to_base(), steps.step.to_base())
            }
        };
        Distribution { lambda, step, arrivals: rand_distr::Poisson::new(lambda).ok().map(Box::new) }
    }
}

impl Compiled for Distribution {
    fn sample(&self, draw: Draw) -> f64 {
        self.arrivals
            .as_ref()
            .map_or(0.0, |arrivals| self.step * arrivals.sample(&mut draw.generator()))
    }
    fn quantile(&self, u: f64) -> f64 {
        if u >= 1.0 && self.lambda > 0.0 {
            return f64::INFINITY;
        }
        // Forty standard deviations and forty more: beyond the reach of any u below 1.
        let far = self.lambda + 40.0 * self.lambda.sqrt() + 40.0;
        self.step * bisect(0.0, far, u, |k| self.cdf(k * self.step)).round()
    }
    fn cdf(&self, x: f64) -> f64 {
        match x / self.step {
            k if k < 0.0 => 0.0,
            k if self.lambda <= 0.0 || k.is_infinite() => 1.0,
            // A value that rounding leaves just below a whole number of steps counts as that
            // number.
            k => statrs::function::gamma::gamma_ur((k * (1.0 + 1e-15)).floor() + 1.0, self.lambda),
        }
    }
    fn mean(&self) -> f64 {
        self.lambda * self.step
    }
    fn variance(&self) -> f64 {
        self.lambda * self.step * self.step
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Count;

    #[test]
    fn steps_are_a_poisson_count_of_them() {
        // By hand: 1000 in steps of 50 are 20 on average, with a variance of 20 · 50². The maximum
        // is infinite, unless the mean is 0.
        let law = DistSpec::<Count>::compile(&Poisson::Steps(Steps {
            mean: Count(1000),
            step: Count(50),
        }));
        assert_eq!(
            (law.mean(), law.variance(), law.quantile(1.0)),
            (1000.0, 50_000.0, f64::INFINITY)
        );
        assert!(
            (law.cdf(999.0) - law.cdf(950.0)).abs() < 1e-15 && law.cdf(1000.0) > law.cdf(999.0)
        );
        assert_eq!(DistSpec::<Count>::compile(&Poisson::<Count>::Mean(0.0)).quantile(1.0), 0.0);
    }
}

//! Distributions: how they are written in a scenario, and their compiled form.
//!
//! A distribution is *written* ([`Dist`]: parameters with units, always of the variable itself: its
//! mean, its cv, its percentiles) and then *compiled* ([`Distribution`]: numbers in base units). A
//! [`Sampler`] draws from a distribution at an address (see [`keys`](super::keys)).

// To add a distribution:
// 1. its file, `TAG.rs`: the written struct (serde, schema, a doc comment on each field) with
//    [`DistSpec`], and a struct `Distribution` with [`Compiled`]. One with a closed-form quantile
//    function needs no sampler of its own;
// 2. its line in the catalogue below, `tag: Struct<Q>,` (without `<Q>` if no parameter is a
//    quantity). The tag is what a scenario contains, the doc comment is the description in the
//    schema;
// 3. a line in the table of `tests.rs`, which checks draws against moments and cdf; an independent
//    oracle in `tests_oracles.rs`; its text in `tests_written.rs`.

mod catalogue;
mod solve;
mod standard_gamma;
mod standard_normal;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_oracles;
#[cfg(test)]
mod tests_written;

pub(crate) use catalogue::{OR_DISTRIBUTION, plain};
pub(crate) use standard_normal::{above as normal_above, quantile as normal_quantile};

use super::keys::{Draw, Key, Salt};
use crate::problem::Problems;
use crate::units::{Quantity, Span};
use std::path::Path;

catalogue::catalogue! {
    /// Always the same value; the value on its own means the same.
    constant: Constant<Q>,
    /// Uniform between two values: `[lo, hi]`.
    uniform: Uniform<Q>,
    /// Exponential with this mean.
    exp: Exp<Q>,
    /// The sum of k exponentials of equal mean: less variable than `exp`.
    erlang: Erlang<Q>,
    /// A random choice between two exponentials: more variable than `exp`.
    hyperexp: Hyperexp<Q>,
    /// Normal, truncated or clipped at a minimum.
    normal: Normal<Q>,
    /// Lognormal, given two percentiles or mean and cv.
    lognormal: Lognormal<Q>,
    /// Gamma, given mean and cv.
    gamma: Gamma<Q>,
    /// Weibull, given mean and cv.
    weibull: Weibull<Q>,
    /// Pareto: a power-law tail, bounded if `max` is given.
    pareto: Pareto<Q>,
    /// One of several distributions, chosen by weight.
    mixture: Mixture<Q>,
    /// Percentiles as read from a dashboard, interpolated log-linearly.
    percentiles: Percentiles<Q>,
    /// Measured values: a column of a CSV file.
    empirical: Empirical<Q>,
    /// Counts from 1: the number of trials up to the first success.
    geometric: Geometric,
    /// Counts from 0: the number of independent arrivals; or whole steps of a quantity.
    poisson: Poisson<Q>,
    /// Ranks 1 to n: rank k has a probability proportional to 1/k^s.
    zipf: Zipf,
}

/// Returns the tag of a distribution that other tools know by another name.
pub(crate) fn also_called(name: &str) -> Option<&'static str> {
    match name.to_ascii_lowercase().as_str() {
        "exponential" | "expo" | "expon" | "negexp" => Some("exp"),
        "deterministic" | "fixed" | "const" | "value" => Some("constant"),
        "gaussian" | "gauss" | "norm" => Some("normal"),
        "log_normal" | "log-normal" | "lognorm" => Some("lognormal"),
        "unif" | "between" => Some("uniform"),
        "histogram" | "quantiles" | "percentile" => Some("percentiles"),
        "hyperexponential" | "hyper_exponential" | "hyper" => Some("hyperexp"),
        "csv" | "trace" | "measured" | "samples" => Some("empirical"),
        "mix" | "choice" | "one_of" => Some("mixture"),
        _ => None,
    }
}

/// Returns an example of a distribution with its value.
pub(crate) fn example(tag: &str) -> Option<&'static str> {
    Some(match tag {
        "exp" => "exp: 5ms",
        "constant" => "constant: 5ms",
        "uniform" => "uniform: [1ms, 5ms]",
        "normal" => "normal: { mean: 5ms, sd: 1ms }",
        "lognormal" => "lognormal: { p50: 2ms, p99: 20ms }",
        "gamma" => "gamma: { mean: 5ms, cv: 0.5 }",
        "weibull" => "weibull: { mean: 5ms, cv: 0.5 }",
        "pareto" => "pareto: { min: 1ms, alpha: 2.5 }",
        "erlang" => "erlang: { k: 3, mean: 5ms }",
        "hyperexp" => "hyperexp: { mean: 5ms, cv: 2 }",
        "mixture" => "mixture: [ { w: 9, is: 1ms }, { w: 1, is: 20ms } ]",
        "percentiles" => "percentiles: { p50: 2ms, p99: 20ms, max: 80ms }",
        "empirical" => "empirical: { file: times.csv, column: ms, unit: 1ms }",
        "geometric" => "geometric: { mean: 3 }",
        "zipf" => "zipf: { n: 100, s: 1.1 }",
        _ => return None,
    })
}

/// A distribution as written in a scenario.
pub trait DistSpec<Q: Quantity> {
    /// Its compiled form.
    type Distribution: Compiled;
    /// Reports errors and warnings; `path` ends with the distribution's tag.
    fn check(&self, path: &str, problems: &mut Problems);
    /// Compiles it; only called if `check` found no error.
    fn compile(&self) -> Self::Distribution;
    /// Reads the files it names.
    fn load(&mut self, _folder: &Path, _path: &str, _problems: &mut Problems) {}
    /// Returns the nesting depth of mixtures; 0 if it is not a mixture.
    fn depth(&self) -> usize {
        0
    }
}

/// A compiled distribution, in base units.
pub trait Compiled {
    /// Returns the value at one draw: the quantile of its uniform, unless there is a faster method.
    fn sample(&self, draw: Draw) -> f64 {
        self.quantile(draw.uniform())
    }
    /// Returns the smallest `x` with `cdf(x) >= u`.
    fn quantile(&self, u: f64) -> f64;
    /// Returns the probability of at most `x`.
    fn cdf(&self, x: f64) -> f64;
    /// Returns the mean; may be infinite.
    fn mean(&self) -> f64;
    /// Returns the variance; may be infinite.
    fn variance(&self) -> f64;
}

impl Distribution {
    /// Returns the value at one draw. Constants and exponentials are sampled inline, the others
    /// through a call.
    #[inline(always)]
    pub fn sample(&self, draw: Draw) -> f64 {
        match self {
            Distribution::Constant(law) => law.sample(draw),
            Distribution::Exp(law) => law.sample(draw),
            _ => self.sample_any(draw),
        }
    }
    /// Returns the same distribution with every draw mirrored.
    pub fn mirrored(self) -> Distribution {
        Distribution::Mirrored(Box::new(self))
    }
    /// Returns the distribution with every draw mirrored, if so it is wanted.
    pub(crate) fn mirrored_if(self, wanted: bool) -> Distribution {
        if wanted { self.mirrored() } else { self }
    }
    /// Returns the coefficient of variation: the standard deviation divided by the mean; 0 if
    /// nothing varies.
    pub fn cv(&self) -> f64 {
        match self.variance() {
            0.0 => 0.0,
            variance if variance.is_infinite() => f64::INFINITY,
            variance => variance.sqrt() / self.mean(),
        }
    }
}

impl<Q: Quantity> From<Q> for Dist<Q> {
    /// Creates the constant of a value.
    fn from(value: Q) -> Dist<Q> {
        Dist::constant(value)
    }
}

impl From<std::time::Duration> for Dist<Span> {
    fn from(duration: std::time::Duration) -> Dist<Span> {
        Dist::constant(duration.into())
    }
}

impl<Q: Quantity> Dist<Q> {
    /// Creates the distribution that is always `value`.
    pub fn constant(value: Q) -> Dist<Q> {
        Dist::Constant(constant::Constant { value })
    }
    /// Creates the exponential distribution with this mean.
    pub fn exp(mean: impl Into<Q>) -> Dist<Q> {
        Dist::Exp(exp::Exp { mean: mean.into() })
    }
    /// Creates the uniform distribution between two values.
    pub fn uniform(least: impl Into<Q>, greatest: impl Into<Q>) -> Dist<Q> {
        Dist::Uniform(uniform::Uniform { between: [least.into(), greatest.into()] })
    }
    /// Creates the normal distribution with this mean and standard deviation; a draw below 0 is
    /// redrawn.
    pub fn normal(mean: impl Into<Q>, sd: impl Into<Q>) -> Dist<Q> {
        Dist::Normal(normal::Normal {
            mean: mean.into(),
            sd: sd.into(),
            min: None,
            below_min: Default::default(),
        })
    }
    /// Creates the lognormal distribution with these two percentiles.
    pub fn lognormal(p50: impl Into<Q>, p99: impl Into<Q>) -> Dist<Q> {
        Dist::Lognormal(lognormal::Lognormal {
            p50: Some(p50.into()),
            p99: Some(p99.into()),
            mean: None,
            cv: None,
        })
    }
    /// Returns the value of a constant; `None` for any other distribution.
    pub fn plain(&self) -> Option<Q> {
        match self {
            Dist::Constant(constant) => Some(constant.value),
            _ => None,
        }
    }
}

/// A distribution and the purpose of its draws.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampler {
    /// The distribution.
    pub law: Distribution,
    /// The purpose.
    pub salt: Salt,
}

impl Sampler {
    /// Creates a sampler of a distribution for one purpose.
    pub fn new(law: Distribution, salt: Salt) -> Sampler {
        Sampler { law, salt }
    }
    /// Returns the value for the entity with this key, in base units.
    #[inline(always)]
    pub fn value(&self, key: Key) -> f64 {
        self.law.sample(key.draw(self.salt))
    }
    /// Returns the value as a span, rounded once to whole nanoseconds; a negative value becomes
    /// zero, and one that is too large the longest span.
    #[inline(always)]
    pub fn span(&self, key: Key) -> Span {
        Span(self.count(key))
    }
    /// Returns the value as a count, rounded to the nearest; a negative value becomes zero.
    #[inline(always)]
    pub fn count(&self, key: Key) -> u64 {
        // Converted through i64, which takes half the instructions; the longest span is then 292
        // years.
        ((self.value(key) + 0.5) as i64).max(0) as u64
    }
}

/// Reports an error at a field of a distribution unless its condition holds (for NaN it does not).
pub(crate) fn demand(
    problems: &mut Problems,
    holds: bool,
    path: &str,
    field: &str,
    message: impl Into<String>,
) {
    if !holds {
        problems.error(format!("{path}.{field}"), message);
    }
}

/// Reports an error if a distribution of counts is used for another quantity.
pub(crate) fn demand_count<Q: Quantity>(problems: &mut Problems, path: &str, tag: &str) {
    if Q::WORD != "Count" {
        problems
            .error(path, format!("`{tag}` draws whole numbers, but here {} is expected", Q::EXPECTING))
            .advise("use another distribution, such as `exp`, or whole steps: `poisson: { mean: …, step: … }`");
    }
}

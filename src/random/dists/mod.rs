//! The distributions people write, and the laws they stand for.
//!
//! A distribution is *written* ([`Dist`]: parameters with units, always of the variable itself: its
//! mean, its cv, its percentiles) and then *compiled* ([`Law`]: numbers in base units). A
//! [`Sampler`] draws from a law at an address (see [`keys`](super::keys)).
//!
//! To add a distribution:
//! 1. its file, `TAG.rs`: the written struct (serde, schema, a doc comment on each field) with
//!    [`DistSpec`], and a struct `Law` with [`Compiled`]. A law with a closed quantile function
//!    needs no sampler of its own;
//! 2. its line in the catalogue below, `tag: Struct<Q>,` (without `<Q>` if no parameter is a
//!    quantity). The first word is what people write, the doc comment is the description in the
//!    schema;
//! 3. a line in the table of `tests.rs`, which checks draws against moments and cdf; an independent
//!    oracle in `tests_oracles.rs`; its text in `tests_written.rs`.

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

pub(crate) use catalogue::plain;

use super::keys::{Draw, Key, Salt};
use crate::problem::Problems;
use crate::units::{Quantity, Span};
use std::path::Path;

catalogue::catalogue! {
    /// Always the same value; the bare value means the same.
    constant: Constant<Q>,
    /// Every value between two is equally likely: `[lo, hi]`.
    uniform: Uniform<Q>,
    /// Exponential with that mean.
    exp: Exp<Q>,
    /// The sum of k equal exponentials: less variable than `exp`.
    erlang: Erlang<Q>,
    /// One of two exponentials: more variable than `exp`.
    hyperexp: Hyperexp<Q>,
    /// Normal, kept above a least value.
    normal: Normal<Q>,
    /// Lognormal, by two percentiles or by mean and cv.
    lognormal: Lognormal<Q>,
    /// Gamma by mean and cv.
    gamma: Gamma<Q>,
    /// Weibull by mean and cv.
    weibull: Weibull<Q>,
    /// Pareto: a power-law tail, bounded if `max` is given.
    pareto: Pareto<Q>,
    /// One of several distributions, by weight.
    mixture: Mixture<Q>,
    /// Percentiles as read from a dashboard, log-linear in between.
    percentiles: Percentiles<Q>,
    /// Measured values: a column of a CSV file.
    empirical: Empirical<Q>,
    /// Counts 1, 2, …: trials until the first success.
    geometric: Geometric,
    /// Counts 0, 1, …: independent arrivals; or whole steps of a quantity.
    poisson: Poisson<Q>,
    /// Ranks 1 to n: the k-th is drawn in proportion to 1/k^s.
    zipf: Zipf,
}

/// The tag of a distribution that other tools call otherwise.
pub(crate) fn also_called(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
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

/// What a written distribution does.
pub trait DistSpec<Q: Quantity> {
    /// What it compiles to.
    type Distribution: Compiled;
    /// Notes errors and warnings; `path` ends with the distribution's tag.
    fn check(&self, path: &str, problems: &mut Problems);
    /// The law; only called if `check` found no error.
    fn compile(&self) -> Self::Distribution;
    /// Reads the files it names.
    fn load(&mut self, _folder: &Path, _path: &str, _problems: &mut Problems) {}
    /// How many mixtures stand inside each other.
    fn depth(&self) -> usize {
        0
    }
}

/// What a compiled distribution does, in base units.
pub trait Compiled {
    /// The value at one draw: the quantile of its uniform, unless the law has a faster way.
    fn sample(&self, draw: Draw) -> f64 {
        self.quantile(draw.uniform())
    }
    /// The smallest value that is reached with probability `u`.
    fn quantile(&self, u: f64) -> f64;
    /// The probability of at most `x`.
    fn cdf(&self, x: f64) -> f64;
    /// The mean; may be infinite.
    fn mean(&self) -> f64;
    /// The variance; may be infinite.
    fn variance(&self) -> f64;
}

impl Distribution {
    /// The value at one draw. Constants and exponentials are drawn in line, the others by a call.
    #[inline(always)]
    pub fn sample(&self, draw: Draw) -> f64 {
        match self {
            Distribution::Constant(law) => law.sample(draw),
            Distribution::Exp(law) => law.sample(draw),
            _ => self.sample_any(draw),
        }
    }
    /// The same law, drawn with the mirror of every draw.
    pub fn mirrored(self) -> Distribution {
        Distribution::Mirrored(Box::new(self))
    }
    /// The coefficient of variation: the standard deviation in means; 0 if nothing varies.
    pub fn cv(&self) -> f64 {
        match self.variance() {
            0.0 => 0.0,
            variance if variance.is_infinite() => f64::INFINITY,
            variance => variance.sqrt() / self.mean(),
        }
    }
}

impl<Q: Quantity> From<Q> for Dist<Q> {
    /// The plain value.
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
    /// The distribution of a plain value.
    pub fn constant(value: Q) -> Dist<Q> {
        Dist::Constant(constant::Constant { value })
    }
    /// The exponential distribution with this mean.
    pub fn exp(mean: impl Into<Q>) -> Dist<Q> {
        Dist::Exp(exp::Exp { mean: mean.into() })
    }
    /// Every value between two is equally likely.
    pub fn uniform(least: impl Into<Q>, greatest: impl Into<Q>) -> Dist<Q> {
        Dist::Uniform(uniform::Uniform { between: [least.into(), greatest.into()] })
    }
    /// The normal distribution with this mean and standard deviation; a draw below 0 is drawn
    /// again.
    pub fn normal(mean: impl Into<Q>, sd: impl Into<Q>) -> Dist<Q> {
        Dist::Normal(normal::Normal {
            mean: mean.into(),
            sd: sd.into(),
            min: None,
            below_min: Default::default(),
        })
    }
    /// The lognormal distribution with these two percentiles.
    pub fn lognormal(p50: impl Into<Q>, p99: impl Into<Q>) -> Dist<Q> {
        Dist::Lognormal(lognormal::Lognormal {
            p50: Some(p50.into()),
            p99: Some(p99.into()),
            mean: None,
            cv: None,
        })
    }
    /// The plain value, if it is nothing but that.
    pub fn plain(&self) -> Option<Q> {
        match self {
            Dist::Constant(constant) => Some(constant.value),
            _ => None,
        }
    }
}

/// A law and what its draws are for.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampler {
    /// What is drawn.
    pub law: Distribution,
    /// What it is drawn for.
    pub salt: Salt,
}

impl Sampler {
    /// A sampler of a law for one purpose.
    pub fn new(law: Distribution, salt: Salt) -> Sampler {
        Sampler { law, salt }
    }
    /// The value for whom `key` is, in base units.
    #[inline(always)]
    pub fn value(&self, key: Key) -> f64 {
        self.law.sample(key.draw(self.salt))
    }
    /// The value as a span, rounded once to whole nanoseconds; negative becomes zero, too long
    /// becomes the longest.
    #[inline(always)]
    pub fn span(&self, key: Key) -> Span {
        // Through i64, which is half the instructions; the longest span is then 292 years.
        Span(((self.value(key) + 0.5) as i64).max(0) as u64)
    }
}

/// Notes an error at a field of a distribution unless its condition holds (which it does not for
/// NaN).
pub(crate) fn demand(
    problems: &mut Problems,
    holds: bool,
    path: &str,
    field: &str,
    words: impl Into<String>,
) {
    if !holds {
        problems.error(format!("{path}.{field}"), words);
    }
}

/// Refuses a distribution of counts where something else is drawn.
pub(crate) fn demand_count<Q: Quantity>(problems: &mut Problems, path: &str, tag: &str) {
    if Q::WORD != "Count" {
        problems
            .error(path, format!("`{tag}` draws whole numbers, and here belongs {}", Q::EXPECTING))
            .advise("draw it from another distribution, such as `exp`, or write whole steps: `poisson: { mean: …, step: … }`");
    }
}

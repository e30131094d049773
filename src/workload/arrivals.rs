//! Arrival processes: the gaps between arrivals, in units of the mean gap.
//!
//! `poisson`: exponential gaps. `regular`: all equal. `gamma` and `weibull`: renewal processes with a given coefficient of
//! variation (1 is Poisson, more is bursty). `batch`: Poisson events that release several requests at once.

use crate::problem::Problems;
use crate::random::dists::{Dist, Law, gamma::Gamma, weibull::Weibull};
use crate::random::keys::Draw;
use crate::random::logarithm::ln;
use crate::units::Count;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How arrivals are spaced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// Independent of each other: exponential gaps.
    #[default]
    Poisson,
    /// Evenly spaced.
    Regular,
    /// Gamma-distributed gaps.
    Gamma(Variation),
    /// Weibull-distributed gaps.
    Weibull(Variation),
    /// Several at once; the rate is that of the batches.
    Batch(Batch),
}

/// How much gaps vary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variation {
    /// Coefficient of variation of the gaps: standard deviation over mean.
    pub cv: f64,
}

/// Batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// How many requests come at once.
    pub size: Dist<Count>,
}

/// The compiled form: gaps of mean 1.
#[derive(Clone, Debug)]
pub enum Gaps {
    Poisson,
    Regular,
    Law(Box<Law>),
    Batch(Box<Law>),
}

impl Arrivals {
    pub fn check(&self, path: &str, problems: &mut Problems) {
        match self {
            Arrivals::Poisson | Arrivals::Regular => {}
            Arrivals::Gamma(Variation { cv }) | Arrivals::Weibull(Variation { cv }) => {
                if !(0.01..=10.4).contains(cv) {
                    problems
                        .error(path, format!("the `cv` of arrivals is from 0.01 to 10.4, not {cv}"))
                        .advise("1 is as bursty as Poisson; `regular` is 0");
                }
            }
            Arrivals::Batch(Batch { size }) => {
                size.check(&format!("{path}.batch.size"), problems);
                if size.plain() == Some(Count(0)) {
                    problems.error(format!("{path}.batch.size"), "a batch has at least 1 request");
                }
            }
        }
    }
    /// Gaps in units of their mean.
    pub fn gaps(&self) -> Gaps {
        match self {
            Arrivals::Poisson => Gaps::Poisson,
            Arrivals::Regular => Gaps::Regular,
            Arrivals::Gamma(Variation { cv }) => Gaps::Law(Box::new(Dist::Gamma(Gamma { mean: Count(1), cv: *cv }).law())),
            Arrivals::Weibull(Variation { cv }) => Gaps::Law(Box::new(Dist::Weibull(Weibull { mean: Count(1), cv: *cv }).law())),
            Arrivals::Batch(Batch { size }) => Gaps::Batch(Box::new(size.law())),
        }
    }
}

impl Gaps {
    /// The next gap. Batches are as far apart as Poisson arrivals.
    #[inline(always)]
    pub fn next(&self, draw: Draw) -> f64 {
        match self {
            Gaps::Poisson | Gaps::Batch(_) => -ln(draw.complement()),
            Gaps::Regular => 1.0,
            Gaps::Law(law) => law.sample(draw),
        }
    }
    /// The variance of the number of arrivals in a long time, over its mean: 1 for Poisson arrivals, cv² for independent gaps,
    /// E\[B²\]/E\[B\] for batches.
    pub fn dispersion(&self) -> f64 {
        match self {
            Gaps::Poisson => 1.0,
            Gaps::Regular => 0.0,
            Gaps::Law(law) => law.variance(),
            Gaps::Batch(size) => size.variance() / size.mean() + size.mean(),
        }
    }
    /// Mean number of requests that come at once.
    pub fn mean_batch(&self) -> f64 {
        match self {
            Gaps::Batch(size) => size.mean(),
            _ => 1.0,
        }
    }
}

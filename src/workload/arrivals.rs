//! Arrival processes: the gaps between arrivals, in units of the mean gap.
//!
//! `poisson`: exponential gaps. `regular`: all equal, the first arrival at once or at an `offset`.
//! `gamma` and `weibull`: renewal processes with a given coefficient of variation (1 is Poisson,
//! more is bursty). `batch`: Poisson events that release several requests at once. `gaps`: a
//! renewal process with gaps of any law, stretched so that their mean is the rate's. `at`: requests
//! at given times, whatever the rate. All but the last and `regular` begin with a gap.
//! Checked: `tests/it/workload.rs`.

use super::RateProfile;
use crate::problem::Problems;
use crate::random::dists::{Dist, Distribution, gamma::Gamma, weibull::Weibull};
use crate::random::keys::Draw;
use crate::random::logarithm::ln;
use crate::units::{Count, Span};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How arrivals are spaced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = regular_alone)]
pub enum Arrivals {
    /// Independent of each other: exponential gaps.
    #[default]
    Poisson,
    /// Evenly spaced.
    Regular(Regular),
    /// Gamma-distributed gaps.
    Gamma(Variation),
    /// Weibull-distributed gaps.
    Weibull(Variation),
    /// Independent gaps of any distribution. Its shape matters alone: the rate says how long they
    /// are.
    Interarrival(Dist<Span>),
    /// At these times, in order. The rate is what `check` reckons with; it moves no request.
    At(Vec<Span>),
    /// Several at once; the rate is that of the batches.
    Batch(Batch),
}

/// Arrivals without chance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Regular {
    /// When the first request comes.
    #[serde(default)]
    pub offset: Span,
}

/// The word alone is `regular: {}`, in an editor as well.
fn regular_alone(schema: &mut Schema) {
    if let Some(Value::Array(forms)) = schema.get_mut("oneOf") {
        forms.push(json!({ "type": "string", "const": "regular" }));
    }
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
pub enum Interarrival {
    Poisson,
    /// The gap before the first; the others are 1.
    Regular(f64),
    Distribution(Box<Distribution>),
    /// A law of another mean than 1, and one over that mean.
    Scaled(Box<(Distribution, f64)>),
    /// One after the other; none follows the last.
    Given(Box<[f64]>),
    Batch(Box<Distribution>),
}

impl Arrivals {
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        match self {
            Arrivals::Poisson | Arrivals::Regular(_) => {}
            Arrivals::Gamma(Variation { cv }) | Arrivals::Weibull(Variation { cv }) => {
                if !(0.01..=10.4).contains(cv) {
                    problems
                        .error(path, format!("the `cv` of arrivals is from 0.01 to 10.4, not {cv}"))
                        .advise("1 is as bursty as Poisson; `regular` is 0");
                }
            }
            Arrivals::Interarrival(gaps) => {
                gaps.check(&format!("{path}.gaps"), problems);
                // A law with problems of its own may have no mean.
                if !problems.any_error() {
                    let mean = gaps.compile().mean();
                    if !(mean.is_finite() && mean > 0.0) {
                        problems.error(
                            format!("{path}.gaps"),
                            "the mean of gaps is more than 0 and finite: the rate is one over it",
                        );
                    }
                }
            }
            Arrivals::At(times) => {
                if let Some(late) = (1..times.len()).find(|&index| times[index] < times[index - 1])
                {
                    let what = format!(
                        "the times of arrivals are in order, and {} comes after {}",
                        times[late],
                        times[late - 1]
                    );
                    problems.error(format!("{path}.at[{late}]"), what).advise("sort them");
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
    /// Interarrival in units of the integral of the rate; those that end at a given time as many as are
    /// used up by then.
    pub(crate) fn gaps(&self, profile: &RateProfile) -> Interarrival {
        match self {
            Arrivals::Poisson => Interarrival::Poisson,
            Arrivals::Regular(Regular { offset }) if *offset == Span::ZERO => {
                Interarrival::Regular(0.0)
            }
            Arrivals::Regular(Regular { offset }) => {
                Interarrival::Regular(profile.mean_rate(offset.seconds()) * offset.seconds())
            }
            Arrivals::Gamma(Variation { cv }) => Interarrival::Distribution(Box::new(
                Dist::Gamma(Gamma { mean: Count(1), cv: *cv }).compile(),
            )),
            Arrivals::Weibull(Variation { cv }) => Interarrival::Distribution(Box::new(
                Dist::Weibull(Weibull { mean: Count(1), cv: *cv }).compile(),
            )),
            Arrivals::Interarrival(gaps) => {
                let law = gaps.compile();
                let scale = 1.0 / law.mean();
                Interarrival::Scaled(Box::new((law, scale)))
            }
            Arrivals::At(times) => {
                // One rate: `check` refuses another where times are given.
                let rate = profile.mean_rate(1.0);
                let before = std::iter::once(Span::ZERO).chain(times.iter().copied());
                Interarrival::Given(
                    before
                        .zip(times)
                        .map(|(before, at)| (at.0 - before.0) as f64 * 1e-9 * rate)
                        .collect(),
                )
            }
            Arrivals::Batch(Batch { size }) => Interarrival::Batch(Box::new(size.compile())),
        }
    }
}

impl Interarrival {
    /// The gap before the next arrival; infinite if there is none. Batches are as far apart as
    /// Poisson arrivals. `index` is how many came, for those gaps only that depend on it.
    #[inline(always)]
    pub(crate) fn next(&self, draw: Draw, index: &mut u64) -> f64 {
        match self {
            Interarrival::Poisson | Interarrival::Batch(_) => -ln(draw.complement()),
            Interarrival::Distribution(law) => law.sample(draw),
            Interarrival::Scaled(scaled) => scaled.0.sample(draw) * scaled.1,
            Interarrival::Regular(_) | Interarrival::Given(_) => self.numbered(index),
        }
    }
    /// A gap that depends on how many came before.
    #[inline(never)]
    fn numbered(&self, index: &mut u64) -> f64 {
        let own = *index as usize;
        *index += 1;
        match self {
            Interarrival::Regular(first) if own == 0 => *first,
            Interarrival::Given(gaps) => gaps.get(own).copied().unwrap_or(f64::INFINITY),
            _ => 1.0,
        }
    }
    /// The variance of the number of arrivals in a long time, over its mean: 1 for Poisson
    /// arrivals, cv² for independent gaps, E\[B²\]/E\[B\] for batches.
    pub(crate) fn dispersion(&self) -> f64 {
        match self {
            Interarrival::Poisson => 1.0,
            Interarrival::Regular(_) => 0.0,
            Interarrival::Distribution(law) => law.variance(),
            Interarrival::Scaled(scaled) => scaled.0.variance() * scaled.1 * scaled.1,
            // The same in every replication.
            Interarrival::Given(_) => 0.0,
            Interarrival::Batch(size) => size.variance() / size.mean() + size.mean(),
        }
    }
    /// Whether requests come at given times, so that no rate says how many will.
    pub(crate) fn are_given(&self) -> bool {
        matches!(self, Interarrival::Given(_))
    }
    /// Mean number of requests that come at once.
    pub(crate) fn mean_batch(&self) -> f64 {
        match self {
            Interarrival::Batch(size) => size.mean(),
            _ => 1.0,
        }
    }
}

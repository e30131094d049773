//! Arrival processes: the gaps between arrivals, in units of the mean gap.
//!
//! `poisson`: exponential gaps. `regular`: equal gaps, the first arrival at 0 or at an `offset`.
//! `gamma`, `weibull` and `hyperexp`: renewal processes with a given coefficient of variation (1 is
//! Poisson, above 1 is bursty). `batch`: Poisson or evenly spaced events that release several
//! requests at once, at least one.
//! `gaps`: a renewal process with gaps of any distribution, scaled to the rate. `at`:
//! requests at given times, whatever the rate. All but `at`, `regular` and
//! batches that are spaced evenly begin with a gap.
//! Checked: `tests/it/workload.rs`.

use super::RateProfile;
use crate::problem::Problems;
use crate::random::dists::{
    Dist, Distribution, gamma::Gamma, hyperexp::Hyperexp, weibull::Weibull,
};
use crate::random::keys::Draw;
use crate::random::logarithm::ln;
use crate::units::{Count, Span, Time};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// How arrivals are spaced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = regular_alone)]
#[non_exhaustive]
pub enum Arrivals {
    /// Poisson arrivals: independent, exponential gaps.
    #[default]
    Poisson,
    /// Evenly spaced.
    Regular(Regular),
    /// Gamma-distributed gaps.
    Gamma(Variation),
    /// Weibull-distributed gaps.
    Weibull(Variation),
    /// Hyperexponential gaps, a random choice between short and long ones; a cv of at least 1.
    Hyperexp(Variation),
    /// Independent gaps of any distribution. Only its shape matters: the gaps are scaled to the
    /// rate.
    Gaps(Dist<Span>),
    /// Requests at these times, in ascending order. The rate is used only by `check` for the
    /// expected load.
    At(Vec<Span>),
    /// Batches of simultaneous requests; the rate is that of the batches.
    Batch(Batch),
}

/// Deterministic arrivals with equal gaps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Regular {
    /// The time of the first request.
    #[serde(default)]
    pub offset: Span,
}

/// Adds the bare word `regular`, short for `regular: {}`, to the schema.
fn regular_alone(schema: &mut Schema) {
    if let Some(Value::Array(forms)) = schema.get_mut("oneOf") {
        forms.push(json!({ "type": "string", "const": "regular" }));
    }
}

/// The variability of the gaps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variation {
    /// The coefficient of variation of the gaps: standard deviation over mean.
    pub cv: f64,
}

/// Batch arrivals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// The number of requests per batch.
    pub size: Dist<Count>,
    /// How the batches are spaced.
    #[serde(default, skip_serializing_if = "Spacing::is_poisson")]
    pub spacing: Spacing,
}

/// How batches are spaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Spacing {
    /// With independent, exponential gaps.
    #[default]
    Poisson,
    /// Evenly, the first at 0.
    Regular,
}

impl Spacing {
    fn is_poisson(&self) -> bool {
        *self == Spacing::Poisson
    }
}

/// The compiled form of [`Arrivals`]: gaps of mean 1.
#[derive(Clone, Debug)]
pub(crate) enum Interarrival {
    Poisson,
    /// Equal gaps of 1; the value is the gap before the first arrival.
    Regular(f64),
    Distribution(Box<Distribution>),
    /// A distribution of any mean, and the reciprocal of that mean.
    Scaled(Box<(Distribution, f64)>),
    /// At these times, whatever the rate.
    Given(Given),
    /// Batches of this size, and how they are spaced.
    Batch(Box<(Distribution, Spacing)>),
}

/// Arrivals at given times.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// In ascending order.
    pub times: Arc<[Time]>,
    /// After which they come again, if they do; not before the last.
    pub repeats_after: Option<Span>,
}

impl Given {
    /// Returns the arrivals from number `from` on that come before the horizon.
    pub(crate) fn fill(&self, from: &mut u64, horizon: Time, to: &mut [Time]) -> usize {
        let mut filled = 0;
        while filled < to.len() {
            let (round, place) = match (*from as usize, self.times.len(), self.repeats_after) {
                (_, 0, _) => break,
                (number, length, Some(after)) => {
                    (after.0.saturating_mul((number / length) as u64), number % length)
                }
                (number, ..) => (0, number),
            };
            let Some(at) = self.times.get(place).map(|at| Time(at.0.saturating_add(round))) else {
                break;
            };
            if at >= horizon {
                break;
            }
            (to[filled], filled, *from) = (at, filled + 1, *from + 1);
        }
        filled
    }
}

impl Arrivals {
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        match self {
            Arrivals::Poisson | Arrivals::Regular(_) => {}
            Arrivals::Gamma(Variation { cv }) | Arrivals::Weibull(Variation { cv }) => {
                if !(0.01..=10.4).contains(cv) {
                    problems
                        .error(
                            path,
                            format!("the `cv` of arrivals must be from 0.01 to 10.4, not {cv}"),
                        )
                        .advise("1 is as bursty as Poisson; for 0, write `regular`");
                }
            }
            Arrivals::Hyperexp(Variation { cv }) => {
                if !(1.0..=1000.0).contains(cv) {
                    problems
                        .error(
                            path,
                            format!(
                                "the `cv` of hyperexp arrivals must be from 1 to 1000, not {cv}"
                            ),
                        )
                        .advise(
                            "arrivals that are more even than Poisson are `gamma: { cv: 0.5 }`",
                        );
                }
            }
            Arrivals::Gaps(gaps) => {
                gaps.check(&format!("{path}.gaps"), problems);
                // An invalid distribution may have no mean.
                if !problems.any_error() {
                    let mean = gaps.compile().mean();
                    if !(mean.is_finite() && mean > 0.0) {
                        problems.error(
                            format!("{path}.gaps"),
                            "the mean of the gaps must be finite and more than 0, as the rate is its reciprocal",
                        );
                    }
                }
            }
            Arrivals::At(times) => {
                if let Some(late) = (1..times.len()).find(|&index| times[index] < times[index - 1])
                {
                    let what = format!(
                        "the arrival times must be in ascending order, but {} comes after {}",
                        times[late],
                        times[late - 1]
                    );
                    problems.error(format!("{path}.at[{late}]"), what).advise("sort them");
                }
            }
            Arrivals::Batch(Batch { size, .. }) => {
                size.check(&format!("{path}.batch.size"), problems);
                if size.plain() == Some(Count(0)) {
                    problems.error(
                        format!("{path}.batch.size"),
                        "a batch must have at least 1 request",
                    );
                }
            }
        }
    }
    /// Returns the gaps in units of the integrated rate `R(t)`; given times have none.
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
            Arrivals::Hyperexp(Variation { cv }) => Interarrival::Distribution(Box::new(
                Dist::Hyperexp(Hyperexp { mean: Count(1), cv: *cv }).compile(),
            )),
            Arrivals::Gaps(gaps) => {
                let law = gaps.compile();
                let scale = 1.0 / law.mean();
                Interarrival::Scaled(Box::new((law, scale)))
            }
            Arrivals::At(times) => Interarrival::Given(Given {
                times: times.iter().map(|at| Time(at.0)).collect(),
                repeats_after: None,
            }),
            Arrivals::Batch(Batch { size, spacing }) => {
                Interarrival::Batch(Box::new((size.compile(), *spacing)))
            }
        }
    }
}

impl Interarrival {
    /// Returns the gap before the next arrival; infinite if there is none. `index` counts the
    /// arrivals so far, but only for processes that need it.
    #[inline(always)]
    pub(crate) fn next(&self, draw: Draw, index: &mut u64) -> f64 {
        match self {
            Interarrival::Poisson => -ln(draw.complement()),
            Interarrival::Batch(batch) if batch.1 == Spacing::Regular => self.numbered(index),
            Interarrival::Batch(_) => -ln(draw.complement()),
            Interarrival::Distribution(law) => law.sample(draw),
            Interarrival::Scaled(scaled) => scaled.0.sample(draw) * scaled.1,
            Interarrival::Regular(_) => self.numbered(index),
            Interarrival::Given(_) => f64::INFINITY,
        }
    }
    /// Returns the gap of a process that depends on the number of earlier arrivals.
    #[inline(never)]
    fn numbered(&self, index: &mut u64) -> f64 {
        let number = *index as usize;
        *index += 1;
        match self {
            Interarrival::Regular(first) if number == 0 => *first,
            Interarrival::Batch(_) if number == 0 => 0.0,
            _ => 1.0,
        }
    }
    /// Returns the asymptotic index of dispersion of counts, the variance of the number of arrivals
    /// over its mean: 1 for Poisson arrivals, cv² for independent gaps, E\[B²\]/E\[B\] for batches.
    pub(crate) fn dispersion(&self) -> f64 {
        match self {
            Interarrival::Poisson => 1.0,
            Interarrival::Regular(_) => 0.0,
            Interarrival::Distribution(law) => law.variance(),
            Interarrival::Scaled(scaled) => scaled.0.variance() * scaled.1 * scaled.1,
            // Identical in every replication.
            Interarrival::Given(_) => 0.0,
            Interarrival::Batch(batch) => {
                let (size, spacing) = &**batch;
                let [mean, square] = of_batch(size);
                // Evenly spaced batches are as many in every replication.
                square / mean - if *spacing == Spacing::Regular { mean } else { 0.0 }
            }
        }
    }
    /// Returns whether arrival times are given, so that their number does not follow from the rate.
    pub(crate) fn are_given(&self) -> bool {
        matches!(self, Interarrival::Given(_))
    }
    /// Returns whether the mean rate is not that of the end of a run of this length: times are
    /// given, and not repeated as a whole.
    pub(crate) fn have_no_rate(&self, horizon: Span) -> bool {
        let Interarrival::Given(given) = self else { return false };
        given.repeats_after.is_none_or(|after| after > horizon)
    }
    /// Returns the mean number of requests per arrival.
    pub(crate) fn mean_batch(&self) -> f64 {
        match self {
            Interarrival::Batch(batch) => of_batch(&batch.0)[0],
            _ => 1.0,
        }
    }
}

/// Returns the mean and the mean square of the size of a batch, which has at least one request.
fn of_batch(size: &Distribution) -> [f64; 2] {
    let empty = size.cdf(0.0);
    [size.mean() + empty, size.variance() + size.mean() * size.mean() + empty]
}

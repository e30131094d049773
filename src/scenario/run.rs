//! The `run` and `output` sections: duration, replications, seed, limits, and what is written.

use super::replications::{Replications, Warmup};
use crate::problem::Problems;
use crate::units::{Bytes, Count, Share, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Simulated time of a replication, warm-up included; 10 minutes if not given.
    #[serde(default = "ten_minutes")]
    pub duration: Span,
    /// Simulated time at the beginning that is not measured; none if not given.
    #[serde(default)]
    pub warmup: Warmup,
    /// The number of independent replications, or a rule that determines it; 30
    /// replications if not given.
    #[serde(default)]
    pub replications: Replications,
    /// Seed of the random numbers; 1 if not given.
    #[serde(default = "one")]
    pub seed: u64,
    /// Confidence level of the intervals, from 50% to below 100%; 95% if not given.
    #[serde(default)]
    pub confidence: Confidence,
    /// Whether every replication is simulated twice, the second time with 1 − u for every random
    /// number u (antithetic variates): the mean of the two has a smaller error. The two count as
    /// one replication.
    #[serde(default, skip_serializing_if = "is_off")]
    pub antithetic: bool,
    /// Whether means are corrected for the difference between the observed and the expected number
    /// and demand of requests (control variates).
    #[serde(default, skip_serializing_if = "is_off")]
    pub control_variates: bool,
    /// Limits that keep a scenario from outgrowing the machine.
    #[serde(default)]
    pub limits: Limits,
}

/// A confidence level, in per cent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Confidence(pub Share);

impl Default for Confidence {
    fn default() -> Confidence {
        Confidence(Share { fraction: 0.95 })
    }
}

/// Limits of a run; a run that reaches one stops with an error that names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The maximum number of requests in flight at once; 1 million if not given.
    #[serde(default = "a_million")]
    pub in_flight: Count,
    /// The maximum number of events in one replication; 10 billion if not given.
    #[serde(default = "ten_thousand_million")]
    pub events: Count,
    /// The maximum memory of one replication and the results, as estimated before the run; 4 GiB
    /// if not given.
    #[serde(default = "four_gibibytes")]
    pub memory: Bytes,
}

/// The time series and requests that a run writes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Length of a window of the time series; if not given, it is chosen for about 600 windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<Span>,
    /// Share of the requests that are sampled individually, in `requests.parquet` and in the
    /// library's replications; none if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<Share>,
}

fn ten_minutes() -> Span {
    Span::from_seconds(600.0)
}
fn is_off(switch: &bool) -> bool {
    !switch
}
fn one() -> u64 {
    1
}
fn a_million() -> Count {
    Count(1_000_000)
}
fn ten_thousand_million() -> Count {
    Count(10_000_000_000)
}

fn four_gibibytes() -> Bytes {
    Bytes(4 << 30)
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { in_flight: a_million(), events: ten_thousand_million(), memory: four_gibibytes() }
    }
}

impl Default for Run {
    fn default() -> Run {
        Run {
            duration: ten_minutes(),
            warmup: Warmup::default(),
            replications: Replications::default(),
            seed: one(),
            confidence: Confidence::default(),
            antithetic: false,
            control_variates: false,
            limits: Limits::default(),
        }
    }
}

/// The maximum number of windows of a time series: each stores a number for every gauge until the
/// replication is written.
const WINDOWS_MAX: u64 = 100_000;
/// The maximum number of request slots that an event can address.
const IN_FLIGHT_MAX: u64 = 100_000_000;

impl Run {
    pub(super) fn check(&self, problems: &mut Problems) {
        if self.duration == Span::ZERO {
            problems
                .error("run.duration", "a run of 0s simulates nothing")
                .advise("write for example `duration: 10m`");
        } else if self.warmup.span() >= self.duration {
            let what = format!(
                "a warm-up of {} leaves nothing to measure in a run of {}",
                self.warmup.span(),
                self.duration
            );
            problems.error("run.warmup", what).advise(
                "`duration` includes the warm-up: make the run longer, or the warm-up shorter",
            );
        }
        self.replications.check(problems);
        let confidence = self.confidence.0.fraction;
        if !(0.5..1.0).contains(&confidence) {
            problems.error(
                "run.confidence",
                format!(
                    "the confidence level must be from 50% to below 100%, not {}",
                    self.confidence.0
                ),
            );
        }
        if self.limits.in_flight.0 == 0 || self.limits.in_flight.0 > IN_FLIGHT_MAX {
            problems.error(
                "run.limits.in_flight",
                format!(
                    "the limit of requests in flight must be 1 to {}, not {}",
                    Count(IN_FLIGHT_MAX),
                    self.limits.in_flight
                ),
            );
        }
        if self.limits.events.0 == 0 {
            problems
                .error("run.limits.events", "a run of 0 events simulates nothing")
                .advise("the default is 10G");
        }
    }
}

impl Output {
    pub(super) fn check(&self, duration: Span, problems: &mut Problems) {
        let window = self.window(duration);
        if window == Span::ZERO {
            problems
                .error("output.series", "a window of 0s contains nothing")
                .advise("write for example `series: 1s`");
        } else if duration.0 / window.0 > WINDOWS_MAX {
            let what = format!(
                "windows of {window} divide a run of {duration} into {} windows, and at most {} are allowed",
                duration.0 / window.0,
                Count(WINDOWS_MAX)
            );
            problems
                .error("output.series", what)
                .advise("use longer windows, or leave `series` out for about 600 windows");
        }
    }
    /// Returns the length of a window: as written, or a round length that yields at most 600
    /// windows.
    pub fn window(&self, duration: Span) -> Span {
        const ROUND_S: [u64; 13] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200];
        let least_s = duration.0 as f64 * 1e-9 / 600.0;
        let round = ROUND_S
            .iter()
            .map(|s| *s as f64)
            .find(|s| *s >= least_s)
            .unwrap_or((least_s / 86_400.0).ceil() * 86_400.0);
        self.series.unwrap_or(Span::from_seconds(round))
    }
}

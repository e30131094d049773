//! `run` and `output`: how long, how often, from which seed, and what is written.

use super::replications::{Replications, Warmup};
use crate::problem::Problems;
use crate::units::{Bytes, Count, Share, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Simulated time of a replication, warm-up included.
    #[serde(default = "ten_minutes")]
    pub duration: Span,
    /// Simulated time at the beginning that is not measured.
    #[serde(default)]
    pub warmup: Warmup,
    /// How many independent replications, or until when.
    #[serde(default)]
    pub replications: Replications,
    /// Where the random numbers start.
    #[serde(default = "one")]
    pub seed: u64,
    /// Confidence of the intervals.
    #[serde(default)]
    pub confidence: Confidence,
    /// Whether every replication is simulated twice, the second time with 1 − u for every u: the
    /// mean of the two errs less. Both count as one.
    #[serde(default, skip_serializing_if = "is_off")]
    pub antithetic: bool,
    /// Whether means are corrected by how many requests came and how much they asked for, against
    /// what was to be expected.
    #[serde(default, skip_serializing_if = "is_off")]
    pub control_variates: bool,
    /// Guards against a scenario that outgrows the machine.
    #[serde(default)]
    pub limits: Limits,
}

/// A confidence, in per cent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Confidence(pub Share);

impl Default for Confidence {
    fn default() -> Confidence {
        Confidence(Share { fraction: 0.95 })
    }
}

/// Guards; a run that reaches one ends with an error that names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests in flight at once.
    #[serde(default = "a_million")]
    pub in_flight: Count,
    /// Events in one replication.
    #[serde(default = "ten_thousand_million")]
    pub events: Count,
    /// What one replication and the results may keep in memory, as estimated before the run.
    #[serde(default = "four_gibibytes")]
    pub memory: Bytes,
}

/// What is written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Length of a window of the series; chosen for about 600 windows if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<Span>,
    /// Share of requests of which each is written to `requests.parquet`.
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

/// A run may have so many windows in its series: each keeps a number for every gauge until the
/// replication is written.
const WINDOWS_MAX: u64 = 100_000;
/// More slots than this do not fit an event.
const IN_FLIGHT_MAX: u64 = 100_000_000;

impl Run {
    pub(super) fn check(&self, problems: &mut Problems) {
        if self.duration == Span::ZERO {
            problems
                .error("run.duration", "a run of 0s simulates nothing")
                .advise("write for example `duration: 10m`");
        } else if self.warmup.span() >= self.duration {
            let what = format!(
                "the warm-up of {} leaves nothing of the {} to measure",
                self.warmup.span(),
                self.duration
            );
            problems
                .error("run.warmup", what)
                .advise("`duration` includes the warm-up; make it longer");
        }
        self.replications.check(problems);
        let confidence = self.confidence.0.fraction;
        if !(0.5..1.0).contains(&confidence) {
            problems.error(
                "run.confidence",
                format!("a confidence is from 50% to below 100%, not {}", self.confidence.0),
            );
        }
        if self.limits.in_flight.0 == 0 || self.limits.in_flight.0 > IN_FLIGHT_MAX {
            problems.error(
                "run.limits.in_flight",
                format!(
                    "the limit of requests in flight is 1 to {}, not {}",
                    Count(IN_FLIGHT_MAX),
                    self.limits.in_flight
                ),
            );
        }
        if self.limits.events.0 == 0 {
            problems
                .error("run.limits.events", "a run of 0 events simulates nothing")
                .advise("10G is the default");
        }
    }
}

impl Output {
    pub(super) fn check(&self, duration: Span, problems: &mut Problems) {
        let window = self.window(duration);
        if window == Span::ZERO {
            problems
                .error("output.series", "a window of 0s holds nothing")
                .advise("write for example `series: 1s`");
        } else if duration.0 / window.0 > WINDOWS_MAX {
            let what = format!(
                "windows of {window} in a run of {duration} are {} windows; at most {} are kept",
                duration.0 / window.0,
                Count(WINDOWS_MAX)
            );
            problems
                .error("output.series", what)
                .advise("write longer windows, or leave `series` out for about 600 of them");
        }
    }
    /// The length of a window: as written, or the round length that gives 600 windows at most.
    pub fn window(&self, duration: Span) -> Span {
        const ROUND_S: [u64; 13] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200];
        let wanted_s = duration.0 as f64 * 1e-9 / 600.0;
        let round = ROUND_S
            .iter()
            .map(|s| *s as f64)
            .find(|s| *s >= wanted_s)
            .unwrap_or((wanted_s / 86_400.0).ceil() * 86_400.0);
        self.series.unwrap_or(Span::from_seconds(round))
    }
}

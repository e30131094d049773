//! `good: { share: 99.9%, within: 400ms, window: 5m, burn_rate: 14 }`: the share of requests that
//! are good, as service levels are promised, and how fast the rest uses up the error budget.
//!
//! Law: `measure/good.rs`.

use super::Goal;
use crate::problem::Problems;
use crate::units::{Share, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A share of requests that must be good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Good {
    /// The lowest share of good requests.
    pub share: Share,
    /// A request is good if it is answered within this time; if not given, if it is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
    /// And if it waits for no longer than this: for cores, to be admitted, for memory, locks,
    /// connections and threads, with its calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Span>,
    /// The length of the windows of the burn rate; 5 minutes if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Span>,
    /// The highest burn rate of the worst window: its share of bad requests, relative to the share
    /// that is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burn_rate: Option<f64>,
}

/// What alerts on a fast burn usually look at.
const WINDOW: Span = Span(300_000_000_000);
/// More windows are probably a mistake.
const WINDOWS_MAX: u64 = 100_000;

impl Good {
    /// A share of requests that must be answered, in 0 to 1.
    pub fn new(share: f64) -> Good {
        Good { share: Share::new(share), within: None, waits: None, window: None, burn_rate: None }
    }
    /// Sets the time within which a good request is answered.
    #[must_use]
    pub fn within(mut self, span: impl Into<Span>) -> Good {
        self.within = Some(span.into());
        self
    }
    /// Sets how long a good request waits at most, in all lines together.
    ///
    /// ```
    /// use asyncflow::scenario::Good;
    /// use asyncflow::units::Span;
    ///
    /// let good = Good::new(0.99).waits(Span::from_seconds(0.02));
    /// assert_eq!(good.within, None);
    /// ```
    #[must_use]
    pub fn waits(mut self, span: impl Into<Span>) -> Good {
        self.waits = Some(span.into());
        self
    }
    /// Sets the highest burn rate of any window of this length.
    #[must_use]
    pub fn with_burn_rate(mut self, at_most: f64, window: impl Into<Span>) -> Good {
        (self.burn_rate, self.window) = (Some(at_most), Some(window.into()));
        self
    }
    /// Returns the share of bad requests that it allows, without the rounding of a difference:
    /// 0.001 of 99.9 %.
    pub(crate) fn allowed(&self) -> f64 {
        ((1.0 - self.share.fraction) * 1e12).round() / 1e12
    }
    /// Returns the length of its windows.
    pub(crate) fn window(&self) -> Span {
        self.window.unwrap_or(WINDOW)
    }
    pub(super) fn check(&self, path: &str, measured: Span, problems: &mut Problems) {
        let what = match self.share.fraction {
            share if share >= 1.0 => Some("100 % allows no bad request, so it has no error budget"),
            share if share <= 0.0 => Some("0 % promises nothing"),
            _ => None,
        };
        if let Some(what) = what {
            problems
                .error(format!("{path}.share"), what)
                .advise("write for example `share: 99.9%`");
        }
        if self.within == Some(Span::ZERO) {
            problems
                .error(format!("{path}.within"), "no request is answered within 0s")
                .advise("write for example `within: 400ms`");
        }
        if self.burn_rate.is_some_and(|rate| !(1e-3..=1e6).contains(&rate)) {
            problems
                .error(format!("{path}.burn_rate"), "a burn rate is a number from 0.001 to 1000000")
                .advise("write for example `burn_rate: 14`: that many times the allowed share of bad requests");
        }
        let most = 1.0 / self.allowed();
        if what.is_none() && self.burn_rate.is_some_and(|rate| rate >= most) {
            problems
                .error(
                    format!("{path}.burn_rate"),
                    format!(
                        "{} allows {} of bad requests: no burn rate is above {}",
                        self.share,
                        Share::new(self.allowed()),
                        (most * 1e3).round() / 1e3
                    ),
                )
                .advise("write a smaller one, or a higher `share`");
        }
        let window = self.window();
        let is_written = self.window.is_some() || self.burn_rate.is_some();
        if window == Span::ZERO || measured.0 / window.0.max(1) > WINDOWS_MAX {
            problems
                .error(format!("{path}.window"), format!("windows of {window} are too short"))
                .advise("write for example `window: 5m`");
        } else if is_written && measured < window {
            problems
                .warning(
                    path,
                    format!(
                        "the measured part of the run, {measured}, has no whole window of {window}"
                    ),
                )
                .advise("make `window` shorter, or `run.duration` longer");
        }
        if self.window.is_some() && self.burn_rate.is_none() {
            problems
                .warning(format!("{path}.window"), "without a `burn_rate`, windows change no goal")
                .advise(
                    "add for example `burn_rate: 14`, or look at `worst_burn_rate` in the results",
                );
        }
    }
    pub(super) fn goals(&self) -> impl Iterator<Item = Goal> {
        let allowed = self.allowed();
        let of = |words: &str, span: Option<Span>| {
            span.map_or(String::new(), |span| format!(" {words} {span}"))
        };
        let within = of("within", self.within) + &of("waiting at most", self.waits);
        let share = Goal::mean("bad_ratio", "good", allowed, "");
        let share = Goal { words: format!("good > {}{within}", self.share), ..share };
        let burn_rate = self.burn_rate.map(|bound| {
            let words = format!("burn rate < {bound} in every {}", self.window());
            Goal { words, ..Goal::mean("worst_burn_rate", "", bound, "") }
        });
        std::iter::once(share).chain(burn_rate)
    }
}

//! `diurnal`: a rate that rises and falls with the time of the day, or another period.
//!
//! Law: the factor 1 + A·cos(2π(t + start − peak)/period). With `peak_to_trough: r`, A is
//! (r − 1)/(r + 1), so that the highest rate is r times the lowest. Over whole periods its mean is
//! 1.
//! Checked: `tests/it/shapes.rs`.

use super::curve::Curve;
use super::shaped::Modulation;
use crate::problem::Problems;
use crate::units::{Factor, Share, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `diurnal: { amplitude: 60%, peak_at: 14h }`: the rate varies between 40 % and 160 %.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Diurnal {
    /// The length of a period; a day if not given.
    #[serde(default = "day")]
    pub period: Span,
    /// By how much the rate varies around its base, both up and down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amplitude: Option<Share>,
    /// In place of the amplitude: the highest rate, in multiples of the lowest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_to_trough: Option<Factor>,
    /// When in the period the rate is highest.
    #[serde(default)]
    pub peak_at: Span,
    /// When in the period the run begins.
    #[serde(default, skip_serializing_if = "Span::is_zero")]
    pub start_at: Span,
}

fn day() -> Span {
    Span(86_400_000_000_000)
}

/// The shortest period.
const PERIOD_MIN: Span = Span(1_000_000_000);

impl Diurnal {
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        match (self.amplitude, self.peak_to_trough) {
            (Some(_), None) => {}
            (None, Some(ratio)) if ratio.times >= 1.0 => {}
            (None, Some(ratio)) => {
                let what = format!("the highest rate cannot be {ratio} the lowest");
                problems
                    .error(format!("{path}.peak_to_trough"), what)
                    .advise("write a factor of at least `1x`");
            }
            (Some(_), Some(_)) => problems
                .error(path, "`diurnal` has either `amplitude` or `peak_to_trough`, not both")
                .advise("remove one of them"),
            (None, None) => problems
                .error(path, "`diurnal` does not say by how much the rate varies")
                .advise("add for example `amplitude: 60%`, or `peak_to_trough: 4x`"),
        }
        if self.period < PERIOD_MIN {
            let what = format!("a period of {} is shorter than {PERIOD_MIN}", self.period);
            problems
                .error(format!("{path}.period"), what)
                .advise("a rate that changes as fast is its mean: leave `diurnal` out");
        }
        for (key, moment) in [("peak_at", self.peak_at), ("start_at", self.start_at)] {
            if moment > self.period {
                let what = format!("{moment} is after the end of the period of {}", self.period);
                problems
                    .error(format!("{path}.{key}"), what)
                    .advise(format!("write a time from 0s to {}", self.period));
            }
        }
    }
    /// By how much the factor differs from 1, at most.
    pub(super) fn amplitude(&self) -> f64 {
        let of_ratio = self.peak_to_trough.map(|ratio| (ratio.times - 1.0) / (ratio.times + 1.0));
        self.amplitude.map(|share| share.fraction).or(of_ratio).unwrap_or(0.0)
    }
}

impl Modulation for Diurnal {
    fn curve(&self, _: f64) -> (Curve, f64) {
        let (amplitude, peak_s) =
            (self.amplitude(), self.peak_at.seconds() - self.start_at.seconds());
        match amplitude {
            0.0 => (Curve::level(1.0), f64::INFINITY),
            _ => {
                let period_s = self.period.seconds();
                (Curve::Cosine { amplitude, peak_s, period_s }, f64::INFINITY)
            }
        }
    }
    fn settles_s(&self, _: f64) -> Option<f64> {
        (self.amplitude() == 0.0).then_some(0.0)
    }
    fn period_s(&self) -> Option<(f64, f64)> {
        Some((self.period.seconds(), 1.0))
    }
    fn highest_s(&self, until_s: f64) -> Option<(f64, String)> {
        let period_s = self.period.seconds();
        let first = (self.peak_at.seconds() - self.start_at.seconds()).rem_euclid(period_s);
        // A run that ends before is the busier the closer it comes.
        let ends_higher = self.curve(0.0).0.at(until_s)[0] > self.curve(0.0).0.at(0.0)[0];
        let at_s = match first < until_s {
            true => first,
            false if ends_higher => until_s.next_down(),
            false => 0.0,
        };
        (self.amplitude() > 0.0).then(|| (at_s, "diurnal".to_string()))
    }
}

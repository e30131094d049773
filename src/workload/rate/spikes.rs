//! `spikes`: flash crowds.
//!
//! Law: a factor that rises from 1 to `peak` in a straight line, stays there for `hold`, and falls
//! back exponentially with the time constant `decay`, or at once. Spikes that overlap multiply.
//! Checked: `tests/it/shapes.rs`.

use super::curve::Curve;
use super::shaped::Modulation;
use crate::problem::Problems;
use crate::units::{Factor, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `spikes: [ { at: 70m, peak: 3x, rise: 30s, hold: 3m, decay: 2m } ]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spike {
    /// When the rate begins to change.
    pub at: Span,
    /// The rate at the peak, in multiples of what it would be without the spike.
    pub peak: Factor,
    /// The time from the beginning to the peak; a jump if not given.
    #[serde(default, skip_serializing_if = "Span::is_zero")]
    pub rise: Span,
    /// How long the peak lasts.
    #[serde(default, skip_serializing_if = "Span::is_zero")]
    pub hold: Span,
    /// The time constant of the fall: after it, 37 % of the excess is left; a jump if not given.
    #[serde(default, skip_serializing_if = "Span::is_zero")]
    pub decay: Span,
}

/// How many time constants a spike lasts as a phase of the run: 5 % of the excess is left then.
const CONSTANTS: u64 = 3;

/// A rate that differs by less from that without the spike counts as constant.
const NEARLY: f64 = 0.01;

/// The shortest time constant of a fall.
const DECAY_MIN: Span = Span(1_000_000);

impl Spike {
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        if self.rise == Span::ZERO && self.hold == Span::ZERO && self.decay == Span::ZERO {
            problems
                .error(path, "this spike has no duration")
                .advise("add `rise`, `hold` or `decay`, such as `hold: 3m`");
        }
        if self.decay != Span::ZERO && self.decay < DECAY_MIN {
            let what = format!("a fall with a time constant of {} is a jump", self.decay);
            problems
                .error(format!("{path}.decay"), what)
                .advise(format!("leave `decay` out, or write at least {DECAY_MIN}"));
        }
    }
    /// When it begins, when the peak is reached, when the rate begins to fall, and when 5 % of the
    /// excess is left.
    pub(crate) fn moments(&self) -> [Span; 4] {
        let after = |moment: Span, span: Span| Span(moment.0.saturating_add(span.0));
        let peak = after(self.at, self.rise);
        let falls = after(peak, self.hold);
        [self.at, peak, falls, after(falls, Span(self.decay.0.saturating_mul(CONSTANTS)))]
    }
    /// The same three moments that begin a part of it, and the end of the last, s.
    fn parts_s(&self) -> [f64; 4] {
        let [at, peak, falls, _] = self.moments().map(Span::seconds);
        let lasts_s = match self.decay {
            Span::ZERO => 0.0,
            decay => Curve::lasts_s(self.peak.times - 1.0, decay.seconds()),
        };
        [at, peak, falls, falls + lasts_s]
    }
}

impl Modulation for Spike {
    fn curve(&self, at_s: f64) -> (Curve, f64) {
        let ([at, peak, falls, ends], times) = (self.parts_s(), self.peak.times);
        match at_s {
            _ if at_s < at => (Curve::level(1.0), at),
            _ if at_s < peak => {
                (Curve::Line { value: 1.0, at_s: at, slope: (times - 1.0) / (peak - at) }, peak)
            }
            _ if at_s < falls => (Curve::level(times), falls),
            _ if at_s < ends => {
                let constant_s = self.decay.seconds();
                (Curve::Decay { excess: times - 1.0, from_s: falls, constant_s }, ends)
            }
            _ => (Curve::level(1.0), f64::INFINITY),
        }
    }
    fn settles_s(&self, until_s: f64) -> Option<f64> {
        let begins_s = self.at.seconds();
        let [_, _, falls, _] = self.moments();
        // Until the rate is within 1 % of what it would be without the spike.
        let constants = ((self.peak.times - 1.0).abs() / NEARLY).max(1.0).ln();
        let ends_s = falls.seconds() + constants * self.decay.seconds();
        match begins_s < until_s {
            false => Some(0.0),
            true => Some(ends_s).filter(|ends_s| *ends_s < until_s),
        }
    }
    fn highest_s(&self, until_s: f64) -> Option<(f64, String)> {
        let [_, peak, ..] = self.parts_s();
        (self.peak.times > 1.0).then(|| (peak.min(until_s.next_down()), "spikes".to_string()))
    }
}

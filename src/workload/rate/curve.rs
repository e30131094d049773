//! Curves: what the factors of a rate are, from one moment at which they change to the next.

use std::f64::consts::TAU;

/// A smooth piece of a factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Curve {
    /// A straight line: its value at a time, and its slope.
    Line { value: f64, at_s: f64, slope: f64 },
    /// 1 + amplitude·cos(2π(t − peak)/period).
    Cosine { amplitude: f64, peak_s: f64, period_s: f64 },
    /// 1 + excess·exp(−(t − from)/constant).
    Decay { excess: f64, from_s: f64, constant_s: f64 },
}

/// By how much the cubics of one period, or of one decay, may move an arrival, s.
const MOVED_S: f64 = 1e-10;

impl Curve {
    /// A constant.
    pub(super) const fn level(value: f64) -> Curve {
        Curve::Line { value, at_s: 0.0, slope: 0.0 }
    }
    /// Returns its value at a time, and its slope there, 1/s.
    pub(super) fn at(&self, t_s: f64) -> [f64; 2] {
        match *self {
            Curve::Line { value, at_s, slope } if slope != 0.0 => {
                [value + slope * (t_s - at_s), slope]
            }
            Curve::Line { value, .. } => [value, 0.0],
            Curve::Cosine { amplitude, peak_s, period_s } => {
                // The remainder first: the cosine of a large number has fewer digits.
                let (sin, cos) = (TAU * ((t_s - peak_s) / period_s).fract()).sin_cos();
                [1.0 + amplitude * cos, -amplitude * sin * TAU / period_s]
            }
            Curve::Decay { excess, from_s, constant_s } => {
                let left = excess * (-(t_s - from_s) / constant_s).exp();
                [1.0 + left, -left / constant_s]
            }
        }
    }
    /// Whether it is a straight line.
    pub(super) fn is_line(&self) -> bool {
        matches!(self, Curve::Line { .. })
    }
    /// Returns the length from a time on over which the cubic through both ends, with their slopes,
    /// is as good as the curve. The error of that cubic is at most h⁴/384·max|f⁗| (Hermite); over a
    /// period, or a decay, it may add up to [`MOVED_S`].
    pub(super) fn reach_s(&self, t_s: f64) -> f64 {
        match *self {
            Curve::Line { .. } => f64::INFINITY,
            Curve::Cosine { amplitude, period_s, .. } => {
                let scale_s = period_s / TAU;
                scale_s * (384.0 * MOVED_S / (amplitude * scale_s)).powf(0.25)
            }
            Curve::Decay { excess, from_s, constant_s } => {
                let left = (excess * (-(t_s - from_s) / constant_s).exp()).abs();
                constant_s * (384.0 * MOVED_S / (left * constant_s)).powf(0.25).min(1.0)
            }
        }
    }
    /// Returns how long a decay moves arrivals by more than [`MOVED_S`] in all.
    pub(super) fn lasts_s(excess: f64, constant_s: f64) -> f64 {
        constant_s * (excess.abs() * constant_s / MOVED_S).max(1.0).ln()
    }
}

//! Time-weighted gauges.
//!
//! Law: the mean of a gauge over a window is the integral of its value over time divided by the
//! window's length; the integral is exact, in whole units times whole nanoseconds. With the
//! sojourns it obeys Little's law exactly (Little 1961).
//!
//! The integral up to `t` of a value that changes by `d_i` at `t_i` is `value·t - Σ d_i·t_i`
//! (summation by parts), so a change only adds its time to a sum: no product, and no time of the
//! last change to keep.

use crate::units::Time;
use serde::{Deserialize, Serialize};

/// A value that changes in steps: a queue's length, bytes in use.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gauge {
    pub value: u64,
    max: u64,
    min: u64,
    /// Every change times the nanosecond it came at, summed. Modulo 2^128.
    moment: u128,
    /// The integral up to the beginning of the window.
    closed: u128,
}

/// What a gauge did in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Window {
    pub mean: f64,
    pub min: f64,
    pub max: f64,
    pub last: f64,
}

/// The mean of two replications' values; the other one where one is not known.
pub(crate) fn nan_mean(a: f64, b: f64) -> f64 {
    match (a.is_nan(), b.is_nan()) {
        (true, _) => b,
        (_, true) => a,
        _ => (a + b) / 2.0,
    }
}

impl Window {
    /// The window of two replications together. NaN of one is left out.
    pub(crate) fn with(&self, other: &Window) -> Window {
        Window {
            mean: nan_mean(self.mean, other.mean),
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            last: nan_mean(self.last, other.last),
        }
    }
}

/// What a gauge did in the whole measured part.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measured {
    /// Value times nanoseconds.
    pub area: u128,
    pub max: u64,
}

impl Gauge {
    /// A gauge with this value from the beginning of the run.
    pub(crate) fn from_the_start(value: u64) -> Gauge {
        Gauge { value, max: value, min: value, ..Gauge::default() }
    }
    pub(crate) fn set(&mut self, now: Time, value: u64) {
        match value >= self.value {
            true => self.add(now, value - self.value),
            false => self.subtract(now, self.value - value),
        }
    }
    #[inline(always)]
    pub(crate) fn add(&mut self, now: Time, amount: u64) {
        self.moment = self.moment.wrapping_add(amount as u128 * now.0 as u128);
        self.value += amount;
        self.max = self.max.max(self.value);
    }
    #[inline(always)]
    pub(crate) fn subtract(&mut self, now: Time, amount: u64) {
        self.moment = self.moment.wrapping_sub(amount as u128 * now.0 as u128);
        self.value -= amount;
        self.min = self.min.min(self.value);
    }
    /// The value integrated over time, from the beginning of the run; reading it changes nothing.
    pub(crate) fn integral(&self, now: Time) -> u128 {
        (self.value as u128 * now.0 as u128).wrapping_sub(self.moment)
    }
    /// Ends a window that began at `start`, adds it to the measured part if it belongs there, and
    /// begins the next.
    pub(crate) fn close(
        &mut self,
        start: Time,
        now: Time,
        measured: Option<&mut Measured>,
    ) -> Window {
        let integral = self.integral(now);
        let area = integral - self.closed;
        if let Some(measured) = measured {
            measured.area += area;
            measured.max = measured.max.max(self.max);
        }
        let length = (now - start).0.max(1) as f64;
        let window = Window {
            mean: area as f64 / length,
            min: self.min as f64,
            max: self.max as f64,
            last: self.value as f64,
        };
        self.closed = integral;
        self.max = self.value;
        self.min = self.value;
        window
    }
}

impl Measured {
    /// Time-weighted mean over a measured part of so many nanoseconds.
    pub(crate) fn mean(&self, length_ns: u64) -> f64 {
        self.area as f64 / length_ns.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_weighted_by_time() {
        // By hand: 0 for 10 ns, 3 for 20 ns, 1 for 10 ns: 70 / 40.
        let mut gauge = Gauge::default();
        let mut total = Measured::default();
        gauge.add(Time(10), 3);
        gauge.subtract(Time(30), 2);
        let window = gauge.close(Time(0), Time(40), Some(&mut total));
        assert_eq!(window, Window { mean: 1.75, min: 0.0, max: 3.0, last: 1.0 });
        assert_eq!((total.area, total.max), (70, 3));
        // The next window begins at the present value, so a dip inside it is seen.
        gauge.subtract(Time(41), 1);
        gauge.add(Time(42), 1);
        assert_eq!(
            gauge.close(Time(40), Time(50), None),
            Window { mean: 0.9, min: 0.0, max: 1.0, last: 1.0 }
        );
    }
}

//! Simulated time: whole nanoseconds (law 1 of the blueprint). Range 0 to 584 years.

use super::Quantity;
use super::written::{no_unit, shown, split, written_as_text};
use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter};
use std::ops::{Add, AddAssign, Sub};

/// A point in simulated time, whole nanoseconds since the start of a replication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(pub u64);

/// A length of simulated time, whole nanoseconds. Written `5ms`, `1.5s`, `10m`, `2h`, `7d`.
///
/// ```
/// use asyncflow::units::Span;
/// let timeout: Span = "800ms".parse().unwrap();
/// assert_eq!(timeout, Span::from_seconds(0.8));
/// assert_eq!(timeout.to_string(), "800ms");
/// assert!("800".parse::<Span>().is_err()); // no unit
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

/// Unit, nanoseconds in it, and how many decimals of it are printed at most.
const UNITS: [(&str, u64, usize); 7] = [
    ("d", 86_400_000_000_000, 0),
    ("h", 3_600_000_000_000, 0),
    ("m", 60_000_000_000, 0),
    ("s", 1_000_000_000, 3),
    ("ms", 1_000_000, 6),
    ("us", 1_000, 3),
    ("ns", 1, 0),
];

/// A quarter of what 64 bits hold, so that a few may be added.
const LONGEST: u128 = u64::MAX as u128 / 4;

impl Time {
    /// The start of a replication.
    pub const ZERO: Time = Time(0);
    /// Seconds since the start.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// The span nearest to so many seconds; negative becomes zero, too large becomes the largest.
    pub fn from_seconds(seconds: f64) -> Span {
        Span((seconds * 1e9).round() as u64)
    }
    /// Seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add<Span> for Time {
    type Output = Time;
    #[inline(always)]
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}
impl AddAssign<Span> for Span {
    #[inline(always)]
    fn add_assign(&mut self, other: Span) {
        self.0 += other.0;
    }
}
impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}
impl Sub for Time {
    type Output = Span;
    /// The span since an earlier time.
    #[inline(always)]
    fn sub(self, earlier: Time) -> Span {
        debug_assert!(self >= earlier, "time does not go back: {self:?} is before {earlier:?}");
        Span(self.0.wrapping_sub(earlier.0))
    }
}

impl Display for Span {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        for (unit, size, decimals) in UNITS {
            let finest = (size / 10u64.pow(decimals as u32)).max(1);
            if self.0 >= size && self.0.is_multiple_of(finest) {
                // In whole numbers, so that no digit is lost.
                let fraction = format!("{:0decimals$}", self.0 % size / finest);
                let fraction = fraction.trim_end_matches('0');
                let point = if fraction.is_empty() { "" } else { "." };
                return write!(f, "{}{point}{fraction}{unit}", self.0 / size);
            }
        }
        write!(f, "{}ns", self.0)
    }
}

impl std::str::FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Span, String> {
        let (number, unit) = split(text, "a duration such as `5ms`")?;
        if unit.is_empty() {
            return Self::from_bare(text);
        }
        let Some((_, size, _)) = UNITS.iter().find(|(name, ..)| *name == unit || (*name == "us" && unit == "µs")) else {
            return Err(format!("`{}` is not a unit of time\nhelp: the units are ns, us, ms, s, m (minutes), h, d", shown(unit)));
        };
        match number.times(*size) {
            Some((nanoseconds, _)) if nanoseconds <= LONGEST => Ok(Span(nanoseconds as u64)),
            _ => Err(format!("`{}` is longer than 146 years, the longest span", shown(text))),
        }
    }
}

impl Quantity for Span {
    const EXPECTING: &'static str = "a duration such as `5ms`";
    const WORD: &'static str = "Span";
    const BASE: &'static str = "ns";
    fn to_base(self) -> f64 {
        self.0 as f64
    }
    fn from_base(base: f64) -> Span {
        Span(base.round() as u64)
    }
    fn from_bare(number: &str) -> Result<Span, String> {
        Err(no_unit(number, &format!("`{number}ms` or `{number}s`"), Self::EXPECTING))
    }
}

written_as_text!(Span, "A duration with its unit: 250us, 5ms, 1.5s, 10m, 2h, 1d", r"^[0-9.]+ *(ns|us|µs|ms|s|m|h|d)$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_span_reads_back_as_the_same_span() {
        // Property over magnitudes from 1 ns to a week, by construction of Display.
        for ns in [
            1,
            999,
            1_000,
            1_234_567_891,
            2_000_000,
            1_500_000_000,
            90_000_000_000,
            600_000_000_000,
            86_400_000_000_000,
            604_800_000_000_001,
            9_007_199_254_740_993,
            4_611_686_018_427_387_903,
        ] {
            let text = Span(ns).to_string();
            assert_eq!(text.parse::<Span>(), Ok(Span(ns)), "{text}");
        }
        assert_eq!(Span(600_000_000_000).to_string(), "10m");
        assert_eq!(Span(1_500_000).to_string(), "1.5ms");
    }

    #[test]
    fn a_number_without_a_unit_is_refused_with_the_fix() {
        assert_eq!("5".parse::<Span>(), Err("`5` has no unit\nhelp: write `5ms` or `5s`".to_string()));
        assert!("5 sec".parse::<Span>().unwrap_err().contains("the units are"));
        assert!("-5ms".parse::<Span>().unwrap_err().contains("negative"));
        assert!("1e3s".parse::<Span>().is_err());
    }
}

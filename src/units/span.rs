//! Simulated time: whole nanoseconds (law 1 of ARCHITECTURE.md). Range 0 to 584 years.

use super::written::{is_zero, no_unit, shown, split, written_as_text};
use super::{Quantity, meant};
use crate::problem::Refusal;
use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter};
use std::ops::{Add, AddAssign, Sub};

/// A point in simulated time, whole nanoseconds since the start of a replication.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Time(pub u64);

/// A length of simulated time, whole nanoseconds. Written `5ms`, `1.5s`, `10m`, `1m30s`, `7d`.
///
/// ```
/// use asyncflow::units::Span;
/// let timeout: Span = "800ms".parse().unwrap();
/// assert_eq!(timeout, Span::from_seconds(0.8));
/// assert_eq!(timeout.to_string(), "800ms");
/// assert_eq!("800".parse::<Span>().unwrap_err().what, "`800` has no unit");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

/// Unit, its length in nanoseconds, and the maximum number of decimals printed in it.
const UNITS: [(&str, u64, usize); 7] = [
    ("d", 86_400_000_000_000, 0),
    ("h", 3_600_000_000_000, 0),
    ("m", 60_000_000_000, 0),
    ("s", 1_000_000_000, 3),
    ("ms", 1_000_000, 6),
    ("us", 1_000, 3),
    ("ns", 1, 0),
];

/// Other names of the units, in any letter case. Both characters for µ are accepted, the micro sign
/// (U+00B5) and the Greek letter.
const WORDS: [(&[&str], &str); 7] = [
    (&["day", "days"], "d"),
    (&["hr", "hrs", "hour", "hours"], "h"),
    (&["min", "mins", "minute", "minutes"], "m"),
    (&["sec", "secs", "second", "seconds"], "s"),
    (&["msec", "msecs", "millis", "millisecond", "milliseconds"], "ms"),
    (&["µs", "μs", "usec", "usecs", "micros", "microsecond", "microseconds"], "us"),
    (&["nsec", "nsecs", "nanos", "nanosecond", "nanoseconds"], "ns"),
];

/// A quarter of `u64::MAX` nanoseconds, so that a few spans can be added without overflow.
const LONGEST: u128 = u64::MAX as u128 / 4;

impl Time {
    /// The start of a replication.
    pub const ZERO: Time = Time(0);
    /// Returns the seconds since the start.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Span {
    /// The empty span.
    pub const ZERO: Span = Span(0);
    /// Returns the span nearest to a number of seconds; negative becomes zero, too large saturates.
    pub fn from_seconds(seconds: f64) -> Span {
        Span((seconds * 1e9).round() as u64)
    }
    /// Returns the length in seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
    /// Whether it is empty: what serde leaves out.
    pub(crate) fn is_zero(&self) -> bool {
        *self == Span::ZERO
    }
    /// Returns a bare number of units, to the nearest nanosecond; `None` if the text is none, or
    /// the span too long.
    pub(crate) fn of_units(text: &str, unit: Span) -> Option<Span> {
        let (number, rest) = split::<Span>(text).ok()?;
        let (ns, _) = number.times(unit.0).filter(|_| rest.is_empty())?;
        Some(Span(u64::try_from(ns).ok().filter(|ns| u128::from(*ns) <= LONGEST)?))
    }
}

impl From<std::time::Duration> for Span {
    /// Converts the duration; a longer one becomes the longest span, 146 years.
    fn from(duration: std::time::Duration) -> Span {
        Span(u64::try_from(duration.as_nanos().min(LONGEST)).unwrap_or(u64::MAX))
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
    type Err = Refusal;
    fn from_str(text: &str) -> Result<Span, Refusal> {
        meant::or_line(text, read(text))
    }
}

/// One number and its unit, or several from the largest unit down: `1m30s`, `2h 30m`.
fn read(text: &str) -> Result<Span, Refusal> {
    let (mut sum, mut last, mut rest) = (0u128, u64::MAX, text.trim());
    while !rest.is_empty() || last == u64::MAX {
        let (number, behind) = split::<Span>(rest)?;
        let end = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, next) = (behind[..end].trim(), &behind[end..]);
        if unit.is_empty() {
            // A bare zero is zero in every unit; after other units (`1m0`) it needs a unit.
            return match UNITS.iter().find(|(_, size, _)| *size < last) {
                _ if last == u64::MAX => Span::from_bare(rest),
                Some((next, ..)) => Err(Refusal::new(format!("`{}` has no unit", shown(rest)))
                    .help(format!("write `{}{next}`", shown(text.trim())))),
                None => Err(bare_number_error(rest)),
            };
        }
        let size = size_of(unit)?;
        if size >= last {
            let what = format!("the units of `{}` are not in descending order", shown(text));
            return Err(Refusal::new(what).help("write for example `1m30s`"));
        }
        let Some((nanoseconds, _)) = number.times(size) else { return Err(too_long(text)) };
        (sum, last, rest) = (sum.saturating_add(nanoseconds), size, next);
    }
    if sum <= LONGEST { Ok(Span(sum as u64)) } else { Err(too_long(text)) }
}

fn bare_number_error(number: &str) -> Refusal {
    no_unit(number, &format!("`{number}ms` or `{number}s`"), Span::EXPECTING)
}

fn too_long(text: &str) -> Refusal {
    Refusal::new(format!("`{}` is longer than 146 years, the maximum", shown(text)))
}

/// Returns the nanoseconds in a unit.
fn size_of(unit: &str) -> Result<u64, Refusal> {
    if let Some((_, size, _)) = UNITS.iter().find(|(name, ..)| *name == unit) {
        return Ok(*size);
    }
    let lower = unit.to_lowercase();
    if let Some((_, symbol)) = WORDS.iter().find(|(words, _)| words.contains(&lower.as_str())) {
        return size_of(symbol);
    }
    let help = match lower.as_str() {
        "m" => {
            "`m` is minutes; months have no fixed length, so write days, as in `30d`".to_string()
        }
        "mo" | "month" | "months" | "y" | "yr" | "year" | "years" => {
            "months and years have no fixed length: write days, as in `30d`".to_string()
        }
        "w" | "week" | "weeks" => "write days: a week is `7d`".to_string(),
        symbol if UNITS.iter().any(|(name, ..)| *name == symbol) => {
            format!("write the unit as `{symbol}`")
        }
        _ => "the units are ns, us, ms, s, m (minutes), h, d".to_string(),
    };
    Err(Refusal::new(format!("`{}` is not a unit of time", shown(unit))).help(help))
}

impl Quantity for Span {
    const EXPECTING: &'static str = "a duration such as `5ms`";
    const EXAMPLE: &'static str = "5ms";
    const WORD: &'static str = "Span";
    const LARGEST: &'static str = "146 years";
    const BASE: &'static str = "ns";
    fn to_base(self) -> f64 {
        self.0 as f64
    }
    fn from_base(base: f64) -> Span {
        Span(base.round() as u64)
    }
    fn from_bare(number: &str) -> Result<Span, Refusal> {
        if is_zero(number) {
            return Ok(Span::ZERO);
        }
        Err(bare_number_error(number))
    }
}

written_as_text!(
    Span,
    "A duration with its unit: 250us, 5ms, 1.5s, 1m30s, 2h, 1d",
    r"^ *[0-9][0-9._]* *[A-Za-zµμ]+( *[0-9][0-9._]* *[A-Za-zµμ]+)* *$"
);

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
    fn a_number_without_a_unit_is_rejected_with_the_fix() {
        assert_eq!(
            "5".parse::<Span>(),
            Err(Refusal::new("`5` has no unit").help("write `5ms` or `5s`"))
        );
        assert!("5 parsec".parse::<Span>().unwrap_err().to_string().contains("the units are"));
        assert!("-5ms".parse::<Span>().unwrap_err().what.contains("negative"));
        assert!("1e3s".parse::<Span>().is_err());
    }

    #[test]
    fn a_span_of_several_units_is_their_sum() {
        // By hand, in nanoseconds; Go and Prometheus write these.
        let ns = |text: &str| text.parse::<Span>().unwrap().0;
        assert_eq!(
            (ns("1m30s"), ns("5m0s"), ns("1h 30m")),
            (90_000_000_000, 300_000_000_000, 5_400_000_000_000)
        );
        assert_eq!(
            (ns("1d2h3m4s5ms6us7ns"), ns("1 min 30 sec")),
            (93_784_005_006_007, 90_000_000_000)
        );
        assert_eq!(
            (ns("5µs"), ns("5μs"), ns("1_000ms"), ns("2 Hours")),
            (5_000, 5_000, 1_000_000_000, 7_200_000_000_000)
        );
        for (text, help) in [
            ("30s1m", "are not in descending order"),
            ("1m1m", "are not in descending order"),
            ("1m30", "`30` has no unit"),
            ("5MS", "write the unit as `ms`"),
            ("5M", "months have no fixed length"),
            ("1w", "a week is `7d`"),
        ] {
            let refused = text.parse::<Span>().unwrap_err().to_string();
            assert!(refused.contains(help), "{text}: {refused}");
        }
    }
}

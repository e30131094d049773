//! Rates: how many of something in a second, a minute or an hour.

use super::Quantity;
use super::written::{no_unit, shown, split, trimmed, written_as_text};
use std::fmt::{Display, Formatter};

/// A rate. Written `150/s`, `12k/min`, `3600/h`; kept as a number a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Rate {
    /// How many a second.
    pub per_second: f64,
}

const PERIODS: [(&str, f64); 3] = [("/s", 1.0), ("/min", 60.0), ("/h", 3600.0)];

impl Rate {
    /// So many a second.
    pub fn per_second(per_second: f64) -> Rate {
        Rate { per_second }
    }
}

impl Display for Rate {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        for (period, seconds) in PERIODS {
            let short = trimmed(self.per_second * seconds, 3);
            if short.parse::<f64>().is_ok_and(|n| n / seconds == self.per_second) {
                return write!(f, "{short}{period}");
            }
        }
        write!(f, "{}/s", self.per_second)
    }
}

impl std::str::FromStr for Rate {
    type Err = String;
    fn from_str(text: &str) -> Result<Rate, String> {
        let (number, rest) = split(text, "a rate such as `150/s`")?;
        let (thousands, period) = match rest.as_bytes().first() {
            Some(b'k') => (1e3, &rest[1..]),
            Some(b'M') => (1e6, &rest[1..]),
            _ => (1.0, rest),
        };
        if period.is_empty() {
            return Self::from_bare(text);
        }
        let Some((_, seconds)) = PERIODS.iter().find(|(name, _)| *name == period) else {
            let help = "the units are /s, /min and /h, as in `150/s` or `12k/min`";
            return Err(format!("`{}` is not a unit of rate\nhelp: {help}", shown(period)));
        };
        let per_second = number.value * thousands / seconds;
        if per_second > 1e9 {
            return Err(format!("`{}` is more than 10^9 a second, the highest rate", shown(text)));
        }
        Ok(Rate { per_second })
    }
}

impl Quantity for Rate {
    const EXPECTING: &'static str = "a rate such as `150/s`";
    const WORD: &'static str = "Rate";
    fn to_base(self) -> f64 {
        self.per_second
    }
    fn from_base(base: f64) -> Rate {
        Rate { per_second: base.max(0.0) }
    }
    fn from_bare(number: &str) -> Result<Rate, String> {
        Err(no_unit(number, &format!("`{number}/s` or `{number}/min`"), Self::EXPECTING))
    }
}

written_as_text!(Rate, "A rate with its unit: 150/s, 12k/min, 3600/h", r"^[0-9.]+[kM]?/(s|min|h)$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_rate_reads_back_as_the_same_rate() {
        for (text, per_second) in [("150/s", 150.0), ("20/min", 20.0 / 60.0), ("7/h", 7.0 / 3600.0)] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(rate.per_second, per_second);
            assert_eq!(rate.to_string(), text);
        }
        assert_eq!("12k/min".parse::<Rate>().unwrap().to_string(), "200/s");
    }
}

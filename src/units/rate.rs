//! Rates: events per second, minute, hour or any other period.

use super::written::{is_zero, no_unit, shown, split, trimmed, written_as_text};
use super::{Quantity, Span, meant};
use crate::problem::Refusal;
use std::fmt::{Display, Formatter};

/// A rate. Written `150/s`, `12k/min`, `3600/h`, `100 rps`; stored per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Rate {
    /// Events per second.
    pub per_second: f64,
}

const PERIODS: [(&str, f64); 3] = [("/s", 1.0), ("/min", 60.0), ("/h", 3600.0)];

impl Rate {
    /// Creates a rate from events per second.
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
    type Err = Refusal;
    fn from_str(text: &str) -> Result<Rate, Refusal> {
        meant::or_line(text, read(text))
    }
}

/// Nouns that are accepted and ignored: `100 req/s` is `100/s`.
const COUNTED: [&str; 31] = [
    "r",
    "req",
    "reqs",
    "request",
    "requests",
    "rq",
    "q",
    "query",
    "queries",
    "call",
    "calls",
    "event",
    "events",
    "msg",
    "msgs",
    "message",
    "messages",
    "job",
    "jobs",
    "op",
    "ops",
    "tx",
    "transaction",
    "transactions",
    "user",
    "users",
    "hit",
    "hits",
    "arrivals",
    "iterations",
    "times",
];

/// Units that include their period, and its length in seconds.
const TOGETHER: [(&str, f64); 10] = [
    ("rps", 1.0),
    ("qps", 1.0),
    ("tps", 1.0),
    ("hz", 1.0),
    ("rpm", 60.0),
    ("qpm", 60.0),
    ("tpm", 60.0),
    ("rph", 3600.0),
    ("/min", 60.0),
    ("/h", 3600.0),
];

fn read(text: &str) -> Result<Rate, Refusal> {
    if let Some(gap) = text
        .trim()
        .strip_prefix("every ")
        .and_then(|gap| gap.parse::<Span>().ok())
        .filter(|gap| *gap > Span::ZERO)
    {
        return Err(is_a_duration(text, gap));
    }
    let (number, rest) = split::<Rate>(text)?;
    if rest.is_empty() {
        return Rate::from_bare(text.trim());
    }
    let thousand = rest.strip_prefix(['k', 'K']).map(|rest| (1e3, rest));
    let prefixed = thousand.or_else(|| rest.strip_prefix('M').map(|rest| (1e6, rest)));
    let plain = seconds_of(rest).map(|seconds| (1.0, seconds));
    let scale = plain
        .or_else(|| prefixed.and_then(|(times, rest)| Some((times, seconds_of(rest.trim())?))));
    let Some((multiplier, seconds)) = scale else {
        if let Some(gap) = text.parse::<Span>().ok().filter(|gap| *gap > Span::ZERO) {
            return Err(is_a_duration(text, gap));
        }
        if let Some((_, "")) = prefixed {
            return Rate::from_bare(text.trim());
        }
        let help = "the units are /s, /min and /h, as in `150/s` or `12k/min`";
        return Err(Refusal::new(format!("`{}` is not a unit of rate", shown(rest))).help(help));
    };
    let per_second = number.value * multiplier / seconds;
    if per_second > 1e9 {
        let what = format!("`{}` is more than 10^9 per second, the maximum", shown(text));
        return Err(Refusal::new(what));
    }
    Ok(Rate { per_second })
}

fn is_a_duration(text: &str, gap: Span) -> Refusal {
    Refusal::new(format!("`{}` is a duration", shown(text.trim())))
        .help(format!("one every {gap} is `1/{gap}`"))
}

/// Returns the length in seconds of the period in a unit of rate: `/s`, `req/min`, `requests per
/// hour`, `rps`, `/10s`.
fn seconds_of(unit: &str) -> Option<f64> {
    let lower = unit.to_lowercase();
    if let Some((_, seconds)) = TOGETHER.iter().find(|(word, _)| *word == lower) {
        return Some(*seconds);
    }
    let padded = format!(" {unit}");
    let (counted, period) = unit
        .split_once('/')
        .or_else(|| padded.split_once(" per "))
        .or_else(|| padded.split_once(" a "))?;
    let (counted, period) = (counted.trim().to_lowercase(), period.trim());
    if !(counted.is_empty() || COUNTED.contains(&counted.as_str())) || period.is_empty() {
        return None;
    }
    let one = if period.starts_with(|c: char| c.is_ascii_digit()) {
        period.to_string()
    } else {
        format!("1{period}")
    };
    one.parse::<Span>().ok().filter(|period| *period > Span::ZERO).map(Span::seconds)
}

impl Quantity for Rate {
    const EXPECTING: &'static str = "a rate such as `150/s`";
    const EXAMPLE: &'static str = "150/s";
    const WORD: &'static str = "Rate";
    const LARGEST: &'static str = "10^9/s";
    fn to_base(self) -> f64 {
        self.per_second
    }
    fn from_base(base: f64) -> Rate {
        Rate { per_second: base.max(0.0) }
    }
    fn from_bare(number: &str) -> Result<Rate, Refusal> {
        if is_zero(number) {
            return Ok(Rate { per_second: 0.0 });
        }
        Err(no_unit(number, &format!("`{number}/s` or `{number}/min`"), Self::EXPECTING))
    }
}

written_as_text!(
    Rate,
    "A rate with its unit: 150/s, 12k/min, 3600/h",
    r"^ *[0-9][0-9._]* *[kKM]? *([A-Za-z]*( +(per|a) +|/) *[0-9A-Za-z]+|[A-Za-z]{2,3}) *$"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_rate_reads_back_as_the_same_rate() {
        for (text, per_second) in [("150/s", 150.0), ("20/min", 20.0 / 60.0), ("7/h", 7.0 / 3600.0)]
        {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(rate.per_second, per_second);
            assert_eq!(rate.to_string(), text);
        }
        assert_eq!("12k/min".parse::<Rate>().unwrap().to_string(), "200/s");
    }

    #[test]
    fn rates_in_the_notation_of_other_tools_are_read() {
        // By hand, per second.
        for (text, per_second) in [
            ("100 rps", 100.0),
            ("100 req/s", 100.0),
            ("100qps", 100.0),
            ("100/sec", 100.0),
            ("60 rpm", 1.0),
            ("60/minute", 1.0),
            ("10Hz", 10.0),
            ("86400/day", 1.0),
            ("1K/s", 1000.0),
            ("1.5k rps", 1500.0),
            ("1_000/s", 1000.0),
            ("100 requests per second", 100.0),
            ("5 a minute", 5.0 / 60.0),
            ("100/10s", 10.0),
            ("1/1m30s", 1.0 / 90.0),
        ] {
            assert_eq!(text.parse::<Rate>().unwrap().per_second, per_second, "{text}");
        }
        assert_eq!(
            "5s".parse::<Rate>().unwrap_err(),
            Refusal::new("`5s` is a duration").help("one every 5s is `1/5s`")
        );
        let refusal = "100 bananas".parse::<Rate>().unwrap_err();
        assert!(refusal.to_string().contains("the units are /s"));
        assert!("100/0s".parse::<Rate>().is_err());
    }
}

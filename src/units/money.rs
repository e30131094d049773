//! Money: the cost of an instance per hour.

use super::Quantity;
use super::written::{no_unit, shown, split, written_as_text};
use std::fmt::{Display, Formatter};

/// A price per hour. Written `$0.17/h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Money {
    /// US dollars per hour.
    pub dollars_per_hour: f64,
}

impl Display for Money {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        write!(f, "${}/h", self.dollars_per_hour)
    }
}

impl std::str::FromStr for Money {
    type Err = String;
    fn from_str(text: &str) -> Result<Money, String> {
        let trimmed = text.trim();
        let Some(rest) = trimmed.strip_prefix('$') else {
            let help = match split(trimmed, Self::EXPECTING) {
                Ok((_, unit))
                    if unit.starts_with(['$', '/']) || unit.to_lowercase().starts_with("usd") =>
                {
                    let number = trimmed.trim_end_matches(|c: char| !c.is_ascii_digit());
                    match number.parse::<f64>() {
                        Ok(_) => format!("write `${number}/h` if it is a price per hour"),
                        Err(_) => format!("write {}", Self::EXPECTING),
                    }
                }
                _ if trimmed.contains(['€', '£']) => {
                    "prices are in dollars per hour, as in `$0.17/h`; convert other currencies"
                        .to_string()
                }
                _ => format!("write {}", Self::EXPECTING),
            };
            return Err(format!("`{}` is not a price\nhelp: {help}", shown(text)));
        };
        let (number, period) = split(rest, Self::EXPECTING)?;
        match period.strip_prefix('/').or_else(|| period.strip_prefix("per ")).map(str::trim) {
            Some("h" | "hr" | "hour") if number.value <= 1e9 => {
                Ok(Money { dollars_per_hour: number.value })
            }
            Some("h" | "hr" | "hour") => {
                Err(format!("`{}` is more than $10^9 per hour, the maximum", shown(text)))
            }
            Some("month" | "mo") => {
                let hourly = (number.value / 730.0 * 1e6).round() / 1e6;
                Err(format!(
                    "`{}` is not a price per hour\nhelp: write `${hourly}/h`, with 730 hours in a month",
                    shown(text)
                ))
            }
            Some("req" | "request" | "requests" | "call") => {
                let help = "prices per request are not modelled: a price is the cost of an instance per hour, as in `$0.17/h`";
                Err(format!("`{}` is not a price per hour\nhelp: {help}", shown(text)))
            }
            None if period.is_empty() => {
                Err(format!("`{0}` has no period\nhelp: write `{0}/h`", shown(trimmed)))
            }
            _ => Err(format!(
                "`{}` is not a price per hour\nhelp: write {}",
                shown(text),
                Self::EXPECTING
            )),
        }
    }
}

impl Quantity for Money {
    const EXPECTING: &'static str = "a price such as `$0.17/h`";
    const WORD: &'static str = "Money";
    fn to_base(self) -> f64 {
        self.dollars_per_hour
    }
    fn from_base(base: f64) -> Money {
        Money { dollars_per_hour: base }
    }
    fn from_bare(number: &str) -> Result<Money, String> {
        Err(no_unit(number, &format!("`${number}/h`"), Self::EXPECTING))
    }
}

written_as_text!(
    Money,
    "A price per hour: $0.17/h",
    r"^ *\$ *[0-9.][0-9._]* *(/|per) *(h|hr|hour) *$"
);

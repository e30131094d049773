//! Money: the cost of an instance per hour.

use super::Quantity;
use super::written::{no_unit, shown, split, written_as_text};
use crate::problem::Refusal;
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
    type Err = Refusal;
    fn from_str(text: &str) -> Result<Money, Refusal> {
        let trimmed = text.trim();
        let Some(rest) = trimmed.strip_prefix('$') else {
            let help = match split::<Money>(trimmed) {
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
            return Err(Refusal::new(format!("`{}` is not a price", shown(text))).help(help));
        };
        let (number, period) = split::<Money>(rest)?;
        let refusal = || Refusal::new(format!("`{}` is not a price per hour", shown(text)));
        match period.strip_prefix('/').or_else(|| period.strip_prefix("per ")).map(str::trim) {
            Some("h" | "hr" | "hour") if number.value <= 1e9 => {
                Ok(Money { dollars_per_hour: number.value })
            }
            Some("h" | "hr" | "hour") => {
                let what = format!("`{}` is more than $10^9 per hour, the maximum", shown(text));
                Err(Refusal::new(what))
            }
            Some("month" | "mo") => {
                let hourly = (number.value / 730.0 * 1e6).round() / 1e6;
                Err(refusal().help(format!("write `${hourly}/h`, with 730 hours in a month")))
            }
            Some("req" | "request" | "requests" | "call") => {
                let help = "prices per request are not modelled: a price is the cost of an instance per hour, as in `$0.17/h`";
                Err(refusal().help(help))
            }
            None if period.is_empty() => {
                let written = shown(trimmed);
                Err(Refusal::new(format!("`{written}` has no period"))
                    .help(format!("write `{written}/h`")))
            }
            _ => Err(refusal().help(format!("write {}", Self::EXPECTING))),
        }
    }
}

impl Quantity for Money {
    const EXPECTING: &'static str = "a price such as `$0.17/h`";
    const EXAMPLE: &'static str = "$0.17/h";
    const WORD: &'static str = "Money";
    const LARGEST: &'static str = "$10^9/h";
    fn to_base(self) -> f64 {
        self.dollars_per_hour
    }
    fn from_base(base: f64) -> Money {
        Money { dollars_per_hour: base }
    }
    fn from_bare(number: &str) -> Result<Money, Refusal> {
        Err(no_unit(number, &format!("`${number}/h`"), Self::EXPECTING))
    }
}

written_as_text!(
    Money,
    "A price per hour: $0.17/h",
    r"^ *\$ *[0-9.][0-9._]* *(/|per) *(h|hr|hour) *$"
);

//! Money: what an instance costs an hour.

use super::Quantity;
use super::written::{no_unit, shown, split, written_as_text};
use std::fmt::{Display, Formatter};

/// A price an hour. Written `$0.17/h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Money {
    /// Dollars an hour.
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
        let Some(rest) = text.trim().strip_prefix('$') else {
            return Err(format!("`{}` is not a price\nhelp: write {}", shown(text), Self::EXPECTING));
        };
        match split(rest, Self::EXPECTING)? {
            (number, "/h") if number.value <= 1e9 => Ok(Money { dollars_per_hour: number.value }),
            (_, "/h") => Err(format!("`{}` is more than $10^9 an hour, the highest price", shown(text))),
            (_, "") => Err(format!("`{0}` does not say for how long\nhelp: write `{0}/h`", shown(text.trim()))),
            _ => Err(format!("`{}` is not a price an hour\nhelp: write {}", shown(text), Self::EXPECTING)),
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

written_as_text!(Money, "A price an hour: $0.17/h", r"^\$[0-9.]+/h$");

//! Money: what an instance costs an hour.

use super::Quantity;
use super::written::{no_unit, split, written_as_text};
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
            return Err(format!("`{text}` is not a price\nhelp: write {}", Self::EXPECTING));
        };
        match split(rest, Self::EXPECTING)? {
            (dollars_per_hour, "/h") => Ok(Money { dollars_per_hour }),
            _ => Err(format!("`{text}` does not say for how long\nhelp: write `{}/h`", text.trim())),
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
        Err(no_unit(number, &format!("`${number}/h`")))
    }
}

written_as_text!(Money, "A price an hour: $0.17/h", r"^\$[0-9.]+/h$");

//! Factors: multipliers without a unit, written with `x`.

use super::written::{no_unit, shown, split, written_as_text};
use super::{Quantity, meant};
use crate::problem::Refusal;
use std::fmt::{Display, Formatter};

/// A factor. Written `4x`, `0.5x`; more than 0, at most 10^6.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Factor {
    /// The multiplier.
    pub times: f64,
}

impl Factor {
    /// Creates a factor of more than 0 and at most 10^6; the scenario's check refuses any other.
    pub fn new(times: f64) -> Factor {
        Factor { times }
    }
}

impl Default for Factor {
    fn default() -> Factor {
        Factor { times: 1.0 }
    }
}

impl Display for Factor {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        write!(f, "{}x", self.times)
    }
}

impl std::str::FromStr for Factor {
    type Err = Refusal;
    fn from_str(text: &str) -> Result<Factor, Refusal> {
        if let Some(number) = text
            .trim()
            .strip_prefix(['x', 'X', '×'])
            .map(str::trim)
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        {
            return Err(Refusal::new(format!("`{}` begins with its unit", shown(text)))
                .help(format!("write `{number}x`")));
        }
        let (number, unit) = split::<Factor>(text)?;
        let times = number.value;
        match unit {
            "" => Self::from_bare(text),
            "x" | "X" | "×" | "times" if times > 0.0 && times <= 1e6 => Ok(Factor { times }),
            "x" | "X" | "×" | "times" => Err(Refusal::new(format!(
                "`{}` is out of range: a factor is more than 0x and at most 1000000x",
                shown(text)
            ))),
            "%" if times > 0.0 && times <= 1e8 => {
                let help = format!("write `{}x` for {times}% of the value", times / 100.0);
                Err(Refusal::new(format!("`{}` is not a factor", shown(text))).help(help))
            }
            _ => {
                let refusal = Refusal::new(format!("`{}` is not a factor", shown(text)));
                meant::or_line(text, Err(refusal.help("write it as `4x`")))
            }
        }
    }
}

impl Quantity for Factor {
    const EXPECTING: &'static str = "a factor such as `4x`";
    const EXAMPLE: &'static str = "4x";
    const WORD: &'static str = "Factor";
    const LARGEST: &'static str = "1000000x";
    fn to_base(self) -> f64 {
        self.times
    }
    fn from_base(base: f64) -> Factor {
        Factor { times: base }
    }
    fn from_bare(number: &str) -> Result<Factor, Refusal> {
        Err(no_unit(number, &format!("`{number}x`"), Self::EXPECTING))
    }
}

written_as_text!(Factor, "A factor: 4x, 0.5x", r"^ *[0-9.][0-9._]* *(x|X|×|times) *$");

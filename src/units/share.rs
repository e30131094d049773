//! Shares and probabilities: always in per cent, 0 % to 100 %.

use super::Quantity;
use super::written::{no_unit, split, written_as_text};
use std::fmt::{Display, Formatter};

/// A share of a whole. Written `0.5%`; kept as a fraction in 0 ..= 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Share {
    /// The fraction, in 0 ..= 1.
    pub fraction: f64,
}

impl Display for Share {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        let percent = (self.fraction * 100.0 * 1e9).round() / 1e9;
        match percent / 100.0 == self.fraction {
            true => write!(f, "{percent}%"),
            false => write!(f, "{}%", self.fraction * 100.0),
        }
    }
}

impl std::str::FromStr for Share {
    type Err = String;
    fn from_str(text: &str) -> Result<Share, String> {
        let (number, unit) = split(text, "a share such as `0.5%`")?;
        if unit.is_empty() {
            return Self::from_bare(text);
        }
        if unit != "%" {
            return Err(format!("`{text}` is not a share\nhelp: shares and probabilities are written in per cent, as in `0.5%`"));
        }
        if number > 100.0 {
            return Err(format!("`{text}` is more than 100%"));
        }
        Ok(Share { fraction: number / 100.0 })
    }
}

impl Quantity for Share {
    const EXPECTING: &'static str = "a share such as `0.5%`";
    const WORD: &'static str = "Share";
    fn to_base(self) -> f64 {
        self.fraction
    }
    fn from_base(base: f64) -> Share {
        Share { fraction: base.clamp(0.0, 1.0) }
    }
    fn from_bare(number: &str) -> Result<Share, String> {
        match number.parse::<f64>() {
            Ok(n) if n.is_finite() && (0.0..=1.0).contains(&n) => {
                Err(no_unit(number, &format!("`{}%` if you mean a probability of {n}", n * 100.0)))
            }
            _ => Err(no_unit(number, &format!("`{number}%`"))),
        }
    }
}

written_as_text!(Share, "A share or probability in per cent: 0.5%, 30%", r"^[0-9.]+ *%$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_share_reads_back_as_the_same_share() {
        for text in ["0.1%", "30%", "99.9%", "0.01%", "33.3%", "100%", "0%"] {
            assert_eq!(text.parse::<Share>().unwrap().to_string(), text);
        }
        assert!("0.3".parse::<Share>().unwrap_err().contains("`30%`"));
        assert!("130%".parse::<Share>().is_err());
    }
}

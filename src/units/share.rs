//! Shares and probabilities, always written in per cent, 0 % to 100 %.

use super::written::{no_unit, shown, split, written_as_text};
use super::{Quantity, meant};
use crate::problem::Refusal;
use std::fmt::{Display, Formatter};

/// A share of a whole. Written `0.5%`; stored as a fraction in 0 ..= 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Share {
    /// The fraction, in 0 ..= 1.
    pub fraction: f64,
}

impl Share {
    /// Creates a share from a fraction in 0 ..= 1; the scenario's check refuses any other.
    pub fn new(fraction: f64) -> Share {
        Share { fraction }
    }
}

impl Display for Share {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        // The shortest text that reads back as the same share; the product is rounded, so a
        // neighbour of it may be the right one.
        let percent = self.fraction * 100.0;
        let candidates =
            [(percent * 1e9).round() / 1e9, percent, percent.next_down(), percent.next_up()];
        let found = candidates.into_iter().find(|percent| percent / 100.0 == self.fraction);
        write!(f, "{}%", found.unwrap_or(percent))
    }
}

impl std::str::FromStr for Share {
    type Err = Refusal;
    fn from_str(text: &str) -> Result<Share, Refusal> {
        let (number, unit) = split::<Share>(text)?;
        if unit.is_empty() {
            return Self::from_bare(text);
        }
        if !["%", "percent", "pct", "per cent"].contains(&unit) {
            let whole = ["/", "in ", "of ", "out of "]
                .iter()
                .find_map(|sign| unit.strip_prefix(sign)?.trim().parse::<f64>().ok());
            let share = whole
                .map(|whole| number.value / whole)
                .filter(|share| (0.0..=1.0).contains(share))
                .map(|fraction| Share { fraction });
            let help = match share {
                Some(share) => format!("write `{share}`"),
                None if unit == "‰" && number.value <= 1000.0 => {
                    format!("write `{}`", Share { fraction: number.value / 1000.0 })
                }
                None => {
                    "shares and probabilities are written in per cent, as in `0.5%`".to_string()
                }
            };
            let refusal = Refusal::new(format!("`{}` is not a share", shown(text))).help(help);
            return meant::or_line(text, Err(refusal));
        }
        if number.value > 100.0 {
            return Err(Refusal::new(format!("`{}` is more than 100%", shown(text)))
                .help("a share is from 0% to 100%"));
        }
        Ok(Share { fraction: number.value / 100.0 })
    }
}

impl Quantity for Share {
    const EXPECTING: &'static str = "a share such as `0.5%`";
    const EXAMPLE: &'static str = "0.5%";
    const WORD: &'static str = "Share";
    const LARGEST: &'static str = "100%";
    fn to_base(self) -> f64 {
        self.fraction
    }
    fn from_base(base: f64) -> Share {
        Share { fraction: base.clamp(0.0, 1.0) }
    }
    fn from_bare(number: &str) -> Result<Share, Refusal> {
        match number.parse::<f64>() {
            Ok(0.0) => Ok(Share { fraction: 0.0 }),
            Ok(n) if n.is_finite() && (0.0..=1.0).contains(&n) => {
                let probability =
                    format!("`{}` if you mean a probability of {number}", Share { fraction: n });
                Err(no_unit(number, &probability, Self::EXPECTING))
            }
            _ => Err(no_unit(number, &format!("`{number}%`"), Self::EXPECTING)),
        }
    }
}

written_as_text!(
    Share,
    "A share or probability in per cent: 0.5%, 30%",
    r"^ *[0-9.][0-9._]* *(%|percent|pct|per cent) *$"
);

/// Formats the offered load of a resource (1 is its capacity) in per cent, with enough digits to
/// distinguish it from 100 %: `104 %`, `100.80 %`, `99.990 %`.
pub fn load_percent(load: f64) -> String {
    let off = (load - 1.0).abs() * 100.0;
    // In binary, 100 % less 99.99 % is slightly less than 0.01 %.
    let decimals = if off >= 2.0 || off == 0.0 {
        0
    } else {
        (1 - (off * (1.0 + 1e-9)).log10().floor() as i32).clamp(1, 9) as usize
    };
    format!("{:.decimals$} %", load * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_share_reads_back_as_the_same_share() {
        for text in ["0.1%", "30%", "99.9%", "0.01%", "33.3%", "100%", "0%"] {
            assert_eq!(text.parse::<Share>().unwrap().to_string(), text);
        }
        // Many digits: a tenth of these need a neighbour of the product.
        for n in 1..10_000 {
            let share: Share = format!("{}%", f64::from(n) * 0.009_876_543_21).parse().unwrap();
            assert_eq!(share.to_string().parse(), Ok(share));
        }
        assert!("0.07".parse::<Share>().unwrap_err().to_string().contains("`7%`"));
        assert!("130%".parse::<Share>().is_err());
    }

    #[test]
    fn a_load_near_capacity_has_the_digits_that_distinguish_it() {
        // By hand: two digits of the difference from 100 %.
        let loads = [1.04, 1.008, 0.9999, 1.0001, 0.98, 1.0, 0.999_91, 2.5];
        let expected =
            ["104 %", "100.80 %", "99.990 %", "100.010 %", "98 %", "100 %", "99.9910 %", "250 %"];
        assert_eq!(loads.map(load_percent), expected);
    }
}

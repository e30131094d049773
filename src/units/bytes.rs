//! Sizes in whole bytes: decimal (`KB MB GB`, powers of 1000) and binary (`KiB MiB GiB`, powers of
//! 1024).

use super::written::{is_zero, no_unit, shown, split, written_as_text};
use super::{Quantity, meant};
use crate::problem::Refusal;
use std::fmt::{Display, Formatter};

/// A size in bytes. Written `512B`, `8MiB`, `2048MB`, `1.5GiB`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

const LARGEST: u128 = 1_000_000_000_000_000_000;

impl Display for Bytes {
    /// Writes the size in the unit that yields the smallest whole number, so that it reads back as
    /// the same size.
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        let whole = UNITS
            .iter()
            .filter(|(_, size)| self.0.is_multiple_of(*size))
            .min_by_key(|(_, size)| self.0 / size);
        let (unit, size) = whole.filter(|_| self.0 > 0).unwrap_or(&UNITS[0]);
        write!(f, "{}{unit}", self.0 / size)
    }
}

impl std::str::FromStr for Bytes {
    type Err = Refusal;
    fn from_str(text: &str) -> Result<Bytes, Refusal> {
        meant::or_line(text, read(text))
    }
}

fn read(text: &str) -> Result<Bytes, Refusal> {
    let (number, unit) = split::<Bytes>(text)?;
    if unit.is_empty() {
        return Bytes::from_bare(text);
    }
    let size = size_of(unit, text.trim().trim_end_matches(unit).trim_end())?;
    match number.times(size) {
        Some((bytes, _)) if bytes <= LARGEST => Ok(Bytes(bytes as u64)),
        _ => {
            Err(Refusal::new(format!("`{}` is larger than 10^18 bytes, the maximum", shown(text))))
        }
    }
}

/// Returns the number of bytes in a unit; `digits` is the number before it, for the help text.
fn size_of(unit: &str, digits: &str) -> Result<u64, Refusal> {
    let standard = match unit {
        "Ki" => "KiB",
        "Mi" => "MiB",
        "Gi" => "GiB",
        "Ti" => "TiB",
        "kB" => "KB",
        "byte" | "bytes" => "B",
        _ => unit,
    };
    if let Some((_, size)) = UNITS.iter().find(|(name, _)| {
        *name == standard || (name.ends_with("iB") && name.eq_ignore_ascii_case(standard))
    }) {
        return Ok(*size);
    }
    let letter = unit
        .chars()
        .next()
        .map(|letter| letter.to_ascii_uppercase())
        .filter(|letter| "KMGT".contains(*letter));
    let help = match (letter, unit.to_ascii_lowercase().as_str()) {
        (Some(letter), "k" | "m" | "g" | "t") => {
            format!(
                "Kubernetes reads it as {letter}B, Docker and Java as {letter}iB: write `{digits}{letter}B` (powers of 1000) or `{digits}{letter}iB` (of 1024)"
            )
        }
        (Some(letter), "kb" | "mb" | "gb" | "tb") => {
            format!("write `{digits}{letter}B` (powers of 1000) or `{digits}{letter}iB` (of 1024)")
        }
        _ => "the units are B, KB, MB, GB, TB (powers of 1000) and KiB, MiB, GiB, TiB (of 1024)"
            .to_string(),
    };
    Err(Refusal::new(format!("`{}` is not a unit of size", shown(unit))).help(help))
}

impl Quantity for Bytes {
    const EXPECTING: &'static str = "a size such as `8MiB`";
    const EXAMPLE: &'static str = "8MiB";
    const WORD: &'static str = "Bytes";
    const LARGEST: &'static str = "10^18 B";
    const BASE: &'static str = "B";
    fn to_base(self) -> f64 {
        self.0 as f64
    }
    fn from_base(base: f64) -> Bytes {
        Bytes(base.round() as u64)
    }
    fn from_bare(number: &str) -> Result<Bytes, Refusal> {
        if is_zero(number) {
            return Ok(Bytes(0));
        }
        // A number this large is probably in bytes.
        let of_bytes = number.parse::<f64>().is_ok_and(|n| n >= 100_000.0);
        let examples = if of_bytes {
            format!("`{number}B`")
        } else {
            format!("`{number}MiB`, or `{number}B` if it is bytes")
        };
        Err(no_unit(number, &examples, Self::EXPECTING))
    }
}

written_as_text!(
    Bytes,
    "A size with its unit: 512B, 64KB, 8MiB, 4GiB",
    r"^ *[0-9][0-9._]* *(B|[kK]B|MB|GB|TB|[Kk]i[Bb]?|[Mm]i[Bb]?|[Gg]i[Bb]?|[Tt]i[Bb]?|bytes?) *$"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_size_reads_back_as_the_same_size() {
        for (size, text) in [
            (0, "0B"),
            (8 << 20, "8MiB"),
            (2_048_000_000, "2048MB"),
            (1_500, "1500B"),
            (4 << 30, "4GiB"),
            (3_000_000_000, "3GB"),
        ] {
            assert_eq!(Bytes(size).to_string(), text);
            assert_eq!(text.parse::<Bytes>(), Ok(Bytes(size)));
        }
    }

    #[test]
    fn an_ambiguous_unit_is_rejected_with_both_readings() {
        // Kubernetes reads M as 10^6, Docker and Java as 2^20; Mi is 2^20 everywhere.
        assert_eq!(
            ("512Mi".parse(), "1_024 bytes".parse(), "64kB".parse()),
            (Ok(Bytes(512 << 20)), Ok(Bytes(1024)), Ok(Bytes(64_000)))
        );
        for text in ["512M", "1g", "512mb", "4Gb"] {
            let refused = text.parse::<Bytes>().unwrap_err();
            let help = refused.help.unwrap_or_default();
            assert!(help.contains("powers of 1000") && help.contains("of 1024"), "{help}");
        }
        assert_eq!(
            "536870912".parse::<Bytes>(),
            Err(Refusal::new("`536870912` has no unit").help("write `536870912B`"))
        );
    }
}

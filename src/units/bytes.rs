//! Sizes in whole bytes: decimal (`KB MB GB`, powers of 1000) and binary (`KiB MiB GiB`, powers of 1024).

use super::Quantity;
use super::written::{no_unit, shown, split, written_as_text};
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
    /// The unit that gives the smallest whole number, so that the text reads back as the same size.
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        let whole = UNITS.iter().filter(|(_, size)| self.0.is_multiple_of(*size)).min_by_key(|(_, size)| self.0 / size);
        let (unit, size) = whole.filter(|_| self.0 > 0).unwrap_or(&UNITS[0]);
        write!(f, "{}{unit}", self.0 / size)
    }
}

impl std::str::FromStr for Bytes {
    type Err = String;
    fn from_str(text: &str) -> Result<Bytes, String> {
        let (number, unit) = split(text, "a size such as `8MiB`")?;
        if unit.is_empty() {
            return Self::from_bare(text);
        }
        let Some((_, size)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!(
                "`{}` is not a unit of size\nhelp: the units are B, KB, MB, GB, TB (powers of 1000) and KiB, MiB, GiB, TiB (of 1024)",
                shown(unit)
            ));
        };
        match number.times(*size) {
            Some((bytes, _)) if bytes <= LARGEST => Ok(Bytes(bytes as u64)),
            _ => Err(format!("`{}` is larger than 10^18 bytes, the largest size", shown(text))),
        }
    }
}

impl Quantity for Bytes {
    const EXPECTING: &'static str = "a size such as `8MiB`";
    const WORD: &'static str = "Bytes";
    const BASE: &'static str = "B";
    fn to_base(self) -> f64 {
        self.0 as f64
    }
    fn from_base(base: f64) -> Bytes {
        Bytes(base.round() as u64)
    }
    fn from_bare(number: &str) -> Result<Bytes, String> {
        Err(no_unit(number, &format!("`{number}MiB` or `{number}KB`"), Self::EXPECTING))
    }
}

written_as_text!(Bytes, "A size with its unit: 512B, 64KB, 8MiB, 4GiB", r"^[0-9.]+ *(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_size_reads_back_as_the_same_size() {
        for (size, text) in
            [(0, "0B"), (8 << 20, "8MiB"), (2_048_000_000, "2048MB"), (1_500, "1500B"), (4 << 30, "4GiB"), (3_000_000_000, "3GB")]
        {
            assert_eq!(Bytes(size).to_string(), text);
            assert_eq!(text.parse::<Bytes>(), Ok(Bytes(size)));
        }
    }
}

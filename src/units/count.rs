//! Counts: whole numbers without a unit; `k`, `M` and `G` stand for 10^3, 10^6 and 10^9.

use super::written::{deserialize, shown, split, too_large};
use super::{Quantity, meant};
use crate::problem::Refusal;
use std::fmt::{Display, Formatter};

/// A count. Written `200`, `12k`, `1M`, `10G`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(pub u64);

const SUFFIXES: [(&str, u64); 4] = [("", 1), ("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)];
const LARGEST: u128 = 1_000_000_000_000_000;

impl Display for Count {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        let (suffix, size) = SUFFIXES
            .iter()
            .rev()
            .find(|(_, size)| self.0 > 0 && self.0.is_multiple_of(*size))
            .unwrap_or(&SUFFIXES[0]);
        write!(f, "{}{suffix}", self.0 / size)
    }
}

impl std::str::FromStr for Count {
    type Err = Refusal;
    fn from_str(text: &str) -> Result<Count, Refusal> {
        let (number, suffix) = split::<Count>(text)?;
        let Some((_, size)) =
            SUFFIXES.iter().find(|(name, _)| *name == suffix || (*name == "k" && suffix == "K"))
        else {
            let refusal = Refusal::new(format!("`{}` is not a count", shown(text)))
                .help("write a whole number, which may end in k, M or G");
            return meant::or_line(text, Err(refusal));
        };
        match number.times(*size) {
            Some((count, true)) if count <= LARGEST => Ok(Count(count as u64)),
            _ if number.value * *size as f64 > LARGEST as f64 => Err(too_large::<Count>(text)),
            _ => Err(Refusal::new(format!("`{}` is not a whole number up to 10^15", shown(text)))
                .help("write a whole number, such as `200`")),
        }
    }
}

impl Quantity for Count {
    const EXPECTING: &'static str = "a count such as `200` or `12k`";
    const EXAMPLE: &'static str = "200";
    const WORD: &'static str = "Count";
    const LARGEST: &'static str = "10^15";
    fn to_base(self) -> f64 {
        self.0 as f64
    }
    fn from_base(base: f64) -> Count {
        Count(base.round() as u64)
    }
    fn from_bare(number: &str) -> Result<Count, Refusal> {
        number.parse()
    }
}

impl serde::Serialize for Count {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Count {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        deserialize(from)
    }
}

impl schemars::JsonSchema for Count {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Count".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["integer", "string"], "minimum": 0, "description": "A whole number; may end in k, M or G", "pattern": "^ *[0-9][0-9._]* *[kKMG]? *$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_count_reads_back_as_the_same_count() {
        for (count, text) in
            [(0, "0"), (200, "200"), (12_000, "12k"), (1_500, "1500"), (10_000_000_000, "10G")]
        {
            assert_eq!(Count(count).to_string(), text);
            assert_eq!(text.parse::<Count>(), Ok(Count(count)));
        }
        assert_eq!("1.5k".parse::<Count>(), Ok(Count(1500)));
        assert_eq!("1.005k".parse::<Count>(), Ok(Count(1005)));
        assert!("1.5".parse::<Count>().is_err());
        assert!("NaN".parse::<Count>().is_err());
    }
}

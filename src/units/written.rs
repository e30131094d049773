//! Code shared by all quantities: splitting a text into number and unit, and the serde and schema
//! implementations of a quantity written as text.

use super::{Quantity, meant};
use crate::problem::Refusal;
use serde::de::{Deserializer, Error, Visitor};
use std::borrow::Cow;
use std::marker::PhantomData;

/// A non-negative, finite decimal as written, without the `_` between its digits.
#[derive(Clone)]
pub(super) struct Number<'t> {
    digits: Cow<'t, str>,
    /// The nearest floating-point number.
    pub value: f64,
}

impl Number<'_> {
    /// Returns the number times `size`, rounded to a whole number, and whether that is exact;
    /// `None` if it does not fit in 128 bits. Computed in integers: in floating point 1.005 k would
    /// be 1004.9999…, and long spans would lose their last digits.
    pub(crate) fn times(&self, size: u64) -> Option<(u128, bool)> {
        const DECIMALS: usize = 20;
        let (whole, decimals) = self.digits.split_once('.').unwrap_or((&self.digits, ""));
        let whole = whole.bytes().try_fold(0u128, |sum, digit| {
            sum.checked_mul(10)?.checked_add(u128::from(digit - b'0'))
        })?;
        let kept = &decimals[..decimals.len().min(DECIMALS)];
        let fraction = kept.bytes().fold(0u128, |sum, digit| sum * 10 + u128::from(digit - b'0'))
            * u128::from(size);
        let unit = 10u128.pow(kept.len() as u32);
        let exact = fraction.is_multiple_of(unit)
            && decimals[kept.len()..].bytes().all(|digit| digit == b'0');
        Some((
            whole.checked_mul(u128::from(size))?.checked_add((fraction + unit / 2) / unit)?,
            exact,
        ))
    }
}

/// More than any quantity can be, in any of its units.
const HUGE: f64 = 1e19;

/// Returns the error for a number that no quantity of this kind can have.
pub(super) fn too_large<Q: Quantity>(text: &str) -> Refusal {
    Refusal::new(format!("`{}` is too large: the maximum is {}", shown(text), Q::LARGEST))
}

/// Splits `"1.5ms"` into 1.5 and `ms`. Digits may be separated by `_`, as in `1_000/s`.
pub(super) fn split<Q: Quantity>(text: &str) -> Result<(Number<'_>, &str), Refusal> {
    let (text, example) = (text.trim(), Q::EXPECTING);
    let bytes = text.as_bytes();
    let digit = |at: Option<&u8>| at.is_some_and(u8::is_ascii_digit);
    let joins = |at: usize| {
        bytes[at] == b'_' && at > 0 && digit(bytes.get(at - 1)) && digit(bytes.get(at + 1))
    };
    let end = (0..bytes.len())
        .find(|at| !(bytes[*at].is_ascii_digit() || bytes[*at] == b'.' || joins(*at)))
        .unwrap_or(bytes.len());
    let (digits, unit) = text.split_at(end);
    if digits.is_empty() {
        let what =
            if text.starts_with('-') { "is negative" } else { "does not begin with a number" };
        let help = meant::bound(text).unwrap_or_else(|| format!("write {example}"));
        return Err(Refusal::new(format!("`{}` {what}", shown(text))).help(help));
    }
    let digits = if digits.contains('_') {
        Cow::Owned(digits.replace('_', ""))
    } else {
        Cow::Borrowed(digits)
    };
    let value: f64 = digits.parse().map_err(|_| {
        Refusal::new(format!("`{}` is not a number", shown(&digits)))
            .help(format!("write {example}"))
    })?;
    if !value.is_finite() {
        return Err(too_large::<Q>(text));
    }
    let mut letters = unit.chars();
    match (letters.next(), letters.next()) {
        (Some(','), Some(next)) if next.is_ascii_digit() => {
            let sign = if example.contains('$') { "$" } else { "" };
            let help = match meant::without_comma(text) {
                Some(line) => format!("write `{}`", shown(&format!("{sign}{line}"))),
                None => format!(
                    "write the number without thousands separators and with a decimal point, as in {example}"
                ),
            };
            Err(Refusal::new(format!("`{}` has a comma", shown(text))).help(help))
        }
        (Some('e' | 'E'), Some(next)) if next.is_ascii_digit() || "+-".contains(next) => {
            let end = unit[2..].find(|c: char| !c.is_ascii_digit()).map_or(unit.len(), |at| 2 + at);
            let is_huge = format!("{digits}{}", &unit[..end]).parse().is_ok_and(|n: f64| n >= HUGE);
            if is_huge {
                return Err(too_large::<Q>(text));
            }
            Err(Refusal::new(format!("`{}` has an exponent", shown(text)))
                .help(format!("write the number out, as in {example}")))
        }
        _ => Ok((Number { digits, value }, unit.trim())),
    }
}

/// Returns the start of a text on one line, for quoting in a message.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.chars().count() <= LONGEST && !text.contains(char::is_control) {
        true => text.to_string(),
        false => text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(LONGEST)
            .chain(['…'])
            .collect(),
    }
}

/// Formats a number with at most `decimals` decimals, without trailing zeros.
pub(super) fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
    }
}

/// Reads a quantity: a text, or a number without a unit where that is allowed.
pub(super) fn deserialize<'de, Q: Quantity, D: Deserializer<'de>>(from: D) -> Result<Q, D::Error> {
    struct QuantityVisitor<Q>(PhantomData<Q>);
    impl<Q: Quantity> Visitor<'_> for QuantityVisitor<Q> {
        type Value = Q;
        fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
            f.write_str(Q::EXPECTING)
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Q, E> {
            text.parse().map_err(E::custom)
        }
        fn visit_u64<E: Error>(self, number: u64) -> Result<Q, E> {
            bare(number)
        }
        fn visit_i64<E: Error>(self, number: i64) -> Result<Q, E> {
            bare(number)
        }
        fn visit_f64<E: Error>(self, number: f64) -> Result<Q, E> {
            bare(number)
        }
    }
    from.deserialize_any(QuantityVisitor(PhantomData))
}

/// Returns the quantity of a number without a unit, or a visitor's error.
pub(crate) fn bare<Q: Quantity, E: Error>(number: impl ToString) -> Result<Q, E> {
    Q::from_bare(&number.to_string()).map_err(E::custom)
}

/// Implements serde for a quantity (as text, with a helpful error for bare numbers) and its JSON
/// Schema.
macro_rules! written_as_text {
    ($type:ident, $description:literal, $pattern:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                crate::units::written::deserialize(from)
            }
        }
        /// As text, for [`Experiment::vary`](crate::Experiment::vary).
        impl From<$type> for serde_json::Value {
            fn from(quantity: $type) -> serde_json::Value {
                serde_json::Value::String(quantity.to_string())
            }
        }
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $description, "pattern": $pattern })
            }
        }
    };
}
pub(super) use written_as_text;

/// Returns whether a number is zero, and so needs no unit.
pub(super) fn is_zero(number: &str) -> bool {
    number.trim().parse::<f64>() == Ok(0.0)
}

/// Returns the error for a number without a unit. `examples` contain this number, `example`
/// another.
pub(super) fn no_unit(number: &str, examples: &str, example: &str) -> Refusal {
    // Digits grouped by spaces: `60 000ms`.
    let joined: String = number.chars().filter(|c| !c.is_whitespace()).collect();
    if joined.len() < number.trim().len() && joined.starts_with(|c: char| c.is_ascii_digit()) {
        return Refusal::new(format!("`{}` has a space inside its number", shown(number)))
            .help(format!("write `{}`", shown(&joined)));
    }
    let (what, write) = match shown(number) {
        negative if number.starts_with('-') => {
            (format!("`{negative}` is negative, and has no unit"), example)
        }
        long if number.len() > 20 => (format!("`{long}` has no unit"), example),
        _ => (format!("`{number}` has no unit"), examples),
    };
    Refusal::new(what).help(format!("write {write}"))
}

#[cfg(test)]
mod tests {
    use super::super::{Factor, Span};
    use super::*;

    #[test]
    fn decimals_are_multiplied_exactly() {
        // By hand; 1.005 * 1000 is 1004.9999999999999 in floating point.
        let times = |text, size| split::<Factor>(text).unwrap().0.times(size);
        assert_eq!(times("1.005", 1000), Some((1005, true)));
        assert_eq!(times("0.0005", 1000), Some((1, false)));
        assert_eq!(times("9007199254.740993", 1_000_000), Some((9_007_199_254_740_993, true)));
        assert_eq!(times("1.00000000000000000000000000001", 1000), Some((1000, false)));
        assert_eq!(times(&"9".repeat(40), 1), None);
    }

    #[test]
    fn other_number_notations_are_rejected_with_help() {
        // A comma, an exponent, a sign, and a number that is too large.
        let refused = |text: &str| split::<Span>(text).err().unwrap().to_string();
        assert_eq!(refused("2,5ms"), "`2,5ms` has a comma\nhelp: write `2.5ms`");
        assert_eq!(
            refused("2e3ms"),
            "`2e3ms` has an exponent\nhelp: write the number out, as in a duration such as `5ms`"
        );
        assert_eq!(refused("-2ms"), "`-2ms` is negative\nhelp: write a duration such as `5ms`");
        let maximum = "is too large: the maximum is 146 years";
        assert_eq!(refused(&"9".repeat(400)), format!("`{}…` {maximum}", "9".repeat(40)));
        // Not that it has an exponent: written out it would be refused again.
        assert_eq!(refused("1e400s"), format!("`1e400s` {maximum}"));
        assert_eq!(refused("1e+19 ns"), format!("`1e+19 ns` {maximum}"));
        assert_eq!(
            no_unit("-2", "`-2ms`", "`5ms`").to_string(),
            "`-2` is negative, and has no unit\nhelp: write `5ms`"
        );
    }
}

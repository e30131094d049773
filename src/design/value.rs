//! Values of parameters: the kind and the size of a scalar in a scenario, and how a size is
//! written.
//!
//! A JSON number is a number. A text that one of the quantities can read is of that quantity; they
//! are tried in the order of the catalogue below, though no text is of two (their units differ). A
//! text with a suffix of counts (`12k`) is a number, because a count may be written as one.
//! Everything else, including `"12"` without a unit, is a word: it has no size.
//! Base units: s, B, 1/s, 1, 1, $/h. Limits: spans are whole nanoseconds and sizes whole bytes; a
//! text is rounded to 12 digits if that is shorter, which is within 5·10⁻¹² of the value, so that a
//! step from 0.2 to 0.4 is `0.3` and not `0.30000000000000004`.
//! Tested: what is written reads back, over all magnitudes of every kind.

use crate::units::{Bytes, Count, Factor, Money, Quantity, Rate, Share, Span};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// 2^53, up to which floating point represents every whole number.
pub(crate) const WHOLE: f64 = 9_007_199_254_740_992.0;

/// A value serialised alike in every format. The `Serialize` of JSON values turns `null` into a
/// unit, which RON writes as `()`, an empty group.
#[derive(Debug)]
pub(crate) struct AsWritten<'v>(pub &'v Value);

impl Serialize for AsWritten<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => to.serialize_none(),
            Value::Array(items) => to.collect_seq(items.iter().map(AsWritten)),
            Value::Object(entries) => {
                to.collect_map(entries.iter().map(|(key, value)| (key, AsWritten(value))))
            }
            other => other.serialize(to),
        }
    }
}

macro_rules! quantities {
    ($($name:ident: $unit:literal, $bases_in_unit:literal, $word:literal;)+) => {
        /// The kind of a value.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            /// A number without a unit.
            Number,
            $(#[doc = concat!("A [`", stringify!($name), "`], in ", $unit, ".")] $name,)+
            /// Without a size: a word, a boolean, null, a list or a map.
            Text,
        }

        /// Returns the kind of a value.
        pub(crate) fn kind_of(value: &Value) -> Kind {
            match value {
                Value::Number(_) => Kind::Number,
                $(Value::String(text) if text.parse::<$name>().is_ok() => Kind::$name,)+
                Value::String(text) if counted(text).is_some() => Kind::Number,
                _ => Kind::Text,
            }
        }

        /// Returns the size in the base unit; `None` if the value is not of that kind.
        pub(crate) fn base(value: &Value, kind: Kind) -> Option<f64> {
            match (kind, value) {
                (Kind::Number, Value::Number(number)) => number.as_f64(),
                (Kind::Number, Value::String(text)) => counted(text),
                $((Kind::$name, Value::String(text)) => Some(text.parse::<$name>().ok()?.to_base() / $bases_in_unit),)+
                _ => None,
            }
        }

        /// Returns the base unit; empty for a number.
        pub(crate) fn unit(kind: Kind) -> &'static str {
            match kind {
                $(Kind::$name => $unit,)+
                Kind::Number | Kind::Text => "",
            }
        }

        /// Returns the kind with its article, for messages.
        pub(crate) fn word(kind: Kind) -> &'static str {
            match kind {
                Kind::Number => "a number",
                $(Kind::$name => $word,)+
                Kind::Text => "without a size",
            }
        }

        /// Writes a size of a kind as in a scenario; null if it is not finite or the kind has no
        /// size.
        pub(crate) fn written(base: f64, kind: Kind) -> Value {
            match kind {
                _ if !base.is_finite() => Value::Null,
                Kind::Number => number(base),
                $(Kind::$name => text::<$name>(base.max(0.0) * $bases_in_unit).into(),)+
                Kind::Text => Value::Null,
            }
        }
    };
}

quantities! {
    Span: "s", 1e9, "a duration";
    Bytes: "B", 1.0, "a size";
    Rate: "1/s", 1.0, "a rate";
    Share: "1", 1.0, "a share";
    Factor: "1", 1.0, "a factor";
    Money: "$/h", 1.0, "a price";
}

/// Parses a count with a suffix.
fn counted(text: &str) -> Option<f64> {
    text.ends_with(['k', 'M', 'G'])
        .then(|| text.parse::<Count>().ok().map(Quantity::to_base))
        .flatten()
}

/// Rounds to twelve digits, which removes the rounding errors of sums of decimals.
pub(super) fn rounded(size: f64) -> f64 {
    format!("{size:.11e}").parse().unwrap_or(size)
}

/// Returns the shorter of the exact and the rounded text; a whole number of base units is not
/// rounded.
fn text<Q: Quantity>(size: f64) -> String {
    let exact = Q::from_base(size);
    let (long, short) = (exact.to_string(), Q::from_base(rounded(size)).to_string());
    if exact.to_base().fract() == 0.0 || long.len() <= short.len() { long } else { short }
}

/// Writes a whole number without a decimal point, because a count may not have one.
fn number(size: f64) -> Value {
    let short = rounded(size);
    let size = if size.fract() == 0.0 || size.to_string().len() <= short.to_string().len() {
        size
    } else {
        short
    };
    if size.fract() == 0.0 && size.abs() <= WHOLE {
        Value::from(size as i64)
    } else {
        Value::from(size)
    }
}

/// Formats a value for a table, with four digits if it is long. The files contain all digits.
pub(crate) fn brief(value: &Value) -> String {
    let long = shown(value);
    let kind = kind_of(value);
    let size = base(value, kind).filter(|size| long.len() > 7 && size.fract() != 0.0);
    let short = size
        .and_then(|size| format!("{size:.3e}").parse().ok())
        .map(|size: f64| shown(&written(size, kind)));
    short.filter(|short| short.len() < long.len()).unwrap_or(long)
}

/// Formats a value for a message.
pub(crate) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::{Config, RngSeed};
    use serde_json::json;

    #[test]
    fn a_value_is_of_the_kind_that_its_unit_says() {
        // The written forms in the heads of `units/*.rs`, with their sizes by hand.
        for (value, kind, size) in [
            (json!(3), Kind::Number, 3.0),
            (json!(-2.5), Kind::Number, -2.5),
            (json!("12k"), Kind::Number, 12_000.0),
            (json!("10ms"), Kind::Span, 0.01),
            (json!("2m"), Kind::Span, 120.0),
            (json!("4GiB"), Kind::Bytes, 4_294_967_296.0),
            (json!("1.5MB"), Kind::Bytes, 1_500_000.0),
            (json!("300/s"), Kind::Rate, 300.0),
            (json!("12k/min"), Kind::Rate, 200.0),
            (json!("5%"), Kind::Share, 0.05),
            (json!("1.5x"), Kind::Factor, 1.5),
            (json!("$0.17/h"), Kind::Money, 0.17),
        ] {
            assert_eq!((kind_of(&value), base(&value, kind)), (kind, Some(size)), "{value}");
            assert_eq!(base(&value, Kind::Text), None);
        }
        for value in [
            json!("random"),
            json!("12"),
            json!(""),
            json!("k"),
            json!(true),
            json!(null),
            json!([1]),
            json!({ "exp": "1ms" }),
        ] {
            assert_eq!(kind_of(&value), Kind::Text, "{value}");
        }
        assert_eq!((unit(Kind::Span), unit(Kind::Rate), unit(Kind::Number)), ("s", "1/s", ""));
    }

    #[test]
    fn no_text_is_of_two_quantities() {
        // Every unit of `units/*.rs` after the same number: the order in which quantities are tried
        // does not matter.
        for unit in
            "ns us µs ms s m h d B KB MB GB TB KiB MiB GiB TiB /s /min /h k/s M/min % x k M G"
                .split(' ')
        {
            let text = format!("7{unit}");
            let read = [
                text.parse::<Span>().is_ok(),
                text.parse::<Bytes>().is_ok(),
                text.parse::<Rate>().is_ok(),
                text.parse::<Share>().is_ok(),
                text.parse::<Factor>().is_ok(),
                text.parse::<Money>().is_ok(),
                text.parse::<Count>().is_ok(),
            ];
            assert_eq!(read.iter().filter(|is| **is).count(), 1, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_short() {
        // By hand: sums of decimals, with and without rounding errors.
        for (size, kind, text) in [
            (0.1 + 0.2, Kind::Number, json!(0.3)),
            (7.0, Kind::Number, json!(7)),
            (-0.0, Kind::Number, json!(0)),
            (0.010_5, Kind::Span, json!("10.5ms")),
            (0.0, Kind::Span, json!("0s")),
            (4_294_967_296.4, Kind::Bytes, json!("4GiB")),
            (100.0 * (1.0 + f64::EPSILON), Kind::Rate, json!("100/s")),
            (1.0 / 3.0, Kind::Rate, json!("20/min")),
            (0.1 + 0.2, Kind::Share, json!("30%")),
            (1.1 * 1.1, Kind::Factor, json!("1.21x")),
            (0.17, Kind::Money, json!("$0.17/h")),
            (f64::NAN, Kind::Number, Value::Null),
            (f64::INFINITY, Kind::Rate, Value::Null),
        ] {
            assert_eq!(written(size, kind), text);
        }
    }

    #[test]
    fn in_a_table_a_value_has_the_digits_that_are_read() {
        // By hand; what is short, whole or a word stays as written.
        for (value, text) in [
            (json!("1.59115321636x"), "1.591x"),
            (json!("402.149376/s"), "402.1/s"),
            (json!(0.123456789), "0.1235"),
            (json!("12.5ms"), "12.5ms"),
            (json!("least_connections"), "least_connections"),
            (json!(123456789), "123456789"),
        ] {
            assert_eq!(brief(&value), text);
        }
    }

    proptest! {
        #![proptest_config(Config { cases: 1_000, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..Config::default() })]

        #[test]
        fn what_is_written_reads_back_as_the_same_value(mantissa in 1.0..10.0f64, place in 0.0..1.0f64) {
            // The bounds are the resolution: half a nanosecond, half a byte, and 10^-9 of the
            // value. Exponents from the least to the greatest.
            for (kind, least, greatest, resolution) in [
                (Kind::Number, -300.0, 300.0, 0.0),
                (Kind::Span, -9.0, 8.6, 0.5e-9),
                (Kind::Bytes, 0.0, 16.9, 0.5),
                (Kind::Rate, -12.0, 7.9, 0.0),
                (Kind::Share, -12.0, -1.1, 0.0),
                (Kind::Factor, -12.0, 4.9, 0.0),
                (Kind::Money, -12.0, 7.9, 0.0),
            ] {
                let exponent: f64 = least + place * (greatest - least);
                let size = mantissa * 10f64.powi(exponent.floor() as i32);
                let value = written(size, kind);
                prop_assert_eq!(kind_of(&value), kind, "{}", value);
                let read = base(&value, kind).unwrap();
                prop_assert!((read - size).abs() <= 1e-9 * size + resolution, "{} is {}, not {}", value, read, size);
                prop_assert_eq!(base(&written(read, kind), kind), Some(read), "what was read is written the same");
            }
        }
    }
}

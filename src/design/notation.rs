//! The unit in which a quantity was written, so that others of its kind are written alike: beside
//! 0.5/min, 0.98/min and not 0.0163/s.
//!
//! Law: a notation is the text before and after the number, and the size of the number 1 in it.
//! What is written in it reads back as the same value, within the resolution of its kind; what
//! would not, and what was not written as one number with a unit (`1m30s`), is written as by
//! `value::written`.
//! Tested: units of every kind, by hand.

use super::value::{Kind, base, rounded, written};
use serde_json::Value;

/// The way values of a kind are written.
#[derive(Clone, Debug, PartialEq)]
pub struct Notation {
    kind: Kind,
    before: String,
    after: String,
    /// The size of the number 1, in the base unit of the kind.
    one: f64,
}

impl Notation {
    /// Returns the notation of a value; for a plain number there is no text around the digits.
    pub fn of(value: &Value, kind: Kind) -> Notation {
        let plain = Notation { kind, before: String::new(), after: String::new(), one: 1.0 };
        let Some(text) = value.as_str().filter(|_| kind != Kind::Number) else { return plain };
        let start = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
        let (before, rest) = text.split_at(start);
        let end =
            rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(rest.len());
        let (before, after) = (before.to_string(), rest[end..].to_string());
        let size_of = |number: &str| base(&Value::from(format!("{before}{number}{after}")), kind);
        match (size_of("1"), size_of("2")) {
            (Some(one), Some(two)) if one > 0.0 && two == 2.0 * one => {
                Notation { kind, before, after, one }
            }
            _ => plain,
        }
    }

    /// Rounds a size, in the base unit, to `digits` significant digits of the number as written.
    pub fn in_digits(&self, size: f64, digits: i32) -> f64 {
        let number = size / self.one;
        if number == 0.0 {
            return size;
        }
        let scale = 10f64.powi(digits - 1 - number.abs().log10().floor() as i32);
        (number * scale).round() / scale * self.one
    }

    /// Writes a size, in the base unit, as in a scenario.
    pub fn write(&self, size: f64) -> Value {
        let plain = written(size, self.kind);
        if self.after.is_empty() || !size.is_finite() {
            return plain;
        }
        let text =
            Value::from(format!("{}{}{}", self.before, rounded(size / self.one), self.after));
        // Used if it is as accurate as the plain text, or as twelve digits.
        let error = |value: &Value| {
            base(value, self.kind).map_or(f64::INFINITY, |read| (read - size).abs())
        };
        if error(&text) <= error(&plain).max(1e-11 * size.abs()) { text } else { plain }
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::kind_of;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_written_in_the_unit_of_another() {
        // By hand: one value as written, the size of another in the base unit, and how that is
        // written.
        for (like, size, text) in [
            (json!("0.5/min"), 0.0169, json!("1.014/min")),
            (json!("0.5/min"), 1.0 / 120.0, json!("0.5/min")),
            (json!("72k/h"), 10.0, json!("36k/h")),
            (json!("300/s"), 0.25, json!("0.25/s")),
            (json!("250ms"), 2.0, json!("2000ms")),
            (json!("1.5GiB"), 536_870_912.0, json!("0.5GiB")),
            (json!("60%"), 0.055, json!("5.5%")),
            (json!("2x"), 1.25, json!("1.25x")),
            (json!("$0.17/h"), 3.0, json!("$3/h")),
            (json!(4), 8.0, json!(8)),
            (json!(0.5), 0.75, json!(0.75)),
            (json!("1ns"), 1.0, json!("1000000000ns")),
        ] {
            let kind = kind_of(&like);
            assert_eq!(Notation::of(&like, kind).write(size), text, "{size} like {like}");
        }
        assert_eq!(Notation::of(&json!("0.5/min"), Kind::Rate).one, 1.0 / 60.0);
        assert_eq!(Notation::of(&json!("1m30s"), Kind::Span).one, 1.0);
        assert_eq!(Notation::of(&json!("0.5/min"), Kind::Rate).write(f64::NAN), Value::Null);
    }
}

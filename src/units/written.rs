//! What all quantities share: splitting a text into number and unit, and the serde and schema forms of a written quantity.

/// Splits `"1.5ms"` into 1.5 and `ms`. The number is a plain decimal, not negative and finite.
pub(super) fn split<'t>(text: &'t str, example: &str) -> Result<(f64, &'t str), String> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    if number.is_empty() {
        if text.starts_with('-') {
            return Err(format!("`{text}` is negative\nhelp: write {example}"));
        }
        return Err(format!("`{text}` does not begin with a number\nhelp: write {example}"));
    }
    let value: f64 = number.parse().map_err(|_| format!("`{number}` is not a number\nhelp: write {example}"))?;
    if !value.is_finite() {
        return Err(format!("`{text}` is too large"));
    }
    Ok((value, unit.trim()))
}

/// A number with at most `decimals` decimals, without trailing zeros.
pub(super) fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
    }
}

/// Gives a quantity its serde forms (text, with a helpful refusal of bare numbers) and its JSON Schema.
macro_rules! written_as_text {
    ($type:ident, $description:literal, $pattern:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Words;
                impl serde::de::Visitor<'_> for Words {
                    type Value = $type;
                    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                        f.write_str(<$type as crate::units::Quantity>::EXPECTING)
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                    fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<$type, E> {
                        <$type as crate::units::Quantity>::from_bare(&n.to_string()).map_err(E::custom)
                    }
                    fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<$type, E> {
                        <$type as crate::units::Quantity>::from_bare(&n.to_string()).map_err(E::custom)
                    }
                    fn visit_f64<E: serde::de::Error>(self, n: f64) -> Result<$type, E> {
                        <$type as crate::units::Quantity>::from_bare(&n.to_string()).map_err(E::custom)
                    }
                }
                from.deserialize_any(Words)
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

/// The words for a number without its unit.
pub(super) fn no_unit(number: &str, examples: &str) -> String {
    format!("`{number}` has no unit\nhelp: write {examples}")
}

//! What a parameter is varied over: a list of values, or a range.
//!
//! Written as a list of values (`[1, 2, 4]`, of any kind: words, lists and maps too), as a range
//! (`{ from: 1, to: 8 }`: a map is always one), or as one value. Law: at `u` in 0 ..= 1 a list of n
//! is its item `⌊u·n⌋`, each with the same share. Tested: below, and through `points.rs`.

use super::range::Range;
use crate::problem::Problems;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeSet;

/// The values of a parameter, such as `[100/s, 200/s]`, `{ from: 100/s, to: 400/s, steps: 7 }` or
/// `100/s`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Vary {
    /// These values.
    Values(Vec<Value>),
    /// From one value to another.
    Range(Range),
}

impl Serialize for Vary {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Vary::Values(values) => to.collect_seq(values.iter().map(super::value::AsWritten)),
            Vary::Range(range) => range.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Vary {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct VaryVisitor;
        impl<'de> Visitor<'de> for VaryVisitor {
            type Value = Vary;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("values such as `[100/s, 200/s]`, or a range such as `{ from: 100/s, to: 400/s }`")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Vary, E> {
                Ok(Vary::Values(vec![text.into()]))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Vary, E> {
                Ok(Vary::Values(vec![number.into()]))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Vary, E> {
                Ok(Vary::Values(vec![number.into()]))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Vary, E> {
                Ok(Vary::Values(vec![number.into()]))
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Vary, E> {
                Ok(Vary::Values(vec![value.into()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Vary, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Vary::Values)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vary, A::Error> {
                Range::deserialize(MapAccessDeserializer::new(map)).map(Vary::Range)
            }
        }
        from.deserialize_any(VaryVisitor)
    }
}

impl JsonSchema for Vary {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Vary".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let range = generator.subschema_for::<Range>();
        json_schema!({
            "description": "A list of values, a range, or one value",
            "anyOf": [{ "type": "array", "items": true, "minItems": 1 }, range, { "type": ["number", "string", "boolean"] }]
        })
    }
}

impl Vary {
    /// Reports what is wrong with it.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        match self {
            Vary::Values(values) if values.is_empty() => {
                problems
                    .error(path, "this list has no values")
                    .advise("write at least one, or leave the parameter out");
            }
            Vary::Values(values) => {
                let mut seen = BTreeSet::new();
                for (index, value) in values.iter().enumerate() {
                    if !seen.insert(value.to_string()) {
                        problems.warning(
                            format!("{path}[{index}]"),
                            format!("`{}` is listed twice", super::value::shown(value)),
                        );
                    }
                }
            }
            Vary::Range(range) => range.check(path, problems),
        }
    }

    /// Returns both ends as written; for a list, the first and the last value.
    pub fn ends(&self) -> (Value, Value) {
        match self {
            Vary::Values(values) => (
                values.first().cloned().unwrap_or_default(),
                values.last().cloned().unwrap_or_default(),
            ),
            Vary::Range(range) => (range.from.clone(), range.to.clone()),
        }
    }

    /// Returns the number of values; `None` for a range without one.
    pub fn count(&self) -> Option<u64> {
        match self {
            Vary::Values(values) => Some(values.len() as u64),
            Vary::Range(range) => range.count(),
        }
    }

    /// Returns value `number`, counted from 0.
    pub fn step(&self, number: u64) -> Value {
        match self {
            Vary::Values(values) => values.get(number as usize).cloned().unwrap_or_default(),
            Vary::Range(range) => range.step(number),
        }
    }

    /// Returns the value at `u` in 0 ..= 1.
    pub fn at(&self, u: f64) -> Value {
        match self {
            Vary::Values(values) => {
                let number = (u * values.len() as f64) as usize;
                values.get(number.min(values.len().saturating_sub(1))).cloned().unwrap_or_default()
            }
            Vary::Range(range) => range.at(u),
        }
    }

    /// Returns the position of the value at `u` between the first and the last, from 0 to 1; with
    /// few values it differs from `u`.
    pub fn place(&self, u: f64) -> f64 {
        let position =
            |number: f64, last: f64| if last > 0.0 { number.min(last) / last } else { 0.0 };
        match self {
            Vary::Values(values) => {
                position((u * values.len() as f64).floor(), values.len().saturating_sub(1) as f64)
            }
            Vary::Range(range) => {
                range.whole_steps().map_or(u, |last| position((u * (last + 1.0)).floor(), last))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn vary(value: Value) -> Result<Vary, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_is_values_a_map_a_range_and_a_value_a_list_of_one() {
        // The forms in the head; each is written back as it was read.
        let read = vary(json!(["1ms", { "exp": "2ms" }])).unwrap();
        assert_eq!(read, Vary::Values(vec![json!("1ms"), json!({ "exp": "2ms" })]));
        for value in [json!("1ms"), json!(3), json!(-3), json!(0.5), json!(true)] {
            assert_eq!(vary(value.clone()), Ok(Vary::Values(vec![value])));
        }
        let written = json!({ "from": 1, "to": 8, "scale": "log", "steps": 4 });
        assert_eq!(serde_json::to_value(vary(written.clone()).unwrap()).unwrap(), written);
        assert_eq!(serde_json::to_value(&read).unwrap(), json!(["1ms", { "exp": "2ms" }]));
    }

    #[test]
    fn a_slip_in_a_range_is_named_and_nothing_is_no_value() {
        // serde's message for the field, ours for the rest.
        assert!(
            vary(json!({ "from": 1, "to": 2, "step": 3 }))
                .unwrap_err()
                .starts_with("unknown field `step`, expected one of `from`, `to`")
        );
        assert_eq!(vary(json!({ "from": 1 })).unwrap_err(), "missing field `to`");
        assert!(
            vary(json!(null))
                .unwrap_err()
                .contains("expected values such as `[100/s, 200/s]`, or a range")
        );
    }

    #[test]
    fn the_schema_has_the_three_forms() {
        // The forms in the head; a range refuses unknown fields.
        let schema = schemars::schema_for!(Vary).to_value();
        assert_eq!(schema["anyOf"].as_array().unwrap().len(), 3);
        assert_eq!(schema["anyOf"][1], json!({ "$ref": "#/$defs/Range" }));
        assert_eq!(schema["$defs"]["Range"]["additionalProperties"], json!(false));
        assert_eq!(schema["$defs"]["Range"]["required"], json!(["from", "to"]));
    }

    #[test]
    fn items_of_a_list_have_equal_shares_of_u() {
        // By hand: thirds.
        let vary = vary(json!(["a", "b", "c"])).unwrap();
        assert_eq!([0.0, 0.33, 0.34, 0.67, 1.0].map(|u| vary.at(u)), ["a", "a", "b", "c", "c"]);
        assert_eq!((vary.count(), vary.step(1)), (Some(3), json!("b")));
    }

    #[test]
    fn an_empty_list_is_refused_and_a_repeated_value_is_reported() {
        // The second `1`.
        let mut problems = Problems::default();
        Vary::Values(vec![]).check("vary.a", &mut problems);
        vary(json!([1, 2, 1])).unwrap().check("vary.b", &mut problems);
        let reported: Vec<_> = problems
            .list
            .iter()
            .map(|problem| (problem.path.as_str(), problem.what.as_str()))
            .collect();
        assert_eq!(
            reported,
            [("vary.a", "this list has no values"), ("vary.b[2]", "`1` is listed twice")]
        );
    }
}

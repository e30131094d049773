//! Ranges of a parameter: from one value to another of the same kind.
//!
//! Law: at `u` in 0 ..= 1 a linear range is `(1-u)·from + u·to`, a logarithmic one
//! `from^(1-u)·to^u` (equal ratios have equal shares), and one of whole numbers is `from + ⌊u·n⌋`,
//! where each of the `n = to - from + 1` numbers has an equal share of `u`. Its steps are the
//! values at `i/(steps-1)`, both ends included; for whole numbers they are rounded, and without
//! `steps` they are all of the numbers.
//! Limits: one kind, `from` below `to`; whole numbers up to 2^53 and without a unit. Tested: by
//! hand at the ends and between.

use super::value::{Kind, WHOLE, base, kind_of, shown, word, written};
use crate::problem::Problems;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A range of values, such as `{ from: 100/s, to: 400/s, steps: 7 }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The smallest value.
    #[schemars(schema_with = "scalar")]
    pub from: Value,
    /// The largest value.
    #[schemars(schema_with = "scalar")]
    pub to: Value,
    /// The spacing of the values in between.
    #[serde(default, skip_serializing_if = "is_linear")]
    pub scale: Scale,
    /// The number of values, both ends included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
}

/// The spacing of the values of a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Equal differences.
    #[default]
    Linear,
    /// Equal ratios.
    Log,
    /// Whole numbers only.
    Integer,
}

fn scalar(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["number", "string"], "description": "A number, or a quantity with its unit" })
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_linear(scale: &Scale) -> bool {
    *scale == Scale::Linear
}

impl Range {
    /// Returns the kind, and the ends in base units; `None` if they differ in kind or have no size.
    fn ends(&self) -> Option<(Kind, f64, f64)> {
        let kind = kind_of(&self.from);
        Some((kind, base(&self.from, kind)?, base(&self.to, kind)?))
    }

    /// Reports what is wrong with it.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        if self.steps.is_some_and(|steps| steps < 2) {
            problems
                .error(format!("{path}.steps"), "a range needs at least 2 `steps`: its ends")
                .advise("for one value, write the value itself in place of the range");
        }
        let (first, second) = (kind_of(&self.from), kind_of(&self.to));
        for (end, value, kind) in [("from", &self.from, first), ("to", &self.to, second)] {
            if kind == Kind::Text {
                problems
                    .error(format!("{path}.{end}"), format!("`{}` has no size, so there are no values between it and another", shown(value)))
                    .advise("write a number or a quantity with its unit, such as `10ms`; or a list of values in place of the range");
                return;
            }
        }
        let Some((kind, from, to)) = self.ends() else {
            let (from, to) = (shown(&self.from), shown(&self.to));
            let what = format!(
                "both ends of a range must be of the same kind, but `{from}` is {} and `{to}` is {}",
                word(first),
                word(second)
            );
            problems.error(path, what);
            return;
        };
        if from >= to {
            problems
                .error(
                    path,
                    format!(
                        "`from` of a range must be less than its `to`, but `{}` is not less than `{}`",
                        shown(&self.from),
                        shown(&self.to)
                    ),
                )
                .advise("swap `from` and `to`, or write one value in place of the range");
        }
        let scale = format!("{path}.scale");
        match self.scale {
            Scale::Log if from <= 0.0 => {
                let what = format!(
                    "a range with `scale: log` must begin above zero, but `{}` does not",
                    shown(&self.from)
                );
                problems
                    .error(format!("{path}.from"), what)
                    .advise("begin at the smallest value of interest, or leave out `scale`");
            }
            Scale::Integer if kind != Kind::Number => {
                problems
                    .error(
                        scale,
                        format!(
                            "`scale: integer` is for numbers without a unit, but `{}` is {}",
                            shown(&self.from),
                            word(kind)
                        ),
                    )
                    .advise("leave out `scale`, and write the number of `steps`");
            }
            Scale::Integer => {
                for (end, size) in [("from", from), ("to", to)] {
                    if size.fract() != 0.0 || size.abs() > WHOLE {
                        let what = format!(
                            "`{size}` is not a whole number up to 2^53, as `scale: integer` requires"
                        );
                        problems.error(format!("{path}.{end}"), what);
                    }
                }
            }
            Scale::Linear | Scale::Log => {}
        }
    }

    /// Reports an error if its number of steps is unknown.
    pub fn check_steps(&self, path: &str, problems: &mut Problems) {
        if self.count().is_none() {
            let help = "for example `steps: 5`, or `@5` on the command line, both ends included; or list the values";
            problems.error(path, "this range needs a number of `steps`").advise(help);
        }
    }

    /// Returns the value at `u`, from 0 for `from` to 1 for `to`.
    pub fn at(&self, u: f64) -> Value {
        match self.ends() {
            Some((kind, from, to)) => match self.scale {
                _ if u <= 0.0 => self.from.clone(),
                _ if u >= 1.0 => self.to.clone(),
                Scale::Linear => written((1.0 - u) * from + u * to, kind),
                Scale::Log => {
                    written(((1.0 - u) * from.ln() + u * to.ln()).exp().max(from).min(to), kind)
                }
                Scale::Integer => written((from + (u * (to - from + 1.0)).floor()).min(to), kind),
            },
            None => self.from.clone(),
        }
    }

    /// Returns the distance between the ends of a range of whole numbers; `None` for any other
    /// range.
    pub(super) fn whole_steps(&self) -> Option<f64> {
        let (_, from, to) = self.ends()?;
        (self.scale == Scale::Integer).then_some(to - from)
    }

    /// Returns the number of steps; `None` if it is unknown.
    pub fn count(&self) -> Option<u64> {
        let (_, from, to) = self.ends()?;
        match (self.scale, self.steps) {
            (Scale::Integer, steps) => Some(
                ((to - from).max(0.0) as u64)
                    .saturating_add(1)
                    .min(steps.map_or(u64::MAX, u64::from)),
            ),
            (_, steps) => steps.map(u64::from),
        }
    }

    /// Returns step `number`, counted from 0.
    pub fn step(&self, number: u64) -> Value {
        let last = self.count().unwrap_or(1).saturating_sub(1).max(1);
        let u = number as f64 / last as f64;
        match (self.scale, self.ends()) {
            (Scale::Integer, Some((kind, from, to))) if number > 0 && number < last => {
                written((from + u * (to - from)).round(), kind)
            }
            _ => self.at(u),
        }
    }

    /// Returns all steps.
    pub fn grid(&self) -> impl Iterator<Item = Value> {
        (0..self.count().unwrap_or(0)).map(|number| self.step(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn range(value: Value) -> Range {
        serde_json::from_value(value).unwrap()
    }
    fn steps(value: Value) -> Vec<Value> {
        range(value).grid().collect()
    }
    fn found(value: Value) -> Vec<(String, String)> {
        let mut problems = Problems::default();
        range(value).check("vary.x", &mut problems);
        problems.list.into_iter().map(|problem| (problem.path, problem.what)).collect()
    }

    #[test]
    fn a_linear_range_has_equal_differences_and_its_own_ends() {
        // By hand; the ends stay as written.
        assert_eq!(
            steps(json!({ "from": "6k/min", "to": "400/s", "steps": 4 })),
            ["6k/min", "200/s", "300/s", "400/s"]
        );
        assert_eq!(steps(json!({ "from": 0.1, "to": 0.4, "steps": 4 })), [0.1, 0.2, 0.3, 0.4]);
        let wide = range(json!({ "from": -1e308, "to": 1e308 }));
        assert_eq!((wide.at(0.5), wide.at(1.0)), (json!(0), json!(1e308)));
    }

    #[test]
    fn a_logarithmic_range_has_equal_ratios() {
        // By hand: tenfold; the middle of 1 and 4 is 2.
        assert_eq!(
            steps(json!({ "from": "1ms", "to": "10s", "steps": 5, "scale": "log" })),
            ["1ms", "10ms", "100ms", "1s", "10s"]
        );
        assert_eq!(
            range(json!({ "from": "1GiB", "to": "4GiB", "scale": "log" })).at(0.5),
            json!("2GiB")
        );
    }

    #[test]
    fn each_whole_number_has_the_same_share_of_u() {
        // By hand: 4 numbers, a quarter each; 4,000 midpoints give 1,000 of each.
        let whole = range(json!({ "from": 2, "to": 5, "scale": "integer" }));
        assert_eq!(
            [0.0, 0.2499, 0.25, 0.75, 0.9999, 1.0].map(|u| whole.at(u)),
            [2, 2, 3, 5, 5, 5].map(Value::from)
        );
        for number in 2..=5 {
            assert_eq!(
                (0..4_000).filter(|i| whole.at((f64::from(*i) + 0.5) / 4_000.0) == number).count(),
                1_000
            );
        }
    }

    #[test]
    fn steps_of_whole_numbers_are_distinct_and_all_of_them_if_not_counted() {
        // By hand: 1, 3.25, 5.5, 7.75, 10 rounded.
        assert_eq!(
            steps(json!({ "from": 1, "to": 10, "scale": "integer", "steps": 5 })),
            [1, 3, 6, 8, 10]
        );
        assert_eq!(steps(json!({ "from": -1, "to": 2, "scale": "integer" })), [-1, 0, 1, 2]);
        assert_eq!(
            steps(json!({ "from": 1, "to": 3, "scale": "integer", "steps": 100 })),
            [1, 2, 3]
        );
        assert_eq!(
            range(json!({ "from": 0, "to": "1000000G", "scale": "integer" })).count(),
            Some(1_000_000_000_000_001)
        );
    }

    #[test]
    fn what_is_refused_has_values_all_the_same() {
        // Nothing panics, whatever the input: a range that goes down, begins below zero, is of
        // words, or mixes kinds.
        for scale in ["linear", "log", "integer"] {
            for (from, to) in [
                (json!(5), json!(1)),
                (json!(-1), json!(1)),
                (json!("a"), json!("b")),
                (json!(1), json!("1ms")),
            ] {
                let range = range(json!({ "from": from, "to": to, "scale": scale, "steps": 0 }));
                let _ = [f64::NAN, -1.0, 0.5, 2.0].map(|u| range.at(u));
                let _ = (range.grid().count(), range.step(u64::MAX));
            }
        }
    }

    #[test]
    fn what_is_no_range_is_refused_where_it_stands() {
        // One mistake each.
        let path =
            |value: Value| found(value).into_iter().map(|(path, _)| path).collect::<Vec<_>>();
        assert_eq!(found(json!({ "from": 1, "to": "12k", "steps": 2 })), []);
        assert_eq!(path(json!({ "from": "random", "to": 5 })), ["vary.x.from"]);
        assert_eq!(path(json!({ "from": 5, "to": [6] })), ["vary.x.to"]);
        assert_eq!(path(json!({ "from": 5, "to": 5, "steps": 1 })), ["vary.x.steps", "vary.x"]);
        assert_eq!(path(json!({ "from": 0, "to": 5, "scale": "log" })), ["vary.x.from"]);
        assert_eq!(
            path(json!({ "from": "1ms", "to": "5ms", "scale": "integer" })),
            ["vary.x.scale"]
        );
        assert_eq!(
            path(json!({ "from": 0.5, "to": 1e17, "scale": "integer" })),
            ["vary.x.from", "vary.x.to"]
        );
        let mixed = "both ends of a range must be of the same kind, but `10ms` is a duration and `20` is a number";
        assert_eq!(
            found(json!({ "from": "10ms", "to": 20 })),
            [("vary.x".to_string(), mixed.to_string())]
        );
        assert!(
            serde_json::from_value::<Range>(json!({ "from": 1, "too": 2 }))
                .unwrap_err()
                .to_string()
                .contains("unknown field `too`")
        );
    }
}

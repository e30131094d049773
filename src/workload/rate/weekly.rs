//! `weekly`: a rate that differs from one day of the week to the next.
//!
//! Law: a factor for each day, Monday first, from midnight to midnight; the run begins on Monday at
//! midnight, or at `start_at`. The base is the rate of a day with the factor 1.
//! Checked: `tests/it/shapes.rs`.

use super::curve::Curve;
use super::shaped::Modulation;
use crate::problem::Problems;
use crate::units::{Factor, Span};
use schemars::{JsonSchema, Schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

/// `weekly: [ 1x, 1x, 1x, 1x, 1.2x, 0.5x, 0.4x ]`, or with `{ days, start_at }`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(transform = list_alone)]
pub struct Weekly {
    /// A factor for each day, Monday first.
    pub days: Vec<Factor>,
    /// When in the week the run begins, counted from Monday at midnight.
    #[serde(skip_serializing_if = "Span::is_zero")]
    pub start_at: Span,
}

/// Adds the list alone, short for `{ days: […] }`, to the schema.
fn list_alone(schema: &mut Schema) {
    let (whole, days) = (schema.clone(), schema.pointer("/properties/days").cloned());
    *schema = Schema::try_from(json!({ "anyOf": [ whole, days ] })).unwrap_or(whole);
}

/// The form with fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    days: Vec<Factor>,
    #[serde(default)]
    start_at: Span,
}

impl<'de> Deserialize<'de> for Weekly {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Weekly, D::Error> {
        struct Forms;
        impl<'de> serde::de::Visitor<'de> for Forms {
            type Value = Weekly;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("seven factors, such as `[ 1x, 1x, 1x, 1x, 1x, 0.5x, 0.4x ]`")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, of: A) -> Result<Weekly, A::Error> {
                let days = Vec::deserialize(SeqAccessDeserializer::new(of))?;
                Ok(Weekly { days, start_at: Span::ZERO })
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, of: A) -> Result<Weekly, A::Error> {
                let Fields { days, start_at } =
                    Fields::deserialize(MapAccessDeserializer::new(of))?;
                Ok(Weekly { days, start_at })
            }
        }
        from.deserialize_any(Forms)
    }
}

const DAY_S: f64 = 86_400.0;
const WEEK: Span = Span(7 * 86_400_000_000_000);

impl Weekly {
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        if self.days.len() != 7 {
            let what = format!("a week has 7 days, Monday first, not {}", self.days.len());
            problems
                .error(path, what)
                .advise("write for example `[ 1x, 1x, 1x, 1x, 1x, 0.5x, 0.4x ]`");
        }
        if self.start_at >= WEEK {
            let what = format!("{} is after the end of the week", self.start_at);
            problems
                .error(format!("{path}.start_at"), what)
                .advise("count it from Monday at midnight; Saturday at noon is `132h`");
        }
    }
    fn factor(&self, day: u64) -> f64 {
        self.days.get((day % 7) as usize).map_or(1.0, |factor| factor.times)
    }
    /// The number of the day at a time of the run, and when it ends.
    fn day(&self, at_s: f64) -> (u64, f64) {
        let start_s = self.start_at.seconds();
        let day = ((at_s + start_s) / DAY_S).floor();
        let end_s = |day: f64| (day + 1.0) * DAY_S - start_s;
        // A day that ends now, but for rounding, is over.
        let day = if end_s(day) <= at_s { day + 1.0 } else { day };
        (day as u64, end_s(day))
    }
}

impl Modulation for Weekly {
    fn curve(&self, at_s: f64) -> (Curve, f64) {
        let (day, end_s) = self.day(at_s);
        (Curve::level(self.factor(day)), end_s)
    }
    fn settles_s(&self, until_s: f64) -> Option<f64> {
        let (first, last) = (self.day(0.0).0, self.day(until_s - 1e-6).0);
        let last = last.min(first + 7);
        (first..last).all(|day| self.factor(day) == self.factor(day + 1)).then_some(0.0)
    }
    fn period_s(&self) -> Option<(f64, f64)> {
        let mean = (0..7).map(|day| self.factor(day)).sum::<f64>() / 7.0;
        Some((WEEK.seconds(), mean))
    }
    fn highest_s(&self, until_s: f64) -> Option<(f64, String)> {
        let (mut at_s, mut highest): (f64, Option<(f64, f64)>) = (0.0, None);
        for _ in 0..8 {
            let (day, end_s) = self.day(at_s);
            if at_s < until_s && highest.is_none_or(|(_, factor)| self.factor(day) > factor) {
                highest = Some((at_s, self.factor(day)));
            }
            at_s = end_s;
        }
        highest.map(|(at_s, _)| (at_s, "weekly".to_string()))
    }
}

//! `run.replications` and `run.warmup`: a number, or a rule that determines it.

use crate::problem::Problems;
use crate::units::{Count, Share, Span, bare};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt::{Display, Formatter};

/// `replications: 30`, or
/// `replications: { until: { metric: users.latency.p99, half_width: 5% }, min: 20, max: 400 }`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Replications {
    /// A fixed number.
    Fixed(u32),
    /// As many as it takes until the results are precise enough.
    Until(Until),
}

/// A rule for the number of replications.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Until {
    /// The metrics and the precision that each must reach.
    #[serde(with = "one_or_many")]
    #[schemars(with = "one_or_many::Either")]
    pub until: Vec<Precision>,
    /// The smallest number, and the number added between two checks of the precision. Intervals
    /// that are checked after fewer replications have a lower coverage.
    #[serde(default = "twenty")]
    pub min: u32,
    /// The largest number of replications.
    #[serde(default = "four_hundred")]
    pub max: u32,
}

/// The required precision of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Precision {
    /// The statistic, as `ENTITY.METRIC.STATISTIC`, such as `users.latency.p99`.
    pub metric: String,
    /// Half-width of its confidence interval: `5%` of the estimate, or absolute: `2ms`, or a bare
    /// number in the metric's unit.
    pub half_width: HalfWidth,
}

/// Half-width of a confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HalfWidth {
    /// As a share of the estimate.
    Relative(Share),
    /// As a duration.
    Duration(Span),
    /// In the unit of the metric.
    Number(f64),
}

/// `warmup: 30s`, or `warmup: auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warmup {
    /// A fixed time.
    Fixed(Span),
    /// Determined by MSER-5.
    Auto,
}

fn twenty() -> u32 {
    20
}
fn four_hundred() -> u32 {
    400
}

/// The maximum number of replications; guards against typing errors.
const REPLICATIONS_MAX: u32 = 1_000_000;

impl Replications {
    /// Returns the largest possible number of replications.
    pub fn most(&self) -> u32 {
        match self {
            Replications::Fixed(n) => *n,
            Replications::Until(until) => until.max,
        }
    }
    pub(super) fn check(&self, problems: &mut Problems) {
        let path = "run.replications";
        let most = Count(u64::from(REPLICATIONS_MAX));
        match self {
            Replications::Fixed(1) => {
                problems
                    .warning(path, "a single replication yields no confidence intervals")
                    .advise("run at least 2; the default is 30");
            }
            Replications::Fixed(n) if *n == 0 || *n > REPLICATIONS_MAX => {
                problems.error(path, format!("a run has 1 to {most} replications, not {n}"));
            }
            Replications::Fixed(_) => {}
            Replications::Until(until) => until.check(path, problems),
        }
    }
}

impl Until {
    fn check(&self, path: &str, problems: &mut Problems) {
        if self.until.is_empty() {
            problems
                .error(
                    format!("{path}.until"),
                    "no metric decides when there are enough replications",
                )
                .advise("name a metric: `until: { metric: users.latency.p99, half_width: 5% }`");
        }
        if self.min < 2 {
            problems
                .error(
                    format!("{path}.min"),
                    format!(
                        "a confidence interval needs at least 2 replications, not {}",
                        self.min
                    ),
                )
                .advise("the default is 20");
        }
        if self.max < self.min || self.max > REPLICATIONS_MAX {
            let most = Count(u64::from(REPLICATIONS_MAX));
            problems.error(
                format!("{path}.max"),
                format!(
                    "the largest number of replications must be from `min` ({}) to {most}, not {}",
                    self.min, self.max
                ),
            );
        }
        for (index, precision) in self.until.iter().enumerate() {
            let zero = match precision.half_width {
                HalfWidth::Relative(share) => share.fraction == 0.0,
                HalfWidth::Duration(span) => span == Span::ZERO,
                HalfWidth::Number(number) => number <= 0.0,
            };
            if zero {
                let path = if self.until.len() == 1 {
                    format!("{path}.until.half_width")
                } else {
                    format!("{path}.until[{index}].half_width")
                };
                problems
                    .error(path, "no number of replications yields an interval of zero width")
                    .advise("5% is narrow enough for most decisions");
            }
        }
    }
}

impl Default for Replications {
    fn default() -> Replications {
        Replications::Fixed(30)
    }
}

impl Default for Warmup {
    fn default() -> Warmup {
        Warmup::Fixed(Span::ZERO)
    }
}

impl Warmup {
    /// Returns its length; zero for `auto`, whose length is not known before the run.
    pub fn span(self) -> Span {
        match self {
            Warmup::Fixed(span) => span,
            Warmup::Auto => Span::ZERO,
        }
    }
}

impl Display for HalfWidth {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        match self {
            HalfWidth::Relative(share) => share.fmt(f),
            HalfWidth::Duration(span) => span.fmt(f),
            HalfWidth::Number(number) => number.fmt(f),
        }
    }
}

impl Serialize for Replications {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Replications::Fixed(n) => to.serialize_u32(*n),
            Replications::Until(until) => until.serialize(to),
        }
    }
}

/// What is expected where replications are written.
pub(super) const EXPECTED: &str = "a whole number of replications, or a rule `{ until: … }`";

impl<'de> Deserialize<'de> for Replications {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct ReplicationsVisitor;
        impl<'de> Visitor<'de> for ReplicationsVisitor {
            type Value = Replications;
            fn expecting(&self, f: &mut Formatter) -> std::fmt::Result {
                f.write_str(EXPECTED)
            }
            fn visit_u64<E: Error>(self, n: u64) -> Result<Replications, E> {
                let most = Count(u64::from(REPLICATIONS_MAX));
                u32::try_from(n)
                    .map(Replications::Fixed)
                    .map_err(|_| E::custom(format!("a run has 1 to {most} replications, not {n}")))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Replications, A::Error> {
                Until::deserialize(MapAccessDeserializer::new(map)).map(Replications::Until)
            }
        }
        from.deserialize_any(ReplicationsVisitor)
    }
}

impl JsonSchema for Replications {
    fn schema_name() -> Cow<'static, str> {
        "Replications".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let number = json_schema!({ "type": "integer", "minimum": 1, "description": "A fixed number of replications" });
        json_schema!({ "anyOf": [number, generator.subschema_for::<Until>()] })
    }
}

impl Serialize for HalfWidth {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            HalfWidth::Relative(share) => share.serialize(to),
            HalfWidth::Duration(span) => span.serialize(to),
            HalfWidth::Number(number) => to.serialize_f64(*number),
        }
    }
}

impl<'de> Deserialize<'de> for HalfWidth {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct HalfWidthVisitor;
        impl Visitor<'_> for HalfWidthVisitor {
            type Value = HalfWidth;
            fn expecting(&self, f: &mut Formatter) -> std::fmt::Result {
                f.write_str("a half-width such as `5%` of the estimate, `2ms`, or a number in the metric's unit")
            }
            fn visit_u64<E: Error>(self, n: u64) -> Result<HalfWidth, E> {
                Ok(HalfWidth::Number(n as f64))
            }
            fn visit_f64<E: Error>(self, n: f64) -> Result<HalfWidth, E> {
                Ok(HalfWidth::Number(n))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<HalfWidth, E> {
                if text.trim_end().ends_with('%') {
                    return text.parse().map(HalfWidth::Relative).map_err(E::custom);
                }
                text.parse().map(HalfWidth::Duration).map_err(E::custom)
            }
        }
        from.deserialize_any(HalfWidthVisitor)
    }
}

impl JsonSchema for HalfWidth {
    fn schema_name() -> Cow<'static, str> {
        "HalfWidth".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number"], "description": "Half-width of a confidence interval: `5%` of the estimate, `2ms`, or a number in the metric's unit" })
    }
}

impl Serialize for Warmup {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Warmup::Fixed(span) => span.serialize(to),
            Warmup::Auto => to.serialize_str("auto"),
        }
    }
}

impl<'de> Deserialize<'de> for Warmup {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct WarmupVisitor;
        impl Visitor<'_> for WarmupVisitor {
            type Value = Warmup;
            fn expecting(&self, f: &mut Formatter) -> std::fmt::Result {
                f.write_str("a duration such as `30s`, or `auto`")
            }
            fn visit_u64<E: Error>(self, n: u64) -> Result<Warmup, E> {
                bare(n).map(Warmup::Fixed)
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Warmup, E> {
                match text.trim() {
                    "auto" => Ok(Warmup::Auto),
                    text => text.parse().map(Warmup::Fixed).map_err(E::custom),
                }
            }
        }
        from.deserialize_any(WarmupVisitor)
    }
}

impl JsonSchema for Warmup {
    fn schema_name() -> Cow<'static, str> {
        "Warmup".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let auto = json_schema!({ "const": "auto", "description": "Determined by MSER-5" });
        json_schema!({ "anyOf": [generator.subschema_for::<Span>(), auto] })
    }
}

/// The serialised form of a list: a single entry, or a list of entries.
mod one_or_many {
    use super::{Formatter, MapAccess, MapAccessDeserializer, Precision, SeqAccess, Visitor};
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(list: &[Precision], to: S) -> Result<S::Ok, S::Error> {
        match list {
            [one] => one.serialize(to),
            list => list.serialize(to),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<Precision>, D::Error> {
        struct PrecisionsVisitor;
        impl<'de> Visitor<'de> for PrecisionsVisitor {
            type Value = Vec<Precision>;
            fn expecting(&self, f: &mut Formatter) -> std::fmt::Result {
                f.write_str("`{ metric: users.latency.p99, half_width: 5% }`, or a list of these")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<Precision>, A::Error> {
                Precision::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
            }
            fn visit_seq<A: SeqAccess<'de>>(
                self,
                mut items: A,
            ) -> Result<Vec<Precision>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(list)
            }
        }
        from.deserialize_any(PrecisionsVisitor)
    }

    /// The JSON schema of both forms.
    pub(crate) struct Either;
    impl JsonSchema for Either {
        fn schema_name() -> std::borrow::Cow<'static, str> {
            "Precisions".into()
        }
        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let one = generator.subschema_for::<Precision>();
            json_schema!({ "anyOf": [one.clone(), { "type": "array", "items": one }] })
        }
    }
}

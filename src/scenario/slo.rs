//! Service level objectives: what the system should achieve.

mod good;

pub use good::Good;

use crate::problem::Problems;
use crate::units::{Money, Percentile, Rate, Share, Span};
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;
use std::fmt::Display;

/// `slos: { fast: { of: users, p95: 60ms, errors: 0.1% }, lean: { of: api, utilisation: 70% } }`.
///
/// ```
/// use asyncflow::scenario::Slo;
/// use asyncflow::units::{Percentile, Share, Span};
///
/// let fast = Slo { errors: Some(Share::new(0.001)), ..Slo::of("users") }
///     .with_latency(Percentile::P95, Span::from_seconds(0.06));
/// assert_eq!(fast.goals().len(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slo {
    /// A workload, an endpoint or a service; `users` is every workload, unless one has that name.
    pub of: String,
    /// Highest mean latency.
    pub mean: Option<Span>,
    /// Highest percentiles of the latency.
    pub percentiles: IndexMap<Percentile, Span>,
    /// Highest share of failed requests.
    pub errors: Option<Share>,
    /// Lowest share of good requests, and the highest rate at which the others use up the rest.
    pub good: Option<Good>,
    /// Lowest throughput.
    pub throughput: Option<Rate>,
    /// Highest share of all core time that is wasted (of `users`).
    pub wasted: Option<Share>,
    /// Highest mean utilisation of the cores (of a service).
    pub utilisation: Option<Share>,
    /// Highest mean number of requests that wait for a core (of a service).
    pub ready_queue: Option<f64>,
    /// Highest cost (of a service), dollars per hour.
    pub cost: Option<Money>,
}

/// The fields, as they are written; beside these there are all other percentiles.
const FIELDS: [&str; 14] = [
    "of",
    "good",
    "mean",
    "p50",
    "p90",
    "p95",
    "p99",
    "p99.9",
    "errors",
    "throughput",
    "wasted",
    "utilisation",
    "ready_queue",
    "cost",
];

/// Metrics of which an objective bounds the mean, as they end a name.
const MEANS: [&str; 4] = [".throughput", ".utilisation", ".ready_queue", ".cost"];

/// A field of an objective.
enum Field {
    Named(&'static str),
    Percentile(Percentile),
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Field, D::Error> {
        let name = String::deserialize(from)?;
        if let Some(percentile) = Percentile::named(&name) {
            return Ok(Field::Percentile(percentile));
        }
        let known = FIELDS.iter().find(|known| **known == name);
        known
            .map(|known| Field::Named(known))
            .ok_or_else(|| D::Error::unknown_field(&name, &FIELDS))
    }
}

impl<'de> Deserialize<'de> for Slo {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Slo, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Slo;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("struct Slo")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Slo, A::Error> {
                let (mut slo, mut of) = (Slo::default(), None);
                while let Some(field) = map.next_key()? {
                    match field {
                        Field::Percentile(p) => _ = slo.percentiles.insert(p, map.next_value()?),
                        Field::Named("of") => of = Some(map.next_value()?),
                        Field::Named("mean") => slo.mean = map.next_value()?,
                        Field::Named("errors") => slo.errors = map.next_value()?,
                        Field::Named("good") => slo.good = map.next_value()?,
                        Field::Named("throughput") => slo.throughput = map.next_value()?,
                        Field::Named("wasted") => slo.wasted = map.next_value()?,
                        Field::Named("utilisation") => slo.utilisation = map.next_value()?,
                        Field::Named("ready_queue") => slo.ready_queue = map.next_value()?,
                        Field::Named(_) => slo.cost = map.next_value()?,
                    }
                }
                slo.percentiles.sort_unstable_keys();
                Ok(Slo { of: of.ok_or_else(|| A::Error::missing_field("of"))?, ..slo })
            }
        }
        from.deserialize_struct("Slo", &FIELDS, Fields)
    }
}

impl Serialize for Slo {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        fn field<S: SerializeStruct, T: Serialize>(
            to: &mut S,
            name: &'static str,
            value: Option<&T>,
        ) -> Result<(), S::Error> {
            value.map_or(Ok(()), |value| to.serialize_field(name, value))
        }
        let mut to = to.serialize_struct("Slo", FIELDS.len() + self.percentiles.len())?;
        to.serialize_field("of", &self.of)?;
        field(&mut to, "mean", self.mean.as_ref())?;
        for (percentile, bound) in &self.percentiles {
            to.serialize_field(percentile.name(), bound)?;
        }
        field(&mut to, "errors", self.errors.as_ref())?;
        field(&mut to, "good", self.good.as_ref())?;
        field(&mut to, "throughput", self.throughput.as_ref())?;
        field(&mut to, "wasted", self.wasted.as_ref())?;
        field(&mut to, "utilisation", self.utilisation.as_ref())?;
        field(&mut to, "ready_queue", self.ready_queue.as_ref())?;
        field(&mut to, "cost", self.cost.as_ref())?;
        to.end()
    }
}

impl JsonSchema for Slo {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Slo".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (span, share) = (generator.subschema_for::<Span>(), generator.subschema_for::<Share>());
        let (rate, money) = (generator.subschema_for::<Rate>(), generator.subschema_for::<Money>());
        let described = |of: &Schema, what: &str| json!({ "allOf": [of], "description": what });
        let mut properties = serde_json::Map::new();
        let of = "A workload, an endpoint or a service; `users` is every workload, unless one has that name.";
        properties.insert("of".into(), json!({ "type": "string", "description": of }));
        properties.insert("mean".into(), described(&span, "Highest mean latency."));
        for name in Percentile::names() {
            let what = format!("Highest {name} of the latency.");
            properties.insert(name.into(), described(&span, &what));
        }
        for (name, of, what) in [
            ("errors", &share, "Highest share of failed requests."),
            ("throughput", &rate, "Lowest throughput."),
            ("wasted", &share, "Highest share of all core time that is wasted (of `users`)."),
            ("utilisation", &share, "Highest mean utilisation of the cores (of a service)."),
            ("cost", &money, "Highest cost (of a service)."),
        ] {
            properties.insert(name.into(), described(of, what));
        }
        let good = generator.subschema_for::<Good>();
        let what = "Lowest share of good requests, and the highest rate at which the others use up the rest.";
        properties.insert("good".into(), described(&good, what));
        let queue = "Highest mean number of requests that wait for a core (of a service).";
        let queue = json!({ "type": "number", "minimum": 0, "description": queue });
        properties.insert("ready_queue".into(), queue);
        schemars::json_schema!({
            "description": "What the system should achieve: `{ of: users, p95: 60ms, errors: 0.1% }`.",
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
            "required": ["of"],
        })
    }
}

/// What an objective may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// Requests: of a workload or an endpoint.
    Requests,
    /// A service.
    Service,
    /// All services together.
    System,
    /// The objective itself, which is about requests.
    Promise,
}

/// One goal of an objective: a statistic of a metric, and its bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// Name of the metric, such as `latency`.
    pub metric: &'static str,
    /// The statistic of the metric, such as `p95`.
    pub stat: &'static str,
    /// The bound, in the unit of the metric.
    pub bound: f64,
    /// Whether the bound is an upper bound; otherwise it is a lower bound.
    pub at_most: bool,
    /// The goal in short form: `p95 < 60ms`.
    pub words: String,
}

impl Goal {
    /// Returns an upper bound of a mean, which is written with this name.
    fn mean(metric: &'static str, name: &str, bound: f64, written: impl Display) -> Goal {
        let words = format!("{name} < {written}");
        Goal { metric, stat: "mean", bound, at_most: true, words }
    }
    /// Returns the name of its field.
    pub(crate) fn name(&self) -> &str {
        match self.metric {
            "bad_ratio" => "good.share",
            "worst_burn_rate" => "good.burn_rate",
            _ => self.words.split(' ').next().unwrap_or_default(),
        }
    }
    /// Returns what it is about.
    pub(crate) fn about(&self) -> About {
        match self.metric {
            "wasted_ratio" => About::System,
            "bad_ratio" | "worst_burn_rate" => About::Promise,
            "utilisation" | "ready_queue" | "cost" => About::Service,
            _ => About::Requests,
        }
    }
}

impl Slo {
    /// Returns the objective with a bound for a percentile of the latency.
    pub fn with_latency(mut self, percentile: Percentile, at_most: Span) -> Slo {
        self.percentiles.insert(percentile, at_most);
        self
    }
    /// Returns the objective with a share of good requests.
    pub fn with_good(mut self, good: Good) -> Slo {
        self.good = Some(good);
        self
    }
    pub(crate) fn check(&self, path: &str, measured: Span, problems: &mut Problems) {
        if let Some(good) = &self.good {
            good.check(&format!("{path}.good"), measured, problems);
        }
        if self.ready_queue.is_some_and(|queue| !(0.0..=1e15).contains(&queue)) {
            problems
                .error(
                    format!("{path}.ready_queue"),
                    "a queue is a number of requests from 0 to 10^15",
                )
                .advise("write for example `ready_queue: 10`");
        }
    }
    /// Parses an objective in short form: `users.p95 < 60ms`, `users.errors < 1%`,
    /// `users.throughput > 100/s`. `users.latency.p95 <= 60ms` means the same as the first.
    ///
    /// # Errors
    /// The error text and its help text.
    pub(crate) fn from_words(words: &str) -> Result<Slo, (String, String)> {
        let help =
            "name an objective of `slos`, or write for example `users.p95 < 60ms`, `users.errors < 1%`, `users.throughput > 100/s` or `api.utilisation < 70%`"
                .to_string();
        let words = &words.replace('≤', "<").replace('≥', ">");
        let Some(at) = words.find(['<', '>']) else {
            return Err((format!("`{words}` is not an objective in `slos`"), help));
        };
        let (left, bound) = (words[..at].trim(), words[at + 1..].trim_start_matches('=').trim());
        // Accepts the metric names used elsewhere.
        let left = &match left.rsplit_once('.') {
            Some((of, "error_ratio")) => format!("{of}.errors"),
            Some((of, "mean")) if of.ends_with(".error_ratio") => {
                format!("{}.errors", of.trim_end_matches(".error_ratio"))
            }
            Some((of, "wasted_ratio")) => format!("{of}.wasted"),
            Some((of, "mean")) if of.ends_with(".wasted_ratio") => {
                format!("{}.wasted", of.trim_end_matches(".wasted_ratio"))
            }
            Some((of, "mean")) if MEANS.iter().any(|name| of.ends_with(name)) => of.to_string(),
            _ => left.replacen(".latency.", ".", 1),
        };
        if left.ends_with(".good") {
            let help = "write it in `slos`, such as `fast: { of: users, good: { share: 99%, within: 400ms } }`, and name it: `--while fast`";
            return Err((format!("`{left}` needs more than a bound"), help.to_string()));
        }
        let Some((of, stat)) = split(left) else {
            let known = FIELDS[2..].join(", ");
            return Err((format!("`{left}` does not end with one of {known}"), help));
        };
        if (stat == "throughput") != words[at..].starts_with('>') {
            let sign = if stat == "throughput" { '>' } else { '<' };
            return Err((format!("a bound for {stat} is written with `{sign}`"), help));
        }
        // A number is the bound of a queue; other bounds have units.
        let bound_value = match bound.parse::<f64>() {
            Ok(number) if stat == "ready_queue" && number.is_finite() => json!(number),
            _ => json!(bound),
        };
        serde_json::from_value(json!({ "of": of, stat: bound_value })).map_err(|error| {
            (
                format!(
                    "`{bound}` is not a valid bound for {stat}: {}",
                    error.to_string().lines().next().unwrap_or_default()
                ),
                help,
            )
        })
    }
    /// Returns its goals, in the order of the fields.
    pub fn goals(&self) -> Vec<Goal> {
        let mut goals = Vec::new();
        if let Some(bound) = self.mean {
            goals.push(Goal::mean("latency", "mean", bound.seconds(), bound));
        }
        goals.extend(self.percentiles.iter().map(|(percentile, bound)| Goal {
            metric: "latency",
            stat: percentile.name(),
            bound: bound.seconds(),
            at_most: true,
            words: format!("{percentile} < {bound}"),
        }));
        if let Some(bound) = self.errors {
            goals.push(Goal::mean("error_ratio", "errors", bound.fraction, bound));
        }
        goals.extend(self.good.iter().flat_map(Good::goals));
        goals.extend(self.throughput.map(|bound| Goal {
            metric: "throughput",
            stat: "mean",
            bound: bound.per_second,
            at_most: false,
            words: format!("throughput > {bound}"),
        }));
        if let Some(bound) = self.wasted {
            goals.push(Goal::mean("wasted_ratio", "wasted", bound.fraction, bound));
        }
        if let Some(bound) = self.utilisation {
            goals.push(Goal::mean("utilisation", "utilisation", bound.fraction, bound));
        }
        if let Some(bound) = self.ready_queue {
            goals.push(Goal::mean("ready_queue", "ready_queue", bound, bound));
        }
        if let Some(bound) = self.cost {
            goals.push(Goal::mean("cost", "cost", bound.dollars_per_hour, bound));
        }
        goals
    }
}

/// Splits `users.p95` into what a bound is about, and its name.
pub(super) fn split(left: &str) -> Option<(&str, &str)> {
    // Names of endpoints have dots, and so have percentiles.
    let dots = left.match_indices('.').map(|(at, _)| (&left[..at], &left[at + 1..]));
    let is_known = |name: &str| FIELDS[2..].contains(&name) || Percentile::named(name).is_some();
    dots.into_iter().find(|(_, name)| is_known(name))
}

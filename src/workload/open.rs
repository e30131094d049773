//! Open workloads: requests come at a rate, whatever happens to those before (Schroeder, Wierman,
//! Harchol-Balter 2006).

use super::Arrivals;
use crate::problem::Problems;
use crate::units::{Quantity, Rate, Span};
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `open: { rate: 150/s, arrivals: poisson }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// How many requests come, constant or in stages.
    pub rate: RateShape,
    /// How they are spaced.
    #[serde(default)]
    pub arrivals: Arrivals,
}

/// A rate over time.
#[derive(Clone, Debug, PartialEq, JsonSchema)]
#[schemars(untagged)]
pub enum RateShape {
    /// The same all the time.
    Constant(Rate),
    /// Linear ramps.
    Stages(Stages),
}

/// Linear ramps, one after the other; the last rate stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stages {
    /// The rate at the beginning.
    #[serde(default)]
    pub from: Rate,
    /// The ramps.
    pub stages: Vec<Stage>,
}

/// One ramp. `over: 0s` is a jump.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The rate at its end.
    pub to: Rate,
    /// How long it takes.
    pub over: Span,
}

impl Serialize for RateShape {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            RateShape::Constant(rate) => rate.serialize(to),
            RateShape::Stages(stages) => stages.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for RateShape {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> serde::de::Visitor<'de> for Words {
            type Value = RateShape;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a rate such as `150/s`, or stages")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RateShape, E> {
                text.parse().map(RateShape::Constant).map_err(E::custom)
            }
            fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<RateShape, E> {
                Rate::from_bare(&n.to_string()).map(RateShape::Constant).map_err(E::custom)
            }
            fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<RateShape, E> {
                Rate::from_bare(&n.to_string()).map(RateShape::Constant).map_err(E::custom)
            }
            fn visit_f64<E: serde::de::Error>(self, n: f64) -> Result<RateShape, E> {
                Rate::from_bare(&n.to_string()).map(RateShape::Constant).map_err(E::custom)
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<RateShape, A::Error> {
                Stages::deserialize(MapAccessDeserializer::new(map)).map(RateShape::Stages)
            }
        }
        from.deserialize_any(Words)
    }
}

impl Open {
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        self.arrivals.check(&format!("{path}.arrivals"), problems);
        if let (Arrivals::At(_), RateShape::Stages(_)) = (&self.arrivals, &self.rate) {
            let what = "the times of these arrivals are given, and stages would change nothing";
            problems
                .error(format!("{path}.rate"), what)
                .advise("write one rate, what they are on average");
        }
        if let (Arrivals::At(times), RateShape::Constant(rate)) = (&self.arrivals, &self.rate)
            && rate.per_second == 0.0
            && !times.is_empty()
        {
            let what =
                "the times of these arrivals are given, and a rate of 0/s says that none comes";
            problems.error(format!("{path}.rate"), what).advise("write what they are on average");
        }
        match &self.rate {
            RateShape::Constant(rate) if rate.per_second == 0.0 => {
                problems.warning(format!("{path}.rate"), "at a rate of 0/s no request ever comes");
            }
            RateShape::Constant(_) => {}
            RateShape::Stages(stages) => {
                if stages.stages.is_empty() {
                    let help = "write for example `stages: [ { to: 500/s, over: 2m } ]`";
                    problems
                        .error(format!("{path}.rate.stages"), "`stages` needs at least one stage")
                        .advise(help);
                }
            }
        }
    }
}

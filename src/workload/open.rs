//! Open workloads: requests arrive at a rate that does not depend on the progress of earlier ones
//! (Schroeder, Wierman, Harchol-Balter 2006).

use super::Arrivals;
use crate::problem::Problems;
use crate::units::{Rate, Span, bare};
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An open workload: `open: { rate: 150/s, arrivals: poisson }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// The arrival rate, constant or in stages.
    pub rate: RateShape,
    /// How arrivals are spaced.
    #[serde(default)]
    pub arrivals: Arrivals,
}

/// A rate over time.
#[derive(Clone, Debug, PartialEq, JsonSchema)]
#[schemars(untagged)]
#[non_exhaustive]
pub enum RateShape {
    /// A constant rate.
    Constant(Rate),
    /// Linear ramps.
    Stages(Stages),
    /// A rate that jumps between states by chance.
    Mmpp(Mmpp),
}

/// A rate that jumps between states: a Markov-modulated Poisson process, with Poisson arrivals. It
/// begins in the first state, and takes them in turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mmpp {
    /// The states, at least two.
    pub mmpp: Vec<RateState>,
}

/// A state of a rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateState {
    /// The rate in this state.
    pub rate: Rate,
    /// How long it lasts on average; its length is exponential.
    pub stay: Span,
}

/// The form of a rate with fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    from: Option<Rate>,
    stages: Option<Vec<Stage>>,
    mmpp: Option<Vec<RateState>>,
}

/// Linear ramps, one after the other; the last rate is kept.
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
    /// The rate at the end of the ramp.
    pub to: Rate,
    /// The duration of the ramp.
    pub over: Span,
}

impl Serialize for RateShape {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            RateShape::Constant(rate) => rate.serialize(to),
            RateShape::Stages(stages) => stages.serialize(to),
            RateShape::Mmpp(mmpp) => mmpp.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for RateShape {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> serde::de::Visitor<'de> for Words {
            type Value = RateShape;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a rate such as `150/s`, stages, or `mmpp`")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RateShape, E> {
                text.parse().map(RateShape::Constant).map_err(E::custom)
            }
            fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<RateShape, E> {
                bare(n).map(RateShape::Constant)
            }
            fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<RateShape, E> {
                bare(n).map(RateShape::Constant)
            }
            fn visit_f64<E: serde::de::Error>(self, n: f64) -> Result<RateShape, E> {
                bare(n).map(RateShape::Constant)
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<RateShape, A::Error> {
                let Fields { from, stages, mmpp } =
                    Fields::deserialize(MapAccessDeserializer::new(map))?;
                match (stages, mmpp) {
                    (None, Some(mmpp)) if from.is_none() => Ok(RateShape::Mmpp(Mmpp { mmpp })),
                    (_, Some(_)) => Err(serde::de::Error::custom(
                        "a rate has either stages or `mmpp`, not both",
                    )),
                    (Some(stages), None) => {
                        let from = from.unwrap_or_default();
                        Ok(RateShape::Stages(Stages { from, stages }))
                    }
                    (None, None) => Err(serde::de::Error::missing_field("stages")),
                }
            }
        }
        from.deserialize_any(Words)
    }
}

/// The maximum number of states of a rate.
const STATES_MAX: usize = 1000;
/// The least mean stay in a state.
const STAY_MIN_NS: u64 = 1_000_000;

impl Open {
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        self.arrivals.check(&format!("{path}.arrivals"), problems);
        if let (Arrivals::At(_), RateShape::Stages(_) | RateShape::Mmpp(_)) =
            (&self.arrivals, &self.rate)
        {
            let what =
                "these arrivals have given times, so a rate that changes would have no effect";
            problems.error(format!("{path}.rate"), what).advise("write one rate, their average");
        }
        if let (Arrivals::At(times), RateShape::Constant(rate)) = (&self.arrivals, &self.rate)
            && rate.per_second == 0.0
            && !times.is_empty()
        {
            let what = "these arrivals have given times, but a rate of 0/s means that none arrive";
            problems.error(format!("{path}.rate"), what).advise("write their average rate");
        }
        match &self.rate {
            RateShape::Constant(rate) if rate.per_second == 0.0 => {
                problems
                    .warning(format!("{path}.rate"), "at a rate of 0/s no request ever arrives");
            }
            RateShape::Constant(_) => {}
            RateShape::Mmpp(Mmpp { mmpp }) => {
                let path = format!("{path}.rate.mmpp");
                if mmpp.len() < 2 || mmpp.len() > STATES_MAX {
                    let what = format!("`mmpp` has 2 to {STATES_MAX} states, not {}", mmpp.len());
                    problems.error(&path, what).advise(
                        "write for example `mmpp: [ { rate: 20/s, stay: 10s }, { rate: 200/s, stay: 1s } ]`",
                    );
                }
                for (index, state) in mmpp.iter().enumerate() {
                    if state.stay.0 < STAY_MIN_NS {
                        let what = format!("a stay of {} is shorter than 1ms", state.stay);
                        problems
                            .error(format!("{path}[{index}].stay"), what)
                            .advise("a rate that changes as fast is its mean: write that");
                    }
                }
                if mmpp.iter().all(|state| state.rate.per_second == 0.0) && !mmpp.is_empty() {
                    problems.warning(path, "all rates are 0/s, so no request ever arrives");
                }
            }
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

//! Rates over time: a base, which is constant, in stages or jumps between states, and factors that
//! change with time. A file for each; `profile.rs` and `shaped.rs` cut them into pieces whose
//! integral can be inverted.

mod curve;
mod diurnal;
mod mmpp;
mod noise;
mod profile;
mod shaped;
mod spikes;
mod spread;
mod stages;
mod table;
mod weekly;

pub use diurnal::Diurnal;
pub use mmpp::{Mmpp, RateState};
pub use noise::Noise;
pub(crate) use profile::{RateProfile, RateSegment};
use shaped::Modulation;
pub(crate) use shaped::{Course, Shaped};
pub use spikes::Spike;
pub use spread::RateSpread;
pub use stages::{Stage, Stages};
pub use table::Table;
pub use weekly::Weekly;

use crate::problem::Problems;
use crate::units::{Rate, bare};
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::Path;
use std::sync::Arc;

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
    /// Read from a file.
    Table(TableRate),
    /// One of these, multiplied by factors that change with time.
    Shaped(#[schemars(with = "Fields")] Box<ShapedRate>),
}

/// A rate from a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableRate {
    /// The file and its columns.
    pub table: Table,
}

/// A rate multiplied by factors that change with time. They are independent of each other: a base
/// of 100/s, a spike of 3x and half the traffic on a Sunday are 150/s.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapedRate {
    /// What is multiplied; not a shaped rate.
    pub base: RateShape,
    /// The factors.
    pub shapes: Shapes,
}

/// Factors of a rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shapes {
    /// By the time of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diurnal: Option<Diurnal>,
    /// By the day of the week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekly: Option<Weekly>,
    /// Flash crowds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spikes: Vec<Spike>,
    /// By chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
}

/// The form of a rate with fields: one of `base`, `stages`, `mmpp` and `table`, and factors.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Fields {
    /// A constant rate, which factors multiply.
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<Rate>,
    /// The rate at the beginning of stages.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Rate>,
    /// Linear ramps.
    #[serde(skip_serializing_if = "Option::is_none")]
    stages: Option<Vec<Stage>>,
    /// States that a rate jumps between by chance.
    #[serde(skip_serializing_if = "Option::is_none")]
    mmpp: Option<Vec<RateState>>,
    /// A rate from a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<Table>,
    /// By the time of the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    diurnal: Option<Diurnal>,
    /// By the day of the week.
    #[serde(skip_serializing_if = "Option::is_none")]
    weekly: Option<Weekly>,
    /// Flash crowds.
    #[serde(skip_serializing_if = "Option::is_none")]
    spikes: Option<Vec<Spike>>,
    /// By chance.
    #[serde(skip_serializing_if = "Option::is_none")]
    noise: Option<Noise>,
}

impl Serialize for RateShape {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            RateShape::Constant(rate) => rate.serialize(to),
            RateShape::Stages(stages) => stages.serialize(to),
            RateShape::Mmpp(mmpp) => mmpp.serialize(to),
            RateShape::Table(table) => table.serialize(to),
            RateShape::Shaped(shaped) => Fields::of(shaped).serialize(to),
        }
    }
}

impl Fields {
    fn of(ShapedRate { base, shapes }: &ShapedRate) -> Fields {
        let Shapes { diurnal, weekly, spikes, noise } = shapes.clone();
        let spikes = Some(spikes).filter(|spikes| !spikes.is_empty());
        let (mut constant, mut from, mut stages, mut mmpp, mut table) =
            (None, None, None, None, None);
        match base.clone() {
            RateShape::Constant(rate) => constant = Some(rate),
            RateShape::Stages(ramps) => (from, stages) = (Some(ramps.from), Some(ramps.stages)),
            RateShape::Mmpp(states) => mmpp = Some(states.mmpp),
            RateShape::Table(file) => table = Some(file.table),
            RateShape::Shaped(inner) => return Fields::of(&inner),
        }
        Fields { base: constant, from, stages, mmpp, table, diurnal, weekly, spikes, noise }
    }
    /// The rate; what is wrong if they contradict each other.
    fn rate<E: serde::de::Error>(self) -> Result<RateShape, E> {
        let Fields { base, from, stages, mmpp, table, diurnal, weekly, spikes, noise } = self;
        let missing = match (&diurnal, &weekly, &spikes, &noise) {
            (None, None, None, None) => "stages",
            _ => "base",
        };
        let base = match (base, stages, mmpp, table) {
            (None, Some(stages), None, None) => {
                RateShape::Stages(Stages { from: from.unwrap_or_default(), stages })
            }
            (None, None, Some(mmpp), None) if from.is_none() => RateShape::Mmpp(Mmpp { mmpp }),
            (None, None, None, Some(table)) if from.is_none() => {
                RateShape::Table(TableRate { table })
            }
            (Some(base), None, None, None) if from.is_none() => RateShape::Constant(base),
            (Some(_), None, None, None) => {
                return Err(E::custom("`from` belongs to `stages`, not to `base`"));
            }
            (None, None, None, None) => return Err(E::missing_field(missing)),
            (None, .., None) => {
                return Err(E::custom("a rate has either stages or `mmpp`, not both"));
            }
            _ => return Err(E::custom("a rate has one of `base`, `stages`, `mmpp` and `table`")),
        };
        let shapes = Shapes { diurnal, weekly, spikes: spikes.unwrap_or_default(), noise };
        match shapes == Shapes::default() {
            true => Ok(base),
            false => Ok(RateShape::Shaped(Box::new(ShapedRate { base, shapes }))),
        }
    }
}

impl<'de> Deserialize<'de> for RateShape {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> serde::de::Visitor<'de> for Words {
            type Value = RateShape;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str(
                    "a rate such as `150/s`, stages, `mmpp`, a `table`, or a `base` with factors",
                )
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
                Fields::deserialize(MapAccessDeserializer::new(map))?.rate()
            }
        }
        from.deserialize_any(Words)
    }
}

impl RateShape {
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        match self {
            RateShape::Constant(rate) if rate.per_second == 0.0 => {
                problems.warning(path, "at a rate of 0/s no request ever arrives");
            }
            RateShape::Constant(_) => {}
            RateShape::Stages(stages) => stages.check(path, problems),
            RateShape::Mmpp(mmpp) => mmpp.check(path, problems),
            RateShape::Table(TableRate { table }) => {
                table.check(&format!("{path}.table"), problems)
            }
            RateShape::Shaped(shaped) => {
                shaped.base.check(path, problems);
                shaped.shapes.check(path, problems);
            }
        }
    }
    /// Reads its file, if it has one.
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        match self {
            RateShape::Table(TableRate { table }) => {
                table.load(folder, &format!("{path}.table"), problems);
            }
            RateShape::Shaped(shaped) => shaped.base.load(folder, path, problems),
            _ => {}
        }
    }
    /// Its stages, if it has any.
    pub(crate) fn stages(&self) -> Option<&Stages> {
        match self {
            RateShape::Stages(stages) => Some(stages),
            RateShape::Shaped(shaped) => shaped.base.stages(),
            _ => None,
        }
    }
    /// Its flash crowds.
    pub(crate) fn spikes(&self) -> &[Spike] {
        match self {
            RateShape::Shaped(shaped) => &shaped.shapes.spikes,
            _ => &[],
        }
    }
}

/// The most spikes of a rate.
const SPIKES_MAX: usize = 100;

impl Shapes {
    fn check(&self, path: &str, problems: &mut Problems) {
        if let Some(diurnal) = &self.diurnal {
            diurnal.check(&format!("{path}.diurnal"), problems);
        }
        if let Some(weekly) = &self.weekly {
            weekly.check(&format!("{path}.weekly"), problems);
        }
        if let (Some(diurnal), Some(weekly)) = (&self.diurnal, &self.weekly)
            && weekly.start_at.0 % diurnal.period.0.max(1) != diurnal.start_at.0
        {
            let what = format!(
                "the week begins at {} and the period of `diurnal` at {}: they disagree about the time of the day",
                weekly.start_at, diurnal.start_at
            );
            problems
                .warning(format!("{path}.weekly"), what)
                .advise("give both the `start_at` of the run, such as `diurnal: { start_at: 13h }` and `weekly: { start_at: 37h }` for Tuesday at 13:00");
        }
        if self.spikes.len() > SPIKES_MAX {
            let what = format!("a rate has at most {SPIKES_MAX} spikes, not {}", self.spikes.len());
            problems
                .error(format!("{path}.spikes"), what)
                .advise("write a periodic rate with `diurnal: { period: … }`");
        }
        for (index, spike) in self.spikes.iter().enumerate() {
            spike.check(&format!("{path}.spikes[{index}]"), problems);
        }
        if let Some(noise) = &self.noise {
            noise.check(&format!("{path}.noise"), problems);
        }
    }
}

impl ShapedRate {
    fn compile(&self) -> Shaped {
        let Shapes { diurnal, weekly, spikes, noise } = self.shapes.clone();
        let mut factors: Vec<Arc<dyn Modulation>> = Vec::new();
        factors.extend(diurnal.map(|factor| Arc::new(factor) as Arc<dyn Modulation>));
        factors.extend(weekly.map(|factor| Arc::new(factor) as Arc<dyn Modulation>));
        factors.extend(spikes.into_iter().map(|factor| Arc::new(factor) as Arc<dyn Modulation>));
        let noise = noise.map(|noise| (noise.compile(), noise.every.seconds()));
        Shaped { base: RateProfile::of_rate(&self.base), factors, noise }
    }
}

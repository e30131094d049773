//! A time in the original's format: a number of seconds, or a random variable with a mean and a
//! distribution.
//!
//! Law: a plain number is a constant. Limits: ranges are left to `check`. Tests in
//! `tests_later.rs`.

use super::payload::Distribution;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use std::fmt;

/// A number, or `{ mean, distribution, variance }`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variable {
    pub mean: f64,
    /// `None` for a plain number.
    pub distribution: Option<Distribution>,
    pub variance: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    mean: f64,
    #[serde(default)]
    distribution: Distribution,
    variance: Option<f64>,
}

impl Variable {
    fn constant(mean: f64) -> Variable {
        Variable { mean, distribution: None, variance: None }
    }
    /// Returns the variance; the default is the mean.
    pub(crate) fn variance(&self) -> f64 {
        self.variance.unwrap_or(self.mean)
    }
}

impl<'de> Deserialize<'de> for Variable {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Variable;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_u64<E>(self, number: u64) -> Result<Variable, E> {
                Ok(Variable::constant(number as f64))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Variable, E> {
                Ok(Variable::constant(number as f64))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Variable, E> {
                Ok(Variable::constant(number))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Variable, A::Error> {
                let Fields { mean, distribution, variance } =
                    Fields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Variable { mean, distribution: Some(distribution), variance })
            }
        }
        from.deserialize_any(Words)
    }
}

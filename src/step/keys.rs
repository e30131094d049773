//! The keys of a lock, as written: drawn by each request that takes it, or those of its workload.

use crate::random::dists::{Dist, plain};
use crate::units::Count;
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The keys of a lock: `keys: { zipf: { n: 5k, s: 1.1 } }`, of which each request draws one, or
/// `keys: product`, a key of the workload.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
#[non_exhaustive]
pub enum LockKeys {
    /// How popular they are; drawn by each request that takes the lock.
    Drawn(Dist<Count>),
    /// A key of the workload, by its name: drawn once for all that a request does, also in other
    /// services.
    Carried(String),
}

impl<'de> Deserialize<'de> for LockKeys {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = LockKeys;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a distribution, such as `{ zipf: { n: 5k, s: 1.1 } }`, or the name of a key of the workload")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<LockKeys, E> {
                match text.starts_with(|first: char| first.is_ascii_digit()) {
                    true => plain(text).map(constant).map_err(E::custom),
                    false => Ok(LockKeys::Carried(text.to_string())),
                }
            }
            // A number is refused where all keys are checked.
            fn visit_u64<E: Error>(self, n: u64) -> Result<LockKeys, E> {
                Ok(constant(Count(n)))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LockKeys, A::Error> {
                Dist::deserialize(MapAccessDeserializer::new(map)).map(LockKeys::Drawn)
            }
        }
        from.deserialize_any(Words)
    }
}

fn constant(count: Count) -> LockKeys {
    LockKeys::Drawn(Dist::constant(count))
}

impl From<Dist<Count>> for LockKeys {
    fn from(law: Dist<Count>) -> LockKeys {
        LockKeys::Drawn(law)
    }
}

//! The written form of what is a plain value, or fields: some steps, and the patience of users.
//!
//! Tested: by those who use it; `tests/corpus`.

use crate::problem::Refusal;
use crate::random::dists::Dist;
use crate::units::{Quantity, bare};
use serde::de::{MapAccess, Unexpected};
use serde::{Deserialize, Deserializer};

/// Reads what is written either as a plain value (`wait: 2ms`, `wait: { exp: 2ms }`) or as fields
/// (`wait: { for: 2ms, label: db }`): a map by its first key, which begins the fields or is a
/// distribution.
pub(crate) fn plain_or_fields<'de, D, Q, F, R>(
    from: D,
    first_fields: &'static [&'static str],
    plain: fn(Dist<Q>) -> R,
    fields: fn(F) -> R,
) -> Result<R, D::Error>
where
    D: Deserializer<'de>,
    Q: Quantity + Deserialize<'de>,
    F: Deserialize<'de>,
{
    struct Words<Q, F, R> {
        first_fields: &'static [&'static str],
        plain: fn(Dist<Q>) -> R,
        fields: fn(F) -> R,
    }
    impl<'de, Q: Quantity + Deserialize<'de>, F: Deserialize<'de>, R> serde::de::Visitor<'de>
        for Words<Q, F, R>
    {
        type Value = R;
        fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
            write!(f, "{}, or a distribution", Q::EXPECTING)
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<R, E> {
            crate::random::dists::plain(text)
                .map(|q| (self.plain)(Dist::constant(q)))
                .map_err(E::custom)
        }
        fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<R, E> {
            bare(n).map(|q| (self.plain)(Dist::constant(q)))
        }
        fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<R, E> {
            bare(n).map(|q| (self.plain)(Dist::constant(q)))
        }
        fn visit_f64<E: serde::de::Error>(self, n: f64) -> Result<R, E> {
            bare(n).map(|q| (self.plain)(Dist::constant(q)))
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<R, A::Error> {
            let Some(first) = map.next_key::<String>()? else {
                return Err(serde::de::Error::invalid_type(Unexpected::Unit, &self));
            };
            let is_field = self.first_fields.contains(&first.as_str());
            let mut rest = FirstKey { first: Some(first), map };
            if is_field {
                return F::deserialize(serde::de::value::MapAccessDeserializer::new(rest))
                    .map(self.fields);
            }
            let plain = Dist::deserialize(serde::de::value::MapAccessDeserializer::new(&mut rest))?;
            match rest.next_key::<String>()? {
                None => Ok((self.plain)(plain)),
                Some(key) => {
                    let refusal = Refusal::new(format!("`{key}` stands beside a distribution"));
                    Err(serde::de::Error::custom(refusal.help(format!(
                        "write the distribution under `{}`, beside `{key}`",
                        self.first_fields[0]
                    ))))
                }
            }
        }
    }
    from.deserialize_any(Words { first_fields, plain, fields })
}

/// A map whose first key has been read already.
struct FirstKey<A> {
    first: Option<String>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for FirstKey<A> {
    type Error = A::Error;
    fn next_key_seed<K: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(key) => seed.deserialize(serde::de::value::StringDeserializer::new(key)).map(Some),
            None => self.map.next_key_seed(seed),
        }
    }
    fn next_value_seed<V: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

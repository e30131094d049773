//! The written form of what is a plain value, or fields: some steps, and the patience of users.
//!
//! Tested: by those who use it; `tests/corpus`.

use super::dists::{self, Dist, OR_DISTRIBUTION, TAGS};
use crate::problem::Refusal;
use crate::units::{Quantity, bare};
use serde::de::{DeserializeSeed, MapAccess, Unexpected};
use serde::{Deserialize, Deserializer};
use std::marker::PhantomData;

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
            write!(f, "{}{OR_DISTRIBUTION}", Q::EXPECTING)
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<R, E> {
            dists::plain(text).map(|q| (self.plain)(Dist::constant(q))).map_err(E::custom)
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
            let seed = Word::<Q>(self.first_fields, PhantomData);
            let Some(first) = map.next_key_seed(seed)? else {
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
                Some(key) if TAGS.contains(&key.as_str()) => {
                    let refusal = Refusal::new("two distributions stand here, and one is needed");
                    Err(serde::de::Error::custom(
                        refusal.help(format!("remove one, such as `{key}`, or write a `mixture`")),
                    ))
                }
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

/// The first key: that of a field, or of a distribution. What is wrong with it has its place.
struct Word<Q>(&'static [&'static str], PhantomData<Q>);

impl<'de, Q: Quantity> DeserializeSeed<'de> for Word<Q> {
    type Value = String;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<String, D::Error> {
        let word = String::deserialize(from)?;
        if self.0.contains(&word.as_str()) || TAGS.contains(&word.as_str()) {
            return Ok(word);
        }
        dists::plain::<Q>(&word).map(|_| word).map_err(serde::de::Error::custom)
    }
}

/// A map whose first key has been read already.
struct FirstKey<A> {
    first: Option<String>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for FirstKey<A> {
    type Error = A::Error;
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(key) => seed.deserialize(serde::de::value::StringDeserializer::new(key)).map(Some),
            None => self.map.next_key_seed(seed),
        }
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

//! The items of a list, the entries of a map, and the keys, as serde's accesses to them.

use super::{Outcome, Reader};
use crate::scenario::text::read::fault::{Fault, Kind};
use crate::scenario::text::read::wanted::{Found, Wanted};
use crate::scenario::text::{Entry, Node};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// A list being read.
pub(super) struct Items<'n> {
    pub(super) list: Reader<'n>,
    pub(super) items: &'n [Node],
    pub(super) next: usize,
}

impl Items<'_> {
    /// Refuses a list of which not all items were read.
    pub(super) fn end(&self) -> Outcome<()> {
        let (read, all) = (self.next, self.items.len());
        match (read..all).any(|index| self.list.sees(index)) {
            true => Err(Fault::wrong_type(Wanted::Values(read.to_string()), Found::Values(all))),
            false => Ok(()),
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Outcome<Option<T::Value>> {
        let Some(index) = (self.next..self.items.len()).find(|index| self.list.sees(*index)) else {
            return Ok(None);
        };
        self.next = index + 1;
        seed.deserialize(self.list.child(index, &self.items[index], true))
            .map(Some)
            .map_err(|fault| fault.below(index))
    }
}

/// A map being read.
pub(super) struct Fields<'n> {
    pub(super) map: Reader<'n>,
    pub(super) entries: &'n [Entry],
    pub(super) next: usize,
    pub(super) current: usize,
}

impl Fields<'_> {
    /// Refuses a map of which not all entries were read.
    pub(super) fn end(&self) -> Outcome<()> {
        match (self.next..self.entries.len()).any(|index| self.map.sees(index)) {
            true => Err(self.map.not_one(self.entries, Wanted::OneOf(&[]))),
            false => Ok(()),
        }
    }
    /// Attaches the error of a field of this map that is given twice to the second key.
    pub(super) fn on_key_given_twice(&self, fault: Fault) -> Fault {
        match fault.0.kind {
            Kind::Twice if fault.0.route.is_empty() => fault.on_key(self.current),
            _ => fault,
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Fault;
    fn next_key_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Outcome<Option<T::Value>> {
        let Some(index) = (self.next..self.entries.len()).find(|index| self.map.sees(*index))
        else {
            return Ok(None);
        };
        (self.next, self.current) = (index + 1, index);
        seed.deserialize(Key(&self.entries[index].key))
            .map(Some)
            .map_err(|fault| fault.on_key(index))
    }
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Outcome<T::Value> {
        let index = self.current;
        let Some(entry) = self.entries.get(index) else {
            return Err(Fault::custom("the value was requested before its key"));
        };
        seed.deserialize(self.map.child(index, &entry.value, false))
            .map_err(|fault| fault.below(index))
    }
}

/// A key, or the name of a variant.
#[derive(Clone, Copy)]
pub(super) struct Key<'n>(pub(super) &'n str);

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Fault;
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        visitor.visit_str(self.0)
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        visitor.visit_some(self)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Outcome<V::Value> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Outcome<V::Value> {
        visitor.visit_enum(serde::de::value::StrDeserializer::new(self.0))
    }
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

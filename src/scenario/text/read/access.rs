//! serde's deserializer over the tree.
//!
//! A variant is a map of one key or a bare word; numbers are not converted to text, nor text to
//! numbers; a whole number is accepted where a fraction is expected; numbers must be finite; a list
//! is never read as a struct. Hidden nodes are skipped. Where a type asks for one form, only its
//! visitor's method for that form is called, so that the others are not compiled for each type.
//! Limits: recursion as deep as the tree. Tests in `tests/read.rs`.

mod children;
mod variants;

use super::Hidden;
use super::fault::Fault;
use super::wanted::{Found, Wanted};
use crate::scenario::text::{Entry, Node, Value};
use children::{Fields, Items};
use serde::de::{Deserializer, Error, Expected, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use variants::{Bare, Choice};

type Outcome<T> = Result<T, Fault>;

/// A node to be read.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'n> {
    /// The node.
    pub node: &'n Node,
    /// The nodes to skip below it.
    pub hidden: Option<&'n Hidden>,
    /// Whether it is an item of a list.
    pub in_list: bool,
}

impl<'n> Reader<'n> {
    fn child(&self, index: usize, node: &'n Node, in_list: bool) -> Reader<'n> {
        Reader { node, hidden: self.hidden.and_then(|hidden| hidden.below.get(&index)), in_list }
    }
    fn sees(&self, index: usize) -> bool {
        !self.hidden.is_some_and(|hidden| hidden.leaves_out(index))
    }
    fn list<'de, V: Visitor<'de>>(self, items: &'n [Node], visitor: V) -> Outcome<V::Value> {
        let mut access = Items { list: self, items, next: 0 };
        let value = visitor.visit_seq(&mut access)?;
        access.end().map(|()| value)
    }
    fn map<'de, V: Visitor<'de>>(self, entries: &'n [Entry], visitor: V) -> Outcome<V::Value> {
        let mut access = Fields { map: self, entries, next: 0, current: 0 };
        match visitor.visit_map(&mut access) {
            Ok(value) => access.end().map(|()| value),
            Err(fault) => Err(access.on_key_given_twice(fault)),
        }
    }
    /// Reads a value that is neither a list nor a map.
    fn scalar<'de, V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Unsigned(number) => visitor.visit_u64(*number),
            Value::Signed(number) => visitor.visit_i64(*number),
            Value::Float(number) if number.is_finite() => visitor.visit_f64(*number),
            Value::Text(text) => visitor.visit_str(text),
            _ => Err(self.wrong_type(&visitor)),
        }
    }
    fn integer<'de, V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        match self.node.value {
            Value::Unsigned(number) => visitor.visit_u64(number),
            Value::Signed(number) => visitor.visit_i64(number),
            _ => Err(self.wrong_type(&visitor)),
        }
    }
    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        match &self.node.value {
            Value::Text(text) => visitor.visit_str(text),
            _ => Err(self.wrong_type(&visitor)),
        }
    }
    fn items<'de, V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        match &self.node.value {
            Value::List(items) => self.list(items, visitor),
            _ => Err(self.wrong_type(&visitor)),
        }
    }
    fn fields<'de, V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        match &self.node.value {
            Value::Map(entries) => self.map(entries, visitor),
            _ => Err(self.wrong_type(&visitor)),
        }
    }
    /// Returns the error for a value of another form than a type expects.
    fn wrong_type(&self, expected: &dyn Expected) -> Fault {
        let found = match &self.node.value {
            Value::Float(number) if !number.is_finite() => return Fault::not_finite(*number),
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Unsigned(number) => Unexpected::Unsigned(*number),
            Value::Signed(number) => Unexpected::Signed(*number),
            Value::Float(number) => Unexpected::Float(*number),
            Value::Text(text) => Unexpected::Str(text),
            Value::List(_) => Unexpected::Seq,
            Value::Map(_) => Unexpected::Map,
        };
        Fault::invalid_type(found, expected)
    }
    /// Returns the error for a map that is not exactly one variant.
    fn not_one(&self, entries: &[Entry], expected: Wanted) -> Fault {
        let seen = || (0..entries.len()).filter(|index| self.sees(*index));
        let keys = seen().take(KEYS_SHOWN).map(|index| entries[index].key.clone()).collect();
        let help = if self.in_list && seen().count() > 1 {
            "make each of them a list item of its own"
        } else {
            "write one key"
        };
        Fault::wrong_type(expected, Found::Keys(keys)).help(help)
    }
    /// Returns the index of the entry that names the variant; `None` for a bare word or number.
    fn variant(
        &self,
        variants: &'static [&'static str],
        expected: &dyn Expected,
    ) -> Outcome<Option<usize>> {
        // List the variants, unless the visitor describes what it expects.
        let words = expected.to_string();
        let is_plain = words.starts_with("enum ");
        let found = match &self.node.value {
            Value::Null => Found::Nothing,
            Value::List(_) => Found::List,
            Value::Map(entries) => {
                let mut seen = (0..entries.len()).filter(|index| self.sees(*index));
                return match (seen.next(), seen.next()) {
                    (Some(index), None) => Ok(Some(index)),
                    _ if is_plain => Err(self.not_one(entries, Wanted::OneOf(variants))),
                    _ => Err(self.not_one(entries, Wanted::Other(words))),
                };
            }
            _ => return Ok(None),
        };
        let expected = if is_plain { Wanted::OneOf(variants) } else { Wanted::of(expected) };
        Err(Fault::wrong_type(expected, found))
    }
    /// Reads a whole number, which may have `_` between its digits: `1_000`.
    fn whole<'de, V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        if let Value::Text(text) = &self.node.value
            && text.contains('_')
            && text.split('_').all(|digits| {
                !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
            })
            && let Ok(number) = text.replace('_', "").parse()
        {
            return visitor.visit_u64(number);
        }
        self.integer(visitor)
    }
    /// Returns the scalar as text, for use as a variant's name.
    fn word(&self) -> String {
        match &self.node.value {
            Value::Bool(value) => value.to_string(),
            Value::Unsigned(number) => number.to_string(),
            Value::Signed(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            _ => String::new(),
        }
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        match &self.node.value {
            Value::List(items) => self.list(items, visitor),
            Value::Map(entries) => self.map(entries, visitor),
            _ => self.scalar(visitor),
        }
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        if self.node.value == Value::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        match self.node.value {
            Value::Bool(value) => visitor.visit_bool(value),
            _ => Err(self.wrong_type(&visitor)),
        }
    }
    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.integer(visitor)
    }
    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.whole(visitor)
    }
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.whole(visitor)
    }
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        match self.node.value {
            Value::Unsigned(number) => visitor.visit_f64(number as f64),
            Value::Signed(number) => visitor.visit_f64(number as f64),
            Value::Float(number) if number.is_finite() => visitor.visit_f64(number),
            _ => Err(self.wrong_type(&visitor)),
        }
    }
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.deserialize_f64(visitor)
    }
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.text(visitor)
    }
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.text(visitor)
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.items(visitor)
    }
    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Outcome<V::Value> {
        self.items(visitor)
    }
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.fields(visitor)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Outcome<V::Value> {
        visitor.visit_newtype_struct(self)
    }
    /// serde would also take the items of a list as the fields in order.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Outcome<V::Value> {
        self.fields(visitor)
    }
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        let number = matches!(self.node.value, Value::Unsigned(_));
        // A derived enum would take a number as the index of a variant.
        if number && (&visitor as &dyn Expected).to_string() == "variant identifier" {
            return visitor.visit_str(&self.word());
        }
        self.scalar(visitor)
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Outcome<V::Value> {
        match (self.variant(variants, &visitor)?, &self.node.value) {
            (Some(index), Value::Map(entries)) => {
                let content = self.child(index, &entries[index].value, false);
                visitor.visit_enum(Choice { key: &entries[index].key, index, content })
            }
            _ => visitor.visit_enum(Bare(self)),
        }
    }
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        visitor.visit_unit()
    }
    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u128 char bytes byte_buf unit unit_struct tuple_struct
    }
}

/// The maximum number of keys quoted from a map.
const KEYS_SHOWN: usize = 6;

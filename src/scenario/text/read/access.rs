//! serde's deserializer over the tree.
//!
//! A variant is a map of one key or a bare word; numbers are not converted to text, nor text to
//! numbers; a whole number is accepted where a fraction is expected; numbers must be finite; a list
//! is never read as a struct. Hidden nodes are skipped.
//! Limits: recursion as deep as the tree. Tests in `tests/read.rs`.

use super::Hidden;
use super::fault::{Fault, given, one_of};
use crate::scenario::text::{Entry, Node, Value};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, Expected, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

type Outcome<T> = Result<T, Fault>;

/// A node to be read.
#[derive(Clone, Copy)]
pub struct Reader<'n> {
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
        let read = access.next;
        match (read..items.len()).find(|index| self.sees(*index)) {
            Some(_) => Err(Fault::invalid_length(
                items.len(),
                &format!("a list of {read} values").as_str(),
            )),
            None => Ok(value),
        }
    }
    fn map<'de, V: Visitor<'de>>(self, entries: &'n [Entry], visitor: V) -> Outcome<V::Value> {
        let mut access = Fields { map: self, entries, next: 0, current: 0 };
        let value = match visitor.visit_map(&mut access) {
            Err(fault) if fault.kind == super::Kind::Twice && fault.route.is_empty() => {
                return Err(fault.on_key(access.current));
            }
            value => value?,
        };
        if (access.next..entries.len()).any(|index| self.sees(index)) {
            Err(self.not_one(entries, &[]))
        } else {
            Ok(value)
        }
    }
    fn not_one(&self, entries: &[Entry], variants: &[&str]) -> Fault {
        let keys: Vec<&str> = (0..entries.len())
            .filter(|index| self.sees(*index))
            .map(|index| entries[index].key.as_str())
            .collect();
        let shown =
            keys.iter().take(6).map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let found = if keys.is_empty() { "none".to_string() } else { shown };
        let mut fault = Fault::custom(one_of(variants, &found));
        let help = if self.in_list && keys.len() > 1 {
            "make each of them a list item of its own"
        } else {
            "write one key"
        };
        fault.help = Some(help.to_string());
        fault
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
        self.deserialize_any(visitor)
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
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Unsigned(number) => visitor.visit_u64(*number),
            Value::Signed(number) => visitor.visit_i64(*number),
            Value::Float(number) if !number.is_finite() => {
                Err(Fault::custom(format_args!("expected a finite number, found `{number}`")))
            }
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Text(text) => visitor.visit_str(text),
            Value::List(items) => self.list(items, visitor),
            Value::Map(entries) => self.map(entries, visitor),
        }
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        if self.node.value == Value::Null { visitor.visit_none() } else { visitor.visit_some(self) }
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
            _ => self.deserialize_any(visitor),
        }
    }
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.deserialize_f64(visitor)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Outcome<V::Value> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Outcome<V::Value> {
        match &self.node.value {
            // serde would take the items as the fields in order.
            Value::List(_) => Err(Fault::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        let number = matches!(self.node.value, Value::Unsigned(_));
        // A derived enum would take a number as the index of a variant.
        if number && (&visitor as &dyn Expected).to_string() == "variant identifier" {
            return visitor.visit_str(&self.word());
        }
        self.deserialize_any(visitor)
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Outcome<V::Value> {
        // List the variants, unless the visitor describes what it expects.
        let expected = (&visitor as &dyn Expected).to_string();
        let wanted = |found: Unexpected| match expected.starts_with("enum ") {
            true => Fault::custom(one_of(variants, &given(found))),
            false => Fault::invalid_type(found, &visitor),
        };
        match &self.node.value {
            Value::Null => Err(wanted(Unexpected::Unit)),
            Value::List(_) => Err(wanted(Unexpected::Seq)),
            Value::Map(entries) => {
                let mut seen = (0..entries.len()).filter(|index| self.sees(*index));
                match (seen.next(), seen.next()) {
                    (Some(index), None) => {
                        let content = self.child(index, &entries[index].value, false);
                        visitor.visit_enum(Choice { key: &entries[index].key, index, content })
                    }
                    _ if expected.starts_with("enum ") => Err(self.not_one(entries, variants)),
                    _ => {
                        let found = self.not_one(entries, &[]);
                        let what = found.what.replacen("exactly one key here", &expected, 1);
                        Err(Fault { what, ..found })
                    }
                }
            }
            _ => visitor.visit_enum(Bare(self)),
        }
    }
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        visitor.visit_unit()
    }
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
    }
}

/// A list being read.
struct Items<'n> {
    list: Reader<'n>,
    items: &'n [Node],
    next: usize,
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
struct Fields<'n> {
    map: Reader<'n>,
    entries: &'n [Entry],
    next: usize,
    current: usize,
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
struct Key<'n>(&'n str);

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

/// A variant written as a map of one key.
struct Choice<'n> {
    key: &'n str,
    index: usize,
    content: Reader<'n>,
}

impl<'de> EnumAccess<'de> for Choice<'_> {
    type Error = Fault;
    type Variant = Self;
    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Outcome<(T::Value, Self)> {
        let name = seed.deserialize(Key(self.key)).map_err(|fault| fault.on_key(self.index))?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Choice<'_> {
    type Error = Fault;
    fn unit_variant(self) -> Outcome<()> {
        if self.content.node.value == Value::Null {
            return Ok(());
        }
        let what = format!("`{}` takes no value\nhelp: write `{}` alone", self.key, self.key);
        Err(Fault::custom(what).below(self.index))
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Outcome<T::Value> {
        seed.deserialize(self.content).map_err(|fault| fault.below(self.index))
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Outcome<V::Value> {
        self.content.deserialize_any(visitor).map_err(|fault| fault.below(self.index))
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Outcome<V::Value> {
        self.content
            .deserialize_struct("", fields, visitor)
            .map_err(|fault| fault.below(self.index))
    }
}

/// A variant written as a bare word or number.
struct Bare<'n>(Reader<'n>);

impl Bare<'_> {
    fn needs_value(&self) -> Fault {
        let word = self.0.word();
        Fault::custom(format_args!("`{word}` needs its value\nhelp: write `{word}: …`"))
    }
}

impl<'de> EnumAccess<'de> for Bare<'_> {
    type Error = Fault;
    type Variant = Self;
    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Outcome<(T::Value, Self)> {
        Ok((seed.deserialize(self.0)?, self))
    }
}

impl<'de> VariantAccess<'de> for Bare<'_> {
    type Error = Fault;
    fn unit_variant(self) -> Outcome<()> {
        Ok(())
    }
    /// A bare word stands for its group with all defaults, if every field has one:
    /// `runtime: tasks`.
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Outcome<T::Value> {
        static EMPTY: Node =
            Node { span: 0..0, tall: false, used: None, value: Value::Map(Vec::new()) };
        seed.deserialize(Reader { node: &EMPTY, hidden: None, in_list: false })
            .map_err(|_| self.needs_value())
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Outcome<V::Value> {
        Err(self.needs_value())
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Outcome<V::Value> {
        Err(self.needs_value())
    }
}

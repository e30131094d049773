//! The two written forms of a variant: a map of one key, and a bare word or number.

use super::children::Key;
use super::{Outcome, Reader};
use crate::problem::Refusal;
use crate::scenario::text::read::fault::{Fault, Kind};
use crate::scenario::text::{Node, Value};
use serde::de::{DeserializeSeed, EnumAccess, VariantAccess, Visitor};

/// A variant written as a map of one key.
pub(super) struct Choice<'n> {
    pub(super) key: &'n str,
    pub(super) index: usize,
    pub(super) content: Reader<'n>,
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
        let refusal = Refusal::new(format!("`{}` takes no value", self.key))
            .help(format!("write `{}` alone", self.key));
        Err(Fault::new(Kind::Other, refusal).below(self.index))
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Outcome<T::Value> {
        seed.deserialize(self.content).map_err(|fault| fault.below(self.index))
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Outcome<V::Value> {
        self.content.items(visitor).map_err(|fault| fault.below(self.index))
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Outcome<V::Value> {
        self.content.fields(visitor).map_err(|fault| fault.below(self.index))
    }
}

/// A variant written as a bare word or number.
pub(super) struct Bare<'n>(pub(super) Reader<'n>);

impl Bare<'_> {
    fn needs_value(&self) -> Fault {
        let word = self.0.word();
        let refusal = Refusal::new(format!("`{word}` needs its value"));
        let help = format!("write `{word}: …`");
        Fault::new(Kind::NeedsValue(word), refusal).help(help)
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

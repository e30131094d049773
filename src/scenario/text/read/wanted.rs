//! The two halves of "expected …, found …", in the terms of a scenario.
//!
//! What a type expects comes from serde as a `Display` only, so [`Wanted::of`] translates serde's
//! own phrases here, and keeps those of a visitor of ours.

use super::fault::cut;
use serde::de::{Expected, Unexpected};
use std::fmt::{Display, Formatter};

/// What a type expects.
#[derive(Debug, PartialEq)]
pub enum Wanted {
    /// A text.
    Text,
    /// `true` or `false`.
    Truth,
    /// A whole number; the type's range is checked elsewhere.
    Whole,
    /// A whole number of 64 bits.
    Whole64,
    /// A number.
    Number,
    /// A finite number.
    Finite,
    /// A map.
    Group,
    /// A list.
    List,
    /// A list of this number of values.
    Values(String),
    /// No value.
    Nothing,
    /// A key or a variant.
    Name,
    /// Exactly one of these variants.
    OneOf(&'static [&'static str]),
    /// What a visitor says.
    Other(String),
}

impl Wanted {
    /// Translates what serde or a visitor expects.
    pub fn of(expected: &dyn Expected) -> Wanted {
        let words = expected.to_string();
        let (_, count) =
            words.strip_suffix(" elements").and_then(|it| it.rsplit_once(" with ")).unzip();
        let size = words
            .strip_prefix("a tuple of size ")
            .or_else(|| words.strip_prefix("an array of length "));
        if let Some(count) = count.or(size) {
            return Wanted::Values(count.to_string());
        }
        match words.as_str() {
            "a string" | "string" => Wanted::Text,
            "a boolean" => Wanted::Truth,
            "a map" => Wanted::Group,
            "a sequence" => Wanted::List,
            "u64" | "usize" => Wanted::Whole64,
            "u8" | "u16" | "u32" | "i8" | "i16" | "i32" | "i64" | "isize" => Wanted::Whole,
            "f32" | "f64" | "a number" => Wanted::Number,
            "unit" => Wanted::Nothing,
            "variant identifier" | "field identifier" => Wanted::Name,
            _ if words.starts_with("tuple ") => Wanted::List,
            _ if words.starts_with("struct ") || words.starts_with("enum ") => Wanted::Group,
            _ => Wanted::Other(words),
        }
    }
    /// Returns the example that a visitor gives: "a duration such as `5ms`".
    pub fn example(&self) -> Option<&str> {
        match self {
            Wanted::Other(words) => words.split_once(" such as `")?.1.split('`').next(),
            _ => None,
        }
    }
}

impl Display for Wanted {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        f.write_str(match self {
            Wanted::Text => "text",
            Wanted::Truth => "`true` or `false`",
            Wanted::Whole => "a whole number",
            Wanted::Whole64 => "a whole number from 0 to 18446744073709551615",
            Wanted::Number => "a number",
            Wanted::Finite => "a finite number",
            Wanted::Group => "a group of fields",
            Wanted::List => "a list",
            Wanted::Values(count) => return write!(f, "a list of {count} values"),
            Wanted::Nothing => "nothing",
            Wanted::Name => "a name",
            Wanted::OneOf([]) => "exactly one key here",
            Wanted::OneOf([one]) => return write!(f, "`{one}` here"),
            Wanted::OneOf(many) => {
                return write!(f, "exactly one of `{}` here", many.join("`, `"));
            }
            Wanted::Other(words) => words,
        })
    }
}

/// What the file contains.
#[derive(Debug, PartialEq)]
pub enum Found {
    /// No value.
    Nothing,
    /// `true` or `false`.
    Truth(bool),
    /// A number, as it is printed.
    Number(String),
    /// The start of a text.
    Text(String),
    /// A list.
    List,
    /// A list of this number of values.
    Values(usize),
    /// A map.
    Group,
    /// A map with these keys, or more.
    Keys(Vec<String>),
    /// Anything else, in words.
    Other(String),
}

impl Found {
    /// Returns the scalar as it is quoted; empty for anything else.
    pub fn scalar(&self) -> &str {
        match self {
            Found::Truth(true) => "true",
            Found::Truth(false) => "false",
            Found::Number(written) | Found::Text(written) => written,
            _ => "",
        }
    }
}

impl From<Unexpected<'_>> for Found {
    fn from(found: Unexpected) -> Found {
        match found {
            Unexpected::Bool(value) => Found::Truth(value),
            Unexpected::Unsigned(number) => Found::Number(number.to_string()),
            Unexpected::Signed(number) => Found::Number(number.to_string()),
            Unexpected::Float(number) => Found::Number(format!("{number:?}")),
            Unexpected::Char(letter) => Found::Text(letter.to_string()),
            Unexpected::Str(text) => Found::Text(cut(text)),
            Unexpected::Unit | Unexpected::Option => Found::Nothing,
            Unexpected::Seq | Unexpected::TupleVariant => Found::List,
            Unexpected::Other(words) => Found::Other(words.to_string()),
            _ => Found::Group,
        }
    }
}

impl Display for Found {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        match self {
            Found::Nothing => f.write_str("nothing"),
            Found::Truth(value) => write!(f, "`{value}`"),
            Found::Number(number) => write!(f, "the number `{number}`"),
            Found::Text(text) => write!(f, "the text `{text}`"),
            Found::List => f.write_str("a list"),
            Found::Values(1) => f.write_str("1 value"),
            Found::Values(count) => write!(f, "{count} values"),
            Found::Group => f.write_str("a group of fields"),
            Found::Keys(keys) if keys.is_empty() => f.write_str("none"),
            Found::Keys(keys) => write!(f, "`{}`", keys.join("`, `")),
            Found::Other(words) => f.write_str(words),
        }
    }
}

//! The error type of the deserializer: where an error occurred, with serde's messages reworded in
//! the terms of a scenario.
//!
//! The route is collected on the way up: each enclosing list and map adds the index of the child it
//! was reading. Tests in `tests/read.rs`: one assertion per phrase.

use crate::problem::{nearest, quoted};
use serde::de::{Error, Expected, Unexpected};
use std::fmt::{Display, Formatter};

/// The maximum number of characters quoted from a text.
const SHOWN: usize = 40;

/// An error and where it occurred.
#[derive(Debug)]
pub struct Fault {
    /// Child indices from the node up to the root.
    pub route: Vec<usize>,
    /// The index of the entry whose key is wrong, if the error is about a key.
    pub key: Option<usize>,
    /// How the error affects later ones.
    pub kind: Kind,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// How an error affects later ones.
#[derive(Debug, PartialEq)]
pub enum Kind {
    /// A field is missing.
    Missing(String),
    /// A field is given twice.
    Twice,
    /// Any other.
    Other,
}

impl Fault {
    /// Moves the error one level up, into the child at an index.
    pub fn below(mut self, index: usize) -> Fault {
        self.route.push(index);
        self
    }
    /// Attaches the error to the key of an entry.
    pub fn on_key(mut self, index: usize) -> Fault {
        self.key = self.key.or(Some(index));
        self
    }
    /// Returns the candidate nearest to an unknown word, from the back-quoted words of the message.
    pub fn suggestion(&self) -> Option<String> {
        let mut words = quoted(self.what.strip_prefix("unknown ")?);
        let word = words.next()?;
        nearest(word, words).map(str::to_string)
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: Display>(text: T) -> Fault {
        let text = text.to_string();
        let (what, help) = match text.split_once("\nhelp: ") {
            Some((what, help)) => (what.to_string(), Some(help.to_string())),
            None => (text, None),
        };
        Fault { route: Vec::new(), key: None, kind: Kind::Other, what, help }
    }
    fn invalid_type(found: Unexpected, expected: &dyn Expected) -> Fault {
        Fault::custom(format_args!(
            "expected {}, found {}",
            wanted(&expected.to_string()),
            given(found)
        ))
    }
    fn invalid_value(found: Unexpected, expected: &dyn Expected) -> Fault {
        Fault::invalid_type(found, expected)
    }
    fn invalid_length(found: usize, expected: &dyn Expected) -> Fault {
        let values = if found == 1 { "value" } else { "values" };
        Fault::custom(format_args!(
            "expected {}, found {found} {values}",
            wanted(&expected.to_string())
        ))
    }
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Fault {
        Fault::custom(format_args!(
            "unknown word `{}`, {}",
            cut(variant),
            candidates(expected, "there are no variants")
        ))
    }
    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Fault {
        Fault::custom(format_args!(
            "unknown field `{}`, {}",
            cut(field),
            candidates(expected, "there are no fields")
        ))
    }
    fn missing_field(field: &'static str) -> Fault {
        Fault {
            kind: Kind::Missing(field.to_string()),
            ..Fault::custom(format_args!("`{field}` is missing here"))
        }
    }
    fn duplicate_field(field: &'static str) -> Fault {
        Fault { kind: Kind::Twice, ..Fault::custom(format_args!("`{field}` is given twice")) }
    }
}

fn candidates(expected: &[&str], none: &str) -> String {
    match expected {
        [] => none.to_string(),
        [one] => format!("expected `{one}`"),
        [one, other] => format!("expected `{one}` or `{other}`"),
        many => format!("expected one of `{}`", many.join("`, `")),
    }
}

/// Describes the value found, in the terms of a scenario.
pub fn given(found: Unexpected) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(number) => format!("the number `{number}`"),
        Unexpected::Signed(number) => format!("the number `{number}`"),
        Unexpected::Float(number) => format!("the number `{number:?}`"),
        Unexpected::Char(letter) => format!("the text `{letter}`"),
        Unexpected::Str(text) => format!("the text `{}`", cut(text)),
        Unexpected::Unit | Unexpected::Option => "nothing".to_string(),
        Unexpected::Seq | Unexpected::TupleVariant => "a list".to_string(),
        Unexpected::Other(words) => words.to_string(),
        _ => "a group of fields".to_string(),
    }
}

/// Returns the start of a text, on one line.
fn cut(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    if line.len() == text.len() && line.chars().count() <= SHOWN {
        return text.to_string();
    }
    line.chars().take(SHOWN).chain(['…']).collect()
}

/// Describes what a type expects, in the terms of a scenario; serde's phrases are translated, a
/// visitor's own are kept.
fn wanted(expected: &str) -> String {
    let words = match expected {
        "a string" | "string" => "text",
        "a boolean" => "`true` or `false`",
        "a map" => "a group of fields",
        "a sequence" => "a list",
        "u8" | "u16" | "u32" => "a whole number",
        "u64" | "usize" => "a whole number from 0 to 18446744073709551615",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "unit" => "nothing",
        "variant identifier" | "field identifier" => "a name",
        _ if expected.starts_with("tuple ") => "a list",
        _ if expected.starts_with("struct ") || expected.starts_with("enum ") => {
            "a group of fields"
        }
        _ => "",
    };
    let list = |count: &str| format!("a list of {count} values");
    if let Some((_, count)) =
        expected.strip_suffix(" elements").and_then(|expected| expected.rsplit_once(" with "))
    {
        return list(count);
    }
    if !words.is_empty() {
        return words.to_string();
    }
    expected
        .strip_prefix("a tuple of size ")
        .or_else(|| expected.strip_prefix("an array of length "))
        .map_or_else(|| expected.to_string(), list)
}

/// Returns the message for a map that is not exactly one variant.
pub fn one_of(variants: &[&str], found: &str) -> String {
    match variants {
        [] => format!("expected exactly one key here, found {found}"),
        [one] => format!("expected `{one}` here, found {found}"),
        many => format!("expected exactly one of `{}` here, found {found}", many.join("`, `")),
    }
}

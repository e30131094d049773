//! The error type of the deserializer: what is wrong and where, with serde's messages reworded in
//! the terms of a scenario.
//!
//! The route is collected on the way up: each enclosing list and map adds the index of the child it
//! was reading. The kind keeps what the message is made of, so that hints need not read it again.
//! Tests in `tests/read.rs`: one assertion per phrase.

use super::wanted::{Found, Wanted};
use crate::problem::{Refusal, nearest};
use serde::de::{Error, Expected, Unexpected};
use std::fmt::{Display, Formatter};

/// The maximum number of characters quoted from a text.
const SHOWN: usize = 40;

/// An error and where it occurred. One word wide, because whatever is read returns one.
#[derive(Debug)]
pub(crate) struct Fault(pub Box<Details>);

/// What is wrong, and where.
#[derive(Debug)]
pub(crate) struct Details {
    /// Child indices from the node up to the root.
    pub route: Vec<usize>,
    /// The index of the entry whose key is wrong, if the error is about a key.
    pub key: Option<usize>,
    /// What kind of error it is.
    pub kind: Kind,
    /// What is wrong, and what to write instead.
    pub refusal: Refusal,
}

/// What kind of error it is, with the parts of its message.
#[derive(Debug, PartialEq)]
pub enum Kind {
    /// A field or a variant that is none of the expected ones.
    Unknown {
        /// The start of the word.
        word: String,
        /// The expected ones.
        expected: &'static [&'static str],
    },
    /// A field is missing.
    Missing(&'static str),
    /// A field is given twice.
    Twice,
    /// A value has another type or form than the expected one.
    WrongType {
        /// What the type expects.
        expected: Wanted,
        /// What the file contains.
        found: Found,
    },
    /// A variant is written without its value.
    NeedsValue(String),
    /// Any other: the words of a type that refuses a value.
    Other,
}

impl Kind {
    /// Returns the candidate nearest to an unknown word.
    pub fn suggestion(&self) -> Option<&'static str> {
        match self {
            Kind::Unknown { word, expected } => nearest(word, expected.iter().copied()),
            _ => None,
        }
    }
}

impl Fault {
    /// Creates an error of a kind, so far without a place.
    pub(crate) fn new(kind: Kind, refusal: Refusal) -> Fault {
        Fault(Box::new(Details { route: Vec::new(), key: None, kind, refusal }))
    }
    /// Creates the error for a value of another type or form.
    pub(crate) fn wrong_type(expected: Wanted, found: Found) -> Fault {
        let refusal = Refusal::new(format!("expected {expected}, found {found}"));
        Fault::new(Kind::WrongType { expected, found }, refusal)
    }
    /// Creates the error for a number that is infinite or none.
    pub(crate) fn not_finite(number: f64) -> Fault {
        Fault::wrong_type(Wanted::Finite, Found::Other(format!("`{number}`")))
    }
    /// Moves the error one level up, into the child at an index.
    pub(crate) fn below(mut self, index: usize) -> Fault {
        self.0.route.push(index);
        self
    }
    /// Attaches the error to the key of an entry.
    pub(crate) fn on_key(mut self, index: usize) -> Fault {
        self.0.key = self.0.key.or(Some(index));
        self
    }
    /// Returns the error with a help text.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Fault {
        self.0.refusal.help = Some(help.into());
        self
    }
    fn unknown(kind: &str, word: &str, expected: &'static [&'static str]) -> Fault {
        let word = cut(word);
        let candidates = match expected {
            [] if kind == "field" => "there are no fields".to_string(),
            [] => "there are no variants".to_string(),
            [one] => format!("expected `{one}`"),
            [one, other] => format!("expected `{one}` or `{other}`"),
            many => format!("expected one of `{}`", many.join("`, `")),
        };
        let refusal = Refusal::new(format!("unknown {kind} `{word}`, {candidates}"));
        Fault::new(Kind::Unknown { word, expected }, refusal)
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        self.0.refusal.fmt(f)
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: Display>(message: T) -> Fault {
        Fault::new(Kind::Other, Refusal::from_message(&message.to_string()))
    }
    fn invalid_type(found: Unexpected, expected: &dyn Expected) -> Fault {
        Fault::wrong_type(Wanted::of(expected), Found::from(found))
    }
    fn invalid_value(found: Unexpected, expected: &dyn Expected) -> Fault {
        Fault::invalid_type(found, expected)
    }
    fn invalid_length(found: usize, expected: &dyn Expected) -> Fault {
        Fault::wrong_type(Wanted::of(expected), Found::Values(found))
    }
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Fault {
        Fault::unknown("word", variant, expected)
    }
    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Fault {
        Fault::unknown("field", field, expected)
    }
    fn missing_field(field: &'static str) -> Fault {
        Fault::new(Kind::Missing(field), Refusal::new(format!("`{field}` is missing here")))
    }
    fn duplicate_field(field: &'static str) -> Fault {
        Fault::new(Kind::Twice, Refusal::new(format!("`{field}` is given twice")))
    }
}

/// Returns the start of a text, on one line.
pub(crate) fn cut(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    if line.len() == text.len() && line.chars().count() <= SHOWN {
        return text.to_string();
    }
    line.chars().take(SHOWN).chain(['…']).collect()
}

//! The RON parser, which builds the same tree as the YAML parser.
//!
//! A small recursive reader builds the tree, because the `ron` crate drops the names of variants
//! and the places of values; the crate still validates the syntax. A variant `exp("3ms")` is the
//! map `{ exp: "3ms" }`, a bare word is text.
//! Limits: recursion to [`DEEPEST`] levels; byte strings and ranges are rejected, as no scenario
//! needs them. Tests in `tests/ron.rs`: every construct against its YAML equivalent, every error
//! with its message and place.

use super::{
    DEEPEST, Entry, MOST_NODES, Node, Value, empty_file, line_of, problem_at, refuse_size,
    refuse_twice, too_deep, too_many, word_at,
};
use crate::problem::Problem;
use ron::error::{Error, Position, SpannedError};
use ron::extensions::Extensions;
use std::ops::Range;

mod words;

/// Parses a RON text into a tree, or returns all syntax errors.
pub(crate) fn parse(text: &str) -> Result<Node, Vec<Problem>> {
    refuse_size(text)?;
    let mut reader =
        Reader { text, at: 0, nodes: 0, open: Vec::new(), over_lines: None, problems: Vec::new() };
    reader.space();
    if reader.rest().is_empty() {
        return Err(empty_file());
    }
    let short = Extensions::IMPLICIT_SOME
        | Extensions::UNWRAP_NEWTYPES
        | Extensions::UNWRAP_VARIANT_NEWTYPES;
    let options =
        ron::Options::default().with_recursion_limit(2 * DEEPEST).with_default_extension(short);
    let validated = options.from_str::<serde::de::IgnoredAny>(text);
    let read = reader.file();
    match (read, validated) {
        (Ok(root), Ok(_)) if reader.problems.is_empty() => return Ok(root),
        (Ok(_), Ok(_)) => {}
        // An unclosed quote swallows the rest of its line, so any later error would be misleading.
        (_, Err(_)) if reader.over_lines.is_some() => {
            let place = reader.over_lines.take().unwrap_or_default();
            reader.problems.push(
                problem_at(place, "this quoted text does not end on its line")
                    .help("add the closing quote"),
            );
        }
        (Err(problem), _) => reader.problems.push(problem),
        (Ok(_), Err(error)) => reader.problems.push(syntax_problem(text, &error)),
    }
    Err(reader.problems)
}

/// Converts the crate's error to a problem.
fn syntax_problem(text: &str, error: &SpannedError) -> Problem {
    let byte = |position: &Position| {
        let start: usize =
            text.split_inclusive('\n').take(position.line.saturating_sub(1)).map(str::len).sum();
        let rest = text.get(start..).unwrap_or("");
        start
            + rest
                .char_indices()
                .nth(position.col.saturating_sub(1))
                .map_or(rest.len(), |(at, _)| at)
    };
    let (start, end) = (byte(&error.span.start), byte(&error.span.end));
    let written = text.get(start..end).unwrap_or("");
    let place = if written.trim().is_empty() || written.contains('\n') {
        word_at(text, end.min(text.len()))
    } else {
        start..end
    };
    match &error.code {
        Error::ExceededRecursionLimit => too_deep(place),
        code => {
            let words = code.to_string();
            let mut letters = words.chars();
            let first = letters.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
            problem_at(place, format!("this is not valid RON: {first}{}", letters.as_str()))
        }
    }
}

/// The content of round brackets.
enum Held {
    Nothing,
    Fields(Vec<Entry>),
    Values(Vec<Node>),
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    nodes: usize,
    /// Offsets of the brackets that are not closed yet.
    open: Vec<usize>,
    /// The first line of the first quoted text that spans several lines.
    over_lines: Option<Range<usize>>,
    problems: Vec<Problem>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }
    fn eat(&mut self, sign: &str) -> bool {
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len() } else { 0 };
        found
    }
    /// Takes what a condition allows.
    fn run(&mut self, allowed: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !allowed(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }
    /// Skips white space and comments.
    fn space(&mut self) {
        loop {
            self.run(|c| c.is_whitespace() || matches!(c, '\u{200E}' | '\u{200F}'));
            if self.eat("//") {
                self.run(|c| c != '\n');
            } else if self.eat("/*") {
                let mut open = 1;
                while open > 0 && !self.rest().is_empty() {
                    self.run(|c| c != '*' && c != '/');
                    match (self.eat("/*"), self.eat("*/")) {
                        (true, _) => open += 1,
                        (_, true) => open -= 1,
                        _ => self.at += self.rest().chars().next().map_or(0, char::len_utf8),
                    }
                }
            } else {
                return;
            }
        }
    }
    fn strange(&self) -> Problem {
        let place = word_at(self.text, self.at);
        let open = self.open.last().map(|at| (&self.text[*at..=*at], line_of(self.text, *at)));
        match open {
            Some((bracket, line)) if self.rest().is_empty() => {
                problem_at(place, "the file ends too early")
                    .help(format!("the `{bracket}` on line {line} is not closed"))
            }
            _ if self.rest().is_empty() => problem_at(place, "the file ends too early")
                .help("check that every quote is closed"),
            _ if self.rest().starts_with([')', ']', '}']) => match open {
                Some((bracket, line)) => problem_at(place, "this bracket does not match")
                    .help(format!("the `{bracket}` on line {line} is still open")),
                None => problem_at(place, "this bracket has no opening bracket").help("remove it"),
            },
            _ => problem_at(place, "this is not expected here"),
        }
    }
    /// Reads the content of the bracket that opens here.
    fn within<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.open.push(self.at);
        self.at += 1;
        let value = read(self)?;
        self.open.pop();
        Ok(value)
    }

    fn file(&mut self) -> Result<Node, Problem> {
        self.space();
        while self.eat("#!") {
            self.run(|c| c != ']');
            self.eat("]");
            self.space();
        }
        let named = self.rest().starts_with(|c: char| c.is_uppercase());
        let mut root = self.value(0)?;
        self.space();
        match self.rest() {
            "" => {}
            rest if rest.starts_with([')', ']', '}']) => return Err(self.strange()),
            _ => {
                return Err(problem_at(
                    word_at(self.text, self.at),
                    "there is text after the end of the scenario",
                ));
            }
        }
        if let (true, Value::Map(entries)) = (named, &mut root.value)
            && entries.len() == 1
            && let Some(entry) = entries.pop()
        {
            return Ok(entry.value);
        }
        Ok(root)
    }

    fn node(&mut self, start: usize, value: Value) -> Result<Node, Problem> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            Err(too_many(word_at(self.text, start)))
        } else {
            Ok(Node::placed(self.text, start..self.at, value))
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Problem> {
        self.space();
        let (start, rest) = (self.at, self.rest());
        if depth > DEEPEST {
            return Err(too_deep(word_at(self.text, start)));
        }
        if ["b\"", "b'", "br\"", "br#"].iter().any(|sign| rest.starts_with(sign)) {
            return Err(problem_at(word_at(self.text, start), "byte strings are not allowed")
                .help("write text: `\"…\"`"));
        }
        let value = match rest.chars().next() {
            Some('"' | '\'') => Value::Text(self.quoted()?),
            Some('r') if ["r\"", "r#\"", "r##"].iter().any(|sign| rest.starts_with(sign)) => {
                Value::Text(self.raw()?)
            }
            Some('[') => Value::List(self.within(|reader| reader.values("]", depth))?),
            Some('{') => Value::Map(self.within(|reader| reader.entries("}", depth))?),
            Some('(') => return self.unnamed(depth),
            Some('0'..='9' | '+' | '-' | '.') => self.number()?,
            Some(_) => return self.named(depth),
            None => return Err(self.strange()),
        };
        self.node(start, value)
    }

    /// Reads `(x)`, `(a: 1)`, `("a", "b")` or `()`.
    fn unnamed(&mut self, depth: usize) -> Result<Node, Problem> {
        let start = self.at;
        let value = match self.within(|reader| reader.brackets(depth))? {
            Held::Nothing => Value::Map(Vec::new()),
            Held::Fields(entries) => Value::Map(entries),
            Held::Values(mut values) => match values.pop() {
                Some(only) if values.is_empty() => return Ok(only),
                last => {
                    values.extend(last);
                    Value::List(values)
                }
            },
        };
        self.node(start, value)
    }

    /// Reads `true`, `None`, `Some(x)`, `poisson`, `exp("3ms")`, `lognormal(mean: "5ms", cv: 1.2)`.
    fn named(&mut self, depth: usize) -> Result<Node, Problem> {
        let start = self.at;
        let Some(word) = self.word() else { return Err(self.strange()) };
        let end = self.at;
        self.space();
        let value = match word {
            "true" | "false" => Value::Bool(word == "true"),
            "None" => Value::Null,
            "inf" | "inff32" | "inff64" => Value::Float(f64::INFINITY),
            "NaN" | "NaNf32" | "NaNf64" => Value::Float(f64::NAN),
            "Some" if self.rest().starts_with('(') => return self.unnamed(depth),
            _ if self.rest().starts_with('(') => {
                let value = self.unnamed(depth + 1)?;
                let entry = Entry { key: word.to_string(), key_span: start..end, value };
                return self.node(start, Value::Map(vec![entry]));
            }
            _ => Value::Text(word.to_string()),
        };
        self.at = end;
        self.node(start, value)
    }

    fn word(&mut self) -> Option<&'t str> {
        if self.eat("r#") {
            return Some(self.run(|c| c.is_alphanumeric() || "_.+-".contains(c)))
                .filter(|word| !word.is_empty());
        }
        if !self.rest().starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return None;
        }
        Some(self.run(|c| c.is_alphanumeric() || c == '_'))
    }

    fn brackets(&mut self, depth: usize) -> Result<Held, Problem> {
        self.space();
        if self.eat(")") {
            return Ok(Held::Nothing);
        }
        let start = self.at;
        let is_field = self.word().is_some() && {
            let end = self.at;
            self.space();
            // Also where the colon is missing, so that the error can say so.
            self.rest().starts_with([':', '='])
                || self.at > end
                    && self.rest().starts_with(|c: char| c.is_alphanumeric() || c == '"')
        };
        self.at = start;
        if is_field {
            self.entries(")", depth).map(Held::Fields)
        } else {
            self.values(")", depth).map(Held::Values)
        }
    }

    /// Reads values up to a closing bracket.
    fn values(&mut self, close: &str, depth: usize) -> Result<Vec<Node>, Problem> {
        let mut values = Vec::new();
        loop {
            self.space();
            if self.eat(close) {
                return Ok(values);
            }
            values.push(self.value(depth + 1)?);
            self.comma(close)?;
        }
    }

    /// Reads `key: value` up to a closing bracket; keys are values in `{}`, and words in `()`.
    fn entries(&mut self, close: &str, depth: usize) -> Result<Vec<Entry>, Problem> {
        let mut entries = Vec::new();
        loop {
            self.space();
            if self.eat(close) {
                refuse_twice(self.text, &mut entries, &mut self.problems);
                return Ok(entries);
            }
            let start = self.at;
            let key = if close == ")" {
                self.word().map(str::to_string).ok_or_else(|| self.strange())?
            } else {
                match self.value(depth + 1)?.value {
                    Value::Text(word) => word,
                    Value::Unsigned(number) => number.to_string(),
                    Value::Signed(number) => number.to_string(),
                    _ => {
                        return Err(problem_at(word_at(self.text, start), "a key must be text")
                            .help("quote it: `\"…\"`"));
                    }
                }
            };
            let key_span = start..self.at;
            self.space();
            if !self.eat(":") {
                let place = word_at(self.text, self.at);
                return Err(problem_at(place, "a `:` is missing before this")
                    .help(format!("a field is written `{key}: VALUE`")));
            }
            entries.push(Entry { key, key_span, value: self.value(depth + 1)? });
            self.comma(close)?;
        }
    }

    fn comma(&mut self, close: &str) -> Result<(), Problem> {
        self.space();
        if self.eat(",") || self.rest().starts_with(close) {
            return Ok(());
        }
        match self.rest().starts_with([')', ']', '}']) || self.rest().is_empty() {
            true => Err(self.strange()),
            false => Err(problem_at(
                word_at(self.text, self.at),
                format!("a `,` or `{close}` is missing before this"),
            )),
        }
    }
}

//! The scenario file as text: YAML, JSON and RON are parsed into one tree with source locations,
//! from which serde deserialises types.
//!
//! `decode` turns bytes into text, `parse` turns text into a `Node`, `set` changes one
//! value of the tree, and `read` deserialises a type from it. Every step returns all problems
//! with their places in the text instead of stopping at the first one. Limits, so that no file can
//! exhaust the machine: 1 MiB, [`DEEPEST`] levels, [`MOST_NODES`] values, [`MOST_PROBLEMS`]
//! problems. Tests in `tests/`: the notations against one another, each notation against 20,000
//! random and damaged inputs, and each step separately.

mod node;
mod read;
mod ron;
mod set;
mod yaml;

pub use node::{Entry, Node, Value};
pub use read::{Found, Kind, ReadError, Wanted, read};
pub use set::{adopt, assign, set};

use crate::problem::{Problem, Severity, is_hidden};
use std::ops::Range;
use std::path::Path;

/// The maximum file size, in bytes.
pub const LARGEST: usize = 1024 * 1024;
/// The maximum nesting depth of lists and maps.
pub const DEEPEST: usize = 64;
/// The maximum number of values in a file.
pub const MOST_NODES: usize = 200_000;
/// The maximum number of problems reported for one file.
pub const MOST_PROBLEMS: usize = crate::problem::MOST_TOLD;

/// A notation in which a scenario can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2 without tags; with anchors, aliases, and the merge keys of YAML 1.1.
    Yaml,
    /// Rusty Object Notation.
    Ron,
    /// JSON, read as the subset of YAML that it is.
    Json,
}

impl Format {
    /// Returns the notation that a file's extension stands for; `None` for an unknown extension.
    pub fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Format::Yaml),
            "ron" => Some(Format::Ron),
            "json" => Some(Format::Json),
            _ => None,
        }
    }
}

/// Parses a text into a tree, or returns all syntax errors.
pub fn parse(text: &str, format: Format) -> Result<Node, Vec<Problem>> {
    match format {
        Format::Yaml => yaml::parse(text, "YAML"),
        Format::Json => yaml::parse(text, "JSON"),
        Format::Ron => ron::parse(text),
    }
}

/// Decodes the bytes of a file as UTF-8, without a byte order mark.
pub fn decode(bytes: &[u8]) -> Result<&str, Problem> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        Problem::new(
            Severity::Error,
            "",
            format!("the file is not UTF-8 text: line {line} contains an invalid byte"),
        )
        .help("save the file as UTF-8")
    })
}

/// Creates an error at a place in the text.
fn problem_at(place: Range<usize>, what: impl Into<String>) -> Problem {
    let mut problem = Problem::new(Severity::Error, "", what);
    problem.place = Some(place);
    problem
}

/// Rejects a text larger than [`LARGEST`]; both parsers call this first.
fn refuse_size(text: &str) -> Result<(), Vec<Problem>> {
    if text.len() <= LARGEST {
        return Ok(());
    }
    Err(vec![too_large()])
}

/// Returns the error for a file larger than [`LARGEST`].
pub fn too_large() -> Problem {
    Problem::new(Severity::Error, "", "the file is larger than 1 MiB, the largest scenario")
        .help("keep measured values in a CSV file and refer to it with `empirical`")
}

/// Rejects keys and texts that a terminal would not show as they are: names and values must be one
/// line of visible characters.
pub fn refuse_hidden(node: &Node, problems: &mut Vec<Problem>) {
    let mut refuse = |text: &str, span: &Range<usize>| {
        let Some(hidden) =
            text.chars().find(|c| is_hidden(*c)).filter(|_| problems.len() < MOST_PROBLEMS)
        else {
            return;
        };
        let what = match hidden {
            '\n' | '\r' => "this text contains a line break".to_string(),
            '\0' => "this text contains a NUL byte".to_string(),
            space if space.is_whitespace() => format!(
                "this text contains the space U+{:04X}, which looks like a plain one",
                space as u32
            ),
            other => format!("this text contains the invisible character U+{:04X}", other as u32),
        };
        let is_space = hidden.is_whitespace() && !hidden.is_control();
        let help = if is_space {
            "type a plain space"
        } else {
            "write names and values as one line of visible characters"
        };
        let mut problem = Problem::new(Severity::Error, "", what).help(help);
        problem.place = Some(span.clone()).filter(|span| !span.is_empty());
        problems.push(problem);
    };
    match &node.value {
        Value::Text(text) => refuse(text, &node.span),
        Value::List(items) => items.iter().for_each(|item| refuse_hidden(item, problems)),
        Value::Map(entries) => {
            entries.iter().for_each(|entry| refuse(&entry.key, &entry.key_span));
            entries.iter().for_each(|entry| refuse_hidden(&entry.value, problems));
        }
        _ => {}
    }
}

/// Returns the error for an empty file.
fn empty_file() -> Vec<Problem> {
    vec![Problem::new(Severity::Error, "", "the file is empty").help("begin with `version: 1`")]
}

/// Returns the error for nesting deeper than [`DEEPEST`].
fn too_deep(place: Range<usize>) -> Problem {
    problem_at(place, format!("lists and groups nest deeper than {DEEPEST} levels here"))
        .help("check for a bracket that is not closed")
}

/// Returns the error for more than [`MOST_NODES`] values.
fn too_many(place: Range<usize>) -> Problem {
    problem_at(place, "the file contains more than 200,000 values, the maximum")
}

/// Reports every key that an earlier entry of the same map already has, and removes the later
/// entries.
fn refuse_twice(text: &str, entries: &mut Vec<Entry>, problems: &mut Vec<Problem>) {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by(|a, b| entries[*a].key.cmp(&entries[*b].key).then(a.cmp(b)));
    let mut repeated = Vec::new();
    for same in order.chunk_by(|a, b| entries[*a].key == entries[*b].key) {
        repeated.extend(same[1..].iter().map(|later| (*later, same[0])));
    }
    repeated.sort_unstable();
    for (later, first) in &repeated {
        if problems.len() >= MOST_PROBLEMS {
            break;
        }
        let line = line_of(text, entries[*first].key_span.start);
        let problem = problem_at(
            entries[*later].key_span.clone(),
            format!("the key `{}` is given twice", entries[*later].key),
        );
        problems.push(problem.help(format!("it is first given on line {line}; keep one of them")));
    }
    let mut later = repeated.iter().map(|(later, _)| *later).peekable();
    let mut index = 0;
    entries.retain(|_| {
        index += 1;
        later.next_if_eq(&(index - 1)).is_none()
    });
}

/// Returns the 1-based number of the line that contains the byte at `at`.
fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// Returns the range of the word that begins at a byte; at the end of the text or of a line, that
/// of the last character before it.
fn word_at(text: &str, at: usize) -> Range<usize> {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let word: usize = text[at..]
        .chars()
        .take_while(|c| !c.is_whitespace() && !",[]{}()".contains(*c))
        .map(char::len_utf8)
        .sum();
    if word > 0 {
        return at..at + word;
    }
    match text[at..].chars().next() {
        Some(c) if !c.is_whitespace() => at..at + c.len_utf8(),
        _ => {
            let end = text[..at].trim_end().len();
            let start = text[..end].char_indices().next_back().map_or(0, |(start, _)| start);
            start..end
        }
    }
}

/// Returns whether YAML 1.1 readers take a plain word for true or false.
pub(super) fn is_boolean_elsewhere(word: &str) -> bool {
    ["on", "off", "yes", "no", "y", "n"].iter().any(|other| word.eq_ignore_ascii_case(other))
}

#[cfg(test)]
mod tests;

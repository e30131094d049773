//! Problems with an input, each with a place, a message and help, as a compiler reports them.
//!
//! Checks collect all problems instead of stopping at the first; only `cli` prints them. A place is
//! first a *path of keys* (`services.api.endpoints.GET /a.steps[2].cpu`), which any module can
//! name; the scenario's reader then finds the path's place in the text.

mod refusal;

pub use refusal::Refusal;

use std::ops::Range;

/// The severity of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// The scenario cannot run.
    Error,
    /// The scenario runs, but is probably not what was meant.
    Warning,
    /// How the text was interpreted.
    Note,
}

impl std::fmt::Display for Severity {
    /// Writes `error`, `warning` or `note`.
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        })
    }
}

/// Where the value that a problem is about was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// In the text, or in the scenario that was built.
    #[default]
    Scenario,
    /// Set at the path afterwards, by [`Experiment::set`](crate::Experiment::set) or `--set`.
    Set,
    /// By an option of the command, which stands in place of the path.
    Option,
}

/// An error, a warning or a note about an input.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Problem {
    /// The severity.
    pub severity: Severity,
    /// The path of keys; empty for the whole file.
    pub path: String,
    /// Whether the problem is about the key at the end of the path, not its value.
    pub of_key: bool,
    /// Where the value was given.
    pub origin: Origin,
    /// The byte range in the text, once known; behind its end, in the files that it includes
    /// (`scenario::Source::part`).
    pub place: Option<Range<usize>>,
    /// The place of the YAML alias that repeats the text, if any.
    pub used: Option<Box<Range<usize>>>,
    /// The message, in one line.
    pub what: String,
    /// What to write instead, if known.
    pub help: Option<String>,
    /// Whether a number with a fraction was given where only whole numbers are accepted.
    pub wants_whole: bool,
}

impl Problem {
    /// Creates a problem at a path.
    pub fn new(severity: Severity, path: impl Into<String>, what: impl Into<String>) -> Problem {
        Problem {
            severity,
            path: path.into(),
            of_key: false,
            origin: Origin::Scenario,
            place: None,
            used: None,
            what: readable(what.into()),
            help: None,
            wants_whole: false,
        }
    }
    /// Creates an error at a path from a refusal.
    pub fn refusal(path: impl Into<String>, refusal: Refusal) -> Problem {
        let problem = Problem::new(Severity::Error, path, refusal.what);
        Problem { help: refusal.help.map(readable), ..problem }
    }
    /// Returns the problem with a help text.
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(readable(help.into()));
        self
    }
}

/// The maximum number of problems reported per severity.
pub(crate) const MOST_TOLD: usize = 50;

/// The problems found so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Problems {
    /// In the order they were found.
    pub list: Vec<Problem>,
}

impl Problems {
    /// Adds an error and returns it, so that help can be added.
    pub fn error(&mut self, path: impl Into<String>, what: impl Into<String>) -> &mut Problem {
        self.push(Problem::new(Severity::Error, path, what))
    }
    /// Adds an error made of a refusal and returns it.
    pub fn refuse(&mut self, path: impl Into<String>, refusal: Refusal) -> &mut Problem {
        self.push(Problem::refusal(path, refusal))
    }
    /// Adds a warning and returns it.
    pub fn warning(&mut self, path: impl Into<String>, what: impl Into<String>) -> &mut Problem {
        self.push(Problem::new(Severity::Warning, path, what))
    }
    /// Adds a note and returns it.
    pub fn note(&mut self, path: impl Into<String>, what: impl Into<String>) -> &mut Problem {
        self.push(Problem::new(Severity::Note, path, what))
    }
    /// Adds a problem and returns it.
    pub fn push(&mut self, problem: Problem) -> &mut Problem {
        self.list.push(problem);
        self.list.last_mut().expect("just pushed")
    }
    /// Returns whether any problem is an error.
    pub fn any_error(&self) -> bool {
        self.list.iter().any(|p| p.severity == Severity::Error)
    }
    /// Drops warnings and notes.
    pub fn into_errors(mut self) -> Problems {
        self.list.retain(|problem| problem.severity == Severity::Error);
        self
    }
    /// Returns all messages on one line.
    pub fn in_one_line(&self) -> String {
        self.messages().join("; ")
    }
    /// Returns all messages with their help, one per line.
    pub fn in_lines(&self) -> String {
        let help = self.list.iter().map(|problem| {
            problem.help.as_ref().map_or(String::new(), |help| format!(" ({help})"))
        });
        self.messages()
            .into_iter()
            .zip(help)
            .map(|(message, help)| message + &help)
            .collect::<Vec<_>>()
            .join("\n")
    }
    fn messages(&self) -> Vec<String> {
        let messages = self.list.iter().map(|p| {
            if p.path.is_empty() { p.what.clone() } else { format!("{}: {}", p.path, p.what) }
        });
        messages.collect()
    }
    /// Returns whether there are [`MOST_TOLD`] errors already, so that looking for more, and for
    /// the names that were meant, is pointless.
    pub(crate) fn enough(&self) -> bool {
        self.list.iter().filter(|p| p.severity == Severity::Error).count() >= MOST_TOLD
    }
    /// Keeps the first [`MOST_TOLD`] of each severity, and adds a note with the number of the
    /// others.
    pub(crate) fn shorten(&mut self) {
        for (severity, word) in [
            (Severity::Error, "errors"),
            (Severity::Warning, "warnings"),
            (Severity::Note, "notes"),
        ] {
            let mut found = 0;
            self.list.retain(|problem| {
                found += usize::from(problem.severity == severity);
                problem.severity != severity || found <= MOST_TOLD
            });
            if found > MOST_TOLD {
                self.note("", format!("there are {} more {word}", found - MOST_TOLD));
            }
        }
    }
}

/// Writes the errors with their help, one per line; all problems if none is an error. `list` has
/// them all.
impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let reported = if self.any_error() { self.clone().into_errors() } else { self.clone() };
        f.write_str(&reported.in_lines())
    }
}

impl std::error::Error for Problems {}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems { list: vec![problem] }
    }
}

impl Problem {
    /// Sets the help text of a problem that is already in the list.
    pub fn advise(&mut self, help: impl Into<String>) {
        self.help = Some(readable(help.into()));
    }
    /// Sets the help text, if there is one.
    pub(crate) fn advise_if(&mut self, help: Option<String>) {
        if let Some(help) = help {
            self.advise(help);
        }
    }
    /// Replaces the message.
    pub(crate) fn reword(&mut self, what: impl Into<String>) {
        self.what = readable(what.into());
    }
    /// Makes the problem one of the key at the end of the path, not of its value.
    pub fn at_key(&mut self) -> &mut Problem {
        self.of_key = true;
        self
    }
}

/// Returns whether a character is invisible or has an effect on a terminal: control characters,
/// direction marks, zero-width characters and unusual spaces (two names would look the same),
/// Unicode line separators, and noncharacters.
pub(crate) fn is_hidden(c: char) -> bool {
    let looks_like_nothing = matches!(c,
        '\u{A0}' | '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{2000}'..='\u{200B}' | '\u{200E}' | '\u{200F}'
        | '\u{2028}'..='\u{202F}' | '\u{205F}'..='\u{206F}' | '\u{3000}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}');
    let is_none = matches!(c as u32, 0xFDD0..=0xFDEF)
        || c as u32 & 0xFFFE == 0xFFFE
        || matches!(c, '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}');
    c.is_control() || looks_like_nothing || is_none
}

/// The maximum length of a quotation from an input, in characters.
const LONGEST_QUOTE: usize = 100;
/// The maximum length of a message, in characters.
const LONGEST_WORDS: usize = 1_000;

/// Makes a message that quotes an input safe to print: replaces hidden characters by visible ones,
/// and shortens long quotations.
fn readable(words: String) -> String {
    let sign = |c: char| match c {
        '\u{0}'..='\u{1F}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{FFFD}'),
        c if is_hidden(c) => '\u{FFFD}',
        c => c,
    };
    let words: String =
        if words.contains(is_hidden) { words.chars().map(sign).collect() } else { words };
    if words.len() <= LONGEST_QUOTE {
        return words;
    }
    let cut = |part: &str, longest: usize| match part.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &part[..end]),
        None => part.to_string(),
    };
    // Every second part is in back-quotes.
    let parts = words.split('`').enumerate().map(|(index, part)| {
        if index % 2 == 1 { cut(part, LONGEST_QUOTE) } else { part.to_string() }
    });
    cut(&parts.collect::<Vec<_>>().join("`"), LONGEST_WORDS)
}

/// Returns the candidate nearest to a misspelt word, if it is near enough to be meant: at most one
/// edit per three letters.
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let letters = word.chars().count();
    let far = letters.div_ceil(3).clamp(1, 8);
    let word = word.to_lowercase();
    // `p75` is not a misspelt `p95`, but another percentile.
    let percentile = |text: &str| {
        let number = text
            .strip_prefix('p')
            .filter(|number| number.bytes().all(|c| c.is_ascii_digit() || c == b'.'))?;
        Some(number.replace('.', "")).filter(|digits| !digits.is_empty())
    };
    let wanted = percentile(&word);
    let differs = |candidate: &str| {
        wanted.is_some() && percentile(candidate).is_some_and(|other| Some(other) != wanted)
    };
    // Compare lengths first: computing the distance costs their product.
    let candidates = candidates
        .into_iter()
        .filter(|c| letters <= 200 && c.chars().count().abs_diff(letters) <= far && !differs(c));
    let near = candidates.map(|c| (strsim::damerau_levenshtein(&word, &c.to_lowercase()), c));
    near.filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::{MOST_TOLD, Problem, Problems, Severity, nearest};

    #[test]
    fn control_characters_are_shown_as_visible_ones() {
        // Unicode's pictures of control characters: ESC is U+241B.
        let problem = Problem::new(Severity::Error, "", "`a\u{1b}[2J`").help("`\u{202e}b` or é🦀");
        assert_eq!(
            (problem.what.as_str(), problem.help.as_deref()),
            ("`a\u{241b}[2J`", Some("`\u{fffd}b` or é🦀"))
        );
    }

    #[test]
    fn long_quotations_are_shortened() {
        // LONGEST_QUOTE characters, not bytes, and only within quotations.
        let problem = Problem::new(
            Severity::Error,
            "",
            format!("`{}` is {}", "é".repeat(5_000), "very ".repeat(50)),
        );
        assert_eq!(problem.what, format!("`{}…` is {}", "é".repeat(100), "very ".repeat(50)));
        assert_eq!(
            Problem::new(Severity::Error, "", "x".repeat(5_000)).what.chars().count(),
            1_001
        );
    }

    #[test]
    fn at_most_fifty_per_severity_are_reported_and_the_rest_is_counted() {
        // MOST_TOLD, and 120 - 50.
        let mut problems = Problems::default();
        (0..120).for_each(|_| _ = problems.error("", "wrong"));
        problems.warning("", "odd");
        assert!(problems.enough());
        problems.shorten();
        assert_eq!(
            (problems.list.len(), problems.list[MOST_TOLD].what.as_str()),
            (MOST_TOLD + 2, "odd")
        );
        assert_eq!(problems.list.last().unwrap().what, "there are 70 more errors");
    }

    #[test]
    fn the_nearest_word_is_suggested_only_if_it_is_near() {
        assert_eq!(nearest("timeoutt", ["to", "request", "timeout"]), Some("timeout"));
        assert_eq!(nearest("GET /prodct", ["GET /product", "GET /search"]), Some("GET /product"));
        assert_eq!(nearest("banana", ["to", "request", "timeout"]), None);
        assert_eq!(
            (nearest("p75", ["p95", "p50"]), nearest("p999", ["p99", "p99.9"])),
            (None, Some("p99.9"))
        );
        assert_eq!((nearest("web", ["db"]), nearest("bd", ["db"])), (None, Some("db")));
    }
}

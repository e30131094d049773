//! What is wrong with an input: a value with its place, its words and its help, as a compiler
//! reports it.
//!
//! Checks collect all problems instead of stopping at the first; only `cli` draws them. A place is
//! first a *path of keys* (`services.api.endpoints.GET /a.steps[2].cpu`): any room can name one;
//! the scenario's reader knows where in the text each path stands.

use std::ops::Range;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Cannot run.
    Error,
    /// Runs, but is probably not what was meant.
    Warning,
    /// What was read into the text.
    Note,
}

/// One thing that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Path of keys, empty for the whole file.
    pub path: String,
    /// Whether the key at the end of the path is meant, and not its value.
    pub of_key: bool,
    /// Byte range in the text, once known.
    pub place: Option<Range<usize>>,
    /// Where the text at the place is used by its alias, if it is.
    pub used: Option<Box<Range<usize>>>,
    /// What is wrong, in one line.
    pub what: String,
    /// What to do, if that can be said.
    pub help: Option<String>,
}

impl Problem {
    /// A problem of that severity at a path.
    pub fn new(severity: Severity, path: impl Into<String>, what: impl Into<String>) -> Problem {
        Problem {
            severity,
            path: path.into(),
            of_key: false,
            place: None,
            used: None,
            what: readable(what.into()),
            help: None,
        }
    }
    /// The same with advice.
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(readable(help.into()));
        self
    }
}

/// How many problems of one severity are told.
pub const MOST_TOLD: usize = 50;

/// The problems found so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Problems {
    /// In the order they were found.
    pub list: Vec<Problem>,
}

impl Problems {
    /// Notes an error and gives it back for its help text.
    pub fn error(&mut self, path: impl Into<String>, what: impl Into<String>) -> &mut Problem {
        self.push(Problem::new(Severity::Error, path, what))
    }
    /// Notes a warning.
    pub fn warning(&mut self, path: impl Into<String>, what: impl Into<String>) -> &mut Problem {
        self.push(Problem::new(Severity::Warning, path, what))
    }
    /// Notes something worth knowing.
    pub fn note(&mut self, path: impl Into<String>, what: impl Into<String>) -> &mut Problem {
        self.push(Problem::new(Severity::Note, path, what))
    }
    /// Adds a finished problem.
    pub fn push(&mut self, problem: Problem) -> &mut Problem {
        self.list.push(problem);
        self.list.last_mut().expect("just pushed")
    }
    /// Whether any of them forbids a run.
    pub fn any_error(&self) -> bool {
        self.list.iter().any(|p| p.severity == Severity::Error)
    }
    /// The errors, without warnings and notes.
    pub fn into_errors(mut self) -> Problems {
        self.list.retain(|problem| problem.severity == Severity::Error);
        self
    }
    /// All of them in one line.
    pub fn in_one_line(&self) -> String {
        self.words().join("; ")
    }
    /// All of them, one a line, with their help.
    pub fn in_lines(&self) -> String {
        let help = self.list.iter().map(|problem| {
            problem.help.as_ref().map_or(String::new(), |help| format!(" ({help})"))
        });
        self.words()
            .into_iter()
            .zip(help)
            .map(|(words, help)| words + &help)
            .collect::<Vec<_>>()
            .join("\n")
    }
    fn words(&self) -> Vec<String> {
        let words = self.list.iter().map(|p| {
            if p.path.is_empty() { p.what.clone() } else { format!("{}: {}", p.path, p.what) }
        });
        words.collect()
    }
    /// Whether there are as many errors as are told: to look for more, and for the names that were
    /// meant, would be in vain.
    pub fn enough(&self) -> bool {
        self.list.iter().filter(|p| p.severity == Severity::Error).count() >= MOST_TOLD
    }
    /// Keeps the first [`MOST_TOLD`] of each severity, and notes how many are left out.
    pub fn shorten(&mut self) {
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

/// The errors, one a line, with their help; all problems, if none is an error.
impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let told = if self.any_error() { self.clone().into_errors() } else { self.clone() };
        f.write_str(&told.in_lines())
    }
}

impl std::error::Error for Problems {}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems { list: vec![problem] }
    }
}

impl Problem {
    /// Adds the advice to a problem that is already in the list.
    pub fn advise(&mut self, help: impl Into<String>) {
        self.help = Some(readable(help.into()));
    }
    /// Adds the advice, if there is any.
    pub fn advise_if(&mut self, help: Option<String>) {
        if let Some(help) = help {
            self.advise(help);
        }
    }
    /// The same about the key at the end of the path.
    pub fn at_key(&mut self) -> &mut Problem {
        self.of_key = true;
        self
    }
}

/// Whether a reader could not see a character, or a terminal not show it: controls, marks that turn
/// the direction of what follows, what has no width or is a space of another kind (two names would
/// look the same), line ends of Unicode, and code points that are no characters.
pub fn is_hidden(c: char) -> bool {
    let looks_like_nothing = matches!(c,
        '\u{A0}' | '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{2000}'..='\u{200B}' | '\u{200E}' | '\u{200F}'
        | '\u{2028}'..='\u{202F}' | '\u{205F}'..='\u{206F}' | '\u{3000}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}');
    let is_none = matches!(c as u32, 0xFDD0..=0xFDEF)
        || c as u32 & 0xFFFE == 0xFFFE
        || matches!(c, '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}');
    c.is_control() || looks_like_nothing || is_none
}

/// What stands between back-quotes in the words of a problem.
pub(crate) fn quoted(words: &str) -> impl Iterator<Item = &str> {
    words.split('`').skip(1).step_by(2)
}

/// The longest quotation from an input, in letters, and the longest words without one.
const LONGEST_QUOTE: usize = 100;
const LONGEST_WORDS: usize = 1_000;

/// Words that quote an input show a sign for what is hidden in it, and the beginning of what is
/// long: nothing in an input may write to a terminal but letters, and few enough to be read.
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
    // What stands between back quotes is quoted.
    let parts = words.split('`').enumerate().map(|(index, part)| {
        if index % 2 == 1 { cut(part, LONGEST_QUOTE) } else { part.to_string() }
    });
    cut(&parts.collect::<Vec<_>>().join("`"), LONGEST_WORDS)
}

/// The candidate nearest to a misspelt word, if one is near enough to be meant: one slip in three
/// letters.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let letters = word.chars().count();
    let far = letters.div_ceil(3).clamp(1, 8);
    let word = word.to_lowercase();
    // `p75` is not a slip of `p95`: another percentile is another thing.
    let percentile = |text: &str| {
        let number = text
            .strip_prefix('p')
            .filter(|number| number.bytes().all(|c| c.is_ascii_digit() || c == b'.'))?;
        Some(number.replace('.', "")).filter(|digits| !digits.is_empty())
    };
    let own = percentile(&word);
    let differs = |candidate: &str| {
        own.is_some() && percentile(candidate).is_some_and(|other| Some(other) != own)
    };
    // Lengths first: the distance costs their product.
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
    fn what_a_terminal_would_obey_is_shown_as_a_sign() {
        // Unicode's pictures of control characters: ESC is U+241B.
        let problem = Problem::new(Severity::Error, "", "`a\u{1b}[2J`").help("`\u{202e}b` or é🦀");
        assert_eq!(
            (problem.what.as_str(), problem.help.as_deref()),
            ("`a\u{241b}[2J`", Some("`\u{fffd}b` or é🦀"))
        );
    }

    #[test]
    fn what_is_long_is_quoted_by_its_beginning() {
        // LONGEST_QUOTE letters, not bytes, and only of what is quoted.
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
    fn no_more_than_fifty_of_a_kind_are_told_and_the_rest_is_counted() {
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

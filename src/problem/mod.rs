//! What is wrong with an input: a value with its place, its words and its help, as a compiler reports it.
//!
//! Checks collect all problems instead of stopping at the first; only `cli` draws them.
//! A place is first a *path of keys* (`services.api.endpoints.GET /a.steps[2].cpu`): any room can name one; the scenario's
//! reader knows where in the text each path stands.

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
    /// What is wrong, in one line.
    pub what: String,
    /// What to do, if that can be said.
    pub help: Option<String>,
}

impl Problem {
    /// A problem of that severity at a path.
    pub fn new(severity: Severity, path: impl Into<String>, what: impl Into<String>) -> Problem {
        Problem { severity, path: path.into(), of_key: false, place: None, what: what.into(), help: None }
    }
    /// The same with advice.
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
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
    /// Whether there are as many errors as are told: to look for more, and for the names that were meant, would be in vain.
    pub fn enough(&self) -> bool {
        self.list.iter().filter(|p| p.severity == Severity::Error).count() >= MOST_TOLD
    }
    /// Keeps the first [`MOST_TOLD`] of each severity, and notes how many are left out.
    pub fn shorten(&mut self) {
        for (severity, word) in [(Severity::Error, "errors"), (Severity::Warning, "warnings"), (Severity::Note, "notes")] {
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

impl Problem {
    /// Adds the advice to a problem that is already in the list.
    pub fn advise(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }
    /// The same about the key at the end of the path.
    pub fn at_key(&mut self) -> &mut Problem {
        self.of_key = true;
        self
    }
}

/// The candidate nearest to a misspelt word, if one is near enough to be meant: one slip in three letters.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let letters = word.chars().count();
    let far = letters.div_ceil(3).clamp(1, 8);
    let word = word.to_lowercase();
    // Lengths first: the distance costs their product.
    let candidates = candidates.into_iter().filter(|c| letters <= 200 && c.chars().count().abs_diff(letters) <= far);
    let near = candidates.map(|c| (strsim::damerau_levenshtein(&word, &c.to_lowercase()), c));
    near.filter(|(distance, _)| *distance <= far).min_by_key(|(distance, _)| *distance).map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::{MOST_TOLD, Problems, nearest};

    #[test]
    fn no_more_than_fifty_of_a_kind_are_told_and_the_rest_is_counted() {
        // MOST_TOLD, and 120 - 50.
        let mut problems = Problems::default();
        (0..120).for_each(|_| _ = problems.error("", "wrong"));
        problems.warning("", "odd");
        assert!(problems.enough());
        problems.shorten();
        assert_eq!((problems.list.len(), problems.list[MOST_TOLD].what.as_str()), (MOST_TOLD + 2, "odd"));
        assert_eq!(problems.list.last().unwrap().what, "there are 70 more errors");
    }

    #[test]
    fn the_nearest_word_is_suggested_only_if_it_is_near() {
        assert_eq!(nearest("timeoutt", ["to", "request", "timeout"]), Some("timeout"));
        assert_eq!(nearest("GET /prodct", ["GET /product", "GET /search"]), Some("GET /product"));
        assert_eq!(nearest("banana", ["to", "request", "timeout"]), None);
        assert_eq!((nearest("web", ["db"]), nearest("bd", ["db"])), (None, Some("db")));
    }
}

//! Lengths, widths, words, paths and names.

use super::repository::{File, Repository};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Lines a file may have.
const FILE_LINES_MAX: usize = 400;
/// Columns a comment may have.
const COLUMNS_MAX: usize = 100;
/// Lines a function may have.
const FUNCTION_LINES_MAX: usize = 70;

/// Functions that are longer, with the lines they have today. The number may only fall:
/// shorten a function when you change it.
const LONGER: &[(&str, &str, usize)] = &[
    ("src/design/range.rs", "check", 73),
    ("src/experiment/capacity.rs", "capacity", 74),
    ("src/experiment/notes.rs", "observe", 91),
    ("src/experiment/select.rs", "select", 73),
    ("src/experiment/sensitivity/analyse.rs", "analyse", 80),
    ("src/experiment/verdict.rs", "outlook", 81),
    ("src/report/sensitivity.rs", "sensitivity", 129),
    ("src/report/sweep.rs", "sweep", 77),
    ("src/report/verdict.rs", "why", 77),
    ("src/scenario/check/size/memory.rs", "memory", 80),
    ("src/scenario/shapes.rs", "convert_entry", 75),
    ("src/scenario/text/set.rs", "add", 80),
];

pub fn check_files(repository: &Repository) -> Vec<String> {
    let mut violations = Vec::new();
    for file in repository.files.iter().filter(|file| file.path.starts_with("src/")) {
        let lines = file.lines().count();
        if file.is_source() && lines > FILE_LINES_MAX {
            let most = FILE_LINES_MAX;
            violations.push(format!("{}:{most}: {lines} lines, at most {most}", file.path));
        }
        if !file.text.starts_with("//!") {
            violations.push(format!("{}:1: does not begin with `//!` and what it is", file.path));
        }
    }
    violations
}

/// The functions of a formatted file: name, first line, number of lines.
fn functions(file: &File) -> Vec<(&str, usize, usize)> {
    let lines: Vec<&str> = file.code_lines().map(|(_, line)| line).collect();
    let mut functions = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let words: Vec<&str> = code.split(' ').collect();
        let Some(at) = words.iter().position(|word| *word == "fn") else { continue };
        let is_item = words[..at]
            .iter()
            .all(|word| word.starts_with("pub") || ["const", "async", "extern"].contains(word));
        if !is_item || code.ends_with('}') {
            continue;
        }
        let close = format!("{}}}", &line[..line.len() - code.len()]);
        let mut rest = lines[index..].iter();
        // A declaration without a body ends before any line ends with `{`.
        let has_body =
            rest.find(|line| line.ends_with(['{', ';'])).is_some_and(|line| line.ends_with('{'));
        if let (true, Some(more)) = (has_body, rest.position(|line| *line == close)) {
            let head = lines[index..].iter().take_while(|line| !line.ends_with('{')).count();
            let name = words[at + 1].split(['(', '<']).next().unwrap_or_default();
            functions.push((name, index + 1, head + more + 2));
        }
    }
    functions
}

pub fn check_functions(repository: &Repository) -> Vec<String> {
    let mut violations = Vec::new();
    let mut longer: BTreeMap<(&str, &str), usize> =
        LONGER.iter().map(|(path, name, lines)| ((*path, *name), *lines)).collect();
    for file in repository.sources() {
        for (name, number, lines) in
            functions(file).into_iter().filter(|f| f.2 > FUNCTION_LINES_MAX)
        {
            let most = longer.remove(&(file.path.as_str(), name)).unwrap_or(FUNCTION_LINES_MAX);
            if lines != most {
                let path = &file.path;
                violations
                    .push(format!("{path}:{number}: `{name}` has {lines} lines, at most {most}"));
            }
        }
    }
    let gone = longer
        .keys()
        .map(|(path, name)| format!("{path}:1: `{name}` is listed as long and is not"));
    violations.extend(gone);
    violations
}

pub fn check_columns(repository: &Repository) -> Vec<String> {
    let mut violations = Vec::new();
    for file in repository.files.iter().filter(|file| file.is_rust()) {
        let mut is_example = false;
        for (number, line) in file.lines() {
            let comment = line.trim_start();
            let Some(words) = comment.strip_prefix("//") else { continue };
            let words = words.trim_start_matches(['/', '!']).trim_start();
            is_example ^= words.starts_with("```");
            // Tables, links and the code of examples cannot be wrapped by paragraph.
            let is_fixed = is_example || words.starts_with('|') || words.contains("://");
            if line.chars().count() > COLUMNS_MAX && !is_fixed {
                violations.push(format!("{}:{number}: over {COLUMNS_MAX} columns", file.path));
            }
        }
    }
    violations
}

/// Code that stands nowhere, and where it may.
const BANNED_CODE: [(&str, &[&str]); 10] = [
    ("println!", &["src/cli"]),
    ("eprintln!", &["src/cli"]),
    ("todo!", &[]),
    ("dbg!", &[]),
    ("TODO", &[]),
    ("FIXME", &[]),
    ("HashMap", &["src/store"]),
    ("HashSet", &[]),
    ("Instant", &["src/cli"]),
    ("SystemTime", &["src/cli"]),
];

pub fn check_banned_code(repository: &Repository) -> Vec<String> {
    let mut violations = Vec::new();
    for file in repository.sources() {
        for (number, line) in file.code_lines() {
            let is_comment = line.trim_start().starts_with("//");
            for (word, rooms) in BANNED_CODE {
                let is_note = ["TODO", "FIXME"].contains(&word);
                let is_allowed =
                    rooms.iter().any(|room| file.path.starts_with(room)) || is_comment && !is_note;
                let is_word = line.split(|c: char| !c.is_alphanumeric() && c != '!' && c != '_');
                if !is_allowed && is_word.into_iter().any(|found| found == word) {
                    violations.push(format!("{}:{number}: contains `{word}`", file.path));
                }
            }
        }
    }
    violations
}

/// Phrases that are not technical English, with what to write.
const BANNED_WORDS: &[(&str, &str)] = &[
    ("so many", "the number of"),
    ("what came of", "the result of"),
    ("belongs into", "belongs in"),
    ("belong into", "belong in"),
    ("is to be had", "is available"),
    ("are to be had", "are available"),
    ("can be had", "is available"),
    ("is told of", "receives, is notified of"),
    ("goes on with", "continues with"),
    ("go on with", "continue with"),
    ("to speak of", "significant"),
    ("not surely", "inconclusive"),
    ("whoever", "the caller, the user"),
    (" nobody ", "no one, none, no request"),
];

pub fn check_words(repository: &Repository) -> Vec<String> {
    let mut violations = Vec::new();
    for file in &repository.files {
        // The engine's rooms are rewritten with its redesign.
        let waits = ["sim", "step", "server", "fault", "request", "measure"];
        let is_waiting = waits.iter().any(|room| file.path.starts_with(&format!("src/{room}/")));
        if is_waiting || file.path.ends_with("tidy/text.rs") {
            continue;
        }
        for (number, line) in file.lines() {
            let line = line.to_lowercase();
            for (phrase, better) in BANNED_WORDS.iter().filter(|(phrase, _)| line.contains(phrase))
            {
                let path = &file.path;
                violations.push(format!("{path}:{number}: `{phrase}`: write {better}"));
            }
        }
    }
    violations
}

/// Whether a span of code looks like a path of this repository; a name in capitals stands for any.
fn is_path(span: &str) -> bool {
    let is_plain = span.chars().all(|c| c.is_ascii_alphanumeric() || "/_-.".contains(c));
    let extension = Path::new(span).extension().and_then(|extension| extension.to_str());
    let stem = Path::new(span).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let is_placeholder = !stem.contains(char::is_lowercase) && extension == Some("rs");
    let is_ours = is_plain && !is_placeholder && !span.starts_with(['/', '.']);
    is_ours && matches!(extension, Some("rs" | "md"))
}

pub fn check_paths(repository: &Repository) -> Vec<String> {
    let mut violations = Vec::new();
    let paths: Vec<&str> = repository.files.iter().map(|file| file.path.as_str()).collect();
    for file in &repository.files {
        for (number, line) in file.lines() {
            let is_prose = file.is_page() || line.trim_start().starts_with("//");
            if !is_prose || file.path == "CHANGELOG.md" {
                continue;
            }
            for span in line.split('`').skip(1).step_by(2).filter(|span| is_path(span)) {
                let ending = format!("/{span}");
                if !paths.iter().any(|path| *path == span || path.ends_with(&ending)) {
                    violations.push(format!("{}:{number}: there is no `{span}`", file.path));
                }
            }
        }
    }
    violations
}

/// Public names that no line but their own mentions. rustc finds private ones.
pub fn check_dead_names(repository: &Repository) -> Vec<String> {
    let mut mentions: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &repository.files {
        for word in file.text.split(|c: char| !c.is_alphanumeric() && c != '_') {
            *mentions.entry(word).or_default() += 1;
        }
    }
    let mut violations = Vec::new();
    let mut seen = BTreeSet::new();
    for file in repository.sources() {
        for (number, line) in file.code_lines() {
            let words: Vec<&str> = line.trim_start().split([' ', '(', '<', ':', ';']).collect();
            let is_public = words[0] == "pub";
            let kinds = ["fn", "struct", "enum", "trait", "type", "const", "static", "mod"];
            let Some(at) = words.iter().position(|word| kinds.contains(word)) else { continue };
            let Some(name) = words.get(at + 1) else { continue };
            if is_public && mentions.get(name) == Some(&1) && seen.insert(*name) {
                violations.push(format!("{}:{number}: nothing uses `{name}`", file.path));
            }
        }
    }
    violations
}

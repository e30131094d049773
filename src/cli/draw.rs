//! Diagnostics in the style of a compiler: severity, message, file:line:column, excerpt, help.

use super::out::{note, say};
use crate::problem::{Origin, Problem, Severity};
use crate::report::ColorChoice;
use crate::scenario::Source;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::ops::Range;

/// Returns the output style: colours on a terminal that supports them, unless `NO_COLOR` is set
/// (<https://no-color.org>); the width from `COLUMNS`, or of the terminal.
pub(crate) fn paint(is_terminal: bool) -> ColorChoice {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    let columns = std::env::var_os("COLUMNS")
        .and_then(|columns| columns.to_str()?.parse().ok())
        .filter(|columns| *columns > 0);
    let measured =
        || console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    ColorChoice {
        colours: is_terminal && !plain && !dumb,
        width: columns.or_else(|| if is_terminal { measured() } else { None }),
    }
}

thread_local! {
    /// The warnings printed so far.
    static PRINTED: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// Prints problems to stderr, errors last, next to the prompt.
pub(crate) fn draw(source: &Source, problems: &[Problem]) {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    let renderer = if paint(std::io::stderr().is_terminal()).colours {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    for problem in sorted {
        let text = one(&renderer, source, problem);
        // Variants of one file share most warnings.
        if problem.severity != Severity::Error
            && !PRINTED.with_borrow_mut(|printed| printed.insert(text.clone()))
        {
            continue;
        }
        say(&format!("{text}\n"));
        note(to_json(source, problem));
    }
    let count = |severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let counts =
        [(Severity::Error, "error"), (Severity::Warning, "warning")].map(|(severity, word)| {
            match count(severity) {
                0 => String::new(),
                1 => format!("1 {word}"),
                n => format!("{n} {word}s"),
            }
        });
    let counts: Vec<&String> = counts.iter().filter(|count| !count.is_empty()).collect();
    if count(Severity::Error) > 0 && problems.len() > 1 {
        say(&format!(
            "{}: {}",
            source.name,
            counts.iter().map(|count| count.as_str()).collect::<Vec<_>>().join(", ")
        ));
    }
}

/// Returns a problem as JSON. Lines and columns count from 1, columns in characters.
fn to_json(source: &Source, problem: &Problem) -> Value {
    let part = problem.place.as_ref().map(|place| source.part(place));
    let before = part.as_ref().and_then(|(part, place)| part.text.get(..place.start));
    let line = before.map(|text| 1 + text.matches('\n').count());
    let column =
        before.map(|text| 1 + text.rsplit('\n').next().unwrap_or_default().chars().count());
    let source = part.as_ref().map_or(source, |(part, _)| part);
    let file = Some(&source.name).filter(|name| !name.is_empty());
    json!({
        "severity": problem.severity.to_string(), "file": file, "line": line, "column": column, "path": shown_path(problem), "what": problem.what, "help": problem.help,
    })
}

/// Returns the path of a problem, or the option that gave the value; `--set` stands before a path
/// that was set.
fn shown_path(problem: &Problem) -> String {
    match problem.origin {
        // What is wrong with the path itself names it.
        Origin::Set if problem.of_key || problem.path.is_empty() => "--set".to_string(),
        Origin::Set => format!("--set {}", problem.path),
        _ => problem.path.clone(),
    }
}

/// Renders a problem as text.
fn one(renderer: &Renderer, source: &Source, problem: &Problem) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    // A problem without a place in the text is identified by its path.
    let path = shown_path(problem);
    let what = match &problem.place {
        None if !path.is_empty() => {
            format!("{}: {}", path.chars().take(200).collect::<String>(), problem.what)
        }
        _ => problem.what.clone(),
    };
    let mut group = Group::with_title(level.primary_title(what));
    match &problem.place {
        Some(place) => {
            group = group.element(excerpt(source, place, "here"));
            if let Some(used) = problem.used.as_ref().filter(|used| used.start < used.end) {
                group = group.element(excerpt(source, used, "used here"));
            }
        }
        // A value from the command line is in no file.
        None if !source.name.is_empty() && !path.starts_with("--") => {
            group = group.element(annotate_snippets::Origin::path(source.name.as_str()))
        }
        None => {}
    }
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

/// Returns the line that contains a place, annotated.
fn excerpt<'s>(
    source: &'s Source,
    place: &Range<usize>,
    label: &'static str,
) -> Snippet<'s, Annotation<'s>> {
    let (source, place) = source.part(place);
    let end = place.end.min(source.text.len());
    let start = place.start.min(end);
    // A place that spans lines is shown by its first line only: there may be a hundred thousand.
    let before = source.text[..start].rfind('\n').map_or(0, |at| at + 1);
    let after = source.text[start..].find('\n').map_or(source.text.len(), |at| start + at);
    let line = 1 + source.text[..before].bytes().filter(|byte| *byte == b'\n').count();
    let annotation = AnnotationKind::Primary.span(start - before..end.min(after) - before);
    let snippet =
        Snippet::source(&source.text[before..after]).line_start(line).path(source.name.as_str());
    snippet.annotation(annotation.label(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_drawn_with_its_place_and_its_help() {
        // The example in the specification of the format.
        let text = "steps:\n  - call: { to: db.read, timeoutt: 200ms }\n";
        let source = Source { name: "shop.yaml".into(), text: text.into(), ..Source::default() };
        let at = text.find("timeoutt").unwrap();
        let mut problem =
            Problem::new(Severity::Error, "steps[0].call", "unknown field `timeoutt`")
                .help("did you mean `timeout`?");
        problem.place = Some(at..at + 8);
        let drawn = one(&Renderer::plain(), &source, &problem);
        for part in [
            "error: unknown field `timeoutt`",
            "shop.yaml:2:26",
            "^^^^^^^^ here",
            "= help: did you mean `timeout`?",
        ] {
            assert!(drawn.contains(part), "{drawn}");
        }
        let json = to_json(&source, &problem);
        assert_eq!((json["line"].as_u64(), json["column"].as_u64()), (Some(2), Some(26)));
        assert_eq!(
            (json["file"].as_str(), json["help"].as_str()),
            (Some("shop.yaml"), Some("did you mean `timeout`?"))
        );
    }
}

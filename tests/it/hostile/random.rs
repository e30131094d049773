//! Random bytes, random text, and scenarios with mistakes, from fixed seeds: any input is judged,
//! and nothing panics.
//!
//! Coverage-guided fuzzing is in `fuzz/`.

use super::judge::judge;
use asyncflow::scenario::Format;
use asyncflow::scenario::{self, to_json, to_ron};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::cell::Cell;
use std::fmt::Debug;
use std::path::Path;

const FORMATS: [Format; 3] = [Format::Yaml, Format::Ron, Format::Json];

/// Checks a property of many inputs, always the same ones.
fn of_all<T: Debug>(cases: u32, inputs: impl Strategy<Value = T>, claim: impl Fn(T)) {
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 4096, ..Config::default() };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&inputs, |input| {
        claim(input);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// Returns the shipped scenarios, native and 0.1, in every format.
fn shipped() -> Vec<(String, Format)> {
    let mut paths: Vec<_> = std::fs::read_dir("scenarios")
        .expect("the scenarios")
        .map(|entry| entry.expect("a directory entry").path())
        .filter(|path| Format::of(path).is_some())
        .collect();
    paths.sort();
    let mut texts = Vec::new();
    for path in paths {
        let (source, loaded) =
            scenario::read_file(&path, &[]).unwrap_or_else(|problem| panic!("{}", problem.what));
        let scenario = loaded.scenario.expect("a shipped scenario reads");
        texts.push((source.text, Format::of(&path).expect("a known extension")));
        texts.push((to_ron(&scenario).expect("RON"), Format::Ron));
        texts.push((to_json(&scenario), Format::Json));
    }
    texts
}

#[test]
fn random_bytes_are_judged_in_every_format() {
    // A property of all bytes: 3,000 of up to 400.
    of_all(3_000, (prop::collection::vec(any::<u8>(), 0..400), 0..3usize), |(bytes, format)| {
        _ = judge(&bytes, FORMATS[format])
    });
}

#[test]
fn random_text_of_syntax_characters_is_judged() {
    // A property of all texts: 6,000 of syntax characters, and of any character.
    let signs: Vec<char> =
        "[]{}():,-.#!&*?|>%@`'\"\\~ \n\t\r019aefnrx+/é🦀\u{85}\u{2028}".chars().collect();
    let signs =
        prop::collection::vec(prop::sample::select(signs), 0..80).prop_map(String::from_iter);
    let text = prop_oneof![3 => signs, 1 => any::<String>()];
    of_all(6_000, (text, 0..3usize), |(text, format)| _ = judge(text.as_bytes(), FORMATS[format]));
}

/// A mistake: its kind, and two numbers that determine its place and its content.
type Mistake = (u8, u16, u16);

const EXTREMES: [&str; 16] = [
    "0",
    "-1",
    "1e308",
    "1e-308",
    ".nan",
    ".inf",
    "-.inf",
    "18446744073709551615",
    "18446744073709551616",
    "4294967296",
    "0.1",
    "99999999999999999999",
    "-0",
    "1000000",
    "0.000000000000000000001",
    "9007199254740993",
];
const UNITS: [&str; 20] = [
    "ns", "us", "ms", "s", "m", "h", "d", "/s", "/min", "/h", "%", "x", "MiB", "GB", "TiB", "k",
    "M", "G", "$/h", "parsec",
];

/// Returns the text with a mistake in it.
fn mistaken(text: &str, (kind, at, what): Mistake) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return String::new();
    }
    let (line, other) = (at as usize % lines.len(), what as usize % lines.len());
    let with = |lines: Vec<&str>| lines.join("\n") + "\n";
    // The runs of matching characters, such as numbers or words, with their places.
    let runs = |fits: fn(char) -> bool| {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for (at, letter) in text.char_indices().filter(|(_, letter)| fits(*letter)) {
            match runs.last_mut() {
                Some((_, end)) if *end == at => *end = at + letter.len_utf8(),
                _ => runs.push((at, at + letter.len_utf8())),
            }
        }
        runs
    };
    let replaced =
        |runs: Vec<(usize, usize)>, new: &str| match runs.get(at as usize % runs.len().max(1)) {
            Some((start, end)) => format!("{}{new}{}", &text[..*start], &text[*end..]),
            None => text.to_string(),
        };
    match kind % 9 {
        0 => {
            lines.remove(line);
            with(lines)
        }
        1 => {
            lines.insert(other, lines[line]);
            with(lines)
        }
        2 => {
            lines.swap(line, other);
            with(lines)
        }
        3 if what % 3 == 0 => {
            // Sixteen digits, which must read back unchanged.
            let number = f64::from(what) * f64::from(what) * 1e-3 / f64::from(at % 97 + 1);
            replaced(runs(|c| c.is_ascii_digit() || c == '.'), &number.to_string())
        }
        3 => replaced(
            runs(|c| c.is_ascii_digit() || c == '.'),
            EXTREMES[what as usize % EXTREMES.len()],
        ),
        4 => {
            // The letters after a number are its unit.
            let units: Vec<(usize, usize)> =
                runs(|c| c.is_alphabetic() || "/%".contains(c)).into_iter().collect();
            let units = units
                .into_iter()
                .filter(|(start, _)| text[..*start].ends_with(|c: char| c.is_ascii_digit()));
            replaced(units.collect(), UNITS[what as usize % UNITS.len()])
        }
        5 => {
            // One word replaced by another.
            let words = runs(|c| c.is_alphanumeric() || c == '_');
            let new = words
                .get(what as usize % words.len().max(1))
                .map_or("", |(start, end)| &text[*start..*end])
                .to_string();
            replaced(words, &new)
        }
        6 => text.chars().take(at as usize % (text.chars().count() + 1)).collect(),
        7 => {
            let mut letters: Vec<char> = text.chars().collect();
            letters.remove(at as usize % letters.len());
            letters.into_iter().collect()
        }
        _ => {
            let mut letters: Vec<char> = text.chars().collect();
            let signs: Vec<char> = "[]{}():,-.#!&*?|>%'\"\\~ \n\t0x".chars().collect();
            letters.insert(at as usize % (letters.len() + 1), signs[what as usize % signs.len()]);
            letters.into_iter().collect()
        }
    }
}

#[test]
fn scenarios_with_mistakes_are_judged_and_those_that_can_still_run_read_back() {
    // A property of all mistakes: 10,000 scenarios with 1 to 4; some of them, mainly with extreme
    // values, are still valid.
    let shipped = shipped();
    let fine = Cell::new(0);
    of_all(
        10_000,
        (0..shipped.len(), prop::collection::vec(any::<Mistake>(), 1..5)),
        |(which, mistakes)| {
            let (text, format) = &shipped[which];
            let text =
                mistakes.into_iter().fold(text.clone(), |text, mistake| mistaken(&text, mistake));
            fine.set(fine.get() + u32::from(judge(text.as_bytes(), *format)));
        },
    );
    assert!(
        (500..9_000).contains(&fine.get()),
        "{} of 10,000 are fine: the mistakes are too harmless, or too gross",
        fine.get()
    );
}

#[test]
fn the_scenarios_of_the_corpus_are_judged_as_the_command_judges_them() {
    // The command's exit code is 2 for all files except those that are accepted, with or without
    // warnings.
    for entry in std::fs::read_dir("tests/corpus").expect("the corpus") {
        let path = entry.expect("a readable file").path();
        let Some(format) = Format::of(&path) else { continue };
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let is_fine = judge(&std::fs::read(&path).expect("a readable file"), format);
        assert_eq!(
            is_fine,
            name.starts_with("warning-") || name.starts_with("accepted-"),
            "{name}"
        );
    }
    assert!(Path::new("tests/corpus").is_dir());
}

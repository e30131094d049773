//! The corpus: `tests/corpus/NAME.{yaml,yml,ron,json}`, each with `NAME.txt`, the output of
//! `asyncflow check` and its exit code.
//!
//! To accept a changed message, read it as a new user would (what is wrong, where, what to do?),
//! and run `ASYNCFLOW_ACCEPT=1 cargo test --test it hostile::corpus`, which rewrites the files. A
//! message without its file fails the test.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const FOLDER: &str = "tests/corpus";

fn names(extensions: &[&str]) -> BTreeSet<String> {
    let files = fs::read_dir(FOLDER)
        .expect("the corpus")
        .map(|entry| entry.expect("a readable file").path());
    let fits = |path: &Path| {
        path.extension().is_some_and(|extension| extensions.iter().any(|known| extension == *known))
    };
    files
        .filter(|path| fits(path))
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect()
}

#[test]
fn every_broken_file_is_refused_with_its_message() {
    // The messages were reviewed; see the head of this file.
    let accept = std::env::var_os("ASYNCFLOW_ACCEPT").is_some();
    let files = names(&["yaml", "yml", "ron", "json"]);
    assert!(files.len() >= 80, "{}", files.len());
    let mut wrong = Vec::new();
    for file in &files {
        let (stderr, code) = super::check(Path::new(FOLDER), file);
        // Warnings, and files that only look invalid, do not prevent a run.
        let expected =
            if file.starts_with("warning-") || file.starts_with("accepted-") { 0 } else { 2 };
        assert_eq!(code, expected, "{file}:\n{stderr}");
        let path = Path::new(FOLDER).join(file).with_extension("txt");
        let stderr = format!("{stderr}exit code {code}\n");
        match fs::read_to_string(&path) {
            _ if accept => fs::write(&path, &stderr).expect("a writable file"),
            Ok(known) if known == stderr => {}
            Ok(known) => {
                wrong.push(format!("{file} is refused with\n{stderr}\nand not with\n{known}"))
            }
            Err(error) => wrong.push(format!("{}: {error}", path.display())),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_message_of_the_corpus_belongs_to_a_file_and_every_file_has_a_unique_name() {
    // A message without a file is left over; two files with the same stem would share a message.
    let stem = |name: &String| {
        name.rsplit_once('.').map(|(stem, _)| stem.to_string()).expect("an extension")
    };
    let files = names(&["yaml", "yml", "ron", "json"]);
    let stems: BTreeSet<String> = files.iter().map(stem).collect();
    assert_eq!(stems.len(), files.len());
    assert_eq!(names(&["txt"]).iter().map(stem).collect::<BTreeSet<_>>(), stems);
}

#[test]
fn every_error_of_the_corpus_has_a_position() {
    // A problem is shown with `--> FILE:LINE:COLUMN`, unless it concerns the whole file or the
    // native form of a 0.1 file.
    for message in names(&["txt"]) {
        let printed =
            fs::read_to_string(Path::new(FOLDER).join(&message)).expect("a readable file");
        let whole = ["the file is empty", "expected a group of fields"]
            .iter()
            .any(|expected| printed.contains(expected));
        for problem in printed
            .split("\n\n")
            .filter(|part| part.starts_with("error: ") || part.starts_with("warning: "))
        {
            let placed = problem.lines().any(|line| {
                line.trim_start().starts_with("--> ") && line.matches(':').count() >= 2
            });
            assert!(placed || whole, "{message}:\n{problem}");
        }
    }
}

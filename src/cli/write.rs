//! `show`, `convert`, `schema`: scenarios as text.

use super::Outcome;
use super::arguments::{Convert, Notation, Show};
use super::check::{Loaded, load};
use super::out::{note, print, say};
use crate::scenario::Format;
use crate::scenario::{self, Scenario};
use crate::store::{StoreError, temporary};
use serde_json::json;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

pub(crate) fn show(options: &Show) -> Outcome {
    let Some(Loaded { scenario, .. }) =
        load(&options.scenario, &options.overrides.set, true, |_| Vec::new())
    else {
        return Outcome::Refused;
    };
    match text(&scenario, options.format) {
        Ok(text) => print(&text),
        Err(cause) => refuse(&cause),
    }
}

fn text(scenario: &Scenario, notation: Notation) -> Result<String, String> {
    match notation {
        Notation::Yaml => Ok(scenario::to_yaml(scenario)),
        Notation::Ron => scenario::to_ron(scenario).map_err(|error| error.to_string()),
        Notation::Json => Ok(scenario::to_json(scenario)),
    }
}

pub(crate) fn convert(options: &Convert) -> Outcome {
    let notation = match Format::of(&options.to) {
        Some(Format::Yaml) => Notation::Yaml,
        Some(Format::Ron) => Notation::Ron,
        Some(Format::Json) => Notation::Json,
        None => {
            return refuse(&format!(
                "`{}` has no known format: its name must end in .yaml, .ron or .json",
                options.to.display()
            ));
        }
    };
    let Some(Loaded { scenario, source, .. }) = load(&options.from, &[], false, |_| Vec::new())
    else {
        return Outcome::Refused;
    };
    if options.to.exists() && !options.force {
        return refuse(&format!(
            "`{}` already exists; use `--force` to overwrite it",
            options.to.display()
        ));
    }
    let written = text(&scenario, notation).and_then(|text| {
        replace(&options.to, &text)
            .map_err(|e| format!("cannot write `{}`: {e}", options.to.display()))
    });
    match written {
        Ok(()) => {
            say(&format!("wrote {}", options.to.display()));
            if has_comments(&source.text) {
                say("note: comments are not preserved");
            }
            Outcome::Done
        }
        Err(cause) => refuse(&cause),
    }
}

/// Whether a text contains YAML or RON comments.
fn has_comments(text: &str) -> bool {
    let begins =
        |line: &str| ["#", "//", "/*"].iter().any(|mark| line.trim_start().starts_with(mark));
    text.lines().any(|line| begins(line) || line.contains(" # "))
}

/// Writes a temporary file beside `path` and renames it, so that a failure, such as a full disk,
/// never leaves a partial file.
pub(crate) fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    replace_all(&[(path.to_path_buf(), text)]).map_err(|(_, error)| error)
}

/// Like [`replace`], for several files: none gets its name before all are written.
///
/// # Errors
/// The path that could not be written, and why.
pub(crate) fn replace_all(files: &[(PathBuf, &str)]) -> Result<(), (PathBuf, std::io::Error)> {
    let write = |(path, text): &(PathBuf, &str)| {
        let mut file = File::create(temporary(path))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    let rename = |(path, _): &(PathBuf, &str)| fs::rename(temporary(path), path);
    let mut steps = files
        .iter()
        .map(|file| (file, write(file)))
        .chain(files.iter().map(|file| (file, rename(file))));
    match steps.find_map(|((path, _), done)| done.err().map(|error| (path.clone(), error))) {
        None => Ok(()),
        Some(failed) => {
            for (path, _) in files {
                let _ = fs::remove_file(temporary(path));
            }
            Err(failed)
        }
    }
}

pub(crate) fn schema() -> Outcome {
    print(&scenario::schema())
}

/// Prints an error that has no place in a scenario: the cause and, after `\n  = help: `, the
/// remedy.
pub(crate) fn refuse(cause: &str) -> Outcome {
    say(&format!("error: {cause}"));
    record_error(cause)
}

/// Prints an error of the result files.
pub(crate) fn refuse_store(error: &StoreError) -> Outcome {
    let options = match error {
        StoreError::Occupied { .. } | StoreError::Foreign { .. } => " (`--out`, `--force`)",
        StoreError::Busy { .. } | StoreError::Protected { .. } | StoreError::Io { .. } => {
            " (`--out`)"
        }
        StoreError::Unfinished { .. } => " (`--resume`, `--force`, `--out`)",
        StoreError::Experiment(_) => "",
    };
    refuse(&format!("{error}\n  = help: {}{options}", error.help()))
}

/// Reports that a command was interrupted before it had a result.
pub(crate) fn stopped(message: &str) -> Outcome {
    say(message);
    record_error(message)
}

fn record_error(cause: &str) -> Outcome {
    let (what, help) =
        cause.split_once("\n  = help: ").map_or((cause, None), |(what, help)| (what, Some(help)));
    note(json!({ "severity": "error", "what": what, "help": help }));
    Outcome::Refused
}

//! `show`, `convert`, `schema`: scenarios as text.

use super::Outcome;
use super::arguments::{Convert, Notation, Show};
use super::check::{Loaded, load};
use super::out::{note, print, say};
use crate::scenario::text::Format;
use crate::scenario::{self, Scenario};
use crate::store::{StoreError, temporary};
use serde_json::json;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

pub fn show(options: &Show) -> Outcome {
    let Some(Loaded { scenario, .. }) = load(&options.scenario, &options.set, true, |_| Vec::new())
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

pub fn convert(options: &Convert) -> Outcome {
    let notation = match Format::of(&options.to) {
        Some(Format::Yaml) => Notation::Yaml,
        Some(Format::Ron) => Notation::Ron,
        Some(Format::Json) => Notation::Json,
        None => {
            return refuse(&format!(
                "`{}` does not say a notation: end it in .yaml, .ron or .json",
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
            "`{}` is there already; `--force` overwrites it",
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
                say("note: comments are not carried over: a scenario is read and written anew");
            }
            Outcome::Done
        }
        Err(cause) => refuse(&cause),
    }
}

/// Whether a text has a line that is a comment, of YAML or of RON.
fn has_comments(text: &str) -> bool {
    let begins =
        |line: &str| ["#", "//", "/*"].iter().any(|mark| line.trim_start().starts_with(mark));
    text.lines().any(|line| begins(line) || line.contains(" # "))
}

/// Writes a file under a temporary name beside it, and renames it: on a full disk there is the old
/// file or none, never a half.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let part = temporary(path);
    let write = || {
        let mut file = File::create(&part)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, path)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })
}

pub fn schema() -> Outcome {
    print(&scenario::schema())
}

/// Says an error that has no place in a scenario: what is wrong, and after `\n  = help: ` what to
/// do.
pub fn refuse(cause: &str) -> Outcome {
    say(&format!("error: {cause}"));
    noted_as_error(cause)
}

/// Says an error of the files.
pub fn refuse_store(error: &StoreError) -> Outcome {
    refuse(&format!("{error}\n  = help: {}", error.help()))
}

/// Says that a command was stopped before it had anything to give.
pub fn stopped(words: &str) -> Outcome {
    say(words);
    noted_as_error(words)
}

fn noted_as_error(cause: &str) -> Outcome {
    let (what, help) =
        cause.split_once("\n  = help: ").map_or((cause, None), |(what, help)| (what, Some(help)));
    note(json!({ "severity": "error", "what": what, "help": help }));
    Outcome::Refused
}

//! `show`, `convert`, `schema`: scenarios as text.

use super::Outcome;
use super::arguments::{Convert, Notation, Show};
use super::check::{Loaded, load};
use super::out::{print, say};
use crate::scenario::text::Format;
use crate::scenario::{self, Scenario};
use crate::store::temporary;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

pub fn show(options: &Show) -> Outcome {
    let Some(Loaded { scenario, .. }) = load(&options.scenario, &options.set, true, |_| Vec::new()) else { return Outcome::Refused };
    match text(&scenario, options.format) {
        Ok(text) => print(&text),
        Err(cause) => refuse(&cause),
    }
}

fn text(scenario: &Scenario, notation: Notation) -> Result<String, String> {
    match notation {
        Notation::Yaml => scenario::to_yaml(scenario),
        Notation::Ron => scenario::to_ron(scenario),
        Notation::Json => scenario::to_json(scenario),
    }
}

pub fn convert(options: &Convert) -> Outcome {
    let notation = match Format::of(&options.to) {
        Some(Format::Yaml) => Notation::Yaml,
        Some(Format::Ron) => Notation::Ron,
        Some(Format::Json) => Notation::Json,
        None => return refuse(&format!("`{}` does not say a notation: end it in .yaml, .ron or .json", options.to.display())),
    };
    let Some(Loaded { scenario, .. }) = load(&options.from, &[], false, |_| Vec::new()) else { return Outcome::Refused };
    if options.to.exists() && !options.force {
        return refuse(&format!("`{}` is there already; `--force` overwrites it", options.to.display()));
    }
    let written = text(&scenario, notation)
        .and_then(|text| replace(&options.to, &text).map_err(|e| format!("cannot write `{}`: {e}", options.to.display())));
    match written {
        Ok(()) => {
            say(&format!("wrote {}", options.to.display()));
            Outcome::Done
        }
        Err(cause) => refuse(&cause),
    }
}

/// Writes a file under a temporary name beside it, and renames it: on a full disk there is the old file or none, never a half.
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

/// Says an error that has no place in a scenario.
pub fn refuse(cause: &str) -> Outcome {
    say(&format!("error: {cause}"));
    Outcome::Refused
}

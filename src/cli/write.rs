//! `show`, `convert`, `schema`: scenarios as text.

use super::Outcome;
use super::arguments::{Convert, Notation, Show};
use super::check::load;
use super::out::{print, say};
use crate::scenario::text::Format;
use crate::scenario::{self, Scenario};
use std::fs::OpenOptions;
use std::io::Write;

pub fn show(options: &Show) -> Outcome {
    let Some((_, scenario)) = load(&options.scenario, &options.set, true, |_| Vec::new()) else { return Outcome::Refused };
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
    let Some((_, scenario)) = load(&options.from, &[], false, |_| Vec::new()) else { return Outcome::Refused };
    let written = text(&scenario, notation).and_then(|text| {
        let mut file = OpenOptions::new();
        file.write(true).truncate(true).create(options.force).create_new(!options.force);
        let mut file = file.open(&options.to).map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => format!("`{}` is there already; `--force` overwrites it", options.to.display()),
            _ => format!("cannot write `{}`: {e}", options.to.display()),
        })?;
        file.write_all(text.as_bytes()).map_err(|e| format!("cannot write `{}`: {e}", options.to.display()))
    });
    match written {
        Ok(()) => {
            say(&format!("wrote {}", options.to.display()));
            Outcome::Done
        }
        Err(cause) => refuse(&cause),
    }
}

pub fn schema() -> Outcome {
    print(&scenario::schema())
}

/// Says an error that has no place in a scenario.
pub fn refuse(cause: &str) -> Outcome {
    say(&format!("error: {cause}"));
    Outcome::Refused
}

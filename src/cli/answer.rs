//! Saying an answer, and writing it if that is asked for: what comparisons, searches and analyses end with.

use super::Outcome;
use super::draw::paint;
use super::out::{print, say};
use super::run::refuse_store;
use crate::report::Paint;
use crate::store::{Folder, StoreError};
use serde_json::Value;
use std::io::IsTerminal;
use std::path::Path;

/// How an answer is wanted.
pub struct Wanted {
    json: bool,
    quiet: bool,
    /// Folder of the files.
    folder: Option<Folder>,
}

impl Wanted {
    /// Takes the folder, before anything is simulated.
    ///
    /// # Errors
    /// If the folder holds another scenario's results, or cannot be written.
    pub fn new(json: bool, quiet: bool, out: Option<&Path>, scenario: &str, force: bool) -> Result<Wanted, StoreError> {
        Ok(Wanted { json, quiet, folder: out.map(|path| Folder::open(path, scenario, force)).transpose()? })
    }
}

/// Says an answer as JSON, as text or not at all, then writes its files.
pub fn answer(
    wanted: Wanted,
    json: impl FnOnce() -> Value,
    text: impl FnOnce(Paint) -> String,
    write: impl FnOnce(Folder) -> Result<usize, StoreError>,
) -> Outcome {
    let printed = if wanted.json {
        print(&format!("{:#}\n", json()))
    } else if !wanted.quiet {
        print(&text(paint(std::io::stdout().is_terminal())))
    } else {
        Outcome::Done
    };
    if let Some(folder) = wanted.folder {
        let path = folder.path().display().to_string();
        match write(folder) {
            Ok(files) if !wanted.json && !wanted.quiet => say(&format!("wrote {files} files to {path}")),
            Ok(_) => {}
            Err(error) => return refuse_store(&error),
        }
    }
    printed
}

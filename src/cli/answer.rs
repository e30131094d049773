//! Saying an answer, and writing it if that is asked for: what comparisons, searches and analyses end with.

use super::Outcome;
use super::draw::paint;
use super::out::{print, say};
use super::run::refuse_store;
use crate::report::Paint;
use crate::store::StoreError;
use serde_json::Value;
use std::io::IsTerminal;
use std::path::Path;

/// How an answer is wanted.
pub struct Wanted<'w> {
    pub json: bool,
    pub quiet: bool,
    /// Folder of the files.
    pub out: Option<&'w Path>,
}

/// Says an answer as JSON, as text or not at all, then writes its files.
pub fn answer(
    wanted: &Wanted,
    json: impl FnOnce() -> Value,
    text: impl FnOnce(Paint) -> String,
    write: impl FnOnce(&Path) -> Result<usize, StoreError>,
) -> Outcome {
    let printed = if wanted.json {
        print(&format!("{:#}\n", json()))
    } else if !wanted.quiet {
        print(&text(paint(std::io::stdout().is_terminal())))
    } else {
        Outcome::Done
    };
    if let Some(folder) = wanted.out {
        match write(folder) {
            Ok(files) if !wanted.json && !wanted.quiet => say(&format!("wrote {files} files to {}", folder.display())),
            Ok(_) => {}
            Err(error) => return refuse_store(&error),
        }
    }
    printed
}

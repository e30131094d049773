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

/// How an answer is wanted, and where.
pub struct Answer {
    json: bool,
    quiet: bool,
    /// Folder of the files.
    folder: Option<Folder>,
}

impl Answer {
    /// Takes the folder, before anything is simulated; none if it holds another scenario's results or cannot be written, which is then said.
    pub fn begin(json: bool, quiet: bool, out: Option<&Path>, scenario: &str, force: bool) -> Option<Answer> {
        match out.map(|path| Folder::open(path, scenario, force)).transpose() {
            Ok(folder) => Some(Answer { json, quiet, folder }),
            Err(error) => {
                refuse_store(&error);
                None
            }
        }
    }

    /// Says it as JSON, as text or not at all, then writes its files.
    pub fn end(
        self,
        json: impl FnOnce() -> Value,
        text: impl FnOnce(Paint) -> String,
        write: impl FnOnce(Folder) -> Result<usize, StoreError>,
    ) -> Outcome {
        let printed = if self.json {
            print(&format!("{:#}\n", json()))
        } else if !self.quiet {
            print(&text(paint(std::io::stdout().is_terminal())))
        } else {
            Outcome::Done
        };
        if let Some(folder) = self.folder {
            let path = folder.path().display().to_string();
            match write(folder) {
                Ok(files) if !self.json && !self.quiet => say(&format!("wrote {files} files to {path}")),
                Ok(_) => {}
                Err(error) => return refuse_store(&error),
            }
        }
        printed
    }
}

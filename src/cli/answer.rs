//! The output of comparisons, searches and analyses: a summary or JSON, and result files on
//! request.

use super::Outcome;
use super::arguments::OutputOptions;
use super::draw::paint;
use super::out::{noted, print, say};
use super::write::refuse_store;
use crate::report::ColorChoice;
use crate::store::{Folder, StoreError, Study};
use serde_json::Value;
use std::io::IsTerminal;
use std::path::Path;

/// How an answer is printed, and where it is written.
pub(crate) struct Answer {
    json: bool,
    quiet: bool,
    /// The output folder; `None` if no files are requested.
    folder: Option<Folder>,
}

impl Answer {
    /// Locks the folder before anything is simulated. Reports an error and returns `None` if the
    /// folder contains the result of another study or cannot be written.
    pub(crate) fn begin(
        out: Option<&Path>,
        study: Study,
        output: &OutputOptions,
    ) -> Option<Answer> {
        match out.map(|path| Folder::open(path, study, output.force)).transpose() {
            Ok(folder) => Some(Answer { json: output.json, quiet: output.quiet, folder }),
            Err(error) => {
                refuse_store(&error);
                None
            }
        }
    }

    /// Writes the files, and prints the answer as JSON, as text or not at all; it is printed even
    /// if the files cannot be written.
    pub(crate) fn end(
        self,
        json: impl FnOnce() -> Value,
        text: impl FnOnce(ColorChoice) -> String,
        write: impl FnOnce(Folder) -> Result<usize, StoreError>,
    ) -> Outcome {
        let path = self
            .folder
            .as_ref()
            .map_or(String::new(), |folder| folder.path().display().to_string());
        let written = self.folder.map(write).transpose();
        if self.json {
            let mut document = json();
            if let Err(error) = &written {
                refuse_store(error);
                document["problems"] = noted().into();
            }
            let printed = print(&format!("{document:#}\n"));
            return if written.is_err() { Outcome::Refused } else { printed };
        }
        let printed = if self.quiet {
            Outcome::Done
        } else {
            print(&text(paint(std::io::stdout().is_terminal())))
        };
        match written {
            Ok(Some(files)) if !self.quiet => say(&format!("wrote {files} files to {path}")),
            Ok(_) => {}
            Err(error) => return refuse_store(&error),
        }
        printed
    }
}

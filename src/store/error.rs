//! Why a result could not be written, and what to do about it.

use crate::experiment::{ExperimentError, RunError};
use std::path::Path;

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder holds the result of another study.
    #[error("`{folder}` holds {other}")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Occupied { folder: String, other: String },
    /// Another run holds the lock of the folder.
    #[error("another run is writing into `{folder}`")]
    #[allow(missing_docs, reason = "the message says what it is")]
    Busy { folder: String },
    /// The folder holds an interrupted sweep, which can be resumed.
    #[error("an unfinished sweep is in `{folder}`: {done} are done")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Unfinished { folder: String, done: String },
    /// A file that AsyncFlow did not write is in the way. It can be overwritten on request.
    #[error("`{file}` does not belong to a result of AsyncFlow: no manifest names it")]
    #[allow(missing_docs, reason = "the message says what it is")]
    Foreign { file: String },
    /// Something that is never overwritten is in the way.
    #[error("{what}")]
    #[allow(missing_docs, reason = "the message says what it is")]
    Protected { what: String, help: &'static str },
    /// The experiment whose results were to be written failed.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The operating system reported an error.
    #[error("{doing} `{path}`: {cause}")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Io { doing: &'static str, path: String, cause: String },
}

impl StoreError {
    pub(super) fn io(
        doing: &'static str,
        path: &Path,
        cause: impl std::fmt::Display,
    ) -> StoreError {
        let cause = cause.to_string();
        // The prefix that the Parquet library adds to errors of the system.
        let cause = cause.strip_prefix("External: ").map(str::to_string).unwrap_or(cause);
        StoreError::Io { doing, path: path.display().to_string(), cause }
    }
    /// Returns the error for a link where a file or a folder of a result belongs.
    pub(super) fn link(path: &Path) -> StoreError {
        let what = format!("`{}` is a link, and links are not followed", path.display());
        StoreError::Protected { what, help: "remove the link, or choose another folder" }
    }
    /// Returns the error of the store that ended a run, or the run's own error.
    pub(crate) fn from_run(error: RunError) -> Result<StoreError, RunError> {
        match error {
            RunError::Sink(error) => error.downcast().map(|error| *error).map_err(RunError::Sink),
            error => Err(error),
        }
    }
    /// Returns a suggestion how to resolve the error.
    pub fn help(&self) -> &str {
        match self {
            StoreError::Occupied { .. } | StoreError::Foreign { .. } => {
                "choose another folder, or overwrite this one"
            }
            StoreError::Busy { .. } => "wait for it to finish, or choose another folder",
            StoreError::Unfinished { .. } => "resume it, overwrite it, or choose another folder",
            StoreError::Protected { help, .. } => help,
            StoreError::Experiment(ExperimentError::Interrupted) => "run it again",
            StoreError::Experiment(_) => "correct the scenario, or raise the limit that it reached",
            StoreError::Io { .. } => {
                "choose a writable folder; free some space if the disk is full"
            }
        }
    }
}

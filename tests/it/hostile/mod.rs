//! Hostile input: files that are broken by accident or on purpose.
//!
//! `corpus` has broken files, each with its message; `mistakes` files with one mistake, each with
//! one error; `generated` files that are too large or too strange to check in; `people` realistic
//! input and its meaning; `limits` scenarios that would exceed the machine; `random` thousands of
//! random bytes and mutated scenarios. Findings of `fuzz/` are added here.

mod corpus;
mod generated;
pub mod judge;
mod limits;
mod mistakes;
mod people;
mod random;

use assert_cmd::Command;
use std::path::Path;

/// Runs `asyncflow check FILE` in a folder, and returns its standard error and exit code. The limit
/// of a minute is for slow machines; nothing here takes a second.
fn check(folder: &Path, file: &str) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asyncflow"));
    let output = command
        .env("NO_COLOR", "1")
        .current_dir(folder)
        .args(["check", file])
        .timeout(std::time::Duration::from_secs(60));
    let output = output.output().unwrap_or_else(|error| panic!("{file}: {error}"));
    let stderr = String::from_utf8(output.stderr).expect("messages are text");
    (stderr, output.status.code().unwrap_or_else(|| panic!("{file}: it was killed")))
}

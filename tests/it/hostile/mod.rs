//! Hostile input: what nobody would write on purpose, and what somebody would write to do harm.
//!
//! `corpus` has broken files, each with the words it is refused with; `generated` those that are
//! too large or too strange to check in; `people` has what they do write, and what each means;
//! `limits` scenarios that would outgrow the machine; `random` bytes and mutated scenarios by the
//! thousand. What `fuzz/` finds comes here.

mod corpus;
mod generated;
pub mod judge;
mod limits;
mod people;
mod random;

use assert_cmd::Command;
use std::path::Path;

/// What `asyncflow check FILE` says on stderr, and its exit code, run in a folder. A minute is for
/// a slow machine; nothing here needs a second.
fn check(folder: &Path, file: &str) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asyncflow"));
    let output = command
        .env("NO_COLOR", "1")
        .current_dir(folder)
        .args(["check", file])
        .timeout(std::time::Duration::from_secs(60));
    let output = output.output().unwrap_or_else(|error| panic!("{file}: {error}"));
    let said = String::from_utf8(output.stderr).expect("messages are text");
    (said, output.status.code().unwrap_or_else(|| panic!("{file}: it was killed")))
}

//! Parsers of option values that clap does not have.

use crate::experiment::FIRST_STAGE;
use crate::units::Count;
use crate::units::format::thousands;
use clap::builder::{PathBufValueParser, TypedValueParser};
use std::num::NonZero;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// Parses a seed.
pub(super) fn seed(typed: &str) -> Result<u64, String> {
    typed.parse().map_err(|_| {
        format!("{}must be a whole number from 0 to 2^64 − 1", too_large(typed, u64::MAX as f64))
    })
}

/// The most threads; more only use up what the system has of them.
const THREADS_MAX: usize = 4096;

/// Parses a number of threads.
pub(super) fn threads(typed: &str) -> Result<NonZero<usize>, String> {
    let threads =
        typed.parse().ok().filter(|threads: &NonZero<usize>| threads.get() <= THREADS_MAX);
    threads.ok_or_else(|| {
        let (most, cause) = (thousands(THREADS_MAX as u64), too_large(typed, THREADS_MAX as f64));
        format!(
            "{cause}must be at least 1 and at most {most}; omit the option for one thread per core"
        )
    })
}

/// Parses a number of replications.
pub(super) fn replications(typed: &str) -> Result<u32, String> {
    number(typed, 1..=1_000_000)
}

/// Parses the replication limit of a selection or a search, which is at least its first stage.
pub(super) fn most(typed: &str) -> Result<u32, String> {
    number(typed, FIRST_STAGE..=1_000_000)
}

/// Parses a count of at least 1.
pub(super) fn several(typed: &str) -> Result<u32, String> {
    number(typed, 1..=u32::MAX)
}

/// Parses a count as scenario files write it, such as `2k`.
fn number(typed: &str, range: RangeInclusive<u32>) -> Result<u32, String> {
    let outside = || {
        let [from, to] = [range.start(), range.end()].map(|end| thousands(u64::from(*end)));
        let cause = too_large(typed, f64::from(*range.end()));
        format!("{cause}must be a whole number from {from} to {to}")
    };
    match typed.parse::<Count>() {
        Ok(count) => {
            u32::try_from(count.0).ok().filter(|count| range.contains(count)).ok_or_else(outside)
        }
        // A number that no count can be: negative, huge, or with a fraction.
        Err(_) if typed.parse::<f64>().is_ok() => Err(outside()),
        Err(refusal) => Err(refusal.in_one_line()),
    }
}

/// Returns the beginning of a message if the number typed is too large.
fn too_large(typed: &str, largest: f64) -> &'static str {
    if typed.parse::<f64>().is_ok_and(|number| number > largest) { "too large: " } else { "" }
}

/// Passes on a text that may begin with a minus sign, such as a negative quantity, which the
/// command itself refuses. An option in its place means that the value is missing.
pub(super) fn signed(typed: &str) -> Result<String, String> {
    match typed.strip_prefix('-') {
        Some(rest) if !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            Err(format!("a value is required here, and `{typed}` looks like an option"))
        }
        _ => Ok(typed.to_string()),
    }
}

/// Parses the folder of the files of a command that has `--json`.
pub(super) fn folder() -> impl TypedValueParser<Value = PathBuf> {
    not_stdout("`--json` prints the results to standard output instead")
}

/// Parses the folder of the files of a command without `--json`.
pub(super) fn only_folder() -> impl TypedValueParser<Value = PathBuf> {
    not_stdout("write the path of a folder, such as `out/all`")
}

/// Parses a path other than `-`, which commands take for standard output.
fn not_stdout(help: &'static str) -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(move |path: PathBuf| match path == Path::new("-") {
        true => Err(format!("the files need a folder; {help}")),
        false => Ok(path),
    })
}

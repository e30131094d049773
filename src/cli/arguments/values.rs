//! Parsers of option values that clap does not have.

use crate::experiment::FIRST_STAGE;
use crate::units::Count;
use crate::units::format::thousands;
use std::num::NonZero;
use std::ops::RangeInclusive;

/// Parses a seed.
pub(super) fn seed(typed: &str) -> Result<u64, String> {
    typed.parse().map_err(|_| "must be a whole number from 0 to 2^64 − 1".to_string())
}

/// The most threads; more only use up what the system has of them.
const THREADS_MAX: usize = 4096;

/// Parses a number of threads.
pub(super) fn threads(typed: &str) -> Result<NonZero<usize>, String> {
    let threads =
        typed.parse().ok().filter(|threads: &NonZero<usize>| threads.get() <= THREADS_MAX);
    threads.ok_or_else(|| {
        let most = thousands(THREADS_MAX as u64);
        format!("must be at least 1 and at most {most}; omit the option for one thread per core")
    })
}

/// Parses a number of replications.
pub(super) fn replications(typed: &str) -> Result<u32, String> {
    number(typed, 1..=1_000_000)
}

/// Parses the replication limit of a selection, which is at least its first stage.
pub(super) fn most(typed: &str) -> Result<u32, String> {
    number(typed, FIRST_STAGE..=1_000_000)
}

/// Parses a count of at least 1.
pub(super) fn several(typed: &str) -> Result<u32, String> {
    number(typed, 1..=u32::MAX)
}

/// Parses a count as scenario files write it, such as `2k`.
fn number(typed: &str, range: RangeInclusive<u32>) -> Result<u32, String> {
    let count = typed.parse::<Count>().map_err(|refusal| refusal.in_one_line())?;
    let is_in_range = |count: &u32| range.contains(count);
    u32::try_from(count.0).ok().filter(is_in_range).ok_or_else(|| {
        let [from, to] = [range.start(), range.end()].map(|end| thousands(u64::from(*end)));
        format!("must be a whole number from {from} to {to}")
    })
}

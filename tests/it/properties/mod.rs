//! The laws of ARCHITECTURE.md, each checked for many random scenarios from outside: in the files
//! of the runs, request by request.
//!
//! The runs use the debug build, so the engine's own audits (`src/sim/audit.rs`,
//! `src/sim/endings.rs`) are enabled as well. Seeds are fixed: a test that has passed passes again.
//! `PROPTEST_CASES=2000 cargo test --test it properties` tries more than the few default cases. A
//! failure prints the smallest scenario that shows it, which can be saved as a file and run.

mod coincidence;
mod generate;
mod observe;
mod order;
mod quantities;
mod sameness;

use generate::{Case, cases};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

/// Asserts a law for `usually` scenarios, or `PROPTEST_CASES` if it is set.
fn holds(usually: u32, seed: u64, law: impl Fn(Case) -> Result<(), String>) {
    holds_of(usually, seed, cases(), law);
}

/// Like [`holds`], for scenarios from a given strategy.
#[allow(
    clippy::disallowed_methods,
    reason = "only the number of scenarios tried depends on the environment, no result"
)]
fn holds_of(
    usually: u32,
    seed: u64,
    cases: impl Strategy<Value = Case>,
    law: impl Fn(Case) -> Result<(), String>,
) {
    let wanted =
        std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(usually);
    let config = Config {
        cases: wanted,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 400,
        ..Config::default()
    };
    if let Err(failure) =
        TestRunner::new(config).run(&cases, |case| law(case).map_err(TestCaseError::fail))
    {
        panic!("{failure}");
    }
}

/// Returns an error with this message unless the condition holds.
macro_rules! claim {
    ($holds:expr, $($message:tt)+) => {
        let holds: bool = $holds;
        if !holds {
            return Err(format!($($message)+));
        }
    };
}
use claim;

//! The laws of ARCHITECTURE.md, each claimed of many scenarios by chance and judged from outside:
//! by the files of runs, request by request.
//!
//! The runs are of the debug build, so the engine's own audits (`src/sim/audit.rs`,
//! `src/sim/finish.rs`) are on as well. Seeds are fixed: a test that has passed passes again.
//! `PROPTEST_CASES=2000 cargo test --test it properties` looks further than the few cases of every
//! day. A failure prints the smallest scenario that shows it; saved as a file, it runs.

mod coincidence;
mod generate;
mod observe;
mod order;
mod quantities;
mod sameness;

use generate::{Case, cases};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

/// Claims a law of so many scenarios.
fn holds(usually: u32, seed: u64, law: impl Fn(Case) -> Result<(), String>) {
    holds_of(usually, seed, cases(), law);
}

/// The same of some of them.
#[allow(
    clippy::disallowed_methods,
    reason = "how many scenarios are tried depends on the environment, and no result"
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

/// An error with these words unless it is true.
macro_rules! claim {
    ($holds:expr, $($words:tt)+) => {
        let holds: bool = $holds;
        if !holds {
            return Err(format!($($words)+));
        }
    };
}
use claim;

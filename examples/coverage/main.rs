//! How often do the intervals contain the true value? Prints the tables of `docs/statistics.md`, as
//! Markdown.
//!
//! `cargo run --release --example coverage` takes about half an hour on two cores. A number as an
//! argument is the share of the experiments to run:
//! `cargo run --release --example coverage -- 0.1`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program prints its results and timings"
)]

mod capacities;
mod comparisons;
#[path = "../../tests/it/coverage/count.rs"]
mod count;
mod steady;
#[path = "../../tests/it/coverage/systems.rs"]
mod systems;

use capacities::capacities;
use comparisons::{differences, no_difference};
use count::Count;
use std::ops::Range;
use std::time::Instant;
use steady::{lengths, looks, rare_errors, replications, steady_states};

/// The range of the coverage of a 95 % interval without a mark.
const BAR: [f64; 2] = [0.93, 0.97];

/// The number of experiments of a row, except for capacity; twice as many where `BAR` matters,
/// because with 1,000 a coverage of 94 % is below 93 % by chance once in eleven.
const EXPERIMENTS: u32 = 1000;

/// Hands out distinct seeds to every table of experiments: equal ones would make equal draws.
struct Seeds {
    next: u64,
    /// The share of the experiments to run.
    part: f64,
}

impl Seeds {
    fn take(&mut self, experiments: u32) -> Range<u64> {
        let count = (f64::from(experiments) * self.part).ceil() as u64;
        self.next += 1_000_000;
        self.next..self.next + count
    }
}

fn main() {
    let part =
        std::env::args().nth(1).map_or(1.0, |part| part.parse().expect("a share, such as 0.1"));
    let mut seeds = Seeds { next: 0, part };
    let started = Instant::now();
    for table in [
        steady_states,
        lengths,
        replications,
        looks,
        rare_errors,
        differences,
        no_difference,
        capacities,
    ] {
        table(&mut seeds);
        eprintln!("{:.0} s", started.elapsed().as_secs_f64());
    }
}

/// Formats coverage with its standard error, and a mark if it is outside `BAR`: `!` if by no more
/// than two standard errors, which may be chance.
fn coverage(count: &Count) -> String {
    let beyond = (BAR[0] - count.share()).max(count.share() - BAR[1]);
    let mark = match beyond {
        beyond if beyond > 2.0 * count.std_error() => " **!!**",
        beyond if beyond > 0.0 => " !",
        _ => "",
    };
    format!("{:.1} ± {:.1} %{mark}", count.share() * 100.0, count.std_error() * 100.0)
}

/// Formats coverage, the share of the other intervals on each side, and the mean half-width.
fn cells(count: &Count) -> String {
    let share = |n: u32| f64::from(n) / f64::from(count.experiments) * 100.0;
    format!(
        "{} | {:.1} / {:.1} % | ± {:.1} %",
        coverage(count),
        share(count.below),
        share(count.above),
        count.half_width() * 100.0
    )
}

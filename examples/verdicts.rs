//! How often is a verdict wrong? Prints the table of `docs/statistics.md`, § Verdicts, as Markdown.
//!
//! `cargo run --release --example verdicts` takes a few minutes on two cores. A number as an
//! argument is the number of seeds per case, instead of 10.
#![allow(clippy::print_stdout, reason = "a program prints its results")]

#[path = "../tests/it/verdict/grid/mod.rs"]
mod grid;

use grid::Tally;
use statrs::function::beta::beta_reg;

fn main() {
    let seeds =
        std::env::args().nth(1).map_or(10, |seeds| seeds.parse().expect("a number of seeds"));
    let cases = grid::cases();
    let counted = grid::count(&cases, &(1..=seeds).collect::<Vec<u64>>(), &[1, 2, 5, 20]);
    println!(
        "| systems | runs | false alarms | false calm | inconclusive |\n|---|---|---|---|---|"
    );
    let mut all = Tally::default();
    for (group, said) in &counted.groups {
        println!(
            "| {group} | {} | {} | {} | {} |",
            said.runs,
            said.false_alarms,
            said.false_calm,
            percent(said.cannot_tell, said.runs)
        );
        all = all.with(*said);
    }
    println!(
        "| all | {} | {} | {} | {} |",
        all.runs,
        all.false_alarms,
        all.false_calm,
        percent(all.cannot_tell, all.runs)
    );
    let upper = |count: u64| 100.0 * upper(count as f64, all.runs as f64);
    println!(
        "\nUpper 95 % bounds: false alarms {:.2} %, false calm {:.2} %.",
        upper(all.false_alarms),
        upper(all.false_calm)
    );
    counted.wrong.iter().for_each(|wrong| println!("- {wrong}"));
    println!("Clear cases without a verdict: {} of {}.", all.clear_not_told, all.clear);
}

fn percent(count: u64, total: u64) -> String {
    format!("{:.1} %", count as f64 / total as f64 * 100.0)
}

/// Returns the upper 95 % confidence bound of a share, from `some` of `all` (Clopper, Pearson
/// 1934), by bisection.
fn upper(some: f64, all: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if beta_reg(some + 1.0, all - some, middle) < 0.95 { low = middle } else { high = middle }
    }
    high
}

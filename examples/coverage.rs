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

#[path = "../tests/it/coverage/count.rs"]
mod count;
#[path = "../tests/it/coverage/systems.rs"]
mod systems;

use asyncflow::Experiment;
use asyncflow::experiment::{CapacityResult, Comparison, Judgement, MetricComparison};
use count::{Count, Counted, count};
use rayon::prelude::*;
use std::ops::Range;
use std::time::Instant;
use systems::{
    Known, System, erlang_c, lossy_link, mm1, mm1_of_eight, mm4, quantile, tandem, until,
};

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

fn steady_states(seeds: &mut Seeds) {
    println!("\n## Steady states\n");
    println!(
        "| system | number | rule | experiments | coverage | interval below / above | mean half-width |\n|---|---|---|---|---|---|---|"
    );
    let busy = System { goal: ("users.latency.mean", "3.5%"), ..mm1(80.0, 160.0) };
    for system in [mm1(50.0, 40.0), busy, mm4(), tandem(), mm1_of_eight(), lossy_link(0.01, 40.0)] {
        let fixed = count(&system.scenario("20"), &system.known, seeds.take(2 * EXPERIMENTS));
        steady_rows(&system, &system.known, "20 replications", &fixed);
        let sequential =
            count(&system.scenario(&system.until(20)), &system.known, seeds.take(2 * EXPERIMENTS));
        let rule = format!(
            "until {} ± {} ({:.0})",
            metric_words(system.goal.0),
            system.goal.1,
            sequential.replications
        );
        steady_rows(&system, &system.known, &rule, &sequential);
    }
}

fn metric_words(metric: &str) -> String {
    let last = metric.trim_start_matches("users.").trim_end_matches(".mean");
    if last == "latency" { "mean".to_string() } else { last.replace('_', " ") }
}

fn steady_rows(system: &System, known: &[Known], rule: &str, counted: &Counted) {
    for (known, count) in known.iter().zip(&counted.counts) {
        println!(
            "| {} | {} | {rule} | {} | {} |",
            system.name,
            known.words(),
            count.experiments,
            cells(count)
        );
    }
}

/// Returns the mean and the far quantiles of an M/M/1 at 80 %.
fn busy(measured_s: f64) -> (System, Vec<Known>) {
    let system = mm1(80.0, measured_s);
    let known = system
        .known
        .iter()
        .filter(|known| known.metric == "latency" && known.stat != "p50")
        .cloned()
        .collect();
    (system, known)
}

fn counted_row(head: &str, counted: &Counted) {
    let cells: Vec<String> = counted.counts.iter().map(coverage).collect();
    println!("| {head} | {} |", cells.join(" | "));
}

fn lengths(seeds: &mut Seeds) {
    println!("\n## M/M/1 at 80 %, 20 replications, by their length\n");
    println!(
        "| relaxation times | requests of a replication | mean | p95 | p99 |\n|---|---|---|---|---|"
    );
    for times in [10.0, 20.0, 40.0, 90.0, 180.0, 360.0] {
        let (system, known) = busy(f64::round(times * 0.897));
        let head = format!("{times} | {:.0}", system.measured_s * 80.0);
        counted_row(&head, &count(&system.scenario("20"), &known, seeds.take(EXPERIMENTS)));
    }
}

fn replications(seeds: &mut Seeds) {
    println!("\n## M/M/1 at 80 %, 90 relaxation times each, by the number of replications\n");
    println!("| replications | mean | p95 | p99 |\n|---|---|---|---|");
    for n in [3, 5, 10, 20, 50] {
        let (system, known) = busy(80.0);
        counted_row(
            &n.to_string(),
            &count(&system.scenario(&n.to_string()), &known, seeds.take(EXPERIMENTS)),
        );
    }
}

fn looks(seeds: &mut Seeds) {
    println!("\n## M/M/1 at 80 %, 90 relaxation times each, by `min`\n");
    println!(
        "| min | until the mean is known to ± 5 %: replications | mean | until p99 is known to ± 15 %: replications | p99 |\n|---|---|---|---|---|"
    );
    for min in [2, 3, 5, 10, 20, 30] {
        let (system, known) = busy(80.0);
        let known_of = |stat: &str| {
            known.iter().filter(|known| known.stat == stat).cloned().collect::<Vec<Known>>()
        };
        let mean =
            count(&system.scenario(&system.until(min)), &known_of("mean"), seeds.take(EXPERIMENTS));
        let p99 = count(
            &system.scenario(&until(("users.latency.p99", "15%"), min)),
            &known_of("p99"),
            seeds.take(EXPERIMENTS),
        );
        let cells = [&mean, &p99].map(|counted| {
            format!("{:.0} | {}", counted.replications, coverage(&counted.counts[0]))
        });
        println!("| {min} | {} |", cells.join(" | "));
    }
}

fn rare_errors(seeds: &mut Seeds) {
    println!(
        "\n## Error ratio of an M/M/1 behind a link, 20 replications of 2,000 requests, by the errors to be expected in all of them\n"
    );
    println!(
        "| expected errors | coverage | interval below / above | mean half-width |\n|---|---|---|---|"
    );
    for errors in [2.0, 5.0, 10.0, 20.0, 50.0, 100.0] {
        let system = lossy_link(errors / 40_000.0 / 2.0, 40.0);
        let known: Vec<Known> =
            system.known.iter().filter(|known| known.metric == "error_ratio").cloned().collect();
        println!(
            "| {errors} | {} |",
            cells(&count(&system.scenario("20"), &known, seeds.take(EXPERIMENTS)).counts[0])
        );
    }
}

/// Runs a comparison with many seeds.
fn comparisons(yaml: &str, variant: &str, seeds: Range<u64>) -> Vec<Comparison> {
    let experiment = Experiment::from_yaml(yaml).unwrap_or_else(|error| panic!("{error}"));
    let compare = |seed| {
        experiment
            .clone()
            .seed(seed)
            .threads(std::num::NonZero::<usize>::MIN)
            .compare(&[variant])
            .unwrap_or_else(|error| panic!("{error}"))
    };
    seeds.into_par_iter().map(compare).collect()
}

fn differences(seeds: &mut Seeds) {
    println!(
        "\n## Paired differences: M/M/1 at 50 % and the same with cores of 0.8 times the speed, 20 pairs\n"
    );
    println!(
        "| number | exact | pairs of | coverage | interval below / above | mean half-width |\n|---|---|---|---|---|---|"
    );
    // 1/(80 − 50) − 1/(100 − 50), and that many times ln 1/(1 − q); as a share of the baseline 2/3
    // for all.
    let change = 1.0 / 30.0 - 1.0 / 50.0;
    for measured_s in [40.0, 160.0] {
        let length = format!("{measured_s} s");
        let results = comparisons(
            &mm1(50.0, measured_s).yaml("20"),
            "services.api.instance.speed=0.8x",
            seeds.take(EXPERIMENTS),
        );
        for (stat, times) in
            [("mean", 1.0), ("p50", 2f64.ln()), ("p95", 20f64.ln()), ("p99", 100f64.ln())]
        {
            let row = |comparison: &Comparison| find(comparison, "users", "latency", stat);
            let (absolute, relative) = (
                format!("{stat} | {:.2} ms | {length}", times * change * 1e3),
                format!("{stat} | +66.7 % | {length}"),
            );
            difference_row(
                &absolute,
                times * change,
                results.iter().map(|comparison| row(comparison).difference.difference),
            );
            difference_row(
                &relative,
                2.0 / 3.0,
                results.iter().map(|comparison| row(comparison).difference.relative),
            );
        }
        let busy = results
            .iter()
            .map(|comparison| find(comparison, "api", "utilisation", "mean").difference.difference);
        difference_row(&format!("utilisation | 12.5 % | {length}"), 0.125, busy);
    }
}

fn find(comparison: &Comparison, entity: &str, metric: &str, stat: &str) -> MetricComparison {
    let row = comparison
        .rows
        .iter()
        .find(|row| row.entity == entity && row.metric == metric && row.stat == stat);
    row.unwrap_or_else(|| panic!("{entity} has no {metric} {stat}")).clone()
}

fn difference_row(
    name: &str,
    exact: f64,
    estimates: impl Iterator<Item = asyncflow::stats::Estimate>,
) {
    let mut count = Count::default();
    estimates.for_each(|estimate| count.add(&estimate, exact));
    println!("| {name} | {} |", cells(&count));
}

fn no_difference(seeds: &mut Seeds) {
    println!(
        "\n## False alarms: two servers chosen at random, against two event loops chosen at random, 20 pairs of 40 s\n"
    );
    let yaml = "version: 1
name: coverage
run: { duration: 43s, warmup: 3s, replications: 20 }
workload: { users: { to: api.x, open: { rate: 100/s } } }
services: { api: { replicas: 2, balance: random, endpoints: { x: [ cpu: { exp: 10ms } ] } } }";
    let variant = "services.api.replicas=1; services.api.instance.cpu=2; services.api.runtime.event_loop.workers=2";
    let results = comparisons(yaml, variant, seeds.take(EXPERIMENTS));
    let alarm = |comparison: &&Comparison| {
        comparison.family().any(|row| matches!(row.judgement, Judgement::Better | Judgement::Worse))
    };
    let own =
        |comparison: &&Comparison| comparison.family().any(|row| row.difference.p_value < 0.05);
    let share = |n: usize| {
        let share = n as f64 / results.len() as f64;
        format!(
            "{:.1} ± {:.1} %",
            share * 100.0,
            (share * (1.0 - share) / results.len() as f64).sqrt() * 100.0
        )
    };
    println!(
        "Of {} comparisons {} call one of the family better or worse;",
        results.len(),
        share(results.iter().filter(alarm).count())
    );
    println!(
        "without Holm's correction it would be {}.",
        share(results.iter().filter(own).count())
    );
}

/// A search, its exact answer, and how far beyond the ends found that may lie.
struct Capacity {
    name: &'static str,
    yaml: String,
    exact: f64,
    tolerance: f64,
}

fn capacities(seeds: &mut Seeds) {
    println!("\n## Capacity\n");
    println!(
        "| search | exact | experiments | [meets, misses] widened by the tolerance | as found | mean width | error of the estimate |\n|---|---|---|---|---|---|---|"
    );
    let one = "version: 1
name: coverage
run: { duration: 130s, warmup: 10s }
workload: { users: { to: api.x, open: { rate: 40/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }
slos: { fast: { of: users, p95: 60ms } }
capacity: { vary: workload.users.open.rate, from: 5/s, to: 500/s, tolerance: 3%, most: 160 }";
    let four = "version: 1
name: coverage
run: { duration: 60s, warmup: 5s }
workload: { users: { to: api.x, open: { rate: 40/s } } }
services: { api: { instance: { cpu: 4 }, runtime: { tasks: { schedule: fifo } }, endpoints: { x: [ cpu: { exp: 10ms } ] } } }
slos: { fast: { of: users, mean: 15ms } }
capacity: { vary: workload.users.open.rate, from: 40/s, to: 800/s, tolerance: 2%, most: 160 }";
    let cores = "version: 1
name: coverage
run: { duration: 60s, warmup: 5s }
workload: { users: { to: api.x, open: { rate: 300/s } } }
services: { api: { instance: { cpu: 8 }, runtime: { tasks: { schedule: fifo } }, endpoints: { x: [ cpu: { exp: 10ms } ] } } }
slos: { fast: { of: users, mean: 12ms } }
capacity: { vary: services.api.instance.cpu, from: 1, to: 16 }";
    // The mean of M/M/4 rises with the rate; the rate at which it is 15 ms is the quantile of a
    // falling function.
    let rate =
        quantile(|share| 1.0 - f64::from(mm4_mean(400.0 * share.min(0.999_999)) > 0.015), 0.5)
            * 400.0;
    for search in [
        Capacity {
            name: "largest rate, M/M/1, p95 ≤ 60 ms",
            yaml: one.to_string(),
            exact: 100.0 - 20f64.ln() / 0.06,
            tolerance: 0.03,
        },
        Capacity {
            name: "largest rate, M/M/4, mean ≤ 15 ms",
            yaml: four.to_string(),
            exact: rate,
            tolerance: 0.02,
        },
        Capacity {
            name: "fewest cores, M/M/c at 300/s, mean ≤ 12 ms",
            yaml: cores.to_string(),
            exact: 5.0,
            tolerance: 0.0,
        },
    ] {
        capacity_row(&search, seeds.take(200));
    }
}

fn mm4_mean(rate: f64) -> f64 {
    0.01 + erlang_c(4, rate / 100.0) / (400.0 - rate)
}

fn capacity_row(search: &Capacity, seeds: Range<u64>) {
    let experiment = Experiment::from_yaml(&search.yaml).unwrap_or_else(|error| panic!("{error}"));
    let run = |seed| {
        experiment
            .clone()
            .seed(seed)
            .threads(std::num::NonZero::<usize>::MIN)
            .capacity()
            .unwrap_or_else(|error| panic!("{error}"))
    };
    let results: Vec<CapacityResult> = seeds.into_par_iter().map(run).collect();
    let ends = |result: &CapacityResult| {
        let (good, bad) = (result.meets.unwrap_or(f64::NAN), result.misses.unwrap_or(f64::NAN));
        (good.min(bad), good.max(bad))
    };
    let coverage = |tolerance: f64| {
        let mut count = Count::default();
        for (low, high) in results.iter().map(ends) {
            let (low, high) = (low * (1.0 - tolerance), high * (1.0 + tolerance));
            count.add(
                &asyncflow::stats::Estimate {
                    low,
                    high,
                    estimate: (low + high) / 2.0,
                    ..asyncflow::stats::mean(&[], 0.95)
                },
                search.exact,
            );
        }
        format!("{:.1} ± {:.1} %", count.share() * 100.0, count.std_error() * 100.0)
    };
    let n = results.len() as f64;
    let width =
        results.iter().map(|result| (ends(result).1 - ends(result).0) / search.exact).sum::<f64>()
            / n;
    let error =
        (results.iter().map(|result| (result.estimate / search.exact - 1.0).powi(2)).sum::<f64>()
            / n)
            .sqrt();
    println!(
        "| {} | {:.3} | {n} | {} | {} | {:.1} % | {:.1} % (r.m.s.) |",
        search.name,
        search.exact,
        coverage(search.tolerance),
        coverage(0.0),
        width * 100.0,
        error * 100.0
    );
}

//! Coverage of the ranges that a search for the capacity finds.

use super::Seeds;
use crate::count::Count;
use crate::systems::{erlang_c, quantile};
use asyncflow::Experiment;
use asyncflow::experiment::CapacityResult;
use rayon::prelude::*;
use std::ops::Range;

/// A search, its exact answer, and how far beyond the ends found that may lie.
struct Capacity {
    name: &'static str,
    yaml: String,
    exact: f64,
    tolerance: f64,
}

pub(super) fn capacities(seeds: &mut Seeds) {
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

//! Coverage of paired differences, and false alarms where there is none.

use super::{EXPERIMENTS, Seeds, cells};
use crate::count::Count;
use crate::systems::mm1;
use asyncflow::Experiment;
use asyncflow::experiment::{Comparison, Judgement, MetricComparison};
use rayon::prelude::*;
use std::ops::Range;

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

pub(super) fn differences(seeds: &mut Seeds) {
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

pub(super) fn no_difference(seeds: &mut Seeds) {
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

//! The latencies of workloads and endpoints, of what is done at once, beside requests and after
//! them, and of labelled branches; and why requests failed.
//!
//! Tested: `tests/it/words.rs`.

use super::format::{percent, percent_with_interval, value, with_interval};
use super::paint::ColorChoice;
use super::summary::ROWS;
use super::table::{table, write_table};
use crate::experiment::Results;
use crate::scenario::Scenario;
use crate::units::Percentile;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Writes the tables.
pub(super) fn latencies(
    out: &mut String,
    scenario: &Scenario,
    results: &Results,
    paint: ColorChoice,
) -> std::fmt::Result {
    let workloads = scenario.workload.keys().map(|name| ("workload", name));
    let of_kind = |kind: &'static str| {
        let own = results.rows.iter().filter(move |r| r.kind == kind && r.metric == "throughput");
        own.map(move |row| (kind, &row.entity))
    };
    let all: Vec<(&str, &String)> = workloads.chain(of_kind("endpoint")).collect();
    rows(out, "Latency of answered requests", &all, results, paint)?;
    let blocks: Vec<(&str, &String)> = of_kind("block").collect();
    if !blocks.is_empty() {
        rows(out, "Branches, background work and what follows answers", &blocks, results, paint)?;
    }
    branches(out, results, paint)
}

/// Writes the labelled arms of branches.
fn branches(out: &mut String, results: &Results, paint: ColorChoice) -> std::fmt::Result {
    let arms: Vec<&str> = results
        .rows
        .iter()
        .filter(|row| row.kind == "branch" && row.metric == "share")
        .map(|row| row.entity.as_str())
        .collect();
    if arms.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", paint.bold("Labelled branches"))?;
    let stats = percentiles(results);
    let mut header = vec!["", "share", "mean"];
    header.extend(&stats);
    header.extend(["max", "failed"]);
    let mut lines = table(&header);
    for arm in arms.iter().take(ROWS) {
        let of = |metric: &str, stat: &str| results.find("branch", arm, metric, stat);
        let share = |metric: &str| {
            of(metric, "mean").map_or(String::new(), |row| percent_with_interval(&row.estimate))
        };
        let latency = |stat: &str| {
            of("latency", stat).map_or(String::new(), |row| with_interval(&row.estimate, "s"))
        };
        let max =
            of("latency", "max").map_or(String::new(), |row| value(row.estimate.estimate, "s"));
        let mut cells = vec![arm.to_string(), share("share"), latency("mean")];
        cells.extend(stats.iter().map(|stat| latency(stat)));
        cells.extend([max, share("error_ratio")]);
        lines.add_row(cells);
    }
    write_table(out, &lines, arms.len().saturating_sub(ROWS), paint)
}

/// Returns the percentiles of the tables: the usual ones, and those that the scenario names.
fn percentiles(results: &Results) -> Vec<&'static str> {
    let of_workload =
        results.rows.iter().filter(|row| row.kind == "workload" && row.metric == "latency");
    let named = of_workload.filter_map(|row| Percentile::named(row.stat));
    let all: BTreeSet<Percentile> = named.filter(|percentile| percentile.name() != "p90").collect();
    all.into_iter().map(Percentile::name).collect()
}

fn rows(
    out: &mut String,
    title: &str,
    all: &[(&str, &String)],
    results: &Results,
    paint: ColorChoice,
) -> std::fmt::Result {
    writeln!(out, "\n{}", paint.bold(title))?;
    let stats = percentiles(results);
    let mut header = vec!["", "mean"];
    header.extend(&stats);
    header.extend(["max", "answered", "failed"]);
    let mut lines = table(&header);
    for (kind, name) in all.iter().take(ROWS) {
        let of = |metric: &str, stat: &str| results.find(kind, name, metric, stat);
        let latency = |stat: &str| {
            of("latency", stat).map_or(String::new(), |row| with_interval(&row.estimate, "s"))
        };
        let max =
            of("latency", "max").map_or(String::new(), |row| value(row.estimate.estimate, "s"));
        let throughput = of("throughput", "mean")
            .map_or(String::new(), |row| value(row.estimate.estimate, "1/s"));
        let failed = of("error_ratio", "mean")
            .map_or(String::new(), |row| percent_with_interval(&row.estimate));
        let mut cells = vec![name.to_string(), latency("mean")];
        cells.extend(stats.iter().map(|stat| latency(stat)));
        cells.extend([max, throughput, failed]);
        lines.add_row(cells);
    }
    write_table(out, &lines, all.len().saturating_sub(ROWS), paint)?;
    failures(out, results, &all[..all.len().min(ROWS)])
}

/// Writes why requests failed: `users failed: timeout 14.4 %, rejected 0.2 %`.
fn failures(out: &mut String, results: &Results, all: &[(&str, &String)]) -> std::fmt::Result {
    for (kind, name) in all {
        let rows = results
            .rows
            .iter()
            .filter(|row| row.kind == *kind && row.entity == **name && row.estimate.estimate > 0.0);
        let mut outcomes: Vec<(&str, f64)> = rows
            .filter_map(|row| Some((row.metric.strip_prefix("outcomes.")?, row.estimate.estimate)))
            .collect();
        outcomes.sort_by(|a, b| b.1.total_cmp(&a.1));
        if !outcomes.is_empty() {
            let words: Vec<String> = outcomes
                .iter()
                .map(|(outcome, share)| format!("{outcome} {}", percent(*share)))
                .collect();
            writeln!(out, "  {name} failed: {}", words.join(", "))?;
        }
    }
    Ok(())
}

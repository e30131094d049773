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
    let mut lines = table(&["", "share", "mean", "p50", "p95", "p99", "p99.9", "max", "failed"]);
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
        let [mean, p50, p95, p99, p999] = ["mean", "p50", "p95", "p99", "p99.9"].map(latency);
        let (chosen, failed) = (share("share"), share("error_ratio"));
        lines.add_row([arm.to_string(), chosen, mean, p50, p95, p99, p999, max, failed]);
    }
    write_table(out, &lines, arms.len().saturating_sub(ROWS), paint)
}

fn rows(
    out: &mut String,
    title: &str,
    all: &[(&str, &String)],
    results: &Results,
    paint: ColorChoice,
) -> std::fmt::Result {
    writeln!(out, "\n{}", paint.bold(title))?;
    let mut lines = table(&["", "mean", "p50", "p95", "p99", "p99.9", "max", "answered", "failed"]);
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
        let [mean, p50, p95, p99, p999] = ["mean", "p50", "p95", "p99", "p99.9"].map(latency);
        lines.add_row([name.to_string(), mean, p50, p95, p99, p999, max, throughput, failed]);
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

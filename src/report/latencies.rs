//! The latencies of workloads and endpoints, of what is done at once, beside requests and after
//! them, and of labelled branches; and why requests failed.
//!
//! Tested: `tests/it/words.rs`.

use super::format::{percent, percent_with_interval, value, with_interval};
use super::paint::ColorChoice;
use super::summary::ROWS;
use super::table::{table, write_table};
use crate::experiment::{Results, Row};
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
        let is_own =
            move |r: &&Row| (r.kind, r.metric.as_str(), r.stat) == (kind, "latency", "max");
        let own = results.rows.iter().filter(is_own);
        own.map(move |row| (kind, &row.entity))
    };
    let all: Vec<(&str, &String)> = workloads.chain(of_kind("endpoint")).collect();
    rows(out, "Latency of answered requests", &all, results, paint)?;
    stayed_away(out, scenario, results)?;
    let further = [
        ("block", "Branches, background work and what follows answers"),
        ("branch", "Labelled branches"),
        ("tool", "As told by a tool that waits for its answers"),
    ];
    for (kind, title) in further {
        let own: Vec<(&str, &String)> = of_kind(kind).collect();
        if !own.is_empty() {
            rows(out, title, &own, results, paint)?;
        }
    }
    Ok(())
}

/// Writes which share of the users of a workload stayed away.
fn stayed_away(out: &mut String, scenario: &Scenario, results: &Results) -> std::fmt::Result {
    for name in scenario.workload.keys() {
        let total = |metric| results.find("workload", name, metric, "total");
        if let (Some(deterred), Some(came)) = (total("deterred"), total("arrivals"))
            && deterred.estimate.estimate > 0.0
        {
            let [deterred, came] = [deterred, came].map(|row| row.estimate.estimate);
            let share = percent(deterred / (deterred + came));
            writeln!(
                out,
                "  {name}: {share} of those who would have come stayed away (`elasticity`)"
            )?;
        }
    }
    Ok(())
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
    // An arm of a branch is chosen with a share, as are the requests of a tool, where others are
    // answered at a rate.
    let is_arm = all.iter().any(|(kind, _)| ["branch", "tool"].contains(kind));
    let mut header = vec![""];
    header.extend(is_arm.then_some("share"));
    header.push("mean");
    header.extend(&stats);
    header.push("max");
    header.extend((!is_arm).then_some("answered"));
    header.push("failed");
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
        let share = |metric: &str| {
            of(metric, "mean").map_or(String::new(), |row| percent_with_interval(&row.estimate))
        };
        let mut cells = vec![name.to_string()];
        cells.extend(is_arm.then(|| share("share")));
        cells.push(latency("mean"));
        cells.extend(stats.iter().map(|stat| latency(stat)));
        cells.push(max);
        cells.extend((!is_arm).then_some(throughput));
        cells.push(share("error_ratio"));
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

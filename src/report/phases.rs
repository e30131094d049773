//! Before, during and after what changes on purpose: a table for each workload, and how long things
//! took to be as before.

use super::format::{percent_with_interval, value, value_beside, with_interval};
use super::paint::ColorChoice;
use super::table::{table, write_table};
use crate::experiment::{Phase, Results};
use crate::scenario::Scenario;
use crate::units::Span;
use std::fmt::Write;

/// Workloads that have a table.
const WORKLOADS: usize = 3;

/// The tables; nothing where nothing changes.
pub(super) fn phases(
    out: &mut String,
    scenario: &Scenario,
    results: &Results,
    paint: ColorChoice,
) -> std::fmt::Result {
    if results.phases.is_empty() {
        return Ok(());
    }
    for workload in scenario.workload.keys().take(WORKLOADS) {
        writeln!(
            out,
            "\n{}",
            paint.bold(&format!("Before, during and after: {workload}, by when requests arrived"))
        )?;
        let mut lines = table(&["", "from", "to", "p50", "p95", "p99", "answered", "failed"]);
        // In one unit, that of the largest: `0.02/s` stands beside `14.6/s`, and not `1.2/min`.
        let most = results
            .phases
            .iter()
            .map(|phase| answered(results, phase, workload))
            .fold(0.0, f64::max);
        for phase in &results.phases {
            lines.add_row(row(results, phase, workload, most));
        }
        write_table(out, &lines, 0, paint)?;
        for phase in results.phases.iter().filter(|phase| phase.recovery) {
            recovery(out, results, phase, workload)?;
        }
    }
    if results.phases.iter().any(|phase| phase.recovery) {
        let window = scenario.output.window(scenario.run.duration);
        let words = format!(
            "Recovered: in windows of {window}, three in a row that 20 requests end in, with p95 and failures no worse than in the worst before."
        );
        writeln!(out, "  {}", paint.faint(&words))?;
    }
    match scenario.workload.len().saturating_sub(WORKLOADS) {
        0 => Ok(()),
        more => writeln!(out, "  … and {more} more workloads, in the files and in --json"),
    }
}

/// Requests a second that arrived in a phase and were answered, whenever that was, as the other
/// columns are; NaN if it is not known.
fn answered(results: &Results, phase: &Phase, workload: &str) -> f64 {
    let total = results
        .find("phase", &phase.entity(workload), "completed", "total")
        .map_or(f64::NAN, |row| row.estimate.estimate);
    total / (phase.until_s - phase.from_s)
}

fn row(results: &Results, phase: &Phase, workload: &str, most: f64) -> [String; 8] {
    let entity = phase.entity(workload);
    let of = |metric: &str, stat: &str| {
        results.find("phase", &entity, metric, stat).map(|row| row.estimate)
    };
    let [p50, p95, p99] = ["p50", "p95", "p99"].map(|stat| {
        let Some(row) = results.find("phase", &entity, "latency", stat) else {
            return String::new();
        };
        // A quantile of a few is hardly more than the largest of them.
        let few = if row.flags.contains(&"few_samples") { " (few)" } else { "" };
        with_interval(&row.estimate, "s") + few
    });
    let answered = value_beside(answered(results, phase, workload), most, "1/s");
    let failed = of("error_ratio", "mean").map_or(String::new(), |e| percent_with_interval(&e));
    let [from, until] = [phase.from_s, phase.until_s].map(|s| Span::from_seconds(s).to_string());
    [phase.name.clone(), from, until, p50, p95, p99, answered, failed]
}

fn recovery(
    out: &mut String,
    results: &Results,
    phase: &Phase,
    workload: &str,
) -> std::fmt::Result {
    let Some(found) = results.find("phase", &phase.entity(workload), "recovery", "mean") else {
        return Ok(());
    };
    let (came, of) = (found.estimate.n, results.replications);
    let known = || found.values.iter().copied().filter(|s| !s.is_nan());
    let (least, most) = (known().fold(f64::INFINITY, f64::min), known().fold(0.0, f64::max));
    let name = &phase.name;
    if came == 0 {
        return writeln!(
            out,
            "  No recovery from {name} was seen before the next change or the end, in any replication."
        );
    }
    let but = if came < of {
        format!(
            ", in {came} of {of} replications; in the others none was seen before the next change or the end"
        )
    } else {
        String::new()
    };
    if most == 0.0 {
        return writeln!(out, "  Recovered from {name} at once{but}");
    }
    let mean = if found.estimate.low > 0.0 {
        with_interval(&found.estimate, "s")
    } else {
        value(found.estimate.estimate, "s")
    };
    let range = if least == most {
        String::new()
    } else {
        format!(" ({} to {} by replication)", value(least, "s"), value(most, "s"))
    };
    writeln!(out, "  Time to recover from {name}: {mean}{range}{but}")
}

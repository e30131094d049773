//! Before, during and after each disturbance: a table for each workload, and the times to recover.

use super::format::{fixed, percent_with_interval, trimmed, value, value_beside, with_interval};
use super::paint::ColorChoice;
use super::table::{table, write_table};
use crate::experiment::{Phase, Results};
use crate::scenario::Scenario;
use crate::units::Span;
use std::fmt::Write;

/// The maximum number of workloads with a table.
const WORKLOADS: usize = 3;

/// The length of a run from which on moments are not written in seconds.
const SECONDS_MAX: f64 = 7_200.0;

/// Writes the tables; nothing if the run has no phases.
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
            paint.bold(&format!("Before, during and after: {workload}, by arrival time"))
        )?;
        let mut lines = table(&["", "from", "to", "p50", "p95", "p99", "answered", "failed"]);
        // All in the unit of the largest: `0.02/s` beside `14.6/s`, not `1.2/min`.
        let most = results
            .phases
            .iter()
            .map(|phase| answered(results, phase, workload))
            .fold(0.0, f64::max);
        for phase in &results.phases {
            let ends = [phase.from_s, phase.until_s].map(|moment| at(moment, results));
            lines.add_row(row(results, phase, ends, workload, most));
        }
        write_table(out, &lines, 0, paint)?;
        for phase in results.phases.iter().filter(|phase| phase.recovery) {
            recovery(out, results, phase, workload)?;
        }
    }
    if results.phases.iter().any(|phase| phase.recovery) {
        let window = scenario.output.window(scenario.run.duration);
        let words = format!(
            "Recovered: at least three consecutive windows of {window} in which 20 requests end, with p95 and failures no worse than in the worst window before."
        );
        writeln!(out, "  {}", paint.faint(&words))?;
    }
    match scenario.workload.len().saturating_sub(WORKLOADS) {
        0 => Ok(()),
        more => writeln!(out, "  … and {more} more workloads: see the result files or --json"),
    }
}

/// Returns the rate of requests that arrived in a phase and were answered at any time, per second,
/// like the other columns; NaN if it is not known.
fn answered(results: &Results, phase: &Phase, workload: &str) -> f64 {
    let total = results
        .find("phase", &phase.entity(workload), "completed", "total")
        .map_or(f64::NAN, |row| row.estimate.estimate);
    total / (phase.until_s - phase.from_s)
}

/// Returns a moment in a unit that suits all the others: `600s` beside `520s`, not `10m`.
fn at(moment_s: f64, results: &Results) -> String {
    let moments = || results.phases.iter().flat_map(|phase| [phase.from_s, phase.until_s]);
    let is_in_minutes = moments().all(|moment| moment % 60.0 == 0.0);
    let longest = moments().fold(0.0, f64::max);
    // Beyond hours, seconds would be long numbers.
    if is_in_minutes || !(1.0..SECONDS_MAX).contains(&longest) {
        return Span::from_seconds(moment_s).to_string();
    }
    format!("{}s", trimmed(&fixed(moment_s, 3)))
}

fn row(
    results: &Results,
    phase: &Phase,
    [from, until]: [String; 2],
    workload: &str,
    most: f64,
) -> [String; 8] {
    let entity = phase.entity(workload);
    let estimate_of = |metric: &str, stat: &str| {
        results.find("phase", &entity, metric, stat).map(|row| row.estimate)
    };
    let [p50, p95, p99] = ["p50", "p95", "p99"].map(|stat| {
        let Some(row) = results.find("phase", &entity, "latency", stat) else {
            return String::new();
        };
        // With few samples, a high quantile is little more than their maximum.
        let few = if row.flags.contains(&"few_samples") { " (few)" } else { "" };
        with_interval(&row.estimate, "s") + few
    });
    let answered = value_beside(answered(results, phase, workload), most, "1/s");
    let failed =
        estimate_of("error_ratio", "mean").map_or(String::new(), |e| percent_with_interval(&e));
    [phase.name.clone(), from, until, p50, p95, p99, answered, failed]
}

fn recovery(
    out: &mut String,
    results: &Results,
    phase: &Phase,
    workload: &str,
) -> std::fmt::Result {
    let Some(row) = results.find("phase", &phase.entity(workload), "recovery", "mean") else {
        return Ok(());
    };
    let (recovered, of) = (row.estimate.n, results.replications);
    let known = || row.values.iter().copied().filter(|s| !s.is_nan());
    let (least, most) = (known().fold(f64::INFINITY, f64::min), known().fold(0.0, f64::max));
    let name = &phase.name;
    if recovered == 0 {
        return writeln!(
            out,
            "  No replication recovered from {name} before the next change or the end."
        );
    }
    let exceptions = if recovered < of {
        format!(
            ", in {recovered} of {of} replications; the others did not recover before the next change or the end"
        )
    } else {
        String::new()
    };
    if most == 0.0 {
        return writeln!(
            out,
            "  After {name}, p95 and failures were no worse than before{exceptions}"
        );
    }
    let mean = if row.estimate.low > 0.0 {
        with_interval(&row.estimate, "s")
    } else {
        value(row.estimate.estimate, "s")
    };
    let range = if least == most {
        String::new()
    } else {
        format!(" ({} to {} across replications)", value(least, "s"), value(most, "s"))
    };
    writeln!(out, "  Time to recover from {name}: {mean}{range}{exceptions}")
}

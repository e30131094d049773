//! The summary of a sweep: one line per point.

use super::cost;
use super::format::{confidence, count, percent, value, with_interval};
use super::health::Health;
use super::json::{row_to_json, slos_to_json};
use super::matrix::matrices;
use super::paint::ColorChoice;
use super::table::{table, write_table};
use crate::experiment::{ReducedPoint, Results, Row};
use crate::scenario::{Parameters, Scenario};
use crate::tables::summary::{SummaryRow, SummaryTable};
use indexmap::IndexSet;
use serde_json::{Value, json};
use std::fmt::Write;

/// The maximum number of points shown; the others are in the files.
pub(crate) const POINTS_SHOWN: usize = 40;

/// The reported result of a point.
#[derive(Clone, Debug)]
pub(crate) struct SweepLine {
    pub number: u64,
    pub parameters: Parameters,
    /// Kind and reason of the first failed replication; empty if none failed.
    pub failure: String,
    /// The number of failed replications.
    pub failed: usize,
    /// The worst state of its workloads; `None` without results.
    pub(super) health: Option<Health>,
    pub missed: Vec<String>,
    /// The largest share of requests that a met latency objective leaves out, if it matters.
    left_out: Option<f64>,
    /// The cost of all services with a price, in USD/h; `None` if there are none.
    cost: Option<f64>,
    /// The metrics shown, by workload.
    pub(super) workloads: Vec<(String, Vec<Row>)>,
    fingerprint: String,
}

/// The metrics of a workload that are shown.
const SHOWN: [(&str, &str); 5] = [
    ("latency", "mean"),
    ("latency", "p95"),
    ("latency", "p99"),
    ("throughput", "mean"),
    ("error_ratio", "mean"),
];

impl SweepLine {
    pub(crate) fn of(reduced: &ReducedPoint) -> SweepLine {
        let ReducedPoint { swept, built, .. } = reduced;
        let results: Option<&Results> = swept.results.as_ref();
        let names: Vec<String> =
            built.iter().flat_map(|built| built.scenario.workload.keys().cloned()).collect();
        let rows = |name: &String| {
            let shown = SHOWN.iter().filter_map(|(metric, stat)| {
                results?.find("workload", name, metric, stat).cloned()
            });
            shown.map(|row| Row { values: Vec::new(), ..row }).collect::<Vec<_>>()
        };
        SweepLine {
            number: swept.point,
            parameters: swept.parameters.clone(),
            failure: swept
                .failures
                .first()
                .map_or(String::new(), |(_, failure)| failure.to_string()),
            failed: swept.failures.len(),
            health: results.and_then(Health::worst),
            missed: results.map_or(Vec::new(), Results::missed),
            left_out: results.and_then(|results| {
                let shares = results.slos.iter().filter_map(|goal| results.left_out(goal));
                shares.max_by(f64::total_cmp)
            }),
            cost: results.and_then(cost::total),
            workloads: names.iter().map(|name| (name.clone(), rows(name))).collect(),
            fingerprint: results.map_or(String::new(), |results| results.fingerprint.clone()),
        }
    }

    /// Returns the status of a point: a mark and its meaning.
    fn status(&self) -> (&'static str, &'static str) {
        match self.health {
            _ if self.failed > 0 => ("✘", "did not finish"),
            Some(Health::Deadlocked) => (
                "✘",
                "deadlock: requests wait for each other for ever; `asyncflow run` tells which",
            ),
            Some(Health::Overloaded) => (
                "✘",
                "overloaded: the backlog grows without bound, and the numbers depend on `run.duration`",
            ),
            Some(Health::Fails) => {
                ("✘", "fails: at least half of the requests fail; latencies cover only the rest")
            }
            Some(Health::AnswersInPart(_)) if !self.missed.is_empty() => (
                "!",
                "an objective is missed, and some requests fail: latencies cover only the rest",
            ),
            _ if !self.missed.is_empty() => ("!", "an objective is missed"),
            Some(Health::AnswersInPart(_)) => {
                ("!", "some requests fail: latencies cover only the rest")
            }
            Some(Health::CannotTell) => (
                "?",
                "inconclusive: `asyncflow run` explains why, and how long a run would have to be",
            ),
            Some(Health::NoRequests) => ("?", "no requests"),
            Some(Health::KeepsUp) | None => ("✔", "keeps up"),
        }
    }

    /// Returns the mark alone.
    pub(super) fn mark(&self) -> &'static str {
        self.status().0
    }

    /// Returns the JSON object of the point; `results` are its results.
    pub(crate) fn to_json(&self, results: Option<&Results>) -> Value {
        let rows = || self.workloads.iter().flat_map(|(_, rows)| rows);
        let rows = results.iter().flat_map(|results| rows().map(|row| SummaryRow { results, row }));
        let without = ["scenario", "std_error", "confidence", "method"];
        let metrics = rows.map(|row| row_to_json::<SummaryTable>(&row, &without));
        json!({
            "point": self.number, "parameters": self.parameters, "failed": self.failed, "reason": self.failure,
            "outlook": self.health.map(Health::name), "overloaded": self.health == Some(Health::Overloaded), "slos_missed": self.missed, "slos": results.map(slos_to_json), "fingerprint": self.fingerprint,
            "metrics": metrics.collect::<Vec<_>>(),
        })
    }
}

/// Returns a value as a person would write it: strings without quotes.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Returns the summary of a sweep of `points` points; `lines` are the first of them.
pub(crate) fn sweep(
    scenario: &Scenario,
    lines: &[SweepLine],
    points: u64,
    fingerprint: u64,
    paint: ColorChoice,
) -> String {
    let mut out = String::new();
    let level = confidence(scenario.run.confidence.0.fraction);
    let head = format!(
        "  {} · seed {} · ± is the {level} confidence interval",
        count(points, "point"),
        scenario.run.seed
    );
    // Writing into a String cannot fail.
    let _ = writeln!(out, "{}{}\n", paint.bold(&scenario.name), paint.faint(&head));
    let paths: IndexSet<&String> = lines.iter().flat_map(|line| line.parameters.keys()).collect();
    let paths: Vec<&String> = paths.into_iter().collect();
    let names: Vec<&str> = paths.iter().map(|path| short(path, &paths)).collect();
    let several = lines.iter().any(|line| line.workloads.len() > 1);
    let mut header = vec!["", "point"];
    header.extend(several.then_some("workload"));
    header.extend(&names);
    header.extend(["mean", "p95", "p99", "answered", "failed"]);
    let is_priced = lines.iter().any(|line| line.cost.is_some());
    header.extend(is_priced.then_some("cost"));
    let has_missed = lines.iter().any(|line| !line.missed.is_empty());
    header.extend(has_missed.then_some("missed"));
    let mut lines_table = table(&header);
    lines_table.named_by(if several { 3 } else { 2 });
    if has_missed {
        lines_table.text_last();
    }
    for line in lines.iter().take(POINTS_SHOWN) {
        let mark = match line.mark() {
            mark @ "✘" => paint.bad(mark),
            mark @ ("!" | "?") => paint.doubtful(mark),
            mark => paint.good(mark),
        };
        let mut cells = vec![mark, line.number.to_string()];
        let values = paths.iter().map(|path| {
            line.parameters.get(*path).map_or("unchanged".to_string(), crate::design::value::brief)
        });
        if line.workloads.is_empty() {
            cells.extend(several.then(String::new));
            cells.extend(values);
            cells.push(line.failure.clone());
            lines_table.add_row(cells);
            continue;
        }
        for (index, (name, rows)) in line.workloads.iter().enumerate() {
            let mut row = if index == 0 { cells.clone() } else { vec![String::new(); cells.len()] };
            row.extend(several.then(|| name.clone()));
            // What is of all workloads stands beside the first.
            let once = |cell: String| if index == 0 { cell } else { String::new() };
            row.extend(values.clone().map(once));
            row.extend(rows.iter().map(shown));
            row.extend(is_priced.then(|| once(cost::cell(line.cost))));
            row.extend(has_missed.then(|| once(line.missed.join(", "))));
            lines_table.add_row(row);
        }
    }
    let _ = write_table(&mut out, &lines_table, 0, paint);
    if points > lines.len().min(POINTS_SHOWN) as u64 {
        let more = points - lines.len().min(POINTS_SHOWN) as u64;
        let _ =
            writeln!(out, "  … and {}: see points.parquet and summary/", count(more, "more point"));
    }
    if let ([down, across], [down_name, across_name]) = (paths.as_slice(), names.as_slice())
        && points == lines.len() as u64
    {
        let _ = matrices(&mut out, lines, [(down, down_name), (across, across_name)], paint);
    }
    let _ = legend(&mut out, lines);
    let _ = writeln!(out, "\n{}", paint.faint(&format!("fingerprint {fingerprint:016x}")));
    paint.fitted(out)
}

/// Returns a number of a workload as it is shown.
fn shown(row: &Row) -> String {
    match row.metric.as_str() {
        "latency" => with_interval(&row.estimate, "s"),
        "throughput" => value(row.estimate.estimate, "1/s"),
        _ => percent(row.estimate.estimate),
    }
}

/// Writes the meaning of the marks that occur, except of "keeps up".
fn legend(out: &mut String, lines: &[SweepLine]) -> std::fmt::Result {
    // One failure is shown as an example; all are in the file.
    let failed = lines.iter().find(|line| line.failed > 0).map(|line| line.number);
    let explained = lines
        .iter()
        .filter(|line| line.mark() != "✔" && (line.failed == 0 || failed == Some(line.number)));
    let words: IndexSet<String> = explained
        .map(|line| match (line.status(), line.failed) {
            ((mark, words), 0) => format!("{mark} {words}"),
            ((mark, words), _) => format!("{mark} point {} {words}: {}", line.number, line.failure),
        })
        .collect();
    // Of a point that is otherwise sound.
    let left_out = lines.iter().filter(|line| line.mark() == "✔").filter_map(|line| line.left_out);
    let left_out = left_out.max_by(f64::total_cmp).map(|failed| {
        format!(
            "✔ with up to {} failed: objectives for latencies are met by the answered requests only",
            percent(failed)
        )
    });
    if !words.is_empty() || left_out.is_some() {
        writeln!(out)?;
    }
    words.iter().chain(&left_out).try_for_each(|words| writeln!(out, "  {words}"))
}

/// Returns the shortest suffix of a path that identifies it among all paths.
fn short<'p>(path: &'p str, all: &[&String]) -> &'p str {
    let ends = path.rmatch_indices('.').map(|(at, _)| &path[at + 1..]);
    ends.chain([path])
        .find(|end| all.iter().filter(|other| other.ends_with(*end)).count() == 1)
        .unwrap_or(path)
}

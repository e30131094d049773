//! A sweep of two parameters as a matrix: one in rows, one in columns, the p95 in the cells.
//!
//! Only for sweeps with every combination of the values, as in a grid. Tested: `tests/it/words.rs`.

use super::format::with_interval;
use super::paint::ColorChoice;
use super::sweep::SweepLine;
use super::table::{table, write_table};
use crate::design::value::brief;
use serde_json::Value;
use std::fmt::Write;

/// The maximum number of matrices, one per workload.
const MATRICES: usize = 3;

/// Writes the matrices if each combination of two parameters was simulated once. `down` and
/// `across` are their paths and short names.
pub(super) fn matrices(
    out: &mut String,
    lines: &[SweepLine],
    [down, across]: [(&String, &str); 2],
    paint: ColorChoice,
) -> std::fmt::Result {
    let values = |path: &String| {
        let mut values: Vec<&Value> = Vec::new();
        for value in lines.iter().filter_map(|line| line.parameters.get(path)) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    };
    let (rows, columns) = (values(down.0), values(across.0));
    if rows.len() < 2 || columns.len() < 2 || rows.len() * columns.len() != lines.len() {
        return Ok(());
    }
    let at = |row: &Value, column: &Value| {
        lines.iter().find(|line| {
            line.parameters.get(down.0) == Some(row)
                && line.parameters.get(across.0) == Some(column)
        })
    };
    let names = lines
        .iter()
        .find(|line| !line.workloads.is_empty())
        .map_or(Vec::new(), |line| line.workloads.iter().map(|(name, _)| name).collect());
    for name in names.into_iter().take(MATRICES) {
        writeln!(
            out,
            "\n{}",
            paint.bold(&format!("p95 of {name}: {} in rows, {} in columns", down.1, across.1))
        )?;
        let header: Vec<String> =
            [String::new()].into_iter().chain(columns.iter().map(|value| brief(value))).collect();
        let mut matrix = table(&header.iter().map(String::as_str).collect::<Vec<_>>());
        for row in &rows {
            let cells = columns
                .iter()
                .map(|column| at(row, column).map_or(String::new(), |line| cell(line, name)));
            matrix.add_row([brief(row)].into_iter().chain(cells));
        }
        write_table(out, &matrix, 0, paint)?;
    }
    Ok(())
}

/// Returns the p95 of a workload at a point, after its mark unless that is "✔".
fn cell(line: &SweepLine, workload: &str) -> String {
    let rows = line.workloads.iter().find(|(name, _)| name == workload).map(|(_, rows)| rows);
    let p95 =
        rows.and_then(|rows| rows.iter().find(|row| row.metric == "latency" && row.stat == "p95"));
    let text = p95.map_or(String::new(), |row| with_interval(&row.estimate, "s"));
    match line.mark() {
        "✔" => text,
        mark => format!("{mark} {text}"),
    }
}

//! The files of a sweep: one dataset, whatever was run where.
//!
//! `points.parquet` has a row a point, with what is varied in columns of its own; `summary/`, `replications/` and, if asked for, `series/` and
//! `histograms/` hold the tables of a run with the column `point` before everything else, sorted by it, in parts of about a million rows. A part ends
//! between two points, where it does not depend on anything but the rows, so that equal sweeps are equal bytes.

use super::dataset::{histogram_rows, replication_rows, series_rows};
use super::folder::{Folder, StoreError};
use super::manifest::Manifest;
use super::schema::{Column, Kind, OF_POINT, PARTS, POINT, POINTS, TABLES, field};
use super::table::{Cell, Push, Table, summary_rows};
use crate::design::value::{self, Kind as ValueKind};
use crate::experiment::Reduced;
use crate::measure::{self};
use crate::scenario::Parameters;
use arrow_schema::Schema;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// Rows after which a part ends, at the next point.
const ROWS_OF_PART: u64 = 1_000_000;

/// The tables that a sweep has in parts, by [`PARTS`]: which of [`TABLES`].
const TABLE_OF: [usize; PARTS.len()] = [0, 1, 2, 3];

/// Which tables are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The course over time.
    pub series: bool,
    /// The distributions.
    pub histograms: bool,
}

/// The files of a sweep, while they are written. Dropped before [`finish`](SweepDataset::finish), it leaves nothing behind.
pub struct SweepDataset {
    folder: Folder,
    points: Table,
    parts: [Option<Part>; PARTS.len()],
    parameters: Vec<Parameter>,
    rows: Vec<(String, u64)>,
}

/// A parameter and the kind of its column.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub path: String,
    pub kind: ValueKind,
}

struct Part {
    schema: Arc<Schema>,
    number: u32,
    open: Option<(String, Table)>,
}

impl SweepDataset {
    /// Begins the files, in a folder that is taken.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn begin(mut folder: Folder, parameters: Vec<Parameter>, wanted: Wanted) -> Result<SweepDataset, StoreError> {
        let columns = parameters.iter().map(|parameter| {
            let kind = if parameter.kind == ValueKind::Text { Kind::Text } else { Kind::Number };
            field(&parameter.path, &Column { name: "", kind, unit: value::unit(parameter.kind), meaning: "what is set there" })
        });
        let first = std::iter::once(field(POINT.name, &POINT));
        let fields: Vec<_> = first.chain(columns).chain(OF_POINT.iter().map(|column| field(column.name, column))).collect();
        let points = Table::begin(&mut folder, POINTS, Arc::new(Schema::new(fields)))?;
        let is_wanted = [true, true, wanted.series, wanted.histograms];
        let part =
            |index: usize| is_wanted[index].then(|| Part { schema: TABLES[TABLE_OF[index]].arrow_of_points(), number: 0, open: None });
        Ok(SweepDataset { parts: [0, 1, 2, 3].map(part), folder, points, parameters, rows: Vec::new() })
    }

    /// Writes what a point says. Points come in their order.
    ///
    /// # Errors
    /// If the disk is full or gone.
    pub fn append(&mut self, reduced: &Reduced) -> Result<(), StoreError> {
        self.point(reduced)?;
        let Some((built, results)) = &reduced.results else { return Ok(()) };
        let number = Cell::Whole(reduced.number);
        self.write(0, |push| summary_rows(results, |cells| push(&[&[number], cells].concat())))?;
        let vocabulary = measure::vocabulary(&built.plan.layout);
        let series = built.plan.layout.series();
        for record in &reduced.records {
            self.write(1, |push| replication_rows(&vocabulary, record, |cells| push(&[&[number], cells].concat())))?;
            self.write(2, |push| series_rows(&series, record, |cells| push(&[&[number], cells].concat())))?;
            self.write(3, |push| histogram_rows(&vocabulary, record, |cells| push(&[&[number], cells].concat())))?;
        }
        for index in 0..PARTS.len() {
            let is_long = |part: &Part| part.open.as_ref().is_some_and(|(_, table)| table.written >= ROWS_OF_PART);
            if self.parts[index].as_ref().is_some_and(is_long) {
                self.close(index)?;
            }
        }
        Ok(())
    }

    fn point(&mut self, reduced: &Reduced) -> Result<(), StoreError> {
        let mut cells = vec![Cell::Whole(reduced.number)];
        let texts: Vec<String> = self.parameters.iter().map(|parameter| text_of(&reduced.parameters, parameter)).collect();
        for (parameter, text) in self.parameters.iter().zip(&texts) {
            cells.push(match (parameter.kind, reduced.parameters.get(&parameter.path)) {
                (ValueKind::Text, _) => Cell::Text(text),
                (kind, value) => Cell::Number(value.and_then(|value| value::base(value, kind)).unwrap_or(f64::NAN)),
            });
        }
        let results = reduced.results.as_ref().map(|(_, results)| results);
        let first = reduced.failures.first().map(|(_, failure)| failure);
        let (kind, reason) = (first.map_or("", |failure| failure.name()), first.map_or(String::new(), |failure| failure.to_string()));
        let overloaded = results.map_or(String::new(), |results| results.overloaded.join(","));
        let missed =
            results.map_or(Vec::new(), |results| results.slos.iter().filter(|slo| !slo.pass).map(|slo| slo.name.as_str()).collect());
        let precise = match results.map(|results| &results.precision) {
            Some(goals) if !goals.is_empty() => {
                if goals.iter().all(|goal| goal.met) {
                    "yes"
                } else {
                    "no"
                }
            }
            _ => "",
        };
        let failed = reduced.failures.len() as u64;
        let missed = missed.join(",");
        cells.extend([
            Cell::Number(results.map_or(f64::NAN, |results| results.warmup_s)),
            Cell::Whole(reduced.records.len() as u64 + failed),
            Cell::Whole(failed),
            Cell::Text(kind),
            Cell::Text(&reason),
            Cell::Text(&overloaded),
            Cell::Text(&missed),
            Cell::Text(precise),
            Cell::Whole(results.map_or(0, |results| results.events)),
            Cell::Text(results.map_or("", |results| results.fingerprint.as_str())),
        ]);
        self.points.push(&cells)
    }

    /// Writes rows into the open part of a table, if the table is wanted.
    fn write(&mut self, index: usize, rows: impl FnOnce(Push)) -> Result<(), StoreError> {
        let Some(part) = &mut self.parts[index] else { return Ok(()) };
        if part.open.is_none() {
            let name = format!("{}/part-{:05}.parquet", PARTS[index], part.number);
            let table = Table::begin(&mut self.folder, &name, part.schema.clone())?;
            part.open = Some((name, table));
            part.number += 1;
        }
        part.open.as_mut().map_or(Ok(()), |(_, table)| table.fill(rows))
    }

    fn close(&mut self, index: usize) -> Result<(), StoreError> {
        if let Some((name, table)) = self.parts[index].as_mut().and_then(|part| part.open.take()) {
            self.rows.push((name, table.finish()?));
        }
        Ok(())
    }

    /// Gives all files their names, and the manifest last. How many files there are.
    ///
    /// # Errors
    /// If the disk is full or gone; then no manifest is there.
    pub fn finish(mut self, manifest: Manifest) -> Result<usize, StoreError> {
        for index in 0..PARTS.len() {
            self.close(index)?;
        }
        self.rows.push((POINTS.to_string(), self.points.finish()?));
        let rows: Vec<(&str, u64)> = self.rows.iter().map(|(name, rows)| (name.as_str(), *rows)).collect();
        self.folder.complete(manifest, &rows).map(|names| names.len())
    }
}

/// The parameters of a sweep with the kinds of their columns: numbers, if all values are of one kind that is a number.
pub fn parameters(rows: impl Iterator<Item = Parameters>) -> Vec<Parameter> {
    let mut found: Vec<(String, Option<ValueKind>)> = Vec::new();
    for row in rows {
        for (path, value) in &row {
            let kind = value::kind_of(value);
            match found.iter_mut().find(|(known, _)| known == path) {
                Some((_, known)) if *known == Some(kind) => {}
                Some((_, known)) => *known = Some(ValueKind::Text),
                None => found.push((path.clone(), Some(kind))),
            }
        }
    }
    found.into_iter().map(|(path, kind)| Parameter { path, kind: kind.unwrap_or(ValueKind::Text) }).collect()
}

/// A value as text; empty where the point leaves it as it is.
fn text_of(row: &Parameters, parameter: &Parameter) -> String {
    match row.get(&parameter.path) {
        None => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

/// What the manifest of a folder says, if it holds a complete result.
pub fn manifest_of(folder: &Path) -> Option<serde_json::Value> {
    let text = std::fs::read_to_string(folder.join(super::folder::MANIFEST)).ok()?;
    serde_json::from_str(&text).ok()
}

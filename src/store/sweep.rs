//! The files of a sweep: one dataset, wherever its points were run.
//!
//! `points.parquet` has a row per point and a column per varied parameter; `summary/`,
//! `replications/` and the optional `series/` and `histograms/` contain the tables of a run with an
//! additional first column, `point`, sorted by it, in parts of about a million rows. A part ends
//! between two points and depends on nothing but the rows, so that equal sweeps write equal bytes.

use super::dataset::{histogram_rows, replication_rows, series_rows};
use super::folder::{Folder, StoreError};
use super::manifest::Manifest;
use super::points::{Parameter, point_row, points_schema, summary_rows_of_point};
use super::schema::{PARTS, POINTS, TABLES};
use super::table::{Cell, Push, Table};
use crate::experiment::ReducedPoint;
use crate::measure::{self};
use arrow_schema::Schema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A part ends with the point that reaches this number of rows.
const ROWS_OF_PART: u64 = 1_000_000;
/// Points per row group of `points.parquet`.
const POINTS_OF_GROUP: usize = 8_192;

/// For each of [`PARTS`], the index of its table in [`TABLES`].
const TABLE_OF: [usize; PARTS.len()] = [0, 1, 2, 3];

/// The optional tables that are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionalTables {
    /// The time series.
    pub series: bool,
    /// The histograms of durations.
    pub histograms: bool,
}

/// The files of a sweep while they are being written. If it is dropped before
/// [`finish`](SweepDataset::finish), no file remains.
pub struct SweepDataset {
    folder: Folder,
    points: Table,
    parts: [Option<Part>; PARTS.len()],
    parameters: Vec<Parameter>,
    rows: Vec<(String, u64)>,
}

struct Part {
    schema: Arc<Schema>,
    number: u32,
    open: Option<(String, Table)>,
}

impl SweepDataset {
    /// Creates the files in a locked output folder.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn begin(
        mut folder: Folder,
        parameters: Vec<Parameter>,
        wanted: OptionalTables,
    ) -> Result<SweepDataset, StoreError> {
        let points =
            Table::in_groups(POINTS_OF_GROUP, &mut folder, POINTS, points_schema(&parameters))?;
        let is_wanted = [true, true, wanted.series, wanted.histograms];
        let part = |index: usize| {
            is_wanted[index].then(|| Part {
                schema: TABLES[TABLE_OF[index]].arrow_of_points(),
                number: 0,
                open: None,
            })
        };
        Ok(SweepDataset {
            parts: [0, 1, 2, 3].map(part),
            folder,
            points,
            parameters,
            rows: Vec::new(),
        })
    }

    /// Writes the rows of a point. Points must be appended in order.
    ///
    /// # Errors
    /// If the disk is full or gone.
    pub fn append(&mut self, reduced: &ReducedPoint) -> Result<(), StoreError> {
        self.points.fill(|push| point_row(&reduced.swept, &self.parameters, push))?;
        let Some(built) = &reduced.built else { return Ok(()) };
        let number = Cell::Whole(reduced.swept.point);
        self.write(0, |push| summary_rows_of_point(&reduced.swept, push))?;
        let vocabulary = measure::vocabulary(&built.plan.layout);
        let series = built.plan.layout.series();
        for record in &reduced.records {
            self.write(1, |push| {
                replication_rows(&vocabulary, record, |cells| push(&[&[number], cells].concat()))
            })?;
            self.write(2, |push| {
                series_rows(&series, record, |cells| push(&[&[number], cells].concat()))
            })?;
            self.write(3, |push| {
                histogram_rows(&vocabulary, record, |cells| push(&[&[number], cells].concat()))
            })?;
        }
        for index in 0..PARTS.len() {
            let is_long = |part: &Part| {
                part.open.as_ref().is_some_and(|(_, table)| table.written >= ROWS_OF_PART)
            };
            if self.parts[index].as_ref().is_some_and(is_long) {
                self.close(index)?;
            }
        }
        Ok(())
    }

    /// Writes rows into the current part of a table, if the table is written at all.
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

    /// Gives all files their final names, the manifest last, and returns the number of files.
    ///
    /// # Errors
    /// If the disk is full or gone; then there is no manifest.
    pub fn finish(mut self, manifest: Manifest) -> Result<usize, StoreError> {
        for index in 0..PARTS.len() {
            self.close(index)?;
        }
        self.rows.push((POINTS.to_string(), self.points.finish()?));
        let rows: Vec<(&str, u64)> =
            self.rows.iter().map(|(name, rows)| (name.as_str(), *rows)).collect();
        self.folder.complete(manifest, &rows).map(|names| names.len())
    }
}

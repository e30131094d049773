//! The files of a sweep: one dataset, wherever its points were run.
//!
//! `points.parquet` has a row per point and a column per varied parameter; `summary/`,
//! `replications/` and the optional `series/` and `histograms/` contain the tables of a run with an
//! additional first column, `point`, sorted by it, in parts of about a million rows. A part ends
//! between two points and depends on nothing but the rows, so that equal sweeps write equal bytes.

use super::error::StoreError;
use super::folder::Folder;
use super::manifest::Manifest;
use super::points::{Parameter, point_cells, points_schema, with_point};
use super::schema::{POINTS, folder_of, schema_of_points};
use super::table::{ParquetFile, WrittenTable};
use crate::experiment::{Names, ReducedPoint, Replication};
use crate::tables::histograms::{self, HistogramsTable};
use crate::tables::points::PointRow;
use crate::tables::replications::{self, ReplicationsTable};
use crate::tables::series::{self, SeriesTable};
use crate::tables::summary::{self, SummaryTable};
use crate::tables::{Table, cells};
use arrow_schema::Schema;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;
use std::sync::Arc;

/// A part ends with the point that reaches this number of rows.
const ROWS_OF_PART: u64 = 1_000_000;
/// Points per row group of `points.parquet`.
const POINTS_OF_GROUP: usize = 8_192;

/// The optional tables that are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OptionalTables {
    /// The time series.
    pub series: bool,
    /// The histograms of durations.
    pub histograms: bool,
}

/// The files of a sweep while they are being written. If it is dropped before
/// [`finish`](SweepDataset::finish), no file remains.
pub(crate) struct SweepDataset {
    folder: Folder,
    points: ParquetFile,
    summary: Parts<SummaryTable>,
    replications: Parts<ReplicationsTable>,
    series: Option<Parts<SeriesTable>>,
    histograms: Option<Parts<HistogramsTable>>,
    parameters: Vec<Parameter>,
}

/// The files of the table `T`, one after the other.
struct Parts<T: Table> {
    schema: Arc<Schema>,
    open: Option<ParquetFile>,
    finished: Vec<WrittenTable>,
    table: PhantomData<T>,
}

impl<T: Table> Parts<T> {
    fn new() -> Parts<T> {
        let (schema, table) = (schema_of_points::<T>(), PhantomData);
        Parts { schema, open: None, finished: Vec::new(), table }
    }

    /// Writes rows of a point into the current part, which is begun if there is none.
    fn extend<'r>(
        &mut self,
        folder: &mut Folder,
        point: u64,
        mut rows: impl Iterator<Item = T::Row<'r>>,
    ) -> Result<(), StoreError> {
        let file = match &mut self.open {
            Some(open) => open,
            None => {
                let name = format!("{}/part-{:05}.parquet", folder_of::<T>(), self.finished.len());
                self.open.insert(ParquetFile::begin(folder, &name, self.schema.clone())?)
            }
        };
        rows.try_for_each(|row| file.push(with_point(point, cells::<T>(&row))))
    }

    /// Finishes the current part if it is long enough.
    fn end_point(&mut self) -> Result<(), StoreError> {
        let rows = self.open.as_ref().map_or(0, |file| file.written);
        if rows >= ROWS_OF_PART { self.close() } else { Ok(()) }
    }

    fn close(&mut self) -> Result<(), StoreError> {
        if let Some(file) = self.open.take() {
            self.finished.push(file.finish()?);
        }
        Ok(())
    }

    /// Finishes the last part, and returns all.
    fn finish(mut self) -> Result<Vec<WrittenTable>, StoreError> {
        self.close()?;
        Ok(self.finished)
    }
}

impl SweepDataset {
    /// Creates the files in a locked output folder.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(crate) fn begin(
        mut folder: Folder,
        parameters: Vec<Parameter>,
        wanted: OptionalTables,
    ) -> Result<SweepDataset, StoreError> {
        let schema = points_schema(&parameters);
        Ok(SweepDataset {
            points: ParquetFile::in_groups(POINTS_OF_GROUP, &mut folder, POINTS, schema)?,
            folder,
            summary: Parts::new(),
            replications: Parts::new(),
            series: wanted.series.then(Parts::new),
            histograms: wanted.histograms.then(Parts::new),
            parameters,
        })
    }

    /// Writes the rows of a point. Points must be appended in order.
    ///
    /// # Errors
    /// If the disk is full or gone.
    pub(crate) fn append(&mut self, reduced: &ReducedPoint) -> Result<(), StoreError> {
        let (folder, swept) = (&mut self.folder, &reduced.swept);
        self.points.push(point_cells(&PointRow { swept }, &self.parameters))?;
        let Some(built) = &reduced.built else { return Ok(()) };
        let point = swept.point;
        let estimates = swept.results.iter().flat_map(summary::rows);
        self.summary.extend(folder, point, estimates)?;
        let names = Names::new(built);
        for record in &reduced.records {
            let replication = Replication::new(record, &names);
            self.replications.extend(folder, point, replications::rows(replication))?;
            if let Some(parts) = &mut self.series {
                parts.extend(folder, point, series::rows(replication))?;
            }
            if let Some(parts) = &mut self.histograms {
                parts.extend(folder, point, histograms::rows(replication))?;
            }
        }
        self.summary.end_point()?;
        self.replications.end_point()?;
        self.series.as_mut().map_or(Ok(()), Parts::end_point)?;
        self.histograms.as_mut().map_or(Ok(()), Parts::end_point)
    }

    /// Gives all files their final names, the manifest last, and returns the number of files.
    ///
    /// # Errors
    /// If the disk is full or gone; then there is no manifest.
    pub(crate) fn finish(self, manifest: Manifest) -> Result<usize, StoreError> {
        let mut written = self.summary.finish()?;
        written.extend(self.replications.finish()?);
        written.extend(self.series.map(Parts::finish).transpose()?.unwrap_or_default());
        written.extend(self.histograms.map(Parts::finish).transpose()?.unwrap_or_default());
        written.push(self.points.finish()?);
        self.folder.complete(manifest, written).map(|names| names.len())
    }
}

//! The files of one run: created before the first event, filled replication by replication, valid
//! once the folder has its manifest.

use super::error::StoreError;
use super::folder::Folder;
use super::manifest::Manifest;
use super::table::{TableFile, batch};
use crate::experiment::{CellRecord, CompiledPoint, Names, Replication, Results};
use crate::scenario::Scenario;
use crate::tables::events::{self, EventsTable};
use crate::tables::histograms::{self, HistogramsTable};
use crate::tables::replications::{self, ReplicationsTable};
use crate::tables::requests::{self, RequestsTable};
use crate::tables::series::{self, SeriesTable};
use crate::tables::summary::{self, SummaryTable};
use crate::tables::warmup::{self, WarmupTable};
use arrow_array::RecordBatch;
use std::fs;

/// The files of one run while they are being written. If it is dropped before
/// [`finish`](Dataset::finish), no file remains.
pub(crate) struct Dataset {
    folder: Folder,
    summary: TableFile<SummaryTable>,
    replications: TableFile<ReplicationsTable>,
    series: TableFile<SeriesTable>,
    histograms: TableFile<HistogramsTable>,
    events: TableFile<EventsTable>,
    /// `None` unless requests are sampled.
    requests: Option<TableFile<RequestsTable>>,
    /// `None` unless the warm-up is estimated.
    warmup: Option<TableFile<WarmupTable>>,
    names: Names,
}

impl std::fmt::Debug for Dataset {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Dataset").field("folder", &self.folder.path()).finish_non_exhaustive()
    }
}

impl Dataset {
    /// Creates the files in a locked output folder.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(crate) fn begin(mut folder: Folder, built: &CompiledPoint) -> Result<Dataset, StoreError> {
        let is_sampled = built.plan.trace_share > 0.0;
        let further_parts = &built.plan.layout.further_parts;
        // The manifest lists the files in this order.
        Ok(Dataset {
            summary: TableFile::begin(&mut folder)?,
            replications: TableFile::begin(&mut folder)?,
            series: TableFile::begin(&mut folder)?,
            histograms: TableFile::begin(&mut folder)?,
            events: TableFile::begin(&mut folder)?,
            requests: is_sampled
                .then(|| TableFile::without(&mut folder, requests::left_out(further_parts)))
                .transpose()?,
            warmup: built.warmup.as_ref().map(|_| TableFile::begin(&mut folder)).transpose()?,
            folder,
            names: Names::new(built),
        })
    }

    /// Returns the output folder.
    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Writes the rows of one replication.
    ///
    /// # Errors
    /// If the disk is full or gone.
    pub(crate) fn append(&mut self, record: &CellRecord) -> Result<(), StoreError> {
        let replication = Replication::new(record, &self.names);
        self.replications.extend(replications::rows(replication))?;
        self.histograms.extend(histograms::rows(replication))?;
        self.series.extend(series::rows(replication))?;
        self.events.extend(events::rows(replication))?;
        match &mut self.requests {
            Some(table) => table.extend(requests::rows(replication)),
            None => Ok(()),
        }
    }

    /// Adds a file that is not a table, such as a chart.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn add_text(&mut self, name: &str, text: &str) -> Result<(), StoreError> {
        let path = self.folder.begin(name);
        fs::write(&path, text).map_err(|e| StoreError::io("cannot write", &path, e))
    }

    /// Writes the summary, gives all files their final names, the manifest last, and returns the
    /// names. `wanted` is the number of replications that were planned, if the run was interrupted.
    ///
    /// # Errors
    /// If the disk is full or gone; then there is no manifest.
    pub(crate) fn finish(
        mut self,
        scenario: &Scenario,
        results: &Results,
        wanted: Option<u32>,
    ) -> Result<Vec<String>, StoreError> {
        self.summary.extend(summary::rows(results))?;
        if let (Some(table), Some(found)) = (&mut self.warmup, &results.warmup) {
            table.extend(warmup::rows(found))?;
        }
        let mut written = vec![
            self.summary.finish()?,
            self.replications.finish()?,
            self.series.finish()?,
            self.histograms.finish()?,
            self.events.finish()?,
        ];
        written.extend(self.requests.map(TableFile::finish).transpose()?);
        written.extend(self.warmup.map(TableFile::finish).transpose()?);
        self.folder.complete(Manifest::of_run(results, scenario, wanted), written)
    }
}

/// Returns the rows of `summary.parquet` as a batch, without writing a file.
pub fn summary_batch(results: &Results) -> RecordBatch {
    batch::<SummaryTable>(summary::rows(results))
}

//! The files of one run: created before the first event, filled replication by replication, valid
//! once the folder has its manifest.

use super::folder::{Folder, StoreError};
use super::manifest::Manifest;
use super::schema::TABLES;
use super::table::{Cell, Table, summary_rows};
use crate::experiment::{CellRecord, CompiledPoint, Results};
use crate::measure::{self, Layout, Series, Vocabulary};
use crate::request::{NONE, PARTS};
use crate::scenario::Scenario;
use std::fs;

/// The files of one run while they are being written. If it is dropped before
/// [`finish`](Dataset::finish), no file remains.
pub struct Dataset {
    folder: Folder,
    /// In the order of [`TABLES`]; `None` for tables that are not requested.
    tables: Vec<Option<Table>>,
    vocabulary: Vocabulary,
    series: Vec<Series>,
    layout: Layout,
    weight: f64,
}

impl std::fmt::Debug for Dataset {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Dataset").field("folder", &self.folder.path()).finish_non_exhaustive()
    }
}

const SUMMARY: usize = 0;
const REPLICATIONS: usize = 1;
const SERIES: usize = 2;
const HISTOGRAMS: usize = 3;
const EVENTS: usize = 4;
const REQUESTS: usize = 5;
const WARMUP: usize = 6;

impl Dataset {
    /// Creates the files in a locked output folder.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(crate) fn begin(folder: Folder, built: &CompiledPoint) -> Result<Dataset, StoreError> {
        let (plan, has_warmup) = (&built.plan, built.warmup.is_some());
        let share = plan.trace_share;
        let layout = plan.layout.clone();
        let mut dataset = Dataset {
            folder,
            tables: Vec::new(),
            vocabulary: measure::vocabulary(&layout),
            series: layout.series(),
            layout,
            weight: 1.0 / share,
        };
        for (index, table) in TABLES[..=WARMUP].iter().enumerate() {
            if index == REQUESTS && share == 0.0 || index == WARMUP && !has_warmup {
                dataset.tables.push(None);
                continue;
            }
            let table = Table::begin(&mut dataset.folder, table.file, table.arrow())?;
            dataset.tables.push(Some(table));
        }
        Ok(dataset)
    }

    /// Returns the output folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    fn push(&mut self, table: usize, cells: &[Cell]) -> Result<(), StoreError> {
        self.tables[table].as_mut().map_or(Ok(()), |open| open.push(cells))
    }

    /// Writes the rows of one replication.
    ///
    /// # Errors
    /// If the disk is full or gone.
    pub(crate) fn append(&mut self, record: &CellRecord) -> Result<(), StoreError> {
        let (vocabulary, series) =
            (std::mem::take(&mut self.vocabulary), std::mem::take(&mut self.series));
        let mut failed = Ok(());
        let mut push = |table: usize, cells: &[Cell]| {
            if failed.is_ok() {
                failed = self.push(table, cells);
            }
        };
        replication_rows(&vocabulary, record, |cells| push(REPLICATIONS, cells));
        histogram_rows(&vocabulary, record, |cells| push(HISTOGRAMS, cells));
        series_rows(&series, record, |cells| push(SERIES, cells));
        failed?;
        (self.vocabulary, self.series) = (vocabulary, series);
        let replication = Cell::Whole(record.replication as u64);
        for happening in &record.happenings {
            let time = Cell::Number(happening.at.seconds());
            let (kind, entity) = (Cell::Text(happening.kind), Cell::Text(&happening.entity));
            self.push(
                EVENTS,
                &[
                    replication,
                    time,
                    kind,
                    entity,
                    Cell::Text(happening.what),
                    Cell::Text(&happening.detail),
                ],
            )?;
        }
        self.append_requests(record)
    }

    fn append_requests(&mut self, record: &CellRecord) -> Result<(), StoreError> {
        let layout = std::mem::take(&mut self.layout);
        for row in &record.requests {
            let flow = layout.flows[row.flow as usize];
            let workload = flow.workload.map_or("", |w| layout.workloads[w as usize].as_str());
            let endpoint = flow.endpoint.map_or("", |e| layout.endpoints[e as usize].name.as_str());
            let instance = if row.instance == NONE {
                ""
            } else {
                layout.instances[row.instance as usize].name.as_str()
            };
            let request = format!("{:016x}", row.request);
            let caller =
                if row.caller == 0 { String::new() } else { format!("{:016x}", row.caller) };
            let mut cells = vec![
                Cell::Whole(record.replication as u64),
                Cell::Text(&request),
                Cell::Text(&caller),
                Cell::Text(workload),
            ];
            cells.extend([
                Cell::Text(endpoint),
                Cell::Text(instance),
                Cell::Number(row.arrived.seconds()),
                Cell::Number(row.finished.seconds()),
            ]);
            cells.extend((0..PARTS.len()).map(|part| Cell::Number(row.spent[part].seconds())));
            cells.extend([
                Cell::Text(&layout.outcomes[row.outcome.0 as usize]),
                Cell::Number(self.weight),
            ]);
            self.push(REQUESTS, &cells)?;
        }
        self.layout = layout;
        Ok(())
    }

    /// Writes the curves from which the warm-up was estimated.
    fn append_warmup(&mut self, results: &Results) -> Result<(), StoreError> {
        let Some(warmup) = &results.warmup else { return Ok(()) };
        for curve in &warmup.curves {
            let cut = warmup.starts.get(curve.cut).map_or(0.0, |start| start.seconds());
            for (window, (start, mean)) in warmup.starts.iter().zip(&curve.mean).enumerate() {
                let welch = curve.welch.get(window).copied().unwrap_or(f64::NAN);
                let names = [
                    Cell::Text(curve.kind),
                    Cell::Text(&curve.entity),
                    Cell::Text(curve.metric),
                    Cell::Text(curve.unit),
                ];
                let numbers = [start.seconds(), *mean, welch, cut].map(Cell::Number);
                let reached = Cell::Text(if curve.reached { "yes" } else { "no" });
                self.push(WARMUP, &[&names[..], &numbers[..], &[reached]].concat())?;
            }
        }
        Ok(())
    }

    /// Adds a file that is not a table, such as a chart.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add_text(&mut self, name: &str, text: &str) -> Result<(), StoreError> {
        let path = self.folder.begin(name);
        fs::write(&path, text).map_err(|e| StoreError::io("cannot write", &path, e))
    }

    /// Writes the summary, gives all files their final names, the manifest last, and returns the
    /// names. `wanted` is the number of replications that were planned, if the run was interrupted.
    ///
    /// # Errors
    /// If the disk is full or gone; then there is no manifest.
    pub fn finish(
        mut self,
        scenario: &Scenario,
        results: &Results,
        wanted: Option<u32>,
    ) -> Result<Vec<String>, StoreError> {
        if let Some(summary) = &mut self.tables[SUMMARY] {
            summary.fill(|push| summary_rows(results, push))?;
        }
        self.append_warmup(results)?;
        let mut rows = Vec::new();
        for (index, table) in std::mem::take(&mut self.tables).into_iter().enumerate() {
            let Some(table) = table else { continue };
            rows.push((TABLES[index].file, table.finish()?));
        }
        self.folder.complete(Manifest::of_run(results, scenario, wanted), &rows)
    }
}

/// Pushes one replication's rows of `replications.parquet`.
pub fn replication_rows(
    vocabulary: &Vocabulary,
    record: &CellRecord,
    mut push: impl FnMut(&[Cell]),
) {
    let (replication, seed_key) =
        (Cell::Whole(record.replication as u64), format!("{:016x}", record.seed_key));
    for (metric, value) in vocabulary.metrics.iter().zip(&record.values) {
        let (entity, name) = (Cell::Text(&metric.entity), Cell::Text(&metric.metric));
        let (stat, unit, value) =
            (Cell::Text(metric.stat), Cell::Text(metric.unit), Cell::Number(value.value));
        push(&[
            replication,
            Cell::Text(&seed_key),
            Cell::Text(metric.kind),
            entity,
            name,
            stat,
            unit,
            value,
        ]);
    }
}

/// Pushes one replication's rows of `histograms.parquet`.
pub fn histogram_rows(vocabulary: &Vocabulary, record: &CellRecord, mut push: impl FnMut(&[Cell])) {
    let replication = Cell::Whole(record.replication as u64);
    for (named, histogram) in vocabulary.histograms.iter().zip(&record.histograms) {
        for bucket in histogram.buckets() {
            let (low, high) = (bucket.low_ns as f64 / 1e9, bucket.high_ns as f64 / 1e9);
            let (kind, entity, metric) =
                (Cell::Text(named.kind), Cell::Text(&named.entity), Cell::Text(named.metric));
            push(&[
                replication,
                kind,
                entity,
                metric,
                Cell::Number(low),
                Cell::Number(high),
                Cell::Whole(bucket.count),
            ]);
        }
    }
}

/// Pushes one replication's rows of `series.parquet`.
pub fn series_rows(series: &[Series], record: &CellRecord, mut push: impl FnMut(&[Cell])) {
    let replication = Cell::Whole(record.replication as u64);
    for row in &record.series {
        let (start, end) = (Cell::Number(row.start.seconds()), Cell::Number(row.end.seconds()));
        for (series, window) in series.iter().zip(&row.windows) {
            let (entity, metric) = (Cell::Text(&series.entity), Cell::Text(series.metric));
            let (mean, min, max, last) = (window.mean, window.min, window.max, window.last);
            let numbers = [mean, min, max, last].map(Cell::Number);
            let names = [
                replication,
                start,
                end,
                Cell::Text(series.kind),
                entity,
                metric,
                Cell::Text(series.unit),
            ];
            push(&[&names[..], &numbers[..]].concat());
        }
    }
}

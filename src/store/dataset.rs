//! The output folder of one run: made and tried before the first event, filled record by record, made valid by its manifest.

use super::manifest::{FileEntry, Manifest, sha256};
use super::schema::{PLOTS, TABLES};
use super::table::{Cell, Table, summary_rows};
use crate::experiment::Results;
use crate::measure::{self, Layout, Metric, Record, Series};
use crate::request::{NONE, PARTS};
use crate::scenario::{Scenario, to_json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Why nothing could be written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder holds another scenario's results.
    #[error("`{folder}` holds the results of another scenario, `{other}`")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Occupied { folder: String, other: String },
    /// The operating system said no.
    #[error("{doing} `{path}`: {cause}")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Io { doing: &'static str, path: String, cause: String },
}

impl StoreError {
    fn io(doing: &'static str, path: &Path, cause: impl std::fmt::Display) -> StoreError {
        StoreError::Io { doing, path: path.display().to_string(), cause: cause.to_string() }
    }
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            StoreError::Occupied { .. } => "give another folder with `--out`, or overwrite it with `--force`",
            StoreError::Io { .. } => "make room or give another folder with `--out`; `--no-files` writes none",
        }
    }
}

const MANIFEST: &str = "manifest.json";

/// Whether results of this scenario may go into the folder.
///
/// # Errors
/// If it holds those of another scenario.
fn check_folder(folder: &Path, scenario: &str, force: bool) -> Result<(), StoreError> {
    let Ok(text) = fs::read_to_string(folder.join(MANIFEST)) else { return Ok(()) };
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let other = manifest["name"].as_str().unwrap_or("unknown");
    if other != scenario && !force {
        return Err(StoreError::Occupied { folder: folder.display().to_string(), other: other.to_string() });
    }
    Ok(())
}

/// The files of one run, while they are written. Dropped before [`finish`](Dataset::finish), it leaves nothing behind.
pub struct Dataset {
    folder: PathBuf,
    /// By [`TABLES`]; none for those that are not asked for.
    tables: Vec<Option<Table>>,
    /// Temporary names of what is written, with the final ones.
    files: Vec<(PathBuf, String)>,
    metrics: Vec<Metric>,
    series: Vec<Series>,
    layout: Layout,
    weight: f64,
}

impl std::fmt::Debug for Dataset {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Dataset").field("folder", &self.folder).finish_non_exhaustive()
    }
}

const SUMMARY: usize = 0;
const REPLICATIONS: usize = 1;
const SERIES: usize = 2;
const HISTOGRAMS: usize = 3;
const EVENTS: usize = 4;
const REQUESTS: usize = 5;

impl Dataset {
    /// Makes the folder and begins its files.
    ///
    /// # Errors
    /// If it holds another scenario's results, or cannot be written.
    pub fn create(folder: &Path, scenario: &Scenario, plan: &crate::plan::Plan, force: bool) -> Result<Dataset, StoreError> {
        check_folder(folder, &scenario.name, force)?;
        fs::create_dir_all(folder).map_err(|e| StoreError::io("cannot make the folder", folder, e))?;
        let share = plan.trace_share;
        let layout = plan.layout.clone();
        let mut dataset = Dataset {
            folder: folder.to_path_buf(),
            tables: Vec::new(),
            files: Vec::new(),
            metrics: measure::metrics(&layout),
            series: layout.series(),
            layout,
            weight: 1.0 / share,
        };
        for (index, table) in TABLES.iter().enumerate() {
            if index == REQUESTS && share == 0.0 {
                dataset.tables.push(None);
                continue;
            }
            let path = dataset.begin(table.file);
            let created =
                fs::File::create(&path).map_err(|e| e.to_string()).and_then(|file| Table::create(table, file).map_err(|e| e.to_string()));
            dataset.tables.push(Some(created.map_err(|e| StoreError::io("cannot write", &path, e))?));
        }
        Ok(dataset)
    }

    /// The output folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The temporary name of a file that will be called `name`.
    fn begin(&mut self, name: &str) -> PathBuf {
        let path = self.folder.join(format!(".{name}.{}.part", std::process::id()));
        self.files.push((path.clone(), name.to_string()));
        path
    }

    fn push(&mut self, table: usize, cells: &[Cell]) -> Result<(), StoreError> {
        match &mut self.tables[table] {
            Some(open) => open.push(cells).map_err(|e| StoreError::io("cannot write", &self.folder.join(TABLES[table].file), e)),
            None => Ok(()),
        }
    }

    /// Writes what one replication left behind.
    ///
    /// # Errors
    /// If the disk is full or gone.
    pub fn append(&mut self, record: &Record) -> Result<(), StoreError> {
        let replication = Cell::Whole(record.replication as u64);
        let (values, histograms) = measure::values(&self.layout, record);
        let seed_key = format!("{:016x}", record.seed_key);
        let metrics = std::mem::take(&mut self.metrics);
        for (metric, value) in metrics.iter().zip(values) {
            let (entity, name) = (Cell::Text(&metric.entity), Cell::Text(&metric.metric));
            let (stat, unit, value) = (Cell::Text(metric.stat), Cell::Text(metric.unit), Cell::Number(value.value));
            self.push(REPLICATIONS, &[replication, Cell::Text(&seed_key), Cell::Text(metric.kind), entity, name, stat, unit, value])?;
        }
        self.metrics = metrics;
        for named in &histograms {
            for bucket in named.histogram.buckets() {
                let (low, high) = (bucket.low_ns as f64 / 1e9, bucket.high_ns as f64 / 1e9);
                let (kind, entity, metric) = (Cell::Text(named.kind), Cell::Text(&named.entity), Cell::Text(named.metric));
                self.push(
                    HISTOGRAMS,
                    &[replication, kind, entity, metric, Cell::Number(low), Cell::Number(high), Cell::Whole(bucket.count)],
                )?;
            }
        }
        let series = std::mem::take(&mut self.series);
        for row in &record.series {
            let (start, end) = (Cell::Number(row.start.seconds()), Cell::Number(row.end.seconds()));
            for (series, window) in series.iter().zip(&row.windows) {
                let (entity, metric) = (Cell::Text(&series.entity), Cell::Text(series.metric));
                let (mean, min, max, last) = (window.mean, window.min, window.max, window.last);
                let numbers = [mean, min, max, last].map(Cell::Number);
                let names = [replication, start, end, Cell::Text(series.kind), entity, metric, Cell::Text(series.unit)];
                self.push(SERIES, &[&names[..], &numbers[..]].concat())?;
            }
        }
        self.series = series;
        for happening in &record.happenings {
            let at = Cell::Number(happening.at.seconds());
            let (kind, entity) = (Cell::Text(happening.kind), Cell::Text(&happening.entity));
            self.push(EVENTS, &[replication, at, kind, entity, Cell::Text(happening.what), Cell::Text(&happening.detail)])?;
        }
        self.append_requests(record)
    }

    fn append_requests(&mut self, record: &Record) -> Result<(), StoreError> {
        let layout = std::mem::take(&mut self.layout);
        for row in &record.requests {
            let flow = layout.flows[row.flow as usize];
            let workload = flow.workload.map_or("", |w| layout.workloads[w as usize].as_str());
            let endpoint = flow.endpoint.map_or("", |e| layout.endpoints[e as usize].name.as_str());
            let instance = if row.instance == NONE { "" } else { layout.instances[row.instance as usize].name.as_str() };
            let request = format!("{:016x}", row.request);
            let caller = if row.caller == 0 { String::new() } else { format!("{:016x}", row.caller) };
            let mut cells = vec![Cell::Whole(record.replication as u64), Cell::Text(&request), Cell::Text(&caller), Cell::Text(workload)];
            cells.extend([
                Cell::Text(endpoint),
                Cell::Text(instance),
                Cell::Number(row.arrived.seconds()),
                Cell::Number(row.finished.seconds()),
            ]);
            cells.extend((0..PARTS.len()).map(|part| Cell::Number(row.spent[part].seconds())));
            cells.extend([Cell::Text(&layout.outcomes[row.outcome.0 as usize]), Cell::Number(self.weight)]);
            self.push(REQUESTS, &cells)?;
        }
        self.layout = layout;
        Ok(())
    }

    /// Adds a file that is not a table, such as a chart.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add_text(&mut self, name: &str, text: &str) -> Result<(), StoreError> {
        let path = self.begin(name);
        fs::write(&path, text).map_err(|e| StoreError::io("cannot write", &path, e))
    }

    /// Writes the summary, gives all files their names, and the manifest last. The names of the files.
    ///
    /// # Errors
    /// If the disk is full or gone; then no manifest is there.
    pub fn finish(mut self, scenario: &Scenario, results: &Results) -> Result<Vec<String>, StoreError> {
        let mut failed = Ok(());
        summary_rows(results, |cells| {
            if failed.is_ok() {
                failed = self.push(SUMMARY, cells);
            }
        });
        failed?;
        let mut rows = Vec::new();
        for (index, table) in std::mem::take(&mut self.tables).into_iter().enumerate() {
            let Some(table) = table else { continue };
            let count = table.finish().map_err(|e| StoreError::io("cannot write", &self.folder.join(TABLES[index].file), e))?;
            rows.push((TABLES[index].file, count));
        }
        let manifest_path = self.folder.join(MANIFEST);
        let mut manifest = Manifest::new(results, to_json(scenario).unwrap_or_default());
        for (path, name) in &self.files {
            let sha256 = sha256(path).map_err(|e| StoreError::io("cannot read", path, e))?;
            let rows = rows.iter().find(|(file, _)| file == name).map(|(_, rows)| *rows);
            manifest.files.push(FileEntry { name: name.clone(), rows, sha256 });
        }
        // From here on the old results are gone: without a manifest the folder is not complete.
        match fs::remove_file(&manifest_path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::io("cannot replace", &manifest_path, e)),
            _ => {}
        }
        for (path, name) in &self.files {
            fs::File::open(path).and_then(|file| file.sync_all()).map_err(|e| StoreError::io("cannot write", path, e))?;
            let target = self.folder.join(name);
            fs::rename(path, &target).map_err(|e| StoreError::io("cannot write", &target, e))?;
        }
        remove_stale(&self.folder, &manifest);
        self.write_manifest(&manifest, &manifest_path)?;
        let names = self.files.iter().map(|(_, name)| name.clone()).chain([MANIFEST.to_string()]).collect();
        self.files.clear();
        Ok(names)
    }

    fn write_manifest(&mut self, manifest: &Manifest, path: &Path) -> Result<(), StoreError> {
        let temporary = self.begin(MANIFEST);
        let write = || -> std::io::Result<()> {
            let mut file = fs::File::create(&temporary)?;
            file.write_all(manifest.to_json().as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, path)
        };
        write().map_err(|e| StoreError::io("cannot write", path, e))?;
        self.files.pop();
        Ok(())
    }
}

/// Files of an earlier run that this one does not write would contradict it.
fn remove_stale(folder: &Path, manifest: &Manifest) {
    let ours = TABLES.iter().map(|table| table.file).chain([PLOTS]);
    for name in ours.filter(|name| !manifest.files.iter().any(|file| file.name == *name)) {
        // Not being there is what is wanted.
        let _ = fs::remove_file(folder.join(name));
    }
}

impl Drop for Dataset {
    fn drop(&mut self) {
        for (path, _) in &self.files {
            let _ = fs::remove_file(path);
        }
    }
}

//! A run as observed from outside: the bytes of its files, every request, every number.

use super::generate::{ALL, Case, Feature, Stranger};
use arrow_array::{Array, Float64Array, RecordBatch, StringArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The parts of a latency, in the order of [`Request::parts`].
pub const PARTS: [&str; 7] = ["queue", "cpu", "io", "network", "memory", "admission", "abandoned"];
pub const QUEUE: usize = 0;
pub const CPU: usize = 1;
pub const IO: usize = 2;
pub const NETWORK: usize = 3;
pub const MEMORY: usize = 4;
pub const ADMISSION: usize = 5;

/// A request, from `requests.parquet`; times in whole nanoseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub key: String,
    pub caller: String,
    pub workload: String,
    pub endpoint: String,
    pub instance: String,
    pub outcome: String,
    pub arrived: u64,
    pub finished: u64,
    pub parts: [u64; 7],
    /// Waiting for locks and connections, and holding a core without computing.
    pub further: u64,
}

impl Request {
    /// Returns the total time charged to it, in nanoseconds, including calls.
    pub fn spent(&self) -> u64 {
        self.parts.iter().sum::<u64>() + self.further
    }
}

/// A number of one replication: kind, entity, metric, statistic.
pub type Number = (String, String, String, String);

/// The results of a run.
pub struct Run {
    pub requests: Vec<Request>,
    pub numbers: BTreeMap<Number, f64>,
    /// The value of each series at the end, by kind, entity and metric.
    pub last: BTreeMap<(String, String, String), f64>,
}

impl Run {
    pub fn number(&self, kind: &str, entity: &str, metric: &str, stat: &str) -> f64 {
        let name = [kind, entity, metric, stat].map(str::to_string);
        *self.numbers.get(&name.clone().into()).unwrap_or_else(|| panic!("there is no {name:?}"))
    }
    /// Returns the entities of a kind that have numbers.
    pub fn entities(&self, kind: &str) -> Vec<String> {
        let mut names: Vec<String> =
            self.numbers.keys().filter(|name| name.0 == kind).map(|name| name.1.clone()).collect();
        names.dedup();
        names
    }
    /// Returns the sum of a gauge at the end, over all entities of a kind.
    pub fn at_the_end(&self, kind: &str, metric: &str) -> f64 {
        self.last
            .iter()
            .filter(|(name, _)| name.0 == kind && name.2 == metric)
            .map(|(_, value)| value)
            .sum()
    }
}

/// Runs a scenario with the command in the build of this test, with debug assertions and audits
/// enabled, and returns its standard output.
pub fn command(folder: &Path, yaml: &str, arguments: &[&str]) -> Result<Vec<u8>, String> {
    fs::write(folder.join("property.yaml"), yaml).map_err(|e| e.to_string())?;
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_asyncflow"))
        .args(["run", "property.yaml"])
        .args(arguments)
        .current_dir(folder)
        .env("RUST_BACKTRACE", "0")
        .output()
        .map_err(|e| e.to_string())?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr))),
    }
}

/// Creates a folder for a run, in memory if possible, because a run waits until its files are on
/// disk.
pub fn folder() -> Result<tempfile::TempDir, String> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
        .map_err(|e| e.to_string())
}

/// Returns every request and every number of one replication. All users wait: what goes on after
/// they have left is not among the requests that are written.
pub fn run(case: &Case) -> Result<Run, String> {
    let patient = case.clone().without(&[Feature::Impatience]);
    run_text(&patient.yaml(1, Stranger::None, ALL))
}

/// Like [`run`], for a scenario text.
pub fn run_text(yaml: &str) -> Result<Run, String> {
    let folder = folder()?;
    command(folder.path(), yaml, &["-q", "--out", "out"])?;
    let table = |name: &str| rows(&folder.path().join("out").join(name));
    let mut run = Run { requests: Vec::new(), numbers: BTreeMap::new(), last: BTreeMap::new() };
    for batch in table("requests.parquet")? {
        let (words, seconds) = (words(&batch), seconds(&batch));
        for row in 0..batch.num_rows() {
            let word = |name: &str| words[name].value(row).to_string();
            let ns = |name: &str| (seconds[name].value(row) * 1e9).round() as u64;
            run.requests.push(Request {
                key: word("request"),
                caller: word("caller"),
                workload: word("workload"),
                endpoint: word("endpoint"),
                instance: word("instance"),
                outcome: word("outcome"),
                arrived: ns("arrived_s"),
                finished: ns("finished_s"),
                parts: PARTS.map(|part| ns(&format!("{part}_s"))),
                further: ["lock_s", "pool_s", "block_s", "thread_s"]
                    .into_iter()
                    .filter(|name| seconds.contains_key(*name))
                    .map(ns)
                    .sum(),
            });
        }
    }
    for batch in table("replications.parquet")? {
        let (words, values) = (words(&batch), seconds(&batch));
        for row in 0..batch.num_rows() {
            let name =
                ["kind", "entity", "metric", "stat"].map(|name| words[name].value(row).to_string());
            let value =
                if values["value"].is_null(row) { f64::NAN } else { values["value"].value(row) };
            run.numbers.insert(name.into(), value);
        }
    }
    for batch in table("series.parquet")? {
        let (words, values) = (words(&batch), seconds(&batch));
        for row in 0..batch.num_rows() {
            let name = ["kind", "entity", "metric"].map(|name| words[name].value(row).to_string());
            run.last.insert(name.into(), values["last"].value(row));
        }
    }
    Ok(run)
}

fn rows(path: &Path) -> Result<Vec<RecordBatch>, String> {
    let file = fs::File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.build())
        .map_err(|e| e.to_string())?;
    reader.collect::<Result<_, _>>().map_err(|e| e.to_string())
}

fn columns<A: Array + Clone + 'static>(batch: &RecordBatch) -> BTreeMap<String, A> {
    let schema = batch.schema();
    let named = schema.fields().iter().zip(batch.columns());
    named
        .filter_map(|(field, column)| {
            Some((field.name().clone(), column.as_any().downcast_ref::<A>()?.clone()))
        })
        .collect()
}

fn words(batch: &RecordBatch) -> BTreeMap<String, StringArray> {
    columns(batch)
}

fn seconds(batch: &RecordBatch) -> BTreeMap<String, Float64Array> {
    columns(batch)
}

/// Returns the names of all files of a run, and their bytes.
pub fn files(
    folder: &Path,
    yaml: &str,
    arguments: &[&str],
) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let out = tempfile::tempdir_in(folder).map_err(|e| e.to_string())?;
    let path = out.path().join("out");
    command(folder, yaml, &[&["-q", "--out", &path.display().to_string()], arguments].concat())?;
    let entries = fs::read_dir(&path).map_err(|e| e.to_string())?.filter_map(Result::ok);
    let bytes = |entry: fs::DirEntry| {
        Some((entry.file_name().into_string().ok()?, fs::read(entry.path()).ok()?))
    };
    Ok(entries.filter_map(bytes).collect())
}

/// Returns the parts of each request itself: the parts of its calls, which were added when they
/// answered, are subtracted.
pub fn own_parts(requests: &[Request]) -> Result<Vec<[u64; 7]>, String> {
    let index: BTreeMap<&str, usize> =
        requests.iter().enumerate().map(|(index, request)| (request.key.as_str(), index)).collect();
    let mut own: Vec<[u64; 7]> = requests.iter().map(|request| request.parts).collect();
    for call in requests {
        let Some(&caller) = index.get(call.caller.as_str()) else { continue };
        let of = &requests[caller];
        // A call that ended after its caller had crashed was not charged to it.
        if of.outcome == "crashed"
            && (call.finished > of.finished
                || call.finished == of.finished && call.outcome != "crashed")
        {
            continue;
        }
        if call.arrived < of.arrived || call.finished > of.finished {
            return Err(format!("{call:?} is not within its caller {of:?}"));
        }
        for (mine, theirs) in own[caller].iter_mut().zip(call.parts) {
            *mine = mine
                .checked_sub(theirs)
                .ok_or_else(|| format!("{call:?} spent more than its caller {of:?} took over"))?;
        }
    }
    Ok(own)
}

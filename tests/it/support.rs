//! Helpers shared by the tests: run a short scenario and check its results; run commands in a
//! temporary folder and read the tables that they write.

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use asyncflow::experiment::{Results, Row};
use asyncflow::scenario;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Runs a scenario written in YAML; `version: 1` and the name are added.
pub fn run(yaml: &str) -> Answer {
    let scenario = scenario::from_yaml(&format!("version: 1\nname: test\n{yaml}"))
        .unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
    Answer { results: asyncflow::run(&scenario).unwrap_or_else(|error| panic!("{error}")) }
}

/// The results of a run, with assertions.
pub struct Answer {
    pub results: Results,
}

impl Answer {
    /// Returns the row of a metric, such as `("workload users", "latency p99")`.
    pub fn row(&self, of: &str, number: &str) -> &Row {
        let (kind, entity) = of.split_once(' ').expect("kind and entity");
        let (metric, stat) = number.rsplit_once(' ').expect("metric and statistic");
        self.results
            .find(kind, entity, metric, stat)
            .unwrap_or_else(|| panic!("there is no {metric} {stat} of {kind} {entity}"))
    }
    /// Returns the estimate of a metric.
    pub fn value(&self, of: &str, number: &str) -> f64 {
        self.row(of, number).estimate.estimate
    }
    /// Asserts that the estimate is within 4 standard errors of the exact value, and that the
    /// standard error is at most the share `precision` of it. A correct simulator fails one such
    /// assertion in 16,000 (normal; about 1 in 3,600 with the t of 40 replications).
    pub fn agrees(&self, of: &str, number: &str, exact: f64, precision: f64) {
        let e = &self.row(of, number).estimate;
        let z = (e.estimate - exact) / e.std_error;
        assert!(
            e.std_error <= precision * exact.abs(),
            "{of} {number}: the standard error {} is more than {precision} of {exact}",
            e.std_error
        );
        assert!(
            z.abs() < 4.0,
            "{of} {number}: {} ± {} against {exact}: z = {z:.2}",
            e.estimate,
            e.std_error
        );
    }
    /// Asserts equality within a relative rounding error of 1e-9.
    pub fn equals(&self, of: &str, number: &str, exact: f64) {
        let value = self.value(of, number);
        assert!(
            (value - exact).abs() <= 1e-9 * exact.abs().max(1e-9),
            "{of} {number}: {value} is not {exact}"
        );
    }
}

/// A temporary folder with a scenario, in which commands are run.
pub struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    pub fn new(file: &str, scenario: &str) -> Room {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(file), scenario).unwrap();
        Room { folder }
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_asyncflow"));
        command.args(arguments.split(' ')).current_dir(&self.folder);
        command
    }
    pub fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }
    /// Runs a command, asserts its exit code, and returns its standard error.
    pub fn ends(&self, arguments: &str, code: i32) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments}: {stderr}");
        stderr
    }
    /// Returns what a command prints with `--json`.
    pub fn says(&self, arguments: &str) -> serde_json::Value {
        serde_json::from_slice(&self.run(&format!("{arguments} --json")).stdout).unwrap()
    }
    /// Returns the one table that a command writes with `--out`. Asserts that it has the same bytes
    /// on one thread and on two, that a foreign folder is refused before anything is printed and
    /// stays unchanged, and that `--force` overwrites it.
    pub fn writes(&self, arguments: &str, file: &str) -> RecordBatch {
        self.ends(&format!("{arguments} -q -j 1 --out one"), 0);
        self.ends(&format!("{arguments} -q -j 2 --out two"), 0);
        for name in [file, "manifest.json"] {
            assert!(
                fs::read(self.path("one").join(name)).unwrap()
                    == fs::read(self.path("two").join(name)).unwrap(),
                "{name}"
            );
        }
        fs::create_dir(self.path("taken")).unwrap();
        fs::write(self.path("taken/manifest.json"), r#"{ "name": "another" }"#).unwrap();
        let refused = self.run(&format!("{arguments} --out taken"));
        assert!(
            refused.status.code() == Some(2) && refused.stdout.is_empty(),
            "the folder is refused before anything is printed"
        );
        let stderr = String::from_utf8_lossy(&refused.stderr);
        assert!(
            stderr.contains("`taken` holds a `manifest.json` that AsyncFlow did not write")
                && stderr.contains("--force"),
            "{stderr}"
        );
        assert_eq!(fs::read_dir(self.path("taken")).unwrap().count(), 1, "no file was added");
        self.ends(&format!("{arguments} -q --out taken --force"), 0);
        assert!(
            fs::read(self.path("taken").join(file)).unwrap()
                == fs::read(self.path("one").join(file)).unwrap()
        );
        table(&self.path("one").join(file))
    }
    /// Returns the manifest of a folder.
    pub fn manifest(&self, folder: &str) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.path(folder).join("manifest.json")).unwrap()).unwrap()
    }
}

/// Reads a Parquet file of up to 65,536 rows.
pub fn table(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap())
        .unwrap()
        .with_batch_size(65_536)
        .build()
        .unwrap();
    let mut batches: Vec<RecordBatch> = reader.map(|batch| batch.unwrap()).collect();
    assert_eq!(batches.len(), 1, "{}", path.display());
    batches.remove(0)
}

/// Returns a column of text.
pub fn text_column(batch: &RecordBatch, column: &str) -> Vec<String> {
    batch[column].as_string::<i32>().iter().map(|word| word.unwrap().to_string()).collect()
}

/// Asserts that a column contains the numbers of a JSON document, null for null. Rust's JSON parser
/// may err in the last digit; `tests/readback.py` compares every bit.
pub fn assert_numbers<'v>(
    batch: &RecordBatch,
    column: &str,
    numbers: impl Iterator<Item = &'v serde_json::Value>,
) {
    let actual: Vec<Option<f64>> = batch[column].as_primitive::<Float64Type>().iter().collect();
    let expected: Vec<Option<f64>> = numbers.map(serde_json::Value::as_f64).collect();
    assert_eq!(actual.len(), expected.len(), "{column}");
    for (row, (actual, expected)) in actual.iter().zip(&expected).enumerate() {
        let same = actual.zip(*expected).map_or(actual == expected, |(actual, expected)| {
            (actual - expected).abs() <= 4.0 * f64::EPSILON * expected.abs()
        });
        assert!(same, "{column} of row {row}: {actual:?} is not {expected:?}");
    }
}

/// Waits at most 20 s for a condition.
pub fn wait_until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..20_000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("timed out waiting until {what}");
}

/// Sends a signal to a process.
pub fn signal(child: &Child, name: &str) {
    // The process may already have ended.
    let _ = Command::new("kill")
        .args([name, &child.id().to_string()])
        .stderr(Stdio::null())
        .status()
        .unwrap();
}

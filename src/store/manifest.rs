//! The manifest: what was run, and the files of the result with their rows and hashes.

use super::table::WrittenTable;
use crate::design::value::unit;
use crate::experiment::{CapacityResult, Comparison, Results, Sensitivity, Shard};
use crate::scenario::{Scenario, to_json};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;

/// The content of a manifest.
pub(crate) struct Manifest {
    head: Vec<(&'static str, Value)>,
    pub files: Vec<FileEntry>,
}

/// A file of the result.
pub(crate) struct FileEntry {
    pub name: String,
    /// `None` for a file that is not a table.
    pub table: Option<WrittenTable>,
    pub sha256: String,
}

impl Manifest {
    /// Creates the manifest of a command: the entries that all commands share, with the command's
    /// `entries` between them.
    fn of(command: &str, scenario: &Scenario, entries: Vec<(&'static str, Value)>) -> Manifest {
        let written = to_json(scenario);
        let before = [
            ("asyncflow", json!(env!("CARGO_PKG_VERSION"))),
            ("command", json!(command)),
            ("name", json!(scenario.name)),
            ("seed", json!(scenario.run.seed)),
            // Many JSON parsers represent whole numbers exactly only up to 2^53.
            ("seed_text", json!(scenario.run.seed.to_string())),
        ];
        let after = [
            ("scenario_sha256", json!(hash(&written))),
            ("scenario", serde_json::from_str(&written).unwrap_or_default()),
        ];
        Manifest {
            head: before.into_iter().chain(entries).chain(after).collect(),
            files: Vec::new(),
        }
    }
    /// Creates the manifest of a sweep. `identity` is a hash of its design, `fingerprint` one of
    /// its results.
    pub(crate) fn of_sweep(
        scenario: &Scenario,
        points: u64,
        shard: Option<Shard>,
        identity: &str,
        fingerprint: u64,
    ) -> Manifest {
        let mut entries = vec![("points", json!(points))];
        entries.extend(shard.map(|shard| ("shard", json!(shard.to_string()))));
        entries.extend([
            ("confidence", json!(scenario.run.confidence.0.fraction)),
            ("fingerprint", json!(format!("{fingerprint:016x}"))),
            ("identity", json!(identity)),
        ]);
        Manifest::of("sweep", scenario, entries)
    }
    /// Creates the manifest of a comparison.
    pub(crate) fn of_comparison(baseline: &Scenario, comparison: &Comparison) -> Manifest {
        let fingerprints: Vec<&str> =
            comparison.results.iter().map(|results| results.fingerprint.as_str()).collect();
        let entries = vec![
            ("confidence", json!(comparison.confidence)),
            ("variants", json!(comparison.names)),
            ("fingerprints", json!(fingerprints)),
        ];
        Manifest::of("compare", baseline, entries)
    }
    /// Creates the manifest of a capacity search, which contains the capacity.
    pub(crate) fn of_capacity(scenario: &Scenario, result: &CapacityResult) -> Manifest {
        let bottleneck = result.bottleneck.as_ref().map(|bottleneck| {
            json!({
                "kind": bottleneck.kind, "entity": bottleneck.entity,
                "utilisation": bottleneck.utilisation,
                "waits_for": bottleneck.waits_for, "share_of_latency": bottleneck.share_of_latency,
            })
        });
        let written = |base: Option<f64>| base.map_or(Value::Null, |base| result.written(base));
        let entries = vec![
            ("confidence", json!(scenario.run.confidence.0.fraction)),
            ("path", json!(result.path)),
            ("unit", json!(unit(result.kind))),
            ("searched", json!(result.target.name())),
            ("capacity", written(Some(result.estimate))),
            ("number", json!(result.estimate)),
            ("meets", written(result.meets)),
            ("misses", written(result.misses)),
            ("lower", result.lower_edge()),
            ("today", written(result.today)),
            ("headroom", json!(result.headroom())),
            ("bottleneck", json!(bottleneck)),
        ];
        Manifest::of("capacity", scenario, entries)
    }
    /// Creates the manifest of a sensitivity analysis.
    pub(crate) fn of_sensitivity(scenario: &Scenario, answers: &[Sensitivity]) -> Manifest {
        let metrics = answers.iter().map(|answer| {
            json!({
                "metric": answer.name(), "unit": answer.unit, "points": answer.points, "unknown": answer.unknown, "variation": answer.variation.name(),
                "least": answer.range.0, "largest": answer.range.1,
            })
        });
        let entries = vec![
            ("confidence", json!(scenario.run.confidence.0.fraction)),
            ("method", json!(answers.first().map(|answer| answer.method.name()))),
            ("metrics", metrics.collect()),
        ];
        Manifest::of("sensitivity", scenario, entries)
    }
    /// Adds an entry.
    pub(crate) fn add(&mut self, key: &'static str, value: Value) {
        self.head.push((key, value));
    }
    /// Creates the manifest of a run. `wanted` is the number of replications that were planned, if
    /// the run was interrupted.
    pub(crate) fn of_run(results: &Results, scenario: &Scenario, wanted: Option<u32>) -> Manifest {
        let mut entries = vec![("replications", json!(results.replications))];
        entries.extend(
            wanted.map(|of| ("interrupted", json!({ "done": results.replications, "of": of }))),
        );
        entries.extend([
            ("confidence", json!(results.confidence)),
            ("events", json!(results.events)),
            ("fingerprint", json!(results.fingerprint)),
        ]);
        Manifest::of("run", scenario, entries)
    }

    pub(crate) fn to_json(&self) -> String {
        let mut files = Map::new();
        for file in &self.files {
            let mut entry = Map::new();
            if let Some(table) = &file.table {
                entry.insert("rows".into(), json!(table.rows));
            }
            entry.insert("sha256".into(), json!(file.sha256));
            if let Some(table) = &file.table {
                let units = table.units.iter().map(|(column, unit)| (column.clone(), json!(unit)));
                entry.insert("units".into(), Value::Object(units.collect()));
            }
            files.insert(file.name.clone(), Value::Object(entry));
        }
        let head = self.head.iter().map(|(key, value)| (key.to_string(), value.clone()));
        let all: Map<String, Value> =
            head.chain([("files".to_string(), Value::Object(files))]).collect();
        serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
    }
}

/// Returns the SHA-256 of a text, hexadecimal.
pub(crate) fn hash(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

/// Returns the SHA-256 of a file, hexadecimal.
pub(crate) fn sha256(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(&hasher.finalize())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

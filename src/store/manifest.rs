//! The manifest: what was run, and which files with how many rows and which hash are the result.

use super::schema::TABLES;
use crate::design::value::unit;
use crate::experiment::{CapacityResult, Comparison, Results, Sensitivity, Shard};
use crate::scenario::{Scenario, to_json};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;

/// What the manifest says.
pub struct Manifest {
    head: Vec<(&'static str, Value)>,
    pub files: Vec<FileEntry>,
}

/// A file of the result.
pub struct FileEntry {
    pub name: String,
    /// None for a file that is not a table.
    pub rows: Option<u64>,
    pub sha256: String,
}

impl Manifest {
    /// What every command's says of a scenario, with what this one has to say between.
    fn of(command: &str, scenario: &Scenario, said: Vec<(&'static str, Value)>) -> Manifest {
        let written = to_json(scenario);
        let before = [
            ("asyncflow", json!(env!("CARGO_PKG_VERSION"))),
            ("command", json!(command)),
            ("name", json!(scenario.name)),
            ("seed", json!(scenario.run.seed)),
            // Many readers of JSON hold whole numbers up to 2^53 only.
            ("seed_text", json!(scenario.run.seed.to_string())),
        ];
        let after = [
            ("scenario_sha256", json!(hash(&written))),
            ("scenario", serde_json::from_str(&written).unwrap_or_default()),
        ];
        Manifest { head: before.into_iter().chain(said).chain(after).collect(), files: Vec::new() }
    }
    /// That of a sweep. `identity` says which sweep it is, `fingerprint` what came of it.
    pub fn of_sweep(
        scenario: &Scenario,
        points: u64,
        shard: Option<Shard>,
        identity: &str,
        fingerprint: u64,
    ) -> Manifest {
        let mut said = vec![("points", json!(points))];
        said.extend(shard.map(|shard| ("shard", json!(shard.to_string()))));
        said.extend([
            ("confidence", json!(scenario.run.confidence.0.fraction)),
            ("fingerprint", json!(format!("{fingerprint:016x}"))),
            ("identity", json!(identity)),
        ]);
        Manifest::of("sweep", scenario, said)
    }
    /// That of a comparison.
    pub fn of_comparison(baseline: &Scenario, comparison: &Comparison) -> Manifest {
        let fingerprints: Vec<&str> =
            comparison.results.iter().map(|results| results.fingerprint.as_str()).collect();
        let said = vec![
            ("confidence", json!(comparison.confidence)),
            ("variants", json!(comparison.names)),
            ("fingerprints", json!(fingerprints)),
        ];
        Manifest::of("compare", baseline, said)
    }
    /// That of a capacity: the answer.
    pub fn of_capacity(scenario: &Scenario, found: &CapacityResult) -> Manifest {
        let bottleneck = found.bottleneck.as_ref().map(|bottleneck| {
            json!({
                "service": bottleneck.service, "utilisation": bottleneck.utilisation,
                "waits_for": bottleneck.waits_for, "share_of_latency": bottleneck.share_of_latency,
            })
        });
        let written = |base: Option<f64>| base.map_or(Value::Null, |base| found.written(base));
        let said = vec![
            ("confidence", json!(scenario.run.confidence.0.fraction)),
            ("path", json!(found.path)),
            ("unit", json!(unit(found.kind))),
            ("searched", json!(found.target.name())),
            ("capacity", written(Some(found.estimate))),
            ("number", json!(found.estimate)),
            ("meets", written(found.meets)),
            ("misses", written(found.misses)),
            ("lower", found.lower_edge()),
            ("today", written(found.today)),
            ("headroom", json!(found.headroom())),
            ("bottleneck", json!(bottleneck)),
        ];
        Manifest::of("capacity", scenario, said)
    }
    /// That of a sensitivity analysis.
    pub fn of_sensitivity(scenario: &Scenario, answers: &[Sensitivity]) -> Manifest {
        let metrics = answers.iter().map(|answer| {
            json!({
                "metric": answer.name(), "unit": answer.unit, "points": answer.points, "unknown": answer.unknown, "variation": answer.variation.name(),
                "least": answer.range.0, "largest": answer.range.1,
            })
        });
        let said = vec![
            ("confidence", json!(scenario.run.confidence.0.fraction)),
            ("method", json!(answers.first().map(|answer| answer.method.name()))),
            ("metrics", metrics.collect()),
        ];
        Manifest::of("sensitivity", scenario, said)
    }
    /// Adds something that it says.
    pub fn say(&mut self, key: &'static str, value: Value) {
        self.head.push((key, value));
    }
    /// That of a run. `wanted` is how many replications there would have been, if it was
    /// interrupted.
    pub fn of_run(results: &Results, scenario: &Scenario, wanted: Option<u32>) -> Manifest {
        let mut said = vec![("replications", json!(results.replications))];
        said.extend(
            wanted.map(|of| ("interrupted", json!({ "done": results.replications, "of": of }))),
        );
        said.extend([
            ("confidence", json!(results.confidence)),
            ("events", json!(results.events)),
            ("fingerprint", json!(results.fingerprint)),
        ]);
        Manifest::of("run", scenario, said)
    }

    pub fn to_json(&self) -> String {
        let mut files = Map::new();
        for file in &self.files {
            let table_of = |file: &str| {
                file.split_once("/part-")
                    .map_or(file.to_string(), |(table, _)| format!("{table}.parquet"))
            };
            let columns =
                TABLES.iter().find(|table| table.file == table_of(&file.name)).map(|table| {
                    let units = table
                        .columns
                        .iter()
                        .map(|column| (column.name.to_string(), json!(column.unit)));
                    units.collect::<Map<_, _>>()
                });
            let mut entry = Map::new();
            if let Some(rows) = file.rows {
                entry.insert("rows".into(), json!(rows));
            }
            entry.insert("sha256".into(), json!(file.sha256));
            if let Some(units) = columns {
                entry.insert("units".into(), Value::Object(units));
            }
            files.insert(file.name.clone(), Value::Object(entry));
        }
        let head = self.head.iter().map(|(key, value)| (key.to_string(), value.clone()));
        let all: Map<String, Value> =
            head.chain([("files".to_string(), Value::Object(files))]).collect();
        serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
    }
}

/// The SHA-256 of a text, hexadecimal.
pub fn hash(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

/// The SHA-256 of a file, hexadecimal.
pub fn sha256(path: &Path) -> std::io::Result<String> {
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

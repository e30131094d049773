//! Which study a result is of: what decides whether a newer result may take the place of the one that is in a folder.
//!
//! Law: a folder belongs to one study, which is a command, the scenario files that it reads, and its design: what is varied, compared or searched.
//! The same study again takes the place of its earlier result, also after the scenario was edited or with another seed; every other result stays
//! unless it is forced (the table in `docs/outputs.md`). A file is kept as it was typed, so that the same command makes the same bytes on every machine
//! and in every folder. What comes through a pipe is no file: it is the same if it is so to the letter.
//! Limit: the same words, typed in two folders with the same `--out`, are taken for the same file.
//! Tested: below, and every row of the table in `tests/it/folders.rs`.

use super::folder::StoreError;
use super::manifest::hash;
use crate::experiment::Shard;
use crate::scenario::{Scenario, to_json};
use serde_json::{Value, json};
use std::path::{Component, Path, PathBuf};

/// A study that is about to be run.
#[derive(Clone, Debug)]
pub struct Study {
    command: &'static str,
    /// The scenario files, as they were typed.
    files: Vec<String>,
    /// A hash of what is varied, compared or searched.
    design: String,
    shard: Option<String>,
    scenario_sha256: String,
}

impl Study {
    /// That of a command on these files. `design` is what is varied, compared or searched; `scenario` what the manifest will have.
    pub fn new(command: &'static str, files: &[&Path], design: &Value, scenario: &Scenario) -> Study {
        let is_piped = |file: &Path| file == Path::new("-") || file.exists() && !file.is_file();
        let files = files.iter().filter(|file| !is_piped(file)).map(|file| normal(file)).collect();
        let written = to_json(scenario).unwrap_or_default();
        Study { command, files, design: hash(&design.to_string()), shard: None, scenario_sha256: hash(&written) }
    }

    /// That of a sweep, or of a shard of it.
    pub fn of_sweep(file: &Path, scenario: &Scenario, shard: Option<Shard>) -> Study {
        let shard = shard.map(|shard| shard.to_string());
        Study { shard, ..Study::new("sweep", &[file], &json!(scenario.sweep), scenario) }
    }

    /// Its command.
    pub fn command(&self) -> &'static str {
        self.command
    }

    /// Whether a file is one of its scenarios.
    pub fn reads(&self, file: &Path) -> bool {
        self.files.iter().any(|own| real(own) == real(file))
    }

    /// As the manifest has it, beside the command and the scenario.
    pub fn to_json(&self) -> Value {
        json!({ "files": self.files, "design": self.design })
    }

    /// Whether these are its files, by the same words or by another way.
    fn is_of(&self, files: &[&str]) -> bool {
        let same = |(own, other): (&String, &&str)| own == other || real(own) == real(other);
        !files.is_empty() && files.len() == self.files.len() && self.files.iter().zip(files).all(same)
    }

    /// Whether its result may take the place of that with this manifest.
    ///
    /// # Errors
    /// What the folder holds, if it may not.
    pub fn may_replace(&self, folder: &Path, manifest: &Value) -> Result<(), StoreError> {
        let holds = |other: String| Err(StoreError::Occupied { folder: folder.display().to_string(), other });
        let text = |key: &str| manifest[key].as_str();
        let Some(command) = text("command") else {
            return holds("a `manifest.json` that AsyncFlow has not written".to_string());
        };
        if command != self.command {
            return holds(format!("the result of another command, `asyncflow {command}`"));
        }
        let theirs: Vec<&str> = manifest["study"]["files"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if !self.is_of(&theirs) && text("scenario_sha256") != Some(&self.scenario_sha256) {
            let shown: Vec<String> = theirs.iter().map(|file| format!("`{file}`")).collect();
            return match shown.as_slice() {
                [] => holds(format!("the result of another scenario, `{}`, which is in no file", text("name").unwrap_or("without a name"))),
                [one] => holds(format!("the result of another file, {one}")),
                several => holds(format!("the result of other files, {}", several.join(", "))),
            };
        }
        if text("shard") != self.shard.as_deref() {
            return holds(text("shard").map_or("the whole of this sweep".to_string(), |shard| format!("shard {shard} of this sweep")));
        }
        match manifest["study"]["design"].as_str() == Some(&self.design) {
            true => Ok(()),
            false => holds(
                match self.command {
                    "sweep" => "a finished sweep of other points",
                    "compare" => "a comparison of other variants",
                    "capacity" => "a search of another parameter, or for other objectives",
                    _ => "an analysis of other parameters or metrics",
                }
                .to_string(),
            ),
        }
    }
}

/// A path whose folder is the one it leads to; the file itself may be a link, which is what people name.
fn real(file: impl AsRef<Path>) -> PathBuf {
    let absolute = std::path::absolute(&file).unwrap_or_else(|_| file.as_ref().to_path_buf());
    match (absolute.parent().map(std::fs::canonicalize), absolute.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => absolute,
    }
}

/// A path without `.`, and with `/` on every system.
fn normal(path: &Path) -> String {
    let parts = path.components().filter(|part| *part != Component::CurDir);
    parts.collect::<PathBuf>().to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_same_by_every_way_to_it() {
        // Cargo.toml by three ways, and another file.
        let study = |file: &str| Study {
            command: "run",
            files: vec![normal(Path::new(file))],
            design: String::new(),
            shard: None,
            scenario_sha256: String::new(),
        };
        let absolute = std::path::absolute("Cargo.toml").unwrap();
        for way in ["Cargo.toml", "./Cargo.toml", "src/../Cargo.toml", absolute.to_str().unwrap()] {
            assert!(study(way).is_of(&["Cargo.toml"]) && study("Cargo.toml").is_of(&[way]), "{way}");
            assert!(study(way).reads(Path::new("Cargo.toml")), "{way}");
        }
        assert!(!study("Cargo.toml").is_of(&["src/Cargo.toml"]) && !study("Cargo.toml").is_of(&[]));
        assert_eq!(study("./v1/./shop.yaml").to_json()["files"], json!(["v1/shop.yaml"]));
    }
}

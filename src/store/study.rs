//! The study of a result: it decides whether a newer result may replace the one in a folder.
//!
//! Law: a folder belongs to one study, which is a command, the scenario files that it reads, and
//! its design: what is varied, compared or searched. The same study replaces its earlier result,
//! even if the scenario was edited or the seed changed; any other result is replaced only with
//! `--force` (the table in `docs/outputs.md`). Files are recorded as typed, together with the
//! relative path from the result's folder to the working folder. So the same command writes the
//! same bytes on every machine with the same layout of folders, the same name typed elsewhere is
//! another file, and a project may be moved. A piped scenario has no file: it is the same study
//! only if its text is identical. Tested: below, and every row of the table in
//! `tests/it/folders.rs`.

use super::error::StoreError;
use super::manifest::hash;
use crate::experiment::{Method, Shard};
use crate::scenario::{Scenario, to_json};
use serde_json::{Value, json};
use std::path::{Component, Path, PathBuf};

/// A study about to be run.
#[derive(Clone, Debug)]
pub(crate) struct Study {
    command: &'static str,
    /// The scenario files, as typed.
    files: Vec<String>,
    /// A hash of what is varied, compared or searched.
    design: String,
    shard: Option<String>,
    scenario_sha256: String,
}

impl Study {
    /// Creates the study of a command on these files. `design` is what is varied, compared or
    /// searched; `scenario` is the one that the manifest will contain.
    pub(crate) fn new(
        command: &'static str,
        files: &[&Path],
        design: &Value,
        scenario: &Scenario,
    ) -> Study {
        let is_piped = |file: &Path| file == Path::new("-") || file.exists() && !file.is_file();
        let files = files.iter().filter(|file| !is_piped(file)).map(|file| normal(file)).collect();
        let written = to_json(scenario);
        Study {
            command,
            files,
            design: hash(&design.to_string()),
            shard: None,
            scenario_sha256: hash(&written),
        }
    }

    /// Creates the study of a sweep, or of one of its shards.
    pub(crate) fn of_sweep(file: &Path, scenario: &Scenario, shard: Option<Shard>) -> Study {
        let shard = shard.map(|shard| shard.to_string());
        Study { shard, ..Study::new("sweep", &[file], &json!(scenario.sweep), scenario) }
    }

    /// Creates the study of a comparison. It is identified by what the variants set, not by their
    /// names, which may change.
    pub(crate) fn of_comparison(files: &[&Path], baseline: &Scenario, sets: &[String]) -> Study {
        Study::new("compare", files, &json!(sets), baseline)
    }

    /// Creates the study of a capacity search: the parameter and the goals.
    pub(crate) fn of_capacity(files: &[&Path], scenario: &Scenario, path: &str) -> Study {
        let goals = scenario.capacity.as_ref().map(|capacity| &capacity.goals);
        Study::new("capacity", files, &json!({ "vary": path, "goals": goals }), scenario)
    }

    /// Creates the study of a sensitivity analysis: the parameters, the method and the full names
    /// of the metrics.
    pub(crate) fn of_sensitivity(
        files: &[&Path],
        scenario: &Scenario,
        vary: &[&String],
        method: Method,
        metrics: &[String],
    ) -> Study {
        let asked = json!({ "vary": vary, "method": method.name(), "metrics": metrics });
        Study::new("sensitivity", files, &asked, scenario)
    }

    /// Returns the command.
    pub(crate) fn command(&self) -> &'static str {
        self.command
    }

    /// Returns whether a file is one of its scenario files.
    pub(crate) fn reads(&self, file: &Path) -> bool {
        self.files.iter().any(|own| real(own) == real(file))
    }

    /// Returns the entry `study` of the manifest in `folder`.
    pub(crate) fn to_json(&self, folder: &Path) -> Value {
        json!({ "files": self.files, "from": path_back(folder), "design": self.design })
    }

    /// Returns whether these are its files, typed in the folder `typed_in`. If that is unknown,
    /// equal names count as equal files.
    fn is_of(&self, files: &[&str], typed_in: Option<&Path>) -> bool {
        let same = |(own, other): (&String, &&str)| match typed_in {
            Some(folder) => real(own) == real(folder.join(other)),
            None => own == other || real(own) == real(other),
        };
        !files.is_empty()
            && files.len() == self.files.len()
            && self.files.iter().zip(files).all(same)
    }

    /// Checks that its result may replace the one with this manifest.
    ///
    /// # Errors
    /// If it may not: the error describes what the folder holds.
    pub(crate) fn may_replace(&self, folder: &Path, manifest: &Value) -> Result<(), StoreError> {
        let holds = |other: String| {
            Err(StoreError::Occupied { folder: folder.display().to_string(), other })
        };
        let text = |key: &str| manifest[key].as_str();
        let Some(command) = text("command") else {
            return holds("a `manifest.json` that AsyncFlow did not write".to_string());
        };
        if command != self.command {
            return holds(format!("the result of another command, `asyncflow {command}`"));
        }
        let theirs: Vec<&str> = manifest["study"]["files"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let typed_in = manifest["study"]["from"].as_str().map(|from| folder.join(from));
        if !self.is_of(&theirs, typed_in.as_deref())
            && text("scenario_sha256") != Some(&self.scenario_sha256)
        {
            // Names are shown as typed, unless one of our files has the same name.
            let full = |file: &str| {
                typed_in
                    .as_ref()
                    .filter(|_| self.files.iter().any(|own| own == file))
                    .map(|folder| real(folder.join(file)))
            };
            let shown = theirs.iter().map(|file| {
                full(file)
                    .map_or_else(|| format!("`{file}`"), |path| format!("`{}`", path.display()))
            });
            let shown: Vec<String> = shown.collect();
            return match shown.as_slice() {
                [] => holds(format!(
                    "the result of another scenario, `{}`, which was not read from a file",
                    text("name").unwrap_or("without a name")
                )),
                [one] => holds(format!("the result of another file, {one}")),
                several => holds(format!("the result of other files, {}", several.join(", "))),
            };
        }
        if text("shard") != self.shard.as_deref() {
            return holds(
                text("shard").map_or("the whole sweep, not a shard of it".to_string(), |shard| {
                    format!("shard {shard} of this sweep")
                }),
            );
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

/// Returns a path with its folder's links resolved. The file itself may be a link: users name the
/// link.
fn real(file: impl AsRef<Path>) -> PathBuf {
    let absolute = std::path::absolute(&file).unwrap_or_else(|_| file.as_ref().to_path_buf());
    match (absolute.parent().map(std::fs::canonicalize), absolute.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => absolute,
    }
}

/// Returns a path without `.` components, with `/` as the separator on every system.
fn normal(path: &Path) -> String {
    let parts = path.components().filter(|part| *part != Component::CurDir);
    parts.collect::<PathBuf>().to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

/// Returns the relative path from a folder to the working folder; it consists of `..` if the folder
/// is inside. `None` if it cannot be determined.
fn path_back(folder: &Path) -> Option<String> {
    let (from, to) =
        (std::fs::canonicalize(folder).ok()?, std::fs::canonicalize(Component::CurDir).ok()?);
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return Some(normal(&to));
    }
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    Some(normal(&up.chain(to.components().skip(shared)).collect::<PathBuf>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_same_by_every_path_to_it() {
        // Four paths to Cargo.toml, and another file.
        let study = |file: &str| Study {
            command: "run",
            files: vec![normal(Path::new(file))],
            design: String::new(),
            shard: None,
            scenario_sha256: String::new(),
        };
        let absolute = std::path::absolute("Cargo.toml").unwrap();
        for path in ["Cargo.toml", "./Cargo.toml", "src/../Cargo.toml", absolute.to_str().unwrap()]
        {
            assert!(
                study(path).is_of(&["Cargo.toml"], None)
                    && study("Cargo.toml").is_of(&[path], None),
                "{path}"
            );
            assert!(study(path).reads(Path::new("Cargo.toml")), "{path}");
        }
        assert!(
            !study("Cargo.toml").is_of(&["src/Cargo.toml"], None)
                && !study("Cargo.toml").is_of(&[], None)
        );
        // The same name, typed in another folder.
        assert!(
            study("src/lib.rs").is_of(&["lib.rs"], Some(Path::new("src")))
                && !study("lib.rs").is_of(&["lib.rs"], Some(Path::new("src")))
        );
        let written = study("./v1/./shop.yaml").to_json(Path::new("src/store"));
        assert_eq!(
            (&written["files"], &written["from"]),
            (&json!(["v1/shop.yaml"]), &json!("../.."))
        );
    }
}

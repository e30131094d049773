//! A template: a scenario as a tree, of which points are made by setting values at paths.
//!
//! The tree is the text's own, so that a path is what a person would give to `--set`; what is not
//! written is taken from the defaults, once. It can be written as JSON and read back, so that
//! another machine makes the same points.

use super::sweep::Parameters;
use super::text::{self, Format, Node, Value};
use super::{Loaded, Scenario, check, reader, writer};
use crate::problem::{Problem, Problems, Severity};
use std::path::PathBuf;

/// A scenario to be varied.
#[derive(Clone, Debug)]
pub struct Template {
    tree: Node,
    /// With every default, for paths that are not written.
    full: Option<Node>,
    /// Its name, if it does not name itself.
    stem: String,
    /// Where the files it names are.
    folder: PathBuf,
}

impl Template {
    /// The template of a scenario that has been read. Commands that vary it are left out: points do
    /// not have them.
    pub fn new(loaded: &Loaded, scenario: &Scenario, folder: PathBuf) -> Template {
        let full = writer::to_tree(scenario);
        // A file of AsyncFlow 0.1 has no tree of its own.
        let mut tree = loaded.tree().cloned().unwrap_or_else(|| full.clone());
        tree.forget_places();
        // What the command line has changed since.
        for path in ["run.replications", "run.seed", "run.duration"] {
            if let Some(value) = full.at(path)
                && (tree.at(path).is_some() || !is_default(scenario, path))
            {
                let assigned = text::assign(&mut tree, path, value.clone());
                if assigned.is_err() && text::adopt(&mut tree, &full, path) {
                    let _ = text::assign(&mut tree, path, value.clone());
                }
            }
        }
        tree.remove("sweep");
        tree.remove("capacity");
        // Objectives may have been added.
        if let Some(slos) =
            full.at("slos").filter(|_| scenario.slos.len() > tree.at("slos").map_or(0, count))
        {
            tree.remove("slos");
            let _ = text::assign(&mut tree, "slos", slos.clone());
        }
        Template { tree, full: Some(full), stem: scenario.name.clone(), folder }
    }

    /// Reads one that [`Template::to_json`] has written.
    ///
    /// # Errors
    /// Words, if it is none.
    pub fn from_json(text: &str, stem: &str, folder: PathBuf) -> Result<Template, String> {
        let mut template =
            Template { tree: parsed(text)?, full: None, stem: stem.to_string(), folder };
        let scenario =
            template.scenario(&Parameters::new()).map_err(|problems| problems.in_one_line())?;
        template.full = Some(writer::to_tree(&scenario));
        Ok(template)
    }

    /// The value at a path, with the defaults.
    pub fn value_at(&self, path: &str) -> Option<serde_json::Value> {
        self.tree.at(path).or_else(|| self.full.as_ref()?.at(path)).map(Node::to_json)
    }

    /// The tree as JSON.
    pub fn to_json(&self) -> String {
        self.tree.to_json().to_string()
    }

    /// The scenario of a point.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn scenario(&self, parameters: &Parameters) -> Result<Scenario, Problems> {
        let mut tree = self.tree.clone();
        let mut problems = Problems::default();
        for (path, value) in parameters {
            let node = Node::from_json(value);
            if let Err(problem) = text::assign(&mut tree, path, node.clone()) {
                // A path that is not written may be one of a default.
                let full = self
                    .full
                    .as_ref()
                    .filter(|full| text::assign(&mut (*full).clone(), path, node.clone()).is_ok());
                let is_set = full.is_some_and(|full| {
                    text::adopt(&mut tree, full, path)
                        && text::assign(&mut tree, path, node).is_ok()
                });
                if !is_set {
                    problems.push(problem);
                }
            }
        }
        text::refuse_hidden(&tree, &mut problems.list);
        if problems.any_error() {
            return Err(problems);
        }
        let (scenario, found) = reader::from_tree(&tree, &self.stem, &self.folder);
        problems.list.extend(found.list);
        if let Some(scenario) = &scenario {
            problems.list.extend(check::check(scenario).list);
        }
        let mut problems = problems.into_errors();
        match scenario {
            Some(scenario) if problems.list.is_empty() => Ok(scenario),
            _ => {
                if problems.list.is_empty() {
                    problems.push(Problem::new(Severity::Error, "", "this is no scenario"));
                }
                Err(problems)
            }
        }
    }
}

/// Whether a value of `run` is what it would be if it were not written.
fn is_default(scenario: &Scenario, path: &str) -> bool {
    let default = super::Run::default();
    match path {
        "run.replications" => scenario.run.replications == default.replications,
        "run.seed" => scenario.run.seed == default.seed,
        _ => scenario.run.duration == default.duration,
    }
}

/// How many entries a map has.
fn count(node: &Node) -> usize {
    if let Value::Map(entries) = &node.value { entries.len() } else { 0 }
}

fn parsed(text: &str) -> Result<Node, String> {
    let mut tree = text::parse(text, Format::Yaml)
        .map_err(|problems| Problems { list: problems }.in_one_line())?;
    tree.forget_places();
    match tree.value {
        Value::Map(_) => Ok(tree),
        _ => Err("this is no scenario".to_string()),
    }
}

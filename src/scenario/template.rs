//! A template: a scenario as a tree, from which points are created by setting values at paths.
//!
//! The tree is that of the text, so that paths are the same as for `--set`; values that are not
//! written come from the defaults. A template can be written as JSON and read back, so that another
//! machine creates the same points.

use super::sweep::Parameters;
use super::text::{self, Format, Node, Value};
use super::{Loaded, Scenario, check, reader, writer};
use crate::problem::{Problem, Problems, Severity};
use std::path::PathBuf;

/// A scenario whose parameters can be varied.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    tree: Node,
    /// The tree with every default, for paths that are not written.
    full: Option<Node>,
    /// The name of the scenario if it has no `name`.
    stem: String,
    /// The folder of the files it refers to.
    folder: PathBuf,
}

impl Template {
    /// Creates the template of a scenario that has been read, without its `sweep` and `capacity`:
    /// points do not have them.
    pub(crate) fn new(loaded: &Loaded, scenario: &Scenario, folder: PathBuf) -> Template {
        let full = writer::to_tree(scenario);
        // A file of AsyncFlow 0.1 has no tree of its own.
        let mut tree = loaded.tree().cloned().unwrap_or_else(|| full.clone());
        tree.forget_places();
        // Values that the command line has changed since.
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
        // Objectives may have been added on the command line.
        if let Some(slos) =
            full.at("slos").filter(|_| scenario.slos.len() > tree.at("slos").map_or(0, count))
        {
            tree.remove("slos");
            let _ = text::assign(&mut tree, "slos", slos.clone());
        }
        Template { tree, full: Some(full), stem: scenario.name.clone(), folder }
    }

    /// Reads a template that [`Template::to_json`] has written.
    ///
    /// # Errors
    /// A message, if the text is not a scenario.
    pub(crate) fn from_json(text: &str, stem: &str, folder: PathBuf) -> Result<Template, String> {
        let mut template =
            Template { tree: parse(text)?, full: None, stem: stem.to_string(), folder };
        let scenario =
            template.scenario(&Parameters::new()).map_err(|problems| problems.in_one_line())?;
        template.full = Some(writer::to_tree(&scenario));
        Ok(template)
    }

    /// Returns the value at a path, or its default.
    pub(crate) fn value_at(&self, path: &str) -> Option<serde_json::Value> {
        self.tree.at(path).or_else(|| self.full.as_ref()?.at(path)).map(Node::to_json)
    }

    /// Returns the tree as JSON.
    pub(crate) fn to_json(&self) -> String {
        self.tree.to_json().to_string()
    }

    /// Returns the scenario of a point.
    ///
    /// # Errors
    /// All errors in it.
    pub(crate) fn scenario(&self, parameters: &Parameters) -> Result<Scenario, Problems> {
        let mut tree = self.tree.clone();
        let mut problems = Problems::default();
        for (path, value) in parameters {
            let node = Node::from_json(value);
            if let Err(problem) = text::assign(&mut tree, path, node.clone()) {
                // A path that is not written may refer to a default.
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
                    problems.push(Problem::new(Severity::Error, "", "this is not a scenario"));
                }
                Err(problems)
            }
        }
    }
}

/// Whether a value of `run` equals its default.
fn is_default(scenario: &Scenario, path: &str) -> bool {
    let default = super::Run::default();
    match path {
        "run.replications" => scenario.run.replications == default.replications,
        "run.seed" => scenario.run.seed == default.seed,
        _ => scenario.run.duration == default.duration,
    }
}

/// Returns the number of entries of a map; 0 for any other node.
fn count(node: &Node) -> usize {
    if let Value::Map(entries) = &node.value { entries.len() } else { 0 }
}

/// Parses a template without the places of its text.
fn parse(text: &str) -> Result<Node, String> {
    let mut tree = text::parse(text, Format::Yaml)
        .map_err(|problems| Problems { list: problems }.in_one_line())?;
    tree.forget_places();
    match tree.value {
        Value::Map(_) => Ok(tree),
        _ => Err("this is not a scenario".to_string()),
    }
}

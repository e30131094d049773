//! Reads a scenario from a file: decodes, parses, applies `--set`, deserialises, and loads the
//! files it names. Every problem gets its place in the text.

mod file;
mod include;

pub use file::{Source, read_file};

use super::text::{self, Format, Node};
use super::{RESERVED, Scenario, asyncflow01, check, hints, kinds, nodes, shapes, writer};
use crate::problem::{Origin, Problem, Problems, Severity};
use std::path::Path;

/// A scenario, the problems found while reading it, and the tree of its text.
#[derive(Debug, Default)]
pub struct Loaded {
    /// `None` if the text could not be read as a scenario.
    pub scenario: Option<Scenario>,
    /// All problems, in the order they were found.
    pub problems: Problems,
    /// The files that the text includes: places behind it are in these ([`Source::part`]).
    pub included: Vec<Source>,
    tree: Option<Node>,
    /// The paths set with `--set`.
    sets: Vec<String>,
    /// The paths that a command-line option replaced, each with the option.
    replaced: Vec<(String, &'static str)>,
}

impl Loaded {
    /// Removes a part of the scenario from the tree, because a command-line option replaced it.
    pub(crate) fn replace(&mut self, path: &str, option: &'static str) {
        if let Some(tree) = &mut self.tree {
            tree.remove(path);
        }
        self.replaced.push((path.to_string(), option));
    }
    /// Returns the tree of the text, with the values of `--set`; `None` for a file of AsyncFlow
    /// 0.1.
    pub(crate) fn tree(&self) -> Option<&Node> {
        self.tree.as_ref()
    }
    /// Adds problems of the scenario, and finds their places in the text.
    pub fn add(&mut self, problems: Problems) {
        for mut problem in problems.list {
            if problem.place.is_none() {
                self.find_place(&mut problem);
            }
            if self.tree.is_none() && problem.place.is_none() && problem.help.is_none() {
                problem.help = Some("the path refers to the native scenario that this file is converted to; `asyncflow show` prints it".into());
            }
            self.problems.push(problem);
        }
        self.problems.shorten();
    }

    /// Finds the place of a problem: in the text, or on the command line.
    fn find_place(&self, problem: &mut Problem) {
        let Some(tree) = &self.tree else { return };
        if let Some((_, option)) = self.replaced.iter().find(|(path, _)| *path == problem.path) {
            (problem.origin, problem.path) = (Origin::Option, option.to_string());
            return;
        }
        problem.used = tree.used_at(&problem.path).map(Box::new);
        let is_set = |path: &str| {
            self.sets.iter().any(|set| {
                path.strip_prefix(set)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            })
        };
        match is_set(&problem.path)
            && tree.at(&problem.path).is_some_and(|node| node.span.is_empty())
        {
            true => problem.origin = Origin::Set,
            false if problem.of_key => problem.place = tree.key_place(&problem.path),
            false => problem.place = tree.place(&problem.path),
        }
    }
}

/// Reads and checks a scenario in YAML. Warnings and notes are dropped.
///
/// # Errors
/// The errors found.
pub fn from_yaml(text: &str) -> Result<Scenario, Problems> {
    let mut loaded = read(text, Format::Yaml, "scenario", Path::new(""), &[]);
    if let Some(scenario) = &loaded.scenario {
        loaded.problems.list.extend(check::check(scenario).list);
    }
    let problems = loaded.problems.into_errors();
    if problems.list.is_empty() { loaded.scenario.ok_or(problems) } else { Err(problems) }
}

/// Reads a scenario that was built in Rust, after setting values at paths like `--set`. It is read
/// as a text would be, so that a value that no text can contain, such as a negative rate, is
/// refused alike.
pub(crate) fn read_built(scenario: &Scenario, sets: &[String]) -> Loaded {
    let (tree, mut loaded) = (writer::to_tree(scenario), Loaded::default());
    text::refuse_hidden(&tree, &mut loaded.problems.list);
    if loaded.problems.any_error() {
        return loaded;
    }
    let folder = Path::new("");
    if !sets.is_empty() {
        return read_tree(loaded, tree, None, &scenario.name, folder, sets);
    }
    loaded.deserialise(tree);
    loaded.tree = None;
    if !loaded.problems.any_error() {
        // The scenario itself: what it has read from files stays.
        let mut scenario = scenario.clone();
        nodes::load(&mut scenario, folder, &mut loaded.problems);
        loaded.scenario = Some(scenario);
    }
    loaded
}

/// Reads a text. `stem` is the name of a scenario without a `name`; `folder` contains the files
/// that the scenario refers to.
pub fn read(text: &str, format: Format, stem: &str, folder: &Path, sets: &[String]) -> Loaded {
    let mut loaded = Loaded::default();
    let mut tree = match text::parse(text, format) {
        Ok(tree) => tree,
        Err(problems) => {
            loaded.problems.list =
                kinds::named(text, format, None).map_or(problems, |kind| vec![kind]);
            return loaded;
        }
    };
    if let Some(kind) = kinds::named(text, format, Some(&tree)) {
        loaded.problems.push(kind);
        return loaded;
    }
    tree.strip_notes();
    let problems = &mut loaded.problems.list;
    loaded.included = include::put_together(&mut tree, folder, text.len() + 1, problems);
    text::refuse_hidden(&tree, &mut loaded.problems.list);
    if loaded.problems.any_error() {
        return loaded;
    }
    if !asyncflow01::is_asyncflow01(&tree) {
        return read_tree(loaded, tree, None, stem, folder, sets);
    }
    let (lowered, problems) = asyncflow01::lower(&tree);
    loaded.problems.list.extend(problems);
    let Some(lowered) = lowered else { return loaded };
    // The paths of `--set` are those of the native scenario, which have no places in the text.
    let tree = if sets.is_empty() { tree } else { writer::to_tree(&lowered) };
    read_tree(loaded, tree, Some(lowered), stem, folder, sets)
}

impl Loaded {
    /// Reads the scenario from a tree, and keeps the tree and all problems.
    fn deserialise(&mut self, mut tree: Node) -> Option<Scenario> {
        // Another version may mean anything, so nothing else is reported.
        if let Some((version, place)) = tree.at("version").and_then(later_version) {
            let problem = self.problems.push(Problem::new(
                Severity::Error,
                "version",
                format!("version {version} of the format is not supported"),
            ));
            problem.advise("this release reads `version: 1`");
            problem.place = Some(place).filter(|place| !place.is_empty());
            return None;
        }
        self.problems.list.extend(refuse_reserved(&mut tree));
        shapes::convert(&mut tree, &mut self.problems.list);
        let (read, errors) = text::read::<Scenario>(&tree);
        self.tree = Some(tree);
        for mut problem in hints::improve(errors) {
            // A value set on the command line has no place in the text.
            if !self.sets.is_empty() {
                let in_text = problem.place.take();
                self.find_place(&mut problem);
                problem.place = problem.place.and(in_text);
            }
            self.problems.push(problem);
        }
        read
    }
}

/// Returns the path of an assignment `PATH=VALUE`.
fn path_of(assignment: &str) -> &str {
    assignment.split_once('=').map_or(assignment, |(path, _)| path).trim()
}

/// Sets values in a tree and reads it. `lowered` is the scenario of an AsyncFlow 0.1 file; it is
/// used as it is if nothing is set.
fn read_tree(
    mut loaded: Loaded,
    mut tree: Node,
    lowered: Option<Scenario>,
    stem: &str,
    folder: &Path,
    sets: &[String],
) -> Loaded {
    let is_old = lowered.is_some();
    let mut scenario = lowered.filter(|_| sets.is_empty());
    for assignment in sets {
        if let Err(problem) = text::set(&mut tree, assignment) {
            // A path that is not written may refer to a default.
            let full = with_defaults(&tree)
                .filter(|full| text::set(&mut full.clone(), assignment).is_ok());
            let is_set = full.is_some_and(|full| {
                text::adopt(&mut tree, &full, assignment)
                    && text::set(&mut tree, assignment).is_ok()
            });
            if !is_set {
                let problem = loaded.problems.push(problem);
                (problem.origin, problem.of_key) = (Origin::Set, true);
                problem.path = path_of(assignment).to_string();
                if is_old && problem.help.is_none() {
                    problem.advise("this is a file of AsyncFlow 0.1; `--set` takes the paths that `asyncflow show` prints");
                }
            }
        }
        loaded.sets.push(path_of(assignment).to_string());
    }
    if !sets.is_empty() {
        let before = loaded.problems.list.len();
        text::refuse_hidden(&tree, &mut loaded.problems.list);
        for problem in &mut loaded.problems.list[before..] {
            (problem.origin, problem.path) = (Origin::Set, String::new());
        }
    }
    if scenario.is_none() {
        scenario = loaded.deserialise(tree);
    }
    let Some(mut scenario) = scenario.filter(|_| !loaded.problems.any_error()) else {
        return loaded;
    };
    if scenario.name.is_empty() {
        scenario.name = stem.to_string();
    }
    let mut problems = Problems::default();
    let mut files = 0;
    if let Some(key) = loaded.tree.as_ref().and_then(|tree| too_many_files(tree, &mut files)) {
        problems
            .error("", format!("at most {FILES_MAX} distributions can be read from files"))
            .advise("use measured values where they matter most");
        problems.list.iter_mut().for_each(|problem| problem.place = Some(key.clone()));
    } else {
        nodes::load(&mut scenario, folder, &mut problems);
    }
    loaded.add(problems);
    loaded.scenario = Some(scenario);
    loaded
}

/// Reads a scenario from a tree, for example one with the values of a sweep point set.
pub(super) fn from_tree(tree: &Node, stem: &str, folder: &Path) -> (Option<Scenario>, Problems) {
    let (read, errors) = text::read::<Scenario>(tree);
    let mut problems = Problems { list: hints::improve(errors) };
    let scenario = read.filter(|_| !problems.any_error()).map(|mut scenario| {
        if scenario.name.is_empty() {
            scenario.name = stem.to_string();
        }
        nodes::load(&mut scenario, folder, &mut problems);
        scenario
    });
    (scenario, problems)
}

/// What reads files of measured values.
pub(crate) const MEASURED: [&str; 3] = ["empirical", "replay", "table"];

/// The maximum number of distributions read from files: each may take a second and several
/// megabytes.
const FILES_MAX: usize = 100;

/// Returns the place of the first `empirical` above the limit; `found` counts them.
fn too_many_files(node: &Node, found: &mut usize) -> Option<std::ops::Range<usize>> {
    match &node.value {
        text::Value::List(items) => items.iter().find_map(|item| too_many_files(item, found)),
        text::Value::Map(entries) => entries.iter().find_map(|entry| {
            *found += usize::from(entry.key == "empirical");
            if *found > FILES_MAX {
                Some(entry.key_span.clone())
            } else {
                too_many_files(&entry.value, found)
            }
        }),
        _ => None,
    }
}

/// Returns the number and the place of an unsupported version.
fn later_version(node: &Node) -> Option<(u64, std::ops::Range<usize>)> {
    match node.value {
        text::Value::Unsigned(version) if version != 1 => Some((version, node.span.clone())),
        _ => None,
    }
}

/// Returns the tree with every default filled in, if it can be read.
fn with_defaults(tree: &Node) -> Option<Node> {
    text::read::<Scenario>(tree).0.map(|scenario| writer::to_tree(&scenario))
}

/// Removes the top-level keys reserved for later releases, with an error for each.
fn refuse_reserved(tree: &mut Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    for word in RESERVED {
        if let text::Value::Map(entries) = &mut tree.value
            && let Some(at) = entries.iter().position(|entry| entry.key == word)
        {
            let entry = entries.remove(at);
            let problem = Problem::refusal(word, hints::later(word));
            problems.push(Problem { place: Some(entry.key_span), ..problem });
        }
    }
    problems
}

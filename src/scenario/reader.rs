//! From a file to a scenario: decode, parse, set, read, load. Every problem gets its place in the text.

use super::text::{self, Format, Node};
use super::{RESERVED, Scenario, asyncflow01, check, writer};
use crate::problem::{Problem, Problems, Severity};
use std::path::{Path, PathBuf};

/// A text and where it came from, for drawing problems.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The path, or what it is called.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// Words that later releases will know, below the top level.
const LATER: [&str; 24] = [
    "closed",
    "sessions",
    "replay",
    "patience",
    "class",
    "keys",
    "block",
    "parallel",
    "branch",
    "repeat",
    "lock",
    "cache",
    "llm",
    "publish",
    "spawn",
    "respond",
    "offload",
    "disk",
    "hold",
    "bandwidth",
    "threads",
    "processes",
    "single",
    "autoscale",
];

/// A scenario with what was found on the way, and the text's tree for places.
#[derive(Debug)]
pub struct Loaded {
    /// None if the text could not be read as a scenario.
    pub scenario: Option<Scenario>,
    /// Everything that was found, in order.
    pub problems: Problems,
    tree: Option<Node>,
}

impl Loaded {
    /// Adds problems of the scenario, with their places in the text.
    pub fn add(&mut self, problems: Problems) {
        for mut problem in problems.list {
            if problem.place.is_none() {
                problem.place = self.tree.as_ref().and_then(|tree| place(tree, &problem.path));
            }
            self.problems.push(problem);
        }
    }
}

/// The place of a path. An endpoint may be written as its list of steps, so that `steps` is not in the text.
fn place(tree: &Node, path: &str) -> Option<std::ops::Range<usize>> {
    if let Some((endpoint, rest)) = path.rsplit_once(".steps[")
        && tree.at(&format!("{endpoint}.steps")).is_none()
        && tree.at(endpoint).is_some()
    {
        return tree.place(&format!("{endpoint}[{rest}"));
    }
    tree.place(path)
}

/// Reads and checks a scenario in YAML. Warnings and notes are left out.
///
/// # Errors
/// All problems, one a line.
pub fn from_yaml(text: &str) -> Result<Scenario, String> {
    let mut loaded = read(text, Format::Yaml, "scenario", Path::new(""), &[]);
    if let Some(scenario) = &loaded.scenario {
        loaded.problems.list.extend(check::check(scenario).list);
    }
    let errors = loaded.problems.list.iter().filter(|problem| problem.severity == Severity::Error);
    let lines: Vec<String> =
        errors.map(|p| format!("{}: {}{}", p.path, p.what, p.help.as_ref().map_or(String::new(), |help| format!(" ({help})")))).collect();
    loaded.scenario.filter(|_| lines.is_empty()).ok_or_else(|| lines.join("\n"))
}

/// Reads a file. The problems tell why, if there is no scenario.
///
/// # Errors
/// The problem that kept the file from being read at all.
pub fn read_file(path: &Path, sets: &[String]) -> Result<(Source, Loaded), Problem> {
    let name = path.display().to_string();
    let problem = |what: String, help: &str| Problem::new(Severity::Error, "", what).help(help);
    let bytes = std::fs::read(path).map_err(|e| problem(format!("`{name}` cannot be read: {e}"), "give the path of a scenario file"))?;
    let Some(format) = Format::of(path) else {
        return Err(problem(format!("`{name}` is not named as a scenario"), "scenario files end in .yaml, .yml, .ron or .json"));
    };
    let text = match text::decode(&bytes) {
        Ok(text) => text.to_string(),
        Err(mut refusal) => {
            refusal.place = None;
            refusal.what = format!("`{name}`: {}", refusal.what);
            return Err(refusal);
        }
    };
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let source = Source { name, text };
    let loaded = read(&source.text, format, &stem, &folder, sets);
    Ok((source, loaded))
}

/// Reads a text. `stem` names a scenario that does not name itself; `folder` is where the files it names are.
pub fn read(text: &str, format: Format, stem: &str, folder: &Path, sets: &[String]) -> Loaded {
    let mut loaded = Loaded { scenario: None, problems: Problems::default(), tree: None };
    let mut tree = match text::parse(text, format) {
        Ok(tree) => tree,
        Err(problems) => {
            loaded.problems.list = problems;
            return loaded;
        }
    };
    tree.strip_notes();
    let mut scenario = None;
    let is_old = asyncflow01::is_asyncflow01(&tree);
    if is_old {
        let (lowered, problems) = asyncflow01::lower(&tree);
        loaded.problems.list.extend(problems);
        let Some(lowered) = lowered else { return loaded };
        // A path of `--set` is one of the native scenario, whose places are not in the text.
        match sets.is_empty() {
            true => scenario = Some(lowered),
            false => match writer::to_yaml(&lowered).map(|text| text::parse(&text, Format::Yaml)) {
                Ok(Ok(native)) => tree = native,
                _ => loaded
                    .problems
                    .push(Problem::new(Severity::Error, "", "the scenario cannot be written natively"))
                    .advise("leave `--set` out"),
            },
        }
        tree.forget_places();
    }
    for assignment in sets {
        if let Err(problem) = text::set(&mut tree, assignment) {
            // A path that is not written may be one of a default.
            match with_defaults(&tree).filter(|full| text::set(&mut full.clone(), assignment).is_ok()) {
                Some(mut full) => {
                    let _ = text::set(&mut full, assignment);
                    tree = full;
                }
                None => {
                    let problem = loaded.problems.push(problem);
                    problem.path = "--set".to_string();
                    if is_old {
                        problem.advise("this is a file of AsyncFlow 0.1; paths of `--set` are those that `asyncflow show` prints");
                    }
                }
            }
        }
    }
    if scenario.is_none() {
        loaded.problems.list.extend(refuse_reserved(&mut tree));
        let (read, problems) = text::read::<Scenario>(&tree);
        loaded.problems.list.extend(problems.into_iter().map(say_later));
        loaded.tree = Some(tree);
        scenario = read;
    }
    let Some(mut scenario) = scenario.filter(|_| !loaded.problems.any_error()) else { return loaded };
    if scenario.name.is_empty() {
        scenario.name = stem.to_string();
    }
    let mut problems = Problems::default();
    check::load_files(&mut scenario, folder, &mut problems);
    loaded.add(problems);
    loaded.scenario = Some(scenario);
    loaded
}

/// The tree with every default filled in, if it can be read.
fn with_defaults(tree: &Node) -> Option<Node> {
    let scenario = text::read::<Scenario>(tree).0?;
    let mut full = text::parse(&writer::to_yaml(&scenario).ok()?, Format::Yaml).ok()?;
    full.forget_places();
    Some(full)
}

/// Takes out the top-level words of later releases, each with a problem.
fn refuse_reserved(tree: &mut Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    for word in RESERVED {
        if let text::Value::Map(entries) = &mut tree.value
            && let Some(at) = entries.iter().position(|entry| entry.key == word)
        {
            let entry = entries.remove(at);
            let mut problem = Problem::new(Severity::Error, word, format!("`{word}` is reserved for a later release"));
            problem.place = Some(entry.key_span);
            problems.push(problem.help("leave it out for now"));
        }
    }
    problems
}

/// An unknown word that a later release will know is said to be that.
fn say_later(mut problem: Problem) -> Problem {
    let word = problem
        .what
        .strip_prefix("unknown field `")
        .or_else(|| problem.what.strip_prefix("unknown variant `"))
        .and_then(|rest| rest.split('`').next());
    if let Some(word) = word.filter(|word| LATER.contains(word)) {
        problem.what = format!("`{word}` comes with a later release");
        problem.help = Some("leave it out for now".into());
    }
    problem
}

//! `include: FILE` or `include: [FILE, FILE]`: a scenario put together from several files.
//!
//! Law: what a file says goes before what it includes, and what it includes later before what it
//! includes first. Sections (`services`), what they contain by name (`api`), and its fields
//! (`replicas`) are put together; below that a value replaces the other as a whole, except for
//! `endpoints` and `instances`, whose names are put together too. `null` takes a value away. Files
//! are found from the folder of the file that names them. The `name` of a scenario is that of its
//! own file.
//! Checked: `tests/it/include.rs`.

use super::Source;
use super::file::text_of;
use crate::problem::{Problem, Severity};
use crate::scenario::asyncflow01;
use crate::scenario::text::{self, Entry, Format, Node, Value};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The key.
const WORD: &str = "include";
/// More files are probably a mistake.
const FILES_MAX: usize = 100;

/// Puts what a tree includes into it, found from a folder. Returns the texts, whose places in the
/// tree begin where the last one ended; `end` is that of the tree's own text.
pub(super) fn put_together(
    tree: &mut Node,
    folder: &Path,
    end: usize,
    problems: &mut Vec<Problem>,
) -> Vec<Source> {
    let mut files = Files { parts: Vec::new(), end, open: Vec::new(), problems };
    files.include(tree, folder, Path::new(""));
    files.parts
}

struct Files<'p> {
    parts: Vec<Source>,
    /// Where the next text begins.
    end: usize,
    /// The files around the present one.
    open: Vec<PathBuf>,
    problems: &'p mut Vec<Problem>,
}

impl Files<'_> {
    /// Puts what a tree includes into it. `folder` is that of its file, and `from_first` the way to
    /// it from that of the first.
    fn include(&mut self, tree: &mut Node, folder: &Path, from_first: &Path) {
        let Value::Map(entries) = &mut tree.value else { return };
        let Some(at) = entries.iter().position(|entry| entry.key == WORD) else { return };
        let Entry { key_span, value, .. } = entries.remove(at);
        let named = match &value.value {
            Value::Text(_) => vec![&value],
            Value::List(items) => items.iter().collect(),
            _ => Vec::new(),
        };
        if named.is_empty() || named.iter().any(|item| !matches!(item.value, Value::Text(_))) {
            self.report(
                key_span,
                "this is not the name of a file".into(),
                "write `include: common.yaml`, or a list of files",
            );
            return;
        }
        let mut below = Node::new(Value::Map(Vec::new()));
        for item in named {
            let Value::Text(name) = &item.value else { continue };
            if let Some(part) = self.part(name, &item.span, folder, from_first) {
                below = over(below, part, 0);
            }
        }
        let own = std::mem::replace(tree, Node::new(Value::Null));
        let place = own.span.clone();
        *tree = Node { span: place, ..over(below, own, 0) };
    }

    /// Reads a file that is named at a place.
    fn part(
        &mut self,
        name: &str,
        place: &Range<usize>,
        folder: &Path,
        from_first: &Path,
    ) -> Option<Node> {
        let (path, way) = (folder.join(name), from_first.join(name));
        let is_open = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let own = is_open(&path);
        let Some(format) = Format::of(&path) else {
            let what = format!("`{name}` does not have the extension of a scenario file");
            return self.report(place.clone(), what, "files end in .yaml, .yml, .ron or .json");
        };
        if self.open.contains(&own) {
            let what = format!("`{name}` includes itself, by way of other files or at once");
            return self.report(place.clone(), what, "put what both need into a file of its own");
        }
        if self.parts.len() >= FILES_MAX {
            let what = format!("more than {FILES_MAX} files are included");
            return self.report(place.clone(), what, "put some of them together");
        }
        let text = match text_of(&path) {
            Ok(text) => text,
            Err(refusal) => {
                let help = format!(
                    "it is looked up from the folder of the file that names it: {}",
                    shown(folder)
                );
                return self.report(place.clone(), refusal, &help);
            }
        };
        let tree = self.parsed(&path, text, format)?;
        let mut tree = match part_of(tree) {
            Ok(tree) => tree,
            Err((what, help)) => {
                return self.report(place.clone(), format!("`{name}` {what}"), help);
            }
        };
        self.open.push(own);
        let within = |path: &Path| path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        find_files(&mut tree, &within(&way));
        self.include(&mut tree, &within(&path), &within(&way));
        self.open.pop();
        Some(tree)
    }

    /// Parses the text of a file, and keeps it.
    fn parsed(&mut self, path: &Path, text: String, format: Format) -> Option<Node> {
        let begins = self.end;
        self.end += text.len() + 1;
        let parsed = text::parse(&text, format);
        let name = path.display().to_string();
        self.parts.push(Source { name, text, included: Vec::new() });
        match parsed {
            Ok(mut tree) => {
                tree.strip_notes();
                shift(&mut tree, begins);
                Some(tree)
            }
            Err(mut found) => {
                let places = found.iter_mut().filter_map(|problem| problem.place.as_mut());
                places.for_each(|place| shift_place(place, begins));
                self.problems.append(&mut found);
                None
            }
        }
    }

    fn report(&mut self, place: Range<usize>, what: String, help: &str) -> Option<Node> {
        let mut problem = Problem::new(Severity::Error, WORD, what).help(help);
        problem.place = Some(place).filter(|place| !place.is_empty());
        self.problems.push(problem);
        None
    }
}

/// Returns the part of a scenario that a tree is; what else it is, and what to do, if it is none.
fn part_of(mut tree: Node) -> Result<Node, (&'static str, &'static str)> {
    if asyncflow01::is_asyncflow01(&tree) {
        let help = "convert it first: `asyncflow convert OLD.yml NEW.yaml`";
        return Err(("is a file of AsyncFlow 0.1", help));
    }
    let Value::Map(entries) = &mut tree.value else {
        let help = "a part of a scenario has sections, such as `services:`";
        return Err(("is not a group of fields", help));
    };
    entries.retain(|entry| entry.key != "name");
    Ok(tree)
}

/// Moves a place behind other texts.
fn shift_place(place: &mut Range<usize>, by: usize) {
    if place.start < place.end {
        *place = place.start + by..place.end + by;
    }
}

/// Moves all places of a tree.
fn shift(node: &mut Node, by: usize) {
    shift_place(&mut node.span, by);
    node.used.iter_mut().for_each(|place| shift_place(place, by));
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| {
            shift_place(&mut entry.key_span, by);
            shift(&mut entry.value, by);
        }),
        _ => {}
    }
}

/// A folder, as a reader sees it.
fn shown(folder: &Path) -> String {
    if folder.as_os_str().is_empty() { ".".into() } else { folder.display().to_string() }
}

/// Names the files of measured values from the folder of the first file.
fn find_files(node: &mut Node, way: &Path) {
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| find_files(item, way)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| match &mut entry.value.value {
            Value::Text(name) if entry.key == "file" && !way.as_os_str().is_empty() => {
                *name = way.join(&*name).display().to_string();
            }
            _ => find_files(&mut entry.value, way),
        }),
        _ => {}
    }
}

/// The levels that are put together: sections, names, fields.
const LEVELS: usize = 3;

/// Puts one tree over another, at a depth.
fn over(below: Node, above: Node, depth: usize) -> Node {
    let Node { span, tall, used, value } = above;
    let (Value::Map(mut entries), Value::Map(new)) = (below.value, value.clone()) else {
        return Node { span, tall, used, value };
    };
    for entry in new {
        let at = entries.iter().position(|old| old.key == entry.key);
        match at {
            Some(at) if entry.value.value == Value::Null => _ = entries.remove(at),
            Some(at) => {
                let is_group = depth + 1 < LEVELS
                    || depth + 1 == LEVELS
                        && ["endpoints", "instances"].contains(&entry.key.as_str());
                let old = std::mem::replace(&mut entries[at], entry);
                if is_group {
                    let own = std::mem::replace(&mut entries[at].value, Node::new(Value::Null));
                    entries[at].value = over(old.value, own, depth + 1);
                }
            }
            None => entries.push(entry),
        }
    }
    Node { span, tall, used, value: Value::Map(entries) }
}

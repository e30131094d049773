//! `include: FILE` or `include: [FILE, FILE]`: a scenario put together from several files.
//!
//! Law: what a file says goes before what it includes, and what it includes later before what it
//! includes first. Sections (`services`), what they contain by name (`api`), and its fields
//! (`replicas`) are put together; below that a value replaces the other as a whole, except for
//! `endpoints` and `instances`, whose names are put together too. `null` takes a value away. Files
//! are found from the folder of the file that names them. The `name` of a scenario is that of its
//! own file.
//! Checked: `tests/it/include.rs`.

use super::file::text_of;
use super::{MEASURED, Source};
use crate::problem::{Problem, Severity};
use crate::scenario::asyncflow01;
use crate::scenario::text::{self, Entry, Format, Node, Value};
use indexmap::IndexMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The key, and what others call it.
const WORD: &str = "include";
const MEANT: [&str; 5] = [WORD, "includes", "import", "imports", "extends"];
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
    let mut files = Files { parts: Vec::new(), end, open: Vec::new(), values: 0, problems };
    files.include(tree, folder, Path::new(""));
    files.parts
}

struct Files<'p> {
    parts: Vec<Source>,
    /// Where the next text begins.
    end: usize,
    /// The files around the present one.
    open: Vec<PathBuf>,
    /// The number of values in all of them.
    values: usize,
    problems: &'p mut Vec<Problem>,
}

impl Files<'_> {
    /// Puts what a tree includes into it. `folder` is that of its file, and `from_first` the way to
    /// it from that of the first.
    fn include(&mut self, tree: &mut Node, folder: &Path, from_first: &Path) {
        let Value::Map(entries) = &mut tree.value else { return };
        let means = |entry: &Entry| MEANT.contains(&entry.key.to_lowercase().as_str());
        let Some(at) = entries.iter().position(means) else { return };
        let Entry { key, key_span, value } = entries.remove(at);
        if key != WORD {
            let what = format!("unknown field `{key}`");
            self.report(key_span, what, "did you mean `include`?");
            return;
        }
        if asyncflow01::is_asyncflow01(tree) {
            let what = "a file of AsyncFlow 0.1 includes no others".into();
            self.report(key_span, what, "convert it first: `asyncflow convert OLD.yml NEW.yaml`");
            return;
        }
        let mut named: Vec<&Node> = match &value.value {
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
        named.truncate(FILES_MAX + 1);
        let mut below = Node::new(Value::Map(Vec::new()));
        for item in named {
            let Value::Text(name) = &item.value else { continue };
            if let Some(part) = self.part(name, &item.span, folder, from_first) {
                below = over(below, part, LEVELS);
            }
        }
        let own = std::mem::replace(tree, Node::new(Value::Null));
        let place = own.span.clone();
        *tree = Node { span: place, ..over(below, own, LEVELS) };
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
            let what = format!("`{name}` includes itself, directly or through other files");
            return self.report(place.clone(), what, "put what both need into a file of its own");
        }
        if self.parts.len() >= FILES_MAX {
            let what = format!("more than {FILES_MAX} files are included");
            return self.report(place.clone(), what, "put some of them together");
        }
        let text = match text_of(&path, &path.display().to_string()) {
            Ok(text) => text,
            Err(refusal) => {
                let help = format!(
                    "it is looked up from the folder of the file that names it: {}",
                    shown(folder)
                );
                return self.report(place.clone(), refusal.what, &help);
            }
        };
        let mut tree = self.parsed(&path, text, format, place)?;
        self.values += values(&tree);
        if self.end > text::LARGEST || self.values > text::MOST_NODES {
            let what = "all files together are too large: at most 1 MiB, and 200,000 values".into();
            return self.report(place.clone(), what, "include fewer of them");
        }
        if let Err((what, help)) = check_part(&mut tree) {
            return self.report(place.clone(), format!("`{name}` {what}"), help);
        }
        self.open.push(own);
        let within = |path: &Path| path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        find_files(&mut tree, &within(&way));
        self.include(&mut tree, &within(&path), &within(&way));
        self.open.pop();
        Some(tree)
    }

    /// Parses the text of a file, and keeps it.
    fn parsed(
        &mut self,
        path: &Path,
        text: String,
        format: Format,
        named_at: &Range<usize>,
    ) -> Option<Node> {
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
                for problem in &mut found {
                    match &mut problem.place {
                        Some(place) => shift_place(place, begins),
                        // Of a file without any text.
                        None => {
                            problem.place = Some(named_at.clone());
                            problem.help = Some("leave it out, or write a section in it".into());
                        }
                    }
                }
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

/// Checks that a tree is part of a scenario, and takes out of it what only a whole one has; returns
/// what else it is, and what to do.
fn check_part(tree: &mut Node) -> Result<(), (&'static str, &'static str)> {
    if asyncflow01::is_asyncflow01(tree) {
        let help = "convert it first: `asyncflow convert OLD.yml NEW.yaml`";
        return Err(("is a file of AsyncFlow 0.1", help));
    }
    let Value::Map(entries) = &mut tree.value else {
        let help = "a part of a scenario has sections, such as `services:`";
        return Err(("is not a group of fields", help));
    };
    let is_other =
        |entry: &Entry| entry.key == "version" && entry.value.value != Value::Unsigned(1);
    if entries.iter().any(is_other) {
        return Err(("has another version of the format", "this release reads `version: 1`"));
    }
    entries.retain(|entry| entry.key != "name");
    Ok(())
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
        Value::Map(entries) => {
            for Entry { key, value, .. } in entries {
                let measured = MEASURED.contains(&key.as_str());
                match &mut value.value {
                    Value::Map(fields) if measured => {
                        let files = fields.iter_mut().filter(|field| field.key == "file");
                        files.for_each(|field| name_from(&mut field.value, way));
                        find_files(value, way);
                    }
                    _ if is_path_of_file(key) => name_from(value, way),
                    _ => find_files(value, way),
                }
            }
        }
        _ => {}
    }
}

/// Whether a key is the path of a file of measured values, as in a sweep.
fn is_path_of_file(key: &str) -> bool {
    MEASURED.iter().any(|word| key.ends_with(&format!(".{word}.file")))
}

/// Names one or several files from the folder of the first file.
fn name_from(node: &mut Node, way: &Path) {
    match &mut node.value {
        Value::Text(name) if !way.as_os_str().is_empty() => {
            *name = way.join(&*name).display().to_string();
        }
        Value::List(items) => items.iter_mut().for_each(|item| name_from(item, way)),
        _ => {}
    }
}

/// The levels that are put together: sections, names, fields; and of sections without names.
const LEVELS: usize = 3;
const NAMELESS: [&str; 4] = ["run", "output", "sweep", "capacity"];
/// The fields whose own fields are put together.
const GROUPS: [&str; 5] = ["endpoints", "instances", "instance", "external", "queue"];
/// The section whose lists follow each other.
const LIST: &str = "faults";

/// Puts one tree over another, with this many levels below it that are put together.
fn over(below: Node, above: Node, levels: usize) -> Node {
    let (old, new) = match (below.value, above.value) {
        (Value::Map(old), Value::Map(new)) => (old, new),
        (_, value) => return Node { value, ..above },
    };
    let keyed = |entry: Entry| (entry.key.clone(), Some(entry));
    let mut entries: IndexMap<String, Option<Entry>> = old.into_iter().map(keyed).collect();
    for entry in new {
        let key = entry.key.clone();
        let together = match entries.get_mut(&key).and_then(Option::take) {
            Some(_) if entry.value.value == Value::Null => None,
            Some(old) => Some(Entry { value: put(old.value, entry.value, &key, levels), ..entry }),
            None => Some(entry),
        };
        entries.insert(key, together);
    }
    Node { value: Value::Map(entries.into_values().flatten().collect()), ..above }
}

/// Puts the value of a key over another.
fn put(old: Node, new: Node, key: &str, levels: usize) -> Node {
    let below = match levels {
        LEVELS if NAMELESS.contains(&key) => 1,
        1 if GROUPS.contains(&key) => 1,
        levels => levels - 1,
    };
    match (old.value, new.value) {
        (Value::List(mut all), Value::List(more)) if levels == LEVELS && key == LIST => {
            all.extend(more);
            Node { value: Value::List(all), ..new }
        }
        (old, value) if below > 0 => over(Node::new(old), Node { value, ..new }, below),
        (_, value) => Node { value, ..new },
    }
}

/// Returns the number of values in a tree.
fn values(node: &Node) -> usize {
    1 + match &node.value {
        Value::List(items) => items.iter().map(values).sum(),
        Value::Map(entries) => entries.iter().map(|entry| values(&entry.value)).sum(),
        _ => 0,
    }
}

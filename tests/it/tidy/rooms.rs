//! The table of rooms in `ARCHITECTURE.md`, and the catalogues.

use super::repository::{File, Repository};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The room table: `| room/ | … | may use |`.
fn table(repository: &Repository) -> BTreeMap<String, BTreeSet<String>> {
    let page = repository.files.iter().find(|file| file.path == "ARCHITECTURE.md");
    let mut rooms = BTreeMap::new();
    for (_, line) in page.expect("the floor plan exists").lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let room = cells[0].trim_matches('`').trim_end_matches('/');
        if line.starts_with("| `") && cells.len() == 3 && Path::new("src").join(room).is_dir() {
            let words = cells[2].split(' ').map(|word| word.trim_matches(['`', ',', '.']));
            let used = words.filter(|word| !word.is_empty()).map(str::to_string);
            rooms.insert(room.to_string(), used.collect());
        }
    }
    rooms
}

/// The room of a source file, if it is in one.
fn room_of(file: &File) -> Option<&str> {
    let (room, _) = file.path.strip_prefix("src/")?.split_once('/')?;
    Some(room)
}

/// The rooms that the code of a file names in paths from the root of the crate: `crate::a::b`, the
/// members of `crate::{a, b::c}` over any number of lines, and `super::super::a` where it leads out
/// of the room. Each with its line.
fn used_rooms(file: &File) -> Vec<(usize, String)> {
    let is_comment = |line: &str| line.trim_start().starts_with("//");
    let lines = file.code_lines().map(|(_, line)| if is_comment(line) { "" } else { line });
    let code = lines.collect::<Vec<_>>().join("\n");
    let mut rooms = Vec::new();
    // A file of a room is two steps below the root, its `mod.rs` one.
    let is_parent = file.path.ends_with("/mod.rs");
    let depth = file.path.matches('/').count() - usize::from(is_parent);
    let up = "super::".repeat(depth);
    for root in ["crate::", up.as_str()] {
        for (at, _) in code.match_indices(root) {
            let line = code[..at].matches('\n').count() + 1;
            let path = &code[at + root.len()..];
            let is_whole = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if is_whole {
                rooms.extend(members(path).into_iter().map(|name| (line, name)));
            }
        }
    }
    rooms
}

/// The first names of a path, or of all members of a group in braces.
fn members(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()];
    };
    let (mut names, mut nested, mut is_first) = (vec![String::new()], 0, true);
    for c in group.chars() {
        match c {
            '{' => nested += 1,
            '}' if nested == 0 => break,
            '}' => nested -= 1,
            ',' if nested == 0 => {
                names.push(String::new());
                is_first = true;
            }
            c if nested == 0 && is_first && (c.is_alphanumeric() || c == '_') => {
                names.last_mut().expect("there is one").push(c);
            }
            c if !c.is_whitespace() => is_first = false,
            _ => {}
        }
    }
    names
}

pub fn check(repository: &Repository) -> Vec<String> {
    let allowed = table(repository);
    let built: BTreeSet<&str> = repository.sources().filter_map(room_of).collect();
    let planned: BTreeSet<&str> = allowed.keys().map(String::as_str).collect();
    let mut violations = Vec::new();
    if built != planned {
        violations.push(format!(
            "ARCHITECTURE.md:1: its rooms are {planned:?}, the folders of src/ are {built:?}"
        ));
    }
    for file in repository.sources() {
        let Some((room, may_use)) = room_of(file).and_then(|room| allowed.get_key_value(room))
        else {
            continue;
        };
        for (number, used) in used_rooms(file) {
            let is_other = built.contains(used.as_str()) && used != *room;
            if is_other && !may_use.contains(&used) && !may_use.contains("everything") {
                let path = &file.path;
                violations.push(format!("{path}:{number}: `{room}` may not use `{used}`"));
            }
        }
    }
    violations
}

/// Files of a catalogue room that are not capabilities.
const BESIDES: [&str; 14] = [
    "compiler",
    "keys",
    "load",
    "act",
    "shared",
    "asks",
    "scope",
    "catalogue",
    "solve",
    "standard_gamma",
    "standard_normal",
    "tests_oracles",
    "tests_written",
    "written",
];

/// A capability is one file and one line of its catalogue.
pub fn check_catalogues(repository: &Repository) -> Vec<String> {
    let mut violations = Vec::new();
    for room in ["src/step", "src/fault", "src/policy/balance", "src/random/dists"] {
        let catalogue = format!("{room}/mod.rs");
        let listed = repository.files.iter().find(|file| file.path == catalogue);
        let listed = &listed.expect("the catalogue exists").text;
        for file in repository.sources().filter(|file| file.path.starts_with(room)) {
            let name = Path::new(&file.path).file_stem().unwrap_or_default().to_string_lossy();
            let is_listed = listed.lines().any(|line| line.starts_with(&format!("    {name}: ")));
            if name != "mod" && !BESIDES.contains(&name.as_ref()) && !is_listed {
                violations.push(format!("{}:1: is not in the catalogue {catalogue}", file.path));
            }
        }
    }
    violations
}

#[test]
fn groups_over_several_lines_and_nested_ones_are_seen() {
    // By hand.
    assert_eq!(members("units::Span;"), ["units"]);
    assert_eq!(
        members("{\n    units::{Span, Time},\n    store,\n    self\n};"),
        ["units", "store", "self"]
    );
}

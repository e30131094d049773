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

/// The first segments of all paths from the root of the crate in a line: `crate::a::b`, and the
/// members of `crate::{a, b::c}`.
fn used_rooms(line: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut rooms = Vec::new();
    for path in line.split("crate::").skip(1) {
        match path.strip_prefix('{') {
            Some(group) => rooms.extend(
                group
                    .split(['}', ';'])
                    .next()
                    .map(|members| members.split(',').map(name).collect::<Vec<_>>())
                    .into_iter()
                    .flatten(),
            ),
            None => rooms.push(name(path)),
        }
    }
    rooms
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
        let code = file.code_lines().filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (number, line) in code {
            for used in used_rooms(line) {
                let is_other = built.contains(used.as_str()) && used != *room;
                if is_other && !may_use.contains(&used) && !may_use.contains("everything") {
                    let path = &file.path;
                    violations.push(format!("{path}:{number}: `{room}` may not use `{used}`"));
                }
            }
        }
    }
    violations
}

/// Files of a catalogue room that are not capabilities.
const BESIDES: [&str; 6] =
    ["catalogue", "solve", "standard_gamma", "standard_normal", "tests_oracles", "tests_written"];

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

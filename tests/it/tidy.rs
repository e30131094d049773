//! Rules of the source tree: which module may use which, how long files are, what no file contains.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The largest number of lines of a file.
const LINES_MAX: usize = 500;

/// Parses the table of rooms in ARCHITECTURE.md: `| room/ | … | may use |`.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string("ARCHITECTURE.md").expect("ARCHITECTURE.md");
    let mut rooms = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let room = cells[0].trim_matches('`').trim_end_matches('/');
        if cells.len() == 3 && Path::new("src").join(room).is_dir() {
            let used = cells[2]
                .split(' ')
                .map(|word| word.trim_matches(['`', ',', '.']))
                .filter(|word| !word.is_empty());
            rooms.insert(room.to_string(), used.map(str::to_string).collect());
        }
    }
    rooms
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            paths.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    paths.sort();
    paths
}

/// Returns the text of a file before its tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a text file");
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_string()
}

#[test]
fn a_room_uses_only_the_rooms_that_the_architecture_allows() {
    let rooms = table();
    let built: BTreeSet<String> = fs::read_dir("src")
        .unwrap()
        .filter_map(|e| e.ok())
        .filter(|e| e.path().is_dir())
        .map(|e| e.file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        rooms.keys().cloned().collect::<BTreeSet<_>>(),
        built,
        "the rooms of ARCHITECTURE.md are the folders of src/"
    );
    let mut violations = Vec::new();
    for (room, allowed) in &rooms {
        for path in files(&Path::new("src").join(room)) {
            if path.components().any(|part| part.as_os_str().to_string_lossy().contains("tests")) {
                continue;
            }
            let text = code(&path);
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for used in lines.flat_map(|line| line.split("crate::").skip(1)) {
                let other: String =
                    used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if built.contains(&other)
                    && other != *room
                    && !allowed.contains(&other)
                    && !allowed.contains("everything")
                {
                    violations
                        .push(format!("{} uses `{other}`, which `{room}` may not", path.display()));
                }
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn files_are_short_and_begin_with_a_description() {
    for path in files(Path::new("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let is_test = path.to_string_lossy().contains("tests");
        assert!(
            is_test || text.lines().count() <= LINES_MAX,
            "{} is longer than {LINES_MAX} lines: split it",
            path.display()
        );
        assert!(text.starts_with("//!"), "{} does not begin with `//!`", path.display());
    }
}

#[test]
fn only_the_command_prints_and_no_debugging_leftovers_remain() {
    for path in files(Path::new("src")) {
        let text = code(&path);
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        let banned: &[&str] = if path.starts_with("src/cli") {
            &["todo!", "dbg!", "TODO", "FIXME"]
        } else {
            &["println!", "eprintln!", "todo!", "dbg!", "TODO", "FIXME"]
        };
        for word in banned {
            assert!(!code.contains(word), "{} contains `{word}`", path.display());
        }
    }
    for room in ["kernel", "random", "sim", "measure", "step", "server"] {
        for path in files(&Path::new("src").join(room)) {
            for word in ["HashMap", "HashSet", "Instant", "SystemTime"] {
                assert!(
                    !code(&path).contains(word),
                    "{} contains `{word}`: the engine may not depend on hash order or a clock",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_file_of_a_catalogue_room_is_in_its_catalogue() {
    // A capability is one file and one line of the catalogue.
    for (room, catalogue, besides) in [
        ("src/step", "src/step/mod.rs", &[][..]),
        ("src/fault", "src/fault/mod.rs", &[][..]),
        ("src/policy/balance", "src/policy/balance/mod.rs", &[][..]),
        (
            "src/random/dists",
            "src/random/dists/mod.rs",
            &[
                "catalogue",
                "solve",
                "standard_gamma",
                "standard_normal",
                "tests",
                "tests_oracles",
                "tests_written",
            ][..],
        ),
    ] {
        let text = fs::read_to_string(catalogue).unwrap();
        for path in files(Path::new(room)) {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if name != "mod" && !besides.contains(&name.as_str()) {
                assert!(
                    text.lines().any(|line| line.starts_with(&format!("    {name}: "))),
                    "{} is not in the catalogue of {room}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn the_schema_in_docs_is_up_to_date() {
    let checked_in =
        fs::read_to_string("docs/scenario.schema.json").expect("docs/scenario.schema.json");
    assert!(
        checked_in == asyncflow::scenario::schema(),
        "run `cargo run --release -- schema > docs/scenario.schema.json`"
    );
}

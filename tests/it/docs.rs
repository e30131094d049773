//! The documentation is true: its scenarios read and check, its tables are the schema's, the shipped scenarios run.

use std::fs;
use std::path::PathBuf;

fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir("docs").unwrap().map(|e| e.unwrap().path());
    let mut pages: Vec<PathBuf> = docs.chain([PathBuf::from("README.md")]).filter(|p| p.extension().is_some_and(|e| e == "md")).collect();
    pages.sort();
    pages
}

#[test]
fn every_whole_scenario_in_the_docs_has_no_error() {
    let mut found = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for block in text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
            if block.starts_with("version: 1") {
                found += 1;
                asyncflow::scenario::from_yaml(block).unwrap_or_else(|problems| panic!("{}: {problems}", page.display()));
            }
        }
    }
    assert!(found >= 3, "README, tutorial and reference have one each");
}

#[test]
fn the_tables_of_outputs_are_those_of_the_schema() {
    let text = fs::read_to_string("docs/outputs.md").unwrap();
    for table in asyncflow::store::TABLES {
        let section =
            text.split(&format!("### {}\n", table.file)).nth(1).unwrap_or_else(|| panic!("{} is not in docs/outputs.md", table.file));
        let section = section.split("\n### ").next().unwrap();
        let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
        let expected =
            table.columns.iter().map(|c| format!("| `{}` | {} | {} |", c.name, if c.unit.is_empty() { "–" } else { c.unit }, c.meaning));
        assert_eq!(rows, expected.collect::<Vec<_>>(), "{}", table.file);
        assert!(section.contains(&format!("A row is {}.", table.row)), "{}", table.file);
    }
}

#[test]
fn every_shipped_scenario_runs_and_shows_as_itself() {
    let mut names: Vec<PathBuf> = fs::read_dir("scenarios").unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    assert!(names.len() >= 7, "{names:?}");
    for path in names {
        let (_, loaded) = asyncflow::scenario::read_file(&path, &[]).unwrap_or_else(|problem| panic!("{}", problem.what));
        let mut scenario = loaded.scenario.unwrap_or_else(|| panic!("{}: {:?}", path.display(), loaded.problems));
        assert!(!asyncflow::scenario::check(&scenario).any_error(), "{}", path.display());
        // What is shown reads back as the same scenario.
        let shown = asyncflow::scenario::to_yaml(&scenario).unwrap();
        assert_eq!(
            asyncflow::scenario::from_yaml(&shown).unwrap_or_else(|p| panic!("{}: {p}", path.display())),
            scenario,
            "{}",
            path.display()
        );
        scenario.run.replications = 2;
        let results = asyncflow::run(&scenario).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let answered = results.rows.iter().find(|row| row.metric == "completed").map_or(0.0, |row| row.estimate.estimate);
        assert!(answered > 1000.0, "{}: {answered}", path.display());
        assert_eq!(results.overloaded.is_empty(), !path.ends_with("overloaded.yaml"), "{}", path.display());
    }
}

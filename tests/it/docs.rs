//! The documentation is correct: the commands of a page work from top to bottom, its numbers are
//! those of the runs, its tables match the schema, its code is that of the source, its links are
//! valid, and the shipped scenarios run.
//!
//! The lines for DuckDB, Polars and pandas are run by `tests/readback.py`.

mod commands;
mod numbers;

use asyncflow::scenario;
use std::fs;
use std::path::{Path, PathBuf};

fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir("docs").unwrap().map(|e| e.unwrap().path());
    let mut pages: Vec<PathBuf> = docs
        .chain([PathBuf::from("README.md")])
        .filter(|p| p.extension().is_some_and(|e| e == "md"))
        .collect();
    pages.sort();
    pages
}

/// Returns the texts between single backticks.
fn spans(prose: &str) -> Vec<&str> {
    prose.split("\n\n").flat_map(|paragraph| paragraph.split('`').skip(1).step_by(2)).collect()
}

/// Returns a section of a page, by its heading.
fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    let rest = text
        .split(&format!("\n{heading}\n"))
        .nth(1)
        .unwrap_or_else(|| panic!("there is no {heading}"));
    rest.split("\n## ").next().unwrap()
}

/// Returns the rows of the first table of a section, without its header.
fn rows(section: &str) -> Vec<&str> {
    let table = section.lines().skip_while(|line| !line.starts_with("|--"));
    table.skip(1).take_while(|line| line.starts_with('|')).collect()
}

#[test]
fn every_row_of_the_reference_runs() {
    // The first cells of the tables of steps, distributions and faults, each inserted into a small
    // system; and the lines on links and slos.
    let text = fs::read_to_string("docs/scenario-file.md").unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("times.csv"), "ms\n1.5\n2.5\n4\n").unwrap();
    let runs = |active: &str, step: &str, more: &str| {
        let workload = format!(
            "users: {{ to: api.GET /x, users: {{ active: {active}, each: 2/min, resample: 1m }} }}"
        );
        let services = format!(
            "\n  api: {{ instance: {{ memory: 1GiB }}, endpoints: {{ GET /x: [ {step} ] }} }}\n  db: {{ endpoints: {{ read: [ cpu: 1ms ] }} }}"
        );
        let yaml = format!(
            "version: 1\nrun: {{ duration: 10m, replications: 1 }}\nworkload: {{ {workload} }}\nservices: {services}\n{more}\n"
        );
        let path = folder.path().join("row.yaml");
        fs::write(&path, &yaml).unwrap();
        let (_, loaded) =
            scenario::read_file(&path, &[]).unwrap_or_else(|problem| panic!("{}", problem.what));
        let scenario = loaded.scenario.unwrap_or_else(|| panic!("{:?}\n{yaml}", loaded.problems));
        let problems = scenario::check(&scenario);
        assert!(!problems.any_error(), "{problems:?}\n{yaml}");
        asyncflow::run(&scenario).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    };
    let first_cells = |heading: &str| -> Vec<(bool, String)> {
        let cells = rows(section(&text, heading))
            .into_iter()
            .map(|row| row.split(" | ").next().unwrap().to_string());
        cells
            .flat_map(|cell| {
                spans(&cell)
                    .into_iter()
                    .map(|span| (cell.contains("counts"), span.to_string()))
                    .collect::<Vec<_>>()
            })
            .collect()
    };
    let mut found = 0;
    for (_, step) in first_cells("## Steps") {
        runs("2", &step, "");
        found += 1;
    }
    for (counts, law) in first_cells("## Distributions") {
        let law = if law.contains(": ") { format!("{{ {law} }}") } else { law };
        if counts {
            runs(&law, "cpu: 1ms", "")
        } else {
            runs("2", &format!("cpu: {law}"), "")
        }
        found += 1;
    }
    for (_, fault) in first_cells("## faults") {
        runs(
            "2",
            "cpu: 1ms",
            &format!("links: {{ users -> api: {{ latency: 1ms }} }}\nfaults: [ {fault} ]"),
        );
        found += 1;
    }
    for (_, rate) in first_cells("### Rates").into_iter().filter(|(_, rate)| rate.contains(": ")) {
        // A factor needs a base; a table needs its file.
        let base = ["base:", "from:", "mmpp:"].iter().any(|base| rate.starts_with(base));
        let rate = if base { rate } else { format!("base: 2/s, {rate}") };
        if !rate.contains("table:") {
            let yaml = format!(
                "version: 1
run: {{ duration: 10m, replications: 2 }}
workload: {{ w: {{ to: api.x, open: {{ rate: {{ {rate} }} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: 1ms ] }} }} }}"
            );
            let scenario =
                scenario::from_yaml(&yaml).unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
            asyncflow::run(&scenario).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
            found += 1;
        }
    }
    let link = spans(section(&text, "## links"))[0];
    runs("2", "cpu: 1ms", &format!("links: {{ {link} }}"));
    let slos = spans(section(&text, "## slos and output"))[0];
    runs("2", "cpu: 1ms", slos);
    assert!(found >= 25, "{found}");
}

#[test]
fn the_code_in_the_docs_is_that_of_the_source() {
    // The paragraph before a block of Rust names its file, which contains the block.
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let pieces: Vec<&str> = text.split("```").collect();
        for index in (1..pieces.len()).step_by(2) {
            let Some(block) = pieces[index].strip_prefix("rust\n") else { continue };
            let file = spans(pieces[index - 1])
                .into_iter()
                .rfind(|span| span.starts_with("src/") && span.ends_with(".rs"));
            let file = file.unwrap_or_else(|| {
                panic!("{}: the paragraph before this code names no file:\n{block}", page.display())
            });
            assert!(
                fs::read_to_string(file).unwrap().contains(block.trim_end()),
                "{}: this is not in {file}:\n{block}",
                page.display()
            );
        }
    }
}

#[test]
fn every_link_is_valid_and_the_index_lists_every_page() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let file = target.split('#').next().unwrap();
            let path = page.parent().unwrap().join(file);
            if !file.is_empty() && !target.starts_with("http") {
                assert!(path.exists(), "{} links to {target}", page.display());
            }
        }
    }
    let index = fs::read_to_string("docs/README.md").unwrap();
    for page in
        pages().iter().filter(|page| page.starts_with("docs") && !page.ends_with("README.md"))
    {
        let name = page.file_name().unwrap().to_string_lossy();
        assert!(index.contains(&format!("]({name})")), "docs/README.md does not list {name}");
    }
}

#[test]
fn the_tables_of_outputs_match_the_schema() {
    let text = fs::read_to_string("docs/outputs.md").unwrap();
    for table in asyncflow::store::tables() {
        let section = text
            .split(&format!("### {}\n", table.file))
            .nth(1)
            .unwrap_or_else(|| panic!("{} is not in docs/outputs.md", table.file));
        let section = section.split("\n### ").next().unwrap();
        let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
        let expected = table.columns.iter().map(|c| {
            format!(
                "| `{}` | {} | {} |",
                c.name,
                if c.unit.is_empty() { "–" } else { c.unit },
                c.meaning
            )
        });
        assert_eq!(rows, expected.collect::<Vec<_>>(), "{}", table.file);
        assert!(section.contains(&format!("A row is {}.", table.row)), "{}", table.file);
    }
}

/// Returns whether docs/metrics.md names a metric and its statistic; what follows a dot, such as
/// the label of a wait, may stand there as a word in capitals.
fn is_documented(page: &str, row: &asyncflow::experiment::Row) -> bool {
    let (base, rest) = row.metric.split_once('.').unwrap_or((&row.metric, ""));
    let has_stat = |line: &str| line.contains(row.stat) || line.contains("as above");
    page.lines().any(|line| {
        line.starts_with('|')
            && line.contains(&format!("`{base}"))
            && (rest.is_empty() || line.contains(&format!("`{base}.")))
            && has_stat(line)
    })
}

#[test]
fn every_shipped_scenario_runs_and_reads_back_as_shown() {
    let mut names: Vec<PathBuf> =
        fs::read_dir("scenarios").unwrap().map(|e| e.unwrap().path()).collect();
    // Not the files that they name.
    names.retain(|path| asyncflow::scenario::Format::of(path).is_some());
    names.sort();
    assert!(names.len() >= 7, "{names:?}");
    let metrics = fs::read_to_string("docs/metrics.md").unwrap();
    for path in names {
        let (_, loaded) = asyncflow::scenario::read_file(&path, &[])
            .unwrap_or_else(|problem| panic!("{}", problem.what));
        let mut scenario =
            loaded.scenario.unwrap_or_else(|| panic!("{}: {:?}", path.display(), loaded.problems));
        assert!(!asyncflow::scenario::check(&scenario).any_error(), "{}", path.display());
        // The output of `show` reads back as the same scenario.
        let shown = asyncflow::scenario::to_yaml(&scenario);
        let format = asyncflow::scenario::Format::Yaml;
        let again = scenario::read(&shown, format, "again", Path::new("scenarios"), &[]);
        assert_eq!(again.scenario.as_ref(), Some(&scenario), "{}", path.display());
        scenario.run.replications = asyncflow::scenario::Replications::Fixed(2);
        let results =
            asyncflow::run(&scenario).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for row in &results.rows {
            assert!(
                is_documented(&metrics, row),
                "docs/metrics.md lacks {} {}",
                row.metric,
                row.stat
            );
        }
        let answered = results
            .rows
            .iter()
            .find(|row| row.metric == "completed")
            .map_or(0.0, |row| row.estimate.estimate);
        assert!(answered > 1000.0, "{}: {answered}", path.display());
        assert_eq!(
            results.overloaded.is_empty(),
            !path.ends_with("overloaded.yaml") && !path.ends_with("retry-storm.yaml"),
            "{}",
            path.display()
        );
    }
}

//! The documentation is correct: the commands of a page work from top to bottom, its numbers are
//! those of the runs, its tables match the schema, its code is that of the source, its links are
//! valid, and the shipped scenarios run.
//!
//! The lines for DuckDB, Polars and pandas are run by `tests/readback.py`.

use asyncflow::scenario;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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

/// A reader who follows a page in a folder with the shipped scenarios.
struct Reader {
    folder: tempfile::TempDir,
    /// The scenario file written last.
    file: String,
}

impl Reader {
    fn new() -> Reader {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("scenarios")).unwrap();
        for entry in fs::read_dir("scenarios").unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.path().join(&path)).unwrap();
        }
        Reader { folder, file: String::new() }
    }

    /// Runs a line as written in a shell in which `asyncflow` is the built binary.
    fn shell(&self, line: &str) -> Output {
        let line = line.replace("cargo run --release --", "asyncflow");
        let script =
            format!("asyncflow() {{ \"{}\" \"$@\"; }}\n{line}", env!("CARGO_BIN_EXE_asyncflow"));
        Command::new("bash")
            .args(["-c", &script])
            .current_dir(&self.folder)
            .env("NO_COLOR", "1")
            .output()
            .unwrap()
    }

    /// Runs a command and asserts its exit code. `FILE` and similar placeholders are replaced by a
    /// file; one replication is enough.
    fn types(&self, line: &str, page: &Path, code: i32) {
        let mut line = line.to_string();
        let _ = fs::remove_file(self.folder.path().join("new.yaml"));
        for (placeholder, file) in [
            ("OLD.yml NEW.yaml", "scenarios/asyncflow01-single-server.yml new.yaml"),
            ("OLD NEW", "scenarios/asyncflow01-single-server.yml new.yaml"),
            ("IN OUT", "scenarios/hello.ron new.yaml"),
            ("SCENARIO…", "scenarios/hello.yaml"),
            ("FILE…", "scenarios/hello.yaml"),
            ("SCENARIO", "scenarios/hello.yaml"),
            ("FILE", "scenarios/hello.yaml"),
        ] {
            line = line.replace(placeholder, file);
        }
        if !line.contains(" -r ") {
            line = line.replacen("asyncflow run ", "asyncflow run -r 1 ", 1).replacen(
                "asyncflow sweep ",
                "asyncflow sweep -r 2 ",
                1,
            );
            if !line.contains("--select") {
                line = line.replacen("asyncflow compare ", "asyncflow compare -r 2 ", 1);
            }
        }
        let output = self.shell(&line);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{}: {line}\n{}",
            page.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Writes a complete scenario under the name in the prose before it, or adds a fragment to the
    /// last one, and runs it.
    fn writes(&mut self, yaml: &str, prose: &str, page: &Path) {
        let whole = yaml.starts_with("version: 1");
        let name = spans(prose).into_iter().rfind(|span| {
            span.ends_with(".yaml") && !span.starts_with('.') && !span.contains([' ', '/'])
        });
        if whole {
            self.file = name.unwrap_or("page.yaml").to_string();
        }
        let path = self.folder.path().join(&self.file);
        let earlier = if whole {
            String::new()
        } else {
            fs::read_to_string(&path).expect("a part follows a whole")
        };
        fs::write(&path, earlier + yaml).unwrap();
        self.types(&format!("asyncflow run {} --no-files -q", self.file), page, 0);
    }
}

/// Pages for developers, whose other commands are not run here.
const WORKSHOP: [&str; 3] = ["docs/validation.md", "docs/testing.md", "docs/performance.md"];

/// Returns the lines of a sample without the parts that depend on the machine: the duration, the
/// threads and the files written.
fn timeless(text: &str) -> Vec<String> {
    let of_a_line = |line: &str| match (line.split_once(" in "), line.split_once(" · fingerprint "))
    {
        (Some((events, _)), Some((_, fingerprint))) => {
            format!("{events} · fingerprint {fingerprint}")
        }
        _ => line.trim_end().to_string(),
    };
    text.trim_end().lines().map(of_a_line).collect()
}

#[test]
fn every_sample_is_the_output_of_the_command_above_it() {
    // The command is the oracle. A line `…` in a sample stands for omitted lines.
    let mut samples = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let pieces: Vec<&str> = text.split("```").collect();
        let reader = Reader::new();
        for (commands, sample) in pieces.iter().zip(&pieces[2.min(pieces.len())..]) {
            let (Some(commands), Some(sample)) =
                (commands.strip_prefix("sh\n"), sample.strip_prefix("text\n"))
            else {
                continue;
            };
            let line = commands
                .lines()
                .rfind(|line| line.starts_with("asyncflow ") || line.starts_with("cargo run "))
                .unwrap();
            // The block after a shard of a sweep is a cluster script.
            if line.contains(" merge ") {
                continue;
            }
            samples += 1;
            let printed = timeless(&String::from_utf8(reader.shell(line).stdout).unwrap());
            let shown = timeless(sample);
            let mut rest = printed.as_slice();
            for (index, part) in shown.split(|line| line == "…").enumerate() {
                let at = rest.windows(part.len()).position(|lines| lines == part);
                let at = at.unwrap_or_else(|| {
                    panic!(
                        "{}: `{line}` prints\n{}\nand not\n{}",
                        page.display(),
                        printed.join("\n"),
                        part.join("\n")
                    )
                });
                assert!(
                    index > 0 || at == 0,
                    "{}: the sample leaves out its first lines",
                    page.display()
                );
                rest = &rest[at + part.len()..];
            }
            let is_cut = shown.last().is_some_and(|line| line == "…");
            assert!(
                is_cut || rest.iter().all(String::is_empty),
                "{}: the sample leaves out its last lines\n{}",
                page.display(),
                rest.join("\n")
            );
        }
    }
    assert!(samples >= 5, "{samples} samples");
}

#[test]
fn every_page_can_be_followed_from_top_to_bottom() {
    // Every YAML block runs; every command ends with the exit code in the paragraph after it, or 0.
    let (mut scenarios, mut commands) = (0, 0);
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let pieces: Vec<&str> = text.split("```").collect();
        let mut reader = Reader::new();
        for (index, piece) in pieces.iter().enumerate() {
            if index % 2 == 0 {
                // Two words are the name of a command, three or more a line to run; only `schema`
                // has no arguments.
                let typed = |span: &&str| {
                    span.starts_with("asyncflow ")
                        && (span.split(' ').count() > 2 || *span == "asyncflow schema")
                };
                for span in spans(piece)
                    .into_iter()
                    .filter(|span| typed(span) || span.starts_with("cargo run --release -- "))
                {
                    commands += 1;
                    reader.types(span, &page, 0);
                }
                for set in spans(piece)
                    .into_iter()
                    .filter(|span| span.starts_with("--set ") && span.contains('.'))
                {
                    reader.types(&format!("asyncflow check scenarios/hello.yaml {set}"), &page, 0);
                }
                continue;
            }
            let (language, block) = piece.split_once('\n').unwrap();
            let after = pieces[index + 1].trim_start().split("\n\n").next().unwrap();
            match language {
                "yaml" => {
                    scenarios += 1;
                    reader.writes(block, pieces[index - 1], &page);
                }
                "sh" => {
                    for line in block.lines().filter(|line| !line.trim().is_empty()) {
                        let code = if after.contains("exit code is 1") { 1 } else { 0 };
                        match line.split(' ').next().unwrap() {
                            _ if line.starts_with("cargo run --release -- ")
                                || line.starts_with("asyncflow ") =>
                            {
                                commands += 1;
                                reader.types(line, &page, code);
                            }
                            "duckdb" | "python" => {}
                            _ if line == "cargo test"
                                || WORKSHOP.iter().any(|shop| page.ends_with(shop)) => {}
                            _ => panic!("{}: no test runs `{line}`", page.display()),
                        }
                    }
                }
                "text" | "rust" | "json" => {}
                _ => panic!("{}: no test checks blocks of `{language}`", page.display()),
            }
        }
    }
    assert!(scenarios >= 4 && commands >= 15, "{scenarios} scenarios, {commands} commands");
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
    let link = spans(section(&text, "## links"))[0];
    runs("2", "cpu: 1ms", &format!("links: {{ {link} }}"));
    let slos = spans(section(&text, "## slos and output"))[0];
    runs("2", "cpu: 1ms", slos);
    assert!(found >= 25, "{found}");
}

/// Returns the number between two pieces of text on a page.
fn stated(page: &str, before: &str, after: &str) -> f64 {
    let text = fs::read_to_string(page).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    let rest =
        text.split(before).nth(1).unwrap_or_else(|| panic!("{page} does not contain `{before}`"));
    let number = rest.split(after).next().unwrap().trim();
    number.parse().unwrap_or_else(|_| {
        panic!("{page}: `{before}` is followed by `{number}` instead of a number and `{after}`")
    })
}

#[test]
fn the_numbers_in_the_tutorial_are_those_of_the_runs() {
    // Only three of the replications of the page's runs, within a random deviation stated with each
    // number.
    let page = "docs/tutorial.md";
    let tutorial = fs::read_to_string(page).unwrap();
    let blocks: Vec<&str> =
        tutorial.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let run = |yaml: &str| {
        let mut scenario = scenario::from_yaml(yaml).unwrap();
        scenario.run.replications = asyncflow::scenario::Replications::Fixed(3);
        asyncflow::run(&scenario).unwrap()
    };
    let says = |results: &asyncflow::experiment::Results,
                number: [&str; 4],
                scale: f64,
                before: &str,
                after: &str,
                within: f64| {
        let value =
            results.find(number[0], number[1], number[2], number[3]).unwrap().estimate.estimate
                * scale;
        let stated = stated(page, before, after);
        assert!((stated - value).abs() <= within, "`{before} {stated}{after}`, but it is {value}");
    };
    let hello = fs::read_to_string("scenarios/hello.yaml").unwrap();
    let once = run(&hello);
    says(&once, ["workload", "users", "latency", "mean"], 1e3, "of their latency. `", " ±", 0.2);
    says(&once, ["workload", "users", "latency", "p95"], 1e3, "the p95 rises from ", " ms", 1.0);
    says(
        &once,
        ["service", "api", "utilisation", "mean"],
        1e2,
        "One loop was busy ",
        " % of the time",
        1.0,
    );
    let twice = run(&hello.replace("rate: 150/s", "rate: 300/s"));
    says(
        &twice,
        ["service", "api", "utilisation", "mean"],
        1e2,
        "The loop is now busy ",
        " %",
        1.0,
    );
    // Near saturation the p95 of one replication has a standard deviation of 28 ms, the mean of
    // three 16 ms.
    says(
        &twice,
        ["workload", "users", "latency", "p95"],
        1e3,
        "rises from 48 ms to about ",
        " ms",
        64.0,
    );
    let shop = run(blocks[0]);
    says(&shop, ["service", "web", "utilisation", "mean"], 1e2, "they are ", " % busy", 0.5);
    says(
        &shop,
        ["service", "web", "in_flight", "mean"],
        1.0,
        "though ",
        " requests at a time",
        0.1,
    );
    says(&shop, ["workload", "users", "latency", "p99"], 1e3, "its p99 is ", " ms", 4.0);
    let slow = run(&[blocks[0], blocks[1]].concat());
    says(
        &slow,
        ["workload", "users", "error_ratio", "mean"],
        1e2,
        "failed with `timeout`, ",
        " % of all",
        1.0,
    );
    assert_eq!(
        slow.find("workload", "users", "outcomes.timeout", "mean").unwrap().estimate,
        slow.find("workload", "users", "error_ratio", "mean").unwrap().estimate
    );
    says(
        &slow,
        ["service", "db", "ready_queue", "max"],
        1e-3,
        "30 s later about ",
        " thousand requests",
        0.3,
    );
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
        assert_eq!(
            asyncflow::scenario::from_yaml(&shown)
                .unwrap_or_else(|p| panic!("{}: {p}", path.display())),
            scenario,
            "{}",
            path.display()
        );
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
            !path.ends_with("overloaded.yaml"),
            "{}",
            path.display()
        );
    }
}

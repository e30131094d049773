//! The commands and scenarios of a page, followed by a reader from top to bottom.

use super::{pages, spans};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

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

//! The options of the command: their help, completion scripts and manual pages.

use assert_cmd::Command;
use std::fs;

/// All commands that `asyncflow --help` lists.
const COMMANDS: [&str; 11] = [
    "run",
    "sweep",
    "compare",
    "capacity",
    "sensitivity",
    "merge",
    "check",
    "show",
    "convert",
    "schema",
    "completions",
];

fn asyncflow() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asyncflow"));
    command.env("NO_COLOR", "1").env("COLUMNS", "100");
    command
}

/// Runs a command that must succeed and returns its stdout.
fn stdout(args: &[&str]) -> String {
    let output = asyncflow().args(args).assert().success().get_output().clone();
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that must fail with exit code 2 and returns its stderr.
fn refusal(args: &[&str]) -> String {
    let output = asyncflow().args(args).assert().code(2).get_output().clone();
    String::from_utf8(output.stderr).unwrap()
}

/// An option as a help lists it.
struct Listed {
    heading: String,
    name: String,
    text: String,
}

/// Returns the options that a help lists, in its order.
fn options(help: &str) -> Vec<Listed> {
    let mut options: Vec<Listed> = Vec::new();
    let mut heading = "";
    for line in help.lines().filter(|line| !line.is_empty()) {
        let words = line.trim_start();
        if !line.starts_with(' ') {
            heading = line.trim_end_matches(':');
        } else if line.starts_with("          ") {
            // The text, where it does not fit beside the option, or its continuation.
            if let Some(Listed { text, .. }) = options.last_mut() {
                *text = format!("{text} {words}").trim().to_string();
            }
        } else if words.starts_with('-') && ["Options", "Simulation", "Output"].contains(&heading) {
            let name = words.split([' ', ',']).find_map(|word| word.strip_prefix("--"));
            let text = words.split_once("  ").map_or("", |(_, text)| text).trim();
            options.push(Listed {
                heading: heading.to_string(),
                name: name.unwrap_or_default().to_string(),
                text: text.to_string(),
            });
        }
    }
    options
}

/// An option that several commands share, its text, and the commands where the text differs.
type Shared = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const SHARED: [Shared; 7] = [
    (
        "set",
        "Override a value of the scenario; may be repeated",
        &["run", "check", "show"],
        &["sweep", "compare", "capacity", "sensitivity"],
    ),
    ("seed", "Random seed", &["capacity", "sensitivity"], &["run", "sweep", "compare"]),
    (
        "duration",
        "Simulated time of each replication, including warm-up, such as 10m",
        &["run", "sweep", "compare", "capacity", "sensitivity"],
        &[],
    ),
    (
        "threads",
        "Threads [default: one per core]; does not affect the results",
        &["run", "sweep", "compare", "capacity", "sensitivity", "merge"],
        &[],
    ),
    (
        "force",
        "Overwrite files of another study, or files not written by AsyncFlow, in the folder",
        &["run", "compare", "capacity", "sensitivity"],
        &["sweep", "merge", "convert"],
    ),
    (
        "json",
        "Print one JSON document and nothing else",
        &["compare", "capacity", "sensitivity"],
        &["run", "sweep", "check"],
    ),
    (
        "quiet",
        "Print errors only",
        &["run", "sweep", "compare", "sensitivity", "merge"],
        &["capacity"],
    ),
];

#[test]
fn every_help_lists_each_shared_option_once_with_the_same_text() {
    for command in COMMANDS {
        let listed = options(&stdout(&[command, "--help"]));
        for (option, text, same, differing) in SHARED {
            let texts: Vec<&str> = listed
                .iter()
                .filter(|listed| listed.name == option)
                .map(|listed| listed.text.as_str())
                .collect();
            let has_option = same.contains(&command) || differing.contains(&command);
            assert_eq!(texts.len(), usize::from(has_option), "{command} --{option}: {texts:?}");
            assert!(!same.contains(&command) || texts == [text], "{command}: {texts:?}");
            assert!(!differing.contains(&command) || texts != [text], "{command}: {texts:?}");
        }
    }
}

#[test]
fn the_help_of_every_command_that_simulates_goes_from_what_to_how_to_output() {
    for command in ["run", "sweep", "compare", "capacity", "sensitivity"] {
        let listed = options(&stdout(&[command, "--help"]));
        let mut headings: Vec<&str> = listed.iter().map(|listed| listed.heading.as_str()).collect();
        headings.dedup();
        assert_eq!(headings, ["Options", "Simulation", "Output"], "{command}");
        let of = |heading: &str| -> Vec<&str> {
            let under = listed.iter().filter(|listed| listed.heading == heading);
            under.map(|listed| listed.name.as_str()).collect()
        };
        assert!(of("Simulation").ends_with(&["seed", "duration", "threads"]), "{command}");
        assert!(of("Output").starts_with(&["out"]), "{command}");
        assert!(of("Output").ends_with(&["force", "json", "quiet"]), "{command}");
    }
}

#[test]
fn zero_threads_are_refused_with_what_to_write() {
    for command in ["run", "sweep", "compare", "capacity", "sensitivity"] {
        for typed in ["0", "-1", "all", "5000"] {
            let message = refusal(&[command, "x.yaml", "--threads", typed]);
            let expected =
                "must be at least 1 and at most 4,096; omit the option for one thread per core";
            assert!(message.contains(expected), "{command} {typed}: {message}");
        }
    }
    assert!(refusal(&["merge", "x", "-o", "y", "-j", "0"]).contains("must be at least 1"));
}

#[test]
fn the_completions_of_every_shell_offer_every_command_and_its_options() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout(&["completions", shell]);
        for word in COMMANDS.iter().chain(&["replications", "no-files", "threads"]) {
            assert!(script.contains(word), "{shell}: no {word}");
        }
    }
    assert!(refusal(&["completions", "tcsh"]).contains("powershell"));
}

#[test]
fn the_manual_names_every_command_and_has_a_page_for_each() {
    let page = stdout(&["man"]);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("share/man1");
    stdout(&["man", to.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(to.join("asyncflow.1")).unwrap(), page);
    for command in COMMANDS {
        assert!(page.contains(&format!("asyncflow\\-{command}(1)")), "{command}: {page}");
        let page = fs::read_to_string(to.join(format!("asyncflow-{command}.1"))).unwrap();
        assert!(page.contains(&format!(".TH asyncflow-{command} 1")), "{command}: {page}");
    }
    assert_eq!(fs::read_dir(&to).unwrap().count(), COMMANDS.len() + 1);
}

#[test]
fn a_manual_page_that_exists_is_kept_unless_force_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let existing = folder.path().join("asyncflow-show.1");
    fs::write(&existing, "mine").unwrap();
    let to = folder.path().to_str().unwrap();
    assert!(refusal(&["man", to]).contains("already exists; use `--force`"));
    assert_eq!(fs::read_to_string(&existing).unwrap(), "mine");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no page was written");
    stdout(&["man", to, "--force"]);
    assert_ne!(fs::read_to_string(&existing).unwrap(), "mine");
}

#[test]
#[cfg(target_os = "linux")]
fn a_closed_pipe_is_no_error_and_a_full_disk_is_one() {
    // Completion scripts and pages are printed like all data.
    for command in ["completions bash", "man"] {
        let shell = |line: &str| {
            let line = line.replace("COMMAND", &format!("\"$0\" {command}"));
            let mut shell = Command::new("bash");
            shell.args(["-c", &line, env!("CARGO_BIN_EXE_asyncflow")]).assert()
        };
        shell("COMMAND | true; exit ${PIPESTATUS[0]}").success().stderr("");
        shell("COMMAND > /dev/full").code(2);
    }
}

#[test]
fn a_number_outside_its_range_is_refused_with_the_range() {
    // Negative and huge values, for every option with a value that can be one.
    let whole = |most: &str| format!("must be a whole number from 1 to {most}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.yaml");
    fs::write(
        &file,
        "version: 1
workload: { users: { to: api.x, open: { rate: 9/s } } }
services: { api: { endpoints: { x: [ cpu: 1ms ] } } }
slos: { fast: { of: users, p95: 9ms } }
capacity: { vary: workload.users.open.rate, from: 1/s, to: 9/s }
",
    )
    .unwrap();
    let file = file.to_str().unwrap();
    let million = whole("1,000,000");
    for (arguments, expected) in [
        ("run -r -3", million.as_str()),
        ("run -r 1e30", &format!("too large: {million}")),
        ("run -s -1", "must be a whole number from 0 to 2^64"),
        ("run -s 99999999999999999999999", "too large: must be a whole number from 0 to 2^64"),
        ("run -j 99999999999999999999", "too large: must be at least 1 and at most 4,096"),
        ("run -d -1s", "`-1s` is negative"),
        ("run -d -1s", "write a time above 0s and up to 146 years, such as `--duration 10m`"),
        ("run -d 1e400s", "`1e400s` is too large: the maximum is 146 years"),
        ("run -d --no-files", "a value is required here, and `--no-files` looks like an option"),
        ("run --set run.replications=1e30", "`1e30` is too large: the maximum is 1M"),
        (
            "run --set run.seed=99999999999999999999999",
            "`1e23` is too large: the maximum is 18446744073709551615",
        ),
        (
            "run --set workload.users.open.rate=1e400/s",
            "`1e400/s` is too large: the maximum is 10^9/s",
        ),
        (
            "run --set run.limits.in_flight=99999999999999999999999",
            "is too large: the maximum is 10^15",
        ),
        ("capacity --from -5/s", "--from: `-5/s` is negative"),
        ("capacity --to 1e400/s", "--to: `1e400/s` is too large: the maximum is 10^9/s"),
        ("capacity --tolerance -1%", "write a share above 0%, such as `--tolerance 1%`"),
        ("capacity --most 0", "must be a whole number from 10 to 1,000,000"),
        ("capacity --set capacity.most=9", "write `most: 10` or more; the default is 320"),
        ("sweep --shard -1/3", "`-1/3` is not a shard"),
    ] {
        let mut words: Vec<&str> = arguments.split(' ').collect();
        words.insert(1, file);
        let stderr = refusal(&words);
        assert!(stderr.contains(expected), "{arguments}: {stderr}");
    }
    let select = ["compare", file, file, "--select", "users.latency.p99", "--indifference", "-1%"];
    assert!(refusal(&select).contains("write a share above 0%"));
}

#[test]
fn files_are_not_written_to_a_folder_that_stands_for_standard_output() {
    let stderr = refusal(&["run", "s.yaml", "-o", "-"]);
    assert!(stderr.contains("`--json` prints the results to standard output instead"), "{stderr}");
    let stderr = refusal(&["merge", "out/shards", "-o", "-"]);
    assert!(stderr.contains("write the path of a folder, such as `out/all`"), "{stderr}");
}

//! Realistic user input: `tests/corpus/people/inputs.txt`. Each input is a `--set` option of one
//! scenario, followed by its meaning, or by the message of its refusal and the line to write
//! instead.
//!
//! To accept a changed answer, read it as a new user would (is this what they meant? do they now
//! know what to write?), and run
//! `ASYNCFLOW_ACCEPT=1 cargo test --test it hostile::people`, which rewrites the answers.

use asyncflow::problem::Severity;
use asyncflow::scenario::text::{Format, parse};
use asyncflow::scenario::{self, to_yaml};
use std::path::Path;

const FILE: &str = "tests/corpus/people/inputs.txt";

const SCENARIO: &str = "version: 1
run: { duration: 60s, limits: {} }
workload: { users: { to: api.GET /, open: { rate: 50/s } } }
services:
  api:
    replicas: 2
    instance: { cpu: 1, memory: 1GiB, price: $0.10/h }
    runtime: { tasks: {} }
    endpoints:
      GET /: [ cpu: 2ms, wait: 1ms, call: { to: db.read, timeout: 1s } ]
  db: { endpoints: { read: [ cpu: 1ms ] } }
links: { default: { latency: 1ms } }
slos: { fast: { of: users, p99: 500ms } }
faults: [ slow: { target: api, factor: 2x, at: 10s, for: 5s } ]
";

/// Returns the answer to an input: the lines below it in the file.
fn answer(input: &str) -> String {
    // A workload has `to` or `mix`, not both.
    let text = if input.starts_with("workload.users.mix") {
        SCENARIO.replace("to: api.GET /, ", "")
    } else {
        SCENARIO.to_string()
    };
    let mut loaded =
        scenario::read(&text, Format::Yaml, "people", Path::new(""), &[input.to_string()]);
    let read = loaded.scenario.take();
    if let Some(scenario) = &read {
        loaded.add(scenario::check(scenario));
    }
    if let Some(problem) =
        loaded.problems.list.iter().find(|problem| problem.severity == Severity::Error)
    {
        let help =
            problem.help.as_ref().map_or(String::new(), |help| format!("\n    help: {help}"));
        return format!("    refused: {}{help}", problem.what);
    }
    let written = to_yaml(&read.expect("a valid scenario"));
    let tree = parse(&written, Format::Yaml).expect("a readable file");
    let mut path = input.split_once('=').expect("a value").0;
    while tree.at(path).is_none() {
        path = &path[..path.rfind(['.', '[']).expect("a parent path")];
    }
    format!("    means {}", tree.at(path).expect("a value at the path").to_json())
}

#[test]
fn three_hundred_realistic_inputs_are_accepted_or_refused_with_a_suggestion() {
    // The answers were reviewed; see the head of this file.
    let expected = std::fs::read_to_string(FILE).expect("a readable file");
    let is_input = |line: &&str| !line.is_empty() && !line.starts_with(['#', ' ']);
    let actual: Vec<String> = expected
        .lines()
        .filter(|line| !line.starts_with("    "))
        .map(|line| {
            if is_input(&line) {
                format!("{line}\n{}\n", answer(line))
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    let actual = actual.concat();
    if std::env::var_os("ASYNCFLOW_ACCEPT").is_some() {
        std::fs::write(FILE, &actual).expect("a writable file");
    } else {
        let change = expected.lines().zip(actual.lines()).find(|(old, new)| old != new);
        assert!(expected == actual, "{change:?}");
    }
    assert!(expected.lines().filter(is_input).count() >= 300);
    // A refusal that names the valid range is a suggestion too.
    let advised = |lines: &[&str]| {
        !lines[0].starts_with("    refused: ")
            || lines[1].starts_with("    help: ")
            || [" has 1 to ", " is out of range: "].iter().any(|range| lines[0].contains(range))
    };
    let lines: Vec<&str> = actual.lines().chain([""]).collect();
    let unadvised: Vec<&str> =
        lines.windows(2).filter(|pair| !advised(pair)).map(|pair| pair[0]).collect();
    assert!(unadvised.is_empty(), "refused without a suggestion: {unadvised:#?}");
}

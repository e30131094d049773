//! Scenarios that would outgrow the machine: each is refused by the name of a limit, before it takes more than it may.
//!
//! The address space is limited for these runs (`ulimit -v`), so that what would take too much dies here, and not on somebody's machine.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Address space in MB beside what is kept: the program, and what the allocator reserves for each thread (64 MB at a time) and does not use.
const BASE_MB: u64 = 300;

/// Runs a scenario on one thread, in so much address space.
fn run_within(megabytes: u64, scenario: &Path, arguments: &[&str]) -> Output {
    let limit = format!("ulimit -v {}; exec \"$0\" \"$@\"", megabytes * 1000);
    let mut command = Command::new("bash");
    command.args(["-c", &limit, env!("CARGO_BIN_EXE_asyncflow"), "run"]).arg(scenario).args(["-j", "1", "-q"]).args(arguments);
    command.env("NO_COLOR", "1").output().expect("bash is there")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_would_outgrow_the_machine_is_refused_by_the_name_of_a_limit_in_little_memory() {
    // The corpus has them: billions of replicas, workers, requests, windows, replications, and a tree of 2^60 calls.
    let mut seen = 0;
    for entry in fs::read_dir("tests/corpus").expect("the corpus is there") {
        let path = entry.expect("it can be read").path();
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        let is_large = name.starts_with("limit-") || name.ends_with("-a-billion.yaml") || name.ends_with("-four-billion.yaml");
        if !is_large || name.ends_with(".txt") {
            continue;
        }
        seen += 1;
        let output = run_within(BASE_MB, &path, &["--no-files"]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(
            said.contains("error: ") && ["at most", "more than the limit", " has 1 to "].iter().any(|words| said.contains(words)),
            "{name}: {said}"
        );
    }
    assert!(seen >= 15, "{seen}");
}

/// A scenario with some of everything that takes memory.
fn scenario(run: &str, workload: &str, service: &str, rest: &str) -> String {
    format!(
        "version: 1\nname: large\nrun: {{ replications: 2, {run} }}\nworkload: {{ users: {{ {workload} }} }}\nservices: {{ api: {{ {service} }} }}\n{rest}"
    )
}

#[test]
fn a_run_within_the_limit_of_memory_stays_within_it() {
    // The sizes of `check/size.rs`, each the largest part of one scenario; the limit is little more than what they come to, and less is refused.
    let mix: Vec<String> = (0..200).map(|i| format!("api.e{i}: 1")).collect();
    let endpoints: Vec<String> = (0..200).map(|i| format!("e{i}: [ cpu: {{ exp: 1ms }} ]")).collect();
    let one = "endpoints: { x: [ cpu: { exp: 10us } ] }";
    let cases = [
        (
            "instances",
            95,
            "duration: 10s",
            "to: api.x, open: { rate: 2000/s }".to_string(),
            "replicas: 100, endpoints: { x: [ cpu: { exp: 40ms } ] }".to_string(),
            "",
        ),
        (
            "workers",
            120,
            "duration: 1s",
            "to: api.x, open: { rate: 100/s }".to_string(),
            format!("replicas: 100, instance: {{ cpu: 4000 }}, runtime: {{ event_loop: {{ workers: 4000 }} }}, {one}"),
            "",
        ),
        (
            "flows",
            180,
            "duration: 10s",
            format!("mix: {{ {} }}, open: {{ rate: 500/s }}", mix.join(", ")),
            format!("endpoints: {{ {} }}", endpoints.join(", ")),
            "",
        ),
        (
            "series",
            75,
            "duration: 20s",
            "to: api.x, open: { rate: 100/s }".to_string(),
            format!("replicas: 5, {one}"),
            "output: { series: 1ms }",
        ),
        ("requests", 75, "duration: 20s", "to: api.x, open: { rate: 12k/s }".to_string(), one.to_string(), "output: { requests: 100% }"),
    ];
    for (name, megabytes, duration, workload, service, rest) in cases {
        let run = format!("{duration}, limits: {{ in_flight: 10k, memory: {megabytes}MB }}");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("large.yaml");
        fs::write(&path, scenario(&run, &workload, &service, rest)).expect("a file");
        let out = folder.path().join("out");
        let output = run_within(BASE_MB + megabytes, &path, &["--out", out.to_str().expect("a path")]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", said(&output));
        // Three quarters of it would not be allowed: the estimate is no more generous than this.
        let less = format!("run.limits.memory={}MB", megabytes * 3 / 4);
        let output = run_within(BASE_MB, &path, &["--set", &less, "--no-files"]);
        assert!(output.status.code() == Some(2) && said(&output).contains("`run.limits.memory`"), "{name}: {}", said(&output));
    }
}

#[test]
fn requests_that_pile_up_end_the_run_by_the_limit_of_requests_in_flight_in_the_memory_it_stands_for() {
    // 100,000/s into nothing: 300,000 are in flight after 3 s, and take 250 B each.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("flood.yaml");
    let text =
        scenario("duration: 1h, limits: { in_flight: 300k }", "to: api.x, open: { rate: 2777/s }", "endpoints: { x: [ wait: 1h ] }", "");
    fs::write(&path, text).expect("a file");
    let output = run_within(BASE_MB + 75, &path, &["--no-files", "--set", "workload.users.open.rate=100k/s", "--set", "run.duration=1m"]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("more than 300000 requests are in flight, the limit `run.limits.in_flight`") && said.contains("help: "),
        "{said}"
    );
}

#[test]
fn a_tree_of_calls_costs_no_more_than_its_size() {
    // 2^60 paths through 60 endpoints, with a rate so low that not one request is expected: it is the tree of one that is too large.
    let tree: Vec<String> = (0..60).map(|i| format!("e{i}: [ call: api.e{}, call: api.e{} ]", i + 1, i + 1)).collect();
    let text = format!(
        "version: 1\nworkload: {{ users: {{ to: api.e0, open: {{ rate: 0.000000000001/s }} }} }}\nservices: {{ api: {{ endpoints: {{ {}, e60: [ fail: {{ p: 0% }} ] }} }} }}\n",
        tree.join(", ")
    );
    let problems = asyncflow::scenario::from_yaml(&text).expect_err("too large");
    assert!(
        problems.contains("about 2.3·10^18 requests and steps are to be expected") && problems.contains("`run.limits.events`"),
        "{problems}"
    );
    // 15 levels are 65,535 requests, which is no more than a run may have.
    let small = text.replace("e14: [ call: api.e15, call: api.e15 ]", "e14: [ cpu: 1us ]");
    assert!(asyncflow::scenario::from_yaml(&small).is_ok());
}

#[test]
fn degradations_of_a_day_add_up_without_an_overflow() {
    // 500 at a time, the longest there are; debug builds panic where an addition overflows.
    let faults: Vec<String> =
        (0..500).map(|i| format!("  - degrade: {{ link: users -> api, latency: +1d, at: {i}ms, for: 1s }}\n")).collect();
    let text = format!(
        "version: 1\nrun: {{ duration: 5s, replications: 2 }}\nworkload: {{ users: {{ to: api.x, open: {{ rate: 100/s }} }} }}\nservices: {{ api: {{ endpoints: {{ x: [ cpu: 1ms ] }} }} }}\nlinks: {{ users -> api: {{ latency: 1ms }} }}\nfaults:\n{}",
        faults.concat()
    );
    let scenario = asyncflow::scenario::from_yaml(&text).unwrap_or_else(|problems| panic!("{problems}"));
    let results = asyncflow::run(&scenario).unwrap_or_else(|error| panic!("{error}"));
    // Of 5 s, 1.5 s are degraded by days: 70 % of 500 requests are answered.
    let completed = results.find("workload", "users", "completed", "total").map(|row| row.estimate.estimate);
    assert!(completed.is_some_and(|n| (250.0..450.0).contains(&n)), "{completed:?}");
}

#[test]
fn waits_of_years_add_up_without_an_overflow() {
    // 876,000 requests an hour apart, each waiting for 27 years: the sum of squares is 10^36 ns² times the number of those answered.
    let text = "version: 1\nrun: { duration: 36500d, replications: 2 }\nworkload: { users: { to: api.x, open: { rate: 1/h } } }\nservices: { api: { endpoints: { x: [ wait: 10000d ] } } }\n";
    let scenario = asyncflow::scenario::from_yaml(text).unwrap_or_else(|problems| panic!("{problems}"));
    let results = asyncflow::run(&scenario).unwrap_or_else(|error| panic!("{error}"));
    let sd = results.find("workload", "users", "latency", "sd").map(|row| row.estimate.estimate);
    assert!(sd.is_some_and(|sd| sd < 1e-7 * 8.64e8), "all wait equally long, to the square root of a rounding: {sd:?}");
}

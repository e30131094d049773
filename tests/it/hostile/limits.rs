//! Scenarios that would exceed the machine: each is refused with the name of a limit before it uses
//! too much memory.
//!
//! The address space of these runs is limited (`ulimit -v`), so that excessive use of memory fails
//! here instead of on a user's machine.

#![cfg(unix)]

#[allow(dead_code, clippy::disallowed_methods, reason = "benches measure time with it too")]
#[path = "../../../benches/took/mod.rs"]
mod took;

use asyncflow::units::Bytes;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Address space in MB beside the estimate: the program, and memory that the allocator reserves per
/// thread (64 MB at a time) but does not use.
const BASE_MB: u64 = 300;

/// Runs a scenario on one thread with limited address space.
fn run_within(megabytes: u64, scenario: &Path, arguments: &[&str]) -> Output {
    let limit = format!("ulimit -v {}; exec \"$0\" \"$@\"", megabytes * 1000);
    let mut command = Command::new("bash");
    command
        .args(["-c", &limit, env!("CARGO_BIN_EXE_asyncflow"), "run"])
        .arg(scenario)
        .args(["-j", "1", "-q"])
        .args(arguments);
    command.env("NO_COLOR", "1").output().expect("bash")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn scenarios_that_would_exceed_the_machine_are_refused_by_a_limit_in_little_memory() {
    // From the corpus: billions of replicas, workers, requests, windows, replications, and a tree
    // of 2^60 calls.
    let mut seen = 0;
    for entry in fs::read_dir("tests/corpus").expect("the corpus") {
        let path = entry.expect("a readable file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let is_large = name.starts_with("limit-")
            || name.ends_with("-a-billion.yaml")
            || name.ends_with("-four-billion.yaml");
        if !is_large || name.ends_with(".txt") {
            continue;
        }
        seen += 1;
        let output = run_within(BASE_MB, &path, &["--no-files"]);
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
        assert!(
            stderr.contains("error: ")
                && ["at most", "more than the limit", " has 1 to "]
                    .iter()
                    .any(|limit| stderr.contains(limit)),
            "{name}: {stderr}"
        );
    }
    assert!(seen >= 15, "{seen}");
}

/// Returns a scenario with some of everything that uses memory.
fn scenario(run: &str, workload: &str, service: &str, rest: &str) -> String {
    format!(
        "version: 1\nname: large\nrun: {{ replications: 2, {run} }}\nworkload: {{ users: {{ {workload} }} }}\nservices: {{ api: {{ {service} }} }}\n{rest}"
    )
}

/// Returns the memory, in MB, that a run needs according to its refusal. It is requested again with
/// that limit, because the memory of durations is added only once the rest is allowed.
fn estimated_mb(scenario: &Path) -> f64 {
    let (mut found, mut limit) = (f64::NAN, "1B".to_string());
    for _ in 0..3 {
        let output = run_within(
            BASE_MB,
            scenario,
            &["--no-files", "--set", &format!("run.limits.memory={limit}")],
        );
        let stderr = stderr(&output);
        let Some(rest) =
            stderr.split("may keep ").nth(1).filter(|_| output.status.code() == Some(2))
        else {
            break;
        };
        let amount: Vec<&str> = rest.split_whitespace().take(2).collect();
        let size: Bytes = amount.concat().trim_end_matches(',').parse().expect("a size");
        found = size.0 as f64 / 1e6;
        limit = format!("{}MB", found as u64 + 1);
    }
    found
}

/// Returns the peak resident set of a run that writes its files, in MB.
fn resident_mb(scenario: &Path) -> f64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asyncflow"));
    command
        .arg("run")
        .arg(scenario)
        .args(["-j", "1", "-q", "--force", "--out"])
        .arg(scenario.with_extension("out"));
    let mut child = command.spawn().expect("the command starts");
    let mut peak_bytes = f64::NAN;
    loop {
        peak_bytes = took::resident_peak_bytes(&child).unwrap_or(peak_bytes);
        if let Some(ended) = child.try_wait().expect("the status of the child") {
            assert!(ended.success(), "{}", scenario.display());
            return peak_bytes / 1e6;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_estimate_of_memory_is_within_a_factor_of_one_and_a_half_of_the_resident_set() {
    // The kernel's account of the peak (VmHWM), minus that of a system of one service. In each
    // scenario something else uses the most.
    let folder = tempfile::tempdir().expect("a folder");
    let of = |run: &str, workload: &str, services: &str, rest: &str| {
        let path = folder.path().join("large.yaml");
        let text = format!(
            "version: 1\nname: large\nrun: {{ replications: 2, {run} }}\nworkload: {{ users: {{ {workload} }} }}\nservices: {{ {services} }}\n{rest}"
        );
        fs::write(&path, text).expect("a file");
        (estimated_mb(&path), resident_mb(&path))
    };
    let (few, one) =
        ("to: api.x, open: { rate: 100/s }", "endpoints: { x: [ cpu: { exp: 1ms } ] }");
    let bare = of("duration: 1s", few, &format!("api: {{ {one} }}"), "");
    let services: Vec<String> =
        (0..600).map(|i| format!("s{i}: {{ replicas: 3, {one} }}")).collect();
    let cases = [
        (
            "services",
            of("duration: 1s", "to: s0.x, open: { rate: 100/s }", &services.join(", "), ""),
        ),
        ("replicas", of("duration: 1s", few, &format!("api: {{ replicas: 5000, {one} }}"), "")),
        (
            "windows",
            of(
                "duration: 20s",
                few,
                &format!("api: {{ replicas: 5, {one} }}"),
                "output: { series: 1ms }",
            ),
        ),
        (
            "in flight",
            of(
                "duration: 60s",
                "to: api.x, open: { rate: 5000/s }",
                "api: { endpoints: { x: [ wait: 1h ] } }",
                "",
            ),
        ),
    ];
    let ratio =
        |(estimated, resident): (f64, f64)| (estimated - bare.0.max(0.0)) / (resident - bare.1);
    let wrong: Vec<_> =
        cases.iter().filter(|(_, found)| !(1.0 / 1.5..1.5).contains(&ratio(*found))).collect();
    assert!(wrong.is_empty(), "{wrong:?} beside {bare:?}");
}

#[test]
fn a_run_stays_within_its_estimate_and_a_lower_limit_is_refused() {
    // The sizes of `check/size/memory.rs`, each the largest part of one scenario, with limited
    // address space.
    let mix: Vec<String> = (0..200).map(|i| format!("api.e{i}: 1")).collect();
    let endpoints: Vec<String> =
        (0..200).map(|i| format!("e{i}: [ cpu: {{ exp: 1ms }} ]")).collect();
    let one = "endpoints: { x: [ cpu: { exp: 10us } ] }";
    let cases = [
        (
            "instances",
            "duration: 10s",
            "to: api.x, open: { rate: 2000/s }".to_string(),
            "replicas: 100, endpoints: { x: [ cpu: { exp: 40ms } ] }".to_string(),
            "",
        ),
        (
            "workers",
            "duration: 1s",
            "to: api.x, open: { rate: 100/s }".to_string(),
            format!(
                "replicas: 100, instance: {{ cpu: 4000 }}, runtime: {{ event_loop: {{ workers: 4000 }} }}, {one}"
            ),
            "",
        ),
        (
            "flows",
            "duration: 60s",
            format!("mix: {{ {} }}, open: {{ rate: 500/s }}", mix.join(", ")),
            format!("endpoints: {{ {} }}", endpoints.join(", ")),
            "",
        ),
        (
            "series",
            "duration: 20s",
            "to: api.x, open: { rate: 100/s }".to_string(),
            format!("replicas: 5, {one}"),
            "output: { series: 1ms }",
        ),
    ];
    for (name, duration, workload, service, rest) in cases {
        let run = format!("{duration}, limits: {{ in_flight: 10k }}");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("large.yaml");
        fs::write(&path, scenario(&run, &workload, &service, rest)).expect("a file");
        let estimated = estimated_mb(&path);
        let (enough, less) = ((estimated * 1.02) as u64 + 1, (estimated * 0.95) as u64);
        let limit = |megabytes: u64| format!("run.limits.memory={megabytes}MB");
        let out = folder.path().join("out");
        let output = run_within(
            BASE_MB + enough,
            &path,
            &["--set", &limit(enough), "--out", out.to_str().expect("a path")],
        );
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
        let output = run_within(BASE_MB, &path, &["--set", &limit(less), "--no-files"]);
        assert!(
            output.status.code() == Some(2) && stderr(&output).contains("`run.limits.memory`"),
            "{name}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn requests_kept_for_the_output_count_towards_the_memory_limit() {
    // 240,000 requests of 280 B are 67 MB: 85 MB are enough, with the rest of the run; 50 MB are
    // not.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large.yaml");
    let one = "endpoints: { x: [ cpu: { exp: 10us } ] }";
    let run = "duration: 20s, limits: { in_flight: 10k, memory: 85MB }";
    fs::write(
        &path,
        scenario(run, "to: api.x, open: { rate: 12k/s }", one, "output: { requests: 100% }"),
    )
    .expect("a file");
    let out = folder.path().join("out");
    let output = run_within(BASE_MB + 85, &path, &["--out", out.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = run_within(BASE_MB, &path, &["--set", "run.limits.memory=50MB", "--no-files"]);
    assert!(
        output.status.code() == Some(2)
            && stderr(&output).contains("would be stored to be written individually"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_growing_backlog_ends_at_the_limit_of_requests_in_flight_within_its_memory() {
    // 100,000/s that are never answered: 300,000 are in flight after 3 s, at 250 B each.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("flood.yaml");
    let text = scenario(
        "duration: 1h, limits: { in_flight: 300k }",
        "to: api.x, open: { rate: 2777/s }",
        "endpoints: { x: [ wait: 1h ] }",
        "",
    );
    fs::write(&path, text).expect("a file");
    let output = run_within(
        BASE_MB + 75,
        &path,
        &["--no-files", "--set", "workload.users.open.rate=100k/s", "--set", "run.duration=1m"],
    );
    let stderr = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr
            .contains("more than 300000 requests are in flight, the limit `run.limits.in_flight`")
            && stderr.contains("help: "),
        "{stderr}"
    );
}

#[test]
fn a_tree_of_calls_costs_no_more_than_its_size() {
    // 2^60 paths through 60 endpoints, at a rate so low that no request is expected: the tree of a
    // single request is too large.
    let tree: Vec<String> =
        (0..60).map(|i| format!("e{i}: [ call: api.e{}, call: api.e{} ]", i + 1, i + 1)).collect();
    let text = format!(
        "version: 1\nworkload: {{ users: {{ to: api.e0, open: {{ rate: 0.000000000001/s }} }} }}\nservices: {{ api: {{ endpoints: {{ {}, e60: [ fail: {{ p: 0% }} ] }} }} }}\n",
        tree.join(", ")
    );
    let problems = asyncflow::scenario::from_yaml(&text).expect_err("too large");
    assert!(
        problems.to_string().contains("about 2.31e18 requests and steps are expected")
            && problems.to_string().contains("`run.limits.events`"),
        "{problems}"
    );
    // 15 levels are 65,535 requests, which is within the limit of a run.
    let small = text.replace("e14: [ call: api.e15, call: api.e15 ]", "e14: [ cpu: 1us ]");
    assert!(asyncflow::scenario::from_yaml(&small).is_ok());
}

#[test]
fn degradations_of_a_day_add_up_without_an_overflow() {
    // 500 at a time, each with the largest duration; debug builds panic if an addition overflows.
    let faults: Vec<String> = (0..500)
        .map(|i| {
            format!("  - degrade: {{ link: users -> api, latency: +1d, at: {i}ms, for: 1s }}\n")
        })
        .collect();
    let text = format!(
        "version: 1\nrun: {{ duration: 5s, replications: 2 }}\nworkload: {{ users: {{ to: api.x, open: {{ rate: 100/s }} }} }}\nservices: {{ api: {{ endpoints: {{ x: [ cpu: 1ms ] }} }} }}\nlinks: {{ users -> api: {{ latency: 1ms }} }}\nfaults:\n{}",
        faults.concat()
    );
    let scenario =
        asyncflow::scenario::from_yaml(&text).unwrap_or_else(|problems| panic!("{problems}"));
    let results = asyncflow::run(&scenario).unwrap_or_else(|error| panic!("{error}"));
    // During 1.5 of 5 s, requests are delayed by days: 70 % of 500 requests are answered.
    let completed =
        results.find("workload", "users", "completed", "total").map(|row| row.estimate.estimate);
    assert!(completed.is_some_and(|n| (250.0..450.0).contains(&n)), "{completed:?}");
}

#[test]
fn waits_of_years_add_up_without_an_overflow() {
    // 876,000 requests an hour apart, each waiting for 27 years: the sum of squares is 10^36 ns²
    // times the number of those answered.
    let text = "version: 1\nrun: { duration: 36500d, replications: 2 }\nworkload: { users: { to: api.x, open: { rate: 1/h } } }\nservices: { api: { endpoints: { x: [ wait: 10000d ] } } }\n";
    let scenario =
        asyncflow::scenario::from_yaml(text).unwrap_or_else(|problems| panic!("{problems}"));
    let results = asyncflow::run(&scenario).unwrap_or_else(|error| panic!("{error}"));
    let sd = results.find("workload", "users", "latency", "sd").map(|row| row.estimate.estimate);
    assert!(
        sd.is_some_and(|sd| sd < 1e-7 * 8.64e8),
        "all wait equally long, to the square root of a rounding: {sd:?}"
    );
}

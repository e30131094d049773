//! Large systems: what services and replicas cost before the first request, the memory they keep,
//! and its estimate.
//!
//! `cargo bench --bench size`. Bars: 1,000 services of 3 replicas cost at most 15 times what 100
//! do, 4,000 at most 6 times what 1,000 do; the estimate of `run.limits.memory` is within a factor
//! of 1.5 of the resident set, for what is beyond a system of one service.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench measures time and prints it"
)]

mod took;

use asyncflow::units::Bytes;
use std::path::Path;
use std::process::Command;
use took::{Took, took};

/// Returns a scenario of `services` services of `replicas` replicas; every tenth gets ten requests
/// per second, and each calls the next of its ten.
fn scenario(services: usize, replicas: usize) -> String {
    let workloads: Vec<String> = (0..services)
        .step_by(10)
        .map(|i| format!(r#""w{i}": {{ "to": "s{i}.e", "open": {{ "rate": "10/s" }} }}"#))
        .collect();
    let service = |i: usize| {
        let call = if i % 10 < 9 && i + 1 < services {
            format!(r#", {{ "call": "s{}.e" }}"#, i + 1)
        } else {
            String::new()
        };
        format!(r#""s{i}":{{"replicas":{replicas},"endpoints":{{"e":[{{"cpu":"1ms"}}{call}]}}}}"#)
    };
    let all: Vec<String> = (0..services).map(service).collect();
    format!(
        r#"{{ "version": 1, "name": "size", "run": {{ "duration": "1s", "replications": 1, "limits": {{ "memory": "64GiB" }} }},
        "workload": {{ {} }}, "services": {{ {} }} }}"#,
        workloads.join(","),
        all.join(",")
    )
}

/// Runs a scenario on one thread.
fn run(path: &Path) -> Took {
    took(Command::new(env!("CARGO_BIN_EXE_asyncflow")).arg("run").arg(path).args([
        "--no-files",
        "-q",
        "-j",
        "1",
    ]))
}

/// Returns the estimated memory of a run in bytes, as reported by a refusal; repeated with that as
/// the limit, because the memory of durations is added only once the rest is allowed.
fn estimated(path: &Path) -> f64 {
    let (mut estimate, mut limit) = (0.0, "1B".to_string());
    for _ in 0..3 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_asyncflow"));
        command
            .arg("check")
            .arg(path)
            .args(["--set", &format!("run.limits.memory={limit}")])
            .env("NO_COLOR", "1");
        let stderr = String::from_utf8_lossy(&command.output().expect("the command starts").stderr)
            .into_owned();
        let Some(rest) = stderr.split("may keep ").nth(1) else { break };
        let words: Vec<&str> = rest.split_whitespace().take(2).collect();
        let size: Bytes = words.concat().trim_end_matches(',').parse().expect("a size");
        estimate = size.0 as f64;
        limit = format!("{}B", (estimate * 1.001) as u64 + 1);
    }
    estimate
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let rounds = if quick { 1 } else { 5 };
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    let path = folder.path().join("size.json");
    let measured = |services: usize, replicas: usize| {
        std::fs::write(&path, scenario(services, replicas)).expect("a scenario can be written");
        let runs: Vec<Took> = (0..rounds).map(|_| run(&path)).collect();
        let least =
            |value: &dyn Fn(&Took) -> f64| runs.iter().map(value).fold(f64::INFINITY, f64::min);
        (least(&|run| run.wall_s), least(&|run| run.peak_bytes), estimated(&path))
    };
    let sizes: &[(usize, usize)] = match quick {
        true => &[(1, 1), (10, 3), (100, 3)],
        false => &[(1, 1), (10, 3), (100, 3), (1_000, 3), (4_000, 3), (10_000, 3), (1, 10_000)],
    };
    let (mut before, mut bare) = (None, None);
    println!(
        "services × replicas   run of 1 s   times the row before   resident   estimated, times the resident"
    );
    for &(services, replicas) in sizes {
        let (wall_s, resident, estimated) = measured(services, replicas);
        let bare: (f64, f64) = *bare.get_or_insert((resident, estimated));
        let ratio = before
            .replace(wall_s)
            .map_or(String::new(), |before| format!("{:.1}", wall_s / before));
        // What is beyond one service; less than 4 MB is lost in the allocator's own pages.
        let beyond = resident - bare.0;
        let estimate = if beyond < 4e6 {
            String::new()
        } else {
            format!("{:.2}", (estimated - bare.1) / beyond)
        };
        println!(
            "{services:>8} × {replicas:<8} {:>9.1} ms {ratio:>22} {:>7.1} MB {:>19.1} MB {estimate:>6}",
            wall_s * 1e3,
            resident * 1e-6,
            estimated * 1e-6
        );
    }
}

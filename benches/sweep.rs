//! Sweeps: the cost of a cell beyond its simulation, threads, memory, bytes and the share of
//! writing.
//!
//! `cargo bench --bench sweep`. Bars: at most 100 µs per cell beyond its simulation; 1.9 times as
//! fast on 2 threads as on 1 with uneven points; the same resident memory at 1,000, 10,000 and
//! 100,000 points; at most 5 % of the time for writing.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench measures time and prints it"
)]

mod took;

use asyncflow::Experiment;
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use took::{Took, took};

const TINY: &str = "
version: 1
name: tiny
run: { duration: 1s, replications: 1 }
workload: { users: { to: api.x, open: { rate: 100/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 1ms } ] } } }
";

/// A scenario whose points differ up to fifty times in running time.
const UNEVEN: &str = "
version: 1
name: uneven
run: { duration: 100s, replications: 10 }
workload: { users: { to: api.x, open: { rate: 100/s } } }
services: { api: { instance: { cpu: 64 }, runtime: { tasks: { schedule: fifo } }, endpoints: { x: [ cpu: { exp: 1ms } ] } } }
";

fn process(folder: &Path, arguments: &str) -> Took {
    took(
        Command::new(env!("CARGO_BIN_EXE_asyncflow"))
            .args(arguments.split(' '))
            .current_dir(folder),
    )
}

fn best_s(rounds: u32, measure: impl Fn() -> f64) -> f64 {
    (0..rounds).map(|_| measure()).fold(f64::INFINITY, f64::min)
}

/// Returns the size of all files under a folder, in bytes.
fn bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| {
            if entry.path().is_dir() {
                bytes(&entry.path())
            } else {
                entry.metadata().map_or(0, |m| m.len())
            }
        })
        .sum()
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let rounds = if quick { 1 } else { 3 };
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    std::fs::write(folder.path().join("tiny.yaml"), TINY).expect("a scenario can be written");
    std::fs::write(folder.path().join("uneven.yaml"), UNEVEN).expect("a scenario can be written");
    tiny_cells(rounds, if quick { 200 } else { 4000 });
    threads(folder.path(), rounds, quick);
    memory(folder.path(), if quick { [100, 200, 300] } else { [1_000, 10_000, 100_000] });
    writing(folder.path(), rounds, quick);
}

/// Measures the time of a cell against its simulated time; extrapolated to no simulated time, it is
/// the overhead.
fn tiny_cells(rounds: u32, cells: u32) {
    let cell_us = |seconds: u32| {
        let tiny = Experiment::from_yaml(TINY)
            .expect("the scenario is valid")
            .threads(std::num::NonZero::<usize>::MIN)
            .replications(cells)
            .set(&format!("run.duration={seconds}s"));
        best_s(rounds, || {
            let started = Instant::now();
            tiny.run().expect("it runs");
            started.elapsed().as_secs_f64() / f64::from(cells) * 1e6
        })
    };
    let (short, long) = (cell_us(1), cell_us(11));
    let a_second = (long - short) / 10.0;
    println!(
        "replications of one point: {short:.0} µs for 1 s simulated (100 requests), {long:.0} µs for 11 s: {:.0} µs beyond the simulation",
        short - a_second
    );
    let points = cells / 4;
    let rates: Vec<String> =
        (0..points).map(|i| format!("{}/s", 50.0 + f64::from(i) * 0.01)).collect();
    let sweep = Experiment::from_yaml(TINY)
        .expect("the scenario is valid")
        .threads(std::num::NonZero::<usize>::MIN)
        .vary("workload.users.open.rate", rates);
    let point = best_s(rounds, || {
        let started = Instant::now();
        sweep.sweep().expect("it runs");
        started.elapsed().as_secs_f64() / f64::from(points) * 1e6
    });
    println!(
        "points of one replication: {point:.0} µs per point (checked, built, run, reduced): {:.0} µs beyond the simulation",
        point - a_second
    );
}

fn threads(folder: &Path, rounds: u32, quick: bool) {
    // Long enough that the start and the end, which run on one thread, do not matter: checking the
    // points, renaming the files.
    let (n, seconds) = if quick { (4, 10) } else { (60, 300) };
    let on = |threads: u32| {
        best_s(rounds, || {
            process(
                folder,
                &format!("sweep uneven.yaml -d {seconds}s --vary workload.users.open.rate=100/s..5000/s@log@{n} -q --force -o uneven -j {threads}"),
            )
            .wall_s
        })
    };
    let (one, two) = (on(1), on(2));
    println!(
        "{n} uneven points: {one:.2} s on one thread, {two:.2} s on two: {:.2} times as fast",
        one / two
    );
}

fn memory(folder: &Path, points: [u32; 3]) {
    let peaks = points.map(|n| {
        let sweep = format!(
            "sweep tiny.yaml --vary workload.users.open.rate=50/s..500/s@{n} -q --force -o many"
        );
        format!("{:.0} MB with {n} points", process(folder, &sweep).peak_bytes * 1e-6)
    });
    println!("resident memory: {}", peaks.join(", "));
}

/// Measures the command, which writes a journal and Parquet, against the same sweep in memory.
fn writing(folder: &Path, rounds: u32, quick: bool) {
    let n = if quick { 4 } else { 60 };
    let rates: Vec<String> = (0..n).map(|i| format!("{}/s", 100 + 80 * i)).collect();
    let sweep = Experiment::from_yaml(UNEVEN)
        .expect("the scenario is valid")
        .threads(std::num::NonZero::<usize>::MIN)
        .vary("workload.users.open.rate", rates.clone());
    let in_memory = best_s(rounds, || {
        let started = Instant::now();
        sweep.sweep().expect("it runs");
        started.elapsed().as_secs_f64()
    });
    let written = best_s(rounds, || {
        process(
            folder,
            &format!(
                "sweep uneven.yaml --vary workload.users.open.rate={} -q --force -o written -j 1",
                rates.join(",")
            ),
        )
        .wall_s
    });
    let size = bytes(&folder.join("written"));
    println!(
        "{n} points of 10 replications: {in_memory:.2} s in memory, {written:.2} s with journal and files: {:.1} % for writing; {:.1} KB per replication",
        (1.0 - in_memory / written) * 100.0,
        size as f64 / f64::from(10 * n) / 1e3
    );
}

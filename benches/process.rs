//! Whole processes: the cost of each shipped scenario, memory, start, threads, instructions.
//!
//! `cargo bench --bench process`. Bars: at most 256 bytes per request with 1,000,000 in flight;
//! memory flat in simulated time and over 10,000,000 cancelled requests; 10 ms from start to first
//! event; 1.9 times as fast on 2 threads as on 1. Instructions are counted by valgrind, if
//! installed, and do not depend on the machine's load.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench measures time and prints it"
)]

#[allow(dead_code, reason = "stdout is read here too")]
mod took;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ASYNCFLOW: &str = env!("CARGO_BIN_EXE_asyncflow");

/// The output and the cost of one run.
struct Run {
    json: serde_json::Value,
    whole_s: f64,
    peak_bytes: f64,
}

impl Run {
    fn number(&self, field: &str) -> f64 {
        self.json[field].as_f64().unwrap_or(f64::NAN)
    }
    fn metric(&self, kind: &str, entity: &str, metric: &str) -> f64 {
        let metrics = self.json["metrics"].as_array().map_or(&[][..], Vec::as_slice);
        let is_it = |m: &&serde_json::Value| {
            m["kind"] == kind && m["entity"] == entity && m["metric"] == metric
        };
        metrics.iter().find(is_it).and_then(|m| m["estimate"].as_f64()).unwrap_or(f64::NAN)
    }
    fn completed(&self) -> f64 {
        let metrics = self.json["metrics"].as_array().map_or(&[][..], Vec::as_slice);
        let of_workloads =
            metrics.iter().filter(|m| m["kind"] == "workload" && m["metric"] == "completed");
        of_workloads.map(|m| m["estimate"].as_f64().unwrap_or(0.0)).sum::<f64>()
            * self.number("replications")
    }
}

/// Runs a scenario with JSON output; the peak of its resident memory is read from /proc until it
/// exits.
fn run(scenario: &Path, arguments: &[&str]) -> Run {
    let started = Instant::now();
    let mut command = Command::new(ASYNCFLOW);
    command.args(["run", "--json", "--no-files"]).arg(scenario).args(arguments);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the command starts");
    let mut stdout = child.stdout.take().expect("stdout is piped");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut stdout, &mut text).map(|_| text)
    });
    let mut peak_bytes = f64::NAN;
    while child.try_wait().expect("the process can be waited for").is_none() {
        peak_bytes = took::resident_peak_bytes(&child).unwrap_or(peak_bytes);
        std::thread::sleep(Duration::from_millis(2));
    }
    let whole_s = started.elapsed().as_secs_f64();
    let text = reader.join().expect("the reader ends").expect("stdout is text");
    Run { json: serde_json::from_str(&text).expect("stdout is JSON"), whole_s, peak_bytes }
}

fn best<T>(rounds: u32, mut measure: impl FnMut() -> T, value: impl Fn(&T) -> f64) -> T {
    let mut all: Vec<T> = (0..rounds).map(|_| measure()).collect();
    all.sort_by(|a, b| value(a).total_cmp(&value(b)));
    all.swap_remove(0)
}

fn written(folder: &tempfile::TempDir, name: &str, text: &str) -> std::path::PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a scenario can be written");
    path
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let rounds = if quick { 1 } else { 5 };
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    scenarios(rounds);
    in_flight(&folder, quick);
    simulated_time(&folder, quick);
    cancelled(&folder, quick);
    start(&folder, rounds);
    threads(rounds);
    instructions(&folder);
}

fn scenarios(rounds: u32) {
    println!(
        "{:34} {:>14} {:>14} {:>14} {:>12}",
        "shipped scenario, one thread", "M events/s", "M requests/s", "events", "wall, s"
    );
    let mut paths: Vec<_> = std::fs::read_dir("scenarios")
        .expect("the scenarios are shipped")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_none_or(|extension| extension != "csv"))
        .collect();
    paths.sort();
    for path in paths {
        let run = best(rounds, || run(&path, &["-j", "1"]), |run| run.number("wall_s"));
        let (wall, events) = (run.number("wall_s"), run.number("events"));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        println!(
            "{name:34} {:14.2} {:14.2} {events:14.0} {wall:12.3}",
            events / wall * 1e-6,
            run.completed() / wall * 1e-6
        );
    }
}

/// Measures the memory of requests in flight: each waits 100 s for I/O, and the arrival rate
/// determines their number.
fn in_flight(folder: &tempfile::TempDir, quick: bool) {
    let peak = |thousands: u32| {
        let scenario = format!(
            "version: 1\nrun: {{ duration: 110s, replications: 1, limits: {{ in_flight: 2M }} }}
workload: {{ users: {{ to: api.x, open: {{ rate: {}/s, arrivals: regular }} }} }}
services: {{ api: {{ endpoints: {{ x: [ wait: 100s ] }} }} }}",
            thousands * 10
        );
        run(&written(folder, "flight.yaml", &scenario), &["-j", "1"]).peak_bytes
    };
    let many = if quick { 10 } else { 1000 };
    let (few_bytes, many_bytes) = (peak(1), peak(many));
    let each = (many_bytes - few_bytes) / ((many - 1) as f64 * 1000.0);
    println!(
        "\nbytes per request, {} in flight: {each:.0} (resident memory {:.1} MB, with 1000 {:.1} MB)",
        many * 1000,
        many_bytes * 1e-6,
        few_bytes * 1e-6
    );
}

fn simulated_time(folder: &tempfile::TempDir, quick: bool) {
    let scenario = written(
        folder,
        "long.yaml",
        "version: 1\nrun: { duration: 10m, replications: 1 }\nworkload: { users: { to: api.x, open: { rate: 200/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 4ms } ] } } }",
    );
    print!("\nresident memory against simulated time:");
    for duration in if quick { &["10m"][..] } else { &["10m", "2h", "24h"] } {
        let run = run(&scenario, &["-j", "1", "-d", duration]);
        print!("   {duration}: {:.1} MB ({:.0} requests)", run.peak_bytes * 1e-6, run.completed());
    }
    println!();
}

/// Measures memory against the number of cancelled requests: nine of ten branches of each request,
/// each in a wait of its own and with a call under way.
fn cancelled(folder: &tempfile::TempDir, quick: bool) {
    let branch = "[ call: db.read, wait: { exp: 50ms } ]";
    let scenario = format!(
        "version: 1\nrun: {{ duration: 10s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 1000/s }} }} }}
services:
  api: {{ endpoints: {{ x: [ parallel: {{ join: any, branches: [ {} ] }} ] }} }}
  db: {{ endpoints: {{ read: [ wait: {{ exp: 5ms }} ] }} }}",
        [branch; 10].join(", ")
    );
    let scenario = written(folder, "cancelled.yaml", &scenario);
    print!("resident memory against cancelled requests:");
    for duration in if quick { &["1s"][..] } else { &["10s", "110s", "1100s"] } {
        let run = run(&scenario, &["-j", "1", "-d", duration]);
        let blocks = (0..10).map(|branch| ("block", format!("api.x.parallel[{branch}]")));
        let called = std::iter::once(("endpoint", "db.read".to_string()));
        let cancelled: f64 = blocks
            .chain(called)
            .map(|(kind, entity)| {
                let of = |metric: &str| run.metric(kind, &entity, metric);
                of("outcomes.cancelled") * of("arrivals")
            })
            .sum();
        print!("   {duration}: {:.1} MB ({cancelled:.0} cancelled)", run.peak_bytes * 1e-6);
    }
    println!();
}

/// Measures a run of one millisecond: everything but the simulation.
fn start(folder: &tempfile::TempDir, rounds: u32) {
    let scenario = written(
        folder,
        "tiny.yaml",
        "version: 1\nrun: { duration: 1ms, replications: 1 }\nworkload: { users: { to: api.x, open: { rate: 1000/s } } }
services: { api: { endpoints: { x: [ cpu: 10us ] } } }",
    );
    let run = best(4 * rounds, || run(&scenario, &["-j", "1"]), |run| run.whole_s);
    println!(
        "\nthe whole process of a run of 1 ms, from its start to its end: {:.1} ms",
        run.whole_s * 1e3
    );
}

fn threads(rounds: u32) {
    let path = Path::new("scenarios/hello.yaml");
    let wall = |threads: &str| run(path, &["-j", threads, "-r", "40"]).number("wall_s");
    // Alternating, so that both run under the same load.
    let (mut one, mut two) = (f64::MAX, f64::MAX);
    for _ in 0..rounds {
        one = one.min(wall("1"));
        two = two.min(wall("2"));
    }
    println!(
        "\nhello.yaml, 40 replications: {one:.3} s on one thread, {two:.3} s on two: {:.2} times as fast",
        one / two
    );
}

fn instructions(folder: &tempfile::TempDir) {
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("\ninstructions: not counted, valgrind is not installed");
        return;
    }
    println!(
        "\n{:34} {:>20} {:>22}",
        "instructions (callgrind)", "per event", "per completed request"
    );
    for scenario in ["hello.yaml", "two-servers.yaml", "three-tier.yaml"] {
        let path = Path::new("scenarios").join(scenario);
        // The difference of two lengths excludes the start.
        let counted = |duration: &str| {
            let arguments = ["-j", "1", "-r", "1", "-d", duration, "--set", "run.warmup=0s"];
            let run = run(&path, &arguments);
            let out = folder.path().join("callgrind.out");
            let mut command = Command::new("valgrind");
            command.args([
                "--tool=callgrind",
                &format!("--callgrind-out-file={}", out.display()),
                ASYNCFLOW,
                "run",
                "--no-files",
                "-q",
            ]);
            let output = command.arg(&path).args(arguments).output().expect("valgrind runs");
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            let refs = stderr
                .lines()
                .find_map(|line| line.split("refs:").nth(1))
                .unwrap_or("")
                .replace(',', "");
            (refs.trim().parse::<f64>().unwrap_or(f64::NAN), run.number("events"), run.completed())
        };
        let ((short, short_events, short_requests), (long, long_events, long_requests)) =
            (counted("2m"), counted("6m"));
        println!(
            "{scenario:34} {:20.0} {:22.0}",
            (long - short) / (long_events - short_events),
            (long - short) / (long_requests - short_requests)
        );
    }
}

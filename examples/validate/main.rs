//! Writes `docs/validation.md`: every exact case simulated, all z-scores judged together, and
//! AsyncFlow 0.1's figures beside ours.
//!
//! `cargo run --release --example validate` runs everything, in a few minutes on two cores. With
//! names of cases or payloads as arguments it runs only those and prints them:
//! `cargo run --release --example validate -- mm1_rho80 single_server`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program prints its results and timings"
)]

#[path = "../../tests/it/theory/cases/mod.rs"]
mod cases;
mod document;
#[path = "../../tests/it/theory/judge.rs"]
mod judge;
mod judged;
#[path = "../../tests/it/original/payloads.rs"]
mod payloads;

use document::{document, figures, section};
use judge::uniformity;
use judged::{JudgedCase, JudgedPayload, JudgedRun, judge_case, judge_payload};
use std::fmt::Write;
use std::time::Instant;

/// The number of seeds that every scenario is run with.
const SEEDS: u32 = 12;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/validation.md");

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
    let started = Instant::now();
    let cases: Vec<JudgedCase> =
        cases::all().into_iter().filter(|case| is_wanted(case.id)).map(judge_case).collect();
    let payloads: Vec<JudgedPayload> =
        payloads::all().into_iter().filter(|p| is_wanted(p.name)).map(judge_payload).collect();
    if cases.is_empty() && payloads.is_empty() {
        eprintln!("none of {} is a case; docs/validation.md lists the names", wanted.join(", "));
        std::process::exit(2);
    }
    eprintln!("{:.0} s", started.elapsed().as_secs_f64());
    let scores: Vec<f64> =
        cases.iter().flat_map(|case| &case.runs).flat_map(|run| run.scores.clone()).collect();
    if wanted.is_empty() {
        std::fs::write(DOCUMENT, document(&cases, &scores, &payloads))
            .unwrap_or_else(|error| panic!("{DOCUMENT}: {error}"));
        eprintln!("wrote {DOCUMENT}");
    } else {
        cases.iter().for_each(|case| println!("{}{}", section(case), scenarios(case)));
        payloads.iter().for_each(|payload| {
            println!("{}\n```yaml\n{}```\n", figures(payload), payload.payload.text)
        });
    }
    let wrong = disagreements(&cases, &payloads);
    wrong.iter().for_each(|what| eprintln!("{what}"));
    if !wrong.is_empty() || !scores.is_empty() && !uniformity(&scores).is_right() {
        eprintln!("theory and simulation disagree");
        std::process::exit(1);
    }
}

/// Returns the numbers that are more than 4 standard errors from the exact value, and the figures
/// that differ from the original's.
fn disagreements(cases: &[JudgedCase], payloads: &[JudgedPayload]) -> Vec<String> {
    let runs = cases.iter().flat_map(|case| case.runs.iter().map(move |run| (case.case.id, run)));
    let claims = runs.flat_map(|(id, run)| {
        run.run.claims.iter().zip(&run.estimates).map(move |(c, e)| (id, judge::disagreement(c, e)))
    });
    let all = payloads.iter().flat_map(|p| {
        p.payload
            .figures
            .iter()
            .zip(&p.ours)
            .map(|(f, o)| (p.payload.name, payloads::disagreement(o, f)))
    });
    claims.chain(all).filter_map(|(id, what)| what.map(|what| format!("{id}: {what}"))).collect()
}

/// Returns the scenarios of a case as files for `asyncflow run`, with the first seed.
fn scenarios(judged: &JudgedCase) -> String {
    let mut text = String::new();
    for JudgedRun { run, .. } in &judged.runs {
        let seed = judge::scenario(judged.case.id, run, 0).run.seed;
        let _ = writeln!(
            text,
            "```yaml\n# {} {}: run it with --seed {seed}\nversion: 1\n{}\n```",
            judged.case.id, run.label, run.yaml
        );
    }
    text
}

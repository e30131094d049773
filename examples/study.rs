//! A study that shows its progress, and stops at once on Ctrl-C: which of three changes helps most?
//!
//! ```sh
//! cargo run --release --example study
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints its results")]

use asyncflow::{Cancellation, Experiment, ExperimentError};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Ctrl-C sets a flag. Another thread could also call `cancellation.cancel()`.
    let flag = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGINT, flag.clone())?;
    let cancellation = Cancellation::from(flag);

    let sizing = Experiment::from_file("scenarios/sizing.yaml")?
        .cancelled_by(&cancellation)
        .on_progress(|progress| {
            eprint!("\r{} of {} replications", progress.done, progress.of);
            let _ = std::io::stderr().flush();
        });
    let variants = [
        "services.api.replicas=4",
        "services.api.balance=least_connections",
        "services.api.instance.speed=1.2x",
    ];
    let comparison = match sizing.compare(&variants) {
        Err(ExperimentError::Interrupted) => {
            eprintln!("\nCancelled: no results.");
            return Ok(());
        }
        other => other?,
    };
    eprintln!();
    for row in comparison.family().filter(|row| row.stat == "p99") {
        let change = &row.difference.relative;
        println!(
            "{:<40} p99 {:+.1} % ({:+.1} to {:+.1}): {}",
            comparison.names[row.variant],
            change.estimate * 100.0,
            change.low * 100.0,
            change.high * 100.0,
            row.judgement.name()
        );
    }
    Ok(())
}

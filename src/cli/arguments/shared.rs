//! The options that several commands share. A command that means something else by one of them
//! says so with `mut_arg`, or has an option of its own.

use super::values::{folder, replications, seed, signed, threads};
use crate::experiment::Options;
use clap::{Arg, Args};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Returns the change of an option that replaces its help.
pub(super) fn with_help(help: &'static str) -> impl FnOnce(Arg) -> Arg {
    move |option| option.help(help)
}

/// Changes to the scenario before it is used.
#[derive(Debug, Args)]
pub(crate) struct Overrides {
    /// Override a value of the scenario; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

/// A fixed number of replications.
#[derive(Debug, Args)]
#[command(next_help_heading = "Simulation")]
pub(crate) struct Replicated {
    /// Independent replications of each point
    #[arg(
        short, long, value_name = "N", allow_negative_numbers = true, value_parser = replications
    )]
    pub replications: Option<u32>,
}

/// Where files are written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputFolder {
    /// Output folder
    #[arg(short, long, value_name = "DIR", value_parser = folder())]
    pub out: Option<PathBuf>,
}

/// How each replication is simulated.
#[derive(Debug, Args)]
#[command(next_help_heading = "Simulation")]
pub(crate) struct SimulationOptions {
    /// Random seed
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub seed: Option<u64>,
    /// Simulated time of each replication, including warm-up, such as 10m
    #[arg(
        short, long, value_name = "TIME", allow_hyphen_values = true, value_parser = signed
    )]
    pub duration: Option<String>,
    #[command(flatten)]
    pub threads: Threads,
}

/// The threads that share the work.
#[derive(Debug, Args)]
pub(crate) struct Threads {
    /// Threads [default: one per core]; does not affect the results
    #[arg(
        short = 'j', long, value_name = "N", allow_negative_numbers = true, value_parser = threads
    )]
    threads: Option<NonZero<usize>>,
}

impl Threads {
    /// Returns their number as the library has it: 0 for one per core.
    pub(crate) fn number(&self) -> usize {
        self.threads.map_or(0, NonZero::get)
    }

    /// Returns how to run a study on these threads until `interrupted` is set.
    pub(crate) fn until<'a>(&self, interrupted: &'a Arc<AtomicBool>) -> Options<'a> {
        Options { threads: self.number(), interrupted }
    }
}

/// What is printed, and what may be overwritten.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputOptions {
    /// Overwrite files of another study, or files not written by AsyncFlow, in the folder
    #[arg(long)]
    pub force: bool,
    /// Print one JSON document and nothing else
    #[arg(long)]
    pub json: bool,
    /// Print errors only
    #[arg(short, long)]
    pub quiet: bool,
}

impl OutputOptions {
    /// Whether stdout and stderr are for data and errors only: no summary, progress or warning.
    pub(crate) fn is_terse(&self) -> bool {
        self.json || self.quiet
    }
}

//! The command line: commands, options and their help.

mod experiments;

pub use experiments::{
    BestName, Capacity, Compare, DesignName, Merge, MethodName, Sensitivity, Sweep,
};

use crate::experiment::FIRST_STAGE;
use crate::units::Count;
use crate::units::format::thousands;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// A digital twin of backend systems.
///
/// Describe the traffic, the services, what each endpoint does, the network and the faults in one
/// file. AsyncFlow simulates it many times in parallel and reports latency percentiles, throughput,
/// utilisation and queue lengths, each with a confidence interval.
#[derive(Debug, Parser)]
#[command(
    name = "asyncflow",
    version,
    max_term_width = 110,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Start with:  asyncflow run scenarios/hello.yaml\n\nExit codes: 0 success, 1 an objective was missed, 2 invalid input, a limit was reached, or interrupted."
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate scenarios, print a summary and write the result files
    Run(Run),
    /// Simulate a scenario at many points: grid, list, Latin hypercube or Sobol sequence
    Sweep(Sweep),
    /// Compare variants of a system in paired replications, or select the best of many
    Compare(Compare),
    /// Find the largest load, or the fewest replicas, that meet the objectives
    Capacity(Capacity),
    /// Find which parameters drive a metric: Morris screening or Sobol indices
    Sensitivity(Sensitivity),
    /// Merge the shards of a sweep
    Merge(Merge),
    /// Report all problems of scenarios and estimate their load, without simulating
    Check(Check),
    /// Print a scenario with all defaults filled in
    Show(Show),
    /// Convert a scenario between YAML, RON and JSON, or from AsyncFlow 0.1
    Convert(Convert),
    /// Print the JSON Schema of scenario files, for completion and validation in editors
    #[command(after_help = "Example:
  asyncflow schema > scenario.schema.json

Then, as the first line of a scenario, for editors with a YAML language server:
  # yaml-language-server: $schema=scenario.schema.json")]
    Schema,
}

impl Command {
    /// Whether stdout must be JSON, even when there are only problems to report.
    pub fn wants_json(&self) -> bool {
        match self {
            Command::Run(options) => options.json,
            Command::Sweep(options) => options.json,
            Command::Compare(options) => options.json,
            Command::Capacity(options) => options.json,
            Command::Sensitivity(options) => options.json,
            Command::Check(options) => options.json,
            Command::Merge(_) | Command::Show(_) | Command::Convert(_) | Command::Schema => false,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  asyncflow run shop.yaml
  asyncflow run shop.yaml --set services.api.replicas=4 --set workload.users.open.rate=300/s
  asyncflow run shop.yaml -r 100 -d 1h --plots
  generate | asyncflow run - --no-files
  asyncflow run shop.yaml --json --no-files | jq '.metrics[] | select(.stat == \"p99\")'")]
pub struct Run {
    /// Scenario files (.yaml, .yml, .ron, .json; AsyncFlow 0.1 payloads are accepted unchanged), or
    /// `-` for standard input
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// Output folder [default: out/NAME]
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Independent replications; more give narrower intervals
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = replications)]
    pub replications: Option<u32>,
    /// Random seed; the same seed gives byte-identical result files
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub seed: Option<u64>,
    /// Simulated time of each replication, including warm-up, such as 10m
    #[arg(short, long, value_name = "TIME")]
    pub duration: Option<String>,
    /// Threads [default: one per core]; does not affect the results
    #[arg(short = 'j', long, value_name = "N")]
    pub threads: Option<usize>,
    /// Override a value of the scenario; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Print one JSON document and nothing else: an object, or a list for several scenarios
    #[arg(long)]
    pub json: bool,
    /// Also write plots.svg: latency distributions, and load and queues over time
    #[arg(long)]
    pub plots: bool,
    /// Write no files
    #[arg(long, conflicts_with_all = ["out", "plots", "force"])]
    pub no_files: bool,
    /// Overwrite files of another study, or files not written by AsyncFlow, in the folder
    #[arg(long)]
    pub force: bool,
    /// Print errors only
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  asyncflow check shop.yaml
  asyncflow check shop.yaml --set services.api.replicas=4
  asyncflow check *.yaml --json | jq '.[] | select(.can_run | not) | .problems[]'

Exit code 2: a scenario cannot run.")]
pub struct Check {
    /// Scenario files, or `-` for standard input
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// Override a value of the scenario; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Print one JSON document and nothing else: an object, or a list for several scenarios
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  asyncflow show shop.yaml
  asyncflow show shop.yaml --set run.warmup=auto --format json | jq .services")]
pub struct Show {
    /// Scenario file, or `-` for standard input
    pub scenario: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = Notation::Yaml)]
    pub format: Notation,
    /// Override a value of the scenario; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  asyncflow convert shop.yaml shop.ron
  asyncflow convert old-payload.yml shop.yaml

Comments and notes (`x-…`) are not preserved.")]
pub struct Convert {
    /// Scenario file to read
    pub from: PathBuf,
    /// File to write; its extension selects the format (.yaml, .ron, .json)
    pub to: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    pub force: bool,
}

/// Parses a seed.
fn seed(typed: &str) -> Result<u64, String> {
    typed.parse().map_err(|_| "must be a whole number from 0 to 2^64 − 1".to_string())
}

/// Parses a number of replications.
fn replications(typed: &str) -> Result<u32, String> {
    number(typed, 1..=1_000_000)
}

/// Parses the replication limit of a selection, which is at least its first stage.
fn most(typed: &str) -> Result<u32, String> {
    number(typed, FIRST_STAGE..=1_000_000)
}

/// Parses a count of at least 1.
fn several(typed: &str) -> Result<u32, String> {
    number(typed, 1..=u32::MAX)
}

/// Parses a count as scenario files write it, such as `2k`.
fn number(typed: &str, range: RangeInclusive<u32>) -> Result<u32, String> {
    let count = typed.parse::<Count>().map_err(|refusal| refusal.in_one_line())?;
    let is_in_range = |count: &u32| range.contains(count);
    u32::try_from(count.0).ok().filter(is_in_range).ok_or_else(|| {
        let [from, to] = [range.start(), range.end()].map(|end| thousands(u64::from(*end)));
        format!("must be a whole number from {from} to {to}")
    })
}

/// A format of scenario files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Notation {
    Yaml,
    Ron,
    Json,
}

//! What can be typed.

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
/// Describe who sends how much traffic, which services exist, what each endpoint does, how the
/// network behaves and what goes wrong, in one file. AsyncFlow simulates it, many times in
/// parallel, and gives latency percentiles, throughput, utilisation and queues, each with a
/// confidence interval.
#[derive(Debug, Parser)]
#[command(
    name = "asyncflow",
    version,
    max_term_width = 110,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Start with:  asyncflow run scenarios/hello.yaml\n\nExit codes: 0 done, 1 an objective was missed, 2 the input was wrong, a limit was reached, or it was interrupted."
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate scenarios, print the summary, write the files
    Run(Run),
    /// Simulate a scenario at many points: grids, lists, Latin hypercubes, Sobol sequences
    Sweep(Sweep),
    /// Compare variants of a system, pair by pair, or choose the best of many
    Compare(Compare),
    /// Find the largest load, or the fewest replicas, with which the objectives are met
    Capacity(Capacity),
    /// Find out which parameters drive a metric: Morris screening, Sobol indices
    Sensitivity(Sensitivity),
    /// Put the shards of a sweep together
    Merge(Merge),
    /// Find every problem of scenarios, and estimate their load, without simulating
    Check(Check),
    /// Print a scenario with all defaults filled in
    Show(Show),
    /// Convert a scenario between YAML, RON and JSON, or from AsyncFlow 0.1
    Convert(Convert),
    /// Print the JSON Schema of scenario files, for completion in editors
    #[command(after_help = "Example:
  asyncflow schema > scenario.schema.json

Then, as the first line of a scenario, for editors with a YAML language server:
  # yaml-language-server: $schema=scenario.schema.json")]
    Schema,
}

impl Command {
    /// Whether what is printed is to be JSON, also when there is nothing but problems.
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
    /// Scenario files (.yaml, .yml, .ron, .json; AsyncFlow 0.1 payloads as they stand), or `-` for
    /// the standard input
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// Folder for the files [default: out/NAME]
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Independent replications; more make the intervals narrower
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = replications)]
    pub replications: Option<u32>,
    /// Where the random numbers start; the same seed gives the same bytes
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub seed: Option<u64>,
    /// Simulated time of each replication, warm-up included, such as 10m
    #[arg(short, long, value_name = "TIME")]
    pub duration: Option<String>,
    /// Threads [default: one for each core]; the results do not depend on it
    #[arg(short = 'j', long, value_name = "N")]
    pub threads: Option<usize>,
    /// Change any value of the scenario before it is read; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Print one JSON document, and nothing else: an object, or with several scenarios a list of
    /// them
    #[arg(long)]
    pub json: bool,
    /// Also draw the distribution of the latency and the course of the gauges, as plots.svg
    #[arg(long)]
    pub plots: bool,
    /// Write no files
    #[arg(long, conflicts_with_all = ["out", "plots", "force"])]
    pub no_files: bool,
    /// Overwrite the files of another study, or files that are not of AsyncFlow, in the folder
    #[arg(long)]
    pub force: bool,
    /// Print problems only
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
    /// Scenario files, or `-` for the standard input
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// Change any value of the scenario before it is read; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Print one JSON document, and nothing else: an object, or with several scenarios a list of
    /// them
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  asyncflow show shop.yaml
  asyncflow show shop.yaml --set run.warmup=auto --format json | jq .services")]
pub struct Show {
    /// Scenario file, or `-` for the standard input
    pub scenario: PathBuf,
    /// Notation
    #[arg(long, value_enum, default_value_t = Notation::Yaml)]
    pub format: Notation,
    /// Change any value of the scenario before it is read; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  asyncflow convert shop.yaml shop.ron
  asyncflow convert old-payload.yml shop.yaml

Comments and notes (`x-…`) are not carried over.")]
pub struct Convert {
    /// Scenario file to read
    pub from: PathBuf,
    /// File to write; its name says the notation (.yaml, .ron, .json)
    pub to: PathBuf,
    /// Overwrite the file if it is there
    #[arg(long)]
    pub force: bool,
}

/// A seed, or what one is.
fn seed(typed: &str) -> Result<u64, String> {
    typed.parse().map_err(|_| "a seed is a whole number from 0 to 2^64 − 1".to_string())
}

/// A number of replications.
fn replications(typed: &str) -> Result<u32, String> {
    number(typed, 1..=1_000_000)
}

/// The most replications of a search that begins with a first stage.
fn most(typed: &str) -> Result<u32, String> {
    number(typed, FIRST_STAGE..=1_000_000)
}

/// A number of other things that there is at least one of.
fn several(typed: &str) -> Result<u32, String> {
    number(typed, 1..=u32::MAX)
}

/// A number, written as a count is in a scenario.
fn number(typed: &str, range: RangeInclusive<u32>) -> Result<u32, String> {
    let count = typed.parse::<Count>().map_err(|words| words.replace("\nhelp: ", "; "))?;
    let is_in = |count: &u32| range.contains(count);
    u32::try_from(count.0).ok().filter(is_in).ok_or_else(|| {
        let [from, to] = [range.start(), range.end()].map(|end| thousands(u64::from(*end)));
        format!("it is a whole number from {from} to {to}")
    })
}

/// A notation of scenario files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Notation {
    Yaml,
    Ron,
    Json,
}

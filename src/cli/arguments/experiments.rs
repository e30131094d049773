//! What can be typed after the commands that run more than one scenario: sweeps, comparisons,
//! searches.

use super::{most, replications, seed, several};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "What is varied is said by the scenario's `sweep:` block, or here. --vary PATH=VALUES:
  services.api.replicas=1,2,4                  these values
  services.api.replicas=1..8@integer           every whole number of a range
  workload.users.open.rate=50/s..500/s@10      ten values of a range, equally far apart
  workload.users.open.rate=50/s..500/s@log@10  … equally far apart on a logarithmic scale
  workload.users.open.rate=50/s..500/s@log     a range to draw from: --design lhs or sobol

Examples:
  asyncflow sweep shop.yaml --vary services.api.replicas=1,2,4 \\
      --vary services.api.balance=random,least_connections
  asyncflow sweep shop.yaml --design sobol --points 256 \\
      --vary services.api.replicas=1..8@integer --vary workload.users.open.rate=50/s..500/s@log

After Ctrl-C, a crash or a power cut:
  asyncflow sweep shop.yaml --resume

The third of 200 parts, on as many machines as there are; with `auto`, which part is said by
SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX or AWS_BATCH_JOB_ARRAY_INDEX:
  asyncflow sweep shop.yaml --shard 3/200
  asyncflow sweep shop.yaml --shard auto/200
  asyncflow merge out/shop-sweep -o all"
)]
pub struct Sweep {
    /// Scenario file, or `-` for the standard input
    #[arg(value_name = "SCENARIO")]
    pub scenario: PathBuf,
    /// What is varied; repeated, every combination. Replaces the scenario's `sweep:` block
    #[arg(long, value_name = "PATH=VALUES")]
    pub vary: Vec<String>,
    /// How the points are chosen [default: grid]
    #[arg(long, value_enum)]
    pub design: Option<DesignName>,
    /// How many points, for lhs and sobol
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = several)]
    pub points: Option<u32>,
    /// Folder for the files [default: out/NAME-sweep]
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Independent replications of each point
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = replications)]
    pub replications: Option<u32>,
    /// Where the random numbers start; the same for all points, so that they are compared with the
    /// same arrivals and demands
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub seed: Option<u64>,
    /// Simulated time of each replication, warm-up included, such as 10m
    #[arg(short, long, value_name = "TIME")]
    pub duration: Option<String>,
    /// Threads [default: one for each core]; the results do not depend on it
    #[arg(short = 'j', long, value_name = "N")]
    pub threads: Option<usize>,
    /// Change any value of the scenario before it is varied; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Also write the course over time of every replication
    #[arg(long)]
    pub series: bool,
    /// Also write the distribution of the latencies of every replication
    #[arg(long)]
    pub histograms: bool,
    /// Go on with an interrupted sweep; only what is not finished is run
    #[arg(long)]
    pub resume: bool,
    /// Run only part K of N, in a folder of its own; what is complete is not run again
    #[arg(long, value_name = "K/N", conflicts_with_all = ["resume", "json"])]
    pub shard: Option<String>,
    /// Run more than 200,000 points or 10 million replications
    #[arg(long)]
    pub yes: bool,
    /// Overwrite what is in the folder
    #[arg(long)]
    pub force: bool,
    /// Print one JSON object a line for each point, and nothing else
    #[arg(long)]
    pub json: bool,
    /// Print problems only
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "All variants have the same arrivals and the same demands, request by request, so that differences are known better than numbers.

Examples:
  asyncflow compare today.yaml tomorrow.yaml
  asyncflow compare shop.yaml --set services.api.replicas=3 \\
      --set 'services.api.replicas=3; services.api.balance=least_connections'
  asyncflow compare shop.yaml --set run.confidence=99% --set services.api.balance=random --json
  asyncflow compare a.yaml b.yaml c.yaml --select users.latency.p99 --indifference 2%"
)]
pub struct Compare {
    /// Scenario files; the first is the baseline
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// With one file: a variant of it, as `PATH=VALUE`, several separated by `;`; repeated, several
    /// variants. With several files: changes all
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Choose the best by this metric, such as users.latency.p99: replications go to those that may
    /// still be it
    #[arg(long, value_name = "METRIC")]
    pub select: Option<String>,
    /// Which value of the metric is the best
    #[arg(long, value_enum, default_value_t = BestName::Min, requires = "select")]
    pub best: BestName,
    /// A difference that does not matter, as a share of the best
    #[arg(long, value_name = "SHARE", default_value = "1%", requires = "select")]
    pub indifference: String,
    /// The most replications of one variant, at least 10
    #[arg(long, value_name = "N", default_value_t = 1000, allow_negative_numbers = true, value_parser = most, requires = "select")]
    pub most: u32,
    /// Also write comparison.parquet into this folder
    #[arg(short, long, value_name = "DIR", conflicts_with = "select")]
    pub out: Option<PathBuf>,
    /// Independent replications of each variant
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = replications, conflicts_with = "select")]
    pub replications: Option<u32>,
    /// Where the random numbers start; that of the baseline if not given
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub seed: Option<u64>,
    /// Simulated time of each replication, warm-up included, such as 10m
    #[arg(short, long, value_name = "TIME")]
    pub duration: Option<String>,
    /// Threads [default: one for each core]; the results do not depend on it
    #[arg(short = 'j', long, value_name = "N")]
    pub threads: Option<usize>,
    /// Overwrite the files of another study, or files that are not of AsyncFlow, in the folder
    #[arg(long)]
    pub force: bool,
    /// Print one JSON document, and nothing else
    #[arg(long)]
    pub json: bool,
    /// Print problems only
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "What is searched is said by the scenario's `capacity:` block, or here. Whether the largest or the smallest value is wanted is found out.

Examples:
  asyncflow capacity shop.yaml
  asyncflow capacity shop.yaml --vary workload.users.open.rate --from 50/s --to 2k/s --while fast
  asyncflow capacity shop.yaml --while 'users.p95 < 60ms' --while 'users.errors < 0.1%'
  asyncflow capacity shop.yaml --tolerance 0.5% --json

Exit code 1: no value meets the objectives."
)]
pub struct Capacity {
    /// Scenario file, or `-` for the standard input
    #[arg(value_name = "SCENARIO")]
    pub scenario: PathBuf,
    /// Path of the parameter that is searched. Replaces the scenario's `capacity:` block
    #[arg(long, value_name = "PATH")]
    pub vary: Option<String>,
    /// Where the search begins; alone, it moves that end of the `capacity:` block
    #[arg(long, value_name = "VALUE")]
    pub from: Option<String>,
    /// Where it ends; likewise
    #[arg(long, value_name = "VALUE")]
    pub to: Option<String>,
    /// An objective that has to be met: a name in `slos`, or such as 'users.p95 < 60ms'; repeated,
    /// all [default: all in `slos`]
    #[arg(long = "while", value_name = "OBJECTIVE")]
    pub goals: Vec<String>,
    /// How near two values may be whose answers differ [default: 2%]
    #[arg(long, value_name = "SHARE")]
    pub tolerance: Option<String>,
    /// The most replications at one value [default: 320]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = replications)]
    pub most: Option<u32>,
    /// Also write capacity.parquet into this folder
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Where the random numbers start
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub seed: Option<u64>,
    /// Simulated time of each replication, warm-up included, such as 10m
    #[arg(short, long, value_name = "TIME")]
    pub duration: Option<String>,
    /// Threads [default: one for each core]; the results do not depend on it
    #[arg(short = 'j', long, value_name = "N")]
    pub threads: Option<usize>,
    /// Change any value of the scenario before the search; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Overwrite the files of another study, or files that are not of AsyncFlow, in the folder
    #[arg(long)]
    pub force: bool,
    /// Print one JSON document, and nothing else
    #[arg(long)]
    pub json: bool,
    /// Print problems only
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "What is varied is said by the `vary` of the scenario's `sweep:` block, or by --vary, in ranges (see `asyncflow sweep --help`).

Examples:
  asyncflow sensitivity shop.yaml --vary services.api.replicas=2..8@integer \\
      --vary workload.users.open.rate=50/s..300/s --vary services.api.instance.speed=1x..2x
  asyncflow sensitivity shop.yaml --method sobol --size 256 \\
      --metric users.latency.p99 --metric users.throughput"
)]
pub struct Sensitivity {
    /// Scenario file, or `-` for the standard input
    #[arg(value_name = "SCENARIO")]
    pub scenario: PathBuf,
    /// What is varied, and over which range; repeated, several parameters. Replaces the scenario's
    /// `sweep:` block
    #[arg(long, value_name = "PATH=FROM..TO")]
    pub vary: Vec<String>,
    /// What is to be explained, such as users.latency.p99; repeated, several [default: p99 of the
    /// first workload]
    #[arg(long, value_name = "METRIC")]
    pub metric: Vec<String>,
    /// How to look
    #[arg(long, value_enum, default_value_t = MethodName::Morris)]
    pub method: MethodName,
    /// Trajectories of morris [default: 10], or groups of sobol [default: 64; best a power of two]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = several)]
    pub size: Option<u32>,
    /// Also write sensitivity.parquet into this folder
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Independent replications of each point
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = replications)]
    pub replications: Option<u32>,
    /// Where the random numbers start
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub seed: Option<u64>,
    /// Simulated time of each replication, warm-up included, such as 10m
    #[arg(short, long, value_name = "TIME")]
    pub duration: Option<String>,
    /// Threads [default: one for each core]; the results do not depend on it
    #[arg(short = 'j', long, value_name = "N")]
    pub threads: Option<usize>,
    /// Change any value of the scenario before it is varied; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Overwrite the files of another study, or files that are not of AsyncFlow, in the folder
    #[arg(long)]
    pub force: bool,
    /// Print one JSON document, and nothing else
    #[arg(long)]
    pub json: bool,
    /// Print problems only
    #[arg(short, long)]
    pub quiet: bool,
}

/// A method of sensitivity analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MethodName {
    /// Which of many parameters matter at all: few points
    Morris,
    /// How much of the variance is whose: more points
    Sobol,
}

/// Which value of a metric is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BestName {
    /// The smallest: latency, errors, cost
    Min,
    /// The largest: throughput
    Max,
}

/// A design, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DesignName {
    /// Every combination of the values
    Grid,
    /// A Latin hypercube
    Lhs,
    /// A scrambled Sobol sequence
    Sobol,
    /// The scenario as it is, then each value of each parameter alone
    #[value(alias = "one_at_a_time")]
    OneAtATime,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  asyncflow merge out/shop-sweep -o out/shop-all

The result equals, byte for byte, that of the sweep on one machine.")]
pub struct Merge {
    /// Folders of shards, or folders that hold such
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// Folder for the files
    #[arg(short, long, value_name = "DIR")]
    pub out: PathBuf,
    /// Threads [default: one for each core]
    #[arg(short = 'j', long, value_name = "N")]
    pub threads: Option<usize>,
    /// Overwrite what is in the folder
    #[arg(long)]
    pub force: bool,
    /// Print problems only
    #[arg(short, long)]
    pub quiet: bool,
}

//! The options of commands that simulate more than one variant of a scenario: `sweep`, `compare`,
//! `capacity`, `sensitivity` and `merge`.

use super::shared::{
    OutputFolder, OutputOptions, Overrides, Replicated, SimulationOptions, Threads, with_help,
};
use super::values::{most, only_folder, several, signed};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const SET_BEFORE_VARYING: &str =
    "Override a value of the scenario before parameters are varied; may be repeated";

#[derive(Debug, Args)]
#[command(
    after_help = "The parameters to vary come from the scenario's `sweep:` block, or from --vary PATH=VALUES:
  services.api.replicas=1,2,4                  these values
  services.api.replicas=1..8@integer           every whole number of a range
  workload.users.open.rate=50/s..500/s@10      ten evenly spaced values of a range
  workload.users.open.rate=50/s..500/s@log@10  ten evenly spaced values on a logarithmic scale
  workload.users.open.rate=50/s..500/s@log     a range to sample with --design lhs or sobol

Examples:
  asyncflow sweep shop.yaml --vary services.api.replicas=1,2,4 \\
      --vary services.api.balance=random,least_connections
  asyncflow sweep shop.yaml --design sobol --points 256 \\
      --vary services.api.replicas=1..8@integer --vary workload.users.open.rate=50/s..500/s@log

Resume after Ctrl-C, a crash or a power failure:
  asyncflow sweep shop.yaml --resume

Distribute a sweep over machines in 200 shards; `auto` takes the shard number from
SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX or AWS_BATCH_JOB_ARRAY_INDEX:
  asyncflow sweep shop.yaml --shard 3/200
  asyncflow sweep shop.yaml --shard auto/200
  asyncflow merge out/shop-sweep -o all

Exit code 0 also if points miss objectives: the table marks them, and `--json` lists them in
`slos_missed`."
)]
#[command(
    mut_arg("set", with_help(SET_BEFORE_VARYING)),
    mut_arg(
        "seed",
        with_help(
            "Random seed, shared by all points so that they see the same arrivals and demands"
        )
    ),
    mut_arg("out", with_help("Output folder [default: out/NAME-sweep]")),
    mut_arg("force", with_help("Overwrite existing files in the folder")),
    mut_arg("json", with_help("Print one JSON object per line for each point and nothing else"))
)]
pub(crate) struct Sweep {
    /// Scenario file, or `-` for standard input
    #[arg(value_name = "SCENARIO")]
    pub scenario: PathBuf,
    /// Parameter to vary and its values; may be repeated. Replaces the scenario's `sweep:` block
    #[arg(long, value_name = "PATH=VALUES")]
    pub vary: Vec<String>,
    /// How points are chosen [default: grid]
    #[arg(long, value_enum)]
    pub design: Option<DesignName>,
    /// Number of points, for lhs and sobol
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = several)]
    pub points: Option<u32>,
    #[command(flatten)]
    pub overrides: Overrides,
    /// Resume an interrupted sweep; completed replications are not run again
    #[arg(long)]
    pub resume: bool,
    /// Run only shard K of N, in its own folder; completed replications are not run again
    #[arg(
        long, value_name = "K/N", conflicts_with_all = ["resume", "json"],
        allow_hyphen_values = true, value_parser = signed
    )]
    pub shard: Option<String>,
    /// Allow more than 200,000 points or 10 million replications
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub replicated: Replicated,
    #[command(flatten)]
    pub simulation: SimulationOptions,
    #[command(flatten)]
    pub folder: OutputFolder,
    /// Also write the time series of every replication
    #[arg(long, help_heading = "Output")]
    pub series: bool,
    /// Also write the latency histograms of every replication
    #[arg(long, help_heading = "Output")]
    pub histograms: bool,
    #[command(flatten)]
    pub output: OutputOptions,
}

#[derive(Debug, Args)]
#[command(
    after_help = "All variants see the same arrivals and demands, request by request, so differences are estimated more precisely than the metrics themselves.

Examples:
  asyncflow compare today.yaml tomorrow.yaml
  asyncflow compare shop.yaml --set services.api.replicas=3 \\
      --set 'services.api.replicas=3; services.api.balance=least_connections'
  asyncflow compare today.yaml tomorrow.yaml --set run.confidence=99% --json
  asyncflow compare a.yaml b.yaml c.yaml --select users.latency.p99 --indifference 2%"
)]
#[command(
    mut_arg("replications", |option| {
        option.help("Independent replications of each variant").conflicts_with("select")
    }),
    mut_arg("seed", with_help("Random seed [default: that of the baseline]")),
    mut_arg("out", |option| {
        option.help("Also write comparison.parquet to this folder").conflicts_with("select")
    })
)]
pub(crate) struct Compare {
    /// Scenario files; the first is the baseline
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// With one file: a variant of its own, compared with the unchanged file; separate several
    /// changes of one variant by `;`, and repeat for more variants. With several files: an override
    /// of all of them, the baseline included
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Select the best variant by this metric, such as users.latency.p99; only variants that may
    /// still be the best are replicated further
    #[arg(long, value_name = "METRIC")]
    pub select: Option<String>,
    /// Whether the smallest or the largest value of the metric is best
    #[arg(long, value_enum, default_value_t = BestName::Min, requires = "select")]
    pub best: BestName,
    /// Indifference zone: a difference too small to matter, relative to the best
    #[arg(
        long, value_name = "SHARE", default_value = "1%", requires = "select",
        allow_hyphen_values = true, value_parser = signed
    )]
    pub indifference: String,
    /// Maximum number of replications per variant, at least 10
    #[arg(
        long, value_name = "N", default_value_t = 1000, allow_negative_numbers = true,
        value_parser = most, requires = "select"
    )]
    pub most: u32,
    #[command(flatten)]
    pub replicated: Replicated,
    #[command(flatten)]
    pub simulation: SimulationOptions,
    #[command(flatten)]
    pub folder: OutputFolder,
    #[command(flatten)]
    pub output: OutputOptions,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The search comes from the scenario's `capacity:` block, or from --vary. Whether to look for the largest or the smallest value is detected automatically.

Examples:
  asyncflow capacity shop.yaml
  asyncflow capacity shop.yaml --vary workload.users.open.rate --from 50/s --to 2k/s --while fast
  asyncflow capacity shop.yaml --while 'users.p95 < 60ms' --while 'users.errors < 0.1%'
  asyncflow capacity shop.yaml --tolerance 0.5% --json

Exit code 1: no value meets the objectives."
)]
#[command(
    mut_arg(
        "set",
        with_help("Override a value of the scenario before the search; may be repeated")
    ),
    mut_arg(
        "quiet",
        with_help(
            "Print errors only, and not the answer: the exit code says whether a value meets the objectives"
        )
    ),
    mut_arg("out", with_help("Also write capacity.parquet to this folder"))
)]
pub(crate) struct Capacity {
    /// Scenario file, or `-` for standard input
    #[arg(value_name = "SCENARIO")]
    pub scenario: PathBuf,
    /// Path of the parameter to search. Replaces the scenario's `capacity:` block
    #[arg(long, value_name = "PATH")]
    pub vary: Option<String>,
    /// Lower end of the search range; without --vary, overrides that of the `capacity:` block
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true, value_parser = signed)]
    pub from: Option<String>,
    /// Upper end of the search range; likewise
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true, value_parser = signed)]
    pub to: Option<String>,
    /// An objective to meet: a name in `slos`, or an expression such as 'users.p95 < 60ms'; repeat
    /// to require several [default: all in `slos`]
    #[arg(long = "while", value_name = "OBJECTIVE")]
    pub goals: Vec<String>,
    /// Stop when the capacity is known to within this share [default: 2%]
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, value_parser = signed)]
    pub tolerance: Option<String>,
    #[command(flatten)]
    pub overrides: Overrides,
    /// Maximum number of replications per value, at least 10 [default: 320]
    #[arg(
        long, value_name = "N", allow_negative_numbers = true, value_parser = most,
        help_heading = "Simulation"
    )]
    pub most: Option<u32>,
    #[command(flatten)]
    pub simulation: SimulationOptions,
    #[command(flatten)]
    pub folder: OutputFolder,
    #[command(flatten)]
    pub output: OutputOptions,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The parameters and their ranges come from `vary` in the scenario's `sweep:` block, or from --vary (see `asyncflow sweep --help`).

Examples:
  asyncflow sensitivity shop.yaml --vary services.api.replicas=2..8@integer \\
      --vary workload.users.open.rate=50/s..300/s --vary services.api.instance.speed=1x..2x
  asyncflow sensitivity shop.yaml --method sobol --size 256 \\
      --metric users.latency.p99 --metric users.throughput"
)]
#[command(
    mut_arg("set", with_help(SET_BEFORE_VARYING)),
    mut_arg("out", with_help("Also write sensitivity.parquet to this folder"))
)]
pub(crate) struct Sensitivity {
    /// Scenario file, or `-` for standard input
    #[arg(value_name = "SCENARIO")]
    pub scenario: PathBuf,
    /// Parameter to vary and its range; repeat for more parameters. Replaces the scenario's
    /// `sweep:` block
    #[arg(long, value_name = "PATH=FROM..TO")]
    pub vary: Vec<String>,
    /// Metric to explain, such as users.latency.p99; may be repeated [default: p99 of the first
    /// workload]
    #[arg(long, value_name = "METRIC")]
    pub metric: Vec<String>,
    /// Method of analysis
    #[arg(long, value_enum, default_value_t = MethodName::Morris)]
    pub method: MethodName,
    /// Trajectories for morris [default: 10], or groups for sobol [default: 64; a power of two is
    /// best]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = several)]
    pub size: Option<u32>,
    #[command(flatten)]
    pub overrides: Overrides,
    #[command(flatten)]
    pub replicated: Replicated,
    #[command(flatten)]
    pub simulation: SimulationOptions,
    #[command(flatten)]
    pub folder: OutputFolder,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// A method of sensitivity analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MethodName {
    /// Screens many parameters for those that matter, with few points
    Morris,
    /// Attributes the variance to parameters; needs more points
    Sobol,
}

/// Whether the smallest or the largest value of a metric is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BestName {
    /// The smallest: latency, errors, cost
    Min,
    /// The largest: throughput
    Max,
}

/// A design of experiments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DesignName {
    /// Every combination of the values
    Grid,
    /// A Latin hypercube
    Lhs,
    /// A scrambled Sobol sequence
    Sobol,
    /// The scenario unchanged, then each value of each parameter on its own
    #[value(alias = "one_at_a_time")]
    OneAtATime,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  asyncflow merge out/shop-sweep -o out/shop-all

The result files are byte-identical to those of a sweep on one machine.")]
pub(crate) struct Merge {
    /// Shard folders, or folders that contain shard folders
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// Output folder
    #[arg(short, long, value_name = "DIR", value_parser = only_folder())]
    pub out: PathBuf,
    #[command(flatten)]
    pub threads: Threads,
    /// Overwrite existing files in the folder
    #[arg(long)]
    pub force: bool,
    /// Print errors only
    #[arg(short, long)]
    pub quiet: bool,
}

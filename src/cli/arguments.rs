//! The command line: commands, options and their help.

mod experiments;
mod shared;
mod values;

pub(crate) use experiments::{
    BestName, Capacity, Compare, DesignName, Merge, MethodName, Sensitivity, Sweep,
};
pub(crate) use shared::{OutputFolder, OutputOptions, Overrides, Replicated, SimulationOptions};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use shared::with_help;
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
    after_help = "Start with:  asyncflow run scenarios/hello.yaml\n\nExit codes: 0 success, 1 `run` missed an objective or `capacity` found no value that meets them, 2 invalid input, a limit was reached, or interrupted."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Simulate scenarios, print a summary and write the result files
    Run(Run),
    /// Simulate a scenario at many points: grid, list, Latin hypercube or Sobol sequence
    Sweep(Sweep),
    /// Compare variants of a system in paired replications, or select the best of many
    Compare(Compare),
    /// Find the largest load, or the fewest replicas or cores, that meet the objectives
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
    /// Print the completion script of a shell
    Completions(Completions),
    /// Write the manual pages, for packagers
    #[command(hide = true)]
    Man(Man),
}

impl Command {
    /// Whether stdout must be JSON, even when there are only problems to report.
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Command::Run(options) => options.output.json,
            Command::Sweep(options) => options.output.json,
            Command::Compare(options) => options.output.json,
            Command::Capacity(options) => options.output.json,
            Command::Sensitivity(options) => options.output.json,
            Command::Check(options) => options.json,
            Command::Merge(_)
            | Command::Show(_)
            | Command::Convert(_)
            | Command::Schema
            | Command::Completions(_)
            | Command::Man(_) => false,
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
#[command(
    mut_arg("replications", with_help("Independent replications; more give narrower intervals")),
    mut_arg("seed", with_help("Random seed; the same seed gives byte-identical result files")),
    mut_arg("out", with_help("Output folder [default: out/NAME]")),
    mut_arg(
        "json",
        with_help(
            "Print one JSON document and nothing else: an object, or a list for several scenarios"
        )
    )
)]
pub(crate) struct Run {
    /// Scenario files (.yaml, .yml, .ron, .json; AsyncFlow 0.1 payloads are accepted unchanged), or
    /// `-` for standard input
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    #[command(flatten)]
    pub overrides: Overrides,
    #[command(flatten)]
    pub replicated: Replicated,
    #[command(flatten)]
    pub simulation: SimulationOptions,
    #[command(flatten)]
    pub folder: OutputFolder,
    /// Also write plots.svg: latency distributions, and load and queues over time
    #[arg(long, help_heading = "Output")]
    pub plots: bool,
    /// Write no files
    #[arg(long, conflicts_with_all = ["out", "plots", "force"], help_heading = "Output")]
    pub no_files: bool,
    #[command(flatten)]
    pub output: OutputOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  asyncflow check shop.yaml
  asyncflow check shop.yaml --set services.api.replicas=4
  asyncflow check *.yaml --json | jq '.[] | select(.can_run | not) | .problems[]'

Exit code 2: a scenario cannot run.")]
pub(crate) struct Check {
    /// Scenario files, or `-` for standard input
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    #[command(flatten)]
    pub overrides: Overrides,
    /// Print one JSON document and nothing else: an object, or a list for several scenarios
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  asyncflow show shop.yaml
  asyncflow show shop.yaml --set run.warmup=auto --format json | jq .services")]
pub(crate) struct Show {
    /// Scenario file, or `-` for standard input
    pub scenario: PathBuf,
    #[command(flatten)]
    pub overrides: Overrides,
    /// Output format
    #[arg(long, value_enum, default_value_t = Notation::Yaml)]
    pub format: Notation,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  asyncflow convert shop.yaml shop.ron
  asyncflow convert old-payload.yml shop.yaml

Comments and notes (`x-…`) are not preserved.")]
pub(crate) struct Convert {
    /// Scenario file to read
    pub from: PathBuf,
    /// File to write; its extension selects the format (.yaml, .ron, .json)
    pub to: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Where to put the script:
  bash        asyncflow completions bash > ~/.local/share/bash-completion/completions/asyncflow
  zsh         asyncflow completions zsh > ~/.zfunc/_asyncflow
              and in ~/.zshrc, before `compinit`: fpath+=~/.zfunc
  fish        asyncflow completions fish > ~/.config/fish/completions/asyncflow.fish
  elvish      in ~/.config/elvish/rc.elv: eval (asyncflow completions elvish | slurp)
  powershell  in $PROFILE: asyncflow completions powershell | Out-String | Invoke-Expression

Create the folder first if it does not exist; a new shell then completes commands and options.")]
pub(crate) struct Completions {
    /// Shell to complete in
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  asyncflow man | man -l -
  asyncflow man /usr/local/share/man/man1")]
pub(crate) struct Man {
    /// Folder to write asyncflow.1 and a page per command to [default: print asyncflow.1]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Overwrite pages that exist
    #[arg(long, requires = "folder")]
    pub force: bool,
}

/// A format of scenario files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Notation {
    Yaml,
    Ron,
    Json,
}

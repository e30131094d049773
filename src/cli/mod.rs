//! The command. The only room that prints.

mod answer;
mod arguments;
mod capacity;
mod check;
mod compare;
mod draw;
mod interrupt;
mod merge;
mod out;
mod progress;
mod run;
mod sensitivity;
mod sweep;
mod vary;
mod write;

use arguments::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Done,
    /// An objective was missed.
    Missed,
    /// The input was wrong, a limit was reached, or nothing could be written.
    Refused,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.command {
        Command::Run(options) => run::run(options),
        Command::Sweep(options) => sweep::sweep(options),
        Command::Compare(options) => compare::compare(options),
        Command::Capacity(options) => capacity::capacity(options),
        Command::Sensitivity(options) => sensitivity::sensitivity(options),
        Command::Merge(options) => merge::merge(options),
        Command::Check(options) => check::check(options),
        Command::Show(options) => write::show(options),
        Command::Convert(options) => write::convert(options),
        Command::Schema => write::schema(),
    };
    match outcome {
        Outcome::Done => ExitCode::SUCCESS,
        Outcome::Missed => ExitCode::from(1),
        Outcome::Refused => ExitCode::from(2),
    }
}

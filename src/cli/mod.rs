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
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use serde_json::{Value, json};
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Done,
    /// An objective was missed.
    Missed,
    /// The input was wrong, a limit was reached, it was interrupted, or nothing could be written.
    Refused,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misused(&advised(error)),
    };
    interrupt::outlive_file_limits();
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
    if outcome == Outcome::Refused && arguments.command.wants_json() {
        // What has said itself in JSON has taken what was noted.
        let problems = out::noted();
        if !problems.is_empty() {
            fail(problems, matches!(arguments.command, Command::Sweep(_)));
        }
    }
    match outcome {
        Outcome::Done => ExitCode::SUCCESS,
        Outcome::Missed => ExitCode::from(1),
        Outcome::Refused => ExitCode::from(2),
    }
}

/// Prints the JSON object of a command that gives nothing; of a sweep in one line, as all its
/// objects are.
fn fail(problems: Vec<Value>, is_sweep: bool) {
    let object = json!({ "asyncflow": env!("CARGO_PKG_VERSION"), "problems": problems });
    out::print(&if is_sweep { format!("{object}\n") } else { format!("{object:#}\n") });
}

/// An option of another command is no slip of the pen: says whose it is, in place of how to pass it
/// as a value.
fn advised(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(option)) =
        error.get(ContextKind::InvalidArg).filter(|_| error.kind() == ErrorKind::UnknownArgument)
    else {
        return error;
    };
    let option = option.split('=').next().unwrap_or_default();
    let is_it = |argument: &clap::Arg| {
        option.strip_prefix("--").map_or_else(
            || argument.get_short().is_some_and(|short| option == format!("-{short}")),
            |long| argument.get_long() == Some(long),
        )
    };
    let arguments = Arguments::command();
    let whose = arguments
        .get_subcommands()
        .filter(|command| command.get_arguments().any(is_it))
        .map(|command| command.get_name());
    let whose: Vec<String> = whose.map(|name| format!("`{name}`")).collect();
    if !whose.is_empty() && error.get(ContextKind::SuggestedArg).is_none() {
        let tip = format!("`{option}` is an option of {}", whose.join(", ")).into();
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}

/// Says what is wrong with the command line, or the help that was asked for.
fn misused(error: &clap::Error) -> ExitCode {
    // If nobody listens, nobody is to be told; but help that cannot be written is no success.
    let is_lost = error.print().is_err_and(|error| error.kind() != std::io::ErrorKind::BrokenPipe);
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let told = error.to_string();
        let what =
            told.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default().trim();
        let is_sweep = std::env::args_os().nth(1).is_some_and(|command| command == "sweep");
        fail(vec![json!({ "severity": "error", "what": what })], is_sweep);
    }
    ExitCode::from(if error.use_stderr() || is_lost { 2 } else { 0 })
}

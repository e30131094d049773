//! The `asyncflow` command: the only module that prints.

mod answer;
mod arguments;
mod capacity;
mod check;
mod compare;
mod draw;
mod interrupt;
mod merge;
mod out;
mod packaging;
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

/// The outcome of a command, from which its exit code follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Success: exit code 0.
    Done,
    /// An objective was missed: exit code 1.
    Missed,
    /// Invalid input, a limit was reached, an interruption, or a failed write: exit code 2.
    Refused,
}

/// Runs the command given by the arguments of the process.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return report_usage(&with_tip(error)),
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
        Command::Completions(options) => packaging::completions(options),
        Command::Man(options) => packaging::man(options),
    };
    if outcome == Outcome::Refused && arguments.command.wants_json() {
        // A command that printed its own JSON has already taken the recorded problems.
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

/// Prints the JSON object of a command without a result: on one line for a sweep, like all its
/// objects.
fn fail(problems: Vec<Value>, is_sweep: bool) {
    let object = json!({ "asyncflow": env!("CARGO_PKG_VERSION"), "problems": problems });
    out::print(&if is_sweep { format!("{object}\n") } else { format!("{object:#}\n") });
}

/// Replaces clap's tip for an option that belongs to another command: names these commands, instead
/// of explaining how to pass the option as a value.
fn with_tip(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(option)) =
        error.get(ContextKind::InvalidArg).filter(|_| error.kind() == ErrorKind::UnknownArgument)
    else {
        return error;
    };
    let option = option.split('=').next().unwrap_or_default();
    let is_option = |argument: &clap::Arg| {
        option.strip_prefix("--").map_or_else(
            || argument.get_short().is_some_and(|short| option == format!("-{short}")),
            |long| argument.get_long() == Some(long),
        )
    };
    let arguments = Arguments::command();
    let commands = arguments
        .get_subcommands()
        .filter(|command| command.get_arguments().any(is_option))
        .map(|command| command.get_name());
    let commands: Vec<String> = commands.map(|name| format!("`{name}`")).collect();
    if !commands.is_empty() {
        let tip = format!("`{option}` is an option of {}", commands.join(", ")).into();
        // An option that merely looks alike would be a worse guess.
        error.remove(ContextKind::SuggestedArg);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}

/// Prints an error of the command line, or the requested help.
fn report_usage(error: &clap::Error) -> ExitCode {
    // A closed pipe is no error, but any other failure to print the help is.
    let is_lost = error.print().is_err_and(|error| error.kind() != std::io::ErrorKind::BrokenPipe);
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let message = error.to_string();
        let what =
            message.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default().trim();
        let is_sweep = std::env::args_os().nth(1).is_some_and(|command| command == "sweep");
        fail(vec![json!({ "severity": "error", "what": what })], is_sweep);
    }
    ExitCode::from(if error.use_stderr() || is_lost { 2 } else { 0 })
}

//! Output: data on stdout, messages on stderr. A closed pipe (`asyncflow … | head`) is a silent
//! success. Problems are also recorded for `--json`.

use super::Outcome;
use serde_json::Value;
use std::cell::RefCell;
use std::io::{ErrorKind, Write};

/// Prints a text to stdout.
pub(crate) fn print(text: &str) -> Outcome {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            say(&format!("error: cannot write to standard output: {e}"));
            Outcome::Refused
        }
        _ => Outcome::Done,
    }
}

/// Prints a line to stderr; a failure to do so is ignored.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

thread_local! {
    /// The problems reported so far. Only the main thread reports; a thread-local keeps them on
    /// every error path.
    static NOTED: RefCell<Vec<Value>> = const { RefCell::new(Vec::new()) };
}

/// Records a reported problem for `--json`.
pub(crate) fn note(problem: Value) {
    NOTED.with_borrow_mut(|noted| noted.push(problem));
}

/// Takes the problems recorded since the last call.
pub(crate) fn noted() -> Vec<Value> {
    NOTED.take()
}

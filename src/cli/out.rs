//! Data to stdout. A closed pipe (`asyncflow … | head`) is a quiet success. What is wrong is said
//! on stderr, and noted for whoever reads `--json`.

use super::Outcome;
use serde_json::Value;
use std::cell::RefCell;
use std::io::{ErrorKind, Write};

/// Prints a text to stdout.
pub fn print(text: &str) -> Outcome {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            say(&format!("error: cannot write to the standard output: {e}"));
            Outcome::Refused
        }
        _ => Outcome::Done,
    }
}

/// Says a line to stderr. If nobody listens there, nobody is to be told.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

thread_local! {
    /// What was said to be wrong. The thread that began says everything; here no way to fail can
    /// forget to hand it on.
    static NOTED: RefCell<Vec<Value>> = const { RefCell::new(Vec::new()) };
}

/// Notes what was said to be wrong, for `--json`.
pub fn note(problem: Value) {
    NOTED.with_borrow_mut(|noted| noted.push(problem));
}

/// What was noted since the last call.
pub fn noted() -> Vec<Value> {
    NOTED.take()
}

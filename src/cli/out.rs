//! Data to stdout. A closed pipe (`asyncflow … | head`) is a quiet success.

use super::Outcome;
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

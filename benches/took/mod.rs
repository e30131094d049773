//! What a process takes, seen from outside: for the benches that run the command.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a process took.
pub struct Took {
    pub wall_s: f64,
    pub peak_bytes: f64,
}

/// Runs the command; the peak of its resident memory is read from /proc until it ends.
pub fn took(command: &mut Command) -> Took {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak_bytes = f64::NAN;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        if let Some(line) = text.lines().find(|line| line.starts_with("VmHWM:")) {
            peak_bytes = line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(f64::NAN) * 1024.0;
        }
        if let Some(ended) = child.try_wait().expect("it can be waited for") {
            assert!(ended.success(), "{command:?}");
            return Took { wall_s: begun.elapsed().as_secs_f64(), peak_bytes };
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

//! What a process takes, seen from outside: for the benches and tests that run the command.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What a process took.
pub struct Took {
    pub wall_s: f64,
    pub peak_bytes: f64,
}

/// Runs the command; the peak of its resident memory is read from /proc until it ends.
pub fn took(command: &mut Command) -> Took {
    let begun = Instant::now();
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts");
    let mut peak_bytes = f64::NAN;
    loop {
        peak_bytes = resident_peak_bytes(&child).unwrap_or(peak_bytes);
        if let Some(ended) = child.try_wait().expect("it can be waited for") {
            assert!(ended.success(), "{command:?}");
            return Took { wall_s: begun.elapsed().as_secs_f64(), peak_bytes };
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The peak of the resident memory of a process that still runs, by the kernel's own account.
pub fn resident_peak_bytes(child: &Child) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib * 1024.0)
}

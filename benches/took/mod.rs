//! The resources of a process, measured from outside: for the benches and tests that run the
//! command.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The resources that a process used.
pub struct Took {
    pub wall_s: f64,
    pub peak_bytes: f64,
}

/// Runs a command; the peak of its resident memory is read from /proc until it exits.
pub fn took(command: &mut Command) -> Took {
    let started = Instant::now();
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts");
    let mut peak_bytes = f64::NAN;
    loop {
        peak_bytes = resident_peak_bytes(&child).unwrap_or(peak_bytes);
        if let Some(status) = child.try_wait().expect("the process can be waited for") {
            assert!(status.success(), "{command:?}");
            return Took { wall_s: started.elapsed().as_secs_f64(), peak_bytes };
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Returns the peak of the resident memory of a running process in bytes, as reported by the
/// kernel; `None` without /proc.
pub fn resident_peak_bytes(child: &Child) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib * 1024.0)
}

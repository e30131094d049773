//! Signals. Of those that ask to stop, the first asks the run to end with what is complete, the
//! second ends it at once, with exit code 130.
//!
//! They are caught from the moment on that there is something to end: while a scenario is read,
//! which may wait for a pipe, the first one ends the process. No thread waits for them, so that
//! they work where none can be started. Tested: `tests/it/world.rs`, `tests/it/machine.rs`.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

/// Those that ask to stop.
#[cfg(unix)]
const STOPPING: [i32; 3] = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const STOPPING: [i32; 2] = [SIGINT, SIGTERM];

/// The flag that is set when somebody asks to stop. Catches signals from now on.
pub fn flag() -> &'static Arc<AtomicBool> {
    static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    INTERRUPTED.get_or_init(|| {
        let (interrupted, again) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        for signal in STOPPING {
            // In this order: none is lost that comes in between, and the first finds the second
            // flag down, and raises it. One that cannot be caught ends the process, as it does
            // anyway.
            let _ = flag::register(signal, interrupted.clone());
            let _ = flag::register_conditional_shutdown(signal, 130, again.clone());
            let _ = flag::register(signal, again.clone());
        }
        interrupted
    })
}

/// Makes a write beyond a limit on the size of files (`ulimit -f`) an error, which is told, in
/// place of the end of the process, which tells nothing.
pub fn outlive_file_limits() {
    #[cfg(unix)]
    let _ = flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false)));
}

//! Signals. The first termination signal stops the run and keeps what is complete; the second exits
//! at once with code 130.
//!
//! Signals are caught only once a simulation can be stopped: while a scenario is read, which may
//! block on a pipe, the first one ends the process. No thread waits for signals, so they work even
//! where no thread can be spawned. Tested: `tests/it/world/signals.rs`, `tests/it/machine.rs`.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

/// The termination signals.
#[cfg(unix)]
const STOPPING: [i32; 3] = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const STOPPING: [i32; 2] = [SIGINT, SIGTERM];

/// Returns the flag that a termination signal sets. The first call installs the handlers.
pub(crate) fn flag() -> &'static Arc<AtomicBool> {
    static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    INTERRUPTED.get_or_init(|| {
        let (interrupted, again) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        for signal in STOPPING {
            // The order matters: no signal in between is lost, and the first signal finds the
            // second flag unset and sets it. A signal without a handler ends the process, as by
            // default.
            let _ = flag::register(signal, interrupted.clone());
            let _ = flag::register_conditional_shutdown(signal, 130, again.clone());
            let _ = flag::register(signal, again.clone());
        }
        interrupted
    })
}

/// Makes a write beyond the file size limit (`ulimit -f`) fail with an error that is reported,
/// instead of killing the process silently.
pub(crate) fn outlive_file_limits() {
    #[cfg(unix)]
    let _ = flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false)));
}

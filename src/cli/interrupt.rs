//! Ctrl-C and SIGTERM: the first asks the run to end with what is complete, the second ends it at once.

use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The flag that is set when somebody asks to stop. Catches signals from now on.
pub fn flag() -> &'static AtomicBool {
    #[allow(clippy::disallowed_methods, reason = "the second Ctrl-C means at once")]
    // A second call, or a system without signals: the run goes on without them.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    &INTERRUPTED
}

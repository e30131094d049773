//! Cancellation and progress of an experiment, as the caller sees them.

use super::error::ExperimentError;
use super::run::Progress;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A handle that cancels running experiments from another thread or from a signal handler. Clones
/// cancel the same ones.
///
/// ```
/// use asyncflow::{Cancellation, Experiment, ExperimentError};
/// let cancellation = Cancellation::new();
/// let shop = Experiment::from_yaml(
///     "
/// version: 1
/// workload: { users: { to: api.GET /, open: { rate: 80/s } } }
/// services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
/// ",
/// )?
/// .cancelled_by(&cancellation);
/// cancellation.cancel();
/// assert!(matches!(shop.run(), Err(ExperimentError::Interrupted)));
/// # Ok::<(), ExperimentError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Creates a handle that is not cancelled.
    pub fn new() -> Cancellation {
        Cancellation::default()
    }
    /// Cancels, permanently, all experiments that were given this handle: they end
    /// within a fraction of a second with [`ExperimentError::Interrupted`], and without results
    /// but for what [`run_each`](crate::Experiment::run_each) and
    /// [`sweep_each`](crate::Experiment::sweep_each) have passed on.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
    /// Returns whether it has been cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl From<Arc<AtomicBool>> for Cancellation {
    /// Creates a handle that counts as cancelled once the flag is set, for example by a signal
    /// handler.
    fn from(flag: Arc<AtomicBool>) -> Cancellation {
        Cancellation(flag)
    }
}

/// Receives progress updates.
type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

/// The cancellation handle and the progress listener that the caller has set.
#[derive(Clone, Default)]
pub(super) struct Control {
    pub cancellation: Cancellation,
    pub listener: Option<Listener>,
}

impl Control {
    pub(crate) fn flag(&self) -> &Arc<AtomicBool> {
        &self.cancellation.0
    }
    pub(crate) fn show(&self, progress: Progress) {
        if let Some(listener) = &self.listener {
            listener(progress);
        }
    }
    /// A cancelled experiment has no result, even if part of it is known.
    pub(crate) fn check(&self) -> Result<(), ExperimentError> {
        if self.cancellation.is_cancelled() { Err(ExperimentError::Interrupted) } else { Ok(()) }
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Control")
            .field("cancellation", &self.cancellation)
            .field("listens", &self.listener.is_some())
            .finish()
    }
}

//! Births: the guests that a step makes.

use crate::random::keys::Key;

/// A guest to be made: a request that executes steps of its parent's program, in its place.
/// The drain makes it when the step that asked for it has parked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth {
    pub key: Key,
    /// Which block it is counted under.
    pub flow: u32,
    /// The first of its steps.
    pub step: u32,
    /// The family that it belongs to, or [`NONE`](super::NONE): nobody waits for it.
    pub family: u32,
}

//! Births: the guests that a step makes.

use crate::kernel::RequestId;
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
    /// The family that it belongs to.
    pub family: u32,
}

impl RequestId {
    /// As one word, for the scratch of a step.
    pub(crate) fn pack(self) -> u64 {
        u64::from(self.slot) << 32 | u64::from(self.generation)
    }
    pub(crate) fn unpack(word: u64) -> RequestId {
        RequestId { slot: (word >> 32) as u32, generation: word as u32 }
    }
}

//! What is counted of a labelled arm of a branch: how often it was chosen, how long it took.
//!
//! Law: an execution that begins in the measured part is counted: as chosen when it begins, and as
//! completed when its last step ends, or as failed when it is left before. Those that the end of
//! the run finds in the arm are neither.
//! Measuring draws nothing and takes no time, so a label changes no other number.
//! Checked: `tests/it/labels.rs`.

use super::{Histogram, Moments};
use crate::units::Span;

/// The executions of a labelled arm.
#[derive(Clone, Debug, Default)]
pub(crate) struct ArmTally {
    /// Executions of its branch, whichever arm was chosen.
    pub of: u64,
    /// Those in which it was chosen.
    pub chosen: u64,
    /// Of those, the ones that did not come to its end.
    pub failed: u64,
    /// The ones that did.
    pub completed: u64,
    pub latency: Histogram,
    pub moments: Moments,
}

impl ArmTally {
    /// An execution has come to its end.
    pub(crate) fn complete(&mut self, latency: Span) {
        self.completed += 1;
        self.latency.record(latency);
        self.moments.sum_ns += u128::from(latency.0);
        self.moments.square(latency.0);
    }
}

//! Whether steps may end a request early.
//!
//! Checked: with the sums that depend on it, in `flow_balance_tests.rs`.

use crate::step::Call;
use crate::step::asks::{Asks, At, Holding, Way};

/// What may end a request early in a body.
#[derive(Clone, Copy, Default)]
pub(super) struct MayEnd {
    pub fails: bool,
    pub calls: bool,
}

impl MayEnd {
    pub(super) fn any(self) -> bool {
        self.fails || self.calls
    }
}

impl<'s> Asks<'s> for MayEnd {
    fn block(&mut self, _: At, way: Way<'s>) {
        self.fails |= gives_up(way);
    }
    fn fail(&mut self, _: At, share: f64) {
        self.fails |= share > 0.0;
    }
    fn call(&mut self, _: At, _: &Call) {
        self.calls = true;
    }
}

/// Whether requests may fail before they begin the block.
pub(super) fn gives_up(way: Way) -> bool {
    matches!(way, Way::Held(Holding { gives_up: true, .. }))
}

//! Which class a workload is of.

use super::{Scenario, Workload};

impl Scenario {
    /// Returns the number of the class of a workload, from 0 on: which is served first.
    pub(crate) fn class_of(&self, workload: &Workload) -> usize {
        let class = workload.class.as_ref();
        class.and_then(|class| self.classes.iter().position(|own| own == class)).unwrap_or(0)
    }
}

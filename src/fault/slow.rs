//! `slow`: instances are slower for a time.
//!
//! Law: a burst that starts while it is active takes `factor` times as long; overlapping factors
//! multiply. A burst that has started keeps its length; on cores that are shared (`schedule: ps`)
//! it goes on at the new speed. With `waits`, and always at an external service, the same holds of
//! waits, and of `block` steps.
//! Checked: `tests/it/faults.rs`, `tests/it/load.rs`.

use super::{Breakable, Names, check_times};
use crate::problem::Problems;
use crate::units::{Factor, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `slow: { target: db, factor: 4x, at: 5m, for: 45s }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slow {
    /// A service, or one of its named instances.
    pub target: String,
    /// How many times as long bursts take.
    pub factor: Factor,
    /// Whether waits and blocks take as many times as long, too; those of an external service
    /// always do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
    /// When it begins.
    pub at: Span,
    /// How long it lasts; to the end of the run if not given.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasting: Option<Span>,
}

impl Slow {
    pub(crate) fn check(&self, path: &str, names: &dyn Names, problems: &mut Problems) {
        check_times(self.at, self.lasting, path, problems);
        if let Err(unknown) = names.instances(&self.target) {
            problems.refuse(format!("{path}.target"), unknown);
        }
    }
    pub(crate) fn describe(&self) -> (&str, String) {
        (&self.target, format!("{} slower", self.factor))
    }
    pub(crate) fn compile(&self, names: &mut dyn Names) -> Effect {
        Effect {
            instances: names.instances(&self.target).unwrap_or_default(),
            factor: self.factor.times,
        }
    }
}

/// The compiled form.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    instances: Vec<u32>,
    factor: f64,
}

impl Effect {
    pub(crate) fn begin(&self, _: u32, world: &mut dyn Breakable) {
        world.change_speed(&self.instances);
    }
    pub(crate) fn end(&self, _: u32, world: &mut dyn Breakable) {
        world.change_speed(&self.instances);
    }
    /// How many times as long a burst takes at an instance.
    pub(crate) fn factor_at(&self, instance: u32) -> f64 {
        if self.instances.contains(&instance) { self.factor } else { 1.0 }
    }
}

//! `crash`: instances stop for a time.
//!
//! Law: at once the balancer stops choosing them; what is inside, waits at the door or is on the
//! way to them fails with `crashed`, unless `drain: true`, which lets it finish (AsyncFlow 0.1's
//! server down). Afterwards they are empty, and last in the balancer's order. While all instances
//! of a service are down, its requests are rejected.
//! Checked: `tests/it/faults.rs`.

use super::{Breakable, Names, check_times};
use crate::problem::Problems;
use crate::units::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `crash: { target: api, count: 1, at: 2m, for: 60s }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// A service, or one of its named instances.
    pub target: String,
    /// How many of its instances.
    #[serde(default = "one")]
    pub count: u32,
    /// Let what is inside finish.
    #[serde(default)]
    pub drain: bool,
    /// When it begins.
    pub at: Span,
    /// How long it lasts; to the end of the run if not given.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasting: Option<Span>,
}

fn one() -> u32 {
    1
}

impl Crash {
    pub(crate) fn check(&self, path: &str, names: &dyn Names, problems: &mut Problems) {
        check_times(self.at, self.lasting, path, problems);
        match names.instances(&self.target) {
            Err(unknown) => _ = problems.refuse(format!("{path}.target"), unknown),
            Ok(instances) if self.count == 0 || self.count as usize > instances.len() => {
                let (n, s) = (instances.len(), if instances.len() == 1 { "" } else { "s" });
                problems
                    .error(
                        format!("{path}.count"),
                        format!(
                            "`{}` has {n} instance{s}; {} of them cannot crash",
                            self.target, self.count
                        ),
                    )
                    .advise(format!("write `count: {n}`, or give it more `replicas`"));
            }
            Ok(_) => {}
        }
    }
    pub(crate) fn describe(&self) -> (&str, String) {
        let what = if self.drain { "drained" } else { "crashed" };
        (&self.target, format!("{} {what}", self.count))
    }
    pub(crate) fn compile(&self, names: &mut dyn Names) -> Effect {
        Effect {
            instances: names.instances(&self.target).unwrap_or_default(),
            count: self.count,
            drain: self.drain,
        }
    }
}

/// The compiled form: the first `count` of these instances that are up go down.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    instances: Vec<u32>,
    count: u32,
    drain: bool,
}

impl Effect {
    pub(crate) fn begin(&self, fault: u32, world: &mut dyn Breakable) {
        world.take_down(fault, &self.instances, self.count, self.drain);
    }
    pub(crate) fn end(&self, fault: u32, world: &mut dyn Breakable) {
        world.bring_back(fault);
    }
}

//! Faults: what goes wrong, and when. One file a fault.
//!
//! To add a fault: its file with the written form, `check`, `describe`, `compile` to an effect, and
//! how that begins and ends; and its line in the catalogue. An effect acts on the world through
//! [`Breakable`], between two drains of the calendar, before the events of the same moment.

mod crash;
mod degrade;
mod errors;
mod slow;

pub use crash::Crash;
pub use degrade::{Added, Degrade};
pub use errors::Errors;
pub use slow::Slow;

use crate::problem::{Problems, Refusal};
use crate::random::keys::Salt;
use crate::request::Outcome;
use crate::units::{Span, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! catalogue {
    ($($(#[doc = $doc:literal])+ $module:ident: $name:ident,)+) => {
        /// Something that goes wrong for a time.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[doc = $doc])+ $name($name),)+
        }

        impl Fault {
            /// The word it is written with.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Fault::$name(_) => stringify!($module),)+
                }
            }
            /// When it begins, and for how long.
            pub fn when(&self) -> (Span, Option<Span>) {
                match self {
                    $(Fault::$name(fault) => (fault.at, fault.lasting),)+
                }
            }
            /// When it begins and ends; never, if it has no end.
            pub(crate) fn times(&self) -> (Time, Time) {
                let (at, lasting) = self.when();
                (Time(at.0), lasting.map_or(Time(u64::MAX), |span| Time(at.0) + span))
            }
            /// Notes what is wrong with it.
            pub(crate) fn check(&self, path: &str, names: &dyn Names, problems: &mut Problems) {
                match self {
                    $(Fault::$name(fault) => fault.check(&format!("{path}.{}", stringify!($module)), names, problems),)+
                }
            }
            /// What it breaks, by name, and what it does to it.
            pub(crate) fn describe(&self) -> (&str, String) {
                match self {
                    $(Fault::$name(fault) => fault.describe(),)+
                }
            }
            /// What it does while it is active.
            pub(crate) fn compile(&self, names: &mut dyn Names) -> Effect {
                match self {
                    $(Fault::$name(fault) => Effect::$name(fault.compile(names)),)+
                }
            }
        }

        /// What a fault does while it is active.
        #[derive(Clone, Debug)]
        pub(crate) enum Effect {
            $($name($module::Effect),)+
        }

        impl Effect {
            /// It begins.
            pub(crate) fn begin(&self, fault: u32, world: &mut dyn Breakable) {
                match self {
                    $(Effect::$name(effect) => effect.begin(fault, world),)+
                }
            }
            /// It ends.
            pub(crate) fn end(&self, fault: u32, world: &mut dyn Breakable) {
                match self {
                    $(Effect::$name(effect) => effect.end(fault, world),)+
                }
            }
        }
    };
}

catalogue! {
    /// Instances stop.
    crash: Crash,
    /// A link becomes slower, or loses messages.
    degrade: Degrade,
    /// Instances are slower.
    slow: Slow,
    /// An endpoint answers with errors.
    errors: Errors,
}

/// How a fault finds what it breaks. An unknown name is refused.
pub(crate) trait Names {
    /// Instances of a service, or the instance of that name.
    fn instances(&self, name: &str) -> Result<Vec<u32>, Refusal>;
    /// A link by its key or id: both directions are different links.
    fn link(&self, name: &str) -> Result<u32, Refusal>;
    /// An endpoint `service.endpoint`.
    fn endpoint(&self, name: &str) -> Result<u32, Refusal>;
    /// The outcome of an error status.
    fn error(&mut self, status: u16) -> Outcome;
}

/// The world, as far as faults can break it.
pub(crate) trait Breakable {
    /// Takes the first `count` of these instances down that are up, and notes them for the fault;
    /// what is inside them fails, unless it may finish (`drain`).
    fn take_down(&mut self, fault: u32, instances: &[u32], count: u32, drain: bool);
    /// Brings those instances back that a fault has taken down.
    fn bring_back(&mut self, fault: u32);
    /// The speed of these instances has changed: it is that of all active faults.
    fn change_speed(&mut self, instances: &[u32]);
    /// Adds to the latency and the loss of a link, or takes as much away again.
    fn degrade(&mut self, link: u32, latency: Span, loss: f64, begins: bool);
    /// Lets a fault answer requests to an endpoint, or no longer.
    fn answer_with_errors(&mut self, fault: u32, endpoint: u32, begins: bool);
}

/// A fault of the plan.
#[derive(Clone, Debug)]
pub(crate) struct FaultPlan {
    pub effect: Effect,
    pub at: Time,
    /// [`Time`] of the end; never, if it is past the horizon.
    pub until: Time,
    pub salt: Salt,
    pub kind: &'static str,
    /// What it breaks, by name.
    pub target: String,
    pub detail: String,
}

/// Checks the times that all faults have.
fn check_times(at: Span, lasting: Option<Span>, path: &str, problems: &mut Problems) {
    if lasting == Some(Span::ZERO) {
        problems.error(format!("{path}.for"), "a fault of 0s does nothing").advise(format!(
            "it begins at {at}; say how long it lasts, or leave `for` out for the rest of the run"
        ));
    }
}

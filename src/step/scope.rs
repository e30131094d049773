//! Who shares what requests hold: the rows of a resource, and which of them is a request's.

use super::asks::Kind;
use crate::problem::Problems;
use crate::request::Request;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who shares a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Scope {
    /// The requests of one process of an instance: of one event loop.
    Process,
    /// The requests of one instance.
    #[default]
    Instance,
    /// All requests of the service.
    Service,
    /// All requests to steps that name it, in whichever service.
    Shared,
}

impl Scope {
    /// Reports a name that would be taken for that of a service's own.
    pub(super) fn check(self, kind: Kind, name: &str, path: &str, problems: &mut Problems) {
        if self == Scope::Shared && name.contains('.') {
            let noun = kind.noun();
            problems
                .error(format!("{path}.name"), format!("the name of a shared {noun} has no `.`"))
                .advise(format!("write `name: {}`", name.replace('.', "-")));
        }
    }
    pub(super) fn is_default(&self) -> bool {
        *self == Scope::default()
    }
    /// Whether named instances have their own.
    pub(crate) fn is_of_instances(self) -> bool {
        matches!(self, Scope::Process | Scope::Instance)
    }
}

/// The rows of a resource: which one is that of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// The first.
    pub first: u32,
    pub each: Each,
}

/// Who has a row of a resource.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Each {
    /// All together have one.
    All,
    /// Each instance, from this one on.
    Instance(u32),
    /// Each worker, from this one on.
    Worker(u32),
}

impl Rows {
    /// The row that a request uses.
    pub(crate) fn of(self, request: &Request) -> u32 {
        self.first
            + match self.each {
                Each::All => 0,
                Each::Instance(first) => request.instance - first,
                Each::Worker(first) => request.worker - first,
            }
    }
}

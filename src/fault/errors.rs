//! `errors`: an endpoint answers with errors for a time.
//!
//! Law: a request admitted while it is active answers at once with the status, with probability
//! `rate`, before it computes anything. Overlapping faults are drawn one after the other.

use super::{Breakable, Names, check_times};
use crate::problem::Problems;
use crate::request::Outcome;
use crate::step::fail::check_status;
use crate::units::{Share, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `errors: { target: api.GET /x, rate: 30%, status: 500, at: 2m, for: 60s }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Errors {
    /// An endpoint, `service.endpoint`.
    pub target: String,
    /// The share of requests.
    pub rate: Share,
    /// The status of the answers, 400 to 599.
    #[serde(default = "internal_error")]
    pub status: u16,
    /// When it begins.
    pub at: Span,
    /// How long it lasts; to the end of the run if not given.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasting: Option<Span>,
}

fn internal_error() -> u16 {
    500
}

impl Errors {
    pub(crate) fn check(&self, path: &str, names: &dyn Names, problems: &mut Problems) {
        check_times(self.at, self.lasting, path, problems);
        check_status(self.status, path, problems);
        if let Err(unknown) = names.endpoint(&self.target) {
            problems.refuse(format!("{path}.target"), unknown);
        }
    }
    pub(crate) fn describe(&self) -> (&str, String) {
        (&self.target, format!("{} answered with {}", self.rate, self.status))
    }
    pub(crate) fn compile(&self, names: &mut dyn Names) -> Effect {
        let outcome = names.error(self.status);
        Effect {
            endpoint: names.endpoint(&self.target).unwrap_or_default(),
            rate: self.rate.fraction,
            outcome,
        }
    }
}

/// The compiled form.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    endpoint: u32,
    pub rate: f64,
    pub outcome: Outcome,
}

impl Effect {
    pub(crate) fn begin(&self, fault: u32, world: &mut dyn Breakable) {
        world.answer_with_errors(fault, self.endpoint, true);
    }
    pub(crate) fn end(&self, fault: u32, world: &mut dyn Breakable) {
        world.answer_with_errors(fault, self.endpoint, false);
    }
}

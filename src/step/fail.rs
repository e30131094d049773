//! `fail: { p, status }`: answer with an error now, with probability `p`.
//!
//! Law: a Bernoulli draw under the request's key; the rest of the endpoint is skipped, and the
//! error travels back as a response does.

use super::asks::{Asks, At};
use super::{Act, Compiler, Stage, Then};
use crate::problem::Problems;
use crate::random::keys::Salt;
use crate::request::{Outcome, Request};
use crate::units::Share;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `fail: { p: 1%, status: 500 }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fail {
    /// The probability that a request fails here.
    #[serde(default = "always")]
    pub p: Share,
    /// The status of the answer, 400 to 599.
    #[serde(default = "internal_error")]
    pub status: u16,
}

fn always() -> Share {
    Share { fraction: 1.0 }
}

fn internal_error() -> u16 {
    500
}

/// The compiled form.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub p: f64,
    pub salt: Salt,
    pub outcome: Outcome,
}

impl Fail {
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        check_status(self.status, path, problems);
    }
    pub(crate) fn load(&mut self, _: &Path, _: &str, _: &mut Problems) {}
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        visitor.fail(at, self.p.fraction);
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        let (salt, outcome) = (to.salt("fail"), to.error(self.status));
        to.emit(super::Op::Fail(Op { p: self.p.fraction, salt, outcome }));
    }
}

/// The status of an error is 400 to 599.
pub(crate) fn check_status(status: u16, path: &str, problems: &mut Problems) {
    if !(400..=599).contains(&status) {
        problems.error(
            format!("{path}.status"),
            format!("the status of an error is 400 to 599, not {status}"),
        );
    }
}

impl Act for Op {
    const IS_RICH: bool = false;
    #[inline(always)]
    fn begin(&self, _: &mut Stage, request: &mut Request, _: u32) -> Then {
        if request.key.draw(self.salt).uniform() < self.p {
            request.outcome = self.outcome;
            return Then::Answer;
        }
        Then::Next
    }
}

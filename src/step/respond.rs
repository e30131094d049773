//! `respond`: answer now, and do the rest afterwards.
//!
//! Law: the response leaves at this step, and with it the request: its latency and its outcome are
//! what they are now, and its memory is given back. The rest is a second phase (Franks et al. 2009,
//! "Enhanced Modeling and Solution of Layered Queueing Networks"): a request of its own that goes
//! on with the core and the place inside of the instance, as a handler does that has not returned,
//! draws in a scope of its own, and is measured as a block. No request fails with it.
//! Checked: `tests/it/afterwards.rs`.

use super::asks::{Asks, At};
use super::{Act, Compiler, Stage, Then};
use crate::problem::Problems;
use crate::random::keys::Salt;
use crate::request::Request;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `respond: {}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Respond {}

/// The compiled form.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    /// Where the rest is counted.
    pub flow: u32,
    pub salt: Salt,
}

impl Respond {
    pub(crate) fn check(&self, _: &str, _: &mut Problems) {}
    pub(crate) fn load(&mut self, _: &Path, _: &str, _: &mut Problems) {}
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        visitor.respond(at);
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        let name = to.block("respond");
        let (flow, salt) = (to.guests(&name), to.salt("respond"));
        to.makes(1);
        to.emit(super::Op::Respond(Op { flow, salt }));
    }
}

impl Act for Op {
    #[inline(always)]
    fn begin(&self, _: &mut Stage, _: &mut Request, _: u32) -> Then {
        Then::Fork
    }
}

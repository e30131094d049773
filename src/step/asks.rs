//! What steps ask for, without simulating them: one visitor for the static estimate, the memory
//! that must fit, the graph of calls, and whatever else is known from a scenario alone.
//!
//! A step's file says what the step asks for (`asks`), in the order in which a request would; who
//! needs to know implements [`Asks`] for the questions that it has.

use super::{Call, Step};
use crate::random::dists::Dist;
use crate::units::{Bytes, Span};
use std::fmt;

/// Where a step stands in a scenario: its path, written out only when it is needed.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    /// An endpoint, by its path.
    Endpoint(&'a str),
    /// A step of a list.
    Step(&'a At<'a>, usize),
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            At::Endpoint(path) => f.write_str(path),
            // The same for an endpoint written as a list and for one with `steps`.
            At::Step(of @ At::Endpoint(_), index) => write!(f, "{of}.steps[{index}]"),
            At::Step(of, index) => write!(f, "{of}[{index}]"),
        }
    }
}

/// A visitor of steps, told what each of them asks for.
pub(crate) trait Asks<'s> {
    /// To compute.
    fn cpu(&mut self, _at: At, _time: &'s Dist<Span>) {}
    /// To await I/O.
    fn wait(&mut self, _at: At, _time: &'s Dist<Span>) {}
    /// To reserve memory before the first step.
    fn memory(&mut self, _at: At, _need: &'s Dist<Bytes>) {}
    /// To call an endpoint.
    fn call(&mut self, _at: At, _call: &'s Call) {}
    /// To answer with an error: so large a share of the requests that come here.
    fn fail(&mut self, _at: At, _share: f64) {}
}

/// Tells a visitor what the steps of an endpoint ask for; `path` is the endpoint's.
pub(crate) fn ask<'s>(path: &str, steps: &'s [Step], visitor: &mut dyn Asks<'s>) {
    let at = At::Endpoint(path);
    for (index, step) in steps.iter().enumerate() {
        step.asks(At::Step(&at, index), visitor);
    }
}

/// A visitor of the calls alone.
pub(crate) struct EachCall<F>(pub F);

impl<'s, F: FnMut(At, &'s Call)> Asks<'s> for EachCall<F> {
    fn call(&mut self, at: At, call: &'s Call) {
        (self.0)(at, call);
    }
}

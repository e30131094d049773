//! `repeat: { times, do }`: do the steps of `do` several times, one after the other.
//!
//! Law: the number of times is drawn once, under the request's key; each execution draws anew, in a
//! scope of its own. A body that fails ends the request, as everywhere. Consecutive bursts are one
//! burst, also from one execution to the next: the core is kept. A body that ends by `wait: 0s`
//! gives it up, and the next execution joins the tail of the queue: with geometric times this is
//! the queue with feedback (Takács 1963).
//! Checked: `mm1_feedback_p20` in `tests/it/theory.rs`, `tests/it/blocks.rs`.

use super::asks::{Arm, Asks, At, Way};
use super::wait::has_yielded;
use super::{Act, Compiler, Stage, Step, Then};
use crate::kernel::Event;
use crate::problem::Problems;
use crate::random::dists::{Dist, Sampler};
use crate::random::keys::{Key, Salt};
use crate::request::{Part, Request};
use crate::units::{Count, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `repeat: { times: 3, do: [ call: db.read ] }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// How many times: a whole number, or a distribution of them; it may be 0.
    pub times: Dist<Count>,
    /// The steps of one execution.
    #[serde(rename = "do")]
    pub steps: Vec<Step>,
}

/// The most executions, on average.
const TIMES_MAX: f64 = 1e6;
/// The most executions of one request: a frame counts them in half a word. More are drawn as this.
const TIMES_MAX_DRAWN: u64 = u32::MAX as u64;

/// What one execution changes in the first word of the frame, whose lower half counts those that
/// are left, and its upper half those that are done. The second word is the key of the next one,
/// made when nothing waits for it yet.
const ONE_DONE: u64 = (1 << 32) - 1;

/// The compiled form: the beginning of the loop.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    times: Sampler,
    /// For the scopes of the executions.
    scope: Salt,
    /// How many ops there are to behind the loop.
    past: u32,
}

/// The end of the body.
#[derive(Clone, Debug)]
pub(crate) struct Again {
    scope: Salt,
    /// How many ops there are back to the first of the body.
    back: u32,
    /// Whether the body ends by a yield, which is done here: one op less in each execution.
    yields: bool,
}

impl Repeat {
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        let found = problems.list.len();
        self.times.check(&format!("{path}.times"), problems);
        if problems.list.len() == found && self.times.compile().mean() > TIMES_MAX {
            problems
                .error(format!("{path}.times"), "a request repeats its steps at most 1M times")
                .advise("let a workload send more requests in place of it");
        }
        super::check_block(&self.steps, &format!("{path}.do"), problems);
    }
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        self.times.load(folder, &format!("{path}.times"), problems);
        super::load_block(&mut self.steps, folder, &format!("{path}.do"), problems);
    }
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        let arm =
            Arm { steps: &self.steps, weight: self.times.compile().mean(), is_measured: false };
        super::asks::block(At::Key(&at, "repeat.do"), Way::Repeated, &[arm], visitor);
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        let times = to.sampler("repeat", self.times.compile());
        let scope = to.salt("repeat.do");
        let start = to.reserve_op();
        let (yields, steps) = match self.steps.split_last() {
            Some((Step::Wait(last), before)) if last.is_yield() => (true, before),
            _ => (false, &self.steps[..]),
        };
        steps.iter().for_each(|step| step.compile(to));
        let back = to.here() - start - 1;
        to.emit(super::Op::Again(Again { scope, back, yields }));
        to.put(start, super::Op::Repeat(Op { times, scope, past: to.here() - start }));
    }
}

impl Act for Op {
    const IS_RICH: bool = false;
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, _: u32) -> Then {
        let times = self.times.count(request.key).min(TIMES_MAX_DRAWN);
        if times == 0 {
            request.step += self.past;
            return Then::Stay;
        }
        let second = request.key.child(self.scope, 1);
        stage.frames.open(request, times, second.0);
        request.key = request.key.child(self.scope, 0);
        Then::Next
    }
}

impl Act for Again {
    const IS_RICH: bool = false;
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        if self.yields && !has_yielded(stage, request, slot) {
            return Then::Park;
        }
        if stage.frames.turn(stage.calendar.fired()) == TURNS_MAX {
            return interrupt(stage, request, slot);
        }
        let frame = stage.frames.top(request);
        frame.a += ONE_DONE;
        if frame.a as u32 == 0 {
            stage.frames.close(request);
            return Then::Next;
        }
        request.key = Key(frame.b);
        frame.b = frame.key.child(self.scope, (frame.a >> 32) + 1).0;
        request.step -= self.back;
        Then::Stay
    }
    fn wake(&self, _: &mut Stage, request: &mut Request, _: u32) -> Then {
        // It had its turn before it was interrupted.
        request.granted = self.yields;
        Then::Stay
    }
    fn part(&self, _: &Request) -> Part {
        Part::Io
    }
}

/// Loops that take no events are interrupted as if they did, and count against their limit.
#[cold]
#[inline(never)]
fn interrupt(stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
    stage.calendar.count(TURNS_MAX);
    stage.after(Span::ZERO, Event::Woken, request, slot);
    Then::Park
}

/// The number of executions, by all requests, and at one event, after which a loop is interrupted.
const TURNS_MAX: u64 = 1 << 20;

//! `block: d`: wait synchronously: the loop or core is held, and nothing is computed.
//!
//! Law: a block takes `d` once the request has its loop or core, whatever the speed of the machine;
//! it is not pre-empted, and cannot be called off. Consecutive `cpu` and `block` steps keep the
//! core. This is what a synchronous driver, a file read or `time.sleep` do in a handler of an event
//! loop: all other requests of the loop wait meanwhile. The loop counts as busy; the time is
//! `time_in.block`. On cores that are shared (`schedule: ps`) it is a thread that sleeps, and the
//! cores are free; so it is in `offload` (`offload.rs`). `slow` faults that reach waits reach it.
//! Checked: `tests/it/block.rs` (M/D/1).

use super::asks::{Asks, At};
use super::cpu::{leave_core, with_core};
use super::load::{self, longer, slowed};
use super::offload::Sleep;
use super::{Act, Compiler, Leaving, Left, SlowWaits, Stage, Then, wait};
use crate::kernel::Event;
use crate::problem::Problems;
use crate::random::dists::{Dist, Sampler};
use crate::request::{Flag, FurtherPart, NONE, Part, Request};
use crate::units::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `block: 20ms` or `block: { exp: 20ms }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Block(pub Dist<Span>);

/// The compiled form.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    span: Sampler,
    part: FurtherPart,
    /// Whether it holds its core.
    pub holds_core: bool,
    slow: Vec<SlowWaits>,
}

impl Block {
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        self.0.check(path, problems);
    }
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        self.0.load(folder, path, problems);
    }
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        visitor.hold_core(at, &self.0);
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        let span = to.sampler("block", self.0.compile());
        let slow = to.slow_waits();
        if to.is_in_thread() {
            let wait = wait::Op { span, label: NONE };
            return to.emit(super::Op::Sleep(Sleep(load::Wait::new(wait, None, slow))));
        }
        let part = to.part("block");
        let holds_core = to.station().is_none();
        to.emit(super::Op::Block(Op { span, part, holds_core, slow }));
    }
}

impl Act for Op {
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        let span = match self.holds_core {
            true => with_core(stage, request, slot, &self.span, true),
            false => Some(self.span.span(request.key)),
        };
        if let Some(span) = span {
            let now = stage.now();
            request.parts.mark = now;
            let span = longer(span, slowed(&self.slow, now, request.instance));
            stage.after(span, Event::Woken, request, slot);
        }
        Then::Park
    }
    #[inline(never)]
    fn wake(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        stage.charge(request, slot, self.part);
        Then::Next
    }
    fn leave(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) -> Left {
        if request.granted {
            return leave_core(stage, request, leaving);
        }
        if self.holds_core {
            return Left::Computing;
        }
        stage.calendar.note_stale();
        stage.charge(request, leaving.slot, self.part);
        Left::Gone
    }
    fn struck(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) {
        if !request.granted {
            stage.charge(request, leaving.slot, self.part);
        }
    }
    fn awaits_event(&self, request: &Request) -> bool {
        !request.granted && (!self.holds_core || request.has(Flag::CORE))
    }
    fn part(&self, request: &Request) -> Part {
        if request.granted { Part::Queue } else { Part::Abandoned }
    }
}

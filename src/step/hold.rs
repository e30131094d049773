//! `hold: { memory: 64MiB, do: [ … ] }`: reserve memory while doing something.
//!
//! Law: as `memory.rs`: first come, first served, from the memory of the instance, in one line with
//! the requests that reserve theirs at the beginning; but given back behind the last of the steps,
//! and on every other way out. Who waits for it releases its core, and spends that time in
//! `memory`. With equal needs this is a lock with as many permits as needs fit into the memory.
//! Checked: `tests/it/hold.rs`.

use super::asks::{Arm, Asks, At, Way};
use super::{Act, Compiler, Leaving, Left, Stage, Step, Then, Waits};
use crate::problem::Problems;
use crate::random::dists::{Dist, Sampler};
use crate::request::{Frame, Part, Request};
use crate::resource::Answer;
use crate::units::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `hold: { memory: 64MiB, do: [ cpu: 5ms, call: db.read ] }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// How much, of the memory of its instance.
    pub memory: Dist<Bytes>,
    /// The steps while it is held.
    #[serde(rename = "do")]
    pub steps: Vec<Step>,
}

/// The compiled form: to reserve it.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    need: Sampler,
}

/// To give it back.
#[derive(Clone, Debug)]
pub(crate) struct Free;

impl Hold {
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        self.memory.check(&format!("{path}.memory"), problems);
        super::check_block(&self.steps, &format!("{path}.do"), problems);
    }
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        self.memory.load(folder, &format!("{path}.memory"), problems);
        super::load_block(&mut self.steps, folder, &format!("{path}.do"), problems);
    }
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        let arm = Arm { steps: &self.steps, weight: 1.0, is_measured: false };
        let way = Way::Memory(&self.memory);
        super::asks::block(At::Key(&at, "hold.do"), way, &[arm], visitor);
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        let need = to.sampler("hold", self.memory.compile());
        to.emit(super::Op::Hold(Op { need }));
        self.steps.iter().for_each(|step| step.compile(to));
        to.emit(super::Op::Free(Free));
    }
}

/// Gives the bytes of a frame back to the instance of its request.
fn give_back(stage: &mut Stage, request: &Request, bytes: u64) {
    let now = stage.now();
    let memory = &mut stage.memories[request.instance as usize].0;
    memory.give(now, bytes, |next| stage.runnable.push(next));
}

impl Op {
    /// One who waits gives up.
    fn abandon(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) {
        match leaving.is_granted {
            true => give_back(stage, request, request.scratch),
            false => {
                let now = stage.now();
                let memory = &mut stage.memories[request.instance as usize].0;
                leaving.line(memory, now, &mut stage.runnable);
            }
        }
    }
}

impl Act for Op {
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        let now = stage.now();
        if request.granted {
            request.granted = false;
            request.parts.charge(Part::Memory, now);
        } else {
            let memory = &mut stage.memories[request.instance as usize].0;
            let need = self.need.value(request.key).max(0.0) as u64;
            request.scratch = need.min(memory.capacity);
            if memory.take(now, slot, request.scratch) != Answer::Granted {
                request.parts.mark = now;
                request.granted = true;
                stage.free_core(request);
                return Then::Park;
            }
        }
        stage.frames.open(request, request.scratch, 0);
        Then::Next
    }
    fn leave(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) -> Left {
        self.abandon(stage, request, leaving);
        Left::Gone
    }
    fn close(&self, stage: &mut Stage, request: &Request, frame: &Frame) {
        give_back(stage, request, frame.a);
    }
    fn waits(&self, request: &Request) -> Waits {
        if request.granted { Waits::Memory(request.instance) } else { Waits::Nothing }
    }
    fn keeps(&self, frame: &Frame) -> u64 {
        frame.a
    }
    fn part(&self, _: &Request) -> Part {
        Part::Memory
    }
}

impl Act for Free {
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, _: u32) -> Then {
        let frame = stage.frames.close(request);
        give_back(stage, request, frame.a);
        Then::Next
    }
}

//! `memory: size`: reserve until the response has left.
//!
//! Law: all reservations of an endpoint are taken together, before its first burst, first come,
//! first served (`server/memory.rs`). Time without it is `memory`. The need is a draw under
//! the request's key, so it is the same number when it is given back.

use super::asks::{Asks, At};
use super::{Act, Compiler, Leaving, Left, Stage, Then, Waits};
use crate::problem::Problems;
use crate::random::dists::{Dist, Distribution, Sampler};
use crate::random::keys::Key;
use crate::request::{Flag, Part, Request};
use crate::resource::Answer;
use crate::units::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `memory: 8MiB`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Memory(pub Dist<Bytes>);

/// All reservations of an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    /// Bytes that every request needs.
    fixed: u64,
    /// Those that differ from one request to the next.
    drawn: Box<[Sampler]>,
}

impl Memory {
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        self.0.check(path, problems);
    }
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        self.0.load(folder, path, problems);
    }
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        visitor.memory(at, &self.0);
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        let sampler = to.sampler("memory", self.0.compile());
        to.reserve(sampler);
    }
}

impl Op {
    pub(crate) fn new(needs: Vec<Sampler>) -> Op {
        let (constant, drawn): (Vec<Sampler>, Vec<Sampler>) =
            needs.into_iter().partition(|need| matches!(need.law, Distribution::Constant(_)));
        // A constant is the same under any key.
        Op { fixed: sum(&constant, Key::default()), drawn: drawn.into() }
    }
    /// What a request needs, in bytes.
    #[inline(always)]
    fn need(&self, key: Key) -> u64 {
        if self.drawn.is_empty() { self.fixed } else { self.fixed + sum(&self.drawn, key) }
    }
}

impl Act for Op {
    const IS_RICH: bool = false;
    #[inline(always)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        let now = stage.now();
        if request.granted {
            request.granted = false;
            request.parts.charge(Part::Memory, now);
        } else {
            request.parts.mark = now;
            let i = request.instance as usize;
            let memory = &mut stage.memories[i].0;
            if memory.take(now, slot, self.need(request.key)) != Answer::Granted {
                request.granted = true;
                return Then::Park;
            }
        }
        request.set(Flag::MEMORY);
        Then::Next
    }
    fn leave(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) -> Left {
        let now = stage.now();
        match leaving.is_granted {
            true => request.set(Flag::MEMORY),
            false => {
                let memory = &mut stage.memories[request.instance as usize].0;
                leaving.line(memory, now, &mut stage.runnable);
            }
        }
        Left::Gone
    }
    fn waits(&self, request: &Request) -> Waits {
        if request.granted { Waits::Memory(request.instance) } else { Waits::Nothing }
    }
    fn reserves(&self, request: &Request) -> u64 {
        self.need(request.key)
    }
    fn part(&self, _: &Request) -> Part {
        Part::Memory
    }
}

/// What is drawn under a key, together, in bytes.
#[inline(never)]
fn sum(needs: &[Sampler], key: Key) -> u64 {
    needs.iter().map(|need| need.value(key).max(0.0) as u64).sum()
}

//! What a request does: one file a step.
//!
//! **To add a step kind**: write its file and add its line to the catalogue below. The file has the
//! written form (serde and schema), its `check`, what it `asks` for, its `compile` to an [`Op`] of
//! the flat program, and how the op acts ([`Act`]): plain functions over the components of the
//! request and of the instance that serves it. `wait.rs` is the worked example of
//! `docs/adding-a-step.md`.
//!
//! `begin` says with [`Then`] how the request goes on. Whoever frees something puts the requests
//! that may go on into `runnable`; `sim` resumes them at the same moment, in that order, and their
//! `begin` is called again with `request.granted` set.

mod act;
pub(crate) mod asks;
pub(crate) mod block;
pub(crate) mod branch;
pub(crate) mod call;
mod compiler;
pub(crate) mod cpu;
pub(crate) mod fail;
pub(crate) mod hold;
mod keys;
pub(crate) mod load;
pub(crate) mod lock;
pub(crate) mod memory;
pub(crate) mod offload;
pub(crate) mod parallel;
pub(crate) mod pool;
pub(crate) mod repeat;
pub(crate) mod respond;
mod scope;
pub(crate) mod shared;
pub(crate) mod spawn;
pub(crate) mod wait;

pub use block::Block;
pub use branch::{Arm, Branch};
pub use call::Call;
pub use cpu::Cpu;
pub use fail::Fail;
pub use hold::Hold;
pub use keys::LockKeys;
pub use load::{Load, LoadPoint};
pub use lock::Lock;
pub use memory::Memory;
pub use offload::Offload;
pub use parallel::{Join, Parallel};
pub use pool::Pool;
pub use repeat::Repeat;
pub use respond::Respond;
pub use scope::Scope;
pub use spawn::Spawn;
pub use wait::Wait;

use crate::random::plain_or_fields;
pub(crate) use act::{Act, Ended, Leaving, Left, Stage, Then, Waits};
use asks::{Asks, At};
pub(crate) use compiler::Compiler;
pub(crate) use load::SlowWaits;
pub(crate) use scope::{Each, Rows};

use crate::problem::Problems;
use crate::request::{Frame, Part, Request};
use crate::resource::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

macro_rules! catalogue {
    ($($(#[doc = $doc:literal])+ $module:ident: $name:ident,)+ ;
     $($(#[doc = $ends:literal])+ $end:ident: $of:path,)+) => {
        /// One step of an endpoint.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Step {
            $($(#[doc = $doc])+ $name($name),)+
        }

        /// One step of a compiled program. With a tag of its own (`repr`), which is faster to read
        /// than one hidden in a law's.
        #[derive(Clone, Debug)]
        #[repr(u8)]
        pub(crate) enum Op {
            $($name($module::Op),)+
            $($(#[doc = $ends])+ $end($of),)+
            /// The program is done: answer.
            Answer,
        }

        /// The words that steps are written with.
        pub(crate) const WORDS: &[&str] = &[$(stringify!($module)),+];

        impl Step {
            /// Problems of the step by itself.
            pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
                match self {
                    $(Step::$name(step) => step.check(&format!("{path}.{}", stringify!($module)), problems),)+
                }
            }
            /// Reads the files it names.
            pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
                match self {
                    $(Step::$name(step) => step.load(folder, &format!("{path}.{}", stringify!($module)), problems),)+
                }
            }
            /// Tells a visitor what it asks for.
            pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
                match self {
                    $(Step::$name(step) => step.asks(at, visitor),)+
                }
            }
            /// Adds the step to the program.
            pub(crate) fn compile(&self, to: &mut dyn Compiler) {
                match self {
                    $(Step::$name(step) => step.compile(to),)+
                }
            }
        }

        impl Op {
            /// Whether a plan that has it needs the rich drain (`sim/advance.rs`).
            pub(crate) fn is_rich(&self) -> bool {
                match self {
                    $(Op::$name(_) => $module::Op::IS_RICH,)+
                    $(Op::$end(_) => <$of>::IS_RICH,)+
                    Op::Answer => false,
                }
            }
        }

        impl Act for Op {
            #[inline(always)]
            fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
                match self {
                    $(Op::$name(op) => op.begin(stage, request, slot),)+
                    $(Op::$end(op) => op.begin(stage, request, slot),)+
                    Op::Answer => Then::Answer,
                }
            }
            #[inline(always)]
            fn wake(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
                match self {
                    $(Op::$name(op) => op.wake(stage, request, slot),)+
                    $(Op::$end(op) => op.wake(stage, request, slot),)+
                    // One that has been called off while it held its core.
                    Op::Answer => {
                        request.parts.charge(Part::Cpu, stage.now());
                        Then::Answer
                    }
                }
            }
            fn answered(&self, stage: &mut Stage, request: &mut Request, slot: u32, ended: &Ended) -> Then {
                match self {
                    $(Op::$name(op) => op.answered(stage, request, slot, ended),)+
                    $(Op::$end(op) => op.answered(stage, request, slot, ended),)+
                    Op::Answer => unreachable!("an answer waits for nothing"),
                }
            }
            fn alarm(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) -> Then {
                match self {
                    $(Op::$name(op) => op.alarm(stage, request, leaving),)+
                    $(Op::$end(op) => op.alarm(stage, request, leaving),)+
                    Op::Answer => unreachable!("an answer waits for nothing"),
                }
            }
            fn leave(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) -> Left {
                match self {
                    $(Op::$name(op) => op.leave(stage, request, leaving),)+
                    $(Op::$end(op) => op.leave(stage, request, leaving),)+
                    // One that has been called off while it computes.
                    Op::Answer => Left::Computing,
                }
            }
            fn close(&self, stage: &mut Stage, request: &Request, frame: &Frame) {
                match self {
                    $(Op::$name(op) => op.close(stage, request, frame),)+
                    $(Op::$end(op) => op.close(stage, request, frame),)+
                    Op::Answer => {}
                }
            }
            fn struck(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) {
                match self {
                    $(Op::$name(op) => op.struck(stage, request, leaving),)+
                    $(Op::$end(op) => op.struck(stage, request, leaving),)+
                    Op::Answer => {}
                }
            }
            fn holds(&self, frame: &Frame) -> Option<Unit> {
                match self {
                    $(Op::$name(op) => op.holds(frame),)+
                    $(Op::$end(op) => op.holds(frame),)+
                    Op::Answer => None,
                }
            }
            fn keeps(&self, frame: &Frame) -> u64 {
                match self {
                    $(Op::$name(op) => op.keeps(frame),)+
                    $(Op::$end(op) => op.keeps(frame),)+
                    Op::Answer => 0,
                }
            }
            fn shares(&self, request: &Request) -> Option<u32> {
                match self {
                    $(Op::$name(op) => op.shares(request),)+
                    $(Op::$end(op) => op.shares(request),)+
                    Op::Answer => None,
                }
            }
            fn waits(&self, request: &Request) -> Waits {
                match self {
                    $(Op::$name(op) => op.waits(request),)+
                    $(Op::$end(op) => op.waits(request),)+
                    Op::Answer => Waits::Nothing,
                }
            }
            fn awaits_event(&self, request: &Request) -> bool {
                match self {
                    $(Op::$name(op) => op.awaits_event(request),)+
                    $(Op::$end(op) => op.awaits_event(request),)+
                    Op::Answer => request.has(crate::request::Flag::GONE),
                }
            }
            fn reserves(&self, request: &Request) -> u64 {
                match self {
                    $(Op::$name(op) => op.reserves(request),)+
                    $(Op::$end(op) => op.reserves(request),)+
                    Op::Answer => 0,
                }
            }
            fn part(&self, request: &Request) -> Part {
                match self {
                    $(Op::$name(op) => op.part(request),)+
                    $(Op::$end(op) => op.part(request),)+
                    Op::Answer => Part::Cpu,
                }
            }
        }
    };
}

catalogue! {
    /// Compute: holds the loop or a core. Consecutive `cpu` steps are one burst.
    cpu: Cpu,
    /// Await I/O: the loop or core is free meanwhile.
    wait: Wait,
    /// Wait synchronously: holds the loop or a core, and computes nothing.
    block: Block,
    /// Reserve memory until the response has left.
    memory: Memory,
    /// Reserve memory while doing something.
    hold: Hold,
    /// Call an endpoint of another service, and wait for its answer.
    call: Call,
    /// Answer with an error now, with a probability.
    fail: Fail,
    /// Do one of several things, chosen by chance.
    branch: Branch,
    /// Hold a lock while doing something.
    lock: Lock,
    /// Use a connection of a pool while doing something.
    pool: Pool,
    /// Do something in a thread of a pool, while the event loop is free.
    offload: Offload,
    /// Do something several times, one after the other.
    repeat: Repeat,
    /// Do several things at once, and wait for all, or some, of them.
    parallel: Parallel,
    /// Begin something in the background, and go on.
    spawn: Spawn,
    /// Answer now, and do the rest afterwards.
    respond: Respond,
    ;
    /// A `wait` of 0 s.
    Yield: wait::Yield,
    /// A `wait` that takes longer under load, or because of a fault.
    Longer: load::Wait,
    /// `cpu` that takes longer under load.
    LongerBurst: load::Burst,
    /// The end of an arm of `branch`.
    Jump: branch::Jump,
    /// The beginning of an arm with a label.
    Labelled: branch::Labelled,
    /// Its end.
    Passed: branch::Passed,
    /// `cpu` on cores that are shared.
    Shared: shared::Op,
    /// The end of what is done under a lock.
    Unlock: lock::Unlock,
    /// The end of what is done with memory.
    Free: hold::Free,
    /// The end of what is done with a connection.
    Release: pool::Release,
    /// `cpu` in a thread of `offload`.
    Thread: load::Burst,
    /// `block` in a thread of `offload`.
    Sleep: offload::Sleep,
    /// The end of what a thread does.
    Return: offload::Return,
    /// The end of the body of `repeat`.
    Again: repeat::Again,
}

/// Checks the steps of a block; `path` is the list's.
fn check_block(steps: &[Step], path: &str, problems: &mut Problems) {
    if steps.is_empty() {
        problems
            .error(path, "a block needs at least one step")
            .advise("write for example `do: [ cpu: 1ms ]`");
    }
    for (index, step) in steps.iter().enumerate() {
        let path = format!("{path}[{index}]");
        if let Step::Memory(_) = step {
            problems
                .error(format!("{path}.memory"), "memory cannot be reserved inside of a block")
                .advise("an endpoint reserves its memory before its first step: write it there, or `hold: { memory: 64MiB, do: [ … ] }` around what needs it");
        }
        if let Step::Respond(_) = step {
            problems
                .error(format!("{path}.respond"), "a request cannot respond inside of a block")
                .advise("write it between the steps of the endpoint; what runs beside a request is `spawn`");
        }
        step.check(&path, problems);
    }
}

/// Checks the steps of an endpoint; `path` is the list's.
pub(crate) fn check_steps(steps: &[Step], path: &str, problems: &mut Problems) {
    let responds = |step: &&Step| matches!(step, Step::Respond(_));
    if let Some(at) = steps.iter().position(|step| responds(&step)) {
        if let Some(second) = steps[at + 1..].iter().position(|step| responds(&step)) {
            problems
                .error(
                    format!("{path}[{}].respond", at + 1 + second),
                    "a request responds only once",
                )
                .advise("remove one of the two");
        } else if at + 1 == steps.len() {
            problems
                .warning(format!("{path}[{at}].respond"), "nothing follows, so this has no effect")
                .advise("a request answers at its end anyway");
        }
    }
    for (index, step) in steps.iter().enumerate() {
        step.check(&format!("{path}[{index}]"), problems);
    }
}

/// Reads the files that the steps of a block name.
fn load_block(steps: &mut [Step], folder: &Path, path: &str, problems: &mut Problems) {
    for (index, step) in steps.iter_mut().enumerate() {
        step.load(folder, &format!("{path}[{index}]"), problems);
    }
}

//! `offload: { pool: 40, do: [ block: 20ms ] }`: do something in a thread of a pool, so that the
//! event loop is free meanwhile (`run_in_executor`, `run_in_threadpool`, the pool of libuv).
//!
//! Law: each event loop has `pool` threads, which requests take first come, first served, as the
//! connections of a pool; the wait for one is `time_in.thread`. A thread does the steps one after
//! the other, and is held also while it waits. Its bursts compute on the cores that no event loop
//! uses, which have one queue; where there are none, on that of its loop, for which they queue. A
//! `block` step is a thread that sleeps: it holds no core, and is awaited as I/O. On other runtimes
//! any core computes them anyway, and only the number of threads limits them.
//! Limits: there is no lock of an interpreter (Python's GIL), for which threads and loop compete.
//! Checked: `tests/it/offload.rs` (M/M/c in the pool; a loop beside it, M/D/1).

use super::asks::{self, Arm, Asks, At, Holding, InThread, Kind, Way};
use super::{Act, Compiler, Leaving, Left, Pool, Scope, Stage, Step, Then, load};
use crate::problem::Problems;
use crate::request::{Part, Request};
use crate::units::Count;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `offload: { pool: 40, do: [ block: 20ms ] }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Offload {
    /// How many threads each process has.
    pub pool: Count,
    /// The name of the pool: steps of a service that name the same share its threads; `threads` if
    /// not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The steps that a thread does.
    #[serde(rename = "do")]
    pub steps: Vec<Step>,
}

/// The compiled form: the request goes on in a thread.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    /// The row of the first instance's threads, and that instance, if they have their own cores.
    threads: Option<(u32, u32)>,
}

/// The thread has done its steps, and the request is in its loop again.
#[derive(Clone, Debug)]
pub(crate) struct Return;

/// A `block` in a thread: a wait that is not called off.
#[derive(Clone, Debug)]
pub(crate) struct Sleep(pub load::Wait);

/// The name of the pool, if it has none of its own.
const NAME: &str = "threads";

impl Offload {
    /// Steps that one of this many threads of each process does.
    pub fn new(pool: u64, steps: impl Into<Vec<Step>>) -> Offload {
        Offload { pool: Count(pool), name: None, steps: steps.into() }
    }
    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(NAME)
    }
    /// The pool of connections that it would be.
    fn threads(&self) -> Pool {
        Pool {
            name: None,
            max: self.pool,
            per: Scope::Process,
            wait: None,
            connect: None,
            idle_timeout: None,
            max_lifetime: None,
            steps: Vec::new(),
        }
    }
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        if self.pool == Count(0) {
            problems
                .error(format!("{path}.pool"), "without a thread, no request could go on")
                .advise("write for example `pool: 40`");
        }
        if self.name.as_deref() == Some("") {
            problems.error(format!("{path}.name"), "a pool needs a name");
        }
        let at = format!("{path}.do");
        super::check_block(&self.steps, &at, problems);
        let (of, mut alone) = (At::Endpoint(&at), Alone { problems });
        for (index, step) in self.steps.iter().enumerate() {
            step.asks(At::Item(&of, index), &mut alone);
        }
    }
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        super::load_block(&mut self.steps, folder, &format!("{path}.do"), problems);
    }
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        let holding = Holding { kind: Kind::Thread, ..self.threads().holding(self.name()) };
        let arm = Arm { steps: &self.steps, weight: 1.0, is_measured: false };
        let (at, way) = (At::Key(&at, "offload.do"), Way::Held(holding));
        asks::block(at, way, &[arm], &mut InThread(visitor));
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        self.threads().compile_around(Kind::Thread, self.name(), to, &mut |to| {
            let threads = to.begin_thread();
            to.emit(super::Op::Offload(Op { threads }));
            self.steps.iter().for_each(|step| step.compile(to));
            to.end_thread();
            to.emit(super::Op::Return(Return));
        });
    }
}

/// Reports what a thread cannot do.
struct Alone<'p> {
    problems: &'p mut Problems,
}

impl Asks<'_> for Alone<'_> {
    fn block(&mut self, at: At, way: Way) {
        let what = match way {
            Way::AtOnce { .. } => "a thread does one thing after the other",
            Way::Beside => "what a thread begins in the background has no thread",
            Way::Held(Holding { kind: Kind::Thread, .. }) => "a thread is not offloaded again",
            Way::Held(Holding { scope: Scope::Process, kind: Kind::Lock, .. }) => {
                "a lock of one event loop cannot be taken in a thread"
            }
            Way::Held(Holding { scope: Scope::Process, .. }) => {
                "a pool of one event loop cannot be used in a thread"
            }
            _ => return,
        };
        self.problems.error(at.to_string(), what).advise("do it before or after `offload`");
    }
}

impl Act for Op {
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, _: u32) -> Then {
        stage.free_core(request);
        stage.frames.open(request, u64::from(request.worker), 0);
        if let Some((first, instance)) = self.threads {
            request.worker = first + request.instance - instance;
        }
        Then::Next
    }
}

impl Act for Return {
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, _: u32) -> Then {
        stage.free_core(request);
        let frame = stage.frames.close(request);
        request.worker = frame.a as u32;
        Then::Next
    }
}

impl Act for Sleep {
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        self.0.begin(stage, request, slot)
    }
    fn wake(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        self.0.wake(stage, request, slot)
    }
    /// Its request is gone, and the thread sleeps on.
    fn leave(&self, stage: &mut Stage, request: &mut Request, _: Leaving) -> Left {
        stage.gauges[request.instance as usize].io.subtract(stage.now(), 1);
        Left::Computing
    }
    fn awaits_event(&self, request: &Request) -> bool {
        self.0.awaits_event(request)
    }
    fn part(&self, request: &Request) -> Part {
        self.0.part(request)
    }
}

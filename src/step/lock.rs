//! `lock: { name, hold }`: hold a lock while doing something: one request at a time, or `permits`
//! of them.
//!
//! Law: first come, first served. A request that finds the lock free takes it and keeps its core;
//! one that has to wait gives its core up meanwhile, as with the locks of asyncio, and its time is
//! `time_in.lock`. The lock is given back on every way out: at the end of the steps, by a failure,
//! when the request is called off, and when its instance crashes. With Poisson requests the lock is
//! M/G/1 on its holding time (Pollaczek–Khinchine).
//! Checked: `lock_mg1` in `tests/it/theory.rs`, `tests/it/lock.rs`.

use super::asks::{Arm, Asks, At, Holding, Kind, Way};
use super::{Act, Compiler, Leaving, Left, Rows, Scope, Stage, Step, Then};
use crate::problem::Problems;
use crate::request::{Frame, FurtherPart, Request};
use crate::resource::Answer;
use crate::units::Count;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `lock: { name: stock, hold: [ cpu: 1ms, call: db.write ] }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Its name: steps of a service that name the same lock share it.
    pub name: String,
    /// Who shares it.
    #[serde(default, skip_serializing_if = "Scope::is_default")]
    pub scope: Scope,
    /// How many requests may hold it at once.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub permits: Count,
    /// The steps while it is held.
    pub hold: Vec<Step>,
}

fn one() -> Count {
    Count(1)
}

fn is_one(count: &Count) -> bool {
    *count == Count(1)
}

/// The compiled form: to take it.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    rows: Rows,
    part: FurtherPart,
}

/// To give it back.
#[derive(Clone, Debug)]
pub(crate) struct Unlock;

impl Lock {
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        if self.permits == Count(0) {
            problems
                .error(format!("{path}.permits"), "no request could ever hold this lock")
                .advise("write `permits: 1`, or leave it out");
        }
        if self.name.is_empty() {
            problems
                .error(format!("{path}.name"), "a lock needs a name")
                .advise("write for example `name: stock`");
        }
        super::check_block(&self.hold, &format!("{path}.hold"), problems);
    }
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        super::load_block(&mut self.hold, folder, &format!("{path}.hold"), problems);
    }
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        let arm = Arm { steps: &self.hold, weight: 1.0, is_measured: false };
        let holding = Holding {
            kind: Kind::Lock,
            name: &self.name,
            scope: self.scope,
            units: self.permits.0,
            gives_up: false,
        };
        super::asks::block(At::Key(&at, "lock.hold"), Way::Held(holding), &[arm], visitor);
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        let rows = to.resource(Kind::Lock.word(), &self.name, self.scope, self.permits.0);
        let part = to.part(Kind::Lock.word());
        to.emit(super::Op::Lock(Op { rows, part }));
        self.hold.iter().for_each(|step| step.compile(to));
        to.emit(super::Op::Unlock(Unlock));
    }
}

impl Op {
    /// One who waits gives up.
    fn abandon(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) {
        if request.granted {
            stage.give_up(self.rows.of(request), leaving);
        }
        stage.charge(request, leaving.slot, self.part);
    }
}

impl Act for Op {
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        let row = self.rows.of(request);
        if request.granted {
            request.granted = false;
            stage.charge(request, slot, self.part);
        } else {
            let now = stage.now();
            if stage.shared[row as usize].units.take(now, slot, 1) != Answer::Granted {
                request.parts.mark = now;
                request.granted = true;
                stage.free_core(request);
                return Then::Park;
            }
        }
        stage.frames.open(request, u64::from(row), 0);
        Then::Next
    }
    fn leave(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) -> Left {
        self.abandon(stage, request, leaving);
        Left::Gone
    }
    fn struck(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) {
        self.abandon(stage, request, leaving);
    }
    fn close(&self, stage: &mut Stage, _: &Request, frame: &Frame) {
        stage.give(frame.a as u32);
    }
    fn holds(&self, frame: &Frame) -> Option<u32> {
        Some(frame.a as u32)
    }
}

impl Act for Unlock {
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, _: u32) -> Then {
        let frame = stage.frames.close(request);
        stage.give(frame.a as u32);
        Then::Next
    }
}

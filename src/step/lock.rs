//! `lock: { name, hold }`: hold a lock while doing something: one request at a time, or `permits`
//! of them.
//!
//! Law: first come, first served. A request that finds the lock free takes it and keeps its core;
//! one that has to wait gives its core up meanwhile, as with the locks of asyncio, and its time is
//! `time_in.lock`. The lock is given back on every way out: at the end of the steps, by a failure,
//! when the request is called off, and when its instance crashes. With Poisson requests the lock is
//! M/G/1 on its holding time (Pollaczek–Khinchine). With `keys` it is as many locks, of which each
//! request draws one under its key: for a key with probability p, M/G/1 at the rate λp.
//! Checked: `lock_mg1` in `tests/it/theory.rs`, `tests/it/lock.rs`, `tests/it/keyed.rs`.

use super::asks::{Arm, Asks, At, Holding, Kind, Way};
use super::keys::LockKeys;
use super::{Act, Compiler, Leaving, Left, Rows, Scope, Stage, Step, Then, Waits};
use crate::problem::Problems;
use crate::random::dists::Sampler;
use crate::random::popularity::check_keys;
use crate::request::{Baggage, Frame, FurtherPart, Request};
use crate::resource::{Answer, Unit};
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
    /// If it is many locks, one for each key of which a request draws one: how popular they are;
    /// or the name of a key of its workload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<LockKeys>,
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
    /// What draws its key.
    keys: Option<Box<Drawn>>,
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
        self.scope.check(Kind::Lock, &self.name, path, problems);
        if let Some(LockKeys::Drawn(keys)) = &self.keys {
            check_keys(keys, "a lock", &format!("{path}.keys"), problems);
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
            keys: self.keys.as_ref(),
        };
        super::asks::block(At::Key(&at, "lock.hold"), Way::Held(holding), &[arm], visitor);
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        let rows = to.resource(
            Kind::Lock.word(),
            &self.name,
            self.scope,
            self.permits.0,
            self.keys.as_ref(),
        );
        let part = to.part(Kind::Lock.word());
        let drawn = |keys: &LockKeys| match keys {
            LockKeys::Drawn(law) => Drawn::Here(to.sampler("lock.keys", law.compile())),
            LockKeys::Carried(name) => Drawn::ByTheFirst(to.carried(name)),
        };
        let keys = self.keys.as_ref().map(drawn).map(Box::new);
        to.emit(super::Op::Lock(Op { rows, part, keys }));
        self.hold.iter().for_each(|step| step.compile(to));
        to.emit(super::Op::Unlock(Unlock));
    }
}

/// What draws the key of a lock.
#[derive(Clone, Debug)]
enum Drawn {
    /// The request that takes it.
    Here(Sampler),
    /// The one that a user has sent, by its workload.
    ByTheFirst(Box<[Option<Sampler>]>),
}

impl Drawn {
    /// The key that a request draws, from 0 on. Apart, since most locks have none.
    #[inline(never)]
    fn key(&self, stage: &Stage, request: &Request, slot: u32) -> u32 {
        let number = match self {
            Drawn::Here(law) => law.count(request.key),
            Drawn::ByTheFirst(laws) => {
                let Baggage { root, source, .. } = stage.baggage[slot as usize];
                laws[source as usize].as_ref().map_or(1, |law| law.count(root))
            }
        };
        (number as u32).saturating_sub(1)
    }
}

impl Op {
    /// The unit that a request waits for: of the key that it has drawn.
    #[inline(always)]
    fn unit(&self, request: &Request) -> Unit {
        Unit { row: self.rows.of(request), key: request.scratch as u32 }
    }
    /// One who waits gives up.
    fn abandon(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) {
        if request.granted {
            stage.give_up(self.unit(request), leaving);
        }
        stage.charge(request, leaving.slot, self.part);
    }
}

impl Act for Op {
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        let (row, now) = (self.rows.of(request), stage.now());
        let key = match &self.keys {
            None => 0,
            Some(_) if request.granted => request.scratch as u32,
            Some(keys) => keys.key(stage, request, slot),
        };
        let unit = Unit { row, key };
        if request.granted {
            request.granted = false;
            stage.charge(request, slot, self.part);
        } else if stage.shared[row as usize].take(now, slot, key) != Answer::Granted {
            request.parts.mark = now;
            request.granted = true;
            request.scratch = u64::from(key);
            stage.free_core(request);
            return Then::Park;
        }
        stage.frames.open(request, unit.pack(), 0);
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
        stage.give(Unit::unpack(frame.a));
    }
    fn waits(&self, request: &Request) -> Waits {
        match request.granted {
            true => Waits::Unit(self.unit(request)),
            false => Waits::Nothing,
        }
    }
    fn holds(&self, frame: &Frame) -> Option<Unit> {
        Some(Unit::unpack(frame.a))
    }
}

impl Act for Unlock {
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, _: u32) -> Then {
        let frame = stage.frames.close(request);
        stage.give(Unit::unpack(frame.a));
        Then::Next
    }
}

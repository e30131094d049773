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
use super::{Act, Compiler, Leaving, Left, Rows, Scope, Stage, Step, Then, Waits};
use crate::problem::Problems;
use crate::random::dists::{Dist, Sampler};
use crate::request::{Frame, FurtherPart, Request};
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
    /// If it is many locks, one for each key of which a request draws one: how popular they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Dist<Count>>,
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
    keys: Option<Box<Sampler>>,
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
        if let Some(keys) = &self.keys {
            check_keys(keys, &format!("{path}.keys"), problems);
        }
        super::check_block(&self.hold, &format!("{path}.hold"), problems);
    }
    /// How many keys it has, and the probability of the most popular one.
    fn popularity(&self) -> (u32, f64) {
        match &self.keys {
            Some(keys @ Dist::Zipf(zipf)) => (zipf.n.0 as u32, keys.compile().cdf(1.0)),
            _ => (0, 1.0),
        }
    }
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        super::load_block(&mut self.hold, folder, &format!("{path}.hold"), problems);
    }
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        let arm = Arm { steps: &self.hold, weight: 1.0, is_measured: false };
        let (keys, hottest) = self.popularity();
        let holding = Holding {
            kind: Kind::Lock,
            name: &self.name,
            scope: self.scope,
            units: self.permits.0,
            gives_up: false,
            keys,
            hottest,
        };
        super::asks::block(At::Key(&at, "lock.hold"), Way::Held(holding), &[arm], visitor);
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        let rows = to.resource(
            Kind::Lock.word(),
            &self.name,
            self.scope,
            self.permits.0,
            self.popularity().0,
        );
        let part = to.part(Kind::Lock.word());
        let keys = self.keys.as_ref().map(|law| Box::new(to.sampler("lock.keys", law.compile())));
        to.emit(super::Op::Lock(Op { rows, part, keys }));
        self.hold.iter().for_each(|step| step.compile(to));
        to.emit(super::Op::Unlock(Unlock));
    }
}

/// The most keys of a lock.
const KEYS_MAX: u64 = 1_000_000;

fn check_keys(keys: &Dist<Count>, path: &str, problems: &mut Problems) {
    let help =
        "write for example `keys: { zipf: { n: 5k, s: 1 } }`; with `s: 0` all are equally popular";
    keys.check(path, problems);
    match keys {
        Dist::Zipf(zipf) if zipf.n.0 > KEYS_MAX => {
            problems
                .error(format!("{path}.zipf.n"), "a lock has at most 1M keys")
                .advise("keys that are hardly ever drawn at once make no request wait: use fewer");
        }
        Dist::Zipf(_) => {}
        _ => problems.error(path, "the keys of a lock are drawn by a `zipf`").advise(help),
    }
}

/// The key that a request draws, from 0 on. Apart, since most locks have none.
#[inline(never)]
fn drawn(law: &Sampler, request: &Request) -> u32 {
    (law.count(request.key) as u32).saturating_sub(1)
}

impl Op {
    /// The unit that a request needs: of the key that it has drawn, if it waits.
    #[inline(always)]
    fn unit(&self, request: &Request) -> Unit {
        let key = match &self.keys {
            None => 0,
            Some(_) if request.granted => request.scratch as u32,
            Some(law) => drawn(law, request),
        };
        Unit { row: self.rows.of(request), key }
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
        let (unit, now) = (self.unit(request), stage.now());
        if request.granted {
            request.granted = false;
            stage.charge(request, slot, self.part);
        } else {
            if stage.shared[unit.row as usize].take(now, slot, unit.key) != Answer::Granted {
                request.parts.mark = now;
                request.granted = true;
                request.scratch = u64::from(unit.key);
                stage.free_core(request);
                return Then::Park;
            }
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

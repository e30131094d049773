//! `pool: { name, max, wait, do }`: use one of a limited number of connections while doing
//! something; of a call, `call: { to: db.read, pool: { max: 10 } }`, while it is under way.
//!
//! Law: first come, first served, as a lock with `max` permits; one that waits gives its core up,
//! and its time is `time_in.pool`. Who has waited for `wait` leaves the line and fails with the
//! outcome `pool_timeout`. With `connect`, a connection is made when none is idle, which takes that
//! long and is `time_in.pool` too. The connection that was given back last is used first; one that
//! has been idle for longer than `idle_timeout`, or was made more than `max_lifetime` ago, is
//! closed when it would be used next. A connection is given back on every way out. It is closed
//! then, if what it was used for has timed out, was lost or has crashed; and a crash of its
//! instance closes all of those that belong to it.
//! A pool of c connections that are held for exponential times is M/M/c; with `wait`, customers
//! leave the line after a constant patience (Barrer 1957).
//! Checked: `mmc` and patience in `tests/it/pool.rs`.

use super::asks::{self, Arm, Asks, At, Holding, Kind, Way};
use super::{Act, Compiler, Leaving, Left, Rows, Scope, Stage, Step, Then, Waits};
use crate::kernel::{Event, TimerId};
use crate::problem::Problems;
use crate::random::dists::{Dist, Sampler};
use crate::request::{Frame, FurtherPart, Outcome, Request};
use crate::resource::{Answer, Connection, Unit};
use crate::units::{Count, Span, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `pool: { name: db, max: 10, wait: 250ms, do: [ call: db.read ] }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Its name: steps of a service that name the same pool share it. The pool of a call is named
    /// after the service that it calls, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many connections there are at most.
    pub max: Count,
    /// Who shares them.
    #[serde(default, skip_serializing_if = "Scope::is_default")]
    pub per: Scope,
    /// How long a request waits for one; then it fails with the outcome `pool_timeout`. For ever if
    /// not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Span>,
    /// How long it takes to make a connection; no time if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<Dist<Span>>,
    /// How long a connection may be idle before it is closed; for ever if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<Span>,
    /// How long after it was made a connection is closed; never if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_lifetime: Option<Span>,
    /// The steps while a connection is held; a call has none.
    #[serde(default, rename = "do", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// The compiled form: to take a connection.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    rows: Rows,
    part: FurtherPart,
    /// How long to wait for one, and the outcome of those who have.
    patience: Option<(Span, Outcome)>,
    connecting: Option<Box<Connecting>>,
}

/// What it takes to make a connection, and for how long it is kept.
#[derive(Clone, Debug)]
struct Connecting {
    time: Sampler,
    idle_max: Span,
    age_max: Span,
}

/// To give it back.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    /// Whether it is kept for others.
    keeps: bool,
}

impl Pool {
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        if self.name.as_deref().unwrap_or_default().is_empty() {
            problems
                .error(format!("{path}.name"), "a pool needs a name")
                .advise("write for example `name: db`");
        }
        self.check_limits(path, problems);
        super::check_block(&self.steps, &format!("{path}.do"), problems);
    }
    /// Checks the pool of a call.
    pub(super) fn check_of_call(&self, path: &str, problems: &mut Problems) {
        if !self.steps.is_empty() {
            problems
                .error(
                    format!("{path}.do"),
                    "the pool of a call is held during the call, and has no `do`",
                )
                .advise(
                    "leave it out, or write a step `pool: { name: …, max: …, do: [ call: … ] }`",
                );
        }
        if self.name.as_deref() == Some("") {
            problems.error(format!("{path}.name"), "a pool needs a name");
        }
        self.check_limits(path, problems);
    }
    fn check_limits(&self, path: &str, problems: &mut Problems) {
        if self.max == Count(0) {
            problems
                .error(format!("{path}.max"), "no request could ever get a connection of this pool")
                .advise("write `max: 10`, or leave the pool out");
        }
        match &self.name {
            None if self.per == Scope::Shared => problems
                .error(path, "a shared pool needs a name")
                .advise("write for example `name: db`"),
            name => self.per.check(Kind::Pool, name.as_deref().unwrap_or_default(), path, problems),
        }
        if let Some(connect) = &self.connect {
            connect.check(&format!("{path}.connect"), problems);
        }
        for (name, span) in
            [("idle_timeout", self.idle_timeout), ("max_lifetime", self.max_lifetime)]
        {
            if span.is_some() && self.connect.is_none() {
                problems
                    .warning(
                        format!("{path}.{name}"),
                        format!("`{name}` has no effect, as it takes no time to make a connection"),
                    )
                    .advise("add for example `connect: 5ms`, or leave it out");
            }
        }
    }
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        if let Some(connect) = &mut self.connect {
            connect.load(folder, &format!("{path}.connect"), problems);
        }
        super::load_block(&mut self.steps, folder, &format!("{path}.do"), problems);
    }
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        let way = Way::Held(self.holding(self.name.as_deref().unwrap_or_default()));
        let arm = Arm { steps: &self.steps, weight: 1.0, is_measured: false };
        asks::block(At::Key(&at, "pool.do"), way, &[arm], visitor);
    }
    /// What is held, under this name.
    pub(super) fn holding<'s>(&self, name: &'s str) -> Holding<'s> {
        let (scope, units) = (self.per, self.max.0);
        Holding { kind: Kind::Pool, name, scope, units, gives_up: self.wait.is_some(), keys: None }
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        self.compile_around(Kind::Pool, self.name.as_deref().unwrap_or_default(), to, &mut |to| {
            self.steps.iter().for_each(|step| step.compile(to));
        });
    }
    /// Compiles the pool of this kind and name around what `inside` compiles.
    pub(super) fn compile_around(
        &self,
        kind: Kind,
        name: &str,
        to: &mut dyn Compiler,
        inside: &mut dyn FnMut(&mut dyn Compiler),
    ) {
        let rows = to.resource(kind.word(), name, self.per, self.max.0, None);
        let part = to.part(kind.word());
        let patience = self.wait.map(|wait| (wait, to.outcome("pool_timeout")));
        let keeps = self.connect.is_some();
        let connecting = self.connect.as_ref().map(|law| {
            Box::new(Connecting {
                time: to.sampler("connect", law.compile()),
                idle_max: self.idle_timeout.unwrap_or(Span(u64::MAX)),
                age_max: self.max_lifetime.unwrap_or(Span(u64::MAX)),
            })
        });
        to.emit(super::Op::Pool(Op { rows, part, patience, connecting }));
        inside(to);
        to.emit(super::Op::Release(Release { keeps }));
    }
}

impl Connecting {
    /// Takes the idle connection that was used last, if it may still be used; when it was made.
    fn reuse(&self, idle: &mut Vec<Connection>, now: Time) -> Option<Time> {
        while let Some(Connection { made, idle_since }) = idle.pop() {
            if now - idle_since <= self.idle_max && now - made <= self.age_max {
                return Some(made);
            }
        }
        None
    }
}

impl Op {
    fn unit(&self, request: &Request) -> Unit {
        Unit { row: self.rows.of(request), key: 0 }
    }
    /// One who waits does so no longer: its timer is called off.
    fn call_off(&self, stage: &mut Stage, request: &Request) {
        if self.patience.is_some() {
            stage.timers.end(TimerId::unpack(request.scratch));
            stage.calendar.note_stale();
        }
    }
    /// One who waits gives up; who connects does not wait.
    fn abandon(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) {
        if request.granted {
            self.call_off(stage, request);
            stage.give_up(self.unit(request), leaving);
        }
        stage.charge(request, leaving.slot, self.part);
    }
    /// A unit is there: it is a connection, or one has to be made.
    fn connect(&self, stage: &mut Stage, request: &mut Request, slot: u32, row: u32) -> Then {
        let now = stage.now();
        let Some(connecting) = &self.connecting else {
            stage.frames.open(request, u64::from(row), 0);
            return Then::Next;
        };
        let made = connecting.reuse(&mut stage.shared[row as usize].idle, now);
        let span = connecting.time.span(request.key);
        stage.frames.open(request, u64::from(row), made.unwrap_or(now).0);
        if made.is_some() {
            return Then::Next;
        }
        request.parts.mark = now;
        stage.free_core(request);
        stage.after(span, Event::Woken, request, slot);
        Then::Park
    }
}

/// A connection is given back; whether it is kept for others.
fn give_back(stage: &mut Stage, frame: &Frame, keeps: bool) {
    let (row, now) = (frame.a as u32, stage.now());
    if keeps {
        let connection = Connection { made: Time(frame.b), idle_since: now };
        stage.shared[row as usize].idle.push(connection);
    }
    stage.give(Unit::unpack(frame.a));
}

impl Act for Op {
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        let row = self.rows.of(request);
        if request.granted {
            request.granted = false;
            self.call_off(stage, request);
            stage.charge(request, slot, self.part);
            return self.connect(stage, request, slot, row);
        }
        let now = stage.now();
        if stage.shared[row as usize].units.take(now, slot, 1) == Answer::Granted {
            return self.connect(stage, request, slot, row);
        }
        request.parts.mark = now;
        request.granted = true;
        if let Some((wait, _)) = self.patience {
            let timer = stage.timers.set(request.id(slot));
            request.scratch = timer.pack();
            stage.calendar.schedule_in(wait, Event::Timer(timer));
        }
        stage.free_core(request);
        Then::Park
    }
    /// The connection has been made.
    #[inline(never)]
    fn wake(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        stage.charge(request, slot, self.part);
        Then::Next
    }
    /// It has waited for too long.
    fn alarm(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) -> Then {
        request.granted = false;
        stage.give_up(self.unit(request), leaving);
        stage.charge(request, leaving.slot, self.part);
        if let Some((_, outcome)) = self.patience {
            request.outcome = outcome;
        }
        Then::Answer
    }
    fn leave(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) -> Left {
        if self.awaits_event(request) {
            stage.calendar.note_stale();
        }
        self.abandon(stage, request, leaving);
        Left::Gone
    }
    fn struck(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) {
        self.abandon(stage, request, leaving);
    }
    fn close(&self, stage: &mut Stage, request: &Request, frame: &Frame) {
        // What may still be answered on it cannot be told from the answer to the next request.
        let is_broken =
            [Outcome::TIMEOUT, Outcome::LOST, Outcome::CRASHED].contains(&request.outcome);
        give_back(stage, frame, self.connecting.is_some() && !is_broken);
    }
    fn waits(&self, request: &Request) -> Waits {
        match request.granted && self.patience.is_none() {
            true => Waits::Unit(self.unit(request)),
            false => Waits::Nothing,
        }
    }
    fn awaits_event(&self, request: &Request) -> bool {
        !request.granted
    }
    fn holds(&self, frame: &Frame) -> Option<Unit> {
        Some(Unit::unpack(frame.a))
    }
}

impl Act for Release {
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, _: u32) -> Then {
        let frame = stage.frames.close(request);
        give_back(stage, &frame, self.keeps);
        Then::Next
    }
}

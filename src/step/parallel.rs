//! `parallel: [ [ … ], [ … ] ]`: do several things at once, and wait for them.
//!
//! Law: each branch is a request of its own in the same instance (a *guest*): it has no door and no
//! place, and draws in a scope of its own. The step is over when all branches have succeeded
//! (`join: all`), when one has (`any`) or when a number of them have (`quorum: n`); then those that
//! are still running are called off (`sim/endings.rs`), unless `keep: true` lets them run on. It
//! fails as soon as too many have failed, with the outcome of the last of them; and with `timeout`
//! if it takes longer than `within`. Of the latency, the branch that ended it gives its parts
//! (law 4 holds to the nanosecond); what all branches spend is told of each by itself.
//! With exponential branches of rate μ the times to join are order statistics: the mean of all of k
//! is H(k)/μ, of any of k 1/(kμ) (David, Nagaraja 2003, §2.5).
//! Checked: `fanout10_all` and others in `tests/it/theory.rs`, `tests/it/parallel.rs`.

use super::asks::{self, Asks, At, Way};
use super::{Act, Compiler, Ended, Leaving, Left, Stage, Step, Then, Waits};
use crate::kernel::{Event, TimerId};
use crate::problem::Problems;
use crate::random::keys::Salt;
use crate::request::{Birth, Fate, Frame, Outcome, Part, Request};
use crate::units::Span;
use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use std::path::Path;

/// `parallel: [ [ call: a.x ], [ call: b.y ] ]`, or with fields:
/// `parallel: { join: any, within: 50ms, branches: [ … ] }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parallel {
    /// When the step is over.
    #[serde(skip_serializing_if = "Join::is_all")]
    pub join: Join,
    /// How long it may take; for ever if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
    /// Whether branches run on that are no longer waited for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
    /// The steps of each branch.
    pub branches: Vec<Vec<Step>>,
}

/// When `parallel` is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// When all branches have succeeded.
    #[default]
    All,
    /// When one has.
    Any,
    /// When this number of them have.
    Quorum(u32),
}

impl Join {
    fn is_all(&self) -> bool {
        *self == Join::All
    }
}

/// The long form.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ParallelFields")]
struct Fields {
    /// When the step is over.
    #[serde(default)]
    join: Join,
    /// How long it may take; then it fails with the outcome `timeout`.
    within: Option<Span>,
    /// Whether branches run on that are no longer waited for; they are called off if not given.
    #[serde(default)]
    keep: bool,
    /// The steps of each branch.
    branches: Vec<Vec<Step>>,
}

impl JsonSchema for Parallel {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Parallel".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "anyOf": [generator.subschema_for::<Vec<Vec<Step>>>(), generator.subschema_for::<Fields>()] })
    }
}

impl<'de> Deserialize<'de> for Parallel {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> serde::de::Visitor<'de> for Words {
            type Value = Parallel;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a list of branches, each a list of steps, or the fields of `parallel`")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                list: A,
            ) -> Result<Parallel, A::Error> {
                let branches = Vec::deserialize(SeqAccessDeserializer::new(list))?;
                Ok(Parallel { join: Join::All, within: None, keep: false, branches })
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Parallel, A::Error> {
                let Fields { join, within, keep, branches } =
                    Fields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Parallel { join, within, keep, branches })
            }
        }
        from.deserialize_any(Words)
    }
}

/// More branches than any request has.
const BRANCHES_MAX: usize = 10_000;

/// The compiled form.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    branches: Box<[OneBranch]>,
    /// How many must succeed.
    needed: u32,
    within: Option<Span>,
    keep: bool,
    /// How many ops there are to behind the last branch.
    past: u32,
}

/// A branch.
#[derive(Clone, Copy, Debug)]
struct OneBranch {
    /// How many ops there are to its first.
    ahead: u32,
    flow: u32,
    salt: Salt,
}

/// The two words of the step's frame.
#[derive(Clone, Copy)]
struct Joining {
    family: u32,
    succeeded: u16,
    failed: u16,
    timer: Option<TimerId>,
}

impl Joining {
    fn words(self) -> (u64, u64) {
        let a =
            u64::from(self.family) << 32 | u64::from(self.succeeded) << 16 | u64::from(self.failed);
        (a, self.timer.map_or(u64::MAX, TimerId::pack))
    }
    fn of(frame: &Frame) -> Joining {
        Joining {
            family: (frame.a >> 32) as u32,
            succeeded: (frame.a >> 16) as u16,
            failed: frame.a as u16,
            timer: (frame.b != u64::MAX).then(|| TimerId::unpack(frame.b)),
        }
    }
}

impl Parallel {
    fn needed(&self) -> usize {
        match self.join {
            Join::All => self.branches.len(),
            Join::Any => 1,
            Join::Quorum(n) => n as usize,
        }
    }
    /// Where its branches stand: the short form has no fields.
    fn branches_at(&self) -> &'static str {
        match self.join.is_all() && self.within.is_none() && !self.keep {
            true => "",
            false => ".branches",
        }
    }
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        let at = self.branches_at();
        let count = self.branches.len();
        if count == 0 || count > BRANCHES_MAX {
            problems
                .error(path, format!("`parallel` has 1 to {BRANCHES_MAX} branches, not {count}"))
                .advise("write a list of branches: `parallel: [ [ call: a.x ], [ call: b.y ] ]`");
        } else if self.needed() == 0 || self.needed() > count {
            problems
                .error(
                    format!("{path}.join"),
                    format!("a quorum of {count} branches is 1 to {count}, not {}", self.needed()),
                )
                .advise(format!("write `join: {{ quorum: {} }}`", count / 2 + 1));
        }
        if self.within == Some(Span::ZERO) {
            problems
                .error(format!("{path}.within"), "a limit of 0s can never be met")
                .advise("give it some time, or leave it out to wait for ever");
        }
        for (index, steps) in self.branches.iter().enumerate() {
            super::check_block(steps, &format!("{path}{at}[{index}]"), problems);
        }
    }
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        let at = self.branches_at();
        for (index, steps) in self.branches.iter_mut().enumerate() {
            super::load_block(steps, folder, &format!("{path}{at}[{index}]"), problems);
        }
    }
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        let arms: Vec<asks::Arm> = self
            .branches
            .iter()
            .map(|steps| asks::Arm { steps, weight: 1.0, is_measured: true })
            .collect();
        let way = Way::AtOnce { needed: self.needed(), is_limited: self.within.is_some() };
        let key = format!("parallel{}", self.branches_at());
        asks::block(At::Key(&at, &key), way, &arms, visitor);
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        to.calls_off();
        let name = to.block("parallel");
        let start = to.reserve_op();
        let mut branches = Vec::new();
        for (index, steps) in self.branches.iter().enumerate() {
            let flow = to.guests(&format!("{name}[{index}]"));
            branches.push(OneBranch { ahead: to.here() - start, flow, salt: to.salt("parallel") });
            steps.iter().for_each(|step| step.compile(to));
            to.emit(super::Op::Answer);
        }
        to.makes(branches.len());
        to.put(
            start,
            super::Op::Parallel(Op {
                branches: branches.into(),
                needed: self.needed() as u32,
                within: self.within,
                keep: self.keep,
                past: to.here() - start,
            }),
        );
    }
}

impl Act for Op {
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        request.parts.mark = stage.now();
        stage.free_core(request);
        let timer = self.within.map(|within| {
            let timer = stage.timers.set(request.id(slot));
            stage.calendar.schedule_in(within, Event::Timer(timer));
            timer
        });
        let family = stage.families.begin();
        let (a, b) = Joining { family, succeeded: 0, failed: 0, timer }.words();
        for branch in &self.branches {
            stage.births.push(Birth {
                key: request.key.child(branch.salt, 0),
                flow: branch.flow,
                step: request.step + branch.ahead,
                family,
            });
        }
        stage.frames.open(request, a, b);
        Then::Fork
    }
    fn answered(&self, stage: &mut Stage, request: &mut Request, slot: u32, ended: &Ended) -> Then {
        let frame = stage.frames.top(request);
        let mut joining = Joining::of(frame);
        match ended.outcome {
            Outcome::OK => joining.succeeded += 1,
            _ => joining.failed += 1,
        }
        (frame.a, frame.b) = joining.words();
        let succeeds = u32::from(joining.succeeded) == self.needed;
        let fails = u32::from(joining.failed) > self.branches.len() as u32 - self.needed;
        if !succeeds && !fails {
            return Then::Park;
        }
        let frame = stage.frames.close(request);
        self.close(stage, request, &frame);
        request.parts.charge(Part::Abandoned, ended.started);
        stage.take_over(request, slot, ended);
        if fails {
            request.outcome = ended.outcome;
            return Then::Answer;
        }
        request.step += self.past;
        Then::Stay
    }
    /// It has taken too long.
    fn alarm(&self, stage: &mut Stage, request: &mut Request, _: Leaving) -> Then {
        let frame = stage.frames.top(request);
        frame.b = u64::MAX;
        let frame = stage.frames.close(request);
        self.close(stage, request, &frame);
        request.parts.charge(Part::Abandoned, stage.now());
        request.outcome = Outcome::TIMEOUT;
        Then::Answer
    }
    fn waits(&self, _: &Request) -> Waits {
        Waits::Branches { ends: self.within.is_some(), keeps: self.keep }
    }
    fn leave(&self, _: &mut Stage, _: &mut Request, _: Leaving) -> Left {
        // Its frame is closed on the way out, which calls off its branches.
        Left::Gone
    }
    fn close(&self, stage: &mut Stage, _: &Request, frame: &Frame) {
        let Joining { family, timer, .. } = Joining::of(frame);
        if let Some(timer) = timer {
            stage.timers.end(timer);
            stage.calendar.note_stale();
        }
        let fate = if self.keep { Fate::Left } else { Fate::CalledOff };
        let doomed = &mut *stage.doomed;
        stage.families.end(family, |member| doomed.push((member, fate)));
    }
}

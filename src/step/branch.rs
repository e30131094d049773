//! `branch: [ { p, do }, { do } ]`: do one of several things, chosen by chance.
//!
//! Law: one arm is chosen, with its probability, by a draw under the request's key. What is left of
//! 100 % is that of the one arm without `p`; without such an arm the request then goes on. The
//! executions of an arm with a `label` are measured (`measure/arm.rs`).
//! Checked: `tests/it/blocks.rs`, `tests/it/labels.rs`.

use super::asks::{self, Asks, At, Way};
use super::{Act, Compiler, Stage, Step, Then};
use crate::problem::Problems;
use crate::random::keys::Salt;
use crate::request::{Frame, Request};
use crate::units::{Share, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `branch: [ { p: 20%, do: [ call: db.read ] }, { do: [ cpu: 1ms ] } ]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Branch(pub Vec<Arm>);

/// One of the things that may be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Its probability; what the others leave, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<Share>,
    /// A name under which its executions are measured: their number, share and latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Its steps.
    #[serde(rename = "do")]
    pub steps: Vec<Step>,
}

/// The compiled form: the choice.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    salt: Salt,
    /// Of each arm, the sum of the probabilities up to it, and how many ops there are to its first.
    arms: Box<[(f64, u32)]>,
    /// How many ops there are to behind the last.
    past: u32,
    /// The arms with labels.
    labelled: std::ops::Range<u32>,
}

/// The end of an arm.
#[derive(Clone, Debug)]
pub(crate) struct Jump {
    pub past: u32,
}

/// The beginning of an arm with a label.
#[derive(Clone, Debug)]
pub(crate) struct Labelled {
    arm: u32,
}

/// The end of an arm with a label.
#[derive(Clone, Debug)]
pub(crate) struct Passed;

/// Sums of shares that are written in percent miss 1 by less.
const ROUNDING: f64 = 1e-9;

impl Arm {
    fn asked(&self, weight: f64) -> asks::Arm<'_> {
        asks::Arm { steps: &self.steps, weight, is_measured: self.label.is_some() }
    }
}

impl Branch {
    /// The probabilities that are given, together.
    fn given(&self) -> f64 {
        self.0.iter().filter_map(|arm| arm.p).map(|p| p.fraction).sum()
    }
    /// Each arm and its probability.
    fn arms(&self) -> impl Iterator<Item = (&Arm, f64)> {
        let rest = (1.0 - self.given()).max(0.0);
        self.0.iter().map(move |arm| (arm, arm.p.map_or(rest, |p| p.fraction)))
    }
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        if self.0.is_empty() {
            problems
                .error(path, "a branch needs at least one arm")
                .advise("write for example `branch: [ { p: 20%, do: [ cpu: 5ms ] } ]`");
        }
        let given = self.given();
        if given > 1.0 + ROUNDING {
            problems
                .error(
                    path,
                    format!(
                        "the probabilities of these arms add up to {}",
                        Share { fraction: given }
                    ),
                )
                .advise("one arm is chosen, so they add up to at most 100%");
        }
        let rests: Vec<usize> =
            self.0.iter().enumerate().filter(|(_, arm)| arm.p.is_none()).map(|(i, _)| i).collect();
        if let Some(second) = rests.get(1) {
            problems
                .error(
                    format!("{path}[{second}]"),
                    "a second arm without `p`: only one can have what the others leave",
                )
                .advise("give it a `p`");
        }
        if rests.len() == 1 && self.0.len() > 1 && given >= 1.0 - ROUNDING {
            problems
                .warning(
                    format!("{path}[{}]", rests[0]),
                    "this arm is never chosen: the others add up to 100%",
                )
                .advise("lower the `p` of another, or leave this arm out");
        }
        for (index, arm) in self.0.iter().enumerate() {
            if arm.label.as_ref().is_some_and(|label| label.is_empty() || label.contains('#')) {
                problems
                    .error(format!("{path}[{index}].label"), "a label is a name without `#`")
                    .advise("write for example `label: hit`, or leave it out");
            }
            let before = self.0[..index].iter().filter_map(|arm| arm.label.as_ref());
            if let Some(label) = &arm.label
                && before.into_iter().any(|other| other == label)
            {
                problems
                    .error(
                        format!("{path}[{index}].label"),
                        format!("an arm before has the label `{label}` too"),
                    )
                    .advise("choose another, so that the results tell them apart");
            }
            super::check_block(&arm.steps, &format!("{path}[{index}].do"), problems);
        }
    }
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        for (index, arm) in self.0.iter_mut().enumerate() {
            super::load_block(&mut arm.steps, folder, &format!("{path}[{index}].do"), problems);
        }
    }
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        let arms: Vec<asks::Arm> = self.arms().map(|(arm, weight)| arm.asked(weight)).collect();
        asks::block(At::Key(&at, "branch"), Way::One, &arms, visitor);
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        let salt = to.salt("branch");
        let start = to.reserve_op();
        let (mut arms, mut ends, mut up_to) = (Vec::new(), Vec::new(), 0.0);
        // Those with labels come one after the other, and before those within them.
        let labels: Vec<Option<u32>> =
            self.0.iter().map(|arm| arm.label.as_ref().map(|label| to.arm(label))).collect();
        for ((arm, p), label) in self.arms().zip(&labels) {
            up_to += p;
            arms.push((up_to, to.here() - start));
            if let Some(arm) = *label {
                to.emit(super::Op::Labelled(Labelled { arm }));
            }
            arm.steps.iter().for_each(|step| step.compile(to));
            if label.is_some() {
                to.emit(super::Op::Passed(Passed));
            }
            ends.push(to.reserve_op());
        }
        let ids: Vec<u32> = labels.into_iter().flatten().collect();
        let first = ids.first().copied().unwrap_or_default();
        let labelled = first..first + ids.len() as u32;
        let end = to.here();
        for at in ends {
            to.put(at, super::Op::Jump(Jump { past: end - at }));
        }
        if up_to > 1.0 - ROUNDING
            && let Some(last) = arms.last_mut()
        {
            last.0 = 1.0;
        }
        to.put(
            start,
            super::Op::Branch(Op { salt, arms: arms.into(), past: end - start, labelled }),
        );
    }
}

impl Act for Op {
    const IS_RICH: bool = false;
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, _: u32) -> Then {
        let u = request.key.draw(self.salt).uniform();
        let arm = self.arms.iter().find(|(up_to, _)| u < *up_to);
        request.step += arm.map_or(self.past, |(_, at)| *at);
        if !self.labelled.is_empty() && stage.measured {
            let own = self.labelled.start as usize..self.labelled.end as usize;
            stage.arms[own].iter_mut().for_each(|arm| arm.of += 1);
        }
        Then::Stay
    }
}

impl Act for Labelled {
    fn begin(&self, stage: &mut Stage, request: &mut Request, _: u32) -> Then {
        let now = stage.now();
        stage.arms[self.arm as usize].chosen += u64::from(stage.measured);
        stage.frames.open(request, u64::from(self.arm), now.0);
        Then::Next
    }
    /// It has not come to its end.
    fn close(&self, stage: &mut Stage, _: &Request, frame: &Frame) {
        stage.arms[frame.a as usize].failed += u64::from(Time(frame.b) >= stage.measured_from);
    }
}

impl Act for Passed {
    fn begin(&self, stage: &mut Stage, request: &mut Request, _: u32) -> Then {
        let frame = stage.frames.close(request);
        let began = Time(frame.b);
        if began >= stage.measured_from {
            let latency = stage.now() - began;
            stage.arms[frame.a as usize].complete(latency);
        }
        Then::Next
    }
}

impl Act for Jump {
    const IS_RICH: bool = false;
    #[inline(always)]
    fn begin(&self, _: &mut Stage, request: &mut Request, _: u32) -> Then {
        request.step += self.past;
        Then::Stay
    }
}

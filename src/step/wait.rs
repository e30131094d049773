//! `wait: d`: await I/O that is not modelled further. The loop or core is free meanwhile.
//!
//! Law: the request goes on after `d`, whatever else happens (an infinite-server station). The core
//! is given back when the wait begins. Consecutive waits count once in `io_waiting`. A label
//! (`wait: { for: 2ms, label: db }`) is reported apart as `time_in.io.db`. A wait of exactly 0 s is
//! a yield, as `asyncio.sleep(0)`: whoever is ready goes first, and then the request, without an
//! event.
//! Checked: `tests/it/theory.rs` (event loop with I/O; `mm1_feedback_p20`).

use super::asks::{Asks, At};
use super::{Act, Compiler, Leaving, Left, Load, Stage, Then, load, plain_or_fields};
use crate::kernel::Event;
use crate::problem::Problems;
use crate::random::dists::{Dist, Sampler};
use crate::request::{Flag, NONE, Part, Place, Request};
use crate::units::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::path::Path;

/// `wait: 12ms`, `wait: { exp: 12ms }` or `wait: { for: 12ms, label: db }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Wait {
    /// The length of the wait.
    #[serde(rename = "for")]
    pub span: Dist<Span>,
    /// What is awaited: `db`, `cache`, `llm`, `disk`, `http`, or any word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How much longer it takes, the more requests are in flight at the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
}

/// The compiled form.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub span: Sampler,
    /// Id of the label, or [`NONE`].
    pub label: u32,
}

/// A wait of 0 s.
#[derive(Clone, Debug)]
pub(crate) struct Yield;

/// The long form of a wait.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WaitFields")]
struct Fields {
    /// The length of the wait.
    #[serde(rename = "for")]
    span: Dist<Span>,
    /// What is awaited: `db`, `cache`, `llm`, `disk`, `http`, or any word.
    label: Option<String>,
    /// How much longer it takes, the more requests are in flight at the instance.
    load: Option<Load>,
}

impl JsonSchema for Wait {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Wait".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "anyOf": [generator.subschema_for::<Dist<Span>>(), generator.subschema_for::<Fields>()] })
    }
}

impl<'de> Deserialize<'de> for Wait {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        plain_or_fields(from, &["for", "label", "load"], Wait::new, |fields| {
            let Fields { span, label, load } = fields;
            Wait { span, label, load }
        })
    }
}

impl Wait {
    /// A wait of this length.
    pub fn new(span: Dist<Span>) -> Wait {
        Wait { span, label: None, load: None }
    }
    /// Whether it is a wait of exactly 0 s.
    pub(super) fn is_yield(&self) -> bool {
        let span = self.span.compile();
        (span.mean(), span.variance()) == (0.0, 0.0)
    }
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        self.span.check(path, problems);
        if let Some(load) = &self.load {
            load.check(&format!("{path}.load"), problems);
        }
    }
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        self.span.load(folder, path, problems);
    }
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        load::asks(self.load.as_ref(), at, visitor);
        visitor.wait(at, &self.span);
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        if self.is_yield() {
            return to.emit(super::Op::Yield(Yield));
        }
        let span = to.sampler("wait", self.span.compile());
        let label = self.label.as_ref().map_or(NONE, |label| to.label(label));
        let (wait, slow) = (Op { span, label }, to.slow_waits());
        to.emit(if self.load.is_none() && slow.is_empty() {
            super::Op::Wait(wait)
        } else {
            super::Op::Longer(load::Wait::new(wait, self.load.as_ref(), slow))
        });
    }
}

impl Op {
    /// Begins a wait of this length.
    #[inline(always)]
    pub(super) fn begin_for(
        &self,
        stage: &mut Stage,
        request: &mut Request,
        slot: u32,
        span: Span,
    ) -> Then {
        let now = stage.now();
        request.parts.mark = now;
        stage.gauges[request.instance as usize].io.add(now, 1);
        stage.after(span, Event::Woken, request, slot);
        stage.free_core(request);
        Then::Park
    }
}

impl Act for Op {
    const IS_RICH: bool = false;
    #[inline(always)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        self.begin_for(stage, request, slot, self.span.span(request.key))
    }
    #[inline(always)]
    fn wake(&self, stage: &mut Stage, request: &mut Request, _: u32) -> Then {
        let now = stage.now();
        let waited = request.parts.charge(Part::Io, now);
        stage.gauges[request.instance as usize].io.subtract(now, 1);
        // Of what runs at once, only the branch that ends it is in the latency.
        if self.label != NONE
            && request.started >= stage.measured_from
            && !request.has(Flag::GUEST)
            && request.place() == Place::Inside
        {
            stage.labels_ns[self.label as usize] += u128::from(waited.0);
        }
        Then::Next
    }
    fn leave(&self, stage: &mut Stage, request: &mut Request, _: Leaving) -> Left {
        stage.gauges[request.instance as usize].io.subtract(stage.now(), 1);
        stage.calendar.note_stale();
        Left::Gone
    }
    fn awaits_event(&self, _: &Request) -> bool {
        true
    }
    fn part(&self, _: &Request) -> Part {
        Part::Io
    }
}

/// Whether a request that yields has its turn; if not yet, it stands behind those who are ready.
#[inline(always)]
pub(super) fn has_yielded(stage: &mut Stage, request: &mut Request, slot: u32) -> bool {
    if request.granted {
        request.granted = false;
        return true;
    }
    request.granted = true;
    request.parts.mark = stage.now();
    stage.free_core(request);
    stage.runnable.push(slot);
    false
}

impl Act for Yield {
    const IS_RICH: bool = false;
    #[inline(always)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        if has_yielded(stage, request, slot) { Then::Next } else { Then::Park }
    }
    fn part(&self, _: &Request) -> Part {
        Part::Io
    }
}

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

pub(crate) mod asks;
pub(crate) mod call;
pub(crate) mod cpu;
pub(crate) mod fail;
pub(crate) mod memory;
pub(crate) mod wait;

pub use call::Call;
pub use cpu::Cpu;
pub use fail::Fail;
pub use memory::Memory;
pub use wait::Wait;

use asks::{Asks, At};

use crate::kernel::{Calendar, Event, RequestId};
use crate::problem::{Problems, Refusal};
use crate::random::dists::{Dist, Distribution, Sampler};
use crate::random::keys::Salt;
use crate::request::{Flag, Outcome, Part, Request, Runnable};
use crate::server::Gauges;
use crate::server::cores::{self, RunQueue};
use crate::server::Memory as InstanceMemory;
use crate::units::{Quantity, Span, Time, bare};
use schemars::JsonSchema;
use serde::de::{MapAccess, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use std::path::Path;

macro_rules! catalogue {
    ($($(#[doc = $doc:literal])+ $module:ident: $name:ident,)+) => {
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
            /// The program is done: answer.
            Answer,
        }

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

        impl Act for Op {
            #[inline(always)]
            fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
                match self {
                    $(Op::$name(op) => op.begin(stage, request, slot),)+
                    Op::Answer => Then::Answer,
                }
            }
            #[inline(always)]
            fn wake(&self, stage: &mut Stage, request: &mut Request) -> Then {
                match self {
                    $(Op::$name(op) => op.wake(stage, request),)+
                    Op::Answer => unreachable!("an answer waits for nothing"),
                }
            }
            fn part(&self, request: &Request) -> Part {
                match self {
                    $(Op::$name(op) => op.part(request),)+
                    Op::Answer => Part::Abandoned,
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
    /// Reserve memory until the response has left.
    memory: Memory,
    /// Call an endpoint of another service, and wait for its answer.
    call: Call,
    /// Answer with an error now, with a probability.
    fail: Fail,
}

/// What a step needs from the plan while it is compiled.
pub(crate) trait Compiler {
    /// A sampler whose draws are addressed by this step's place in the endpoint.
    fn sampler(&mut self, what: &str, law: Distribution) -> Sampler;
    /// A salt for this step.
    fn salt(&mut self, what: &str) -> Salt;
    /// Adds memory to what the endpoint reserves before its first burst.
    fn reserve(&mut self, sampler: Sampler);
    /// The id of a call from here to an endpoint.
    fn call(&mut self, call: &Call) -> u32;
    /// The id of a label of waits.
    fn label(&mut self, name: &str) -> u32;
    /// The outcome of an error status.
    fn error(&mut self, status: u16) -> Outcome;
    /// Appends to the program.
    fn emit(&mut self, op: Op);
}

/// How a step of a compiled program acts on the request that has come to it.
pub(crate) trait Act {
    /// Begins the step, or goes on with it once what it waited for is granted.
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then;
    /// The time that the step wrote down with [`Event::Woken`] has come.
    #[inline(always)]
    fn wake(&self, _: &mut Stage, _: &mut Request) -> Then {
        unreachable!("only a step that has asked for it is woken")
    }
    /// The part of its latency that a request in this step is in.
    fn part(&self, _: &Request) -> Part {
        Part::Abandoned
    }
}

/// How a request goes on after a step has begun.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Then {
    /// With the next step, now.
    Next,
    /// When something happens that has been written down: an event, or its turn in a queue.
    Park,
    /// By calling.
    Call,
    /// By answering, with the outcome it now has: `ok` if no step has set another.
    Answer,
}

/// What a step may touch beside its request: the components of the instances and workers that serve
/// it. A step looks up what it needs.
pub(crate) struct Stage<'a> {
    pub queues: &'a mut [RunQueue],
    pub gauges: &'a mut [Gauges],
    pub memories: &'a mut [InstanceMemory],
    pub calendar: &'a mut Calendar,
    pub runnable: &'a mut Runnable,
    /// By label: time spent in such waits, ns, by requests of the measured part.
    pub labels_ns: &'a mut [u128],
    /// Requests that arrive from this time on are measured.
    pub measured_from: Time,
    /// Whether the measured part has begun.
    pub measured: bool,
}

impl Stage<'_> {
    #[inline(always)]
    pub(crate) fn now(&self) -> Time {
        self.calendar.now()
    }
    /// Writes down what will happen to the request in a slot.
    #[inline(always)]
    pub(crate) fn after(
        &mut self,
        span: Span,
        event: fn(RequestId) -> Event,
        request: &Request,
        slot: u32,
    ) {
        self.calendar.schedule_in(span, event(request.id(slot)));
    }
    /// Gives the core back, if the request holds one.
    #[inline(always)]
    pub(crate) fn free_core(&mut self, request: &mut Request) {
        if request.has(Flag::CORE) {
            request.clear(Flag::CORE);
            let (queue, gauges) = (
                &mut self.queues[request.worker as usize],
                &mut self.gauges[request.instance as usize],
            );
            if let Some(next) = cores::release(queue, gauges, self.calendar.now()) {
                self.runnable.push(next);
            }
        }
    }
}

/// A step that is written either as a plain value (`wait: 2ms`, `wait: { exp: 2ms }`) or as fields
/// (`wait: { for: 2ms, label: db }`). Reads a map by its first key: one of `fields` begins the
/// fields, anything else a distribution.
pub(crate) fn plain_or_fields<'de, D, Q, F, R>(
    from: D,
    first_fields: &'static [&'static str],
    plain: fn(Dist<Q>) -> R,
    fields: fn(F) -> R,
) -> Result<R, D::Error>
where
    D: Deserializer<'de>,
    Q: Quantity + Deserialize<'de>,
    F: Deserialize<'de>,
{
    struct Words<Q, F, R> {
        first_fields: &'static [&'static str],
        plain: fn(Dist<Q>) -> R,
        fields: fn(F) -> R,
    }
    impl<'de, Q: Quantity + Deserialize<'de>, F: Deserialize<'de>, R> serde::de::Visitor<'de>
        for Words<Q, F, R>
    {
        type Value = R;
        fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
            write!(f, "{}, or a distribution", Q::EXPECTING)
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<R, E> {
            crate::random::dists::plain(text)
                .map(|q| (self.plain)(Dist::constant(q)))
                .map_err(E::custom)
        }
        fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<R, E> {
            bare(n).map(|q| (self.plain)(Dist::constant(q)))
        }
        fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<R, E> {
            bare(n).map(|q| (self.plain)(Dist::constant(q)))
        }
        fn visit_f64<E: serde::de::Error>(self, n: f64) -> Result<R, E> {
            bare(n).map(|q| (self.plain)(Dist::constant(q)))
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<R, A::Error> {
            let Some(first) = map.next_key::<String>()? else {
                return Err(serde::de::Error::invalid_type(Unexpected::Unit, &self));
            };
            let is_field = self.first_fields.contains(&first.as_str());
            let mut rest = FirstKey { first: Some(first), map };
            if is_field {
                return F::deserialize(serde::de::value::MapAccessDeserializer::new(rest))
                    .map(self.fields);
            }
            let plain = Dist::deserialize(serde::de::value::MapAccessDeserializer::new(&mut rest))?;
            match rest.next_key::<String>()? {
                None => Ok((self.plain)(plain)),
                Some(key) => {
                    let refusal = Refusal::new(format!("`{key}` stands beside a distribution"));
                    Err(serde::de::Error::custom(refusal.help(format!(
                        "write the distribution under `{}`, beside `{key}`",
                        self.first_fields[0]
                    ))))
                }
            }
        }
    }
    from.deserialize_any(Words { first_fields, plain, fields })
}

/// A map whose first key has been read already.
struct FirstKey<A> {
    first: Option<String>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for FirstKey<A> {
    type Error = A::Error;
    fn next_key_seed<K: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(key) => seed.deserialize(serde::de::value::StringDeserializer::new(key)).map(Some),
            None => self.map.next_key_seed(seed),
        }
    }
    fn next_value_seed<V: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

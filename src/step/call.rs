//! `call: service.endpoint`: send a request over the link, be served, get the response. The
//! caller's loop is free meanwhile, its memory is not.
//!
//! Law: the call is a request of its own; what it spends is added, part by part, to its caller's
//! breakdown when it answers. If it does not answer within `timeout`, counted from the sending, the
//! caller goes on with outcome `timeout`, and the callee's work goes on in vain, unless `cancel`
//! says that it is called off. A failed call ends the caller's program: it answers with the same
//! outcome.
//! Checked: `tests/it/calls.rs`, `tests/it/cancel.rs`.

use super::asks::{Arm, Asks, At, Kind, Way};
use super::{Act, Compiler, Leaving, Left, Pool, Stage, Then, Waits};
use crate::kernel::RequestId;
use crate::problem::Problems;
use crate::random::keys::Salt;
use crate::request::{Fate, Request};
use crate::units::{Bytes, Span};
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, Serialize};
use std::path::Path;

/// `call: db.read` or `call: { to: db.read, timeout: 800ms }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Call {
    /// `service.endpoint`.
    pub to: String,
    /// Size of the request (links have no bandwidth yet, so it takes no time).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Bytes>,
    /// Size of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Bytes>,
    /// How long the caller waits for the answer; for ever if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// Whether the callee is cancelled at the `timeout`, and when its caller is cancelled. If not
    /// given, it continues after the `timeout`, and is cancelled when its caller is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel: Option<bool>,
    /// The pool whose connections the calls use; there are always enough if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<Box<Pool>>,
}

/// The compiled form.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    /// The flow that its requests are counted under.
    pub flow: u32,
    /// The first hop of their route.
    pub hop: u32,
    pub timeout: Option<Span>,
    /// Whether what it has sent is called off at the timeout.
    pub cancels: bool,
    /// Whether that goes on when the caller is called off.
    pub keeps: bool,
    pub salt: Salt,
}

/// The long form of a call.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CallFields")]
struct Fields {
    /// `service.endpoint`.
    to: String,
    /// Size of the request.
    request: Option<Bytes>,
    /// Size of the response.
    response: Option<Bytes>,
    /// How long the caller waits for the answer.
    timeout: Option<Span>,
    /// Whether the callee is cancelled at the `timeout`, and when its caller is cancelled. If not
    /// given, it continues after the `timeout`, and is cancelled when its caller is.
    cancel: Option<bool>,
    /// The pool whose connections the calls use; it is named after the called service if it has no
    /// `name`.
    pool: Option<Box<Pool>>,
}

impl JsonSchema for Call {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Call".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let short = schemars::json_schema!({ "type": "string", "description": "The endpoint, `service.endpoint`" });
        schemars::json_schema!({ "anyOf": [short, generator.subschema_for::<Fields>()] })
    }
}

impl<'de> Deserialize<'de> for Call {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> serde::de::Visitor<'de> for Words {
            type Value = Call;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an endpoint such as `db.read`, or the fields of a call")
            }
            fn visit_str<E: serde::de::Error>(self, to: &str) -> Result<Call, E> {
                Ok(Call::new(to))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Call, A::Error> {
                let Fields { to, request, response, timeout, cancel, pool } =
                    Fields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Call { to, request, response, timeout, cancel, pool })
            }
        }
        from.deserialize_any(Words)
    }
}

impl Call {
    /// A call of an endpoint, `service.endpoint`, that waits for the answer as long as it takes.
    pub fn new(to: impl Into<String>) -> Call {
        Call {
            to: to.into(),
            request: None,
            response: None,
            timeout: None,
            cancel: None,
            pool: None,
        }
    }
    /// Whether what the callee does may be called off, and is then done in part.
    pub(crate) fn may_be_cut(&self) -> bool {
        self.cancel == Some(true) && self.timeout.is_some()
    }
    /// The name of its pool: that of the called service, if it has none of its own.
    fn pool_name<'s>(&'s self, pool: &'s Pool) -> &'s str {
        let service = || self.to.split_once('.').map_or(self.to.as_str(), |(service, _)| service);
        pool.name.as_deref().unwrap_or_else(service)
    }
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        if self.timeout == Some(Span::ZERO) {
            problems
                .error(format!("{path}.timeout"), "a timeout of 0s can never be met")
                .advise("give it some time, or leave it out to wait for ever");
        }
        if self.cancel == Some(true) && self.timeout.is_none() {
            problems
                .warning(
                    format!("{path}.cancel"),
                    "without a `timeout`, `cancel: true` changes nothing",
                )
                .advise("add for example `timeout: 2s`");
        }
        if let Some(pool) = &self.pool {
            pool.check_of_call(&format!("{path}.pool"), problems);
        }
    }
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        if let Some(pool) = &mut self.pool {
            pool.load(folder, &format!("{path}.pool"), problems);
        }
    }
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        let Some(pool) = &self.pool else { return visitor.call(at, self) };
        let way = Way::Held(pool.holding(self.pool_name(pool)));
        visitor.block(At::Key(&at, "call.pool"), way);
        visitor.arm(Arm { steps: &[], weight: 1.0, is_measured: false });
        visitor.call(at, self);
        visitor.end();
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        let mut call = |to: &mut dyn Compiler| {
            if self.cancel == Some(true) {
                to.calls_off();
            }
            let op = to.call(self);
            to.emit(super::Op::Call(op));
        };
        match &self.pool {
            Some(pool) => pool.compile_around(Kind::Pool, self.pool_name(pool), to, &mut call),
            None => call(to),
        }
    }
}

impl Act for Op {
    const IS_RICH: bool = false;
    #[inline(always)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, _: u32) -> Then {
        request.parts.mark = stage.now();
        stage.free_core(request);
        Then::Call
    }
    fn waits(&self, _: &Request) -> Waits {
        Waits::Answer
    }
    fn leave(&self, stage: &mut Stage, request: &mut Request, _: Leaving) -> Left {
        let fate = if self.keeps { Fate::Left } else { Fate::CalledOff };
        stage.doomed.push((RequestId::unpack(request.scratch), fate));
        Left::Gone
    }
}

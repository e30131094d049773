//! `spawn: [ … ]`: begin something in the background, and go on.
//!
//! Law: what is spawned is a request of its own in the same instance (a *guest*): it has no door
//! and no place, draws in a scope of its own, and competes for the loop or the cores as every
//! other: its first burst begins when its parent next gives up the core, as with a task of asyncio.
//! No request waits for it: it outlives its parent, which does not fail with it, and a cancelled
//! parent leaves it running. A crash of the instance ends it, and so does the end of its life: an
//! autoscaler does not wait for it.
//! Checked: `tests/it/afterwards.rs`.

use super::asks::{self, Arm, Asks, At, Way};
use super::{Act, Compiler, Stage, Step, Then};
use crate::problem::Problems;
use crate::random::keys::Salt;
use crate::request::{Birth, NONE, Request};
use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use std::path::Path;

/// `spawn: [ cpu: 1ms, call: audit.log ]`, or `spawn: { do: [ … ] }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Spawn(pub Vec<Step>);

/// The long form.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SpawnFields")]
struct Fields {
    /// The steps.
    #[serde(rename = "do")]
    steps: Vec<Step>,
}

impl JsonSchema for Spawn {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Spawn".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "anyOf": [generator.subschema_for::<Vec<Step>>(), generator.subschema_for::<Fields>()] })
    }
}

impl<'de> Deserialize<'de> for Spawn {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> serde::de::Visitor<'de> for Words {
            type Value = Spawn;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a list of steps")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, list: A) -> Result<Spawn, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Spawn)
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Spawn, A::Error> {
                let Fields { steps } = Fields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Spawn(steps))
            }
        }
        from.deserialize_any(Words)
    }
}

/// The compiled form.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    flow: u32,
    salt: Salt,
    /// How many ops there are to behind what is spawned.
    past: u32,
}

impl Spawn {
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        super::check_block(&self.0, path, problems);
    }
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        super::load_block(&mut self.0, folder, path, problems);
    }
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        let arm = Arm { steps: &self.0, weight: 1.0, is_measured: true };
        asks::block(At::Key(&at, "spawn"), Way::Beside, &[arm], visitor);
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        let name = to.block("spawn");
        let start = to.reserve_op();
        let (flow, salt) = (to.guests(&name), to.salt("spawn"));
        self.0.iter().for_each(|step| step.compile(to));
        to.emit(super::Op::Answer);
        to.makes(1);
        to.put(start, super::Op::Spawn(Op { flow, salt, past: to.here() - start }));
    }
}

impl Act for Op {
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, _: u32) -> Then {
        stage.births.push(Birth {
            key: request.key.child(self.salt, 0),
            flow: self.flow,
            step: request.step + 1,
            family: NONE,
        });
        request.step += self.past;
        Then::Fork
    }
}

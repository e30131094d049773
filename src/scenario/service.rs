//! Services as written: instances, runtime, queue, endpoints with their steps.

use super::flow_balance::Resource;
use crate::policy::balance::Balance;
use crate::server::{Machine, Queue, Runtime};
use crate::step::Step;
use crate::units::{Bytes, Count};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

/// A service: equal instances behind a balancer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// How many instances.
    #[serde(default = "one")]
    pub replicas: u32,
    /// Which instance gets the next request.
    #[serde(default)]
    pub balance: Balance,
    /// What each runs on.
    #[serde(default)]
    pub instance: Machine,
    /// How each runs code.
    #[serde(default)]
    pub runtime: Runtime,
    /// Requests that wait to be admitted; without a limit if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Queue>,
    /// Requests inside one instance at once; without a limit if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<Count>,
    /// What can be asked of it, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub endpoints: IndexMap<String, Endpoint>,
    /// Instances that differ, by name, in place of `replicas`, `instance`, `runtime` and
    /// `endpoints`. What AsyncFlow 0.1 files become.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub instances: IndexMap<String, InstanceSpec>,
}

impl Service {
    /// Whether it turns requests away when its queue is full.
    pub(crate) fn sheds(&self) -> bool {
        self.queue.is_some()
            && self.max_in_flight.is_some()
            && self.balance != Balance::CentralQueue
    }
    /// Whether one of its endpoints calls another.
    pub(crate) fn calls(&self) -> bool {
        self.all_endpoints()
            .any(|endpoint| endpoint.steps.iter().any(|step| matches!(step, Step::Call(_))))
    }
    /// Its endpoints, and those of its named instances.
    pub(crate) fn all_endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints
            .values()
            .chain(self.instances.values().flat_map(|spec| spec.endpoints.values()))
    }
    /// A resource of it, in words, where it is called so.
    pub(crate) fn resource(&self, name: &str, resource: Resource) -> String {
        match resource {
            // Of instances that differ it is the busiest, and one of them is enough.
            Resource::Cores if self.instances.len() > 1 => {
                format!("the CPU of {name}'s busiest instance")
            }
            Resource::Cores => format!("{name}'s CPU"),
            Resource::Places => {
                let places = self
                    .max_in_flight
                    .map_or(String::new(), |places| format!(" (`max_in_flight: {places}`)"));
                format!("{name}'s places{places}")
            }
            Resource::Instances => format!("the time of {name}'s instances"),
            Resource::Memory => format!("{name}'s memory"),
        }
    }
    /// The cores that the runtimes of all its instances can use.
    pub(crate) fn cores(&self) -> u32 {
        match self.instances.is_empty() {
            true => self.runtime.cores(self.instance.cpu).saturating_mul(self.replicas),
            false => self
                .instances
                .values()
                .map(|spec| spec.runtime.cores(spec.instance.cpu))
                .fold(0, u32::saturating_add),
        }
    }
}

/// One instance with a name of its own; links may lead to it and from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceSpec {
    /// What it runs on.
    #[serde(default)]
    pub instance: Machine,
    /// How it runs code.
    #[serde(default)]
    pub runtime: Runtime,
    /// What it serves.
    pub endpoints: IndexMap<String, Endpoint>,
    /// The service that serves its requests next, in place of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<String>,
}

/// An endpoint: what a request does there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Endpoint {
    /// Size of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Bytes>,
    /// Size of a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Bytes>,
    /// What it does, in order.
    pub steps: Vec<Step>,
}

/// The long form of an endpoint.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EndpointFields")]
struct Fields {
    /// Size of a request.
    request: Option<Bytes>,
    /// Size of a response.
    response: Option<Bytes>,
    /// What it does, in order.
    steps: Vec<Step>,
}

impl JsonSchema for Endpoint {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Endpoint".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "anyOf": [generator.subschema_for::<Vec<Step>>(), generator.subschema_for::<Fields>()] })
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> serde::de::Visitor<'de> for Words {
            type Value = Endpoint;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a list of steps, or the fields of an endpoint")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                list: A,
            ) -> Result<Endpoint, A::Error> {
                let steps = Vec::deserialize(SeqAccessDeserializer::new(list))?;
                Ok(Endpoint { request: None, response: None, steps })
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Endpoint, A::Error> {
                let Fields { request, response, steps } =
                    Fields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Endpoint { request, response, steps })
            }
        }
        from.deserialize_any(Words)
    }
}

fn one() -> u32 {
    1
}

//! Services as written: instances, runtime, queue, endpoints with their steps.

use super::external::{self, External};
use super::flow_balance::Resource;
use crate::policy::balance::Balance;
use crate::policy::scale::Autoscale;
use crate::random::dists::Dist;
use crate::server::{Machine, Queue, Runtime};
use crate::step::asks::{Asks, At, EachCall, Holding, Kind, Way, ask};
use crate::step::{Call, Load, Step};
use crate::units::{Bytes, Count, Span};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A service: equal instances behind a balancer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Service {
    /// The number of instances; 1 if not given.
    #[serde(default = "one")]
    pub replicas: u32,
    /// How the balancer chooses an instance for each request; in turn if not given.
    #[serde(default)]
    pub balance: Balance,
    /// The machine that each instance runs on; one core without a limit of memory if not given.
    #[serde(default)]
    pub instance: Machine,
    /// How each instance runs code; an event loop if not given.
    #[serde(default)]
    pub runtime: Runtime,
    /// How the number of instances changes; it does not, if not given. Then `replicas` is the
    /// number at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscale: Option<Autoscale>,
    /// If it is a system of others: what is known of it. Reading a scenario turns such a service
    /// into its long form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<External>,
    /// The queue of requests that wait to be admitted; unlimited if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Queue>,
    /// The number of requests that one instance admits at once; unlimited if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<Count>,
    /// The endpoints that requests and calls can address, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub endpoints: IndexMap<String, Endpoint>,
    /// Instances that differ, by name, in place of `replicas`, `instance`, `runtime` and
    /// `endpoints`. Files of AsyncFlow 0.1 are converted to this form.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub instances: IndexMap<String, InstanceSpec>,
}

impl Serialize for Service {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        // The derived one, of the short form if it has one.
        Service::serialize(&external::short(self), to)
    }
}

impl<'de> Deserialize<'de> for Service {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Service, D::Error> {
        Service::deserialize(from)
    }
}

impl Service {
    /// Whether it turns requests away when its queue is full, or they have waited too long.
    pub(crate) fn sheds(&self) -> bool {
        let is_limited = |queue: &Queue| queue.max.is_some() || queue.timeout.is_some();
        self.queue.as_ref().is_some_and(is_limited)
            && self.max_in_flight.is_some()
            && self.balance != Balance::CentralQueue
    }
    /// The field that says how many requests it admits.
    pub(crate) fn limit_field(&self) -> &'static str {
        if self.external.is_some() { "concurrency" } else { "max_in_flight" }
    }
    /// The number of requests that may wait to be admitted, if that is limited.
    pub(crate) fn waiting_max(&self) -> Option<u64> {
        Some(self.queue.as_ref()?.max?.0)
    }
    /// Returns the name of its first endpoint, if its instances are equal.
    pub(crate) fn first_endpoint(&self) -> Option<&str> {
        self.endpoints.keys().next().map(String::as_str)
    }
    /// Returns the number of requests in flight at which the first table of a load ends.
    pub(crate) fn load_known_up_to(&self) -> Option<u64> {
        let mut tables = Tables(None);
        self.all_endpoints().for_each(|endpoint| ask("", &endpoint.steps, &mut tables));
        tables.0
    }
    /// Whether any of its endpoints calls another endpoint.
    pub(crate) fn calls(&self) -> bool {
        let mut found = false;
        let mut calls = EachCall(|_: At, _: &Call| found = true);
        self.all_endpoints().for_each(|endpoint| ask("", &endpoint.steps, &mut calls));
        found
    }
    /// Whether steps hold its loops or cores without computing.
    pub(crate) fn blocks(&self) -> bool {
        let mut holds = Holds(false);
        self.all_endpoints().for_each(|endpoint| ask("", &endpoint.steps, &mut holds));
        holds.0 && !self.runtime.shares_cores()
    }
    /// Returns a phrase for what its requests hold of a kind.
    fn holding(&self, name: &str, kind: Kind) -> String {
        let mut names = Names { kind, names: Vec::new(), is_keyed: false };
        self.all_endpoints().for_each(|endpoint| ask("", &endpoint.steps, &mut names));
        match *names.names {
            [only] => {
                let key = if names.is_keyed { "the hottest key of " } else { "" };
                format!("{key}{name}'s {} `{only}`", kind.noun())
            }
            _ => format!("a {} of {name}", kind.noun()),
        }
    }
    /// Returns its endpoints, and those of its named instances.
    pub(crate) fn all_endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints
            .values()
            .chain(self.instances.values().flat_map(|spec| spec.endpoints.values()))
    }
    /// Returns a phrase for one of its resources; `name` is how the service is shown.
    pub(crate) fn resource(&self, name: &str, resource: Resource) -> String {
        match resource {
            // The load is that of the busiest instance if instances differ.
            Resource::Cores if self.instances.len() > 1 => {
                format!("the CPU of {name}'s busiest instance")
            }
            Resource::Cores => format!("{name}'s CPU"),
            Resource::Places => {
                let limit = self
                    .max_in_flight
                    .map_or(String::new(), |limit| format!(" (`{}: {limit}`)", self.limit_field()));
                format!("{name}'s admission slots{limit}")
            }
            Resource::Instances => format!("{name}'s instances"),
            Resource::Memory => format!("{name}'s memory"),
            Resource::Lock => self.holding(name, Kind::Lock),
            Resource::Pool => self.holding(name, Kind::Pool),
            Resource::Threads => self.holding(name, Kind::Thread),
        }
    }
    /// Whether all its instances have a price.
    pub(crate) fn has_price(&self) -> bool {
        match self.instances.is_empty() {
            true => self.instance.price.is_some(),
            false => self.instances.values().all(|spec| spec.instance.price.is_some()),
        }
    }
    /// Returns the most instances that it has without names.
    pub(crate) fn rows(&self) -> u32 {
        self.autoscale.as_ref().map_or(self.replicas, |autoscale| autoscale.hpa.max)
    }
    /// Returns the number of cores that the runtimes of all its instances can use.
    pub(crate) fn cores(&self) -> u32 {
        let each = |runtime: &Runtime, machine: &Machine, endpoints| {
            runtime.cores(machine.cpu).saturating_add(thread_cores(runtime, machine, endpoints))
        };
        match self.instances.is_empty() {
            true => {
                each(&self.runtime, &self.instance, &self.endpoints).saturating_mul(self.rows())
            }
            false => self
                .instances
                .values()
                .map(|spec| each(&spec.runtime, &spec.instance, &spec.endpoints))
                .fold(0, u32::saturating_add),
        }
    }
}

/// Returns how many cores only threads use: those beside the event loops of an instance, if its
/// endpoints compute anything in threads.
pub(crate) fn thread_cores(
    runtime: &Runtime,
    machine: &Machine,
    endpoints: &IndexMap<String, Endpoint>,
) -> u32 {
    let mut offloads = Offloads(false);
    endpoints.values().for_each(|endpoint| ask("", &endpoint.steps, &mut offloads));
    if offloads.0 { machine.cpu.saturating_sub(runtime.cores(machine.cpu)) } else { 0 }
}

/// Whether anything is computed in threads.
struct Offloads(bool);

impl<'s> Asks<'s> for Offloads {
    fn thread_cpu(&mut self, _: At, _: &Dist<Span>) {
        self.0 = true;
    }
}

/// The number of requests at which the first table of a load ends.
struct Tables(Option<u64>);

impl Asks<'_> for Tables {
    fn load(&mut self, _: At, load: &Load) {
        self.0 = self.0.into_iter().chain(load.known_up_to()).min();
    }
}

/// Whether steps hold a core without computing.
struct Holds(bool);

impl Asks<'_> for Holds {
    fn hold_core(&mut self, _: At, _: &Dist<Span>) {
        self.0 = true;
    }
}

/// Distinct names of what is held of a kind.
struct Names<'s> {
    kind: Kind,
    names: Vec<&'s str>,
    /// Whether the last of them has keys.
    is_keyed: bool,
}

impl<'s> Asks<'s> for Names<'s> {
    fn block(&mut self, _: At, way: Way<'s>) {
        if let Way::Held(Holding { kind, name, keys, .. }) = way
            && kind == self.kind
            && !self.names.contains(&name)
        {
            self.names.push(name);
            self.is_keyed = keys.is_some();
        }
    }
}

/// An instance with its own name, which links can connect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceSpec {
    /// The machine it runs on.
    #[serde(default)]
    pub instance: Machine,
    /// How it runs code.
    #[serde(default)]
    pub runtime: Runtime,
    /// Its endpoints, by name.
    pub endpoints: IndexMap<String, Endpoint>,
    /// The service that handles its requests next, instead of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<String>,
}

/// An endpoint: the steps that a request executes there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Endpoint {
    /// Size of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Bytes>,
    /// Size of a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Bytes>,
    /// The steps, in order.
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
    /// The steps, in order.
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
        struct EndpointVisitor;
        impl<'de> serde::de::Visitor<'de> for EndpointVisitor {
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
        from.deserialize_any(EndpointVisitor)
    }
}

fn one() -> u32 {
    1
}

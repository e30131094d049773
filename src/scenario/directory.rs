//! The names of a scenario: a table of names with dense ids, and the errors for unknown names.

use super::service::thread_cores;
use super::{Endpoint, Scenario, Service, nodes, split_link};
use crate::fault::{Names, Slow};
use crate::network::Link;
use crate::problem::{Refusal, nearest};
use crate::request::{NONE, Outcome};
use crate::server::{Machine, Runtime};
use crate::step::Scope;
use indexmap::{IndexMap, IndexSet};
use std::ops::Range;

/// An instance in the table.
pub(crate) struct InstanceEntry<'s> {
    pub name: String,
    pub service: u32,
    pub machine: &'s Machine,
    pub runtime: &'s Runtime,
    /// The service that it hands its requests on to.
    pub then: Option<&'s String>,
    /// Whether it has its own name and endpoints; otherwise it is one of several equal replicas.
    pub is_named: bool,
    pub first_endpoint: u32,
    pub endpoints: u32,
    /// The cores that only threads use: those beside the event loops, if anything is offloaded.
    pub thread_cores: u32,
}

impl InstanceEntry<'_> {
    /// Returns how many workers it has, and how many cores each has.
    pub(crate) fn workers(&self) -> (u32, u32) {
        self.runtime.workers(self.machine.cpu)
    }
    /// Returns how many cores its loops and its threads can use.
    pub(crate) fn cores(&self) -> u32 {
        self.runtime.cores(self.machine.cpu).saturating_add(self.thread_cores)
    }
}

/// An endpoint in the table.
pub(crate) struct EndpointEntry<'s> {
    /// `service.endpoint`.
    pub name: String,
    pub service: u32,
    pub endpoint: &'s Endpoint,
    /// Its path in the scenario.
    pub path: String,
}

/// Everything that has a name in a scenario.
pub(crate) struct NameTable<'s> {
    pub scenario: &'s Scenario,
    pub services: IndexMap<&'s str, u32>,
    pub instances: Vec<InstanceEntry<'s>>,
    /// By service: the ranges of its instances and of its endpoints.
    pub members: Vec<(Range<u32>, Range<u32>)>,
    /// The instances that have their own names.
    named: IndexMap<&'s str, u32>,
    pub endpoints: Vec<EndpointEntry<'s>>,
    pub endpoint_ids: IndexMap<String, u32>,
    /// The nodes that a link can connect: `users`, workloads, `via` nodes, services, instances.
    pub nodes: IndexSet<&'s str>,
    /// The names of outcomes; statuses of errors are added when they first occur.
    pub outcomes: Vec<String>,
    /// The links of the plan by name and by id, once they have been added.
    pub links: IndexMap<String, u32>,
    /// The links as written, by their two ends.
    joined: IndexMap<(&'s str, &'s str), &'s Link>,
}

impl<'s> NameTable<'s> {
    pub(crate) fn new(scenario: &'s Scenario) -> NameTable<'s> {
        let mut directory = NameTable {
            scenario,
            services: scenario
                .services
                .keys()
                .enumerate()
                .map(|(id, name)| (name.as_str(), id as u32))
                .collect(),
            instances: Vec::new(),
            members: Vec::new(),
            named: IndexMap::new(),
            endpoints: Vec::new(),
            endpoint_ids: IndexMap::new(),
            nodes: nodes::ends(scenario),
            outcomes: Outcome::NAMES.iter().map(|name| name.to_string()).collect(),
            links: IndexMap::new(),
            joined: IndexMap::new(),
        };
        for (key, link) in &scenario.links {
            if let Some(ends) = split_link(key) {
                directory.joined.entry(ends).or_insert(link);
            }
        }
        for (id, (name, service)) in scenario.services.iter().enumerate() {
            let service_id = id as u32;
            let (first_instance, first_endpoint) =
                (directory.instances.len() as u32, directory.endpoints.len() as u32);
            directory.add_instances(service_id, name, service);
            let (instances, endpoints) =
                (directory.instances.len() as u32, directory.endpoints.len() as u32);
            directory.members.push((first_instance..instances, first_endpoint..endpoints));
        }
        directory
    }

    fn add_instances(&mut self, id: u32, name: &'s str, service: &'s Service) {
        if service.instances.is_empty() {
            let (first_endpoint, endpoints) =
                self.add_endpoints(name, id, &service.endpoints, format!("services.{name}"));
            let thread_cores =
                thread_cores(&service.runtime, &service.instance, &service.endpoints);
            for replica in 1..=service.rows() {
                let name = format!("{name}#{replica}");
                let (machine, runtime) = (&service.instance, &service.runtime);
                self.instances.push(InstanceEntry {
                    name,
                    service: id,
                    machine,
                    runtime,
                    then: None,
                    is_named: false,
                    first_endpoint,
                    endpoints,
                    thread_cores,
                });
            }
        }
        for (instance, spec) in &service.instances {
            let path = format!("services.{name}.instances.{instance}");
            let (first_endpoint, endpoints) =
                self.add_endpoints(instance, id, &spec.endpoints, path);
            let (machine, runtime, then) = (&spec.instance, &spec.runtime, spec.then.as_ref());
            self.named.entry(instance).or_insert(self.instances.len() as u32);
            self.instances.push(InstanceEntry {
                name: instance.clone(),
                service: id,
                machine,
                runtime,
                then,
                is_named: true,
                first_endpoint,
                endpoints,
                thread_cores: thread_cores(runtime, machine, &spec.endpoints),
            });
        }
    }

    fn add_endpoints(
        &mut self,
        owner: &str,
        service: u32,
        endpoints: &'s IndexMap<String, Endpoint>,
        path: String,
    ) -> (u32, u32) {
        let first = self.endpoints.len() as u32;
        for (name, endpoint) in endpoints {
            let full = format!("{owner}.{name}");
            self.endpoint_ids.entry(full.clone()).or_insert(self.endpoints.len() as u32);
            self.endpoints.push(EndpointEntry {
                name: full,
                service,
                endpoint,
                path: format!("{path}.endpoints.{name}"),
            });
        }
        (first, self.endpoints.len() as u32 - first)
    }

    /// Returns the link that is written from one node to another.
    pub(crate) fn joined(&self, from: &str, to: &str) -> Option<&'s Link> {
        let joined: &IndexMap<(&str, &str), &'s Link> = &self.joined;
        joined.get(&(from, to)).copied()
    }

    /// Returns the instance of a name: its own name, or `service#2`.
    fn instance(&self, name: &str) -> Option<u32> {
        let replica = || {
            let (service, number) = name.rsplit_once('#')?;
            let members = self.members[*self.services.get(service)? as usize].0.clone();
            members
                .start
                .checked_add(number.parse::<u32>().ok()?.checked_sub(1)?)
                .filter(|id| members.contains(id))
        };
        let id = self.named.get(name).copied().or_else(replica)?;
        (self.instances[id as usize].name == name).then_some(id)
    }

    /// Returns the endpoints of a service, including those of its named instances.
    pub(crate) fn endpoints_of(&self, service: usize) -> Range<usize> {
        let endpoints = &self.members[service].1;
        endpoints.start as usize..endpoints.end as usize
    }

    /// Returns the outcome of a name; a new one, if there is none yet.
    pub(crate) fn outcome(&mut self, name: &str) -> Outcome {
        let index = self.outcomes.iter().position(|known| known == name).unwrap_or_else(|| {
            self.outcomes.push(name.to_string());
            self.outcomes.len() - 1
        });
        // The five of every scenario, an error for each status, and a few more.
        Outcome(u8::try_from(index).expect("there are at most 256 outcomes"))
    }
    /// Returns the named instance that an endpoint belongs to; `None` if all instances of its
    /// service have it.
    pub(crate) fn owner(&self, endpoint: u32) -> Option<u32> {
        let id = self.first_with(endpoint);
        self.instances.get(id as usize).filter(|own| own.is_named).map(|_| id)
    }
    /// Returns who has what requests to an endpoint hold that is shared by this scope: the named
    /// instance that has it alone, and the instances whose requests may hold it.
    pub(crate) fn holders(&self, endpoint: u32, scope: Scope) -> (Option<u32>, Range<u32>) {
        let service = self.endpoints[endpoint as usize].service;
        match self.owner(endpoint).filter(|_| scope.is_of_instances()) {
            Some(id) => (Some(id), id..id + 1),
            None => (None, self.members[service as usize].0.clone()),
        }
    }
    /// Returns the instances whose waits a fault makes longer.
    pub(crate) fn slowed_waits(&self, slow: &Slow) -> Vec<u32> {
        let mut instances = self.instances(&slow.target).unwrap_or_default();
        let is_external = |id: &u32| {
            let service = self.instances[*id as usize].service as usize;
            self.scenario.services[service].external.is_some()
        };
        instances.retain(|id| slow.waits || is_external(id));
        instances
    }
    /// Returns an instance that has an endpoint.
    pub(crate) fn instance_of(&self, endpoint: u32) -> &InstanceEntry<'s> {
        &self.instances[self.first_with(endpoint) as usize]
    }
    /// Returns the first instance that has an endpoint.
    pub(crate) fn first_with(&self, endpoint: u32) -> u32 {
        let members = self.members[self.endpoints[endpoint as usize].service as usize].0.clone();
        // Named instances have their endpoints one after the other.
        let before = self.instances[members.start as usize..members.end as usize]
            .partition_point(|own| own.first_endpoint + own.endpoints <= endpoint);
        members.start + before as u32
    }
    /// Returns the service and the endpoint of a reference: `api.GET /a`, or `api` alone.
    pub(crate) fn target(&self, reference: &str) -> Result<(u32, Option<u32>), Refusal> {
        if let Some(service) = self.services.get(reference) {
            return Ok((*service, None));
        }
        let endpoint = self.endpoint(reference)?;
        Ok((self.endpoints[endpoint as usize].service, Some(endpoint)))
    }
}

impl Names for NameTable<'_> {
    fn instances(&self, name: &str) -> Result<Vec<u32>, Refusal> {
        let ids: Vec<u32> = match self.services.get(name) {
            Some(service) => self.members[*service as usize].0.clone().collect(),
            None => self.instance(name).into_iter().collect(),
        };
        if ids.is_empty() {
            let known =
                self.services.keys().copied().chain(self.instances.iter().map(|i| i.name.as_str()));
            return Err(unknown(name, "a service", known));
        }
        Ok(ids)
    }
    fn link(&self, name: &str) -> Result<u32, Refusal> {
        if let Some(id) = self.links.get(name) {
            return Ok(*id);
        }
        let ends = split_link(name)
            .filter(|(from, to)| self.nodes.contains(from) && self.nodes.contains(to));
        if ends.is_some() && self.scenario.links.contains_key("default") {
            // `default` connects every pair of nodes; the link exists once a message takes it.
            return Ok(NONE);
        }
        let mut unknown = unknown(name, "a link", self.links.keys().map(String::as_str));
        if ends.is_some() {
            unknown.help =
                Some(format!("add it, for example `links: {{ {name}: {{ latency: 1ms }} }}`"));
        } else if let (None, Some((from, to))) = (&unknown.help, split_link(name)) {
            let near = |end| nearest(end, self.nodes.iter().copied());
            unknown.help = near(from)
                .zip(near(to))
                .map(|(from, to)| format!("did you mean `{from} -> {to}`?"));
        }
        Err(unknown)
    }
    fn endpoint(&self, name: &str) -> Result<u32, Refusal> {
        if let Some(id) = self.endpoint_ids.get(name) {
            return Ok(*id);
        }
        let service = name.split('.').next().unwrap_or_default();
        if name.contains('.') && !self.services.contains_key(service) {
            let mut unknown = unknown(service, "a service", self.services.keys().copied());
            if unknown.help.is_none() {
                unknown.help = Some("an endpoint is written `service.endpoint`".into());
            }
            return Err(unknown);
        }
        let mut unknown =
            unknown(name, "an endpoint", self.endpoint_ids.keys().map(String::as_str));
        if !name.contains('.') && unknown.help.is_none() {
            unknown.help = Some("an endpoint is written `service.endpoint`".into());
        }
        Err(unknown)
    }
    fn error(&mut self, status: u16) -> Outcome {
        self.outcome(&format!("error_{status}"))
    }
}

/// Returns the error for an unknown name.
pub(crate) fn unknown<'c>(name: &str, kind: &str, known: impl Iterator<Item = &'c str>) -> Refusal {
    let known: Vec<&str> = known.collect();
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if known.is_empty() || known.len() > 12 => None,
        None => Some(format!(
            "known names: {}",
            known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
        )),
    };
    Refusal { what: format!("`{name}` is not {kind}"), help }
}

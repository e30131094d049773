//! Random scenarios: topologies, call trees, mixes, limits, links, faults. Swarm testing (Groce,
//! Zhang, Eide, Chen, Regehr 2012, "Swarm testing"): every scenario disables a random half of the
//! features, so that problems hidden by a feature show up in other scenarios.
//!
//! Events may coincide: times are then constants on one grid, arrivals are regular or given, faults
//! begin and end where windows, stages, the warm-up and the run do, and timeouts are as long as
//! waits.
//!
//! A case shrinks to fewer services, steps, faults and features, and prints as a scenario file.

mod strategy;
mod text;

pub use strategy::cases;
pub use text::{ALL, Stranger};

/// The features of a scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Feature {
    /// Arrivals stop after 1 s and the run continues until all requests have left; otherwise it is
    /// cut off after 2 s.
    Drains,
    /// The first quarter is not measured.
    Warmup,
    /// All computing of an endpoint is one burst at the beginning.
    OneBurst,
    Calls,
    Timeouts,
    Waits,
    Fails,
    Memory,
    Admission,
    Replicas,
    Tasks,
    Speed,
    NamedInstances,
    Links,
    Loss,
    /// All distributions instead of constants, exponentials and uniforms only; and random memory.
    Variety,
    Stages,
    Users,
    Bursty,
    Mix,
    Workloads,
    Crash,
    Drain,
    Degrade,
    Slow,
    Errors,
    /// Named instances hand their requests on to a later service.
    Pipelines,
    /// Steps in `branch` and `repeat`.
    Blocks,
    /// Steps in `parallel`.
    Parallels,
    /// Steps in `lock`.
    Locks,
    /// Users who wait for each answer.
    Closed,
    /// Cores that bursts share.
    Sharing,
    /// Services whose number of instances changes.
    Scaling,
    /// Steps in `pool`, and calls with one.
    Pools,
    /// Synchronous waits, in place of some others.
    Sync,
    /// Requests wait to be admitted for a limited time.
    Patience,
    /// Users who come, send some requests, and leave.
    Sessions,
    /// Rates that factors multiply.
    Shapes,
    /// Steps in `spawn`, and endpoints that respond before their end.
    Afterwards,
    /// Users who leave, and try again.
    Impatience,
    /// Calls that are called off at their timeout, or go on when their caller is called off.
    Cancels,
    /// Times that depend on the load, and slow waits.
    Loads,
    /// Steps in `offload`, and cores that no event loop uses.
    Offloads,
    /// Locks that services share, and keys of workloads; only with `Locks`.
    Shares,
    /// Users who stay away from a slow system, and tools that wait for answers.
    Elastic,
    /// Queues that serve some workloads before others.
    Classes,
}
use Feature::*;

const FEATURES: u32 = Classes as u32 + 1;

/// A distribution of durations, with about this mean.
#[derive(Clone, Debug)]
struct Law {
    shape: u8,
    ms: u32,
}

#[derive(Clone, Debug)]
struct Step {
    kind: u8,
    law: Law,
    /// The index of the endpoint to call, among the candidates.
    target: usize,
    timeout_ms: u32,
    percent: u32,
    /// The block around it, if any.
    block: u8,
}

#[derive(Clone, Debug)]
struct Service {
    replicas: u32,
    balance: usize,
    cpu: u32,
    workers: u32,
    memory_mb: u32,
    max_in_flight: u32,
    queue: Option<u32>,
    speed: usize,
    endpoints: Vec<Vec<Step>>,
    named: bool,
    /// The services, counted from the next, that its first and its second instance hand on to.
    then: [usize; 2],
}

#[derive(Clone, Debug)]
struct Workload {
    rate: usize,
    to_rate: usize,
    arrivals: usize,
    targets: Vec<(usize, u32)>,
    users: bool,
}

#[derive(Clone, Debug)]
struct Link {
    from: usize,
    to: usize,
    law: Law,
    loss: u32,
}

#[derive(Clone, Debug)]
struct Fault {
    kind: u8,
    target: usize,
    count: u32,
    at_ms: u32,
    for_ms: Option<u32>,
    amount: u32,
}

/// A random scenario.
#[derive(Clone)]
pub struct Case {
    features: u64,
    seed: u16,
    services: Vec<Service>,
    workloads: Vec<Workload>,
    links: Vec<Link>,
    faults: Vec<Fault>,
    coincides: bool,
}

impl Case {
    pub fn has(&self, feature: Feature) -> bool {
        self.features >> feature as u32 & 1 == 1
    }
    pub fn with(mut self, features: &[Feature]) -> Case {
        self.features |= features.iter().fold(0, |all, feature| all | 1u64 << *feature as u32);
        self
    }
    pub fn without(mut self, features: &[Feature]) -> Case {
        self.features &= !features.iter().fold(0, |all, feature| all | 1u64 << *feature as u32);
        self
    }
    /// Returns the case with as many simultaneous events as possible.
    pub fn coinciding(self) -> Case {
        Case { coincides: true, ..self.without(&[Feature::Variety]) }
    }
    /// Returns the largest factor by which a burst may be slowed down.
    pub fn most_stretch(&self) -> f64 {
        let slow = self.faults.iter().filter(|fault| fault.kind == 4).map(|fault| fault.factor());
        let load = if self.has(Loads) { 2.0 } else { 1.0 };
        2.0 * load * slow.product::<f64>()
    }
    /// Returns whether a service has named instances. Only the first may, because only workloads
    /// can send requests to it.
    fn is_named(&self, service: usize) -> bool {
        self.has(NamedInstances) && service == 0 && self.services[0].named
    }
    /// Returns whether a service has but one named instance, so that a workload may name its
    /// endpoints.
    fn is_alone(&self, service: usize) -> bool {
        self.is_named(service) && self.has(Pipelines) && self.services[service].then[1] == 3
    }
    /// Returns the service of an instance or endpoint, by its name: `s1#2`, `s1a`, `s1.e0`.
    fn service_of(&self, name: &str) -> &Service {
        &self.services[(name.as_bytes()[1] - b'0') as usize]
    }
    /// Returns the configured limits of an instance.
    pub fn limits(&self, instance: &str) -> Limits {
        let service = self.service_of(instance);
        let limit = |on: bool, n: u32| if on { n as u64 } else { u64::MAX };
        let tasks = self.has(Tasks);
        Limits {
            cores: if tasks { service.cpu as u64 } else { service.workers as u64 },
            one_queue: tasks || service.workers == 1,
            is_central: BALANCES[service.balance] == "central_queue",
            places: limit(self.has(Admission), service.max_in_flight),
            queue: limit(
                self.has(Admission) && service.queue.is_some(),
                service.queue.unwrap_or(0),
            ),
            memory: if self.has(Memory) {
                service.capacity_mb() as u64 * 1_000_000
            } else {
                u64::MAX
            },
        }
    }
    /// Returns the bytes that a request to an endpoint reserves; `None` if they are random, or if
    /// the request has no endpoint yet.
    pub fn need(&self, endpoint: &str) -> Option<u64> {
        if !self.has(Memory) {
            return Some(0);
        }
        let index = endpoint.split_once(".e")?.1.parse::<usize>().ok()?;
        let steps = &self.service_of(endpoint).endpoints[index];
        let needs: u32 =
            steps.iter().filter(|step| (5..=6).contains(&step.kind)).map(|step| step.law.ms).sum();
        (!self.has(Variety)).then_some(needs as u64 * 1_000_000)
    }
}

/// The configured limits of an instance: cores that its runtime can use, whether they share a
/// queue, and its capacities.
pub struct Limits {
    pub cores: u64,
    pub one_queue: bool,
    /// Whether it serves one request at a time, while others wait at the balancer.
    pub is_central: bool,
    pub places: u64,
    pub queue: u64,
    pub memory: u64,
}

impl Service {
    /// Returns a capacity in which every request fits: the check refuses requests that could never
    /// be served.
    fn capacity_mb(&self) -> u32 {
        let need = |steps: &Vec<Step>| {
            steps.iter().filter(|step| (5..=6).contains(&step.kind)).map(|step| step.law.ms).sum()
        };
        self.endpoints.iter().map(need).fold(1, u32::max) + self.memory_mb
    }
}

impl Fault {
    fn factor(&self) -> f64 {
        1.0 + self.amount as f64 / 16.0
    }
}

const BALANCES: [&str; 5] =
    ["round_robin", "random", "least_connections", "least_in_transit", "central_queue"];

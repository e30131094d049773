//! Random scenarios: topologies, call trees, mixes, limits, links, faults. Swarm testing (Groce,
//! Zhang, Eide, Chen, Regehr 2012, "Swarm testing"): every scenario disables a random half of the
//! features, so that problems hidden by a feature show up in other scenarios.
//!
//! Events may coincide: times are then constants on one grid, arrivals are regular or given, faults
//! begin and end where windows, stages, the warm-up and the run do, and timeouts are as long as
//! waits.
//!
//! A case shrinks to fewer services, steps, faults and features, and prints as a scenario file.

use proptest::prelude::*;
use std::fmt::{Debug, Formatter};

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
}
use Feature::*;

const FEATURES: u32 = Scaling as u32 + 1;

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

fn law() -> impl Strategy<Value = Law> {
    (0..13u8, 1..20u32).prop_map(|(shape, ms)| Law { shape, ms })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..11u8, law(), 0..8usize, 2..60u32, 1..40u32, 0..8u8);
    prop::collection::vec(
        step.prop_map(|(kind, law, target, timeout_ms, percent, block)| Step {
            kind,
            law,
            target,
            timeout_ms,
            percent,
            block,
        }),
        1..5,
    )
}

fn service() -> impl Strategy<Value = Service> {
    let machine = (1..4u32, 0..BALANCES.len(), 1..4u32, 1..4u32, 0..8u32, 0..4usize);
    let door = (1..8u32, prop::option::weighted(0.8, 0..4u32), any::<bool>(), [0..4usize, 0..4]);
    (machine, door, prop::collection::vec(steps(), 1..4)).prop_map(|(machine, door, endpoints)| {
        let (replicas, balance, cpu, workers, memory_mb, speed) = machine;
        let (max_in_flight, queue, named, then) = door;
        Service {
            replicas,
            balance,
            cpu,
            workers: workers.min(cpu),
            memory_mb,
            max_in_flight,
            queue,
            speed,
            endpoints,
            named,
            then,
        }
    })
}

fn workload() -> impl Strategy<Value = Workload> {
    (
        0..4usize,
        0..4usize,
        0..6usize,
        prop::collection::vec((0..8usize, 1..5u32), 1..4),
        any::<bool>(),
    )
        .prop_map(|(rate, to_rate, arrivals, targets, users)| Workload {
            rate,
            to_rate,
            arrivals,
            targets,
            users,
        })
}

fn link() -> impl Strategy<Value = Link> {
    (0..5usize, 0..5usize, law(), 0..20u32).prop_map(|(from, to, law, loss)| Link {
        from,
        to,
        law,
        loss,
    })
}

fn fault() -> impl Strategy<Value = Fault> {
    (0..6u8, 0..8usize, 1..3u32, 0..1500u32, prop::option::of(100..800u32), 2..30u32).prop_map(
        |(kind, target, count, at_ms, for_ms, amount)| Fault {
            kind,
            target,
            count,
            at_ms,
            for_ms,
            amount,
        },
    )
}

/// Returns a strategy for all scenarios.
pub fn cases() -> impl Strategy<Value = Case> {
    use prop::collection::vec;
    (
        0..1u64 << FEATURES,
        any::<u16>(),
        vec(service(), 1..5),
        vec(workload(), 1..4),
        vec(link(), 0..6),
        vec(fault(), 0..6),
    )
        .prop_map(|(features, seed, services, workloads, links, faults)| Case {
            features,
            seed,
            services,
            workloads,
            links,
            faults,
            coincides: false,
        })
}

impl Debug for Case {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        write!(f, "\n{}", self.yaml(1, Stranger::None, ALL))
    }
}

/// The output option that records every request.
pub const ALL: &str = "requests: 100%";

/// Whether the file contains an unrelated service and workload, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stranger {
    None,
    First,
    Last,
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
        2.0 * slow.product::<f64>()
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

/// The scenario file, with all times multiplied and all rates divided by `k`.
struct Text<'c> {
    case: &'c Case,
    k: u32,
}

/// Times at which something begins, changes or ends; times in between; and arrivals, some of them
/// simultaneous.
const BOUNDARIES_MS: [u32; 8] = [0, 500, 500, 995, 1000, 1500, 2000, 20_000];
const LASTING_MS: [u32; 6] = [5, 500, 500, 1000, 1500, 2000];
const GIVEN_MS: [u32; 14] = [0, 0, 0, 5, 5, 10, 495, 500, 500, 505, 995, 1000, 1000, 1000];

/// Returns one of three durations on the grid, in milliseconds.
fn on_the_grid(ms: u32) -> u32 {
    5 * (1 + ms % 3)
}

const RATES: [f64; 4] = [40.0, 100.0, 200.0, 400.0];
const BALANCES: [&str; 5] =
    ["round_robin", "random", "least_connections", "least_in_transit", "central_queue"];

impl Case {
    /// Returns the scenario as a file.
    pub fn yaml(&self, k: u32, stranger: Stranger, output: &str) -> String {
        let text = Text { case: self, k };
        let (duration, warmup) = if self.has(Drains) {
            (20_000 * k, 0)
        } else {
            (2 * k, 500 * k * self.has(Warmup) as u32)
        };
        // Few windows: otherwise writing and reading them would take most of the time.
        let window = if self.has(Drains) { 20_000_000 } else { 500 };
        let output = if output.contains("series") {
            output.to_string()
        } else {
            format!("series: {}, {output}", text.ms(window))
        };
        let strange =
            |at, lines: &str| if stranger == at { lines.to_string() } else { String::new() };
        let workload = "  stranger: { to: apart.x, open: { rate: { from: 90/s, stages: [ { to: 90/s, over: 1s }, { to: 0/s, over: 0s } ] } } }\n";
        let service = "  apart: { replicas: 2, balance: random, endpoints: { x: [ cpu: { exp: 9ms }, fail: { p: 9%, status: 418 } ] } }\n";
        let fault = "\n  slow: { target: apart, factor: 2x, at: 700ms, for: 200ms },\n  errors: { target: apart.x, rate: 50%, at: 1s, for: 200ms },";
        let (first, last) = (Stranger::First, Stranger::Last);
        format!(
            "version: 1\nname: property\nrun: {{ duration: {duration}s, warmup: {warmup}ms, replications: 1, seed: {} }}\nworkload:\n{}{}{}services:\n{}{}{}links: {{{}}}\nfaults: [{}]\noutput: {{ {output} }}\n",
            self.seed,
            strange(first, workload),
            text.workloads(),
            strange(last, workload),
            strange(first, service),
            text.services(),
            strange(last, service),
            text.links(),
            text.faults() + if stranger == Stranger::None { "" } else { fault },
        )
    }
}

impl Text<'_> {
    fn ms(&self, ms: u32) -> String {
        format!("{}ms", ms * self.k)
    }
    fn us(&self, us: u32) -> String {
        format!("{}us", us * self.k)
    }
    fn rate(&self, index: usize) -> String {
        format!("{}/s", RATES[index] / self.k as f64)
    }

    fn law(&self, law: &Law) -> String {
        if self.case.coincides {
            return self.ms(on_the_grid(law.ms));
        }
        let (m, us) = (self.ms(law.ms), |share: u32| self.us(law.ms * share));
        match if self.case.has(Variety) { law.shape } else { law.shape % 3 } {
            0 => m,
            1 => format!("{{ exp: {m} }}"),
            2 => format!("{{ uniform: [{}, {}] }}", us(500), us(1500)),
            3 => format!("{{ lognormal: {{ mean: {m}, cv: 1.5 }} }}"),
            4 => format!("{{ gamma: {{ mean: {m}, cv: 0.7 }} }}"),
            5 => format!("{{ erlang: {{ mean: {m}, k: 3 }} }}"),
            6 => format!("{{ hyperexp: {{ mean: {m}, cv: 2 }} }}"),
            7 => format!("{{ weibull: {{ mean: {m}, cv: 0.8 }} }}"),
            8 => format!("{{ pareto: {{ min: {}, alpha: 2.5, max: {} }} }}", us(600), us(20_000)),
            9 => format!(
                "{{ mixture: [ {{ w: 9, is: {{ exp: {m} }} }}, {{ w: 1, is: {} }} ] }}",
                us(5_000)
            ),
            10 => {
                format!("{{ percentiles: {{ p50: {m}, p99: {}, max: {} }} }}", us(3_000), us(6_000))
            }
            11 => format!("{{ normal: {{ mean: {m}, sd: {} }} }}", us(400)),
            _ => format!("{{ poisson: {{ mean: {m}, step: {} }} }}", us(250)),
        }
    }

    fn step(&self, service: usize, step: &Step) -> Option<String> {
        let case = self.case;
        match step.kind {
            0..=2 => Some(format!("cpu: {}", self.law(&step.law))),
            3 if case.has(Waits) => {
                Some(format!("wait: {{ for: {}, label: db }}", self.law(&step.law)))
            }
            4 if case.has(Waits) => Some(format!("wait: {}", self.law(&step.law))),
            5 | 6 if case.has(Memory) && case.has(Variety) => {
                Some(format!("memory: {{ exp: {}MB }}", step.law.ms))
            }
            5 | 6 if case.has(Memory) => Some(format!("memory: {}MB", step.law.ms)),
            7 if case.has(Fails) => Some(format!(
                "fail: {{ p: {}%, status: {} }}",
                step.percent,
                500 + step.percent % 5
            )),
            8..=10 if case.has(Calls) => {
                // Only to later services: no cycles.
                let below = &case.services[service + 1..];
                let to = service + 1 + step.target % below.len().max(1);
                let endpoint = step.target % below.get(to - service - 1)?.endpoints.len();
                let timeout = if case.has(Timeouts) && step.kind > 8 {
                    format!(", timeout: {}", self.timeout(step))
                } else {
                    String::new()
                };
                Some(format!("call: {{ to: s{to}.e{endpoint}{timeout} }}"))
            }
            _ => None,
        }
    }

    /// Puts a step into a block.
    fn blocked(&self, step: &Step, text: String) -> String {
        if (5..=6).contains(&step.kind) {
            return text;
        }
        let text = self.locked(step, self.at_once(step, text));
        if !self.case.has(Blocks) {
            return text;
        }
        match step.block {
            0 => format!("branch: [ {{ p: {}%, do: [ {text} ] }} ]", step.percent),
            1 => format!(
                "branch: [ {{ p: 60%, do: [ {text} ] }}, {{ do: [ cpu: {} ] }} ]",
                self.us(1)
            ),
            2 => format!("repeat: {{ times: 2, do: [ {text} ] }}"),
            3 => format!(
                "repeat: {{ times: {{ geometric: {{ mean: 1.5 }} }}, do: [ {text}, cpu: {} ] }}",
                self.us(1)
            ),
            4 => {
                format!("branch: [ {{ p: 50%, do: [ repeat: {{ times: 2, do: [ {text} ] }} ] }} ]")
            }
            _ => text,
        }
    }

    /// Does a step under a lock, of which there are three in a service; they nest in one order, so
    /// that requests do not wait for each other in a circle.
    fn locked(&self, step: &Step, text: String) -> String {
        let (name, scope) = (step.target % 3, ["instance", "service"][step.target % 2]);
        let permits = 1 + step.target % 3 / 2;
        match step.block {
            1 | 3 | 5 if self.case.has(Locks) && !text.contains("lock:") => format!(
                "lock: {{ name: l{name}{scope}, scope: {scope}, permits: {permits}, hold: [ {text} ] }}"
            ),
            _ => text,
        }
    }

    /// Does a step at once with other things.
    fn at_once(&self, step: &Step, text: String) -> String {
        let (us, ms) = (self.us(700), self.timeout(step));
        let join = ["all", "any", "{ quorum: 2 }"][step.target % 3];
        match step.block + step.kind {
            _ if !self.case.has(Parallels) => text,
            4 | 9 => format!("parallel: [ [ {text} ], [ cpu: {us} ] ]"),
            5 | 10 => format!(
                "parallel: {{ join: {join}, branches: [ [ {text} ], [ wait: {us}, cpu: {us} ], [ {text} ] ] }}"
            ),
            6 | 11 => format!(
                "parallel: {{ join: {join}, within: {ms}, keep: {}, branches: [ [ {text} ], [ wait: {us} ], [ parallel: [ [ cpu: {us} ], [ wait: {us} ] ] ] ] }}",
                step.percent.is_multiple_of(2)
            ),
            _ => text,
        }
    }

    fn timeout(&self, step: &Step) -> String {
        self.ms(if self.case.coincides { on_the_grid(step.timeout_ms) } else { step.timeout_ms })
    }

    fn endpoints(&self, index: usize) -> String {
        let endpoint = |(e, steps): (usize, &Vec<Step>)| {
            let mut steps: Vec<&Step> = steps.iter().collect();
            if self.case.has(OneBurst) {
                steps.sort_by_key(|step| step.kind > 2);
            }
            let mut calls = 0;
            // At most two calls, or the tree grows without bound.
            let kept = steps.into_iter().filter(|step| {
                calls += (step.kind > 7) as u32;
                step.kind <= 7 || calls <= 2
            });
            let written: Vec<String> =
                kept.filter_map(|step| Some(self.blocked(step, self.step(index, step)?))).collect();
            format!(
                "e{e}: [ {} ]",
                if written.is_empty() {
                    format!("cpu: {}", self.us(1))
                } else {
                    written.join(", ")
                }
            )
        };
        self.case.services[index]
            .endpoints
            .iter()
            .enumerate()
            .map(endpoint)
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn services(&self) -> String {
        let case = self.case;
        let service = |(index, service): (usize, &Service)| {
            let mut machine = vec![format!("cpu: {}", service.cpu)];
            if case.has(Memory) {
                machine.push(format!("memory: {}MB", service.capacity_mb()));
            }
            if case.has(Speed) {
                machine.push(format!("speed: {}", ["1x", "0.5x", "1.7x", "3x"][service.speed]));
            }
            let runtime = if case.has(Tasks) && case.has(Sharing) {
                "tasks: { schedule: ps }".to_string()
            } else if case.has(Tasks) {
                "tasks: {}".to_string()
            } else {
                format!("event_loop: {{ workers: {} }}", service.workers)
            };
            let body = format!(
                "instance: {{ {} }}, runtime: {{ {runtime} }}, endpoints: {{ {} }}",
                machine.join(", "),
                self.endpoints(index)
            );
            let replicas = if case.has(Replicas) { service.replicas } else { 1 };
            let mut parts = vec![format!("balance: {}", BALANCES[service.balance])];
            if case.has(Admission) {
                parts.push(format!("max_in_flight: {}", service.max_in_flight));
                parts.extend(service.queue.map(|max| format!("queue: {{ max: {max} }}")));
            }
            match case.is_named(index) {
                true => {
                    let [a, b] = service.then.map(|then| self.then(index, then));
                    let second = if case.is_alone(index) {
                        String::new()
                    } else {
                        format!(", s{index}b: {{ {body}{b} }}")
                    };
                    parts.push(format!("instances: {{ s{index}a: {{ {body}{a} }}{second} }}"));
                }
                false => parts.push(format!(
                    "replicas: {replicas}, {}{body}",
                    self.scaling(service, replicas)
                )),
            }
            format!("  s{index}: {{ {} }}\n", parts.join(", "))
        };
        case.services.iter().enumerate().map(service).collect()
    }

    /// Lets the number of instances of a service change every 200 ms.
    fn scaling(&self, service: &Service, replicas: u32) -> String {
        if !self.case.has(Scaling) || service.speed > 2 {
            return String::new();
        }
        let target = 10 * (1 + service.memory_mb);
        format!(
            "autoscale: {{ hpa: {{ max: {}, metrics: [ {{ cpu: {target}% }} ], sync: {}, down: {{ stabilize: {}, policies: [ {{ percent: 100%, per: {} }} ] }} }}, boot: {}, drain: {{ grace: {} }} }}, ",
            replicas + service.cpu,
            self.ms(200),
            self.ms(300),
            self.ms(200),
            self.ms(30),
            self.ms(50)
        )
    }

    /// Returns the service that an instance hands its requests on to: none, or a later one.
    fn then(&self, service: usize, then: usize) -> String {
        let later = self.case.services.len() - service - 1;
        match self.case.has(Pipelines) && later > 0 && then > 0 {
            true => format!(", then: s{}", service + 1 + (then - 1) % later),
            false => String::new(),
        }
    }

    /// Returns the target of a workload: an endpoint, or a service of two named instances.
    fn target(&self, target: usize) -> String {
        let service = target % self.case.services.len();
        let endpoint = target % self.case.services[service].endpoints.len();
        match self.case.is_named(service) {
            true if self.case.is_alone(service) => format!("s{service}a.e{endpoint}"),
            true => format!("s{service}"),
            false => format!("s{service}.e{endpoint}"),
        }
    }

    fn workloads(&self) -> String {
        let case = self.case;
        let count = if case.has(Workloads) { case.workloads.len() } else { 1 };
        let workload = |(index, workload): (usize, &Workload)| {
            let mut mix: Vec<(String, u32)> = Vec::new();
            for (target, weight) in
                &workload.targets[..if case.has(Mix) { workload.targets.len() } else { 1 }]
            {
                let target = self.target(*target);
                if mix.iter().all(|(known, _)| *known != target) {
                    mix.push((target, *weight));
                }
            }
            let mix: Vec<String> =
                mix.into_iter().map(|(target, weight)| format!("{target}: {weight}")).collect();
            let arrivals = [
                "poisson",
                "regular",
                "gamma: { cv: 2 }",
                "weibull: { cv: 1.5 }",
                "batch: { size: 4 }",
                "batch: { size: { geometric: { mean: 3 } } }",
            ];
            let arrivals =
                arrivals[if case.has(Bursty) { workload.arrivals } else { workload.arrivals % 2 }];
            let given = format!("at: [{}]", GIVEN_MS.map(|ms| self.ms(ms)).join(", "));
            let arrivals = match (case.coincides, workload.arrivals % 3) {
                (true, 0) => given.as_str(),
                (true, _) => "regular",
                _ => arrivals,
            };
            let arrivals = if arrivals.contains(':') {
                format!("{{ {arrivals} }}")
            } else {
                arrivals.to_string()
            };
            let (rate, to) = (
                self.rate(workload.rate),
                self.rate(if case.has(Stages) { workload.to_rate } else { workload.rate }),
            );
            let stop = if case.has(Drains) { ", { to: 0/s, over: 0s }" } else { "" };
            let when = if case.has(Closed) && workload.arrivals == 5 && !case.has(Drains) {
                format!(
                    "closed: {{ users: {}, think: {{ exp: {} }} }}",
                    3 * (1 + workload.rate),
                    self.ms(40)
                )
            } else if case.has(Users) && workload.users && !case.has(Drains) {
                format!(
                    "users: {{ active: {{ poisson: 10 }}, each: {}, resample: {} }}",
                    self.rate(0),
                    self.ms(400)
                )
            } else {
                let stages = format!(
                    "{{ from: {rate}, stages: [ {{ to: {to}, over: {} }}{stop} ] }}",
                    self.ms(1000)
                );
                let stages = if arrivals.contains("at:") {
                    format!("{}/s", GIVEN_MS.len() as f64 / (2.0 * self.k as f64))
                } else {
                    stages
                };
                format!("open: {{ rate: {stages}, arrivals: {arrivals} }}")
            };
            format!("  w{index}: {{ mix: {{ {} }}, {when} }}\n", mix.join(", "))
        };
        case.workloads[..count].iter().enumerate().map(workload).collect()
    }

    /// Returns the ends of a link: the users and services.
    fn ends(&self, link: &Link) -> (String, String) {
        let services = self.case.services.len();
        let to = link.to % services;
        let from = link.from % (to + 1);
        let name = if from == 0 { "users".to_string() } else { format!("s{}", from - 1) };
        (name, format!("s{to}"))
    }

    fn links(&self) -> String {
        let case = self.case;
        if !case.has(Links) {
            return String::new();
        }
        let mut written: Vec<(String, String)> = Vec::new();
        for link in &case.links {
            let (from, to) = self.ends(link);
            let loss =
                if case.has(Loss) { format!(", loss: {}%", link.loss) } else { String::new() };
            let text = format!("{{ latency: {}{loss} }}", self.law(&link.law));
            let mut put = |key: String| {
                if written.iter().all(|(known, _)| *known != key) {
                    written.push((key, text.clone()));
                }
            };
            put(format!("{from} -> {to}"));
            match link.from {
                4 => put("default".to_string()),
                // The way back is another link, or an instance has its own.
                3 => put(format!("{to} -> {from}")),
                2 if case.is_named(0) => put("s0 -> s0a".to_string()),
                _ => {}
            }
        }
        written.iter().map(|(key, text)| format!("\n  {key}: {text},")).collect()
    }

    /// Returns the time and duration of a fault that begins and ends where windows, the warm-up,
    /// stages and the run do.
    fn at_a_boundary(&self, fault: &Fault) -> String {
        let at = BOUNDARIES_MS[fault.at_ms as usize % BOUNDARIES_MS.len()];
        let lasting = fault.for_ms.map_or(String::new(), |ms| {
            format!(", for: {}", self.ms(LASTING_MS[ms as usize % LASTING_MS.len()]))
        });
        format!("at: {}{lasting}", self.ms(at))
    }

    fn faults(&self) -> String {
        let case = self.case;
        let fault = |(index, fault): (usize, &Fault)| {
            let service = fault.target % case.services.len();
            // No two faults at the same time.
            let at = format!("at: {}", self.us(fault.at_ms * 1000 + 7 * index as u32 + 3));
            let lasting = fault
                .for_ms
                .map_or(String::new(), |ms| format!(", for: {}", self.us(ms * 1000 + 11)));
            let when =
                if case.coincides { self.at_a_boundary(fault) } else { format!("{at}{lasting}") };
            match fault.kind {
                0..=2 if case.has(Crash) => {
                    let most = if case.is_alone(service) {
                        1
                    } else if case.is_named(service) {
                        2
                    } else if case.has(Replicas) {
                        case.services[service].replicas
                    } else {
                        1
                    };
                    let drain = case.has(Drain) && fault.kind == 2;
                    Some(format!(
                        "\n  crash: {{ target: s{service}, count: {}, drain: {drain}, {when} }},",
                        fault.count.min(most)
                    ))
                }
                3 if case.has(Degrade) && case.has(Links) && !case.links.is_empty() => {
                    let (from, to) = self.ends(&case.links[fault.target % case.links.len()]);
                    let (loss, more) = if case.coincides {
                        (100, on_the_grid(fault.amount))
                    } else {
                        (fault.amount, fault.amount)
                    };
                    let loss = if case.has(Loss) { loss } else { 0 };
                    Some(format!(
                        "\n  degrade: {{ link: {from} -> {to}, latency: +{}, loss: {loss}%, {when} }},",
                        self.ms(more)
                    ))
                }
                4 if case.has(Slow) => Some(format!(
                    "\n  slow: {{ target: s{service}, factor: {}x, {when} }},",
                    fault.factor()
                )),
                5 if case.has(Errors) => {
                    let owner = if case.is_named(service) {
                        format!("s{service}a")
                    } else {
                        format!("s{service}")
                    };
                    let endpoint = fault.target % case.services[service].endpoints.len();
                    Some(format!(
                        "\n  errors: {{ target: {owner}.e{endpoint}, rate: {}%, status: 503, {when} }},",
                        3 * fault.amount
                    ))
                }
                _ => None,
            }
        };
        case.faults.iter().enumerate().filter_map(fault).collect()
    }
}

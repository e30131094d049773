//! Compiles a scenario to a plan. The scenario must have passed its checks, which refuse unknown
//! names.

use super::links::Links;
use super::routes::{self, Sender};
use super::{CallPlan, EndpointPlan, Hop, Limits, Plan, ServicePlan, SourcePlan, Target, phases};
use crate::fault::{FaultPlan, Names};
use crate::measure::{self, Flow, Layout};
use crate::random::dists::{Distribution, Sampler};
use crate::random::keys::Salt;
use crate::request::{NONE, Outcome};
use crate::scenario::NameTable;
use crate::scenario::{Balance, Regime, Scenario};
use crate::server::InstancePlan;
use crate::step::{self, Op, call::Call};
use crate::units::Time;
use crate::workload::ArrivalProcess;
use indexmap::{IndexMap, IndexSet};
use std::collections::BTreeSet;

/// Compiles a checked scenario.
pub(crate) fn compile(scenario: &Scenario) -> Plan {
    compile_as(scenario, false)
}

/// Compiles the antithetic plan: every duration, size and gap is drawn with 1 − u. Choices (mixes,
/// losses, failures, random balancing) are not: neither side of a choice is the larger one.
pub(crate) fn mirror(scenario: &Scenario) -> Plan {
    compile_as(scenario, true)
}

fn compile_as(scenario: &Scenario, mirrored: bool) -> Plan {
    let mut build = Build {
        mirrored,
        directory: NameTable::new(scenario),
        links: Links { mirrored, ..Links::default() },
        hops: Vec::new(),
        program: Vec::new(),
        endpoints: Vec::new(),
        calls: Vec::new(),
        flows: IndexSet::new(),
        labels: IndexSet::new(),
        layout: Layout::default(),
    };
    let sources = build.sources(scenario);
    build.programs();
    let (services, instances) = build.machines(scenario);
    let flow_of = build.flows_of(scenario);
    let faults = build.faults(scenario);
    build.names(scenario);
    let run = &scenario.run;
    let measured_from = Time(run.warmup.span().0);
    phases::set(&mut build.layout, scenario, measured_from);
    Plan {
        seed: run.seed,
        horizon: Time(run.duration.0),
        measured_from,
        regime_from: Time(Regime::of(scenario).since.0),
        window: scenario.output.window(run.duration),
        keep_series: true,
        trace_share: scenario.output.requests.map_or(0.0, |share| share.fraction),
        control_variates: run.control_variates,
        limits: Limits { in_flight: run.limits.in_flight.0, events: run.limits.events.0 },
        sources,
        services,
        instances,
        links: build.links.plans,
        endpoints: build.endpoints,
        calls: build.calls,
        program: build.program,
        hops: build.hops,
        flow_of,
        faults,
        layout: build.layout,
    }
}

struct Build<'s> {
    mirrored: bool,
    directory: NameTable<'s>,
    links: Links,
    hops: Vec<Hop>,
    program: Vec<Op>,
    endpoints: Vec<EndpointPlan>,
    calls: Vec<CallPlan>,
    /// The distinct flows; the id of a flow is its index.
    flows: IndexSet<Flow>,
    labels: IndexSet<measure::Label>,
    layout: Layout,
}

impl<'s> Build<'s> {
    fn sources(&mut self, scenario: &'s Scenario) -> Vec<SourcePlan> {
        let mut sources = Vec::new();
        for (id, (name, workload)) in scenario.workload.iter().enumerate() {
            let sender = Sender { names: vec![name, "users"], via: &workload.via };
            let single = workload.to.iter().map(|to| (to, 1.0));
            let written: Vec<(&String, f64)> =
                single.chain(workload.mix.iter().map(|(to, weight)| (to, *weight))).collect();
            let total: f64 = written.iter().map(|(_, weight)| weight).sum();
            let mut targets = Vec::new();
            let mut up_to = 0.0;
            for (to, weight) in written {
                let Ok((service, endpoint)) = self.directory.target(to) else { continue };
                up_to += weight / total;
                let flow = self.flow(Flow { workload: Some(id as u32), endpoint });
                let hop = routes::add(
                    &mut self.hops,
                    &mut self.links,
                    &mut self.directory,
                    &sender,
                    service,
                    endpoint,
                );
                targets.push(Target { up_to, flow, hop });
            }
            if let Some(last) = targets.last_mut() {
                last.up_to = 1.0;
            }
            let salt = |what: &str| Salt::of(&format!("workload.{name}.{what}"));
            let process = workload
                .arrival_process(salt("traffic"))
                .expect("a checked workload has an arrival process");
            let process = ArrivalProcess { mirrored: self.mirrored, ..process };
            sources.push(SourcePlan { process, targets, mix_salt: salt("mix") });
        }
        sources
    }

    fn flow(&mut self, flow: Flow) -> u32 {
        self.flows.insert_full(flow).0 as u32
    }

    /// Compiles the steps of all endpoints into one program: memory first, then the steps, then the
    /// answer.
    fn programs(&mut self) {
        for id in 0..self.directory.endpoints.len() {
            let entry = &self.directory.endpoints[id];
            let (service, path, endpoint) = (entry.service, entry.path.clone(), entry.endpoint);
            let mut steps = Steps {
                build: self,
                service,
                endpoint: id as u32,
                path,
                counts: IndexMap::new(),
                needs: Vec::new(),
                program: Vec::new(),
            };
            for step in &endpoint.steps {
                step.compile(&mut steps);
            }
            let (needs, program) = (steps.needs, steps.program);
            let first_step = self.program.len() as u32;
            let has_memory = !needs.is_empty();
            if has_memory {
                self.program.push(Op::Memory(step::memory::Op::new(needs)));
            }
            self.program.extend(program);
            self.program.push(Op::Answer);
            self.endpoints.push(EndpointPlan { service, first_step, has_memory });
        }
    }

    fn machines(&mut self, scenario: &'s Scenario) -> (Vec<ServicePlan>, Vec<InstancePlan>) {
        let mut services = Vec::new();
        let mut instances: Vec<InstancePlan> = Vec::new();
        let mut next_worker = 0;
        let client = scenario.workload.values().find_map(|workload| workload.via.last());
        for (id, (name, service)) in scenario.services.iter().enumerate() {
            let salt = |what: &str| Salt::of(&format!("services.{name}.{what}"));
            let members = self.directory.members[id].0.clone();
            services.push(ServicePlan {
                balance: service.balance,
                first_instance: instances.len() as u32,
                instances: members.len() as u32,
                balance_salt: salt("balance"),
                endpoint_salt: salt("endpoint"),
            });
            for index in members {
                let entry = &self.directory.instances[index as usize];
                let (workers, cores_per_worker) = entry.runtime.workers(entry.machine.cpu);
                let machine = entry.machine;
                let (instance, then) = (entry.name.clone(), entry.then);
                let (first_endpoint, endpoints) = (entry.first_endpoint, entry.endpoints);
                // An instance has links of its own only if it has a name of its own.
                let named = !service.instances.is_empty();
                let client = client
                    .filter(|client| named && self.directory.joined(&instance, client).is_some());
                let is_joined = named && self.directory.joined(name, &instance).is_some();
                let link_in = is_joined
                    .then(|| self.links.between(&mut self.directory, &[name], &[&instance]))
                    .flatten();
                let link_out = client.and_then(|client| {
                    self.links.between(&mut self.directory, &[&instance], &[client])
                });
                let next =
                    then.and_then(|next| self.directory.services.get(next.as_str()).copied());
                let onward = next.map(|next| {
                    routes::add_onward(
                        &mut self.hops,
                        &mut self.links,
                        &mut self.directory,
                        &instance,
                        next,
                    )
                });
                self.layout.instances.push(measure::Instance {
                    name: instance,
                    service: id as u32,
                    cores: workers * cores_per_worker,
                    dollars_per_hour: machine.price.map(|price| price.dollars_per_hour),
                });
                instances.push(InstancePlan {
                    service: id as u32,
                    first_worker: next_worker,
                    workers,
                    worker_salt: salt("worker"),
                    cores_per_worker,
                    speed: machine.speed.times,
                    memory: machine.memory.map_or(u64::MAX, |memory| memory.0),
                    max_in_flight: service
                        .max_in_flight
                        .map_or(u64::MAX, |max| max.0),
                    queue_max: service
                        .queue
                        .as_ref()
                        .map_or(u32::MAX, |queue| queue.max.0.min(u32::MAX as u64) as u32),
                    link_in,
                    link_out,
                    onward,
                    first_endpoint,
                    endpoints,
                });
                next_worker += workers;
            }
        }
        (services, instances)
    }

    /// Returns the flows of requests whose endpoint the instance draws: for a workload that names
    /// only a service, every endpoint of it and of the services that it hands requests on to. Other
    /// workloads have none.
    fn flows_of(&mut self, scenario: &Scenario) -> Vec<Vec<u32>> {
        let mut table = vec![Vec::new(); scenario.workload.len()];
        for (id, workload) in scenario.workload.values().enumerate() {
            let named = workload
                .to
                .iter()
                .chain(workload.mix.keys())
                .filter_map(|to| self.directory.services.get(to.as_str()));
            let mut open: Vec<u32> = named.copied().collect();
            if open.is_empty() {
                continue;
            }
            let mut reached: BTreeSet<u32> = BTreeSet::new();
            while let Some(service) = open.pop() {
                if reached.insert(service) {
                    let thens = scenario.services[service as usize]
                        .instances
                        .values()
                        .filter_map(|spec| spec.then.as_deref());
                    open.extend(thens.filter_map(|then| self.directory.services.get(then)));
                }
            }
            table[id] = vec![NONE; self.directory.endpoints.len()];
            for endpoint in reached
                .iter()
                .flat_map(|service| self.directory.members[*service as usize].1.clone())
                .collect::<Vec<u32>>()
            {
                table[id][endpoint as usize] =
                    self.flow(Flow { workload: Some(id as u32), endpoint: Some(endpoint) });
            }
        }
        table
    }

    fn faults(&mut self, scenario: &Scenario) -> Vec<FaultPlan> {
        let mut plans = Vec::new();
        for (index, fault) in scenario.faults.iter().enumerate() {
            let (at, lasting) = fault.when();
            let until = lasting.map_or(Time(u64::MAX), |span| Time(at.0) + span);
            let (target, detail) = scenario.describe_fault(fault);
            let salt = Salt::of(&format!("faults.{index}.{}.{target}", fault.name()));
            plans.push(FaultPlan {
                effect: fault.compile(&mut self.directory),
                at: Time(at.0),
                until,
                salt,
                kind: fault.name(),
                target,
                detail,
            });
        }
        plans
    }

    fn names(&mut self, scenario: &Scenario) {
        let layout = &mut self.layout;
        layout.workloads = scenario.workload.keys().cloned().collect();
        layout.services = scenario.services.keys().cloned().collect();
        layout.endpoints = self
            .directory
            .endpoints
            .iter()
            .map(|e| measure::Endpoint { name: e.name.clone() })
            .collect();
        let queues = scenario
            .services
            .values()
            .enumerate()
            .filter(|(_, service)| service.balance == Balance::CentralQueue);
        layout.queues = queues.map(|(id, _)| id as u32).collect();
        layout.links = self.links.plans.iter().map(|link| link.name.clone()).collect();
        layout.outcomes = self.directory.outcomes.clone();
        layout.flows = std::mem::take(&mut self.flows).into_iter().collect();
        layout.labels = std::mem::take(&mut self.labels).into_iter().collect();
    }
}

/// The compiler of one endpoint's steps.
struct Steps<'b, 's> {
    build: &'b mut Build<'s>,
    service: u32,
    endpoint: u32,
    path: String,
    /// The number of draws of each name so far: the second `cpu` draws as `cpu#1`.
    counts: IndexMap<String, u32>,
    needs: Vec<Sampler>,
    program: Vec<Op>,
}

impl step::Compiler for Steps<'_, '_> {
    fn sampler(&mut self, what: &str, law: Distribution) -> Sampler {
        let law = if self.build.mirrored { law.mirrored() } else { law };
        Sampler::new(law, self.salt(what))
    }
    fn salt(&mut self, what: &str) -> Salt {
        let count = self.counts.entry(what.to_string()).or_default();
        let salt = Salt::of(&format!("{}.{what}#{count}", self.path));
        *count += 1;
        salt
    }
    fn reserve(&mut self, sampler: Sampler) {
        self.needs.push(sampler);
    }
    fn call(&mut self, call: &Call) -> u32 {
        let salt = self.salt(&format!("call.{}", call.to));
        let build = &mut *self.build;
        let target = build.directory.target(&call.to).ok();
        let (service, endpoint) = target.expect("the target of a checked call exists");
        let caller = *build
            .directory
            .services
            .get_index(self.service as usize)
            .map(|(name, _)| name)
            .expect("a service's id is an index");
        let sender = Sender { names: vec![caller], via: &[] };
        let hop = routes::add(
            &mut build.hops,
            &mut build.links,
            &mut build.directory,
            &sender,
            service,
            endpoint,
        );
        let flow = build.flow(Flow { workload: None, endpoint });
        build.calls.push(CallPlan { flow, hop, timeout: call.timeout, salt });
        build.calls.len() as u32 - 1
    }
    fn label(&mut self, name: &str) -> u32 {
        let label = measure::Label { endpoint: self.endpoint, name: name.to_string() };
        self.build.labels.insert_full(label).0 as u32
    }
    fn error(&mut self, status: u16) -> Outcome {
        self.build.directory.error(status)
    }
    fn emit(&mut self, op: Op) {
        self.program.push(op);
    }
}

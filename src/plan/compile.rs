//! Compiles a scenario to a plan. The scenario must have passed its checks, which refuse unknown
//! names.

use super::links::Links;
use super::routes::{self, Sender};
use super::{
    EndpointPlan, Hop, Limits, PatiencePlan, Plan, SLOTS_AN_EVENT, ServicePlan, SourcePlan, Target,
    phases, promises,
};
use crate::fault::{Fault, FaultPlan};
use crate::measure::{self, Flow, Layout};
use crate::policy::scale::{Autoscale, ScalePlan};
use crate::random::dists::Sampler;
use crate::random::keys::Salt;
use crate::request::{NONE, Outcome};
use crate::resource::ResourcePlan;
use crate::scenario::NameTable;
use crate::scenario::{Balance, Regime, Scenario};
use crate::server::InstancePlan;
use crate::step::{self, Op, SlowWaits};
use crate::units::Time;
use crate::workload::{ArrivalProcess, Replay, Workload};
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
    let mut build = Build::new(scenario, mirrored);
    let stations = build.stations();
    build.threads();
    let scalers = build.scalers(scenario);
    let mut sources = build.sources(scenario);
    build.programs();
    let (services, instances) = build.machines(scenario);
    build.carries |= instances.iter().any(|instance| instance.classes > 0);
    build.is_rich |= build.carries;
    sources.iter_mut().for_each(|source| source.is_special |= build.carries);
    let queue_timeout = build.queue_timeout(&services, &instances);
    routes::enter(&mut build.hops, &build.endpoints);
    let flow_of = build.flows_of(scenario);
    let faults = build.faults(scenario);
    build.names(scenario);
    let promised = promises::of(scenario, &mut build.layout);
    build.is_rich |= !promised.is_empty();
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
        slots_an_event: build.slots_an_event,
        is_rich: build.is_rich,
        carries: build.carries,
        cancelled: build.cancelled,
        queue_timeout,
        sources,
        services,
        instances,
        links: build.links.plans,
        endpoints: build.endpoints,
        program: build.program,
        hops: build.hops,
        resources: build.resources,
        stations,
        scalers,
        flow_of,
        faults,
        promised,
        lines: promises::lines(&build.layout),
        layout: build.layout,
    }
}

pub(super) struct Build<'s> {
    pub mirrored: bool,
    pub directory: NameTable<'s>,
    pub links: Links,
    pub hops: Vec<Hop>,
    pub program: Vec<Op>,
    pub endpoints: Vec<EndpointPlan>,
    /// The distinct flows; the id of a flow is its index.
    pub flows: IndexSet<Flow>,
    pub labels: IndexSet<measure::Label>,
    pub arms: IndexSet<String>,
    pub layout: Layout,
    /// The station of each instance whose cores are shared.
    pub station_of: Vec<Option<u32>>,
    /// The row of the threads of each instance, among the workers, if they have cores of their own.
    pub threads_of: Vec<Option<u32>>,
    /// By service: whether its waits take longer under load.
    pub is_loaded: Vec<bool>,
    /// The faults that make waits longer.
    pub slow_waits: Vec<SlowWaits>,
    pub resources: Vec<ResourcePlan>,
    /// The rows of each resource: by service or named instance, kind and name; of all services,
    /// [`NONE`].
    pub rows: IndexMap<(u32, bool, &'static str, String), step::Rows>,
    pub is_rich: bool,
    pub carries: bool,
    pub slots_an_event: usize,
    pub cancelled: Option<Outcome>,
}

impl<'s> Build<'s> {
    fn new(scenario: &'s Scenario, mirrored: bool) -> Build<'s> {
        Build {
            mirrored,
            directory: NameTable::new(scenario),
            links: Links { mirrored, ..Links::default() },
            hops: Vec::new(),
            program: Vec::new(),
            endpoints: Vec::new(),
            flows: IndexSet::new(),
            labels: IndexSet::new(),
            arms: IndexSet::new(),
            layout: Layout::default(),
            station_of: Vec::new(),
            threads_of: Vec::new(),
            is_loaded: vec![false; scenario.services.len()],
            slow_waits: Vec::new(),
            resources: Vec::new(),
            rows: IndexMap::new(),
            is_rich: false,
            carries: false,
            // An arrival, and the call that it makes.
            slots_an_event: SLOTS_AN_EVENT,
            cancelled: None,
        }
    }

    fn sources(&mut self, scenario: &'s Scenario) -> Vec<SourcePlan> {
        let mut sources = Vec::new();
        for (id, (name, workload)) in scenario.workload.iter().enumerate() {
            let sender = Sender { names: vec![name, "users"], via: &workload.via };
            let total: f64 = workload.targets().map(|(_, weight)| weight).sum();
            let mut targets = Vec::new();
            let mut up_to = 0.0;
            for (to, weight) in workload.targets() {
                let Ok((service, endpoint)) = self.directory.target(to) else { continue };
                up_to += weight / total;
                let flow = self.flow(Flow { workload: Some(id as u32), endpoint, block: None });
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
            let returning = workload.returning(salt, self.mirrored);
            let patience = self.patience(name, workload, salt("patience"));
            let dropped = |build: &mut Self| build.directory.outcome("dropped");
            let most = workload.max_in_flight.map(|most| (most.0, dropped(self)));
            let in_order = workload.replay.as_ref().and_then(Replay::in_order);
            let elasticity = workload.elasticity.as_ref().map(|of| of.compile(salt("elasticity")));
            let connections = workload.tool.as_ref().map(|tool| tool.connections.0);
            self.layout.elastic.extend(elasticity.as_ref().map(|_| id as u32));
            self.layout.tools.extend(connections.map(|_| id as u32));
            self.carries |= connections.is_some();
            let mut source = SourcePlan {
                process,
                returning,
                most,
                patience,
                elasticity,
                class: scenario.class_of(workload),
                connections,
                targets,
                in_order,
                is_special: false,
                mix_salt: salt("mix"),
            };
            source.is_special =
                source.follows_roots() || source.in_order.is_some() || source.patience.is_some();
            self.is_rich |= source.is_special;
            sources.push(source);
        }
        sources
    }

    /// Returns how long the users of a workload wait, if that is limited.
    fn patience(&mut self, name: &str, workload: &Workload, salt: Salt) -> Option<PatiencePlan> {
        let patience = workload.patience.as_ref()?;
        let blocks = &mut self.layout.blocks;
        blocks.push(format!("{name}.abandoned"));
        let block = Some(blocks.len() as u32 - 1);
        if patience.cancel {
            self.cancelled = Some(self.directory.outcome("cancelled"));
        }
        Some(PatiencePlan {
            span: patience.compile(salt, self.mirrored),
            outcome: self.directory.outcome("abandoned"),
            flow: self.flow(Flow { block, ..Flow::default() }),
            cancels: patience.cancel,
        })
    }

    /// Returns the outcome of those who wait too long to be admitted, if any do; notes whether the
    /// plan needs the rich drain.
    fn queue_timeout(
        &mut self,
        services: &[ServicePlan],
        instances: &[InstancePlan],
    ) -> Option<Outcome> {
        let may_give_up = instances.iter().any(|instance| instance.patience.is_some());
        self.is_rich |= may_give_up
            || services.iter().any(|service| service.balance == Balance::CentralQueue)
            || instances.iter().any(|instance| instance.onward.is_some());
        may_give_up.then(|| self.directory.outcome("queue_timeout"))
    }

    fn scalers(&mut self, scenario: &Scenario) -> Vec<ScalePlan> {
        let mut scalers = Vec::new();
        for (id, (name, service)) in scenario.services.iter().enumerate() {
            let Some(Autoscale { hpa, boot, drain }) = &service.autoscale else { continue };
            let law = boot.compile().mirrored_if(self.mirrored);
            let salt = Salt::of(&format!("services.{name}.autoscale.boot"));
            self.layout.scaling.push(id as u32);
            self.is_rich = true;
            scalers.push(ScalePlan {
                service: id as u32,
                hpa: hpa.clone(),
                boot: Sampler::new(law, salt),
                grace: drain.grace,
            });
        }
        scalers
    }

    pub(super) fn flow(&mut self, flow: Flow) -> u32 {
        self.flows.insert_full(flow).0 as u32
    }

    /// Returns the flows of requests whose endpoint the instance draws: for a workload that names
    /// only a service, every endpoint of it and of the services that it hands requests on to. Other
    /// workloads have none.
    fn flows_of(&mut self, scenario: &Scenario) -> Vec<Vec<u32>> {
        let mut table = vec![Vec::new(); scenario.workload.len()];
        for (id, workload) in scenario.workload.values().enumerate() {
            let named =
                workload.targets().filter_map(|(to, _)| self.directory.services.get(to.as_str()));
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
                table[id][endpoint as usize] = self.flow(Flow {
                    workload: Some(id as u32),
                    endpoint: Some(endpoint),
                    block: None,
                });
            }
        }
        table
    }

    /// Returns the faults that make waits longer.
    pub(super) fn slow_waits(&self) -> Vec<SlowWaits> {
        let slow = self.directory.scenario.faults.iter().filter_map(|fault| {
            let Fault::Slow(slow) = fault else { return None };
            let ((at, until), factor) = (fault.times(), slow.factor.times);
            let instances = self.directory.slowed_waits(slow);
            (!instances.is_empty()).then_some(SlowWaits { at, until, instances, factor })
        });
        slow.collect()
    }

    fn faults(&mut self, scenario: &Scenario) -> Vec<FaultPlan> {
        let mut plans = Vec::new();
        for (index, fault) in scenario.faults.iter().enumerate() {
            let (at, until) = fault.times();
            let (target, detail) = scenario.describe_fault(fault);
            let salt = Salt::of(&format!("faults.{index}.{}.{target}", fault.name()));
            plans.push(FaultPlan {
                effect: fault.compile(&mut self.directory),
                at,
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
        layout.percentiles = scenario.percentiles();
        layout.flows = std::mem::take(&mut self.flows).into_iter().collect();
        layout.labels = std::mem::take(&mut self.labels).into_iter().collect();
        layout.arms = std::mem::take(&mut self.arms).into_iter().collect();
    }
}

//! The plan: a compiled scenario. Names are dense ids, steps are a flat program, routes a flat list
//! of hops, quantities samplers.
//!
//! Immutable, and shared by all replications.

mod compile;
mod links;
mod machines;
mod phases;
mod programs;
mod promises;
mod routes;

pub(crate) use compile::{compile, mirror};

use crate::fault::FaultPlan;
use crate::measure::Layout;
use crate::network::LinkPlan;
use crate::policy::balance::Balance;
use crate::policy::scale::ScalePlan;
use crate::random::dists::Sampler;
use crate::random::keys::{Key, Salt};
use crate::request::{FURTHER_PARTS_MAX, Outcome};
use crate::resource::ResourcePlan;
use crate::scenario::Scenario;
use crate::server::InstancePlan;
use crate::step::Op;
use crate::units::{Span, Time};
use crate::workload::{ArrivalProcess, ElasticityPlan, Returning, Trace};
use std::sync::Arc;

/// The most slots that the handlers of an event may take in a plain plan: an arrival and a call.
pub(crate) const SLOTS_AN_EVENT: usize = 2;

/// The input of a replication.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub seed: u64,
    /// End of a replication.
    pub horizon: Time,
    /// Start of the measured part.
    pub measured_from: Time,
    /// Start of the last stretch in which nothing changes, which lasts to the end.
    pub regime_from: Time,
    /// Length of a series window.
    pub window: Span,
    /// Whether the series windows are kept.
    pub keep_series: bool,
    /// Share of requests written to `requests.parquet`.
    pub trace_share: f64,
    /// Whether a replication also reports what it drew, for control variates.
    pub control_variates: bool,
    pub limits: Limits,
    /// The most slots that the handlers of one event may take: an arrival, and the requests that
    /// the widest step makes. It is [`SLOTS_AN_EVENT`] unless steps make several.
    pub slots_an_event: usize,
    /// Whether it needs the rich drain (`sim/advance.rs`).
    pub is_rich: bool,
    /// Whether requests carry something of the ones that users have sent.
    pub carries: bool,
    /// The outcome of requests that are called off, if any may be.
    pub cancelled: Option<Outcome>,
    /// The outcome of those who have waited too long to be admitted, if their patience is limited.
    pub queue_timeout: Option<Outcome>,
    pub sources: Vec<SourcePlan>,
    pub services: Vec<ServicePlan>,
    pub instances: Vec<InstancePlan>,
    pub links: Vec<LinkPlan>,
    pub endpoints: Vec<EndpointPlan>,
    pub program: Vec<Op>,
    pub hops: Vec<Hop>,
    /// Those that are none of an instance's own.
    pub resources: Vec<ResourcePlan>,
    /// The autoscalers.
    pub scalers: Vec<ScalePlan>,
    /// The instances whose cores are shared, by station.
    pub stations: Vec<u32>,
    /// Flow of (workload, endpoint), for requests whose endpoint is drawn by the instance;
    /// [`crate::request::NONE`] where there is none, and empty for a workload that names endpoints.
    pub flow_of: Vec<Vec<u32>>,
    pub faults: Vec<FaultPlan>,
    /// Which of the further parts of latencies are spent in lines.
    pub lines: [bool; FURTHER_PARTS_MAX],
    /// By flow: the promises about its requests; none at all if there are none.
    pub promised: Vec<Vec<u32>>,
    pub layout: Layout,
}

impl Plan {
    /// The further part in which requests hold a core without computing; none if some of them wait
    /// as threads that share cores, which hold none.
    pub(crate) fn block_part(&self) -> Option<usize> {
        let holds = |op: &Op| !matches!(op, Op::Block(block) if !block.holds_core);
        let part = self.layout.further_parts.iter().position(|part| *part == "block");
        part.filter(|_| self.program.iter().all(holds))
    }
    /// Returns this plan with a measured part that begins at `measured_from`.
    pub(crate) fn measured_from(&self, scenario: &Scenario, measured_from: Time) -> Plan {
        let mut plan = Plan { measured_from, ..self.clone() };
        phases::set(&mut plan.layout, scenario, measured_from);
        plan
    }
}

/// Guards against a scenario that would outgrow the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Requests in flight at once.
    pub in_flight: u64,
    /// Calendar entries fired in one replication.
    pub events: u64,
}

/// A workload.
#[derive(Clone, Debug)]
pub(crate) struct SourcePlan {
    pub process: ArrivalProcess,
    /// Its users, if they come back.
    pub returning: Option<Returning>,
    /// The most requests in flight, and the outcome of those above it.
    pub most: Option<(u64, Outcome)>,
    /// How long users wait for an answer.
    pub patience: Option<PatiencePlan>,
    /// How many of its users stay away.
    pub elasticity: Option<ElasticityPlan>,
    /// The class of its requests, from 0 on: which is served first.
    pub class: usize,
    /// The connections of its tool.
    pub connections: Option<u64>,
    /// The targets of requests, with cumulative weights that end at 1.
    pub targets: Vec<Target>,
    /// Whether more is said of it than when its requests arrive, and where they go.
    pub is_special: bool,
    /// The targets in the order of the arrivals, over and over, if a file says it.
    pub in_order: Option<Arc<Trace>>,
    pub mix_salt: Salt,
}

impl SourcePlan {
    /// Whether it matters to it that a request has ended.
    pub(crate) fn follows_roots(&self) -> bool {
        self.returning.is_some()
            || self.most.is_some()
            || self.elasticity.is_some()
            || self.connections.is_some()
    }
    /// Returns the target of the arrival with this number and key: that which a file says, if any.
    #[inline(always)]
    pub(crate) fn target_of(&self, number: u64, key: Key) -> &Target {
        match &self.in_order {
            None => self.target(key),
            Some(trace) => {
                let order = &trace.endpoints;
                &self.targets[order[(number % order.len() as u64) as usize] as usize]
            }
        }
    }
    /// Returns the target of the request with this key.
    #[inline(always)]
    pub(crate) fn target(&self, key: Key) -> &Target {
        match self.targets.as_slice() {
            [only] => only,
            several => {
                let u = key.draw(self.mix_salt).uniform();
                let index = several.partition_point(|target| target.up_to <= u);
                &several[index.min(several.len() - 1)]
            }
        }
    }
}

/// Users who do not wait for ever.
#[derive(Clone, Debug)]
pub(crate) struct PatiencePlan {
    pub span: Sampler,
    /// The outcome of requests that they have given up.
    pub outcome: Outcome,
    /// Where that is counted which goes on in vain.
    pub flow: u32,
    /// Whether it is called off.
    pub cancels: bool,
}

/// A target of a workload's requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub up_to: f64,
    pub flow: u32,
    pub hop: u32,
}

/// A service: its balancer and instances.
#[derive(Clone, Debug)]
pub(crate) struct ServicePlan {
    pub balance: Balance,
    pub first_instance: u32,
    pub instances: u32,
    /// How many of them serve at the beginning.
    pub initial: u32,
    /// Whether those that wait for I/O count as waiting: the more they are, the longer it takes.
    pub io_counts: bool,
    /// For random balancing.
    pub balance_salt: Salt,
    /// For the endpoint that an instance draws.
    pub endpoint_salt: Salt,
}

/// An endpoint: the start of its program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndpointPlan {
    pub service: u32,
    pub first_step: u32,
}

/// What a request has to pass on its route; the catalogue is `sim/gates/mod.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// A place inside the chosen instance, if it has a limit.
    Admission,
    /// An instance that is free, in place of the door of a service whose balancer has one queue.
    Central { service: u32 },
}

/// One stage of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hop {
    /// Over a link.
    Cross { link: u32 },
    /// At a service's door: the balancer chooses an instance. A refused request continues at hop
    /// `back`.
    Door { service: u32, back: u32 },
    /// Through a gate, where it may have to wait. A refused request continues at hop `back`.
    Gate { gate: Gate, back: u32 },
    /// Over the chosen instance's own link, if it has one.
    In,
    /// Into the instance, to an endpoint, whose program begins at `first_step`; to one that the
    /// instance draws, if the endpoint is [`crate::request::NONE`].
    Enter { endpoint: u32, first_step: u32 },
    /// Out over the instance's own link, if it has one.
    Out,
    /// The answer has arrived.
    Home,
}

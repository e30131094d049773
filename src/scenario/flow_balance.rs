//! Flow balance of every resource that requests hold: its offered load at the end of a run,
//! relative to its capacity.
//!
//! Law: a resource of c units, each held for a mean time h by requests that arrive at rate λ, has
//! the offered load λh/c (utilisation law, Denning, Buzen 1978). A load above 1 is unstable for any
//! distribution: the queue grows without bound by the excess. A load below 1 is stable (Loynes
//! 1962), and the queue forgets its initial state in about one relaxation time, (c_a² + c_s²)/2 /
//! (√(c/h) − √λ)² (exact for M/M/1: Morse 1955; the factor from the diffusion approximation,
//! Kingman 1961). The holding time of cores is known exactly. Admission slots and memory are held
//! until the request leaves, including while it waits for a core or an answer: their load is a
//! lower bound, and [`Held::is_all`] says whether it is exact.
//! Checked: `flow_balance_tests.rs` against M/M/1, Erlang's formulas and hand calculation;
//! `tests/it/verdict.rs`.

mod central;
mod holdings;
mod loads;
mod memory;
mod reach;
mod standing;

use super::broken::Broken;
use super::demand;
use super::directory::NameTable;
use super::{Regime, Scenario};
use crate::step::asks::Kind;
use crate::workload::{ArrivalProcess, RateProfile};
use loads::services;
pub(super) use reach::reached_by;
use reach::{endpoints_of, least_s, reached};
use standing::set_standings;

/// A resource of a service that requests hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// The event loops or cores of its instances.
    Cores,
    /// The admission slots of `max_in_flight`.
    Places,
    /// The memory of its instances.
    Memory,
    /// The instances themselves, which serve one request at a time behind a central queue.
    Instances,
    /// A lock that its requests hold.
    Lock,
    /// A pool of connections that they use.
    Pool,
    /// The threads of their event loops that they are offloaded to.
    Threads,
}

impl Resource {
    /// Returns what is held of this kind.
    fn of(kind: Kind) -> Resource {
        match kind {
            Kind::Lock => Resource::Lock,
            Kind::Pool => Resource::Pool,
            Kind::Thread => Resource::Threads,
        }
    }
    /// Returns its name in the result files.
    pub fn name(self) -> &'static str {
        match self {
            Resource::Cores => "cores",
            Resource::Places => "places",
            Resource::Memory => "memory",
            Resource::Instances => "instances",
            Resource::Lock => "lock",
            Resource::Pool => "pool",
            Resource::Threads => "threads",
        }
    }
}

/// The offered load of a resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// The resource.
    pub resource: Resource,
    /// The certain part of its load (a lower bound), on the busiest instance; 1 is its full
    /// capacity.
    pub load: f64,
    /// The load if nothing is lost or timed out on the way, and calls with a timeout take min(mean,
    /// timeout): at least `load`, and for cores an upper bound.
    pub expected: f64,
    /// Whether the load is exact: requests never wait for anything else while they hold the
    /// resource.
    pub is_all: bool,
    /// Relaxation time of its queue, s; infinite at a load of 1 or more, and if the variance of the
    /// demand is infinite.
    pub settles_s: f64,
}

impl Held {
    /// Whether the load is exactly 1: no run is long enough to see the queue settle.
    pub fn is_just_all(&self) -> bool {
        (self.load - 1.0).abs() <= NEARLY && (self.expected - 1.0).abs() <= NEARLY
    }
}

/// Whether a service is stable in the long run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Standing {
    /// Stable: the load of every resource is certainly below 1.
    Holds,
    /// Unstable: the load of this resource is certainly above 1, and its queue grows without bound.
    Fails(Held),
    /// Undecided: it depends on how long requests wait while they hold a resource, or on how many
    /// are lost before they arrive.
    Open,
}

/// The flow balance of one service.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServiceBalance {
    /// Requests per second.
    pub rate: f64,
    /// Its resources, by decreasing load.
    pub held: Vec<Held>,
    /// Whether it is stable under this load.
    pub standing: Standing,
    /// Whether it rejects requests when its queue is full, so that the queue is bounded.
    pub sheds: bool,
    /// The path of a distribution with infinite variance that its requests draw from.
    pub heavy: Option<String>,
    /// Whether `rate` is exact: no requests are lost on the way.
    pub is_rate_exact: bool,
    /// Whether requests arrive at a rate, and its balancer gives every instance the same share or
    /// all instances are equal; otherwise the load of an instance is not known in advance.
    pub is_even: bool,
    /// Whether its requests may take longer under load, or because of a fault, than its loads say.
    pub may_take_longer: bool,
    /// Whether requests may be cancelled because they take long, so that those that are answered
    /// are the shorter ones, and say nothing about the mean demand of all; or whether they may not
    /// come because others took long. Either way a queue that grows may come to an end.
    pub is_cut: bool,
}

/// What is known about a workload without simulation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WorkloadBalance {
    /// The indices of the services that its requests reach.
    pub services: Vec<usize>,
    /// Lower bound of the mean time until a request is answered, s.
    pub least_s: f64,
    /// The path of a distribution with infinite variance in its latency.
    pub heavy: Option<String>,
}

/// Flow balance at the end of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FlowBalance {
    /// In the order of the scenario.
    pub services: Vec<ServiceBalance>,
    /// In the order of the scenario.
    pub workloads: Vec<WorkloadBalance>,
    /// By endpoint: the path of a distribution with infinite variance in its latency.
    pub heavy: Vec<Option<String>>,
    /// The final interval without changes.
    pub regime: Regime,
}

impl FlowBalance {
    /// Returns the balance of a checked scenario.
    pub(crate) fn of(scenario: &Scenario) -> FlowBalance {
        FlowBalance::of_directory(&NameTable::new(scenario))
    }

    /// Like [`FlowBalance::of`], from the table of its names.
    pub(super) fn of_directory(directory: &NameTable) -> FlowBalance {
        let scenario = directory.scenario;
        let broken = Broken::of(directory);
        let (demands, order) = demand::demands(directory, &broken);
        let horizon_s = scenario.run.duration.seconds();
        let processes = demand::processes(scenario);
        let sent = demand::sent(&processes, |_, profile| profile.last_rate(horizon_s).0);
        let rates = demand::rates(directory, &demands, &order, &sent);
        let dispersion = demand::dispersion(&processes, &sent);
        let mut services: Vec<ServiceBalance> =
            services(directory, &demands, &rates, &broken, dispersion);
        set_standings(directory, &demands, &order, &rates, &broken, &mut services);
        // The last moment of a rate that keeps changing says nothing about the long run.
        let is_open = |process: &ArrivalProcess| {
            let changes = matches!(process.profile, RateProfile::Shaped(_))
                && process.profile.last_rate(horizon_s).1.is_none();
            process.gaps.have_no_rate(scenario.run.duration) || changes
        };
        if processes.iter().flatten().any(is_open) {
            services
                .iter_mut()
                .for_each(|service| (service.standing, service.is_even) = (Standing::Open, false));
        }
        let workloads = scenario.workload.values().map(|workload| WorkloadBalance {
            services: reached(directory, &demands, workload),
            least_s: least_s(directory, &demands, workload),
            heavy: endpoints_of(directory, workload)
                .find_map(|endpoint| demands[endpoint].heavy.clone()),
        });
        let workloads = workloads.collect();
        FlowBalance {
            services,
            workloads,
            heavy: demands.into_iter().map(|d| d.heavy).collect(),
            regime: Regime::of(scenario),
        }
    }
}

/// A load this close to 1 counts as 1: sums of decimals are not exact.
const NEARLY: f64 = 1e-9;

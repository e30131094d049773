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
//! Checked: unit tests below against M/M/1, Erlang's formulas and hand calculation;
//! `tests/it/verdict.rs`.

mod central;
mod locks;
mod memory;

use super::broken::Broken;
use super::demand::{self, EndpointDemand, Rates};
use super::directory::NameTable;
use super::{Regime, Scenario, Workload};
use crate::policy::balance::Balance;
use crate::policy::scale::Hpa;

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
}

impl Resource {
    /// Returns its name in the result files.
    pub fn name(self) -> &'static str {
        match self {
            Resource::Cores => "cores",
            Resource::Places => "places",
            Resource::Memory => "memory",
            Resource::Instances => "instances",
            Resource::Lock => "lock",
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
        if processes.iter().flatten().any(|process| process.gaps.are_given()) {
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

/// Returns the loads of all services, without their standing.
fn services(
    directory: &NameTable,
    demands: &[EndpointDemand],
    rates: &Rates,
    broken: &Broken,
    dispersion: f64,
) -> Vec<ServiceBalance> {
    let scenario = directory.scenario;
    let idle = ServiceBalance {
        rate: 0.0,
        held: Vec::new(),
        standing: Standing::Holds,
        sheds: false,
        heavy: None,
        is_rate_exact: true,
        is_even: true,
    };
    let mut services = vec![idle; scenario.services.len()];
    for (endpoint, entry) in directory.endpoints.iter().enumerate() {
        services[entry.service as usize].rate += rates.by_endpoint[endpoint];
        let heavy = &mut services[entry.service as usize].heavy;
        *heavy = heavy.take().or_else(|| demands[endpoint].heavy.clone());
    }
    for (service, written) in services.iter_mut().zip(scenario.services.values()) {
        service.sheds = written.sheds();
        service.is_even = written.instances.len() < 2
            || matches!(
                written.balance,
                Balance::RoundRobin | Balance::Random | Balance::CentralQueue
            );
    }
    // Calls arrive as their callers proceed, so only a service that is not called sees the
    // dispersion of the workloads' arrivals.
    let mut is_called = vec![false; services.len()];
    for (callee, _) in demands.iter().flat_map(|d| &d.calls) {
        is_called[directory.endpoints[*callee as usize].service as usize] = true;
    }
    let up = |id: usize| (directory.members[id].0.len() as f64 - broken.down[id]).max(0.0);
    let dispersion_at = |id: usize| if is_called[id] { 1.0 } else { dispersion };
    for (id, service) in services.iter_mut().enumerate() {
        service.held.extend(central::held(
            directory,
            demands,
            rates,
            &broken.slower,
            id,
            up(id),
            dispersion_at(id),
        ));
    }
    let is_central = |id: usize| scenario.services[id].balance == Balance::CentralQueue;
    for (index, instance) in directory
        .instances
        .iter()
        .enumerate()
        .filter(|(_, instance)| !is_central(instance.service as usize))
    {
        let id = instance.service as usize;
        let (up, dispersion) = (up(id), dispersion_at(id));
        // Replicas share their endpoints, and the balancer gives each one that is up an equal
        // share; a named instance has its own endpoints. If none is up, none has any load.
        let sharers = match () {
            () if instance.is_named => 1.0,
            () if up > 0.0 => up,
            () => f64::INFINITY,
        };
        let (workers, cores) = instance.runtime.workers(instance.machine.cpu);
        let endpoints = instance.first_endpoint as usize
            ..(instance.first_endpoint + instance.endpoints) as usize;
        let stretch = broken.slower[index] / instance.machine.speed.times;
        let sum = |value_of: &dyn Fn(&EndpointDemand) -> f64| -> f64 {
            let terms = endpoints
                .clone()
                .map(|e| (rates.by_endpoint[e] / sharers, value_of(&demands[e])))
                .filter(|(rate, _)| *rate > 0.0);
            terms.map(|(rate, value)| rate * value).sum()
        };
        let rate = sum(&|_| 1.0);
        // The demands do not include waiting for own cores or memory, or for admission.
        let is_exact =
            endpoints.clone().all(|e| rates.by_endpoint[e] == 0.0 || demands[e].is_exact);
        let (work, squares) = (
            sum(&|d| d.cpu_s) * stretch,
            sum(&|d| d.cpu_variance_s2 + d.cpu_s * d.cpu_s) * stretch * stretch,
        );
        let [inside, expected] =
            [sum(&|d| d.min_residence_at(stretch)), sum(&|d| d.expected_residence_at(stretch))];
        let c = f64::from(workers * cores);
        // Each loop has its own queue, and gets a random share of the requests.
        let (queues, spread) = if workers > 1 {
            (f64::from(workers), (dispersion + f64::from(workers) - 1.0) / f64::from(workers))
        } else {
            (1.0, dispersion)
        };
        let scv = variability(rate, work, squares);
        let mut held = vec![Held {
            resource: Resource::Cores,
            load: sum(&|d| d.min_cpu_s) * stretch / c,
            expected: work / c,
            is_all: true,
            settles_s: settles_s(rate / queues, work / rate, c / queues, (spread + scv) / 2.0),
        }];
        let service = &mut services[id];
        if let Some(places) =
            scenario.services.get_index(id).and_then(|(_, service)| service.max_in_flight)
        {
            let places = places.0 as f64;
            let settles_s = settles_s(rate, inside / rate, places, (dispersion + 1.0) / 2.0);
            held.push(Held {
                resource: Resource::Places,
                load: inside / places,
                expected: expected / places,
                is_all: is_exact,
                settles_s,
            });
        }
        if let Some(memory) = instance.machine.memory.filter(|memory| memory.0 > 0) {
            let used = endpoints.clone().filter(|e| rates.by_endpoint[*e] > 0.0);
            let bytes = [
                sum(&|d| d.memory_bytes * d.min_residence_at(stretch)),
                sum(&|d| d.memory_bytes * d.expected_residence_at(stretch)),
            ];
            let needs = used.map(|e| demands[e].constant_memory);
            held.extend(memory::held(memory.0, needs, bytes, [inside, expected], rate, dispersion));
        }
        // The busiest instance stands for the service.
        for candidate in held {
            match service.held.iter_mut().find(|held| held.resource == candidate.resource) {
                Some(busiest) if busiest.expected >= candidate.expected => {}
                Some(busiest) => *busiest = candidate,
                None => service.held.push(candidate),
            }
        }
    }
    for (id, service) in services.iter_mut().enumerate() {
        service.held.extend(locks::held(directory, demands, rates, broken, id, up(id)));
        // An autoscaler has between its fewest and its most instances: an overload of the most is
        // certain, and only a load that the fewest can take is certainly none.
        if let Some(autoscale) = &scenario.services[id].autoscale {
            let Hpa { min, max, .. } = autoscale.hpa;
            for held in &mut service.held {
                held.expected *= f64::from(max) / f64::from(min.max(1));
            }
        }
        service.held.sort_by(|a, b| b.load.total_cmp(&a.load));
    }
    services
}

/// Returns the squared coefficient of variation of the demand of a request.
fn variability(rate: f64, work: f64, squares: f64) -> f64 {
    let (mean, square) = (work / rate, squares / rate);
    if mean > 0.0 { (square / (mean * mean) - 1.0).max(0.0) } else { 0.0 }
}

/// Returns the relaxation time of a queue with `units` servers, each held for the mean time
/// `held_s`, s.
fn settles_s(rate: f64, held_s: f64, units: f64, variability: f64) -> f64 {
    let gap = (units / held_s).sqrt() - rate.sqrt();
    match () {
        () if rate == 0.0 || held_s == 0.0 => 0.0,
        () if gap <= 0.0 => f64::INFINITY,
        () => variability / (gap * gap),
    }
}

/// A load this close to 1 counts as 1: sums of decimals are not exact.
const NEARLY: f64 = 1e-9;

/// Decides for each service whether it is stable.
fn set_standings(
    directory: &NameTable,
    demands: &[EndpointDemand],
    order: &[usize],
    rates: &Rates,
    broken: &Broken,
    services: &mut [ServiceBalance],
) {
    // Downstream of a saturated service, fewer requests arrive than are sent.
    let is_saturated =
        |service: &ServiceBalance| service.held.iter().any(|held| held.expected > 1.0 - NEARLY);
    let mut is_behind = vec![broken.loses(); demands.len()];
    for &endpoint in order {
        let is_throttled = is_behind[endpoint]
            || is_saturated(&services[directory.endpoints[endpoint].service as usize]);
        for (callee, _) in &demands[endpoint].calls {
            is_behind[*callee as usize] |= is_throttled;
        }
    }
    let mut is_known = vec![true; services.len()];
    for (endpoint, entry) in directory
        .endpoints
        .iter()
        .enumerate()
        .filter(|(endpoint, _)| rates.by_endpoint[*endpoint] > 0.0)
    {
        is_known[entry.service as usize] &= rates.is_exact[endpoint] && !is_behind[endpoint];
    }
    let is_closed = directory.scenario.workload.values().any(|of| of.closed.is_some());
    let is_left = demands.iter().any(|demand| demand.may_fail || demand.is_cut);
    let named = directory.scenario.services.values().map(|written| !written.instances.is_empty());
    let waits_below = wait_below(directory, demands, order, services);
    for (((service, is_known), waits_below), (is_named, down)) in
        services.iter_mut().zip(is_known).zip(waits_below).zip(named.zip(&broken.down))
    {
        // The load of a named instance that is down falls to the others.
        let load_shifts = is_named && *down > 0.0;
        (service.is_even, service.is_rate_exact) = (service.is_even && !load_shifts, is_known);
        let is_decidable = is_known && service.is_even && !service.sheds;
        // Closed users go on asking while what they have given up is still served.
        let may_pile_up = is_closed && is_left;
        service.standing = match service.held.first().copied() {
            Some(held) if is_decidable && held.load > 1.0 + NEARLY => Standing::Fails(held),
            _ if load_shifts || may_pile_up => Standing::Open,
            _ if service.held.iter().all(|held| {
                held.expected < 1.0 - NEARLY
                    && (held.is_all || is_ample(held, core_load(service), waits_below))
            }) =>
            {
                Standing::Holds
            }
            _ => Standing::Open,
        };
    }
}

/// Slots or memory may be held longer than the demands alone require. They suffice if there is no
/// long waiting meanwhile, here or downstream: a load of a tenth can grow tenfold.
fn is_ample(held: &Held, core_load: f64, waits_below: bool) -> bool {
    !waits_below && is_light(held) && core_load < IDLE
}

fn is_light(held: &Held) -> bool {
    held.expected < 0.1
}

/// Below this load, waiting times for cores are short.
const IDLE: f64 = 0.5;

/// Returns the expected load of a service's cores.
fn core_load(service: &ServiceBalance) -> f64 {
    service
        .held
        .iter()
        .find(|held| held.resource == Resource::Cores)
        .map_or(0.0, |cores| cores.expected)
}

/// Returns, by service, whether requests may wait long in its direct or indirect callees.
fn wait_below(
    directory: &NameTable,
    demands: &[EndpointDemand],
    order: &[usize],
    services: &[ServiceBalance],
) -> Vec<bool> {
    let waits_in = |service: &ServiceBalance| {
        core_load(service) >= IDLE
            || service.held.iter().any(|held| held.resource != Resource::Cores && !is_light(held))
    };
    let waits_in: Vec<bool> = services.iter().map(waits_in).collect();
    let (mut by_endpoint, mut by_service) =
        (vec![false; demands.len()], vec![false; services.len()]);
    for &endpoint in order.iter().rev() {
        let waits = |callee: u32| {
            waits_in[directory.endpoints[callee as usize].service as usize]
                || by_endpoint[callee as usize]
        };
        by_endpoint[endpoint] = demands[endpoint].calls.iter().any(|(callee, _)| waits(*callee));
        by_service[directory.endpoints[endpoint].service as usize] |= by_endpoint[endpoint];
    }
    by_service
}

/// Returns the endpoints that a workload sends requests to directly.
fn endpoints_of<'d>(
    directory: &'d NameTable,
    workload: &'d Workload,
) -> impl Iterator<Item = usize> + 'd {
    demand::targets(workload).filter_map(|(to, _)| directory.target(to).ok()).flat_map(
        |(service, endpoint)| match endpoint {
            Some(endpoint) => endpoint as usize..endpoint as usize + 1,
            None => directory.endpoints_of(service as usize),
        },
    )
}

/// Returns the services that requests of a workload reach, including those called or handed on to.
fn reached(directory: &NameTable, demands: &[EndpointDemand], workload: &Workload) -> Vec<usize> {
    let mut seen = vec![false; demands.len()];
    let mut services = vec![false; directory.services.len()];
    let mut next: Vec<usize> = endpoints_of(directory, workload).collect();
    while let Some(endpoint) = next.pop() {
        if std::mem::replace(&mut seen[endpoint], true) {
            continue;
        }
        let service = directory.endpoints[endpoint].service as usize;
        next.extend(demands[endpoint].calls.iter().map(|(callee, _)| *callee as usize));
        if std::mem::replace(&mut services[service], true) {
            continue;
        }
        let members = &directory.members[service].0;
        for instance in &directory.instances[members.start as usize..members.end as usize] {
            let then = instance.then.and_then(|then| directory.services.get(then.as_str()));
            next.extend(then.map_or(0..0, |then| directory.endpoints_of(*then as usize)));
        }
    }
    (0..services.len()).filter(|service| services[*service]).collect()
}

/// Returns the lower bound of the mean latency of a workload, s.
fn least_s(directory: &NameTable, demands: &[EndpointDemand], workload: &Workload) -> f64 {
    let terms =
        demand::targets(workload).filter_map(|(to, share)| match directory.target(to).ok()? {
            (_, Some(endpoint)) => Some(share * demands[endpoint as usize].min_residence_s),
            _ => None,
        });
    terms.sum()
}

//! Flow balance of every resource that is held for a time: what is asked of it at the end of a run,
//! against what it has.
//!
//! Law: a resource of c units, each held for a mean time h by requests that come at rate λ, is
//! asked for λh/c of its time (utilisation law, Denning, Buzen 1978). More than 1 cannot hold,
//! whatever the laws are: the queue grows by what is too much, for ever. Less than 1 holds (Loynes
//! 1962), and the queue forgets its beginning in about a relaxation time, (c_a² + c_s²)/2 / (√(c/h)
//! − √λ)² (exact for M/M/1: Morse 1955; the factor by the diffusion approximation, Kingman 1961).
//! How long cores are held is known exactly. Places and memory are held until the request leaves,
//! so also while it waits for a core or an answer: their load is at least what is said here, and
//! [`Held::is_all`] says whether it is just that.
//! Checked: unit tests below against M/M/1, Erlang's formulas and hand calculation;
//! `tests/it/verdict.rs`.

mod central;

use super::broken::Broken;
use super::demand::{self, Ask, Rates};
use super::directory::NameTable;
use super::{Regime, Scenario, Workload};
use crate::policy::balance::Balance;

/// What of a service is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// The loops or cores of its instances.
    Cores,
    /// The places of `max_in_flight`.
    Places,
    /// The memory of its instances.
    Memory,
    /// The instances themselves, which have one request at a time behind a central queue.
    Instances,
}

impl Resource {
    /// One word for the files.
    pub fn name(self) -> &'static str {
        match self {
            Resource::Cores => "cores",
            Resource::Places => "places",
            Resource::Memory => "memory",
            Resource::Instances => "instances",
        }
    }
}

/// What is asked of a resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// Which one.
    pub resource: Resource,
    /// Share of its time that is surely asked for, of the busiest instance; 1 is all there is.
    pub load: f64,
    /// The same if nothing is lost or given up on the way, and calls with a timeout take min(mean,
    /// timeout): never less, and of cores the most there can be.
    pub expected: f64,
    /// Whether nothing can add to the load: what holds it never waits for anything meanwhile.
    pub is_all: bool,
    /// Time in which its queue forgets how it began, s; infinite at a load of 1 and more, and if
    /// the variance of the demand is infinite.
    pub settles_s: f64,
}

impl Held {
    /// Whether just all there is of it is asked for: no run is long enough to see what its queue
    /// comes to.
    pub fn is_just_all(&self) -> bool {
        (self.load - 1.0).abs() <= NEARLY && (self.expected - 1.0).abs() <= NEARLY
    }
}

/// Whether a service can hold what is asked of it in the long run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing {
    /// It can: every resource is surely asked for less than it has.
    Holds,
    /// It cannot: this resource is surely asked for more than it has, and its queue has no end.
    Fails(Held),
    /// That depends on what the demands do not say: how long requests wait while they hold
    /// something, or how many are lost before they get here.
    Open,
}

/// The balance of one service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceBalance {
    /// Requests a second.
    pub rate: f64,
    /// Its resources, the scarcest first.
    pub held: Vec<Held>,
    /// Whether it can hold that.
    pub standing: Standing,
    /// Whether it turns requests away when its queue is full: then the queue does not grow without
    /// end.
    pub sheds: bool,
    /// The place of a law of infinite variance that its requests draw from.
    pub heavy: Option<String>,
    /// Whether `rate` is what comes: none is lost on the way.
    pub is_rate_exact: bool,
    /// Whether its balancer gives every instance the same part, or all instances are equal, and
    /// requests come at a rate: else the load is divided, or comes, as none can tell before.
    pub is_even: bool,
}

/// What is known of a workload without simulating.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadBalance {
    /// Services that its requests come to, by their number.
    pub services: Vec<usize>,
    /// The least mean time until a request is answered, s.
    pub least_s: f64,
    /// The place of a law of infinite variance that its latency is made of.
    pub heavy: Option<String>,
}

/// Flow balance at the end of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowBalance {
    /// In the order of the scenario.
    pub services: Vec<ServiceBalance>,
    /// In the order of the scenario.
    pub workloads: Vec<WorkloadBalance>,
    /// By endpoint: the place of a law of infinite variance that its latency is made of.
    pub heavy: Vec<Option<String>>,
    /// Since when the system is as it is at the end.
    pub regime: Regime,
}

impl FlowBalance {
    /// The balance of a checked scenario.
    pub fn of(scenario: &Scenario) -> FlowBalance {
        FlowBalance::of_directory(&NameTable::new(scenario))
    }

    /// The same, from its directory.
    pub(super) fn of_directory(directory: &NameTable) -> FlowBalance {
        let scenario = directory.scenario;
        let broken = Broken::of(directory);
        let (asks, order) = demand::asks(directory, &broken);
        let horizon_s = scenario.run.duration.seconds();
        let processes = demand::processes(scenario);
        let sent = demand::sent(&processes, |_, profile| profile.last_rate(horizon_s).0);
        let rates = demand::rates(directory, &asks, &order, &sent);
        let dispersion = demand::dispersion(&processes, &sent);
        let mut services: Vec<ServiceBalance> =
            services(directory, &asks, &rates, &broken, dispersion);
        stand(directory, &asks, &order, &rates, &broken, &mut services);
        if processes.iter().flatten().any(|process| process.gaps.are_given()) {
            services
                .iter_mut()
                .for_each(|service| (service.standing, service.is_even) = (Standing::Open, false));
        }
        let workloads = scenario.workload.values().map(|workload| WorkloadBalance {
            services: reached(directory, &asks, workload),
            least_s: least_s(directory, &asks, workload),
            heavy: endpoints_of(directory, workload)
                .find_map(|endpoint| asks[endpoint].heavy.clone()),
        });
        let workloads = workloads.collect();
        FlowBalance {
            services,
            workloads,
            heavy: asks.into_iter().map(|ask| ask.heavy).collect(),
            regime: Regime::of(scenario),
        }
    }
}

fn services(
    directory: &NameTable,
    asks: &[Ask],
    rates: &Rates,
    broken: &Broken,
    dispersion: f64,
) -> Vec<ServiceBalance> {
    let scenario = directory.scenario;
    let nothing = ServiceBalance {
        rate: 0.0,
        held: Vec::new(),
        standing: Standing::Holds,
        sheds: false,
        heavy: None,
        is_rate_exact: true,
        is_even: true,
    };
    let mut services = vec![nothing; scenario.services.len()];
    for (endpoint, entry) in directory.endpoints.iter().enumerate() {
        services[entry.service as usize].rate += rates.by_endpoint[endpoint];
        let heavy = &mut services[entry.service as usize].heavy;
        *heavy = heavy.take().or_else(|| asks[endpoint].heavy.clone());
    }
    for (service, written) in services.iter_mut().zip(scenario.services.values()) {
        service.sheds = written.sheds();
        service.is_even = written.instances.len() < 2
            || matches!(
                written.balance,
                Balance::RoundRobin | Balance::Random | Balance::CentralQueue
            );
    }
    // Calls come as others let them go on, so only a service that workloads ask directly sees how
    // unevenly those send.
    let mut is_called = vec![false; services.len()];
    for (callee, _) in asks.iter().flat_map(|ask| &ask.calls) {
        is_called[directory.endpoints[*callee as usize].service as usize] = true;
    }
    let up = |id: usize| (directory.members[id].0.len() as f64 - broken.down[id]).max(0.0);
    let uneven = |id: usize| if is_called[id] { 1.0 } else { dispersion };
    for (id, service) in services.iter_mut().enumerate() {
        service.held.extend(central::held(
            directory,
            asks,
            rates,
            &broken.slower,
            id,
            up(id),
            uneven(id),
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
        let (up, uneven) = (up(id), uneven(id));
        // Replicas share their endpoints, and the balancer gives each that is up its part; a named
        // instance has its own. Where none is up nobody serves, and nothing is asked of anybody.
        let sharing = match () {
            () if instance.is_named => 1.0,
            () if up > 0.0 => up,
            () => f64::INFINITY,
        };
        let (workers, cores) = instance.runtime.workers(instance.machine.cpu);
        let endpoints = instance.first_endpoint as usize
            ..(instance.first_endpoint + instance.endpoints) as usize;
        let stretch = broken.slower[index] / instance.machine.speed.times;
        let sum = |of: &dyn Fn(&Ask) -> f64| -> f64 {
            let terms = endpoints
                .clone()
                .map(|e| (rates.by_endpoint[e] / sharing, of(&asks[e])))
                .filter(|(rate, _)| *rate > 0.0);
            terms.map(|(rate, ask)| rate * ask).sum()
        };
        let rate = sum(&|_| 1.0);
        // A waiting for the own cores or memory, or at the door, is nothing that the demands tell.
        let is_exact = endpoints.clone().all(|e| rates.by_endpoint[e] == 0.0 || asks[e].is_exact);
        let (work, squares) = (
            sum(&|ask| ask.cpu_s) * stretch,
            sum(&|ask| ask.cpu_variance_s2 + ask.cpu_s * ask.cpu_s) * stretch * stretch,
        );
        let [inside, expected] =
            [sum(&|ask| ask.inside_at(stretch)), sum(&|ask| ask.expected_at(stretch))];
        let c = f64::from(workers * cores);
        // Each loop has its own queue, and gets its part of the requests by chance.
        let (lanes, uneven_here) = if workers > 1 {
            (f64::from(workers), (uneven + f64::from(workers) - 1.0) / f64::from(workers))
        } else {
            (1.0, uneven)
        };
        let varies = variability(rate, work, squares);
        let mut held = vec![Held {
            resource: Resource::Cores,
            load: sum(&|ask| ask.surely_cpu_s) * stretch / c,
            expected: work / c,
            is_all: true,
            settles_s: settles_s(
                rate / lanes,
                work / rate,
                c / lanes,
                (uneven_here + varies) / 2.0,
            ),
        }];
        let service = &mut services[id];
        if let Some(places) =
            scenario.services.get_index(id).and_then(|(_, service)| service.max_in_flight)
        {
            let places = places.0 as f64;
            let settles_s = settles_s(rate, inside / rate, places, (uneven + 1.0) / 2.0);
            held.push(Held {
                resource: Resource::Places,
                load: inside / places,
                expected: expected / places,
                is_all: is_exact,
                settles_s,
            });
        }
        if let Some(memory) = instance.machine.memory.filter(|memory| memory.0 > 0) {
            let needs: Vec<_> = endpoints
                .clone()
                .filter(|e| rates.by_endpoint[*e] > 0.0)
                .map(|e| asks[e].memory_each)
                .collect();
            let whole = needs
                .first()
                .copied()
                .flatten()
                .filter(|need| needs.iter().all(|other| *other == Some(*need)));
            let [bytes, expected_bytes] = [
                sum(&|ask| ask.memory_bytes * ask.inside_at(stretch)),
                sum(&|ask| ask.memory_bytes * ask.expected_at(stretch)),
            ];
            // Of equal needs only whole ones fit.
            let units = whole.map_or(1.0, |need| (memory.0 / need.max(1)).max(1) as f64);
            let [load, expected] = match whole {
                Some(_) => [inside / units, expected / units],
                None => [bytes / memory.0 as f64, expected_bytes / memory.0 as f64],
            };
            if expected_bytes > 0.0 {
                let settles_s = settles_s(rate, load * units / rate, units, (uneven + 1.0) / 2.0);
                held.push(Held {
                    resource: Resource::Memory,
                    load,
                    expected,
                    is_all: false,
                    settles_s,
                });
            }
        }
        for own in held {
            match service.held.iter_mut().find(|known| known.resource == own.resource) {
                Some(known) if known.expected >= own.expected => {}
                Some(known) => *known = own,
                None => service.held.push(own),
            }
        }
    }
    for service in &mut services {
        service.held.sort_by(|a, b| b.load.total_cmp(&a.load));
    }
    services
}

/// The squared coefficient of variation of what a request asks for.
fn variability(rate: f64, work: f64, squares: f64) -> f64 {
    let (mean, square) = (work / rate, squares / rate);
    if mean > 0.0 { (square / (mean * mean) - 1.0).max(0.0) } else { 0.0 }
}

/// The relaxation time of a queue of rate λ with c units, each held for a mean time.
fn settles_s(rate: f64, held_s: f64, units: f64, variability: f64) -> f64 {
    let gap = (units / held_s).sqrt() - rate.sqrt();
    match () {
        () if rate == 0.0 || held_s == 0.0 => 0.0,
        () if gap <= 0.0 => f64::INFINITY,
        () => variability / (gap * gap),
    }
}

/// Load this near to 1 is 1: sums of decimals are not exact.
const NEARLY: f64 = 1e-9;

/// Finds whether each service can hold what is asked of it.
fn stand(
    directory: &NameTable,
    asks: &[Ask],
    order: &[usize],
    rates: &Rates,
    broken: &Broken,
    services: &mut [ServiceBalance],
) {
    // Behind a service that cannot hold its load fewer come than are sent.
    let too_much =
        |service: &ServiceBalance| service.held.iter().any(|held| held.expected > 1.0 - NEARLY);
    let mut is_behind = vec![broken.loses(); asks.len()];
    for &endpoint in order {
        let capped = is_behind[endpoint]
            || too_much(&services[directory.endpoints[endpoint].service as usize]);
        asks[endpoint].calls.iter().for_each(|(callee, _)| is_behind[*callee as usize] |= capped);
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
    let named = directory.scenario.services.values().map(|written| !written.instances.is_empty());
    let waits_below = wait_below(directory, asks, order, services);
    for (((service, is_known), waits_below), (is_named, down)) in
        services.iter_mut().zip(is_known).zip(waits_below).zip(named.zip(&broken.down))
    {
        // What an instance of its own leaves behind falls to the others.
        let leaves_more = is_named && *down > 0.0;
        (service.is_even, service.is_rate_exact) = (service.is_even && !leaves_more, is_known);
        let adds_up = is_known && service.is_even && !service.sheds;
        service.standing = match service.held.first().copied() {
            Some(held) if adds_up && held.load > 1.0 + NEARLY => Standing::Fails(held),
            _ if leaves_more => Standing::Open,
            _ if service.held.iter().all(|held| {
                held.expected < 1.0 - NEARLY
                    && (held.is_all || is_surely_enough(held, own_cores(service), waits_below))
            }) =>
            {
                Standing::Holds
            }
            _ => Standing::Open,
        };
    }
}

/// Places or memory that are held longer than the demands say are enough where there is nothing to
/// wait for long meanwhile, here or in what is called: a load of a tenth may grow tenfold.
fn is_surely_enough(held: &Held, own_cores: f64, waits_below: bool) -> bool {
    !waits_below && is_light(held) && own_cores < IDLE
}

fn is_light(held: &Held) -> bool {
    held.expected < 0.1
}

/// Cores of which less is asked for are waited for shortly.
const IDLE: f64 = 0.5;

fn own_cores(service: &ServiceBalance) -> f64 {
    service
        .held
        .iter()
        .find(|held| held.resource == Resource::Cores)
        .map_or(0.0, |cores| cores.expected)
}

/// By service: whether its requests call, directly or not, where they may wait long.
fn wait_below(
    directory: &NameTable,
    asks: &[Ask],
    order: &[usize],
    services: &[ServiceBalance],
) -> Vec<bool> {
    let waits_in = |service: &ServiceBalance| {
        own_cores(service) >= IDLE
            || service.held.iter().any(|held| held.resource != Resource::Cores && !is_light(held))
    };
    let waits_in: Vec<bool> = services.iter().map(waits_in).collect();
    let (mut by_endpoint, mut by_service) = (vec![false; asks.len()], vec![false; services.len()]);
    for &endpoint in order.iter().rev() {
        let waits = |callee: u32| {
            waits_in[directory.endpoints[callee as usize].service as usize]
                || by_endpoint[callee as usize]
        };
        by_endpoint[endpoint] = asks[endpoint].calls.iter().any(|(callee, _)| waits(*callee));
        by_service[directory.endpoints[endpoint].service as usize] |= by_endpoint[endpoint];
    }
    by_service
}

/// The endpoints that requests of a workload may go to at first.
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

/// The services that requests of a workload come to, with those they call and those they are handed
/// on to.
fn reached(directory: &NameTable, asks: &[Ask], workload: &Workload) -> Vec<usize> {
    let mut seen = vec![false; asks.len()];
    let mut services = vec![false; directory.services.len()];
    let mut next: Vec<usize> = endpoints_of(directory, workload).collect();
    while let Some(endpoint) = next.pop() {
        if std::mem::replace(&mut seen[endpoint], true) {
            continue;
        }
        let service = directory.endpoints[endpoint].service as usize;
        next.extend(asks[endpoint].calls.iter().map(|(callee, _)| *callee as usize));
        if std::mem::replace(&mut services[service], true) {
            continue;
        }
        let own = &directory.members[service].0;
        for instance in &directory.instances[own.start as usize..own.end as usize] {
            let then = instance.then.and_then(|then| directory.services.get(then.as_str()));
            next.extend(then.map_or(0..0, |then| directory.endpoints_of(*then as usize)));
        }
    }
    (0..services.len()).filter(|service| services[*service]).collect()
}

fn least_s(directory: &NameTable, asks: &[Ask], workload: &Workload) -> f64 {
    let terms =
        demand::targets(workload).filter_map(|(to, share)| match directory.target(to).ok()? {
            (_, Some(endpoint)) => Some(share * asks[endpoint as usize].inside_s),
            _ => None,
        });
    terms.sum()
}

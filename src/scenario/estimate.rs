//! The static estimate: what follows from the mean demands alone, without simulating.
//!
//! Law: flow balance and the utilisation law (Denning, Buzen 1978, §4): the utilisation of a service is the rate of its requests times their
//! mean CPU demand, over its cores; more than 1 cannot hold. Memory by Little's law: rate times mean need times the time that a request
//! is inside at least. Faults and timeouts are left out; errors end a program early. Calls are followed in topological order, once each.

use super::directory::Directory;
use super::topology::topological;
use super::{Endpoint, Scenario, Step};
use crate::random::dists::Law;
use crate::random::keys::Salt;

/// How many distributions are listed.
const MOST_SPREADS: usize = 200;

/// What the mean demands say.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// By service, in the order of the scenario.
    pub services: Vec<ServiceLoad>,
    /// Quantities that vary, in the order of the scenario; the first 200 of them.
    pub distributions: Vec<Spread>,
}

/// A quantity that varies: what its parameters come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Where it stands.
    pub path: String,
    /// `s`, `B` or `1`.
    pub unit: &'static str,
    /// Mean.
    pub mean: f64,
    /// Standard deviation over mean.
    pub cv: f64,
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// The load of one service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceLoad {
    /// Its name.
    pub service: String,
    /// Requests a second.
    pub rate: f64,
    /// Cores its runtime can use.
    pub cores: u32,
    /// Share of the cores' time, of the busiest instance.
    pub utilisation: f64,
    /// Share of the memory, of the fullest instance; none if unlimited.
    pub memory: Option<f64>,
}

/// The estimate for a checked scenario.
pub fn estimate(scenario: &Scenario) -> Estimate {
    let directory = Directory::new(scenario);
    Estimate { services: Load::of(&directory).services, distributions: distributions(&directory) }
}

/// What the mean demands come to.
pub struct Load {
    /// By service, in the order of the scenario.
    pub services: Vec<ServiceLoad>,
    /// Requests of a replication that are to be expected, calls included.
    pub requests: f64,
    /// And the steps of theirs that take an event each.
    pub events: f64,
    /// The most requests and steps that one request of a workload leads to, itself included.
    pub of_one: f64,
}

/// What a request of an endpoint asks for by itself, and what it calls.
struct Ask {
    cpu_s: f64,
    memory_bytes: f64,
    /// Mean time inside if it never waits for a core or for memory, links left out; calls are added once theirs is known.
    inside_s: f64,
    events: f64,
    /// Endpoints it calls, and the share of requests that get that far.
    calls: Vec<(u32, f64)>,
}

impl Load {
    /// The load of a checked scenario.
    pub fn of(directory: &Directory) -> Load {
        let mut asks: Vec<Ask> = directory.endpoints.iter().map(|entry| ask(directory, entry.endpoint)).collect();
        let order = callers_first(&asks);
        let rates = rates(directory, &asks, &order);
        let mut of_one: Vec<f64> = asks.iter().map(|ask| 1.0 + ask.events).collect();
        for endpoint in order.iter().rev() {
            let calls = asks[*endpoint].calls.iter();
            let (inside_s, below) = calls.fold((0.0, 0.0), |(inside_s, below), (callee, share)| {
                (inside_s + share * asks[*callee as usize].inside_s, below + share * of_one[*callee as usize])
            });
            asks[*endpoint].inside_s += inside_s;
            of_one[*endpoint] += below;
        }
        let mut services: Vec<ServiceLoad> = Vec::new();
        for (name, _) in &directory.scenario.services {
            services.push(ServiceLoad { service: name.clone(), rate: 0.0, cores: 0, utilisation: 0.0, memory: None });
        }
        let members = members(directory);
        let (mut requests, mut events) = (0.0, 0.0);
        for ((entry, rate), ask) in directory.endpoints.iter().zip(&rates).zip(&asks) {
            services[entry.service as usize].rate += rate;
            requests += rate;
            events += rate * ask.events;
        }
        for instance in &directory.instances {
            let service = instance.service as usize;
            let load = &mut services[service];
            // Replicas share their endpoints, and the balancer gives each its part; a named instance has its own.
            let sharing = if instance.is_named { 1.0 } else { members[service] as f64 };
            let (workers, cores) = instance.runtime.workers(instance.machine.cpu);
            load.cores = load.cores.saturating_add(workers * cores);
            let (mut work, mut bytes) = (0.0, 0.0);
            for e in instance.first_endpoint as usize..(instance.first_endpoint + instance.endpoints) as usize {
                let rate = rates[e] / sharing;
                work += rate * asks[e].cpu_s / instance.machine.speed.times;
                bytes += rate * asks[e].memory_bytes * asks[e].inside_s;
            }
            load.utilisation = f64::max(load.utilisation, work / (workers * cores) as f64);
            if let Some(memory) = instance.machine.memory.filter(|memory| memory.0 > 0) {
                load.memory = Some(f64::max(load.memory.unwrap_or(0.0), bytes / memory.0 as f64));
            }
        }
        let duration_s = directory.scenario.run.duration.seconds();
        let of_one = of_one.iter().zip(&rates).filter(|(_, rate)| **rate > 0.0).map(|(of_one, _)| *of_one).fold(0.0, f64::max);
        Load { services, requests: requests * duration_s, events: events * duration_s, of_one }
    }
}

/// How many instances each service has.
fn members(directory: &Directory) -> Vec<usize> {
    let mut members = vec![0; directory.services.len()];
    directory.instances.iter().for_each(|instance| members[instance.service as usize] += 1);
    members
}

/// Every quantity that varies, up to [`MOST_SPREADS`].
fn distributions(directory: &Directory) -> Vec<Spread> {
    let scenario = directory.scenario;
    let active = scenario.workload.iter().filter_map(|(name, workload)| {
        let users = workload.users.as_ref()?;
        Some((format!("workload.{name}.users.active"), users.active.law(), "1"))
    });
    let steps = directory.endpoints.iter().flat_map(|endpoint| {
        let laws = endpoint.endpoint.steps.iter().enumerate().filter_map(|(index, step)| Some((index, step.law()?)));
        laws.map(|(index, (law, unit))| (format!("{}.steps[{index}]", endpoint.path), law, unit))
    });
    let links = scenario.links.iter().map(|(name, link)| (format!("links.{name}.latency"), link.latency.law(), "ns"));
    let varies = active.chain(steps).chain(links).filter(|(_, law, _): &(String, Law, &'static str)| law.variance() > 0.0);
    let spread = varies.map(|(path, law, unit)| {
        let (scale, unit) = if unit == "ns" { (1e-9, "s") } else { (1.0, unit) };
        Spread { path, unit, mean: law.mean() * scale, cv: law.cv(), p50: law.quantile(0.5) * scale, p99: law.quantile(0.99) * scale }
    });
    spread.take(MOST_SPREADS).collect()
}

/// Requests a second at every endpoint.
fn rates(directory: &Directory, asks: &[Ask], order: &[usize]) -> Vec<f64> {
    let scenario = directory.scenario;
    let mut by_endpoint = vec![0.0; directory.endpoints.len()];
    let mut by_service = vec![0.0; scenario.services.len()];
    for workload in scenario.workload.values() {
        let Some(traffic) = workload.traffic(Salt::of("")) else { continue };
        let rate = traffic.pieces.mean_rate(scenario.run.duration.seconds()) * traffic.gaps.mean_batch();
        // Nothing times an infinite mean is nothing, and no number.
        if rate.is_nan() {
            continue;
        }
        let weights: f64 = workload.mix.values().sum::<f64>() + workload.to.iter().count() as f64;
        let shares = workload.mix.iter().map(|(to, w)| (to, w / weights)).chain(workload.to.iter().map(|to| (to, 1.0)));
        for (to, share) in shares.filter(|(_, share)| *share > 0.0) {
            match directory.target(to) {
                Ok((_, Some(endpoint))) => by_endpoint[endpoint as usize] += rate * share,
                Ok((service, None)) => by_service[service as usize] += rate * share,
                Err(_) => {}
            }
        }
    }
    hand_on(directory, &mut by_service);
    // An instance draws the endpoint of a request that names only the service.
    let members = members(directory);
    for instance in &directory.instances {
        let drawn = by_service[instance.service as usize] / members[instance.service as usize] as f64;
        for endpoint in instance.first_endpoint..instance.first_endpoint + instance.endpoints {
            by_endpoint[endpoint as usize] += drawn / instance.endpoints as f64;
        }
    }
    for &endpoint in order {
        for (callee, share) in &asks[endpoint].calls {
            by_endpoint[*callee as usize] += by_endpoint[endpoint] * share;
        }
    }
    by_endpoint
}

/// Adds what services hand on to the next of their pipelines, which do not go round in circles.
fn hand_on(directory: &Directory, by_service: &mut [f64]) {
    let next = |then: Option<&String>| then.and_then(|then| directory.services.get(then.as_str())).map(|next| *next as usize);
    let members = members(directory);
    let mut ways = vec![Vec::new(); by_service.len()];
    for instance in &directory.instances {
        let share = 1.0 / members[instance.service as usize] as f64;
        ways[instance.service as usize].extend(next(instance.then).map(|next| (next, share)));
    }
    for service in topological(by_service.len(), |service| ways[service].iter().map(|(next, _)| *next)) {
        for (next, share) in &ways[service] {
            by_service[*next] += by_service[service] * share;
        }
    }
}

/// The endpoints, callers before those they call.
fn callers_first(asks: &[Ask]) -> Vec<usize> {
    topological(asks.len(), |endpoint| asks[endpoint].calls.iter().map(|(callee, _)| *callee as usize))
}

/// Sums over the steps of what each asks for, weighted by how many requests get that far.
fn ask(directory: &Directory, endpoint: &Endpoint) -> Ask {
    // All reservations are taken together, before the first step.
    let memory_bytes = endpoint.steps.iter().map(|step| step.demand().memory_bytes).sum();
    let mut ask = Ask { cpu_s: 0.0, memory_bytes, inside_s: 0.0, events: 0.0, calls: Vec::new() };
    let mut going_on = 1.0;
    for step in &endpoint.steps {
        if going_on == 0.0 {
            break;
        }
        let demand = step.demand();
        ask.cpu_s += going_on * demand.cpu_s;
        ask.inside_s += going_on * (demand.cpu_s + demand.wait_s);
        match step {
            Step::Call(call) => {
                let callee = directory.target(&call.to).ok().and_then(|(_, callee)| callee);
                ask.calls.extend(callee.map(|callee| (callee, going_on)));
            }
            Step::Cpu(_) | Step::Wait(_) => ask.events += going_on,
            _ => {}
        }
        going_on *= demand.going_on;
    }
    ask
}

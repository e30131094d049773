//! The static estimate: what follows from the mean demands alone, without simulating.
//!
//! Law: flow balance and the utilisation law (Denning, Buzen 1978, §4): the utilisation of a service is the rate of its requests times their
//! mean CPU demand, over its cores; more than 1 cannot hold. Memory by Little's law: rate times mean need times the time that a request
//! is inside at least. Faults and timeouts are left out; errors end a program early.

use super::directory::Directory;
use super::{Endpoint, Scenario, Step};
use crate::random::dists::Law;
use crate::random::keys::Salt;
use crate::step::Demand;

/// What the mean demands say.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// By service, in the order of the scenario.
    pub services: Vec<ServiceLoad>,
    /// All quantities that vary, in the order of the scenario.
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
    let (by_endpoint, by_service) = rates(&directory);
    let mut services = Vec::new();
    for (id, (name, _)) in scenario.services.iter().enumerate() {
        let instances: Vec<_> = directory.instances.iter().filter(|i| i.service == id as u32).collect();
        let n = instances.len() as f64;
        let own: f64 =
            (0..directory.endpoints.len()).filter(|&e| directory.endpoints[e].service == id as u32).map(|e| by_endpoint[e]).sum();
        let mut load = ServiceLoad { service: name.clone(), rate: own + by_service[id], cores: 0, utilisation: 0.0, memory: None };
        for instance in instances {
            let (workers, cores) = instance.runtime.workers(instance.machine.cpu);
            load.cores += workers * cores;
            let (mut work, mut bytes) = (0.0, 0.0);
            for e in instance.first_endpoint..instance.first_endpoint + instance.endpoints {
                // The balancer gives each instance its share; requests for the service draw among the instance's endpoints.
                let rate = (by_endpoint[e as usize] + by_service[id] / instance.endpoints as f64) / n;
                let endpoint = directory.endpoints[e as usize].endpoint;
                work += rate * cpu_s(endpoint) / instance.machine.speed.times;
                bytes += rate * memory_bytes(endpoint) * inside_s(&directory, endpoint, 0);
            }
            load.utilisation = f64::max(load.utilisation, work / (workers * cores) as f64);
            if let Some(memory) = instance.machine.memory.filter(|memory| memory.0 > 0) {
                load.memory = Some(f64::max(load.memory.unwrap_or(0.0), bytes / memory.0 as f64));
            }
        }
        services.push(load);
    }
    Estimate { services, distributions: distributions(&directory) }
}

/// Every quantity that varies.
fn distributions(directory: &Directory) -> Vec<Spread> {
    let scenario = directory.scenario;
    let mut found: Vec<(String, Law, &'static str)> = Vec::new();
    for (name, workload) in &scenario.workload {
        found.extend(workload.users.iter().map(|users| (format!("workload.{name}.users.active"), users.active.law(), "1")));
    }
    for endpoint in &directory.endpoints {
        for (index, step) in endpoint.endpoint.steps.iter().enumerate() {
            found.extend(step.law().map(|(law, unit)| (format!("{}.steps[{index}]", endpoint.path), law, unit)));
        }
    }
    found.extend(scenario.links.iter().map(|(name, link)| (format!("links.{name}.latency"), link.latency.law(), "ns")));
    let varies = found.into_iter().filter(|(_, law, _)| law.variance() > 0.0);
    let spread = varies.map(|(path, law, unit)| {
        let (scale, unit) = if unit == "ns" { (1e-9, "s") } else { (1.0, unit) };
        Spread { path, unit, mean: law.mean() * scale, cv: law.cv(), p50: law.quantile(0.5) * scale, p99: law.quantile(0.99) * scale }
    });
    spread.collect()
}

/// Requests a second at every endpoint, and at every service whose instances draw the endpoint.
fn rates(directory: &Directory) -> (Vec<f64>, Vec<f64>) {
    let scenario = directory.scenario;
    let mut by_endpoint = vec![0.0; directory.endpoints.len()];
    let mut by_service = vec![0.0; scenario.services.len()];
    for workload in scenario.workload.values() {
        let Some(traffic) = workload.traffic(Salt::of("")) else { continue };
        let rate = traffic.pieces.mean_rate(scenario.run.duration.seconds()) * traffic.gaps.mean_batch();
        let weights: f64 = workload.mix.values().sum::<f64>() + workload.to.iter().count() as f64;
        let shares = workload.mix.iter().map(|(to, w)| (to, w / weights)).chain(workload.to.iter().map(|to| (to, 1.0)));
        for (to, share) in shares {
            match directory.target(to) {
                Ok((_, Some(endpoint))) => arrive(directory, endpoint, rate * share, &mut by_endpoint, 0),
                Ok((service, None)) => hand_on(directory, service, rate * share, &mut by_service, 0),
                Err(_) => {}
            }
        }
    }
    (by_endpoint, by_service)
}

/// Requests arrive at an endpoint, and call others, as far as they get.
fn arrive(directory: &Directory, endpoint: u32, rate: f64, by_endpoint: &mut [f64], depth: usize) {
    by_endpoint[endpoint as usize] += rate;
    let mut going_on = rate;
    for step in &directory.endpoints[endpoint as usize].endpoint.steps {
        if let Step::Call(call) = step
            && let Ok((_, Some(callee))) = directory.target(&call.to)
            && depth < 64
        {
            arrive(directory, callee, going_on, by_endpoint, depth + 1);
        }
        going_on *= step.demand().going_on;
    }
}

/// Requests arrive at a service with named instances, and go on through the pipeline.
fn hand_on(directory: &Directory, service: u32, rate: f64, by_service: &mut [f64], depth: usize) {
    by_service[service as usize] += rate;
    let instances: Vec<_> = directory.instances.iter().filter(|i| i.service == service).collect();
    for instance in &instances {
        if let Some(next) = instance.then.and_then(|then| directory.services.get(then.as_str())).filter(|_| depth < 64) {
            hand_on(directory, *next, rate / instances.len() as f64, by_service, depth + 1);
        }
    }
}

/// Sum over the steps of what each asks for, weighted by how many requests get that far.
fn sum_of(endpoint: &Endpoint, ask: impl Fn(&Step, Demand) -> f64) -> f64 {
    let (mut sum, mut going_on) = (0.0, 1.0);
    for step in &endpoint.steps {
        let demand = step.demand();
        sum += going_on * ask(step, demand);
        going_on *= demand.going_on;
    }
    sum
}

fn cpu_s(endpoint: &Endpoint) -> f64 {
    sum_of(endpoint, |_, demand| demand.cpu_s)
}

fn memory_bytes(endpoint: &Endpoint) -> f64 {
    endpoint.steps.iter().map(|step| step.demand().memory_bytes).sum()
}

/// Mean time that a request is inside if it never waits for a core or for memory, links left out.
fn inside_s(directory: &Directory, endpoint: &Endpoint, depth: usize) -> f64 {
    sum_of(endpoint, |step, demand| match step {
        Step::Call(call) if depth < 64 => match directory.target(&call.to) {
            Ok((_, Some(callee))) => inside_s(directory, directory.endpoints[callee as usize].endpoint, depth + 1),
            _ => 0.0,
        },
        _ => demand.cpu_s + demand.wait_s,
    })
}

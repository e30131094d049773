//! The static estimate: what follows from the mean demands alone, without simulating.
//!
//! Law: flow balance and the utilisation law (Denning, Buzen 1978, §4): the utilisation of a
//! service is the rate of its requests times their mean CPU demand, over its cores; more than 1
//! cannot hold. Memory by Little's law: rate times mean need times the time that a request is
//! inside if it never queues: its steps, and its calls with their links, each at most as long as
//! its timeout. Faults are left out; errors end a program early. Calls are followed in topological
//! order, once each.

use super::broken::Broken;
use super::demand::Ask;
use super::directory::NameTable;
use super::{Scenario, demand};
use crate::random::dists::Distribution;

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
    let directory = NameTable::new(scenario);
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

impl Load {
    /// The load of a checked scenario.
    pub fn of(directory: &NameTable) -> Load {
        let duration_s = directory.scenario.run.duration.seconds();
        let (asks, order) = demand::asks(directory, &Broken::none(directory));
        let sent = demand::sent(&demand::processes(directory.scenario), |_, profile| {
            profile.mean_rate(duration_s)
        });
        Load::of_rates(directory, &asks, &order, &sent)
    }

    /// The load where each workload sends so many requests a second.
    pub(super) fn of_rates(
        directory: &NameTable,
        asks: &[Ask],
        order: &[usize],
        sent: &[f64],
    ) -> Load {
        let duration_s = directory.scenario.run.duration.seconds();
        let rates = demand::rates(directory, asks, order, sent).by_endpoint;
        let mut of_one: Vec<f64> = asks.iter().map(|ask| 1.0 + ask.events).collect();
        for endpoint in order.iter().rev() {
            of_one[*endpoint] += asks[*endpoint]
                .calls
                .iter()
                .map(|(callee, share)| share * of_one[*callee as usize])
                .sum::<f64>();
        }
        let mut services: Vec<ServiceLoad> = Vec::new();
        for (name, service) in &directory.scenario.services {
            services.push(ServiceLoad {
                service: name.clone(),
                rate: 0.0,
                cores: service.cores(),
                utilisation: 0.0,
                memory: None,
            });
        }
        let (mut requests, mut events) = (0.0, 0.0);
        for ((entry, rate), ask) in directory.endpoints.iter().zip(&rates).zip(asks) {
            services[entry.service as usize].rate += rate;
            requests += rate;
            events += rate * ask.events;
        }
        for instance in &directory.instances {
            let service = instance.service as usize;
            let load = &mut services[service];
            // Replicas share their endpoints, and the balancer gives each its part; a named
            // instance has its own.
            let sharing =
                if instance.is_named { 1.0 } else { directory.members[service].0.len() as f64 };
            let (workers, cores) = instance.runtime.workers(instance.machine.cpu);
            let (mut work, mut bytes) = (0.0, 0.0);
            for e in instance.first_endpoint as usize
                ..(instance.first_endpoint + instance.endpoints) as usize
            {
                let rate = rates[e] / sharing;
                work += rate * asks[e].cpu_s / instance.machine.speed.times;
                bytes += rate
                    * asks[e].memory_bytes
                    * asks[e].expected_at(1.0 / instance.machine.speed.times);
            }
            load.utilisation = f64::max(load.utilisation, work / (workers * cores) as f64);
            if let Some(memory) = instance.machine.memory.filter(|memory| memory.0 > 0) {
                load.memory = Some(f64::max(load.memory.unwrap_or(0.0), bytes / memory.0 as f64));
            }
        }
        let of_one = of_one
            .iter()
            .zip(&rates)
            .filter(|(_, rate)| **rate > 0.0)
            .map(|(of_one, _)| *of_one)
            .fold(0.0, f64::max);
        Load { services, requests: requests * duration_s, events: events * duration_s, of_one }
    }
}

/// Every quantity that varies, up to [`MOST_SPREADS`].
fn distributions(directory: &NameTable) -> Vec<Spread> {
    let scenario = directory.scenario;
    let active = scenario.workload.iter().filter_map(|(name, workload)| {
        let users = workload.users.as_ref()?;
        Some((format!("workload.{name}.users.active"), users.active.compile(), "1"))
    });
    let steps = directory.endpoints.iter().flat_map(|endpoint| {
        let laws = endpoint
            .endpoint
            .steps
            .iter()
            .enumerate()
            .filter_map(|(index, step)| Some((index, step.law()?)));
        laws.map(|(index, (law, unit))| (format!("{}.steps[{index}]", endpoint.path), law, unit))
    });
    let links = scenario
        .links
        .iter()
        .map(|(name, link)| (format!("links.{name}.latency"), link.latency.compile(), "ns"));
    let varies = active
        .chain(steps)
        .chain(links)
        .filter(|(_, law, _): &(String, Distribution, &'static str)| law.variance() > 0.0);
    let spread = varies.map(|(path, law, unit)| {
        let (scale, unit) = if unit == "ns" { (1e-9, "s") } else { (1.0, unit) };
        Spread {
            path,
            unit,
            mean: law.mean() * scale,
            cv: law.cv(),
            p50: law.quantile(0.5) * scale,
            p99: law.quantile(0.99) * scale,
        }
    });
    spread.take(MOST_SPREADS).collect()
}

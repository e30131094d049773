//! The static estimate: what follows from the mean demands alone, without simulating.
//!
//! Law: flow balance and the utilisation law (Denning, Buzen 1978, §4): the utilisation of a
//! service is the rate of its requests times their mean CPU demand, divided by its cores; a value
//! above 1 means overload. Memory by Little's law: rate times mean need times the residence time of
//! a request that never queues: its steps, and its calls with their links, each at most as long as
//! its timeout. Faults are ignored; a failing step ends a request early. Calls are followed in
//! topological order, once each.

use super::broken::Broken;
use super::demand::{EndpointDemand, RoundTrip};
use super::directory::NameTable;
use super::{Closed, Scenario, Service, demand, external};
use crate::random::dists::{Dist, Distribution};
use crate::step::asks::{Asks, At, Way, ask, memory_of_block};
use crate::units::{Bytes, Span};
use std::collections::BTreeSet;

/// The maximum number of distributions listed.
const MOST_SPREADS: usize = 200;

/// The result of the static estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// By service, in the order of the scenario.
    pub services: Vec<ServiceLoad>,
    /// The quantities that vary, in the order of the scenario; at most the first 200.
    pub distributions: Vec<Spread>,
}

/// A quantity that varies, with the moments and quantiles that follow from its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Its path in the scenario.
    pub path: String,
    /// `s`, `B` or `1`.
    pub unit: &'static str,
    /// Mean.
    pub mean: f64,
    /// Standard deviation divided by the mean.
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
    /// Requests per second.
    pub rate: f64,
    /// The number of cores that its runtime can use; with all its instances, if it scales.
    pub cores: u32,
    /// The most instances that it has, if it scales: those that the load is shared among.
    pub scales_to: Option<u32>,
    /// Utilisation of the cores of the busiest instance; above 1 if overloaded.
    pub utilisation: f64,
    /// Mean share of the memory in use, of the fullest instance; `None` if unlimited.
    pub memory: Option<f64>,
}

/// Returns the estimate for a checked scenario.
pub fn estimate(scenario: &Scenario) -> Estimate {
    let directory = NameTable::new(scenario);
    Estimate { services: Load::of(&directory).services, distributions: distributions(&directory) }
}

/// The load that follows from the mean demands.
pub(crate) struct Load {
    /// By service, in the order of the scenario.
    pub services: Vec<ServiceLoad>,
    /// The expected number of requests in a replication, calls included.
    pub requests: f64,
    /// The expected number of their steps that take an event each.
    pub events: f64,
    /// The largest number of requests and steps that one request of a workload causes, itself
    /// included.
    pub of_one: f64,
}

impl ServiceLoad {
    /// That of a service to which no request comes, without its instances.
    fn none((name, service): (&String, &Service)) -> ServiceLoad {
        ServiceLoad {
            service: name.clone(),
            rate: 0.0,
            cores: 0,
            scales_to: service.autoscale.as_ref().map(|autoscale| autoscale.hpa.max),
            utilisation: 0.0,
            memory: None,
        }
    }
}

impl Load {
    /// Returns the load of a checked scenario, at the mean rates of its workloads.
    pub(crate) fn of(directory: &NameTable) -> Load {
        let duration_s = directory.scenario.run.duration.seconds();
        let (demands, order) = demand::demands(directory, &Broken::none(directory));
        let mut sent = demand::sent(&demand::processes(directory.scenario), |_, profile| {
            profile.mean_rate(duration_s)
        });
        for (index, workload) in directory.scenario.workload.values().enumerate() {
            if let Some(closed) = &workload.closed {
                sent[index] = Load::bound_of(directory, &demands, &order, index, closed);
            }
        }
        Load::of_rates(directory, &demands, &order, &sent)
    }

    /// Returns the upper bound of the rate of closed users, requests per second, if none gives a
    /// call up: that of users who never wait, N/(R + Z), and that of the busiest service
    /// (asymptotic bounds: Denning, Buzen 1978, §7).
    fn bound_of(
        directory: &NameTable,
        demands: &[EndpointDemand],
        order: &[usize],
        workload: usize,
        closed: &Closed,
    ) -> f64 {
        let (name, written) = &directory.scenario.workload.get_index(workload).expect("an index");
        let residence_s: f64 = demand::targets(written)
            .filter_map(|(to, share)| {
                let endpoint = directory.target(to).ok()?.1?;
                let service = directory.endpoints[endpoint as usize].service as usize;
                let speeds = directory.members[service]
                    .0
                    .clone()
                    .map(|id| directory.instances[id as usize].machine.speed.times);
                let fastest = speeds.fold(1.0, f64::max);
                let (of, stretch) = (&demands[endpoint as usize], 1.0 / fastest);
                // Arms that run at once take at least as long as the longest takes on average, if
                // all of them are waited for to their ends.
                let inside_s = match of.may_fail || of.is_cut {
                    true => of.min_answer_at(stretch),
                    false => of.expected_answer_at(stretch),
                };
                let links = RoundTrip::between(directory, &[name, "users"], service as u32);
                let links_s = if links.is_lossy { 0.0 } else { links.mean_s };
                Some(share * (inside_s + links_s))
            })
            .sum();
        let think_s = closed.think.compile().mean() * 1e-9;
        let alone: Vec<f64> = (0..directory.scenario.workload.len())
            .map(|index| if index == workload { 1.0 } else { 0.0 })
            .collect();
        let busiest = Load::of_rates(directory, demands, order, &alone)
            .services
            .iter()
            .map(|service| service.utilisation)
            .fold(0.0, f64::max);
        (closed.users.0 as f64 / (residence_s + think_s)).min(1.0 / busiest)
    }

    /// Returns the load if each workload sends `sent` requests per second.
    pub(super) fn of_rates(
        directory: &NameTable,
        demands: &[EndpointDemand],
        order: &[usize],
        sent: &[f64],
    ) -> Load {
        let duration_s = directory.scenario.run.duration.seconds();
        let rates = demand::rates(directory, demands, order, sent).by_endpoint;
        let mut of_one: Vec<f64> = demands.iter().map(|demand| 1.0 + demand.events).collect();
        for endpoint in order.iter().rev() {
            of_one[*endpoint] += demands[*endpoint]
                .calls
                .iter()
                .map(|(callee, share)| share * of_one[*callee as usize])
                .sum::<f64>();
        }
        let mut services: Vec<ServiceLoad> =
            directory.scenario.services.iter().map(ServiceLoad::none).collect();
        let (mut requests, mut events) = (0.0, 0.0);
        for ((entry, rate), demand) in directory.endpoints.iter().zip(&rates).zip(demands) {
            services[entry.service as usize].rate += rate;
            requests += rate;
            events += rate * demand.events;
        }
        for instance in &directory.instances {
            let service = instance.service as usize;
            let load = &mut services[service];
            load.cores = load.cores.saturating_add(instance.cores());
            // Replicas share their endpoints, and the balancer gives each an equal part; a named
            // instance has its own endpoints.
            let sharing =
                if instance.is_named { 1.0 } else { directory.members[service].0.len() as f64 };
            let (workers, cores) = instance.workers();
            let (mut work, mut apart, mut bytes) = (0.0, 0.0, 0.0);
            for e in instance.first_endpoint as usize
                ..(instance.first_endpoint + instance.endpoints) as usize
            {
                let rate = rates[e] / sharing;
                let thread_s = demands[e].thread_cpu[0];
                let speed = instance.machine.speed.times;
                work += rate * ((demands[e].cpu_s - thread_s) / speed + demands[e].blocked_s);
                apart += rate * thread_s / speed;
                bytes += rate
                    * demands[e].memory_bytes
                    * demands[e].expected_answer_at(1.0 / instance.machine.speed.times);
            }
            // Of loops and threads, those that are busier.
            let busiest = (work / f64::from(workers * cores))
                .max(apart / f64::from(instance.thread_cores.max(1)));
            load.utilisation = f64::max(load.utilisation, busiest);
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

/// The distributions of an endpoint's steps: path, distribution, unit (`ns` or `B`).
struct Laws(Vec<(String, Distribution, &'static str)>);

impl Asks<'_> for Laws {
    fn cpu(&mut self, at: At, time: &Dist<Span>) {
        self.0.push((at.to_string(), time.compile(), "ns"));
    }
    fn hold_core(&mut self, at: At, time: &Dist<Span>) {
        self.cpu(at, time);
    }
    fn wait(&mut self, at: At, time: &Dist<Span>) {
        self.0.push((at.to_string(), time.compile(), "ns"));
    }
    fn memory(&mut self, at: At, need: &Dist<Bytes>) {
        self.0.push((at.to_string(), need.compile(), "B"));
    }
    fn block(&mut self, at: At, way: Way) {
        if let Way::Memory(need) = way {
            self.0.push((memory_of_block(at), need.compile(), "B"));
        }
    }
}

/// Returns the quantities that vary, at most [`MOST_SPREADS`] of them.
fn distributions(directory: &NameTable) -> Vec<Spread> {
    let scenario = directory.scenario;
    let active = scenario.workload.iter().filter_map(|(name, workload)| {
        let users = workload.users.as_ref()?;
        Some((format!("workload.{name}.users.active"), users.active.compile(), "1"))
    });
    let steps = directory.endpoints.iter().flat_map(|endpoint| {
        let mut laws = Laws(Vec::new());
        ask(&endpoint.path, &endpoint.endpoint.steps, &mut laws);
        let service = &scenario.services[endpoint.service as usize];
        laws.0.into_iter().map(|(path, law, unit)| (external::written(service, path), law, unit))
    });
    let think = scenario.workload.iter().filter_map(|(name, workload)| {
        let closed = workload.closed.as_ref()?;
        Some((format!("workload.{name}.closed.think"), closed.think.compile(), "ns"))
    });
    let sessions = scenario.workload.iter().filter_map(|(name, workload)| {
        let of = workload.sessions.as_ref()?;
        let path = |field: &str| format!("workload.{name}.sessions.{field}");
        Some([
            (path("requests"), of.requests.compile(), "1"),
            (path("think"), of.think.compile(), "ns"),
        ])
    });
    let timeouts = scenario.services.iter().filter_map(|(name, service)| {
        let timeout = service.queue.as_ref()?.timeout.as_ref()?;
        Some((format!("services.{name}.queue.timeout"), timeout.compile(), "ns"))
    });
    let links = scenario
        .links
        .iter()
        .map(|(name, link)| (format!("links.{name}.latency"), link.latency.compile(), "ns"));
    let varies = active
        .chain(think)
        .chain(sessions.flatten())
        .chain(steps)
        .chain(timeouts)
        .chain(links)
        .filter(|(_, law, _): &(String, Distribution, &'static str)| law.variance() > 0.0);
    // The latency of an external system is that of each of its endpoints.
    let mut seen = BTreeSet::new();
    let varies = varies.filter(|(path, ..)| seen.insert(path.clone()));
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

//! The offered load of every resource of every service, without the decision whether the service is
//! stable.

use super::{Held, Resource, ServiceBalance, Standing, central, holdings, memory};
use crate::policy::balance::Balance;
use crate::policy::scale::Hpa;
use crate::scenario::broken::Broken;
use crate::scenario::demand::{EndpointDemand, Rates};
use crate::scenario::directory::{InstanceEntry, NameTable};

/// Returns the loads of all services, without their standing.
pub(super) fn services(
    directory: &NameTable,
    demands: &[EndpointDemand],
    rates: &Rates,
    broken: &Broken,
    dispersion: f64,
) -> Vec<ServiceBalance> {
    let scenario = directory.scenario;
    let mut services = arriving(directory, demands, rates);
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
        let held =
            of_instance(directory, demands, rates, instance, broken.slower[index], up, dispersion);
        let service = &mut services[id];
        // The busiest instance stands for the service.
        for candidate in held {
            match service.held.iter_mut().find(|held| held.resource == candidate.resource) {
                Some(busiest) if is_busier(busiest, &candidate) => {}
                Some(busiest) => *busiest = candidate,
                None => service.held.push(candidate),
            }
        }
    }
    for (id, service) in services.iter_mut().enumerate() {
        service.held.extend(holdings::held(directory, demands, rates, broken, id, up(id)));
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

/// Returns the rates of all services, and what is known of them without their resources.
fn arriving(
    directory: &NameTable,
    demands: &[EndpointDemand],
    rates: &Rates,
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
        may_take_longer: false,
        is_cut: false,
    };
    let mut services = vec![idle; scenario.services.len()];
    for (endpoint, entry) in directory.endpoints.iter().enumerate() {
        let service = &mut services[entry.service as usize];
        service.rate += rates.by_endpoint[endpoint];
        service.heavy = service.heavy.take().or_else(|| demands[endpoint].heavy.clone());
        service.may_take_longer |= demands[endpoint].may_take_longer;
    }
    for (service, written) in services.iter_mut().zip(scenario.services.values()) {
        service.sheds = written.sheds();
        service.is_even = written.instances.len() < 2
            || matches!(
                written.balance,
                Balance::RoundRobin | Balance::Random | Balance::CentralQueue
            );
    }
    services
}

/// Returns the loads of the resources of one instance, except its locks. `slower` is the factor by
/// which faults slow it down, `up` the number of instances of its service that are up.
fn of_instance(
    directory: &NameTable,
    demands: &[EndpointDemand],
    rates: &Rates,
    instance: &InstanceEntry,
    slower: f64,
    up: f64,
    dispersion: f64,
) -> Vec<Held> {
    // Replicas share their endpoints, and the balancer gives each one that is up an equal
    // share; a named instance has its own endpoints. If none is up, none has any load.
    let sharers = match () {
        () if instance.is_named => 1.0,
        () if up > 0.0 => up,
        () => f64::INFINITY,
    };
    let endpoints =
        instance.first_endpoint as usize..(instance.first_endpoint + instance.endpoints) as usize;
    let stretch = slower / instance.machine.speed.times;
    let sum = |value_of: &dyn Fn(&EndpointDemand) -> f64| -> f64 {
        let terms = endpoints
            .clone()
            .map(|e| (rates.by_endpoint[e] / sharers, value_of(&demands[e])))
            .filter(|(rate, _)| *rate > 0.0);
        terms.map(|(rate, value)| rate * value).sum()
    };
    let rate = sum(&|_| 1.0);
    // The demands do not include waiting for own cores or memory, or for admission.
    let is_exact = endpoints.clone().all(|e| rates.by_endpoint[e] == 0.0 || demands[e].is_exact);
    let [inside, expected] =
        [sum(&|d| d.min_residence_at(stretch)), sum(&|d| d.expected_residence_at(stretch))];
    let mut held = of_cores(instance, rate, &sum, stretch, dispersion);
    let id = instance.service as usize;
    if let Some(places) =
        directory.scenario.services.get_index(id).and_then(|(_, service)| service.max_in_flight)
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
            // On a faster machine the bursts among what blocks do are shorter.
            sum(&|d| {
                d.memory_bytes * d.min_answer_at(stretch) + d.held_bytes_s[0] * stretch.min(1.0)
            }),
            sum(&|d| {
                let held_bytes_s = d.held_bytes_s[1] * stretch.max(1.0);
                d.memory_bytes * d.expected_answer_at(stretch) + held_bytes_s
            }),
        ];
        // It is given back with the answer.
        let holders = [sum(&|d| d.min_answer_at(stretch)), sum(&|d| d.expected_answer_at(stretch))];
        let needs = used.map(|e| demands[e].constant_memory);
        held.extend(memory::held(memory.0, needs, bytes, holders, rate, dispersion));
    }
    held
}

/// Whether a load is above another: what is certain of an overload goes first.
fn is_busier(one: &Held, other: &Held) -> bool {
    match one.load > 1.0 || other.load > 1.0 {
        true => one.load >= other.load,
        false => one.expected >= other.expected,
    }
}

/// A number of an endpoint.
type Of<'d> = &'d dyn Fn(&EndpointDemand) -> f64;

/// Returns the loads of the cores of an instance: of its loops, and of its threads.
fn of_cores(
    instance: &InstanceEntry,
    rate: f64,
    sum: &dyn Fn(Of) -> f64,
    stretch: f64,
    dispersion: f64,
) -> Vec<Held> {
    let apart = |index: usize| move |d: &EndpointDemand| d.thread_cpu[index];
    let (apart_s, apart_min_s, apart_s2) = (apart(0), apart(1), apart(2));
    // A difference of two infinite variances is that of threads alone.
    let own_s2 = |d: &EndpointDemand| match apart_s2(d) {
        apart_s2 if apart_s2.is_finite() => d.cpu_variance_s2 - apart_s2,
        _ => 0.0,
    };
    let squares =
        |own_s: Of, own_s2: Of| sum(&|d| own_s2(d) * stretch * stretch + own_s(d) * own_s(d));
    let own_s = |d: &EndpointDemand| (d.cpu_s - apart_s(d)) * stretch + d.blocked_s;
    let own_min_s = |d: &EndpointDemand| (d.min_cpu_s - apart_min_s(d)) * stretch + d.min_blocked_s;
    let work = [sum(&own_min_s), sum(&own_s), squares(&own_s, &own_s2)];
    let mut held = vec![cores(instance.workers(), rate, work, dispersion)];
    if instance.thread_cores > 0 {
        let own_s = |d: &EndpointDemand| apart_s(d) * stretch;
        let work = [sum(&|d| apart_min_s(d) * stretch), sum(&own_s), squares(&own_s, &apart_s2)];
        held.push(cores((1, instance.thread_cores), rate, work, dispersion));
    }
    held
}

/// Returns the load of some cores of an instance, which its workers share: of the least, the
/// expected and the squared demands of its requests, per second.
fn cores(
    (workers, cores): (u32, u32),
    rate: f64,
    [least, work, squares]: [f64; 3],
    dispersion: f64,
) -> Held {
    let c = f64::from(workers * cores);
    // Each loop has its own queue, and gets a random share of the requests.
    let (queues, spread) = if workers > 1 {
        (f64::from(workers), (dispersion + f64::from(workers) - 1.0) / f64::from(workers))
    } else {
        (1.0, dispersion)
    };
    let scv = variability(rate, work, squares);
    Held {
        resource: Resource::Cores,
        load: least / c,
        expected: work / c,
        is_all: true,
        settles_s: settles_s(rate / queues, work / rate, c / queues, (spread + scv) / 2.0),
    }
}

/// Returns the squared coefficient of variation of the demand of a request.
fn variability(rate: f64, work: f64, squares: f64) -> f64 {
    let (mean, square) = (work / rate, squares / rate);
    if mean > 0.0 { (square / (mean * mean) - 1.0).max(0.0) } else { 0.0 }
}

/// Returns the relaxation time of a queue with `units` servers, each held for the mean time
/// `held_s`, s.
pub(super) fn settles_s(rate: f64, held_s: f64, units: f64, variability: f64) -> f64 {
    let gap = (units / held_s).sqrt() - rate.sqrt();
    match () {
        () if rate == 0.0 || held_s == 0.0 => 0.0,
        () if gap <= 0.0 => f64::INFINITY,
        () => variability / (gap * gap),
    }
}

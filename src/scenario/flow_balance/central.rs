//! The instances behind a central queue as a resource: each is held by one request at a time, from
//! its selection until the answer leaves.
//!
//! Law: instances that are held for mean times h_i answer at most Σ 1/h_i requests per second, so
//! their load is λ / Σ 1/h_i. A request has its instance to itself, so it waits only for its calls.
//! Cores, slots and memory cannot be scarcer, since they are held for shorter times.

use super::loads::settles_s;
use super::{Held, Resource};
use crate::scenario::Balance;
use crate::scenario::demand::{EndpointDemand, Rates};
use crate::scenario::directory::NameTable;

/// Returns the load of the `up` instances of a service that are up; `None` if its balancer has no
/// queue. `dispersion` is that of the arrivals.
pub(super) fn held(
    directory: &NameTable,
    demands: &[EndpointDemand],
    rates: &Rates,
    slower: &[f64],
    service: usize,
    up: f64,
    dispersion: f64,
) -> Option<Held> {
    let (name, written) = directory.scenario.services.get_index(service)?;
    if written.balance != Balance::CentralQueue {
        return None;
    }
    let (members, endpoints) = (&directory.members[service].0, directory.endpoints_of(service));
    let rate: f64 = rates.by_endpoint[endpoints.clone()].iter().sum();
    if up <= 0.0 || rate == 0.0 {
        return Some(Held {
            resource: Resource::Instances,
            load: 0.0,
            expected: 0.0,
            is_all: true,
            settles_s: 0.0,
        });
    }
    let throughput_with = |residence_s: &dyn Fn(&EndpointDemand, f64) -> f64| -> f64 {
        let each = members.clone().map(|index| {
            1.0 / held_s(directory, rates, slower, name, index as usize, &|e, stretch| {
                residence_s(&demands[e], stretch)
            })
        });
        each.sum::<f64>() * up / members.len() as f64
    };
    let throughput = throughput_with(&EndpointDemand::min_residence_at);
    let expected = rate / throughput_with(&EndpointDemand::expected_residence_at);
    let is_all =
        endpoints.into_iter().all(|e| rates.by_endpoint[e] == 0.0 || demands[e].is_exact_alone);
    let settles_s = settles_s(rate, up / throughput, up, (dispersion + 1.0) / 2.0);
    Some(Held {
        resource: Resource::Instances,
        load: rate / throughput,
        expected,
        is_all,
        settles_s,
    })
}

/// Returns the mean time for which a request holds an instance, s: transit and residence.
fn held_s(
    directory: &NameTable,
    rates: &Rates,
    slower: &[f64],
    service: &str,
    index: usize,
    residence_s: &dyn Fn(usize, f64) -> f64,
) -> f64 {
    let instance = &directory.instances[index];
    let stretch = slower[index] / instance.machine.speed.times;
    let endpoints =
        instance.first_endpoint as usize..(instance.first_endpoint + instance.endpoints) as usize;
    let (sum, weights) = endpoints.fold((0.0, 0.0), |(sum, weights), e| {
        let rate = rates.by_endpoint[e];
        (sum + rate * residence_s(e, stretch), weights + rate)
    });
    let link = if instance.is_named { directory.joined(service, &instance.name) } else { None };
    let transit_s = link.map_or(0.0, |link| link.latency.compile().mean() * 1e-9);
    if weights > 0.0 { transit_s + sum / weights } else { transit_s }
}

//! The instances behind a central queue as what is held: each by one request at a time, from the
//! choice until its answer leaves.
//!
//! Law: instances that are held for mean times h_i answer at most Σ 1/h_i requests a second, and
//! are asked for λ / Σ 1/h_i of that. A request is there alone, so it waits for nothing but what it
//! calls. Cores, places and memory cannot be scarcer, since they are held for less.

use super::{Held, Resource, settles_s};
use crate::scenario::Balance;
use crate::scenario::demand::{Ask, Rates};
use crate::scenario::directory::NameTable;

/// What is asked of the instances of a service that are up, if its balancer has a queue and
/// requests come; `uneven` is how unevenly they do.
pub(super) fn held(
    directory: &NameTable,
    asks: &[Ask],
    rates: &Rates,
    slower: &[f64],
    service: usize,
    up: f64,
    uneven: f64,
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
    let answered_if = |inside_s: &dyn Fn(&Ask, f64) -> f64| -> f64 {
        let each = members.clone().map(|index| {
            1.0 / held_s(directory, rates, slower, name, index as usize, &|e, stretch| {
                inside_s(&asks[e], stretch)
            })
        });
        each.sum::<f64>() * up / members.len() as f64
    };
    let answered = answered_if(&Ask::inside_at);
    let expected = rate / answered_if(&Ask::expected_at);
    let is_all =
        endpoints.into_iter().all(|e| rates.by_endpoint[e] == 0.0 || asks[e].is_exact_alone);
    let settles_s = settles_s(rate, up / answered, up, (uneven + 1.0) / 2.0);
    Some(Held { resource: Resource::Instances, load: rate / answered, expected, is_all, settles_s })
}

/// Mean time for which a request holds an instance: on the way to it and inside.
fn held_s(
    directory: &NameTable,
    rates: &Rates,
    slower: &[f64],
    service: &str,
    index: usize,
    inside_s: &dyn Fn(usize, f64) -> f64,
) -> f64 {
    let instance = &directory.instances[index];
    let stretch = slower[index] / instance.machine.speed.times;
    let own =
        instance.first_endpoint as usize..(instance.first_endpoint + instance.endpoints) as usize;
    let (sum, weights) = own.fold((0.0, 0.0), |(sum, weights), e| {
        let rate = rates.by_endpoint[e];
        (sum + rate * inside_s(e, stretch), weights + rate)
    });
    let link = if instance.is_named { directory.joined(service, &instance.name) } else { None };
    let way_s = link.map_or(0.0, |link| link.latency.compile().mean() * 1e-9);
    if weights > 0.0 { way_s + sum / weights } else { way_s }
}

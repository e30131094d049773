//! The offered load of what requests hold: locks, and pools of connections.
//!
//! Law: one of c units, held for a mean time h by requests that take it at rate λ, has the offered
//! load λh/c, as any resource. What is waited for while it is held (a core, an answer) is
//! not included, so the load is a lower bound; on machines of different speed it is that of the
//! fastest. Of a lock with keys it is the load of the most popular key.
//! Checked: `tests/it/lock.rs`, `tests/it/pool.rs`.

use super::loads::settles_s;
use super::{Held, Resource};
use crate::scenario::broken::Broken;
use crate::scenario::demand::{EndpointDemand, HoldingDemand, Rates};
use crate::scenario::directory::NameTable;
use crate::step::Scope;

/// Returns the load of the busiest lock and of the busiest pool of a service, of which `up`
/// instances share its endpoints.
pub(super) fn held(
    directory: &NameTable,
    demands: &[EndpointDemand],
    rates: &Rates,
    broken: &Broken,
    service: usize,
    up: f64,
) -> impl Iterator<Item = Held> {
    let of_service = directory.endpoints_of(service);
    let used = move |endpoint: &usize| rates.by_endpoint[*endpoint] > 0.0;
    let (members, _) = &directory.members[service];
    let (fastest, slowest) = stretches(directory, broken, service);
    // Loops share the requests of an instance evenly.
    let workers = members
        .clone()
        .next()
        .map_or(1.0, |id| f64::from(directory.instances[id as usize].workers().0));
    let is_named = members.clone().any(|id| directory.instances[id as usize].is_named);
    let load_of = |of: &HoldingDemand| -> Option<Held> {
        // A named instance has its own endpoints: how its uses are shared among them is
        // not known, but one has at most all.
        let (sharers, certain) = match of.scope {
            Scope::Instance if is_named => (1.0, 0.0),
            Scope::Instance if up > 0.0 => (up, 1.0),
            Scope::Process if is_named || up == 0.0 => (1.0, 0.0),
            Scope::Process => (up * workers, 1.0),
            _ => (1.0, 1.0),
        };
        let same = |endpoint: usize| {
            demands[endpoint].holdings.iter().filter(|other| {
                (other.kind, other.scope, &other.name) == (of.kind, of.scope, &of.name)
            })
        };
        let (mut rate, mut least, mut expected) = (0.0, 0.0, 0.0);
        let of_all = 0..directory.endpoints.len();
        let sharing = if of.scope == Scope::Shared { of_all } else { of_service.clone() };
        for endpoint in sharing.filter(used) {
            let is_own = of_service.contains(&endpoint);
            let of = directory.endpoints[endpoint].service as usize;
            let (fastest, slowest) =
                if is_own { (fastest, slowest) } else { stretches(directory, broken, of) };
            for other in same(endpoint) {
                let [own_least, own] =
                    other.hottest.map(|hottest| hottest * rates.by_endpoint[endpoint] / sharers);
                rate += own;
                // On a faster machine the bursts among it are shorter.
                least += certain * own_least * other.min_s * fastest;
                expected += own * other.expected_s * slowest;
            }
        }
        (expected > 0.0).then(|| Held {
            resource: Resource::of(of.kind),
            load: least / of.units,
            expected: expected / of.units,
            is_all: false,
            settles_s: settles_s(rate, expected / rate, of.units, 1.0),
        })
    };
    let loads: Vec<Held> = of_service
        .clone()
        .filter(used)
        .flat_map(|endpoint| &demands[endpoint].holdings)
        .filter_map(load_of)
        .collect();
    let busiest = move |of: Resource| {
        let same = loads.iter().filter(move |held| held.resource == of);
        same.max_by(|a, b| a.expected.total_cmp(&b.expected)).copied()
    };
    [Resource::Lock, Resource::Pool, Resource::Threads].into_iter().filter_map(busiest)
}

/// Returns how many times as long bursts take on the fastest instance of a service as written, and
/// on the slowest.
fn stretches(directory: &NameTable, broken: &Broken, service: usize) -> (f64, f64) {
    let stretch = |id: usize| broken.slower[id] / directory.instances[id].machine.speed.times;
    let (members, _) = &directory.members[service];
    members.clone().fold((1.0, 1.0), |(least, most), id| {
        let own = stretch(id as usize);
        (f64::min(least, own), f64::max(most, own))
    })
}

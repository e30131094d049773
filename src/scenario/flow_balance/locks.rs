//! The offered load of locks.
//!
//! Law: a lock with c permits, held for a mean time h by requests that take it at rate λ, has the
//! offered load λh/c, as any resource. What is waited for while it is held (a core, an answer) is
//! not included, so the load is a lower bound; on machines of different speed it is that of the
//! fastest.
//! Checked: `tests/it/lock.rs`.

use super::loads::settles_s;
use super::{Held, Resource};
use crate::scenario::broken::Broken;
use crate::scenario::demand::{EndpointDemand, LockDemand, Rates};
use crate::scenario::directory::NameTable;
use crate::step::Scope;

/// Returns the load of the busiest lock of a service, of which `up` instances share its endpoints.
pub(super) fn held(
    directory: &NameTable,
    demands: &[EndpointDemand],
    rates: &Rates,
    broken: &Broken,
    service: usize,
    up: f64,
) -> Option<Held> {
    let used =
        || directory.endpoints_of(service).filter(|endpoint| rates.by_endpoint[*endpoint] > 0.0);
    let (members, _) = &directory.members[service];
    let stretches = members.clone().map(|id| {
        broken.slower[id as usize] / directory.instances[id as usize].machine.speed.times
    });
    let (fastest, slowest) = stretches
        .fold((1.0, 1.0), |(least, most), own| (f64::min(least, own), f64::max(most, own)));
    let is_named = members.clone().any(|id| directory.instances[id as usize].is_named);
    let load_of = |lock: &LockDemand| -> Option<Held> {
        // A named instance has its own endpoints: how the uses of the lock are shared among them is
        // not known, but one has at most all.
        let (sharers, certain) = match lock.scope {
            Scope::Instance if is_named => (1.0, 0.0),
            Scope::Instance if up > 0.0 => (up, 1.0),
            _ => (1.0, 1.0),
        };
        let (mut rate, mut least, mut expected) = (0.0, 0.0, 0.0);
        for endpoint in used() {
            for other in demands[endpoint].locks.iter().filter(|other| other.name == lock.name) {
                let own = rates.by_endpoint[endpoint] / sharers;
                rate += own;
                // On a faster machine the bursts among it are shorter.
                least += certain * own * other.min_s * fastest;
                expected += own * other.expected_s * slowest;
            }
        }
        (expected > 0.0).then(|| Held {
            resource: Resource::Lock,
            load: least / lock.permits,
            expected: expected / lock.permits,
            is_all: false,
            settles_s: settles_s(rate, expected / rate, lock.permits, 1.0),
        })
    };
    used()
        .flat_map(|endpoint| &demands[endpoint].locks)
        .filter_map(load_of)
        .max_by(|a, b| a.expected.total_cmp(&b.expected))
}

//! The offered load of locks.
//!
//! Law: a lock with c permits, held for a mean time h by requests that take it at rate λ, has the
//! offered load λh/c, as any resource. What is waited for while it is held (a core, an answer) is
//! not included, so the load is a lower bound.
//! Checked: `tests/it/lock.rs`.

use super::{Held, NameTable, Rates, Resource, settles_s};
use crate::scenario::demand::EndpointDemand;
use crate::step::Scope;
use std::ops::Range;

/// Returns the loads of the locks of an instance, whose `endpoints` it shares with `sharers`
/// instances; `stretch` is how many times as long a burst takes there.
pub(super) fn held(
    demands: &[EndpointDemand],
    rates: &Rates,
    directory: &NameTable,
    service: usize,
    endpoints: Range<usize>,
    sharers: f64,
    stretch: f64,
) -> Vec<Held> {
    let mut names: Vec<(&str, Scope, f64)> = Vec::new();
    for lock in endpoints.clone().flat_map(|endpoint| &demands[endpoint].locks) {
        if !names.iter().any(|(name, ..)| *name == lock.name) {
            names.push((&lock.name, lock.scope, lock.permits));
        }
    }
    let load_of = |(name, scope, permits): (&str, Scope, f64)| {
        let (users, sharers) = match scope {
            Scope::Instance => (endpoints.clone(), sharers),
            Scope::Service => (directory.endpoints_of(service), 1.0),
        };
        let (mut rate, mut least, mut expected) = (0.0, 0.0, 0.0);
        for endpoint in users.filter(|endpoint| rates.by_endpoint[*endpoint] > 0.0) {
            for lock in demands[endpoint].locks.iter().filter(|lock| lock.name == name) {
                let own = rates.by_endpoint[endpoint] / sharers;
                rate += own;
                // On a faster machine the bursts among it are shorter.
                least += own * lock.min_s * stretch.min(1.0);
                expected += own * lock.expected_s * stretch.max(1.0);
            }
        }
        Held {
            resource: Resource::Lock,
            load: least / permits,
            expected: expected / permits,
            is_all: false,
            settles_s: settles_s(rate, expected / rate, permits, 1.0),
        }
    };
    names.into_iter().map(load_of).filter(|held| held.expected > 0.0).collect()
}

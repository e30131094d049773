//! Connections against what their service admits: all pools around calls of a service may together
//! hold more connections than it serves requests at once. Then they limit nothing, and in a real
//! system connections beyond the limit may be refused.
//!
//! Law: a pool of `max` has `max` connections for each process, each instance, or once (`per`); a
//! service that scales counts with the most instances. A service admits `max_in_flight` requests in
//! each instance.
//! Checked: `tests/corpus/accepted-more-connections.yaml`, `tests/it/pool.rs`.

use crate::problem::Problems;
use crate::scenario::directory::NameTable;
use crate::scenario::{Balance, demand::callee};
use crate::step::asks::{Arm, Asks, At, Holding, Kind, Way, ask};
use crate::step::{Call, Scope};
use crate::units::format::{count, thousands};
use indexmap::{IndexMap, IndexSet};

/// A pool: its service, the named instance that it belongs to, and its name.
type Name<'s> = (u32, Option<u32>, &'s str);

/// Notes each service with more connections than it admits requests.
pub(super) fn note(directory: &NameTable, problems: &mut Problems) {
    let mut pools = Pools {
        directory,
        endpoint: 0,
        around: Vec::new(),
        sizes: IndexMap::new(),
        of: directory.services.iter().map(|_| IndexSet::new()).collect(),
    };
    for (id, endpoint) in directory.endpoints.iter().enumerate() {
        pools.endpoint = id as u32;
        ask(&endpoint.path, &endpoint.endpoint.steps, &mut pools);
    }
    for ((name, service), of) in directory.scenario.services.iter().zip(&pools.of) {
        let Some(most) = service.max_in_flight.filter(|_| service.balance != Balance::CentralQueue)
        else {
            continue;
        };
        let instances = service.rows().max(service.instances.len() as u32);
        let admitted = most.0.saturating_mul(instances.into());
        let sizes = || of.iter().map(|pool| &pools.sizes[pool]);
        let connections = sizes().fold(0u64, |sum, (size, _)| sum.saturating_add(*size));
        if connections > admitted {
            let (_, path) = sizes().next().expect("their sum is above 0");
            let what = format!(
                "{} may be open to `{name}` at once, but it admits only {} requests: the others wait there for admission, with a connection",
                count(connections, "connection"),
                thousands(admitted)
            );
            problems.note(path, what).at_key().advise(format!(
                "a pool is counted once for each of its sharers (`per`): make the pools smaller, or raise `max_in_flight` of `{name}`"
            ));
        }
    }
}

/// The pools around calls.
struct Pools<'d, 's> {
    directory: &'d NameTable<'s>,
    endpoint: u32,
    /// The blocks around: a pool, or another.
    around: Vec<Option<Name<'s>>>,
    /// The connections of each pool, and the path of the first place where it is used.
    sizes: IndexMap<Name<'s>, (u64, String)>,
    /// By service: the pools around its calls.
    of: Vec<IndexSet<Name<'s>>>,
}

impl Pools<'_, '_> {
    /// How many there are of a pool: one for each of its sharers.
    fn sharers(&self, scope: Scope, service: u32, owner: Option<u32>) -> u64 {
        let instances = match owner {
            Some(instance) => instance..instance + 1,
            None => self.directory.members[service as usize].0.clone(),
        };
        match scope {
            Scope::Service => 1,
            Scope::Instance => instances.len() as u64,
            Scope::Process => instances
                .map(|id| {
                    let of = &self.directory.instances[id as usize];
                    u64::from(of.runtime.workers(of.machine.cpu).0)
                })
                .sum(),
        }
    }
}

impl<'s> Asks<'s> for Pools<'_, 's> {
    fn block(&mut self, at: At, way: Way<'s>) {
        let Way::Held(holding @ Holding { kind: Kind::Pool, name, scope, units, .. }) = way else {
            return self.around.push(None);
        };
        let service = self.directory.endpoints[self.endpoint as usize].service;
        let owner = self.directory.owner(self.endpoint).filter(|_| scope != Scope::Service);
        let pool = (service, owner, name);
        let connections = units.saturating_mul(self.sharers(scope, service, owner));
        self.sizes.entry(pool).or_insert_with(|| (connections, holding.path(at)));
        self.around.push(Some(pool));
    }
    fn arm(&mut self, _: Arm<'s>) {}
    fn end(&mut self) {
        self.around.pop();
    }
    fn call(&mut self, _: At, call: &'s Call) {
        let Some(callee) = callee(self.directory, call) else { return };
        let service = self.directory.endpoints[callee].service;
        let pool = self.around.iter().rev().find_map(|around| *around);
        self.of[service as usize].extend(pool);
    }
}

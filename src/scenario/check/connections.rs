//! Connections against what their service admits: all pools around calls of a service may together
//! hold more connections than it serves requests at once. Then they limit nothing, and in a real
//! system connections beyond the limit may be refused.
//!
//! Law: a pool of `max` has `max` connections for each process, each instance, or once (`per`), and
//! no more are used than requests may be at a call: what is held around it, and what the caller
//! admits, limit them too. A caller that scales counts with the most instances, its callee with the
//! instances at the beginning. A service admits `max_in_flight` requests in each instance.
//! Checked: `tests/corpus/accepted-more-connections.yaml`, `tests/it/pool.rs`.

use crate::problem::Problems;
use crate::scenario::directory::NameTable;
use crate::scenario::{Balance, demand::callee};
use crate::step::asks::{Arm, Asks, At, Holding, Kind, Way, ask};
use crate::step::{Call, Scope};
use crate::units::format::{count, thousands};
use indexmap::IndexMap;

/// A pool: its service, the named instance that it belongs to, and its name.
type Name<'s> = (u32, Option<u32>, &'s str);

/// Notes each service with more connections than it admits requests.
pub(super) fn note(directory: &NameTable, problems: &mut Problems) {
    let mut pools = Pools {
        directory,
        endpoint: 0,
        around: Vec::new(),
        of: directory.services.iter().map(|_| IndexMap::new()).collect(),
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
        let instances = service.replicas.max(service.instances.len() as u32);
        let admitted = most.0.saturating_mul(instances.into());
        let connections = of.values().fold(0u64, |sum, (size, _)| sum.saturating_add(*size));
        if connections > admitted {
            let (_, path) = of.values().next().expect("their sum is above 0");
            let what = format!(
                "{} may be open to `{name}`, but it admits only {} requests at once: the others wait for admission while holding a connection",
                count(connections, "connection"),
                thousands(admitted)
            );
            problems.note(path, what).at_key().advise(format!(
                "a pool is counted once for each of its sharers (`per`): make the pools smaller, or raise `{}` of `{name}`",
                service.limit_field()
            ));
        }
    }
}

/// The pools around calls.
struct Pools<'d, 's> {
    directory: &'d NameTable<'s>,
    endpoint: u32,
    /// The blocks around.
    around: Vec<Around<'s>>,
    /// By service: the pools around its calls, how many connections of each may be used at once,
    /// and the path of the first.
    of: Vec<IndexMap<Name<'s>, (u64, String)>>,
}

/// What a block means for calls within.
enum Around<'s> {
    Nothing,
    /// The most requests that are in it at once; its pool and the path of that, if it is one.
    Held(u64, Option<(Name<'s>, String)>),
    /// Several calls may be made at once within.
    AtOnce,
    /// What is spawned holds nothing of what is held around it.
    Beside,
}

impl Pools<'_, '_> {
    /// How many requests a service admits at once, all instances together.
    fn admitted(&self, service: u32) -> u64 {
        let (_, of) = self.directory.scenario.services.get_index(service as usize).expect("an id");
        let each = match of.balance {
            Balance::CentralQueue => 1,
            _ => of.max_in_flight.map_or(u64::MAX, |most| most.0),
        };
        each.saturating_mul(self.directory.members[service as usize].0.len() as u64)
    }
}

impl<'s> Asks<'s> for Pools<'_, 's> {
    fn block(&mut self, at: At, way: Way<'s>) {
        let holding = match way {
            Way::Held(holding) => holding,
            Way::Beside => return self.around.push(Around::Beside),
            Way::AtOnce { .. } => return self.around.push(Around::AtOnce),
            _ => return self.around.push(Around::Nothing),
        };
        let Holding { kind, name, scope, units, keys, .. } = holding;
        let service = self.directory.endpoints[self.endpoint as usize].service;
        let (owner, instances) = self.directory.holders(self.endpoint, scope);
        let workers = |id: u32| u64::from(self.directory.instances[id as usize].workers().0);
        let sharers = match scope {
            Scope::Service | Scope::Shared => 1,
            Scope::Instance => instances.len() as u64,
            Scope::Process => instances.map(workers).sum(),
        };
        let keys = keys.map_or(1, |keys| self.directory.scenario.popularity(keys).count.max(1));
        let most = units.saturating_mul(u64::from(keys)).saturating_mul(sharers);
        let pool = (kind == Kind::Pool).then(|| ((service, owner, name), holding.path(at)));
        self.around.push(Around::Held(most, pool));
    }
    fn arm(&mut self, _: Arm<'s>) {}
    fn end(&mut self) {
        self.around.pop();
    }
    fn call(&mut self, _: At, call: &'s Call) {
        let Some(callee) = callee(self.directory, call) else { return };
        let caller = self.directory.endpoints[self.endpoint as usize].service;
        // What is spawned outlives its request, and one that does several things at once makes
        // more calls than it is one.
        let (mut most, mut innermost, mut is_one) = (u64::MAX, None, true);
        for around in self.around.iter().rev() {
            match around {
                Around::Nothing => {}
                Around::AtOnce => is_one = false,
                Around::Held(units, pool) => {
                    if is_one || innermost.is_none() && pool.is_some() {
                        most = most.min(*units);
                    }
                    innermost = innermost.or(pool.as_ref());
                }
                Around::Beside => {
                    is_one = false;
                    break;
                }
            }
        }
        if is_one {
            most = most.min(self.admitted(caller));
        }
        if let Some((pool, path)) = innermost {
            let callee = self.directory.endpoints[callee].service;
            let of = &mut self.of[callee as usize];
            let known = of.entry(*pool).or_insert_with(|| (0, path.clone()));
            known.0 = known.0.max(most);
        }
    }
}

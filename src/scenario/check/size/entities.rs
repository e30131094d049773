//! The numbers of entities of a scenario: instances, workers, endpoints, links, flows, users.

use crate::scenario::{Machine, Runtime, Scenario};
use crate::step::asks::{Arm, Asks, At, EachCall, Holding, Way, ask};
use crate::step::{Call, Scope};
use crate::workload::RateProfile;
use indexmap::IndexSet;

/// The numbers of entities of a scenario.
pub(super) struct Sizes {
    pub(super) instances: u64,
    pub(super) workers: u64,
    pub(super) endpoints: u64,
    pub(super) links: u64,
    /// Pairs of a source (a workload, or all calls) and an endpoint: each has its histogram.
    pub(super) flows: u64,
    /// The flows of workloads, each of which has one histogram per phase.
    pub(super) sent: u64,
    /// Users who come back, while they think.
    pub(super) users: u64,
    /// The keys of all locks.
    pub(super) keys: u64,
    pub(super) services: Vec<ServiceSizes>,
}

/// The numbers of entities of one service.
pub(super) struct ServiceSizes {
    pub(super) instances: u64,
    pub(super) endpoints: u64,
}

/// What is measured by itself within an endpoint, and the keys that its requests lock.
struct Within<'s> {
    scenario: &'s Scenario,
    measured: u64,
    /// The keys of locks: of one for the service, for each instance, for each process.
    keys: [u64; 3],
}

impl Within<'_> {
    /// Returns the keys of all rows of locks: for the service, for its instances, its processes.
    fn keys(&self, rows: [u64; 3]) -> u64 {
        let each = self.keys.iter().zip(rows);
        each.map(|(keys, rows)| keys * rows).sum()
    }
}

impl Asks<'_> for Within<'_> {
    fn block(&mut self, _: At, way: Way) {
        if let Way::Held(Holding { scope, keys, .. }) = way {
            let of = match scope {
                Scope::Service | Scope::Shared => 0,
                Scope::Instance => 1,
                Scope::Process => 2,
            };
            let keys = keys.map_or(0, |keys| self.scenario.popularity(keys).count);
            self.keys[of] += u64::from(keys);
        }
    }
    fn arm(&mut self, arm: Arm) {
        self.measured += u64::from(arm.is_measured);
    }
    fn respond(&mut self, _: At) {
        self.measured += 1;
    }
}

impl Sizes {
    pub(super) fn of<'s>(scenario: &'s Scenario) -> Sizes {
        let mut sizes = Sizes {
            instances: 0,
            workers: 0,
            endpoints: 0,
            links: 0,
            flows: 0,
            sent: 0,
            users: 0,
            keys: 0,
            services: Vec::new(),
        };
        let duration_s = scenario.run.duration.seconds();
        let mut called: IndexSet<&'s str> = IndexSet::new();
        for service in scenario.services.values() {
            let replicas = if service.instances.is_empty() { u64::from(service.rows()) } else { 0 };
            let (instances, endpoints_before, workers_before) =
                (replicas + service.instances.len() as u64, sizes.endpoints, sizes.workers);
            sizes.instances += instances;
            let workers =
                |runtime: &Runtime, machine: &Machine| u64::from(runtime.workers(machine.cpu).0);
            sizes.workers += replicas * workers(&service.runtime, &service.instance);
            sizes.workers += service
                .instances
                .values()
                .map(|spec| workers(&spec.runtime, &spec.instance))
                .sum::<u64>();
            for endpoint in service.all_endpoints() {
                sizes.endpoints += 1;
                let mut calls =
                    EachCall(|_: At, call: &'s Call| _ = called.insert(call.to.as_str()));
                ask("", &endpoint.steps, &mut calls);
                let mut within = Within { scenario, measured: 0, keys: [0; 3] };
                ask("", &endpoint.steps, &mut within);
                sizes.flows += within.measured;
                sizes.keys += within.keys([1, instances, sizes.workers - workers_before]);
            }
            sizes
                .services
                .push(ServiceSizes { instances, endpoints: sizes.endpoints - endpoints_before });
        }
        for workload in scenario.workload.values() {
            sizes.users += workload.closed.as_ref().map_or(0, |closed| closed.users.0);
            // By Little's law, those who think.
            sizes.users += workload.sessions.as_ref().map_or(0, |sessions| {
                let rate = RateProfile::of_rate(&sessions.rate).mean_rate(duration_s);
                let think_s = sessions.think.compile().mean() * 1e-9;
                (rate * duration_s.min(sessions.mean_requests() * think_s)) as u64
            });
            // What goes on for users who have left.
            sizes.flows += u64::from(workload.patience.is_some());
            let mut targets = workload.targets().map(|(to, _)| to);
            sizes.flows += targets.clone().count() as u64;
            // A target that is a service may lead to any endpoint.
            sizes.flows += if targets.any(|to| scenario.services.contains_key(to)) {
                sizes.endpoints
            } else {
                0
            };
            sizes.links += workload.via.len() as u64;
        }
        sizes.sent = sizes.flows;
        sizes.flows += called.len() as u64;
        // Both directions of the links as written; with `default`, also of every pair that messages
        // cross.
        let crossed =
            if scenario.links.contains_key("default") { sizes.links + sizes.flows } else { 0 };
        sizes.links = 2 * (scenario.links.len() as u64 + crossed);
        sizes
    }
}

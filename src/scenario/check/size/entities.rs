//! The numbers of entities of a scenario: instances, workers, endpoints, links, flows, users.

use crate::scenario::{Machine, Runtime, Scenario};
use crate::step::Call;
use crate::step::asks::{Arm, Asks, At, EachCall, ask};
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
    pub(super) services: Vec<ServiceSizes>,
}

/// The numbers of entities of one service.
pub(super) struct ServiceSizes {
    pub(super) instances: u64,
    pub(super) endpoints: u64,
}

/// What is measured by itself within an endpoint.
#[derive(Default)]
struct Measured(u64);

impl Asks<'_> for Measured {
    fn arm(&mut self, arm: Arm) {
        self.0 += u64::from(arm.is_measured);
    }
    fn respond(&mut self, _: At) {
        self.0 += 1;
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
            services: Vec::new(),
        };
        let duration_s = scenario.run.duration.seconds();
        let mut called: IndexSet<&'s str> = IndexSet::new();
        for service in scenario.services.values() {
            let replicas = if service.instances.is_empty() { u64::from(service.rows()) } else { 0 };
            let (instances, endpoints_before) =
                (replicas + service.instances.len() as u64, sizes.endpoints);
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
                let mut measured = Measured::default();
                ask("", &endpoint.steps, &mut measured);
                sizes.flows += measured.0;
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

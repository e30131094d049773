//! Who is measured: the names of everything in a plan, and how flows add up to workloads and
//! endpoints.

use super::Promise;
use super::gauges::{ADMISSION_QUEUE, INSTANCE_GAUGES, RESOURCE_GAUGES, SCALE_GAUGES};
use crate::units::{Percentile, Time};

/// An (origin, endpoint) pair. Each request is counted under one; a workload and an endpoint are
/// sums of flows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Flow {
    /// The workload it comes from, or none for calls between services.
    pub workload: Option<u32>,
    /// The endpoint it goes to; none while that is not yet chosen.
    pub endpoint: Option<u32>,
    /// The part of a block that it executes, for a guest: it comes from no workload, and goes to no
    /// endpoint.
    pub block: Option<u32>,
}

/// An endpoint and the labels of its waits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Endpoint {
    pub name: String,
}

/// A labelled kind of wait at one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Label {
    pub endpoint: u32,
    pub name: String,
}

/// An instance, its service and what its gauges are relative to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Instance {
    pub name: String,
    pub service: u32,
    /// Cores that its runtime can use.
    pub cores: u32,
    /// Price, dollars an hour.
    pub dollars_per_hour: Option<f64>,
}

/// A resource that is none of an instance's own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Resource {
    /// What it is, such as `lock`.
    pub kind: &'static str,
    pub name: String,
    /// The service whose requests hold it; the first of several.
    pub service: u32,
    /// How many units there are, of each key if it has keys.
    pub units: u64,
    /// How many keys it has; 0 if none.
    pub keys: u32,
}

/// A time between two changes, and what it is called.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Phase {
    pub name: String,
    pub from: Time,
    pub until: Time,
}

impl Phase {
    /// The name of a workload in it.
    pub(crate) fn of(&self, workload: &str) -> String {
        format!("{workload}: {}", self.name)
    }
}

/// The end of a disturbance: from then on it is asked when things are as they were before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recovery {
    /// The phase that ends there.
    pub phase: u32,
    /// What things are compared with.
    pub before: (Time, Time),
    pub from: Time,
    /// Where the next disturbance begins or ends, or the run ends.
    pub until: Time,
    /// Whether windows can tell it: there is a whole one before, and enough follow.
    pub is_told: bool,
}

/// Names of everything that is measured, by dense id.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Layout {
    pub workloads: Vec<String>,
    pub endpoints: Vec<Endpoint>,
    pub services: Vec<String>,
    pub instances: Vec<Instance>,
    pub links: Vec<String>,
    /// Services whose balancer has a queue, rising.
    pub queues: Vec<u32>,
    pub flows: Vec<Flow>,
    pub labels: Vec<Label>,
    /// Parts of blocks that are executed by requests of their own.
    pub blocks: Vec<String>,
    /// Labelled arms of branches.
    pub arms: Vec<String>,
    pub resources: Vec<Resource>,
    /// Workloads whose users stay away from a slow system, and those with a tool, rising.
    pub elastic: Vec<u32>,
    pub tools: Vec<u32>,
    /// Services that scale, rising.
    pub scaling: Vec<u32>,
    /// Names of the further parts of latencies.
    pub further_parts: Vec<&'static str>,
    /// Names of outcomes; 0 is `ok`.
    pub outcomes: Vec<String>,
    /// Percentiles that are reported beside the usual ones, rising.
    pub percentiles: Vec<Percentile>,
    /// What is promised of requests.
    pub promises: Vec<Promise>,
    /// In the order of time; none where nothing changes.
    pub phases: Vec<Phase>,
    /// Phases that are in the last one, because there are too many.
    pub phases_left_out: usize,
    pub recoveries: Vec<Recovery>,
    /// Whether there are ends of disturbances of which no recovery can be told: there is no whole
    /// window before, or too few follow.
    pub has_untold_recovery: bool,
    /// Of the recoveries: how many whole windows things are compared with, at least.
    pub before_windows: Option<u64>,
    /// Whether the series have the quantiles of each window's latency: where something changes, or
    /// windows are asked for.
    pub has_quantile_series: bool,
}

/// The series of a workload: name and unit.
pub(crate) const WORKLOAD_SERIES: [(&str, &str); 4] =
    [("offered_rate", "1/s"), ("throughput", "1/s"), ("latency", "s"), ("failure_rate", "1/s")];
/// The same, if the quantiles of windows are kept.
pub(crate) const QUANTILE_SERIES: [(&str, &str); 3] =
    [("latency_p50", "s"), ("latency_p95", "s"), ("latency_p99", "s")];

/// One thing whose course over time is written down.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    pub kind: &'static str,
    pub entity: String,
    pub metric: &'static str,
    pub unit: &'static str,
}

impl Layout {
    /// Whether the number of instances of a service changes.
    pub(crate) fn scales(&self, service: u32) -> bool {
        self.scaler(service).is_some()
    }
    /// Which of the scalers is that of a service.
    pub(crate) fn scaler(&self, service: u32) -> Option<usize> {
        self.scaling.binary_search(&service).ok()
    }
    /// The name of where the requests of a flow go: an endpoint, or a part of a block.
    pub(crate) fn name_of(&self, flow: &Flow) -> &str {
        let block = flow.block.map(|block| self.blocks[block as usize].as_str());
        let endpoint = flow.endpoint.map(|id| self.endpoints[id as usize].name.as_str());
        block.or(endpoint).unwrap_or_default()
    }
    /// All series, in the order in which a window's rows stand: workloads, then instances, links,
    /// queues of balancers, shared resources, and the numbers of
    /// instances of services that scale.
    pub(crate) fn series(&self) -> Vec<Series> {
        let of = |kind, entity: &String, (metric, unit): (&'static str, &'static str)| Series {
            kind,
            entity: entity.clone(),
            metric,
            unit,
        };
        let quantiles: &[(&str, &str)] =
            if self.has_quantile_series { &QUANTILE_SERIES } else { &[] };
        let own = || WORKLOAD_SERIES.iter().chain(quantiles);
        let workloads =
            self.workloads.iter().flat_map(|w| own().map(move |s| of("workload", w, *s)));
        // The instances of a service that scales come and go.
        let listed = self.instances.iter().filter(|i| !self.scales(i.service));
        let instances = listed.flat_map(|i| {
            INSTANCE_GAUGES
                .iter()
                .map(move |gauge| of("instance", &i.name, (gauge.name, gauge.unit)))
        });
        let links = self.links.iter().map(|l| of("link", l, ("in_flight", "1")));
        let waiting = &INSTANCE_GAUGES[ADMISSION_QUEUE];
        let queues = self
            .queues
            .iter()
            .map(|q| of("balancer", &self.services[*q as usize], (waiting.name, waiting.unit)));
        let resources = self.resources.iter().flat_map(|resource| {
            RESOURCE_GAUGES
                .iter()
                .map(move |gauge| of(resource.kind, &resource.name, (gauge.name, gauge.unit)))
        });
        let scaling = self.scaling.iter().flat_map(|service| {
            let name = &self.services[*service as usize];
            SCALE_GAUGES.iter().map(move |gauge| of("service", name, (gauge.name, gauge.unit)))
        });
        workloads
            .chain(instances)
            .chain(links)
            .chain(queues)
            .chain(resources)
            .chain(scaling)
            .collect()
    }
}

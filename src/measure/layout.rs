//! Who is measured: the names of everything in a plan, and how flows add up to workloads and endpoints.

/// An (origin, endpoint) pair. Each request is counted under one; a workload and an endpoint are sums of flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The workload it comes from, or none for calls between services.
    pub workload: Option<u32>,
    /// The endpoint it goes to; none while that is not yet chosen.
    pub endpoint: Option<u32>,
}

/// An endpoint and the labels of its waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    pub name: String,
}

/// A labelled kind of wait at one endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    pub endpoint: u32,
    pub name: String,
}

/// An instance, its service and what its gauges are relative to.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    pub name: String,
    pub service: u32,
    /// Cores that its runtime can use.
    pub cores: u32,
    /// Price, dollars an hour.
    pub dollars_per_hour: Option<f64>,
}

/// Names of everything that is measured, by dense id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    pub workloads: Vec<String>,
    pub endpoints: Vec<Endpoint>,
    pub services: Vec<String>,
    pub instances: Vec<Instance>,
    pub links: Vec<String>,
    pub flows: Vec<Flow>,
    pub labels: Vec<Label>,
    /// Names of outcomes; 0 is `ok`.
    pub outcomes: Vec<String>,
}

/// The gauges of an instance: name and unit.
pub const INSTANCE_GAUGES: [(&str, &str); 7] = [
    ("busy_cores", "1"),
    ("ready_queue", "1"),
    ("io_waiting", "1"),
    ("in_flight", "1"),
    ("memory_used", "B"),
    ("memory_queue", "1"),
    ("admission_queue", "1"),
];

/// The series of a workload: name and unit.
pub const WORKLOAD_SERIES: [(&str, &str); 3] = [("offered_rate", "1/s"), ("throughput", "1/s"), ("latency", "s")];

/// One thing whose course over time is written down.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub kind: &'static str,
    pub entity: String,
    pub metric: &'static str,
    pub unit: &'static str,
}

impl Layout {
    /// All series, in the order in which a window's rows stand: workloads, then instances, then links.
    pub fn series(&self) -> Vec<Series> {
        let of =
            |kind, entity: &String, (metric, unit): (&'static str, &'static str)| Series { kind, entity: entity.clone(), metric, unit };
        let workloads = self.workloads.iter().flat_map(|w| WORKLOAD_SERIES.iter().map(move |s| of("workload", w, *s)));
        let instances = self.instances.iter().flat_map(|i| INSTANCE_GAUGES.iter().map(move |s| of("instance", &i.name, *s)));
        let links = self.links.iter().map(|l| of("link", l, ("in_flight", "1")));
        workloads.chain(instances).chain(links).collect()
    }
}

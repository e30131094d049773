//! The gauges of an instance: one table, from which series, metrics, the lists of queues and their
//! words come. `server::Gauges::all` has the same order.

/// A gauge of an instance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InstanceGauge {
    /// Its name in series and metrics.
    pub name: &'static str,
    /// Its unit: `1` or `B`.
    pub unit: &'static str,
    /// What the requests that it counts wait for, if it is a queue.
    pub queue_for: Option<&'static str>,
}

const fn level(name: &'static str, unit: &'static str) -> InstanceGauge {
    InstanceGauge { name, unit, queue_for: None }
}

const fn queue(name: &'static str, queue_for: &'static str) -> InstanceGauge {
    InstanceGauge { name, unit: "1", queue_for: Some(queue_for) }
}

/// All gauges of an instance.
pub(crate) const INSTANCE_GAUGES: [InstanceGauge; 7] = [
    level("busy_cores", "1"),
    queue("ready_queue", "a core"),
    level("io_waiting", "1"),
    level("in_flight", "1"),
    level("memory_used", "B"),
    queue("memory_queue", "memory"),
    queue("admission_queue", "admission"),
];

/// The gauges of a resource that is none of an instance's own: the units that are held, and the
/// requests that wait for one.
pub(crate) const RESOURCE_GAUGES: [InstanceGauge; 2] = [level("held", "1"), queue("waiting", "it")];

/// A kind of such resources: its name in metrics, which is that of the part of a latency that is
/// spent waiting for one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResourceKind {
    pub name: &'static str,
    /// What the requests in its line wait for.
    pub queue_for: &'static str,
}

/// All kinds.
pub(crate) const RESOURCE_KINDS: [ResourceKind; 2] = [
    ResourceKind { name: "lock", queue_for: "a lock" },
    ResourceKind { name: "pool", queue_for: "a connection" },
];

/// Returns the kind of resources of this name, if it is one.
pub(crate) fn resource_kind(name: &str) -> Option<ResourceKind> {
    RESOURCE_KINDS.into_iter().find(|kind| kind.name == name)
}

/// The gauges of a service that scales: instances that serve, boot, and drain.
pub(crate) const SCALE_GAUGES: [InstanceGauge; 3] = [
    level("instances_serving", "1"),
    level("instances_booting", "1"),
    level("instances_draining", "1"),
];

/// The index of the busy cores, which utilisation is made of.
pub(crate) const BUSY_CORES: usize = 0;
/// The index of the queue for admission. A service's includes the queue of its balancer.
pub(crate) const ADMISSION_QUEUE: usize = 6;

/// Returns the gauges that are queues: shorter is better, and by Little's law the longest is where
/// requests spend the most time waiting.
pub(crate) fn queues() -> impl Iterator<Item = &'static InstanceGauge> {
    INSTANCE_GAUGES.iter().chain(&RESOURCE_GAUGES).filter(|gauge| gauge.queue_for.is_some())
}

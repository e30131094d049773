//! The gauges of an instance: one table, from which series, metrics, the lists of queues and their
//! words come. `server::Gauges::all` has the same order.

/// A gauge of an instance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InstanceGauge {
    /// Its name in series and metrics.
    pub name: &'static str,
    /// Its unit: `1` or `B`.
    pub unit: &'static str,
    /// Whether it counts requests that wait for something.
    pub is_queue: bool,
}

const fn level(name: &'static str, unit: &'static str) -> InstanceGauge {
    InstanceGauge { name, unit, is_queue: false }
}

const fn queue(name: &'static str) -> InstanceGauge {
    InstanceGauge { name, unit: "1", is_queue: true }
}

/// All gauges of an instance.
pub(crate) const INSTANCE_GAUGES: [InstanceGauge; 7] = [
    level("busy_cores", "1"),
    queue("ready_queue"),
    level("io_waiting", "1"),
    level("in_flight", "1"),
    level("memory_used", "B"),
    queue("memory_queue"),
    queue("admission_queue"),
];

/// The gauges of a resource that is none of an instance's own: the units that are held, and the
/// requests that wait for one.
pub(crate) const RESOURCE_GAUGES: [InstanceGauge; 2] = [level("held", "1"), queue("waiting")];

/// A way to wait: the part of a latency, and the queue where it is spent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// As in `time_in.queue`.
    pub part: &'static str,
    /// The kind of entity that has the queue; of a resource that is none of an instance's own, it
    /// is the name of the part too.
    pub kind: &'static str,
    /// The metric of the queue's length.
    pub queue: &'static str,
    /// What the requests in it wait for.
    pub queue_for: &'static str,
}

const fn at_service(part: &'static str, queue: &'static str, queue_for: &'static str) -> Wait {
    Wait { part, kind: "service", queue, queue_for }
}

const fn at_resource(kind: &'static str, queue_for: &'static str) -> Wait {
    Wait { part: kind, kind, queue: "waiting", queue_for }
}

/// All of them.
pub(crate) const WAITS: [Wait; 6] = [
    at_service("queue", "ready_queue", "a core"),
    at_service("memory", "memory_queue", "memory"),
    at_service("admission", "admission_queue", "admission"),
    at_resource("lock", "a lock"),
    at_resource("pool", "a connection"),
    at_resource("thread", "a thread"),
];

/// Returns whether a kind of entities is that of resources that are none of an instance's own.
pub(crate) fn is_resource(kind: &str) -> bool {
    WAITS.iter().any(|wait| wait.part == kind && wait.kind == kind)
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
    INSTANCE_GAUGES.iter().chain(&RESOURCE_GAUGES).filter(|gauge| gauge.is_queue)
}

//! Services built in Rust, with their endpoints, instances and runtimes.

use crate::policy::balance::Balance;
use crate::scenario::{Endpoint, Queue, Runtime, Service};
use crate::server::{EventLoop, Machine, Schedule, Tasks};
use crate::step::Step;
use crate::units::{Bytes, Count, Factor, Money};
use indexmap::IndexMap;

impl Default for Service {
    /// Returns a service of one instance with one core and the default runtime, without endpoints.
    fn default() -> Service {
        Service {
            replicas: 1,
            autoscale: None,
            balance: Balance::default(),
            instance: Machine::default(),
            runtime: Runtime::default(),
            external: None,
            queue: None,
            max_in_flight: None,
            endpoints: IndexMap::new(),
            instances: IndexMap::new(),
        }
    }
}

impl Service {
    /// Creates a service of one instance with one core, without endpoints.
    pub fn new() -> Service {
        Service::default()
    }
    /// Adds an endpoint that executes these steps in order, or replaces the one of that name.
    #[must_use]
    pub fn with_endpoint(
        mut self,
        name: impl Into<String>,
        steps: impl IntoIterator<Item = Step>,
    ) -> Service {
        self.endpoints.insert(name.into(), Endpoint::new(steps));
        self
    }
    /// Sets the number of instances.
    #[must_use]
    pub fn with_replicas(mut self, replicas: u32) -> Service {
        self.replicas = replicas;
        self
    }
    /// Sets how its balancer chooses an instance.
    #[must_use]
    pub fn with_balance(mut self, balance: Balance) -> Service {
        self.balance = balance;
        self
    }
    /// Sets the number of cores of each instance; the default is 1. An event loop uses only as many
    /// as it has workers (1 unless [`with_runtime`](Service::with_runtime) says otherwise).
    #[must_use]
    pub fn with_cpu(mut self, cores: u32) -> Service {
        self.instance.cpu = cores;
        self
    }
    /// Sets how much faster the cores of each instance are than those on which the demands were
    /// measured; the default is 1.
    #[must_use]
    pub fn with_speed(mut self, factor: f64) -> Service {
        self.instance.speed = Factor::new(factor);
        self
    }
    /// Sets the price of each instance in US dollars per hour. The metric `cost` needs the price of
    /// all instances of the service.
    #[must_use]
    pub fn with_price(mut self, dollars_per_hour: f64) -> Service {
        self.instance.price = Some(Money { dollars_per_hour });
        self
    }
    /// Sets the memory of each instance; the default is unlimited.
    #[must_use]
    pub fn with_memory(mut self, memory: Bytes) -> Service {
        self.instance.memory = Some(memory);
        self
    }
    /// Sets the runtime of each instance; the default is an event loop with one worker.
    #[must_use]
    pub fn with_runtime(mut self, runtime: Runtime) -> Service {
        self.runtime = runtime;
        self
    }
    /// Sets the number of requests that each instance admits at a time, and the number that may
    /// wait; any further request is rejected.
    #[must_use]
    pub fn with_max_in_flight(mut self, admitted: u64, waiting_max: u64) -> Service {
        self.max_in_flight = Some(Count(admitted));
        self.queue = Some(Queue { max: Some(Count(waiting_max)), ..Queue::default() });
        self
    }
}

impl Runtime {
    /// Creates a runtime of event loops, such as asyncio or Node: each worker computes one task at
    /// a time, while others wait.
    pub fn event_loop(workers: u32) -> Runtime {
        Runtime::EventLoop(EventLoop { workers })
    }
    /// Creates a runtime of tasks on all cores, such as threads or goroutines.
    pub fn tasks(schedule: Schedule) -> Runtime {
        Runtime::Tasks(Tasks { schedule })
    }
}

impl Endpoint {
    /// Creates an endpoint that executes these steps in order.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Endpoint {
        Endpoint { request: None, response: None, steps: steps.into_iter().collect() }
    }
}

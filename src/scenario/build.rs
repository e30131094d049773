//! Scenarios built in Rust: constructors, and `with_…` methods where a literal would be long. Every
//! field can also be set directly.
//!
//! Nothing is validated here: a scenario is validated before it runs.
//! Checked: the example of [`Scenario::new`] runs, and `tests/it/library.rs` builds the shipped
//! scenarios' forms and compares them with what the reader makes of their text.

use super::{Endpoint, Link, Queue, Runtime, Scenario, Service, Slo};
use crate::fault::{Crash, Fault};
use crate::policy::balance::Balance;
use crate::random::dists::Dist;
use crate::server::{EventLoop, Machine, Schedule, Tasks};
use crate::step::{
    Arm, Branch, Call, Cpu, Fail, Join, Lock, Memory, Parallel, Repeat, Scope, Step, Wait,
};
use crate::units::{Bytes, Count, Factor, Money, Rate, Share, Span};
use crate::workload::{Arrivals, Closed, Open, RateShape, Stage, Stages, Users, Workload};
use indexmap::IndexMap;

impl Default for Scenario {
    /// Returns a scenario without traffic and services: version 1 of the format, and the defaults
    /// of everything else.
    fn default() -> Scenario {
        Scenario {
            version: 1,
            name: String::new(),
            run: Default::default(),
            workload: IndexMap::new(),
            services: IndexMap::new(),
            links: IndexMap::new(),
            faults: Vec::new(),
            slos: IndexMap::new(),
            output: Default::default(),
            sweep: None,
            capacity: None,
        }
    }
}

impl Scenario {
    /// Creates a scenario without traffic and services.
    ///
    /// ```
    /// use asyncflow::scenario::{Dist, Scenario, Service, Slo, Step, Workload};
    /// use asyncflow::units::{Rate, Span};
    /// use std::time::Duration;
    ///
    /// let ms = |ms| Span::from(Duration::from_millis(ms));
    /// let item = [Step::cpu(ms(2)), Step::call("db.read"), Step::cpu(ms(1))];
    /// let read = [Step::cpu(Dist::exp(ms(5)))];
    /// let mut shop = Scenario::new("shop")
    ///     .with_workload("users", Workload::open("api.GET /item", Rate::per_second(80.0)))
    ///     .with_service("api", Service::new().with_endpoint("GET /item", item))
    ///     .with_service("db", Service::new().with_endpoint("read", read))
    ///     .with_slo("fast", Slo { p99: Some(ms(100)), ..Slo::of("users") });
    /// shop.run.duration = Span::from_seconds(60.0);
    /// let results = asyncflow::run(&shop)?;
    /// assert!(results.latency("users").p99().unwrap().estimate < 0.1);
    /// # Ok::<(), asyncflow::ExperimentError>(())
    /// ```
    pub fn new(name: impl Into<String>) -> Scenario {
        Scenario { name: name.into(), ..Scenario::default() }
    }
    /// Adds a workload, or replaces the one of that name.
    #[must_use]
    pub fn with_workload(mut self, name: impl Into<String>, workload: Workload) -> Scenario {
        self.workload.insert(name.into(), workload);
        self
    }
    /// Adds a service, or replaces the one of that name.
    #[must_use]
    pub fn with_service(mut self, name: impl Into<String>, service: Service) -> Scenario {
        self.services.insert(name.into(), service);
        self
    }
    /// Adds a link, such as `"users -> api"`, or replaces the one of that name. Requests pass it in
    /// this direction and their responses in the other, with the same latency and loss. Without a
    /// link of their own, two entities are connected by the link `default` if there is one, or
    /// without delay.
    #[must_use]
    pub fn with_link(mut self, name: impl Into<String>, link: Link) -> Scenario {
        self.links.insert(name.into(), link);
        self
    }
    /// Adds a fault, such as `Crash::new("api", at).lasting(span)`.
    #[must_use]
    pub fn with_fault(mut self, fault: impl Into<Fault>) -> Scenario {
        self.faults.push(fault.into());
        self
    }
    /// Adds an objective, or replaces the one of that name.
    #[must_use]
    pub fn with_slo(mut self, name: impl Into<String>, slo: Slo) -> Scenario {
        self.slos.insert(name.into(), slo);
        self
    }
}

impl Workload {
    /// Creates an open workload: requests to an endpoint (`api.GET /item`) arrive as a Poisson
    /// process at this rate, independently of their outcomes.
    pub fn open(to: impl Into<String>, rate: impl Into<RateShape>) -> Workload {
        Workload { to: Some(to.into()), open: Some(Open::new(rate)), ..Workload::empty() }
    }
    /// Creates an open workload whose requests go to several endpoints, in proportion to their
    /// weights.
    pub fn mix<E: Into<String>>(
        endpoints: impl IntoIterator<Item = (E, f64)>,
        rate: impl Into<RateShape>,
    ) -> Workload {
        let mix =
            endpoints.into_iter().map(|(endpoint, weight)| (endpoint.into(), weight)).collect();
        Workload { mix, open: Some(Open::new(rate)), ..Workload::empty() }
    }
    /// Creates a workload of users: `active` of them at a time, each sending requests at the rate
    /// `each`.
    pub fn users(to: impl Into<String>, active: impl Into<Dist<Count>>, each: Rate) -> Workload {
        Workload {
            to: Some(to.into()),
            users: Some(Users::new(active.into(), each)),
            ..Workload::empty()
        }
    }
    /// Creates a workload of closed users: each waits for an answer, thinks, and sends its next
    /// request.
    pub fn closed(to: impl Into<String>, users: u64, think: impl Into<Dist<Span>>) -> Workload {
        Workload {
            to: Some(to.into()),
            closed: Some(Closed::new(users, think.into())),
            ..Workload::empty()
        }
    }
    /// Sets the arrival process of an open workload; the default is [`Arrivals::Poisson`].
    #[must_use]
    pub fn with_arrivals(mut self, arrivals: Arrivals) -> Workload {
        if let Some(open) = &mut self.open {
            open.arrivals = arrivals;
        }
        self
    }
    fn empty() -> Workload {
        Workload {
            to: None,
            mix: IndexMap::new(),
            via: Vec::new(),
            open: None,
            users: None,
            closed: None,
        }
    }
}

impl Open {
    /// Creates a Poisson process at a rate.
    pub fn new(rate: impl Into<RateShape>) -> Open {
        Open { rate: rate.into(), arrivals: Arrivals::default() }
    }
}

impl From<Rate> for RateShape {
    fn from(rate: Rate) -> RateShape {
        RateShape::Constant(rate)
    }
}

impl From<Stages> for RateShape {
    fn from(stages: Stages) -> RateShape {
        RateShape::Stages(stages)
    }
}

impl Stages {
    /// Creates a rate that changes over time, and begins with this value.
    ///
    /// ```
    /// use asyncflow::scenario::{Stages, Workload};
    /// use asyncflow::units::{Rate, Span};
    /// // 80/s for a minute, then twice as much at once.
    /// let rate = Stages::new(Rate::per_second(80.0))
    ///     .ramp(Rate::per_second(80.0), Span::from_seconds(60.0))
    ///     .ramp(Rate::per_second(160.0), Span::ZERO);
    /// let users = Workload::open("api.GET /item", rate);
    /// ```
    pub fn new(rate: Rate) -> Stages {
        Stages { from: rate, stages: Vec::new() }
    }
    /// Adds a linear ramp to a rate; over [`Span::ZERO`] it is a jump.
    #[must_use]
    pub fn ramp(mut self, rate: Rate, over: impl Into<Span>) -> Stages {
        self.stages.push(Stage { to: rate, over: over.into() });
        self
    }
}

impl Crash {
    /// Creates a crash of one instance of a service, or of a named instance, which lasts to the end
    /// of the run.
    pub fn new(target: impl Into<String>, at: impl Into<Span>) -> Crash {
        Crash { target: target.into(), count: 1, drain: false, at: at.into(), lasting: None }
    }
    /// Sets how long the instances are down.
    #[must_use]
    pub fn lasting(mut self, span: impl Into<Span>) -> Crash {
        self.lasting = Some(span.into());
        self
    }
}

impl From<Crash> for Fault {
    fn from(crash: Crash) -> Fault {
        Fault::Crash(crash)
    }
}

impl Default for Service {
    /// Returns a service of one instance with one core and the default runtime, without endpoints.
    fn default() -> Service {
        Service {
            replicas: 1,
            autoscale: None,
            balance: Balance::default(),
            instance: Machine::default(),
            runtime: Runtime::default(),
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
        self.queue = Some(Queue { max: Count(waiting_max) });
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

impl Step {
    /// Creates a step that computes: it occupies a core, or the event loop.
    pub fn cpu(demand: impl Into<Dist<Span>>) -> Step {
        Step::Cpu(Cpu(demand.into()))
    }
    /// Creates a step that waits for something outside the model, without occupying a core.
    pub fn wait(time: impl Into<Dist<Span>>) -> Step {
        Step::Wait(Wait { span: time.into(), label: None })
    }
    /// Creates a step that calls an endpoint (`db.read`) and waits for the answer. If the message
    /// or its answer is lost on a link, the request fails at once with the outcome `lost`.
    pub fn call(to: impl Into<String>) -> Step {
        Step::Call(Call { to: to.into(), request: None, response: None, timeout: None })
    }
    /// Creates a step that calls an endpoint; the request fails with the outcome `timeout` if no
    /// answer arrives within the timeout, also if a message was lost.
    pub fn call_within(to: impl Into<String>, timeout: impl Into<Span>) -> Step {
        Step::Call(Call {
            to: to.into(),
            request: None,
            response: None,
            timeout: Some(timeout.into()),
        })
    }
    /// Creates a step that holds memory until the response has left.
    pub fn memory(need: impl Into<Dist<Bytes>>) -> Step {
        Step::Memory(Memory(need.into()))
    }
    /// Creates a step that fails with a probability in 0 to 1, with this HTTP status.
    pub fn fail(probability: f64, status: u16) -> Step {
        Step::Fail(Fail { p: Share { fraction: probability }, status })
    }
    /// Creates a step that executes these steps a number of times, one after the other.
    pub fn repeat(times: impl Into<Dist<Count>>, steps: impl IntoIterator<Item = Step>) -> Step {
        Step::Repeat(Repeat { times: times.into(), steps: steps.into_iter().collect() })
    }
    /// Creates a step that executes these branches at once, and waits until all have succeeded. The
    /// fields of [`Parallel`] say otherwise.
    pub fn parallel(branches: impl IntoIterator<Item = Vec<Step>>) -> Step {
        Step::Parallel(Parallel {
            join: Join::All,
            within: None,
            keep: false,
            branches: branches.into_iter().collect(),
        })
    }
    /// Creates a step that holds a lock of its instance while it executes these steps. The fields
    /// of [`Lock`] say otherwise.
    pub fn lock(name: impl Into<String>, hold: impl IntoIterator<Item = Step>) -> Step {
        Step::Lock(Lock {
            name: name.into(),
            scope: Scope::Instance,
            permits: Count(1),
            hold: hold.into_iter().collect(),
        })
    }
    /// Creates a step that executes one of several arms, each with its probability in 0 to 1; with
    /// what these leave of 1, none.
    ///
    /// ```
    /// use asyncflow::scenario::Step;
    /// use asyncflow::units::Span;
    /// use std::time::Duration;
    ///
    /// let slow = Step::wait(Span::from(Duration::from_millis(5)));
    /// let read = [Step::branch([(0.2, vec![Step::call("db.read")]), (0.1, vec![slow])])];
    /// ```
    pub fn branch(arms: impl IntoIterator<Item = (f64, Vec<Step>)>) -> Step {
        let arm = |(p, steps)| Arm { p: Some(Share { fraction: p }), steps };
        Step::Branch(Branch(arms.into_iter().map(arm).collect()))
    }
}

impl Link {
    /// Creates a link with this one-way latency, which loses no messages.
    pub fn new(latency: impl Into<Dist<Span>>) -> Link {
        Link { id: None, latency: latency.into(), loss: Share::default() }
    }
    /// Sets the share of messages that are lost, in 0 to 1: requests and responses alike.
    #[must_use]
    pub fn with_loss(mut self, share: f64) -> Link {
        self.loss = Share { fraction: share };
        self
    }
}

impl Slo {
    /// Creates an objective for a workload or an endpoint (`api.GET /item`), without any goal.
    /// `users` is the workload of that name, or every workload if there is none.
    pub fn of(entity: impl Into<String>) -> Slo {
        Slo { of: entity.into(), ..Slo::default() }
    }
}

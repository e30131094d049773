//! Scenarios built in Rust: constructors, and `with_…` methods where a literal would be long. Every
//! field can also be set directly.
//!
//! Nothing is validated here: a scenario is validated before it runs.
//! Checked: the example of [`Scenario::new`] runs, and `tests/it/library.rs` builds the shipped
//! scenarios' forms and compares them with what the reader makes of their text.

mod service;
mod step;
mod workload;

use super::{Link, Scenario, Service, Slo};
use crate::fault::{Crash, Fault};
use crate::random::dists::Dist;
use crate::units::{Share, Span};
use crate::workload::Workload;
use indexmap::IndexMap;

impl Default for Scenario {
    /// Returns a scenario without traffic and services: version 1 of the format, and the defaults
    /// of everything else.
    fn default() -> Scenario {
        Scenario {
            version: 1,
            name: String::new(),
            run: Default::default(),
            classes: Vec::new(),
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
    /// use asyncflow::units::{Percentile, Rate, Span};
    /// use std::time::Duration;
    ///
    /// let ms = |ms| Span::from(Duration::from_millis(ms));
    /// let item = [Step::cpu(ms(2)), Step::call("db.read"), Step::cpu(ms(1))];
    /// let read = [Step::cpu(Dist::exp(ms(5)))];
    /// let mut shop = Scenario::new("shop")
    ///     .with_workload("users", Workload::open("api.GET /item", Rate::per_second(80.0)))
    ///     .with_service("api", Service::new().with_endpoint("GET /item", item))
    ///     .with_service("db", Service::new().with_endpoint("read", read))
    ///     .with_slo("fast", Slo::of("users").with_latency(Percentile::P99, ms(100)));
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

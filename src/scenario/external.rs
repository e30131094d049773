//! `external: { latency, load, errors, concurrency }`: a system of others, such as a payment
//! provider, of which only this is known.
//!
//! Law: a request takes the steps of its endpoint, then `latency`, and fails with a probability of
//! `errors`, with status 503. It needs no core of ours. Each waits on its own, unless at most
//! `concurrency` requests are served at once: then the others wait for admission. That is a service
//! in its long form, as which it is read: one instance, `runtime: { tasks: {} }`, `max_in_flight`,
//! and endpoints with a `wait` and a `fail` behind their steps, which keep their places.
//! Checked: `tests/it/external.rs`, byte by byte against the long form.

use super::{Balance, Endpoint, Runtime, Service};
use crate::problem::{Problems, Severity};
use crate::random::dists::Dist;
use crate::server::{Machine, Schedule, Tasks};
use crate::step::asks::{Asks, At, Way, ask};
use crate::step::{Fail, Load, Step, Wait};
use crate::units::{Bytes, Count, Share, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::path::Path;

/// What is known of a system of others. [`Service::from`] makes a service of it, with one endpoint,
/// `request`:
///
/// ```
/// use asyncflow::random::dists::Dist;
/// use asyncflow::scenario::{External, Scenario, Service, Step, Workload};
/// use asyncflow::units::Rate;
/// use std::time::Duration;
///
/// let ms = Duration::from_millis;
/// let payments = External::new(Dist::exp(ms(120))).with_errors(0.005).with_concurrency(50);
/// let shop = Scenario::new("shop")
///     .with_service("payments", Service::from(payments))
///     .with_service("api", Service::new().with_endpoint("pay", [Step::call("payments.request")]))
///     .with_workload("users", Workload::open("api.pay", Rate::per_second(20.0)));
/// assert!(!asyncflow::scenario::check(&shop).any_error());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct External {
    /// How long each request takes, beside the steps of its endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Dist<Span>>,
    /// How much longer its latency takes, the more requests it serves at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
    /// The share of requests that fail, after their latency, with status 503.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Share>,
    /// The number of requests that it serves at once; unlimited if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Count>,
    /// Whether its service has its long form.
    #[serde(skip)]
    is_lowered: bool,
}

/// The endpoint of one that names none.
const ENDPOINT: &str = "request";
/// The status of its failures: service unavailable.
const STATUS: u16 = 503;

impl External {
    /// A system that takes this long for each request, and never fails.
    pub fn new(latency: impl Into<Dist<Span>>) -> External {
        External { latency: Some(latency.into()), ..External::default() }
    }
    /// Sets the share of requests that fail, in 0 to 1.
    #[must_use]
    pub fn with_errors(mut self, share: f64) -> External {
        self.errors = Some(Share::new(share));
        self
    }
    /// Sets the number of requests that it serves at once.
    #[must_use]
    pub fn with_concurrency(mut self, requests: u64) -> External {
        self.concurrency = Some(Count(requests));
        self
    }
    /// Reads the file of its latency, and reports what is wrong with it, and what its service says
    /// that only one of ours can have.
    fn check_written(
        &mut self,
        service: &Service,
        folder: &Path,
        path: &str,
        problems: &mut Problems,
    ) {
        if let Some(latency) = &mut self.latency {
            let path = format!("{path}.external.latency");
            latency.load(folder, &path, problems);
            // Warnings are those of the step that it becomes.
            let mut found = Problems::default();
            latency.check(&path, &mut found);
            problems.list.extend(found.into_errors().list);
        } else if service.endpoints.values().all(|endpoint| endpoint.steps.is_empty()) {
            problems
                .error(format!("{path}.external"), "no latency is given")
                .at_key()
                .advise("add for example `latency: { lognormal: { p50: 80ms, p99: 900ms } }`, or endpoints that `wait`");
        }
        if let Some(load) = &self.load {
            let path = format!("{path}.external.load");
            load.check(&path, problems);
            if self.latency.is_none() {
                problems.error(path, "there is no `latency` that it could make longer").advise(
                    "add for example `latency: 80ms`, or write `load` in the `wait` of an endpoint",
                );
            }
        }
        if self.concurrency == Some(Count(0)) {
            problems
                .error(format!("{path}.external.concurrency"), "it could serve no request at all")
                .advise("leave it out if it is not limited");
        }
        let ours = [
            ("replicas", service.replicas != 1),
            ("instance", service.instance != Machine::default()),
            ("runtime", service.runtime != Runtime::default()),
            ("balance", service.balance != Balance::default()),
            ("autoscale", service.autoscale.is_some()),
            ("instances", !service.instances.is_empty()),
            ("max_in_flight", service.max_in_flight.is_some()),
        ];
        for (field, _) in ours.iter().filter(|(_, is_written)| *is_written) {
            let help = match *field {
                "max_in_flight" => "write `concurrency` in `external`",
                _ => "leave it out; a service of yours has no `external`",
            };
            problems
                .error(format!("{path}.{field}"), "this does not apply to an external service")
                .at_key()
                .advise(help);
        }
    }
    /// How many steps the long form has behind those of an endpoint.
    fn added(&self) -> usize {
        usize::from(self.latency.is_some()) + usize::from(self.errors.is_some())
    }
    /// Turns the service into its long form.
    fn lower(self, service: &mut Service) {
        if service.endpoints.is_empty() {
            service.endpoints.insert(ENDPOINT.to_string(), Endpoint::new([]));
        }
        for endpoint in service.endpoints.values_mut() {
            let wait = self
                .latency
                .clone()
                .map(|span| Step::Wait(Wait { load: self.load.clone(), ..Wait::new(span) }));
            let fail = self.errors.map(|p| Step::Fail(Fail { p, status: STATUS }));
            endpoint.steps.extend(wait.into_iter().chain(fail));
        }
        service.runtime = Runtime::Tasks(Tasks { schedule: Schedule::Fifo });
        service.max_in_flight = self.concurrency;
        service.external = Some(External { is_lowered: true, ..self });
    }
}

impl From<External> for Service {
    fn from(external: External) -> Service {
        let mut service = Service::new();
        external.lower(&mut service);
        service
    }
}

/// Turns a service that was written as an external one into its long form.
pub(super) fn lower(service: &mut Service, folder: &Path, path: &str, problems: &mut Problems) {
    let Some(mut external) = service.external.take_if(|external| !external.is_lowered) else {
        return;
    };
    let found = problems.list.len();
    external.check_written(service, folder, path, problems);
    // What is wrong is reported once.
    if problems.list[found..].iter().any(|problem| problem.severity == Severity::Error) {
        external = External::default();
    }
    external.lower(service);
}

/// Returns the path of a step as it is written: of the wait that a latency has become, that of the
/// latency.
pub(super) fn written(service: &Service, path: String) -> String {
    let external = service.external.as_ref().filter(|external| external.latency.is_some());
    let Some(external) = external else { return path };
    let is_latency = service.endpoints.iter().any(|(name, endpoint)| {
        let index = endpoint.steps.len().saturating_sub(external.added());
        path.ends_with(&format!(".endpoints.{name}.steps[{index}]"))
    });
    match path.split_once(".endpoints.") {
        Some((service, _)) if is_latency => format!("{service}.external.latency"),
        _ => path,
    }
}

/// Returns the service as it is written: an external one in its short form.
pub(super) fn short(service: &Service) -> Cow<'_, Service> {
    let Some(external) = service.external.as_ref().filter(|external| external.is_lowered) else {
        return Cow::Borrowed(service);
    };
    let mut service = service.clone();
    for endpoint in service.endpoints.values_mut() {
        endpoint.steps.truncate(endpoint.steps.len().saturating_sub(external.added()));
    }
    service.runtime = Runtime::default();
    service.max_in_flight = None;
    service.external = Some(External { is_lowered: false, ..external.clone() });
    Cow::Owned(service)
}

/// Checks a service that has been read as an external one.
pub(super) fn check(service: &Service, path: &str, problems: &mut Problems) {
    let Some(external) = &service.external else { return };
    if !external.is_lowered {
        problems
            .error(format!("{path}.external"), "this service has not been read as an external one")
            .advise("read the scenario by `from_yaml` or `read_file`, or build `Service::from(External)`");
        return;
    }
    let mut again = short(service).into_owned();
    external.clone().lower(&mut again);
    if again != *service {
        problems
            .error(format!("{path}.external"), "this service was changed after its `external` had been applied")
            .advise("set its endpoints first: `Service { external: Some(…), ..service }`, and run it by an `Experiment`");
    }
    for (name, endpoint) in &service.endpoints {
        let endpoint_path = format!("{path}.endpoints.{name}");
        ask(&endpoint_path, &endpoint.steps, &mut Ours { problems });
    }
}

/// Reports steps that need a machine of ours.
struct Ours<'p> {
    problems: &'p mut Problems,
}

impl Ours<'_> {
    fn report(&mut self, at: At) {
        self.problems
            .error(at.to_string(), "an external system needs none of your cores, and no memory")
            .advise("write `wait: 120ms`, however it spends that time");
    }
}

impl Asks<'_> for Ours<'_> {
    fn cpu(&mut self, at: At, _: &Dist<Span>) {
        self.report(at);
    }
    fn hold_core(&mut self, at: At, _: &Dist<Span>) {
        self.report(at);
    }
    fn memory(&mut self, at: At, _: &Dist<Bytes>) {
        self.report(at);
    }
    fn block(&mut self, at: At, way: Way) {
        if let Way::Memory(_) = way {
            self.report(at);
        }
    }
    fn respond(&mut self, at: At) {
        self.problems
            .error(at.to_string(), "an external system answers when its latency is over")
            .advise("leave it out; what it does afterwards is not seen from here");
    }
}

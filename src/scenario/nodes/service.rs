//! Services: what they are checked for, the names of them, of their instances and endpoints, and
//! the files of their distributions.

use super::Node;
use crate::problem::{Problems, Severity};
use crate::random::dists::Dist;
use crate::scenario::check::Namespace;
use crate::scenario::external;
use crate::scenario::{Balance, Endpoint, Machine, QueueOrder, Runtime, Scenario, Service};
use crate::step::asks::{Asks, At, Way, ask};
use crate::step::{Load, check_steps};
use crate::units::{Bytes, Count, Quantity, Span};
use indexmap::IndexMap;
use std::path::Path;

/// The maximum number of replicas of a service; more are probably a mistake.
const REPLICAS_MAX: u32 = 10_000;
/// The largest random number below 1, at which a quantile is practically the maximum.
const LAST_DRAW: f64 = 1.0 - f64::EPSILON / 2.0;
/// The maximum memory need of a request in bytes: sums of needs stay within 64 bits.
const NEED_MAX: f64 = 1e18;

impl Node for Service {
    const MISSING: Option<(&'static str, &'static str)> = Some((
        "there is no service",
        "add for example `api: { endpoints: { GET /: [ cpu: 1ms ] } }`",
    ));

    fn check(&self, path: &str, _: &Scenario, problems: &mut Problems) {
        machines(self, path, problems);
        either_or(self, path, problems);
        scaling(self, path, problems);
        admission(self, path, problems);
        // It visits the steps, which must be valid.
        if !problems.any_error() {
            external::check(self, path, problems);
        }
    }
    fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        external::lower(self, folder, path, problems);
        if let Some(autoscale) = &mut self.autoscale {
            autoscale.boot.load(folder, &format!("{path}.autoscale.boot"), problems);
        }
        if let Some(timeout) = self.queue.as_mut().and_then(|queue| queue.timeout.as_mut()) {
            timeout.load(folder, &format!("{path}.queue.timeout"), problems);
        }
        load_endpoints(&mut self.endpoints, folder, path, problems);
        for (instance, spec) in &mut self.instances {
            let path = format!("{path}.instances.{instance}");
            load_endpoints(&mut spec.endpoints, folder, &path, problems);
        }
    }
    fn take_names<'s>(
        &'s self,
        name: &'s str,
        path: &str,
        names: &mut Namespace<'s>,
        problems: &mut Problems,
    ) {
        names.take(name, "a service", path, problems);
        for endpoint in self.endpoints.keys() {
            names.endpoint(endpoint, format!("{path}.endpoints.{endpoint}"), problems);
        }
        for (instance, spec) in &self.instances {
            let path = format!("{path}.instances.{instance}");
            // A service may have the same name as one of its instances.
            if instance != name {
                names.take(instance, "an instance", &path, problems);
            }
            for endpoint in spec.endpoints.keys() {
                names.endpoint(endpoint, format!("{path}.endpoints.{endpoint}"), problems);
            }
        }
    }
    fn ends(&self) -> impl Iterator<Item = &str> {
        self.instances.keys().map(String::as_str)
    }
}

/// Checks the instances, and their endpoints.
fn machines(service: &Service, path: &str, problems: &mut Problems) {
    if service.instances.is_empty() {
        service.instance.check(&format!("{path}.instance"), problems);
        service.runtime.check(service.instance.cpu, &format!("{path}.runtime"), problems);
        endpoints(&service.endpoints, service.instance.memory, path, problems);
        shared_cores(&service.runtime, &service.endpoints, path, problems);
        if service.replicas == 0 || service.replicas > REPLICAS_MAX {
            let most = Count(u64::from(REPLICAS_MAX));
            problems.error(
                format!("{path}.replicas"),
                format!("a service has 1 to {most} replicas, not {}", service.replicas),
            );
        }
    }
    for (instance, spec) in &service.instances {
        let path = format!("{path}.instances.{instance}");
        spec.instance.check(&format!("{path}.instance"), problems);
        spec.runtime.check(spec.instance.cpu, &format!("{path}.runtime"), problems);
        endpoints(&spec.endpoints, spec.instance.memory, &path, problems);
        shared_cores(&spec.runtime, &spec.endpoints, &path, problems);
    }
}

/// Instances are either equal or named.
fn either_or(service: &Service, path: &str, problems: &mut Problems) {
    if service.external.is_some() {
        // It has said so itself.
        return;
    }
    let has_replica_fields = service.replicas != 1 || !service.endpoints.is_empty();
    let has_replica_fields = has_replica_fields
        || service.instance != Machine::default()
        || service.runtime != Runtime::default();
    if !service.instances.is_empty() && has_replica_fields {
        let what = "a service must have either named `instances`, or `replicas`, `instance`, `runtime` and `endpoints`, not both";
        problems
            .error(path, what)
            .advise("move them into each of the `instances`, or leave `instances` out");
    }
}

fn scaling(service: &Service, path: &str, problems: &mut Problems) {
    if let Some(autoscale) = &service.autoscale {
        let path = format!("{path}.autoscale");
        if !service.instances.is_empty() {
            problems
                .error(&path, "named instances cannot be scaled: each is another machine")
                .at_key()
                .advise("give the service `replicas` and `endpoints` in place of `instances`");
        } else {
            autoscale.check(service.replicas, &path, problems);
        }
    }
}

fn admission(service: &Service, path: &str, problems: &mut Problems) {
    if service.max_in_flight.is_some_and(|max| max.0 == 0) {
        problems
            .error(
                format!("{path}.max_in_flight"),
                "an instance that admits 0 requests serves none",
            )
            .advise("admit at least 1, or leave it out for no limit");
    }
    if let Some(queue) = &service.queue {
        let is_fifo = queue.order == QueueOrder::Fifo;
        if queue.max.is_none() && queue.timeout.is_none() && is_fifo {
            problems
                .warning(format!("{path}.queue"), "this has no effect: a queue without a limit")
                .advise("add `max: 200` or `timeout: 500ms`, or leave it out");
        }
        if queue.max == Some(Count(0)) && queue.timeout.is_some() {
            problems
                .warning(format!("{path}.queue.timeout"), "this has no effect: no request may wait")
                .advise("raise `max`, or leave the timeout out");
        }
        if let Some(timeout) = &queue.timeout {
            timeout.check(&format!("{path}.queue.timeout"), problems);
        }
        if queue.timeout.as_ref().and_then(Dist::plain) == Some(Span::ZERO) {
            problems
                .error(format!("{path}.queue.timeout"), "a timeout of 0s lets no request wait")
                .advise("write `max: 0` if none may wait");
        }
    }
    if service.balance == Balance::CentralQueue {
        let written = [
            ("max_in_flight", service.max_in_flight.is_some()),
            ("queue", service.queue.is_some()),
        ];
        for (field, _) in written.iter().filter(|(_, is_written)| *is_written) {
            let what = "this has no effect: with `balance: central_queue`, an instance serves one request at a time, and the others wait at the balancer";
            problems
                .warning(format!("{path}.{field}"), what)
                .advise("leave it out, or choose another `balance`");
        }
    } else if service.queue.is_some() && service.max_in_flight.is_none() {
        problems
            .warning(
                format!("{path}.queue"),
                format!(
                    "this has no effect: no request waits for admission, because `{}` is not given",
                    service.limit_field()
                ),
            )
            .advise(format!("add `{}: 100`, or leave `queue` out", service.limit_field()));
    }
}

fn endpoints(
    endpoints: &IndexMap<String, Endpoint>,
    memory: Option<Bytes>,
    path: &str,
    problems: &mut Problems,
) {
    if endpoints.is_empty() {
        problems
            .error(path, "this service has no endpoints")
            .advise("add `endpoints: { GET /: [ cpu: 1ms ] }`");
    }
    for (name, endpoint) in endpoints {
        let path = format!("{path}.endpoints.{name}");
        let found = problems.list.len();
        check_steps(&endpoint.steps, &format!("{path}.steps"), problems);
        if problems.list[found..].iter().any(|problem| problem.severity == Severity::Error) {
            continue;
        }
        let mut needs = Needs::default();
        ask(&path, &endpoint.steps, &mut needs);
        let Needs { least, most, .. } = needs;
        if let Some(memory) = memory.filter(|memory| least > memory.to_base()) {
            let at_least = if least == most { "" } else { "at least " };
            let what = format!(
                "a request needs {at_least}{} of memory, but an instance has only {memory}",
                Bytes::from_base(least)
            );
            problems
                .error(&path, what)
                .at_key()
                .advise("no request could ever run: give the instance more `memory`");
        } else if most > NEED_MAX {
            let what = "a request may need more than 10^18 bytes of memory here";
            problems
                .error(&path, what)
                .at_key()
                .advise("give the distribution a `max`, or use smaller sizes");
        }
    }
}

/// Reports bursts that would take longer under load on cores that are shared.
fn shared_cores(
    runtime: &Runtime,
    endpoints: &IndexMap<String, Endpoint>,
    path: &str,
    problems: &mut Problems,
) {
    if runtime.shares_cores() {
        for (name, endpoint) in endpoints {
            let mut loaded = LoadedBursts { is_loaded: false, problems };
            ask(&format!("{path}.endpoints.{name}"), &endpoint.steps, &mut loaded);
        }
    }
}

/// Reports bursts with a `load`.
struct LoadedBursts<'p> {
    /// Whether what is told next has one.
    is_loaded: bool,
    problems: &'p mut Problems,
}

impl Asks<'_> for LoadedBursts<'_> {
    fn load(&mut self, _: At, _: &Load) {
        self.is_loaded = true;
    }
    fn wait(&mut self, _: At, _: &Dist<Span>) {
        self.is_loaded = false;
    }
    fn cpu(&mut self, at: At, _: &Dist<Span>) {
        if std::mem::take(&mut self.is_loaded) {
            self.problems
                .error(
                    format!("{at}.cpu.load"),
                    "on cores that are shared, bursts take longer under load as it is",
                )
                .advise("leave `load` out, or write `runtime: { tasks: { schedule: fifo } }`");
        }
    }
}

/// The bytes that a request to an endpoint holds at once: the least, and the most.
#[derive(Default)]
struct Needs {
    least: f64,
    most: f64,
    /// What is held where the visitor is: in each of the blocks around, and in all.
    blocks: Vec<[f64; 2]>,
    held: [f64; 2],
}

impl Needs {
    fn hold(&mut self, need: &Dist<Bytes>) -> [f64; 2] {
        let law = need.compile();
        let need = [law.quantile(0.0), law.quantile(LAST_DRAW)];
        self.held = [self.held[0] + need[0], self.held[1] + need[1]];
        (self.least, self.most) = (self.least.max(self.held[0]), self.most.max(self.held[1]));
        need
    }
}

impl Asks<'_> for Needs {
    fn memory(&mut self, _: At, need: &Dist<Bytes>) {
        self.hold(need);
    }
    fn block(&mut self, _: At, way: Way) {
        let need = match way {
            Way::Memory(need) => self.hold(need),
            _ => [0.0; 2],
        };
        self.blocks.push(need);
    }
    fn end(&mut self) {
        let need = self.blocks.pop().unwrap_or_default();
        self.held = [self.held[0] - need[0], self.held[1] - need[1]];
    }
}

fn load_endpoints(
    endpoints: &mut IndexMap<String, Endpoint>,
    folder: &Path,
    path: &str,
    problems: &mut Problems,
) {
    for (name, endpoint) in endpoints {
        for (index, step) in endpoint.steps.iter_mut().enumerate() {
            step.load(folder, &step_path(&format!("{path}.endpoints.{name}"), index), problems);
        }
    }
}

/// Returns the path of a step. It is the same for endpoints written as a list and for those with
/// `steps`.
fn step_path(endpoint: &str, index: usize) -> String {
    format!("{endpoint}.steps[{index}]")
}

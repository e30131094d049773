//! Checks of a whole scenario, across modules. They report all problems at once and simulate
//! nothing.
//!
//! The parts are checked first, then names and size, so that nothing large is built for a scenario
//! that is too large; references, calls and loads come last.

mod calls;
mod locks;
mod names;
mod overload;
mod size;

pub(crate) use names::refusal;

use super::changes::{Kind, changes};
use super::directory::NameTable;
use super::{Balance, Machine, Runtime, Scenario, Service, estimate};
use crate::fault::{Crash, Fault, Names};
use crate::problem::Problems;
use crate::random::dists::Dist;
use crate::step::asks::{Asks, At, ask};
use crate::units::{Bytes, Count, Quantity, Span};
use crate::workload::Arrivals;
use std::collections::BTreeSet;

/// The maximum number of replicas of a service; more are probably a mistake.
const REPLICAS_MAX: u32 = 10_000;
/// The largest random number below 1, at which a quantile is practically the maximum.
const LAST_DRAW: f64 = 1.0 - f64::EPSILON / 2.0;
/// The maximum memory need of a request in bytes: sums of needs stay within 64 bits.
const NEED_MAX: f64 = 1e18;

/// Checks a scenario, and returns all errors, warnings and notes.
pub fn check(scenario: &Scenario) -> Problems {
    let mut problems = Problems::default();
    check_all(scenario, &mut problems);
    problems.shorten();
    problems
}

fn check_all(scenario: &Scenario, problems: &mut Problems) {
    if scenario.version != 1 {
        problems
            .error(
                "version",
                format!("version {} of the format is not supported", scenario.version),
            )
            .advise("write `version: 1`");
    }
    scenario.run.check(problems);
    scenario.output.check(scenario.run.duration, problems);
    if let Some(sweep) = &scenario.sweep {
        sweep.check(problems);
    }
    if let Some(capacity) = &scenario.capacity {
        capacity.check(scenario, problems);
    }
    parts(scenario, problems);
    names::check(scenario, problems);
    if size::is_too_large(scenario, problems) {
        return;
    }
    let mut directory = NameTable::new(scenario);
    names::targets(scenario, &directory, problems);
    names::links(scenario, &mut directory, problems);
    faults(scenario, &directory, problems);
    hidden_by_the_warmup(scenario, problems);
    names::objectives(scenario, &directory, problems);
    if !problems.any_error() {
        calls::check(&directory, problems);
        locks::check(&directory, problems);
    }
    if !problems.any_error() {
        let load = estimate::Load::of(&directory);
        size::check_load(scenario, &load, problems);
        if !problems.any_error() {
            overload::warn(&directory, problems);
        }
    }
}

/// Checks each part separately.
fn parts(scenario: &Scenario, problems: &mut Problems) {
    if scenario.workload.is_empty() {
        problems
            .error("workload", "there is no workload: no requests are sent")
            .advise("add for example `users: { to: api.GET /, open: { rate: 100/s } }`");
    }
    if scenario.services.is_empty() {
        problems
            .error("services", "there is no service")
            .advise("add for example `api: { endpoints: { GET /: [ cpu: 1ms ] } }`");
    }
    for (name, workload) in &scenario.workload {
        workload.check(&format!("workload.{name}"), problems);
        workload.check_duration(scenario.run.duration, &format!("workload.{name}"), problems);
    }
    for (name, link) in &scenario.links {
        link.check(&format!("links.{name}"), problems);
    }
    for (name, service) in &scenario.services {
        let path = format!("services.{name}");
        if service.instances.is_empty() {
            service.instance.check(&format!("{path}.instance"), problems);
            service.runtime.check(service.instance.cpu, &format!("{path}.runtime"), problems);
            endpoints(&service.endpoints, service.instance.memory, &path, problems);
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
        }
        let has_replica_fields = service.replicas != 1 || !service.endpoints.is_empty();
        let has_replica_fields = has_replica_fields
            || service.instance != Machine::default()
            || service.runtime != Runtime::default();
        if !service.instances.is_empty() && has_replica_fields {
            let what = "a service must have either named `instances`, or `replicas`, `instance`, `runtime` and `endpoints`, not both";
            problems
                .error(&path, what)
                .advise("move them into each of the `instances`, or leave `instances` out");
        }
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
        admission(service, &path, problems);
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
                "this has no effect: no request waits for admission, because `max_in_flight` is not given",
            )
            .advise("add `max_in_flight: 100`, or leave `queue` out");
    }
}

fn endpoints(
    endpoints: &indexmap::IndexMap<String, super::Endpoint>,
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
        for (index, step) in endpoint.steps.iter().enumerate() {
            step.check(&step_path(&path, index), problems);
        }
        if problems.list[found..]
            .iter()
            .any(|problem| problem.severity == crate::problem::Severity::Error)
        {
            continue;
        }
        let mut needs = Needs { least: 0.0, most: 0.0 };
        ask(&path, &endpoint.steps, &mut needs);
        let Needs { least, most } = needs;
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

/// The bytes that a request to an endpoint reserves: the least, and the most.
struct Needs {
    least: f64,
    most: f64,
}

impl Asks<'_> for Needs {
    fn memory(&mut self, _: At, need: &Dist<Bytes>) {
        let law = need.compile();
        self.least += law.quantile(0.0);
        self.most += law.quantile(LAST_DRAW);
    }
}

/// Whether an endpoint computes.
struct Computes(bool);

impl Asks<'_> for Computes {
    fn cpu(&mut self, _: At, _: &Dist<Span>) {
        self.0 = true;
    }
}

/// Returns the path of a step. It is the same for endpoints written as a list and for those with
/// `steps`.
fn step_path(endpoint: &str, index: usize) -> String {
    format!("{endpoint}.steps[{index}]")
}

fn faults(scenario: &Scenario, directory: &NameTable, problems: &mut Problems) {
    for (index, fault) in scenario.faults.iter().enumerate() {
        let path = format!("faults[{index}]");
        // A service without replicas is reported as such, and not as an unknown name.
        if !has_no_replicas(scenario, fault) {
            fault.check(&path, directory, problems);
        }
        if fault.when().0 >= scenario.run.duration {
            let end = scenario.run.duration;
            let what = match fault.when().0 == end {
                true => format!("this fault begins at {end}, at the end of the run"),
                false => format!(
                    "this fault begins at {}, after the end of the run at {end}",
                    fault.when().0
                ),
            };
            problems
                .warning(&path, what)
                .advise("make the run longer with `run.duration`, or let the fault begin earlier");
        }
        if problems.enough() {
            return;
        }
    }
    if !problems.any_error() {
        crashes_in_vain(scenario, directory, problems);
        slow_in_vain(scenario, problems);
    }
}

/// Returns whether a fault affects instances of a service whose `replicas` are 0.
fn has_no_replicas(scenario: &Scenario, fault: &Fault) -> bool {
    let target = match fault {
        Fault::Crash(crash) => &crash.target,
        Fault::Slow(slow) => &slow.target,
        _ => return false,
    };
    let name = target.split('#').next().unwrap_or_default();
    let is_empty = |service: &Service| service.replicas == 0 && service.instances.is_empty();
    scenario.services.get(name).is_some_and(is_empty)
}

/// Warns of a `slow` fault whose target computes nothing: it has no effect, which looks as if the
/// system tolerated it.
fn slow_in_vain(scenario: &Scenario, problems: &mut Problems) {
    for (index, fault) in scenario.faults.iter().enumerate() {
        let Fault::Slow(slow) = fault else { continue };
        let of_service =
            scenario.services.get(&slow.target).into_iter().flat_map(Service::all_endpoints);
        let named =
            scenario.services.values().filter_map(|service| service.instances.get(&slow.target));
        let of_instance = named.flat_map(|spec| spec.endpoints.values());
        let mut computes = Computes(false);
        of_service.chain(of_instance).for_each(|endpoint| ask("", &endpoint.steps, &mut computes));
        if !computes.0 {
            let what = format!(
                "this has no effect: `{}` has no `cpu` steps, and `slow` affects only computing",
                slow.target
            );
            problems.warning(format!("faults[{index}].slow.target"), what).advise(
                "for longer waits, add to the latency of the link to it: `degrade: { link: …, latency: +200ms, at: 1m, for: 30s }`",
            );
        }
    }
}

/// Warns of a warm-up that hides a scheduled change. An initial rise to a constant rate is what
/// warm-ups are for.
fn hidden_by_the_warmup(scenario: &Scenario, problems: &mut Problems) {
    let (warmup, changes) = (scenario.run.warmup.span(), changes(scenario));
    let is_steady = |piece: usize, of: usize| {
        changes
            .iter()
            .any(|change| matches!(change.kind, Kind::Rate { workload, piece: own, is_ramp: false, .. } if (workload, own) == (of, piece)))
    };
    let mut reported = BTreeSet::new();
    for change in changes.iter().filter(|change| change.from.0 < warmup.0) {
        let is_hidden = match change.kind {
            Kind::Fault => true,
            Kind::Rate { piece: 0, .. } | Kind::Rate { is_rise: true, .. } => false,
            Kind::Rate { workload, piece, .. } => {
                let rise = changes
                    .iter()
                    .filter(|own| matches!(own.kind, Kind::Rate { workload: of, is_rise: true, .. } if of == workload))
                    .count();
                (piece > rise || rise == 0 || !is_steady(piece, workload))
                    && reported.insert(workload)
            }
        };
        if is_hidden {
            let (from, until) = (Span(change.from.0), Span(change.until.0));
            let which = match change.kind {
                Kind::Fault if until <= warmup => {
                    format!("excludes {}, from {from} to {until}", change.subject)
                }
                Kind::Fault => format!("excludes the beginning of {}, at {from}", change.subject),
                Kind::Rate { .. } => {
                    format!("excludes a change of {} at {from}", change.subject)
                }
            };
            problems.warning("run.warmup", format!("the warm-up of {warmup} {which}")).advise(
                "the results do not include the warm-up: shorten it, or let the change begin later",
            );
        }
    }
}

/// Warns of crashes that hit too few running instances, because of earlier crashes that are still
/// active. Checks all pairs of the first `CHECKED_MAX` crashes.
fn crashes_in_vain(scenario: &Scenario, directory: &NameTable, problems: &mut Problems) {
    const CHECKED_MAX: usize = 1_000;
    let crashes = scenario.faults.iter().enumerate().filter_map(|(index, fault)| match fault {
        Fault::Crash(crash) => Some((
            index,
            crash,
            BTreeSet::from_iter(directory.instances(&crash.target).unwrap_or_default()),
        )),
        _ => None,
    });
    let crashes: Vec<_> = crashes.take(CHECKED_MAX).collect();
    for (nth, (index, crash, here)) in crashes.iter().enumerate() {
        let is_active = |other: &Crash| {
            other.at <= crash.at && other.lasting.is_none_or(|span| crash.at < other.at + span)
        };
        let before = crashes[..nth]
            .iter()
            .filter(|(_, other, there)| is_active(other) && !here.is_disjoint(there));
        let down: usize = before.map(|(_, other, _)| other.count as usize).sum();
        if down > 0 && down + crash.count as usize > here.len() {
            let what = format!(
                "`{}` has {}, and earlier crashes have already taken {down} of them down",
                crash.target,
                instances(here.len())
            );
            problems
                .warning(format!("faults[{index}]"), what)
                .advise("only a running instance can crash: let the faults follow each other, or use more `replicas`");
        }
    }
}

fn instances(n: usize) -> String {
    if n == 1 { "1 instance".to_string() } else { format!("{n} instances") }
}

/// Loads the files of distributions that are read from files.
pub(super) fn load_files(
    scenario: &mut Scenario,
    folder: &std::path::Path,
    problems: &mut Problems,
) {
    let Scenario { workload, services, links, .. } = scenario;
    for (name, workload) in workload.iter_mut() {
        if let Some(closed) = &mut workload.closed {
            closed.think.load(folder, &format!("workload.{name}.closed.think"), problems);
        }
        if let Some(users) = &mut workload.users {
            users.active.load(folder, &format!("workload.{name}.users.active"), problems);
        }
        if let Some(Arrivals::Gaps(gaps)) = workload.open.as_mut().map(|open| &mut open.arrivals) {
            gaps.load(folder, &format!("workload.{name}.open.arrivals.gaps"), problems);
        }
        if let Some(Arrivals::Batch(batch)) = workload.open.as_mut().map(|open| &mut open.arrivals)
        {
            batch.size.load(folder, &format!("workload.{name}.open.arrivals.batch.size"), problems);
        }
    }
    for (name, service) in services.iter_mut() {
        if let Some(autoscale) = &mut service.autoscale {
            autoscale.boot.load(folder, &format!("services.{name}.autoscale.boot"), problems);
        }
    }
    for (name, link) in links.iter_mut() {
        link.latency.load(folder, &format!("links.{name}.latency"), problems);
    }
    for (name, service) in services.iter_mut() {
        let own = service
            .endpoints
            .iter_mut()
            .map(|(e, endpoint)| (format!("services.{name}.endpoints.{e}"), endpoint));
        let named = service.instances.iter_mut().flat_map(|(i, spec)| {
            spec.endpoints.iter_mut().map(move |(e, endpoint)| {
                (format!("services.{name}.instances.{i}.endpoints.{e}"), endpoint)
            })
        });
        for (path, endpoint) in own.chain(named) {
            for (index, step) in endpoint.steps.iter_mut().enumerate() {
                step.load(folder, &step_path(&path, index), problems);
            }
        }
    }
}

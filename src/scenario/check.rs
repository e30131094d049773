//! Checks of a whole scenario: what one room alone cannot see. Finds everything it can, and simulates nothing.

use super::directory::{Directory, unknown};
use super::{Scenario, Service, estimate, split_link};
use crate::fault::Names;
use crate::problem::Problems;
use crate::step::{Step, call::Call};
use crate::units::{Bytes, Span};
use indexmap::IndexSet;

/// Calls within calls; deeper than any call tree we know of.
const CALL_DEPTH_MAX: usize = 64;
/// More replicas of a service than this are probably a slip.
const REPLICAS_MAX: u32 = 10_000;

/// Everything that is wrong with a scenario, or worth knowing about it.
pub fn check(scenario: &Scenario) -> Problems {
    let mut problems = Problems::default();
    if scenario.version != 1 {
        problems.error("version", format!("version {} of the format is not known", scenario.version)).advise("write `version: 1`");
    }
    scenario.run.check(&mut problems);
    scenario.output.check(scenario.run.duration, &mut problems);
    let mut directory = Directory::new(scenario);
    parts(scenario, &mut problems);
    names(scenario, &mut problems);
    targets(scenario, &directory, &mut problems);
    links(scenario, &mut directory, &mut problems);
    for (index, fault) in scenario.faults.iter().enumerate() {
        let path = format!("faults[{index}]");
        fault.check(&path, &directory, &mut problems);
        if fault.when().0 >= scenario.run.duration {
            problems
                .warning(path, format!("this fault begins at {}, after the end of the run at {}", fault.when().0, scenario.run.duration));
        }
    }
    objectives(scenario, &directory, &mut problems);
    if !problems.any_error() {
        call_tree(&directory, &mut problems);
    }
    if !problems.any_error() {
        warn_of_overload(scenario, &mut problems);
    }
    problems
}

/// What each part can say by itself.
fn parts(scenario: &Scenario, problems: &mut Problems) {
    if scenario.workload.is_empty() {
        problems.error("workload", "there is no workload: nobody sends a request");
    }
    if scenario.services.is_empty() {
        problems.error("services", "there is no service");
    }
    for (name, workload) in &scenario.workload {
        workload.check(&format!("workload.{name}"), problems);
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
                problems.error(format!("{path}.replicas"), format!("a service has 1 to {REPLICAS_MAX} replicas, not {}", service.replicas));
            }
        }
        for (instance, spec) in &service.instances {
            let path = format!("{path}.instances.{instance}");
            spec.instance.check(&format!("{path}.instance"), problems);
            spec.runtime.check(spec.instance.cpu, &format!("{path}.runtime"), problems);
            endpoints(&spec.endpoints, spec.instance.memory, &path, problems);
        }
        if !service.instances.is_empty() && (service.replicas != 1 || !service.endpoints.is_empty()) {
            problems.error(&path, "a service has either `instances` with names, or `replicas` and `endpoints`, not both");
        }
        admission(service, &path, problems);
    }
}

fn admission(service: &Service, path: &str, problems: &mut Problems) {
    if service.max_in_flight.is_some_and(|max| max.0 == 0) {
        problems.error(format!("{path}.max_in_flight"), "an instance that admits 0 requests serves nobody");
    }
    if service.queue.is_some() && service.max_in_flight.is_none() {
        problems
            .warning(format!("{path}.queue"), "nobody ever waits to be admitted here, because `max_in_flight` is not given")
            .advise("add `max_in_flight: 100`, or leave `queue` out");
    }
}

fn endpoints(endpoints: &indexmap::IndexMap<String, super::Endpoint>, memory: Option<Bytes>, path: &str, problems: &mut Problems) {
    if endpoints.is_empty() {
        problems.error(path, "this service has no endpoints").advise("add `endpoints: { GET /: [ cpu: 1ms ] }`");
    }
    for (name, endpoint) in endpoints {
        let path = format!("{path}.endpoints.{name}");
        for (index, step) in endpoint.steps.iter().enumerate() {
            step.check(&step_path(&path, index), problems);
        }
        let needs = endpoint.steps.iter().filter_map(|step| if let Step::Memory(need) = step { Some(need.0.plain()?.0) } else { None });
        let need = Bytes(needs.sum());
        if let Some(memory) = memory.filter(|memory| need > *memory) {
            problems.error(&path, format!("a request needs {need} of memory, and an instance has {memory}: none could ever be served"));
        }
    }
}

/// Where a step stands. Endpoints are written as a list or with `steps`; the reader of places knows both.
fn step_path(endpoint: &str, index: usize) -> String {
    format!("{endpoint}.steps[{index}]")
}

/// Services, instances, workloads and nodes share one namespace.
fn names(scenario: &Scenario, problems: &mut Problems) {
    let mut taken: IndexSet<&str> = IndexSet::new();
    for name in scenario.workload.keys() {
        taken.insert(name);
    }
    for (name, service) in &scenario.services {
        let path = format!("services.{name}");
        if name == "users" {
            problems.error(&path, "`users` means every workload, and cannot be a service");
        } else if !taken.insert(name) {
            problems
                .error(&path, format!("`{name}` is the name of a workload already"))
                .advise("workloads, services and instances share one set of names");
        }
        for instance in service.instances.keys() {
            // A service of one named instance may bear its name.
            if instance != name && !taken.insert(instance) {
                problems.error(format!("{path}.instances.{instance}"), format!("`{instance}` is the name of something else already"));
            }
        }
    }
}

/// Workloads and calls lead to endpoints that are there.
fn targets(scenario: &Scenario, directory: &Directory, problems: &mut Problems) {
    let mut reach = |reference: &str, path: String, may_be_any: bool| match directory.target(reference) {
        Err(unknown) => problems.error(path, unknown.what).help = unknown.help,
        Ok((service, None)) if !may_be_any || scenario.services[service as usize].instances.is_empty() => {
            let first = directory.endpoints.iter().find(|endpoint| endpoint.service == service);
            let help = first.map(|endpoint| format!("name one of its endpoints, for example `{}`", endpoint.name));
            problems.error(path, format!("`{reference}` is a service, not an endpoint")).help = help;
        }
        Ok(_) => {}
    };
    for (name, workload) in &scenario.workload {
        if let Some(to) = &workload.to {
            reach(to, format!("workload.{name}.to"), true);
        }
        for to in workload.mix.keys() {
            reach(to, format!("workload.{name}.mix.{to}"), true);
        }
    }
    for endpoint in &directory.endpoints {
        for (index, call) in calls(&endpoint.endpoint.steps) {
            reach(&call.to, format!("{}.call", step_path(&endpoint.path, index)), false);
        }
    }
    for (name, service) in &scenario.services {
        for (instance, spec) in &service.instances {
            if let Some(then) = spec.then.as_ref().filter(|then| !directory.services.contains_key(then.as_str())) {
                let unknown = unknown(then, "a service", directory.services.keys().copied());
                problems.error(format!("services.{name}.instances.{instance}.then"), unknown.what).help = unknown.help;
            }
        }
    }
}

fn calls(steps: &[Step]) -> impl Iterator<Item = (usize, &Call)> {
    steps.iter().enumerate().filter_map(|(index, step)| if let Step::Call(call) = step { Some((index, call)) } else { None })
}

/// Links join nodes that are there; their names are noted for the faults.
fn links(scenario: &Scenario, directory: &mut Directory, problems: &mut Problems) {
    let mut nodes: IndexSet<&str> = IndexSet::from(["users"]);
    for (name, workload) in &scenario.workload {
        nodes.insert(name);
        nodes.extend(workload.via.iter().map(String::as_str));
    }
    for (name, service) in &scenario.services {
        nodes.insert(name);
        nodes.extend(service.instances.keys().map(String::as_str));
    }
    for (key, link) in &scenario.links {
        let path = format!("links.{key}");
        if key == "default" {
            continue;
        }
        let Some((from, to)) = split_link(key) else {
            problems.error(path, format!("`{key}` is not a link")).advise("a link is written `a -> b`, or `default` for all others");
            continue;
        };
        for end in [from, to] {
            if !nodes.contains(end) {
                let unknown = unknown(end, "a workload or a service", nodes.iter().copied());
                problems.error(&path, unknown.what).help = unknown.help;
            }
        }
        let index = directory.links.len() as u32;
        for name in [Some(format!("{from} -> {to}")), Some(format!("{to} -> {from}")), link.id.clone()].into_iter().flatten() {
            directory.links.entry(name).or_insert(index);
        }
    }
    if scenario.links.contains_key("default") {
        let pairs = nodes.iter().flat_map(|a| nodes.iter().map(move |b| format!("{a} -> {b}")));
        for pair in pairs {
            directory.links.entry(pair).or_insert(u32::MAX);
        }
    }
}

fn objectives(scenario: &Scenario, directory: &Directory, problems: &mut Problems) {
    for (name, slo) in &scenario.slos {
        let path = format!("slos.{name}");
        if slo.of != "users" && !scenario.workload.contains_key(&slo.of) && directory.endpoint(&slo.of).is_err() {
            let known = scenario.workload.keys().map(String::as_str).chain(directory.endpoint_ids.keys().map(String::as_str));
            let unknown = unknown(&slo.of, "a workload or an endpoint", known);
            problems.error(format!("{path}.of"), unknown.what).help = unknown.help;
        }
        if slo.goals().is_empty() {
            problems
                .error(path, "this objective has no goal")
                .advise("add for example `p99: 400ms`, `errors: 0.5%` or `throughput: 100/s`");
        }
    }
}

/// Walks all calls: cycles, depth, timeouts that cannot help, services that nobody reaches.
fn call_tree(directory: &Directory, problems: &mut Problems) {
    let scenario = directory.scenario;
    let mut reached: IndexSet<u32> = IndexSet::new();
    for workload in scenario.workload.values() {
        for reference in workload.to.iter().chain(workload.mix.keys()) {
            let Ok((service, endpoint)) = directory.target(reference) else { continue };
            let of_service = |e: &u32| directory.endpoints[*e as usize].service == service;
            let first: Vec<u32> = endpoint.map_or_else(|| (0..directory.endpoints.len() as u32).filter(of_service).collect(), |e| vec![e]);
            for endpoint in first {
                follow(directory, endpoint, &mut Vec::new(), &mut reached, problems);
                if problems.any_error() {
                    return;
                }
            }
        }
    }
    pipelines(directory, &mut reached, problems);
    if problems.any_error() {
        return;
    }
    for (id, (name, _)) in scenario.services.iter().enumerate() {
        if !reached.iter().any(|endpoint| directory.endpoints[*endpoint as usize].service == id as u32) {
            problems.warning(format!("services.{name}"), format!("no workload and no call reaches `{name}`"));
        }
    }
}

/// Follows the calls of an endpoint. `above` is the chain of calls that led here, with the timeouts on the way.
fn follow(
    directory: &Directory,
    endpoint: u32,
    above: &mut Vec<(u32, Option<Span>)>,
    reached: &mut IndexSet<u32>,
    problems: &mut Problems,
) {
    let entry = &directory.endpoints[endpoint as usize];
    if let Some(at) = above.iter().position(|(e, _)| *e == endpoint) {
        let names = above[at..].iter().map(|(e, _)| directory.endpoints[*e as usize].name.as_str());
        let cycle: Vec<&str> = names.chain([entry.name.as_str()]).collect();
        problems.error(&entry.path, format!("these calls go round in a circle and never end: {}", cycle.join(" → ")));
        return;
    }
    if above.len() >= CALL_DEPTH_MAX {
        problems.error(&entry.path, format!("calls are nested more than {CALL_DEPTH_MAX} deep here"));
        return;
    }
    if !reached.insert(endpoint) {
        return;
    }
    for (index, call) in calls(&entry.endpoint.steps) {
        let Ok((_, Some(callee))) = directory.target(&call.to) else { continue };
        let tightest = above.iter().filter_map(|(_, timeout)| *timeout).min();
        if let (Some(mine), Some(outer)) = (call.timeout, tightest)
            && mine > outer
        {
            let path = format!("{}.call.timeout", step_path(&entry.path, index));
            problems
                .warning(path, format!("this call may take {mine}, but its caller has given up after {outer}"))
                .advise("make a callee's timeout shorter than its caller's");
        }
        above.push((endpoint, call.timeout));
        follow(directory, callee, above, reached, problems);
        above.pop();
        if problems.any_error() {
            return;
        }
    }
}

/// Follows `then` from instance to service; a pipeline must end.
fn pipelines(directory: &Directory, reached: &mut IndexSet<u32>, problems: &mut Problems) {
    for (start, first) in directory.instances.iter().enumerate() {
        let mut seen = vec![start];
        let mut at = first;
        while let Some(next) = at.then.and_then(|then| directory.services.get(then.as_str())) {
            for (id, endpoint) in directory.endpoints.iter().enumerate() {
                if endpoint.service == *next {
                    reached.insert(id as u32);
                }
            }
            let Some(following) = directory.instances.iter().position(|i| i.service == *next) else { break };
            if seen.contains(&following) {
                let service = directory.services.get_index(first.service as usize).map_or("", |(name, _)| name);
                problems
                    .error(format!("services.{service}.instances.{}", first.name), "this pipeline goes round in a circle and never ends");
                return;
            }
            seen.push(following);
            at = &directory.instances[following];
        }
    }
}

fn warn_of_overload(scenario: &Scenario, problems: &mut Problems) {
    for load in estimate(scenario).services {
        let path = format!("services.{}", load.service);
        if load.utilisation > 1.0 {
            let percent = load.utilisation * 100.0;
            problems.warning(
                &path,
                format!("this cannot hold: {percent:.0} % of `{}`'s CPU is asked for, and its queue grows without end", load.service),
            );
        }
        if load.memory.is_some_and(|memory| memory > 1.0) {
            let percent = load.memory.unwrap_or(0.0) * 100.0;
            problems.warning(
                &path,
                format!("this cannot hold: requests need {percent:.0} % of `{}`'s memory at a time, even if none ever waits", load.service),
            );
        }
    }
}

/// Loads what distributions keep in files of their own.
pub(super) fn load_files(scenario: &mut Scenario, folder: &std::path::Path, problems: &mut Problems) {
    let Scenario { workload, services, links, .. } = scenario;
    for (name, workload) in workload.iter_mut() {
        if let Some(users) = &mut workload.users {
            users.active.load(folder, &format!("workload.{name}.users.active"), problems);
        }
    }
    for (name, link) in links.iter_mut() {
        link.latency.load(folder, &format!("links.{name}.latency"), problems);
    }
    for (name, service) in services.iter_mut() {
        let own = service.endpoints.iter_mut().map(|(e, endpoint)| (format!("services.{name}.endpoints.{e}"), endpoint));
        let named = service.instances.iter_mut().flat_map(|(i, spec)| {
            spec.endpoints.iter_mut().map(move |(e, endpoint)| (format!("services.{name}.instances.{i}.endpoints.{e}"), endpoint))
        });
        for (path, endpoint) in own.chain(named) {
            for (index, step) in endpoint.steps.iter_mut().enumerate() {
                step.load(folder, &step_path(&path, index), problems);
            }
        }
    }
}

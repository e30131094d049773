//! Checks of names: allowed characters, uniqueness, and references.
//!
//! Workloads, services, instances and `via` nodes share one namespace; links and objectives refer
//! to them by name.

use super::faults::instances;
use crate::fault::Names;
use crate::problem::Problems;
use crate::scenario::directory::{NameTable, unknown};
use crate::scenario::{About, Scenario, Service, nodes, split_link};
use crate::step::Call;
use crate::step::asks::{At, EachCall, ask};
use crate::units::Span;
use crate::workload::Replay;
use indexmap::{IndexMap, IndexSet};

/// The maximum length of a name, in characters.
const LONGEST: usize = 100;

/// The maximum length of a name, in bytes.
const LONGEST_BYTES: usize = 200;

/// Returns why a folder cannot have this name on Windows; `None` if it can.
fn not_portable(name: &str) -> Option<String> {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let port = |word: &str| {
        stem.strip_prefix(word).is_some_and(|digit| {
            digit.len() == 1 && digit.bytes().all(|d| (b'1'..=b'9').contains(&d))
        })
    };
    if ["con", "prn", "aux", "nul"].contains(&stem.as_str()) || port("com") || port("lpt") {
        return Some("is a device name on Windows".into());
    }
    if name.ends_with('.') {
        return Some("ends with `.`".into());
    }
    name.chars().find(|c| "<>:\"|?*".contains(*c)).map(|sign| format!("contains `{sign}`"))
}

/// Checks every name, and that no two collide.
pub(crate) fn check(scenario: &Scenario, problems: &mut Problems) {
    if let Some(why) = refusal(&scenario.name, &["/", "\\"]).filter(|_| !scenario.name.is_empty()) {
        problems
            .error("name", format!("invalid scenario name: it {why}"))
            .advise("the results are written to the folder `out/NAME`");
    } else if scenario.name.starts_with('.') {
        problems
            .error("name", "a scenario's name must not begin with `.`")
            .advise("the results are written to the folder `out/NAME`");
    }
    if let Some(why) = not_portable(&scenario.name) {
        problems
            .warning(
                "name",
                format!("a folder of this name cannot be created on every system: the name {why}"),
            )
            .advise("choose a name of letters, digits, `-` and `_`, or set the folder with `-o`");
    }
    let mut names = Namespace::default();
    nodes::take_names(scenario, &mut names, problems);
    names.finish(problems);
}

const ONE_NAMESPACE: &str =
    "workloads, services, instances and `via` nodes share one namespace: choose another name";

/// The names that are taken, and by what.
#[derive(Default)]
pub(in crate::scenario) struct Namespace<'s> {
    taken: IndexMap<&'s str, &'static str>,
    /// The nodes that messages pass, with their paths.
    passed: Vec<(&'s str, String)>,
}

impl<'s> Namespace<'s> {
    /// Takes the name of a workload.
    pub(in crate::scenario) fn take_workload(
        &mut self,
        name: &'s str,
        path: &str,
        problems: &mut Problems,
    ) {
        check_name(name, path.to_string(), problems);
        self.taken.insert(name, "a workload");
    }
    /// Takes the name of something of another kind, such as `a service`.
    pub(in crate::scenario) fn take(
        &mut self,
        name: &'s str,
        kind: &'static str,
        path: &str,
        problems: &mut Problems,
    ) {
        check_name(name, path.to_string(), problems);
        let replica = name.rsplit_once('#').filter(|(service, n)| {
            self.taken.contains_key(service) && n.bytes().all(|c| c.is_ascii_digit())
        });
        if name == "users" {
            problems
                .error(
                    path,
                    format!("`users` denotes all workloads, so it cannot be the name of {kind}"),
                )
                .at_key()
                .advise("choose another name");
        } else if let Some((service, _)) = replica {
            problems
                .error(path, format!("`{name}` is the name of a replica of `{service}`"))
                .at_key()
                .advise("choose another name");
        } else if let Some(other) = self.taken.insert(name, kind) {
            problems
                .error(path, format!("`{name}` is already the name of {other}"))
                .at_key()
                .advise(ONE_NAMESPACE);
        }
    }
    /// Checks the name of an endpoint, which is below that of its service.
    pub(in crate::scenario) fn endpoint(&self, name: &str, path: String, problems: &mut Problems) {
        if let Some(why) = refusal(name, &[]) {
            problems
                .error(path, format!("invalid endpoint name: it {why}"))
                .at_key()
                .advise("choose another name, such as `GET /`");
        }
    }
    /// Notes a node that messages pass, which several workloads may.
    pub(in crate::scenario) fn pass(&mut self, name: &'s str, path: &str, problems: &mut Problems) {
        check_name(name, path.to_string(), problems);
        self.passed.push((name, path.to_string()));
    }
    /// Reports the nodes that have the name of something else.
    fn finish(self, problems: &mut Problems) {
        for (node, path) in self.passed {
            if let Some(other) = self.taken.get(node) {
                problems
                    .error(path, format!("`{node}` is already the name of {other}"))
                    .advise(ONE_NAMESPACE);
            }
        }
    }
}

/// Returns why a name is invalid; `None` if it is valid.
pub(crate) fn refusal(name: &str, forbidden: &[&str]) -> Option<String> {
    if name.is_empty() {
        return Some("is empty".into());
    }
    if name.trim() != name {
        return Some("begins or ends with a space".into());
    }
    if name.chars().count() > LONGEST {
        return Some(format!("is longer than {LONGEST} characters"));
    }
    // File systems limit names in bytes, and names of files get extensions.
    if name.len() > LONGEST_BYTES {
        return Some(format!("is longer than {LONGEST_BYTES} bytes"));
    }
    forbidden.iter().find(|sign| name.contains(**sign)).map(|sign| format!("contains `{sign}`"))
}

fn check_name(name: &str, path: String, problems: &mut Problems) {
    if let Some(why) = refusal(name, &["->"]) {
        problems
            .error(path, format!("invalid name: it {why}"))
            .at_key()
            .advise("choose another name, such as `api`");
    }
}

/// Checks that workloads and calls refer to endpoints that exist, and that each name is unique.
pub(crate) fn targets(scenario: &Scenario, directory: &NameTable, problems: &mut Problems) {
    for (id, endpoint) in directory.endpoints.iter().enumerate() {
        let other = &directory.endpoints[directory.endpoint_ids[&endpoint.name] as usize];
        if directory.endpoint_ids[&endpoint.name] != id as u32 {
            let what = format!(
                "`{}` is ambiguous: it names this endpoint and `{}`",
                endpoint.name, other.path
            );
            problems
                .error(&endpoint.path, what)
                .at_key()
                .advise("a reference is `service.endpoint`: choose different names");
        }
    }
    for (name, workload) in &scenario.workload {
        let in_file = workload.replay.as_ref().and_then(Replay::names);
        for to in in_file.into_iter().flat_map(IndexMap::keys) {
            let path = format!("workload.{name}.replay.columns.endpoint");
            reach(directory, to, path, true, problems);
        }
        let is_in_file = |replay: &Replay| replay.columns.endpoint.is_some();
        if let Some(to) = &workload.to
            && !workload.replay.as_ref().is_some_and(is_in_file)
        {
            reach(directory, to, format!("workload.{name}.to"), true, problems);
        }
        for to in workload.mix.keys() {
            let found = problems.list.len();
            reach(directory, to, format!("workload.{name}.mix.{to}"), true, problems);
            problems.list[found..].iter_mut().for_each(|problem| problem.of_key = true);
        }
    }
    for endpoint in &directory.endpoints {
        let mut calls = EachCall(|at: At, call: &Call| {
            reach(directory, &call.to, format!("{at}.call"), false, problems);
        });
        ask(&endpoint.path, &endpoint.endpoint.steps, &mut calls);
    }
    for (name, service) in &scenario.services {
        for (instance, spec) in &service.instances {
            if let Some(then) =
                spec.then.as_ref().filter(|then| !directory.services.contains_key(then.as_str()))
            {
                let unknown = unknown(then, "a service", directory.services.keys().copied());
                problems.refuse(format!("services.{name}.instances.{instance}.then"), unknown);
            }
        }
    }
}

/// Checks a reference to an endpoint. `may_be_any`: it may name a service with named instances, of
/// which one endpoint is drawn.
fn reach(
    directory: &NameTable,
    reference: &str,
    path: String,
    may_be_any: bool,
    problems: &mut Problems,
) {
    if problems.enough() {
        return;
    }
    let named = |service: u32| &directory.scenario.services[service as usize].instances;
    match directory.target(reference) {
        Err(unknown) => _ = problems.refuse(path, unknown),
        Ok((service, None)) if !may_be_any || named(service).is_empty() => {
            let first = directory.endpoints.iter().find(|endpoint| endpoint.service == service);
            let help = first.map(|endpoint| {
                format!("name one of its endpoints, for example `{}`", endpoint.name)
            });
            problems
                .error(path, format!("`{reference}` is a service, not an endpoint"))
                .advise_if(help);
        }
        Ok((service, Some(_))) if named(service).len() > 1 => {
            let name = directory.services.get_index(service as usize).map_or("", |(name, _)| name);
            let what = format!(
                "`{reference}` is an endpoint of one instance, but `{name}` has {}",
                instances(named(service).len())
            );
            problems.error(path, what).advise(match may_be_any {
                true => format!("write `{name}`: its balancer chooses an instance, which draws one of its endpoints"),
                false => format!("a call needs equal instances: give `{name}` `replicas` and `endpoints` instead of `instances`"),
            });
        }
        Ok(_) => {}
    }
}

/// Checks that links connect existing nodes, and records their names for the faults.
pub(crate) fn links(scenario: &Scenario, directory: &mut NameTable, problems: &mut Problems) {
    let mut pairs: IndexMap<(&str, &str), &str> = IndexMap::new();
    let mut ids: IndexSet<&str> = IndexSet::new();
    for (key, link) in &scenario.links {
        if problems.enough() {
            return;
        }
        let path = format!("links.{key}");
        if let Some(id) = link.id.as_deref().filter(|id| !ids.insert(id)) {
            problems
                .error(format!("{path}.id"), format!("the id `{id}` is used by two links"))
                .advise("choose another id");
        }
        if key == "default" {
            continue;
        }
        let Some((from, to)) = split_link(key) else {
            problems
                .error(path, format!("`{key}` is not a link"))
                .at_key()
                .advise("a link is written `a -> b`, or `default` for all others");
            continue;
        };
        if let Some(other) = pairs.insert((from, to), key) {
            problems
                .error(&path, format!("this link is already defined as `{other}`"))
                .at_key()
                .advise("keep one of them");
        }
        for end in [from, to] {
            if !directory.nodes.contains(end) {
                let unknown =
                    unknown(end, "a workload or a service", directory.nodes.iter().copied());
                problems.refuse(&path, unknown).at_key();
            }
        }
        let index = directory.links.len() as u32;
        for name in
            [Some(format!("{from} -> {to}")), Some(format!("{to} -> {from}")), link.id.clone()]
                .into_iter()
                .flatten()
        {
            directory.links.entry(name).or_insert(index);
        }
    }
}

/// Checks that objectives refer to existing entities and have a goal.
pub(crate) fn objectives(scenario: &Scenario, directory: &NameTable, problems: &mut Problems) {
    for (name, slo) in &scenario.slos {
        if problems.enough() {
            return;
        }
        let path = format!("slos.{name}");
        let is_service = scenario.services.contains_key(&slo.of);
        let is_requests = slo.of == "users"
            || scenario.workload.contains_key(&slo.of)
            || directory.endpoint(&slo.of).is_ok();
        if !is_requests && !is_service {
            let known = scenario
                .workload
                .keys()
                .map(String::as_str)
                .chain(directory.endpoint_ids.keys().map(String::as_str))
                .chain(scenario.services.keys().map(String::as_str));
            let unknown = unknown(&slo.of, "a workload, an endpoint or a service", known);
            problems.refuse(format!("{path}.of"), unknown);
            continue;
        }
        let run = &scenario.run;
        let measured = Span(run.duration.0.saturating_sub(run.warmup.span().0));
        slo.check(&path, measured, problems);
        for goal in slo.goals() {
            let (fits, whose) = match goal.about() {
                About::Requests | About::Promise => (is_requests, "a workload or an endpoint"),
                About::Service => (is_service, "a service"),
                About::System => (slo.of == "users", "everything: `of: users`"),
            };
            if !fits {
                let what = format!("`{}` is a goal for {whose}, not for `{}`", goal.words, slo.of);
                let endpoint = scenario.services.get(&slo.of).and_then(Service::first_endpoint);
                let help = match endpoint.filter(|_| goal.about() != About::Service) {
                    Some(endpoint) => {
                        format!("name an endpoint of it: `of: {}.{endpoint}`", slo.of)
                    }
                    None => "write an objective of its own for it".to_string(),
                };
                problems.error(format!("{path}.{}", goal.name()), what).advise(help);
            }
            if goal.metric == "utilisation"
                && scenario.services.get(&slo.of).is_some_and(|of| of.external.is_some())
            {
                let what = format!("`{}` is external: it uses none of your cores", slo.of);
                problems.error(format!("{path}.utilisation"), what).advise(
                    "bound the latency or the errors of its endpoint, such as `of: payments.request`",
                );
            }
            let has_price = || scenario.services.get(&slo.of).is_some_and(Service::has_price);
            if goal.metric == "cost" && fits && !has_price() {
                problems
                    .error(format!("{path}.cost"), format!("`{}` has no price", slo.of))
                    .advise("add one to its instances: `instance: { price: $0.17/h }`");
            }
        }
        if slo.goals().is_empty() {
            problems
                .error(path, "this objective has no goal")
                .advise("add for example `p99: 400ms`, `errors: 0.5%` or `throughput: 100/s`");
        }
    }
}

//! Checks of a 0.1 file: numbers out of range, duplicate ids, steps and events that do not match.
//!
//! Law: rejects everything that the original's schemas rejected, and what would have failed, or
//! never ended, in its run. All problems are reported at once.
//! Limits: times up to 10^9 s, memory up to 10^12 MB, 4096 cores, as in the native format.
//! Source: the original's schemas. Tests: a table of errors in `tests.rs`.

use super::graph::Graph;
use super::payload::{ActiveUsers, Endpoint, RequestRate, Resources, Server, Step};
use super::range::{LONGEST_S, demand, time, whole};
use super::{events, route};
use crate::problem::{Problems, nearest};
use crate::scenario::check::refusal;
use crate::units::format::value;
use crate::units::shown;
use indexmap::IndexMap;

/// The maximum memory, in MB.
const MOST_MB: f64 = 1e12;

/// The operations of steps.
const OPERATIONS: [&str; 3] = ["cpu_time", "necessary_ram", "io_waiting_time"];

/// Reports all errors of the payload.
pub(crate) fn check(graph: &Graph, problems: &mut Problems) {
    let payload = graph.payload;
    match (&payload.rqs_input, &payload.arrivals) {
        (Some(_), Some(_)) => {
            problems
                .error("arrivals", "a file must have either `rqs_input` or `arrivals`, not both")
                .advise("leave one of them out");
        }
        (None, None) => {
            problems
                .error("", "the file does not say when requests arrive")
                .advise("add `arrivals: { id: rqs-1, lambda_rps: 30, model: poisson }`");
        }
        (None, Some(arrivals)) => super::arrivals::check(arrivals, problems),
        (Some(input), None) => {
            users(&input.avg_active_users, problems);
            requests(&input.avg_request_per_minute_per_user, problems);
            let window = input.user_sampling_window;
            let rule = "must be a whole number of seconds from 1 to 120";
            demand(
                problems,
                whole(window, 1.0, 120.0),
                "rqs_input.user_sampling_window",
                rule,
                window,
            );
        }
    }
    ids(graph, problems);
    for (index, server) in payload.topology_graph.nodes.servers.iter().enumerate() {
        check_server(server, &format!("topology_graph.nodes.servers[{index}]"), problems);
    }
    route::check(graph, problems);
    let nodes = &payload.topology_graph.nodes;
    let balancer = nodes.load_balancer.as_ref().and_then(|balancer| balancer.lb_resources.as_ref());
    let client = nodes.client.client_resources.as_ref();
    for (place, resources) in
        [("client.client_resources", client), ("load_balancer.lb_resources", balancer)]
    {
        if let Some(resources) = resources {
            check_resources(resources, &format!("topology_graph.nodes.{place}"), problems);
        }
    }
    settings(graph, problems);
    let events = payload.events.as_deref().unwrap_or_default();
    for (index, event) in events.iter().enumerate() {
        events::check_event(graph, event, &format!("events[{index}]"), problems);
    }
    events::never_all_down(graph, events, problems);
    events::never_twice_down(events, problems);
}

fn users(users: &ActiveUsers, problems: &mut Problems) {
    let path = "rqs_input.avg_active_users";
    demand(
        problems,
        (0.0..=1e9).contains(&users.mean),
        format!("{path}.mean"),
        "must be from 0 to 10^9",
        users.mean,
    );
    let variance = users.variance.unwrap_or(0.0);
    demand(
        problems,
        (0.0..=1e9).contains(&variance),
        format!("{path}.variance"),
        "must be from 0 to 10^9",
        variance,
    );
}

fn requests(rate: &RequestRate, problems: &mut Problems) {
    let path = "rqs_input.avg_request_per_minute_per_user.mean";
    demand(
        problems,
        (0.0..=6e10).contains(&rate.mean),
        path,
        "must be from 0 to 6·10^10 per minute",
        rate.mean,
    );
}

/// Checks that ids are unique and valid as names of the native format.
fn ids(graph: &Graph, problems: &mut Problems) {
    let topology = &graph.payload.topology_graph;
    let servers =
        topology.nodes.servers.iter().enumerate().map(|(i, server)| {
            (format!("topology_graph.nodes.servers[{i}].id"), server.id.as_str())
        });
    let balancer = graph.balancer().map(|balancer| {
        ("topology_graph.nodes.load_balancer.id".to_string(), balancer.id.as_str())
    });
    let services: Vec<(String, &str)> = balancer.into_iter().chain(servers).collect();
    for (path, _) in services.iter().filter(|(_, id)| *id == "users") {
        problems
            .error(
                path,
                "`users` stands for the senders of requests and cannot be the id of a node",
            )
            .advise("choose another id");
    }
    let generator = (format!("{}.id", graph.generator_path()), graph.generator());
    let client = ("topology_graph.nodes.client.id".to_string(), topology.nodes.client.id.as_str());
    let nodes: Vec<(String, &str)> = [generator, client].into_iter().chain(services).collect();
    for (path, id) in &nodes {
        if !may_be_name(id) || id.contains("->") {
            let what = format!("`{}` cannot be the id of a node", shown(id));
            problems
                .error(path, what)
                .advise(format!("write for example `srv-1`: {NAMES}, and without `->`"));
        }
    }
    unique("node", nodes, problems);
    let edges = topology
        .edges
        .iter()
        .enumerate()
        .map(|(i, edge)| (format!("topology_graph.edges[{i}].id"), edge.id.as_str()));
    unique("edge", edges, problems);
    let events = graph
        .payload
        .events
        .iter()
        .flatten()
        .enumerate()
        .map(|(i, event)| (format!("events[{i}].event_id"), event.event_id.as_str()));
    unique("event", events, problems);
}

/// The rules for names in the native format, for help texts.
const NAMES: &str = "1 to 100 characters, without a space at either end, not beginning with `x-` (reserved for notes)";

fn may_be_name(name: &str) -> bool {
    refusal(name, &[]).is_none() && !name.to_lowercase().starts_with("x-")
}

fn unique<'p>(
    what: &str,
    ids: impl IntoIterator<Item = (String, &'p str)>,
    problems: &mut Problems,
) {
    let mut first: IndexMap<&str, String> = IndexMap::new();
    for (path, id) in ids {
        if let Some(other) = first.get(id) {
            problems
                .error(&path, format!("the {what} id `{id}` is given twice"))
                .advise(format!("`{id}` is already used at `{other}`"));
        } else {
            first.insert(id, path);
        }
    }
}

fn check_resources(resources: &Resources, path: &str, problems: &mut Problems) {
    let at = |field: &str| format!("{path}.{field}");
    demand(
        problems,
        whole(resources.cpu_cores, 1.0, 4096.0),
        at("cpu_cores"),
        "must be a whole number from 1 to 4096",
        resources.cpu_cores,
    );
    let enough = whole(resources.ram_mb, 256.0, MOST_MB);
    demand(
        problems,
        enough,
        at("ram_mb"),
        "must be a whole number of MB from 256 to 10^12",
        resources.ram_mb,
    );
    if let Some(pool) = resources.db_connection_pool {
        demand(
            problems,
            whole(pool, 1.0, 1e9),
            at("db_connection_pool"),
            "must be a whole number from 1 to 10^9",
            pool,
        );
    }
    let each = resources.ram_per_process;
    demand(
        problems,
        (0.0..=MOST_MB).contains(&each),
        at("ram_per_process"),
        "must be from 0 to 10^12 MB",
        each,
    );
    if resources.processes_mb() >= resources.ram_mb && enough {
        let (taken, ram_mb) = (resources.processes_mb(), resources.ram_mb);
        let what = format!(
            "the processes of all cores take {taken} of {ram_mb} MB: nothing is left for requests"
        );
        problems
            .error(at("ram_per_process"), what)
            .advise("raise `ram_mb`, or lower `ram_per_process`");
    }
}

fn check_server(server: &Server, path: &str, problems: &mut Problems) {
    let resources = &server.server_resources;
    check_resources(resources, &format!("{path}.server_resources"), problems);
    if server.endpoints.is_empty() {
        problems.error(
            format!("{path}.endpoints"),
            format!("`{}` has no endpoint, so it cannot serve requests", server.id),
        );
    }
    for (index, endpoint) in server.endpoints.iter().enumerate() {
        check_endpoint(
            endpoint,
            resources.ram_mb - resources.processes_mb(),
            &format!("{path}.endpoints[{index}]"),
            problems,
        );
    }
}

fn check_endpoint(endpoint: &Endpoint, ram_mb: f64, path: &str, problems: &mut Problems) {
    for (index, step) in endpoint.steps.iter().enumerate() {
        check_step(step, &format!("{path}.steps[{index}].step_operation"), problems);
    }
    if !may_be_name(&endpoint.endpoint_name) {
        let what =
            format!("`{}` cannot be the name of an endpoint", shown(&endpoint.endpoint_name));
        problems
            .error(format!("{path}.endpoint_name"), what)
            .advise(format!("write for example `/api`: {NAMES}"));
    }
    let need: f64 = endpoint
        .steps
        .iter()
        .filter_map(|step| step.step_operation.get("necessary_ram"))
        .map(|need| need.mean)
        .sum();
    if need > ram_mb {
        let what = format!(
            "a request needs {need} MB here, but the server has {ram_mb} MB: no request could be served"
        );
        problems.error(path, what).advise("raise `ram_mb`, or lower `necessary_ram`");
    }
}

fn check_step(step: &Step, path: &str, problems: &mut Problems) {
    let (wanted, kind) = (step.kind.operation(), step.kind.name());
    let Some((operation, amount)) =
        step.step_operation.first().filter(|_| step.step_operation.len() == 1)
    else {
        let what = format!(
            "`step_operation` must have exactly one key, not {}",
            step.step_operation.len()
        );
        problems.error(path, what).advise(format!(
            "a step of kind `{kind}` has `{wanted}`; write a separate step for each operation"
        ));
        return;
    };
    if !OPERATIONS.contains(&operation.as_str()) {
        let near = nearest(operation, OPERATIONS).unwrap_or(wanted);
        problems
            .error(path, format!("`{operation}` is not an operation of a step"))
            .advise(format!("did you mean `{near}`?"));
        return;
    }
    if operation != wanted {
        let what = format!("the kind `{kind}` and the operation `{operation}` do not match");
        problems.error(path, what).advise(format!("write `{wanted}`, or change the kind"));
        return;
    }
    let (most, rule) = match wanted {
        "necessary_ram" => (MOST_MB, "must be more than 0 MB and at most 10^12 MB"),
        _ => (LONGEST_S, "must be more than 0 s and at most 10^9 s"),
    };
    let path = format!("{path}.{wanted}");
    if amount.distribution.is_none() {
        demand(problems, amount.mean > 0.0 && amount.mean <= most, path, rule, amount.mean);
    } else if wanted == "necessary_ram" {
        problems
            .error(path, "`necessary_ram` must be a number and cannot be random")
            .advise("write its mean in MB");
    } else {
        time(amount, &path, problems);
    }
}

fn settings(graph: &Graph, problems: &mut Problems) {
    let settings = &graph.payload.sim_settings;
    let time = settings.total_simulation_time;
    let path = "sim_settings.total_simulation_time";
    demand(problems, (5.0..=LONGEST_S).contains(&time), path, "must be from 5 to 10^9 s", time);
    let window =
        graph.payload.rqs_input.as_ref().map_or(f64::INFINITY, |input| input.user_sampling_window);
    if time / window > 1e7 {
        let what = format!(
            "the number of users would be drawn {} times, but at most 10M times are allowed",
            value((time / window).floor(), "1")
        );
        problems
            .error(path, what)
            .advise("shorten the simulation, or lengthen `user_sampling_window`");
    }
    let period = settings.sample_period_s;
    demand(
        problems,
        (0.001..=0.5).contains(&period),
        "sim_settings.sample_period_s",
        "must be from 0.001 to 0.5 s",
        period,
    );
}

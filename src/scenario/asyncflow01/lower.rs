//! Conversion of a checked 0.1 payload to a native scenario.
//!
//! Law: the balancer becomes a service, and its servers the service's instances in the order of the
//! balancer's edges; every other server becomes a service of one instance of the same name. An edge
//! becomes a link with the same id. A server with an edge to another forwards its requests
//! (`then`).
//! Limits: expects a payload without errors from `check`. Source: how the original's engine used
//! each field. Tests in `tests.rs`.

use super::arrivals::open;
use super::graph::Graph;
use super::latency::{active, latency, time};
use super::payload::{self, Algorithm, EdgeType, Event, Server, StartKind};
use crate::fault::{Added, Crash, Degrade};
use crate::problem::Problems;
use crate::scenario::{
    Balance, Dist, Endpoint, Fault, InstanceSpec, Link, Machine, Output, Run, Runtime, Scenario,
    Service, Step, Workload,
};
use crate::server::Tasks;
use crate::step::cpu::Cpu;
use crate::step::memory::Memory;
use crate::step::wait::Wait;
use crate::units::{Bytes, Rate, Share, Span};
use crate::workload::Users;
use indexmap::IndexMap;

/// Converts the payload, and adds notes on how it was interpreted.
pub(crate) fn lower(graph: &Graph, problems: &mut Problems) -> Scenario {
    let payload = graph.payload;
    let duration = Span::from_seconds(payload.sim_settings.total_simulation_time);
    notes(graph, problems);
    let events = payload.events.iter().flatten().enumerate();
    Scenario {
        version: 1,
        name: String::new(),
        run: Run { duration, ..Run::default() },
        classes: Vec::new(),
        workload: IndexMap::from([(graph.generator().to_string(), workload(graph, problems))]),
        services: services(graph, problems),
        links: links(graph, problems),
        faults: events
            .filter_map(|(index, event)| fault(graph, event, &format!("events[{index}]"), problems))
            .collect(),
        slos: IndexMap::new(),
        output: Output::default(),
        sweep: None,
        capacity: None,
    }
}

/// Adds notes on fields that the original accepted but did not use.
fn notes(graph: &Graph, problems: &mut Problems) {
    let topology = &graph.payload.topology_graph;
    for (index, server) in topology.nodes.servers.iter().enumerate() {
        let path = format!("topology_graph.nodes.servers[{index}]");
        if let Some(connections) = server.server_resources.db_connection_pool {
            let at = format!("{path}.server_resources.db_connection_pool");
            let mut steps = server.endpoints.iter().flat_map(|endpoint| &endpoint.steps);
            if steps.any(|step| step.kind.name() == "io_db") {
                let what = format!(
                    "each `io_db` step uses one of {connections} connections, and waits until one is free; AsyncFlow 0.1 ignored this field"
                );
                problems.note(at, what).advise("to repeat its figures, leave the field out");
            } else {
                problems.note(at, "this has no effect: the server has no `io_db` step");
            }
        }
        // With one endpoint there is no choice, and no need for a note.
        let several = server.endpoints.len() > 1;
        for (index, _) in server
            .endpoints
            .iter()
            .enumerate()
            .filter(|(_, endpoint)| several && endpoint.probability.is_some())
        {
            let what = format!(
                "`probability` is ignored, as in AsyncFlow 0.1: all endpoints of `{}` are equally likely",
                server.id
            );
            problems.note(format!("{path}.endpoints[{index}].probability"), what);
        }
    }
    for (index, edge) in
        topology.edges.iter().enumerate().filter(|(_, edge)| edge.probability.is_some())
    {
        let what = format!(
            "`probability` is ignored, as in AsyncFlow 0.1: it does not choose between edges from `{}`",
            edge.source
        );
        problems.note(format!("topology_graph.edges[{index}].probability"), what);
    }
    if topology.nodes.client.client_resources.is_some() {
        problems.note(
            "topology_graph.nodes.client.client_resources",
            "the resources of a client are not modelled: it only forwards messages",
        );
    }
    let Some(balancer) = graph.balancer() else { return };
    if balancer.lb_resources.is_some() {
        problems.note(
            "topology_graph.nodes.load_balancer.lb_resources",
            "the resources of a balancer are not modelled: it takes no time",
        );
    }
    for id in graph
        .behind
        .iter()
        .filter(|id| !balancer.server_covered.iter().any(|covered| covered == *id))
    {
        let what = format!(
            "the balancer also chooses `{id}`, because it has an edge to it, although `server_covered` does not list it"
        );
        problems.note("topology_graph.nodes.load_balancer.server_covered", what);
    }
}

fn workload(graph: &Graph, problems: &mut Problems) -> Workload {
    let mut workload = Workload {
        to: graph.next(graph.client()).map(str::to_string),
        mix: IndexMap::new(),
        via: vec![graph.client().to_string()],
        open: graph.payload.arrivals.as_ref().map(|arrivals| open(arrivals, graph)),
        users: None,
        closed: None,
        sessions: None,
        replay: None,
        max_in_flight: None,
        class: None,
        keys: IndexMap::new(),
        patience: None,
        elasticity: None,
        tool: None,
        reload: None,
    };
    if let Some(input) = &graph.payload.rqs_input {
        let each = Rate::per_second(input.avg_request_per_minute_per_user.mean / 60.0);
        let resample = Span::from_seconds(input.user_sampling_window);
        workload.users = Some(Users {
            active: active(&input.avg_active_users, problems),
            each,
            spread: None,
            resample,
        });
    }
    workload
}

fn services(graph: &Graph, problems: &mut Problems) -> IndexMap<String, Service> {
    let mut services = IndexMap::new();
    if let Some(balancer) = graph.balancer() {
        let balance = match balancer.algorithms {
            Algorithm::RoundRobin => Balance::RoundRobin,
            Algorithm::LeastConnection => Balance::LeastInTransit,
            Algorithm::Random => Balance::Random,
            Algorithm::Fcfs => Balance::CentralQueue,
        };
        let instances = graph
            .behind
            .iter()
            .map(|id| (id.to_string(), instance(graph, graph.servers[id], problems)));
        let instances = instances.collect();
        services.insert(balancer.id.clone(), service(balance, instances));
    }
    for (id, server) in graph.servers.iter().filter(|(id, _)| !graph.behind.contains(*id)) {
        let instances = IndexMap::from([(id.to_string(), instance(graph, server, problems))]);
        services.insert(id.to_string(), service(Balance::default(), instances));
    }
    services
}

fn service(balance: Balance, instances: IndexMap<String, InstanceSpec>) -> Service {
    Service {
        external: None,
        replicas: 1,
        autoscale: None,
        balance,
        instance: Machine::default(),
        runtime: Runtime::default(),
        queue: None,
        max_in_flight: None,
        endpoints: IndexMap::new(),
        instances,
    }
}

fn instance(graph: &Graph, server: &Server, problems: &mut Problems) -> InstanceSpec {
    let resources = &server.server_resources;
    let memory = Some(megabytes(resources.ram_mb - resources.processes_mb()));
    let servers = &graph.payload.topology_graph.nodes.servers;
    let number = servers.iter().position(|other| std::ptr::eq(other, server)).unwrap_or_default();
    let mut endpoints = IndexMap::new();
    for (index, endpoint) in server.endpoints.iter().enumerate() {
        let path = |i| {
            format!(
                "topology_graph.nodes.servers[{number}].endpoints[{index}].steps[{i}].step_operation"
            )
        };
        let steps = endpoint
            .steps
            .iter()
            .enumerate()
            .filter_map(|(i, written)| {
                let step = step(written, &path(i), problems)?;
                Some(pooled(step, resources.db_connection_pool))
            })
            .collect();
        endpoints.insert(
            name(&endpoints, &endpoint.endpoint_name),
            Endpoint { request: None, response: None, steps },
        );
    }
    InstanceSpec {
        instance: Machine { cpu: resources.cpu_cores as u32, memory, ..Machine::default() },
        runtime: Runtime::Tasks(Tasks::default()),
        endpoints,
        then: graph.onward(&server.id).map(str::to_string),
    }
}

/// Returns the name of an endpoint in lower case; a duplicate name gets a number.
fn name(taken: &IndexMap<String, Endpoint>, written: &str) -> String {
    let name = written.to_lowercase();
    let numbered = (2..).map(|n| format!("{name} ({n})"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names.find(|name| !taken.contains_key(name)).unwrap_or(name)
}

fn megabytes(megabytes: f64) -> Bytes {
    Bytes((megabytes * 1e6).round() as u64)
}

/// Converts a step; `check` ensures that it has exactly one operation.
fn step(step: &payload::Step, path: &str, problems: &mut Problems) -> Option<Step> {
    let (operation, amount) = step.step_operation.first()?;
    let path = format!("{path}.{operation}");
    Some(match step.kind.operation() {
        "cpu_time" => Step::Cpu(Cpu::new(time(amount, &path, "cpu", problems))),
        "necessary_ram" => Step::Memory(Memory(Dist::constant(megabytes(amount.mean)))),
        _ => {
            let label = step.kind.name().strip_prefix("io_").map(str::to_string);
            Step::Wait(Wait { label, ..Wait::new(time(amount, &path, "wait", problems)) })
        }
    })
}

/// Puts the server's pool of connections, if it has one, around a wait for its database.
fn pooled(step: Step, connections: Option<f64>) -> Step {
    match (&step, connections) {
        (Step::Wait(Wait { label: Some(label), .. }), Some(max)) if label == "db" => {
            Step::pool("db", max as u64, [step])
        }
        _ => step,
    }
}

fn links(graph: &Graph, problems: &mut Problems) -> IndexMap<String, Link> {
    let mut links = IndexMap::new();
    for (index, edge) in graph.edges().iter().enumerate() {
        let latency = latency(edge, &format!("topology_graph.edges[{index}]"), problems);
        let of_its_kind = if edge.edge_type == Some(EdgeType::LinkConnection) { 0.0 } else { 0.01 };
        let loss = Share { fraction: edge.dropout_rate.unwrap_or(of_its_kind) };
        // An edge to the generator becomes one to the client, where the response ends.
        let target = if edge.target == graph.generator() { graph.client() } else { &edge.target };
        links.insert(
            format!("{} -> {target}", edge.source),
            Link { id: Some(edge.id.clone()), latency, loss },
        );
    }
    links
}

/// Converts an event to a fault; `None` for a server that no balancer chooses, which the original
/// kept using.
fn fault(graph: &Graph, event: &Event, path: &str, problems: &mut Problems) -> Option<Fault> {
    let at = Span::from_seconds(event.start.t_start);
    let end = Span::from_seconds(event.end.t_end);
    let lasting = Some(Span(end.0.saturating_sub(at.0).max(1)));
    if event.start.kind == StartKind::NetworkSpikeStart {
        let latency = Added(Span::from_seconds(event.start.spike_s.unwrap_or(0.0)));
        return Some(Fault::Degrade(Degrade {
            link: event.target_id.clone(),
            latency,
            loss: Share::default(),
            at,
            lasting,
        }));
    }
    if !graph.behind.contains(event.target_id.as_str()) {
        let what = format!(
            "this has no effect: no balancer chooses `{}`, so AsyncFlow 0.1 kept sending requests to it",
            event.target_id
        );
        problems.note(path, what).advise("put it behind the `load_balancer`, or convert the file with `asyncflow convert` and add a `crash`");
        return None;
    }
    Some(Fault::Crash(Crash {
        target: event.target_id.clone(),
        count: 1,
        drain: true,
        at,
        lasting,
    }))
}

//! What is refused of the edges of a 0.1 file: every request finds its way to a server and back to the client, and there is one way only.
//!
//! Law: generator → client → (balancer →) servers → client; only the balancer may choose. Source: the original's schemas (`edges`, `graph`,
//! `nodes`) and how its runtime wires what they let pass. Tests: a table of refusals in `tests.rs`.

use super::check::{LONGEST_S, demand};
use super::graph::{Graph, Kind};
use super::payload::{Distribution, Edge};
use crate::problem::{Problems, nearest};
use indexmap::IndexSet;

/// Notes everything that is wrong with the edges and the balancer.
pub fn check(graph: &Graph, problems: &mut Problems) {
    let before = problems.list.len();
    let mut pairs: IndexSet<(&str, &str)> = IndexSet::new();
    for (index, edge) in graph.edges().iter().enumerate() {
        let path = format!("topology_graph.edges[{index}]");
        numbers(edge, &path, problems);
        ends(graph, edge, &path, problems);
        if !pairs.insert((&edge.source, &edge.target)) {
            let what = format!("a second edge leads from `{}` to `{}`", edge.source, edge.target);
            problems.error(path, what).advise("one edge joins two nodes in one direction; leave one of them out");
        }
    }
    covered(graph, problems);
    one_way(graph, problems);
    entrance(graph, problems);
    servers(graph, problems);
    if problems.list.len() == before {
        circles(graph, problems);
    }
}

fn numbers(edge: &Edge, path: &str, problems: &mut Problems) {
    let latency = &edge.latency;
    let holds = latency.mean > 0.0 && latency.mean <= LONGEST_S;
    demand(problems, holds, format!("{path}.latency.mean"), "is more than 0 s and at most 10^9 s", latency.mean);
    let variance = latency.variance.unwrap_or(0.0);
    demand(problems, (0.0..=LONGEST_S).contains(&variance), format!("{path}.latency.variance"), "is from 0 to 10^9", variance);
    demand(problems, (0.0..=1.0).contains(&edge.dropout_rate), format!("{path}.dropout_rate"), "is from 0 to 1", edge.dropout_rate);
    let (mu, sigma) = (latency.mean, latency.variance());
    if latency.distribution == Distribution::LogNormal && (sigma > 3.7 || mu + sigma * sigma / 2.0 > LONGEST_S.ln()) {
        let what =
            format!("a `log_normal` with μ = {mu} and σ = {sigma}, as `mean` and `variance` were used, is too large to be a latency");
        problems
            .error(format!("{path}.latency"), what)
            .advise("μ is the logarithm of the median in seconds: at most 20, and σ at most 3.7");
    }
}

/// Both ends of an edge are there, and are not the same.
fn ends(graph: &Graph, edge: &Edge, path: &str, problems: &mut Problems) {
    let (source, target) = (edge.source.as_str(), edge.target.as_str());
    let help = |id: &str| nearest(id, graph.nodes()).map(|near| format!("did you mean `{near}`?"));
    if source == target {
        problems.error(format!("{path}.target"), format!("this edge leads from `{source}` to itself"));
        return;
    }
    match graph.kind(target) {
        Some(Kind::Client | Kind::Balancer | Kind::Server) => {}
        kind if kind.is_some() || graph.next(target).is_some() => {
            let what = format!("`{target}` is a source outside the declared nodes, and cannot be a target");
            problems
                .error(format!("{path}.target"), what)
                .advise("requests come from it and never go back to it; lead responses to the client");
        }
        _ => problems.error(format!("{path}.target"), format!("`{target}` is not a declared node")).help = help(target),
    }
    if graph.kind(source).is_none() {
        let what = format!("`{source}` is neither a declared node nor the generator");
        problems.error(format!("{path}.source"), what).help = help(source);
    }
}

/// The balancer and its servers.
fn covered(graph: &Graph, problems: &mut Problems) {
    let Some(balancer) = graph.balancer() else { return };
    let path = "topology_graph.nodes.load_balancer";
    for (index, id) in balancer.server_covered.iter().enumerate() {
        let path = format!("{path}.server_covered[{index}]");
        if !graph.servers.contains_key(id.as_str()) {
            let near = nearest(id, graph.servers.keys().copied()).map(|near| format!("did you mean `{near}`?"));
            problems.error(path, format!("`{id}` is not a declared server")).help = near;
        } else if !graph.behind.contains(id.as_str()) {
            let what = format!("no edge leads from `{}` to `{id}`, which it covers", balancer.id);
            problems.error(path, what).advise(format!("add an edge with `source: {}` and `target: {id}`", balancer.id));
        }
    }
    for (index, edge) in graph.outgoing(&balancer.id) {
        if matches!(graph.kind(&edge.target), Some(Kind::Client)) {
            let what = format!("an edge of the balancer leads to a server, and `{}` is the client", edge.target);
            problems.error(format!("topology_graph.edges[{index}].target"), what);
        }
    }
    if graph.behind.is_empty() && balancer.server_covered.is_empty() {
        problems.error(path, format!("no edge leads from the balancer `{}` to a server", balancer.id));
    }
}

/// Only the balancer has several outgoing edges.
fn one_way(graph: &Graph, problems: &mut Problems) {
    let others = [graph.generator(), graph.client()].into_iter().chain(graph.servers.keys().copied());
    for node in others {
        for (index, _) in graph.outgoing(node).skip(1) {
            let what = format!("`{node}` has several outgoing edges, and only a balancer can choose between them");
            problems
                .error(format!("topology_graph.edges[{index}].source"), what)
                .advise("keep one of them, or put a `load_balancer` there");
        }
    }
}

/// From the generator to the client, and from there on.
fn entrance(graph: &Graph, problems: &mut Problems) {
    let (generator, client) = (graph.generator(), graph.client());
    match graph.outgoing(generator).next() {
        None => {
            let what = format!("no edge leads from the generator `{generator}` to the client `{client}`");
            problems.error("topology_graph.edges", what).advise(format!("add an edge with `source: {generator}` and `target: {client}`"));
        }
        Some((index, edge)) if matches!(graph.kind(&edge.target), Some(Kind::Balancer | Kind::Server)) => {
            let what = format!("requests of the generator go to the client first, and `{}` is not the client", edge.target);
            problems.error(format!("topology_graph.edges[{index}].target"), what).advise(format!("write `target: {client}`"));
        }
        Some(_) => {}
    }
    if graph.next(client).is_none() {
        let what = format!("no edge leads from the client `{client}` to a server or the balancer");
        let to = graph.nodes().nth(1).unwrap_or("srv-1");
        problems.error("topology_graph.edges", what).advise(format!("add an edge with `source: {client}` and `target: {to}`"));
    }
}

/// Every server hands its requests on, or back; those behind the balancer get theirs from it.
fn servers(graph: &Graph, problems: &mut Problems) {
    let client = graph.client();
    if graph.servers.is_empty() {
        problems.error("topology_graph.nodes.servers", "there is no server");
    }
    for (index, server) in graph.payload.topology_graph.nodes.servers.iter().enumerate() {
        if graph.next(&server.id).is_none() {
            let what = format!("no edge leads away from `{}`: its responses cannot go anywhere", server.id);
            let help = format!("add an edge with `source: {}` and `target: {client}`", server.id);
            problems.error(format!("topology_graph.nodes.servers[{index}]"), what).advise(help);
        }
    }
    let Some(balancer) = graph.balancer() else { return };
    for (index, edge) in graph.edges().iter().enumerate() {
        if graph.behind.contains(edge.target.as_str()) && edge.source != balancer.id && edge.source != graph.generator() {
            let what = format!("`{}` is behind the balancer `{}`, and `{}` goes past it", edge.target, balancer.id, edge.source);
            let help = format!("lead this edge to `{}`, or take `{}` away from the balancer", balancer.id, edge.target);
            problems.error(format!("topology_graph.edges[{index}].target"), what).advise(help);
        }
    }
}

/// Every request comes back to the client: a node is good if all it leads to is.
fn circles(graph: &Graph, problems: &mut Problems) {
    let mut good: IndexSet<&str> = IndexSet::from([graph.client()]);
    let mut open: Vec<&str> = graph.nodes().skip(1).collect();
    loop {
        let before = open.len();
        open.retain(|node| {
            let ends = graph.outgoing(node).all(|(_, edge)| good.contains(edge.target.as_str()));
            if ends {
                good.insert(node);
            }
            !ends
        });
        if open.len() == before {
            break;
        }
    }
    if let Some(index) = graph.servers.keys().position(|server| open.contains(server)) {
        let what = format!("requests that reach `{}` go round in a circle and never come back to the client", graph.servers[index].id);
        let help = format!("lead one of the edges to `{}`", graph.client());
        problems.error(format!("topology_graph.nodes.servers[{index}]"), what).advise(help);
    }
}

//! Checks of the edges of a 0.1 file: every request must have exactly one route to a server and
//! back to the client.
//!
//! Law: generator → client → (balancer →) servers → client; only the balancer may choose. Source:
//! the original's schemas (`edges`, `graph`, `nodes`) and how its runtime wires what they accept.
//! Tests: a table of errors in `tests.rs`.

use super::graph::{Graph, Kind};
use super::payload::{Edge, EdgeType};
use super::range::{demand, time};
use crate::problem::{Problems, nearest};
use indexmap::IndexSet;

/// Reports all errors of the edges and the balancer.
pub(crate) fn check(graph: &Graph, problems: &mut Problems) {
    let before = problems.list.len();
    let mut pairs: IndexSet<(&str, &str)> = IndexSet::new();
    for (index, edge) in graph.edges().iter().enumerate() {
        let path = format!("topology_graph.edges[{index}]");
        numbers(edge, &path, problems);
        ends(graph, edge, &path, problems);
        if !pairs.insert((&edge.source, &edge.target)) {
            let what = format!("a second edge leads from `{}` to `{}`", edge.source, edge.target);
            problems
                .error(path, what)
                .advise("one edge joins two nodes in one direction; leave one of them out");
        }
    }
    kinds(graph, problems);
    covered(graph, problems);
    one_way(graph, problems);
    entrance(graph, problems);
    servers(graph, problems);
    if problems.list.len() == before {
        circles(graph, problems);
    }
}

fn numbers(edge: &Edge, path: &str, problems: &mut Problems) {
    let is_plain = edge.edge_type == Some(EdgeType::LinkConnection);
    match (&edge.latency, is_plain) {
        (Some(latency), false) => time(latency, &format!("{path}.latency"), problems),
        (None, false) => {
            let what = format!("the edge `{}` has no latency", edge.id);
            problems.error(path, what).advise("add for example `latency: 0.003`, or write `edge_type: link_connection` on every edge");
        }
        (Some(_), true) => {
            problems
                .error(format!("{path}.latency"), "a `link_connection` has no latency")
                .advise("leave it out");
        }
        (None, true) => {}
    }
    if let Some(rate) = edge.dropout_rate {
        if is_plain {
            problems
                .error(format!("{path}.dropout_rate"), "a `link_connection` cannot lose messages")
                .advise("leave `dropout_rate` out");
        }
        demand(
            problems,
            (0.0..=1.0).contains(&rate),
            format!("{path}.dropout_rate"),
            "must be from 0 to 1",
            rate,
        );
    }
}

/// Checks that all edges are of one kind.
fn kinds(graph: &Graph, problems: &mut Problems) {
    let is_plain = |edge: &Edge| edge.edge_type == Some(EdgeType::LinkConnection);
    let Some(first) = graph.edges().first().map(is_plain) else { return };
    if let Some(index) = graph.edges().iter().position(|edge| is_plain(edge) != first) {
        let what =
            "edges must be all `link_connection` or all `network_connection`, but these are mixed";
        problems
            .error(format!("topology_graph.edges[{index}]"), what)
            .advise("write the same `edge_type` on every edge");
    }
}

/// Checks that both ends of an edge exist and differ.
fn ends(graph: &Graph, edge: &Edge, path: &str, problems: &mut Problems) {
    let (source, target) = (edge.source.as_str(), edge.target.as_str());
    let help = |id: &str| nearest(id, graph.nodes()).map(|near| format!("did you mean `{near}`?"));
    if source == target {
        problems
            .error(format!("{path}.target"), format!("this edge leads from `{source}` to itself"));
        return;
    }
    match graph.kind(target) {
        Some(Kind::Client | Kind::Balancer | Kind::Server) => {}
        // In the later format a response may go past the client.
        Some(Kind::Generator)
            if graph.payload.arrivals.is_some() && graph.kind(source) == Some(Kind::Server) => {}
        kind if kind.is_some() || graph.next(target).is_some() => {
            let what =
                format!("`{target}` is a source outside the declared nodes and cannot be a target");
            problems.error(format!("{path}.target"), what).advise(
                "requests come from it and never return to it; send responses to the client",
            );
        }
        _ => problems
            .error(format!("{path}.target"), format!("`{target}` is not a declared node"))
            .advise_if(help(target)),
    }
    if graph.kind(source).is_none() {
        let what = format!("`{source}` is neither a declared node nor the generator");
        problems.error(format!("{path}.source"), what).advise_if(help(source));
    }
}

/// Checks the balancer and its servers.
fn covered(graph: &Graph, problems: &mut Problems) {
    let Some(balancer) = graph.balancer() else { return };
    let path = "topology_graph.nodes.load_balancer";
    for (index, id) in balancer.server_covered.iter().enumerate() {
        let path = format!("{path}.server_covered[{index}]");
        if !graph.servers.contains_key(id.as_str()) {
            let near = nearest(id, graph.servers.keys().copied())
                .map(|near| format!("did you mean `{near}`?"));
            problems.error(path, format!("`{id}` is not a declared server")).advise_if(near);
        } else if !graph.behind.contains(id.as_str()) {
            let what = format!("no edge leads from `{}` to `{id}`, which it covers", balancer.id);
            problems
                .error(path, what)
                .advise(format!("add an edge with `source: {}` and `target: {id}`", balancer.id));
        }
    }
    for (index, edge) in graph.outgoing(&balancer.id) {
        if matches!(graph.kind(&edge.target), Some(Kind::Client)) {
            let what = format!(
                "an edge of the balancer must lead to a server, but `{}` is the client",
                edge.target
            );
            problems.error(format!("topology_graph.edges[{index}].target"), what);
        }
    }
    if graph.behind.is_empty() && balancer.server_covered.is_empty() {
        problems
            .error(path, format!("no edge leads from the balancer `{}` to a server", balancer.id));
    }
}

/// Checks that only the balancer has several outgoing edges.
fn one_way(graph: &Graph, problems: &mut Problems) {
    let others =
        [graph.generator(), graph.client()].into_iter().chain(graph.servers.keys().copied());
    for node in others {
        for (index, _) in graph.outgoing(node).skip(1) {
            let what = format!(
                "`{node}` has several outgoing edges, but only a balancer can choose between them"
            );
            problems
                .error(format!("topology_graph.edges[{index}].source"), what)
                .advise("keep one of them, or put a `load_balancer` there");
        }
    }
}

/// Checks the route from the generator to the client, and from the client to the next node.
fn entrance(graph: &Graph, problems: &mut Problems) {
    let (generator, client) = (graph.generator(), graph.client());
    match graph.outgoing(generator).next() {
        None => {
            let what =
                format!("no edge leads from the generator `{generator}` to the client `{client}`");
            problems
                .error("topology_graph.edges", what)
                .advise(format!("add an edge with `source: {generator}` and `target: {client}`"));
        }
        Some((index, edge))
            if matches!(graph.kind(&edge.target), Some(Kind::Balancer | Kind::Server)) =>
        {
            let what = format!(
                "requests of the generator must go to the client first, but `{}` is not the client",
                edge.target
            );
            problems
                .error(format!("topology_graph.edges[{index}].target"), what)
                .advise(format!("write `target: {client}`"));
        }
        Some(_) => {}
    }
    if graph.next(client).is_none() {
        let what = format!("no edge leads from the client `{client}` to a server or the balancer");
        let to = graph.nodes().nth(1).unwrap_or("srv-1");
        problems
            .error("topology_graph.edges", what)
            .advise(format!("add an edge with `source: {client}` and `target: {to}`"));
    }
}

/// Checks that every server has an outgoing edge, and that servers behind the balancer are reached
/// only from it.
fn servers(graph: &Graph, problems: &mut Problems) {
    let client = graph.client();
    if graph.servers.is_empty() {
        problems.error("topology_graph.nodes.servers", "there is no server");
    }
    for (index, server) in graph.payload.topology_graph.nodes.servers.iter().enumerate() {
        if graph.next(&server.id).is_none() {
            let what =
                format!("no edge leads away from `{}`, so its responses have no target", server.id);
            let help = format!("add an edge with `source: {}` and `target: {client}`", server.id);
            problems.error(format!("topology_graph.nodes.servers[{index}]"), what).advise(help);
        }
    }
    let Some(balancer) = graph.balancer() else { return };
    for (index, edge) in graph.edges().iter().enumerate() {
        if graph.behind.contains(edge.target.as_str())
            && edge.source != balancer.id
            && edge.source != graph.generator()
        {
            let what = format!(
                "`{}` is behind the balancer `{}`, but `{}` bypasses it",
                edge.target, balancer.id, edge.source
            );
            let help = format!(
                "point this edge at `{}`, or remove the balancer's edge to `{}`",
                balancer.id, edge.target
            );
            problems.error(format!("topology_graph.edges[{index}].target"), what).advise(help);
        }
    }
}

/// Checks that every request returns to the client: a node is good if all its targets are.
fn circles(graph: &Graph, problems: &mut Problems) {
    let mut good: IndexSet<&str> = IndexSet::from([graph.client(), graph.generator()]);
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
        let what = format!(
            "requests that reach `{}` go in a circle and never return to the client",
            graph.servers[index].id
        );
        let help = format!("point one of the edges at `{}`", graph.client());
        problems.error(format!("topology_graph.nodes.servers[{index}]"), what).advise(help);
    }
}

//! The nodes and edges of a 0.1 file, by name, for the checks and the lowering.
//!
//! Limits: a duplicate id refers to its first node; `check` reports the other. Tested through the
//! checks.

use super::payload::{Edge, LoadBalancer, Payload, Server};
use indexmap::{IndexMap, IndexSet};

/// A payload with its nodes and edges by name.
pub(crate) struct Graph<'p> {
    pub payload: &'p Payload,
    pub servers: IndexMap<&'p str, &'p Server>,
    /// Indices of the edges that leave a node, in the order of the file.
    outgoing: IndexMap<&'p str, Vec<usize>>,
    /// Servers that the balancer has an edge to, in the order of the edges.
    pub behind: IndexSet<&'p str>,
}

/// The kind of node that an id refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Generator,
    Client,
    Balancer,
    Server,
}

impl<'p> Graph<'p> {
    pub(crate) fn new(payload: &'p Payload) -> Graph<'p> {
        let mut graph = Graph {
            payload,
            servers: IndexMap::new(),
            outgoing: IndexMap::new(),
            behind: IndexSet::new(),
        };
        for server in &payload.topology_graph.nodes.servers {
            graph.servers.entry(&server.id).or_insert(server);
        }
        for (index, edge) in graph.edges().iter().enumerate() {
            graph.outgoing.entry(&edge.source).or_default().push(index);
        }
        if let Some(balancer) = graph.balancer() {
            let targets: Vec<&str> =
                graph.outgoing(&balancer.id).map(|(_, edge)| edge.target.as_str()).collect();
            graph.behind =
                targets.into_iter().filter(|target| graph.servers.contains_key(target)).collect();
        }
        graph
    }
    pub(crate) fn edges(&self) -> &'p [Edge] {
        &self.payload.topology_graph.edges
    }
    pub(crate) fn balancer(&self) -> Option<&'p LoadBalancer> {
        self.payload.topology_graph.nodes.load_balancer.as_ref()
    }
    pub(crate) fn generator(&self) -> &'p str {
        let old = self.payload.rqs_input.as_ref().map(|input| input.id.as_str());
        old.or(self.payload.arrivals.as_ref().map(|arrivals| arrivals.id.as_str()))
            .unwrap_or_default()
    }
    /// Returns the path of the generator in the file.
    pub(crate) fn generator_path(&self) -> &'static str {
        if self.payload.rqs_input.is_some() { "rqs_input" } else { "arrivals" }
    }
    pub(crate) fn client(&self) -> &'p str {
        &self.payload.topology_graph.nodes.client.id
    }
    pub(crate) fn kind(&self, id: &str) -> Option<Kind> {
        if self.servers.contains_key(id) {
            return Some(Kind::Server);
        }
        match id {
            id if id == self.client() => Some(Kind::Client),
            id if self.balancer().is_some_and(|balancer| balancer.id == id) => Some(Kind::Balancer),
            id if id == self.generator() => Some(Kind::Generator),
            _ => None,
        }
    }
    /// Returns the ids of the nodes that an edge may lead to, the client first.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &'p str> {
        let balancer = self.balancer().map(|balancer| balancer.id.as_str());
        [self.client()].into_iter().chain(balancer).chain(self.servers.keys().copied())
    }
    /// Returns the edges that leave a node, with their indices.
    pub(crate) fn outgoing(&self, node: &str) -> impl Iterator<Item = (usize, &'p Edge)> {
        let edges = self.edges();
        self.outgoing.get(node).into_iter().flatten().map(move |index| (*index, &edges[*index]))
    }
    /// Returns the node that a server forwards requests to; `None` if it responds to the client or
    /// the generator.
    pub(crate) fn onward(&self, server: &str) -> Option<&'p str> {
        self.next(server)
            .filter(|next| !matches!(self.kind(next), Some(Kind::Client | Kind::Generator)))
    }
    /// Returns the target of the first edge that leaves a node.
    pub(crate) fn next(&self, node: &str) -> Option<&'p str> {
        self.outgoing(node).next().map(|(_, edge)| edge.target.as_str())
    }
}

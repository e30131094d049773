//! Checks of the graph of calls and pipelines: cycles, depth, useless timeouts, unreachable
//! services.
//!
//! Law: a call leads from one endpoint to another, one level down; a hand-over (`then`) leads from
//! an endpoint to all endpoints of the next service, on the same level. The graph is visited in
//! topological order.
//! Limits: 64 levels.

use crate::problem::Problems;
use crate::scenario::demand::callee;
use crate::scenario::directory::NameTable;
use crate::scenario::topology::topological;
use crate::step::Call;
use crate::step::asks::{At, EachCall, ask};
use crate::units::Span;

/// The maximum nesting of calls; deeper than any call tree we know of.
const DEEPEST: usize = 64;

/// An edge from one node to another.
struct Edge {
    to: usize,
    /// The path of the step that calls; `None` for a hand-over.
    step: Option<String>,
    timeout: Option<Span>,
}

/// The call graph. Its nodes are the endpoints, followed by the services (as targets of
/// hand-overs).
struct Graph<'d, 's> {
    directory: &'d NameTable<'s>,
    edges: Vec<Vec<Edge>>,
    reached: Vec<bool>,
}

/// Checks all calls and hand-overs.
pub(crate) fn check(directory: &NameTable, problems: &mut Problems) {
    let mut graph = Graph::new(directory);
    graph.reach();
    let before = problems.list.len();
    graph.walk(problems);
    if problems.list[before..]
        .iter()
        .any(|problem| problem.severity == crate::problem::Severity::Error)
    {
        return;
    }
    let mut is_reached = vec![false; directory.services.len()];
    for (endpoint, _) in
        directory.endpoints.iter().zip(&graph.reached).filter(|(_, reached)| **reached)
    {
        is_reached[endpoint.service as usize] = true;
    }
    for (name, _) in directory.services.keys().zip(is_reached).filter(|(_, reached)| !*reached) {
        problems
            .warning(
                format!("services.{name}"),
                format!("no workload and no call reaches `{name}`"),
            )
            .at_key()
            .advise("send a workload to it, call it, or remove it");
    }
}

impl<'d, 's> Graph<'d, 's> {
    fn new(directory: &'d NameTable<'s>) -> Graph<'d, 's> {
        let endpoints = directory.endpoints.len();
        let mut edges: Vec<Vec<Edge>> = Vec::new();
        for endpoint in &directory.endpoints {
            let mut of_calls = Vec::new();
            let mut calls = EachCall(|at: At, call: &Call| {
                let to = callee(directory, call);
                let edge = |to| Edge { to, step: Some(at.to_string()), timeout: call.timeout };
                of_calls.extend(to.map(edge));
            });
            ask(&endpoint.path, &endpoint.endpoint.steps, &mut calls);
            edges.push(of_calls);
        }
        for instance in &directory.instances {
            let next = instance.then.and_then(|then| directory.services.get(then.as_str()));
            for endpoint in instance.first_endpoint..instance.first_endpoint + instance.endpoints {
                let edge = next.map(|next| Edge {
                    to: endpoints + *next as usize,
                    step: None,
                    timeout: None,
                });
                edges[endpoint as usize].extend(edge);
            }
        }
        let mut of_services: Vec<Vec<Edge>> =
            directory.services.iter().map(|_| Vec::new()).collect();
        for (id, endpoint) in directory.endpoints.iter().enumerate() {
            of_services[endpoint.service as usize].push(Edge { to: id, step: None, timeout: None });
        }
        edges.extend(of_services);
        Graph { directory, reached: vec![false; edges.len()], edges }
    }

    /// Marks the nodes that requests can reach.
    fn reach(&mut self) {
        let mut open: Vec<usize> = Vec::new();
        for workload in self.directory.scenario.workload.values() {
            let targets = workload
                .targets()
                .filter_map(|(reference, _)| self.directory.target(reference).ok());
            open.extend(targets.map(|(service, endpoint)| {
                endpoint.map_or(self.directory.endpoints.len() + service as usize, |e| e as usize)
            }));
        }
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut self.reached[node], true) {
                open.extend(self.edges[node].iter().map(|edge| edge.to));
            }
        }
    }

    /// Visits the nodes from the callers down; the nodes that remain are on a cycle or behind one.
    fn walk(&self, problems: &mut Problems) {
        let order = topological(self.edges.len(), |node| {
            self.edges[node].iter().filter(move |_| self.reached[node]).map(|edge| edge.to)
        });
        let mut is_left = vec![true; self.edges.len()];
        let mut level = vec![0; self.edges.len()];
        // The shortest timeout on any path that leads here.
        let mut shortest_timeout: Vec<Option<Span>> = vec![None; self.edges.len()];
        for node in order {
            is_left[node] = false;
            if !self.reached[node] {
                continue;
            }
            if level[node] == DEEPEST && self.edges[node].iter().any(|edge| edge.step.is_some()) {
                let what = format!("calls are nested more than {DEEPEST} deep here");
                let help = "let an endpoint above it do more of the work itself";
                problems.error(&self.directory.endpoints[node].path, what).at_key().advise(help);
                return;
            }
            for edge in &self.edges[node] {
                Self::warn_of_useless_timeout(edge, shortest_timeout[node], problems);
                level[edge.to] = level[edge.to].max(level[node] + usize::from(edge.step.is_some()));
                shortest_timeout[edge.to] =
                    [shortest_timeout[edge.to], shortest_timeout[node], edge.timeout]
                        .into_iter()
                        .flatten()
                        .min();
            }
        }
        if let Some(start) = is_left.iter().position(|is_left| *is_left) {
            self.refuse_cycle(start, &is_left, problems);
        }
    }

    fn warn_of_useless_timeout(
        edge: &Edge,
        shortest_timeout: Option<Span>,
        problems: &mut Problems,
    ) {
        let (Some(own), Some(outer), Some(step)) = (edge.timeout, shortest_timeout, &edge.step)
        else {
            return;
        };
        if own > outer {
            problems
                .warning(
                    format!("{step}.call.timeout"),
                    format!(
                        "this call may take up to {own}, but its caller gives up after {outer}"
                    ),
                )
                .advise("make the timeout of a call shorter than those of its callers");
        }
    }

    /// Reports a cycle among the remaining nodes, upstream of `start`: every remaining node has a
    /// remaining predecessor.
    fn refuse_cycle(&self, start: usize, is_left: &[bool], problems: &mut Problems) {
        let mut predecessor = vec![None; self.edges.len()];
        for node in (0..self.edges.len()).filter(|node| is_left[*node]) {
            for edge in self.edges[node].iter().filter(|edge| is_left[edge.to]) {
                predecessor[edge.to].get_or_insert(node);
            }
        }
        let (mut seen, mut node) = (vec![false; self.edges.len()], start);
        while !std::mem::replace(&mut seen[node], true) {
            let Some(before) = predecessor[node] else { return };
            node = before;
        }
        let mut cycle = vec![node];
        let mut before = predecessor[node];
        while let Some(previous) = before.filter(|previous| *previous != node) {
            cycle.push(previous);
            before = predecessor[previous];
        }
        cycle.push(node);
        cycle.reverse();
        let Some(first) = cycle.iter().position(|node| *node < self.directory.endpoints.len())
        else {
            return;
        };
        cycle.pop();
        cycle.rotate_left(first);
        cycle.push(cycle[0]);
        let names: Vec<&str> = cycle.iter().map(|node| self.name(*node)).collect();
        let shown = if names.len() > 12 {
            [&names[..6], &["…"], &names[names.len() - 5..]].concat()
        } else {
            names
        };
        let calls_only = cycle.iter().all(|node| *node < self.directory.endpoints.len());
        let (what, help) = match calls_only {
            true => (
                "these calls form a cycle and never end",
                "one of these endpoints must answer without calling the next; requests that come back by chance are a `repeat` with `times: { geometric: … }` around the calls",
            ),
            false => (
                "these hand-overs form a cycle, so requests are never answered",
                "one of these instances must answer: leave its `then` out",
            ),
        };
        let path = &self.directory.endpoints[cycle[0]].path;
        problems.error(path, format!("{what}: {}", shown.join(" → "))).at_key().advise(help);
    }

    fn name(&self, node: usize) -> &str {
        match self.directory.endpoints.get(node) {
            Some(endpoint) => &endpoint.name,
            None => self
                .directory
                .services
                .get_index(node - self.directory.endpoints.len())
                .map_or("", |(name, _)| name),
        }
    }
}

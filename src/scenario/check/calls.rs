//! What leads to what: calls and pipelines, as one graph. Circles, depth, timeouts that cannot
//! help, services that nobody reaches.
//!
//! Law: a call leads from an endpoint to another, one level down; a hand-over (`then`) from an
//! endpoint to all of the next service's, on the same level. The graph is taken in topological
//! order. Limits: 64 levels.

use super::names::calls;
use super::step_path;
use crate::problem::Problems;
use crate::scenario::directory::NameTable;
use crate::scenario::topology::topological;
use crate::units::Span;

/// Calls within calls; deeper than any call tree we know of.
const DEEPEST: usize = 64;

/// A way from one node to another.
#[derive(Clone, Copy)]
struct Way {
    to: usize,
    /// The number of the step that calls; none for a hand-over.
    step: Option<usize>,
    timeout: Option<Span>,
}

/// Nodes are endpoints, and after them services that are handed requests.
struct Graph<'d, 's> {
    directory: &'d NameTable<'s>,
    ways: Vec<Vec<Way>>,
    reached: Vec<bool>,
}

/// Walks all calls.
pub fn check(directory: &NameTable, problems: &mut Problems) {
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
            .advise("send it a workload, call it, or leave it out");
    }
}

impl<'d, 's> Graph<'d, 's> {
    fn new(directory: &'d NameTable<'s>) -> Graph<'d, 's> {
        let endpoints = directory.endpoints.len();
        let mut ways: Vec<Vec<Way>> = Vec::new();
        for endpoint in &directory.endpoints {
            let called = calls(&endpoint.endpoint.steps).filter_map(|(index, call)| {
                let to = directory.target(&call.to).ok()?.1? as usize;
                Some(Way { to, step: Some(index), timeout: call.timeout })
            });
            ways.push(called.collect());
        }
        for instance in &directory.instances {
            let next = instance.then.and_then(|then| directory.services.get(then.as_str()));
            for endpoint in instance.first_endpoint..instance.first_endpoint + instance.endpoints {
                let way = next.map(|next| Way {
                    to: endpoints + *next as usize,
                    step: None,
                    timeout: None,
                });
                ways[endpoint as usize].extend(way);
            }
        }
        let mut of_services = vec![Vec::new(); directory.services.len()];
        for (id, endpoint) in directory.endpoints.iter().enumerate() {
            of_services[endpoint.service as usize].push(Way { to: id, step: None, timeout: None });
        }
        ways.extend(of_services);
        Graph { directory, reached: vec![false; ways.len()], ways }
    }

    /// Marks what requests can come to.
    fn reach(&mut self) {
        let mut open: Vec<usize> = Vec::new();
        for workload in self.directory.scenario.workload.values() {
            let targets = workload
                .to
                .iter()
                .chain(workload.mix.keys())
                .filter_map(|reference| self.directory.target(reference).ok());
            open.extend(targets.map(|(service, endpoint)| {
                endpoint.map_or(self.directory.endpoints.len() + service as usize, |e| e as usize)
            }));
        }
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut self.reached[node], true) {
                open.extend(self.ways[node].iter().map(|way| way.to));
            }
        }
    }

    /// Takes the nodes from the callers down; what is left over stands in a circle.
    fn walk(&self, problems: &mut Problems) {
        let order = topological(self.ways.len(), |node| {
            self.ways[node].iter().filter(move |_| self.reached[node]).map(|way| way.to)
        });
        let mut is_left = vec![true; self.ways.len()];
        let mut level = vec![0; self.ways.len()];
        // The shortest of the timeouts on the ways that lead here.
        let mut patience: Vec<Option<Span>> = vec![None; self.ways.len()];
        for node in order {
            is_left[node] = false;
            if !self.reached[node] {
                continue;
            }
            if level[node] == DEEPEST && self.ways[node].iter().any(|way| way.step.is_some()) {
                let what = format!("calls are nested more than {DEEPEST} deep here");
                let help = "let an endpoint above it do more by itself";
                problems.error(&self.directory.endpoints[node].path, what).at_key().advise(help);
                return;
            }
            for way in &self.ways[node] {
                self.warn_of_patience(node, way, patience[node], problems);
                level[way.to] = level[way.to].max(level[node] + usize::from(way.step.is_some()));
                patience[way.to] =
                    [patience[way.to], patience[node], way.timeout].into_iter().flatten().min();
            }
        }
        if let Some(start) = is_left.iter().position(|is_left| *is_left) {
            self.refuse_circle(start, &is_left, problems);
        }
    }

    fn warn_of_patience(
        &self,
        node: usize,
        way: &Way,
        patience: Option<Span>,
        problems: &mut Problems,
    ) {
        let (Some(mine), Some(outer), Some(step)) = (way.timeout, patience, way.step) else {
            return;
        };
        if mine > outer {
            let path =
                format!("{}.call.timeout", step_path(&self.directory.endpoints[node].path, step));
            problems
                .warning(
                    path,
                    format!("this call may take {mine}, but its caller has given up after {outer}"),
                )
                .advise("make a callee's timeout shorter than its caller's");
        }
    }

    /// Finds a circle among what is left, behind `start`: everything left has something left that
    /// leads to it.
    fn refuse_circle(&self, start: usize, is_left: &[bool], problems: &mut Problems) {
        let mut leads_to = vec![None; self.ways.len()];
        for node in (0..self.ways.len()).filter(|node| is_left[*node]) {
            for way in self.ways[node].iter().filter(|way| is_left[way.to]) {
                leads_to[way.to].get_or_insert(node);
            }
        }
        let (mut seen, mut at) = (vec![false; self.ways.len()], start);
        while !std::mem::replace(&mut seen[at], true) {
            let Some(before) = leads_to[at] else { return };
            at = before;
        }
        let mut circle = vec![at];
        let mut before = leads_to[at];
        while let Some(node) = before.filter(|node| *node != at) {
            circle.push(node);
            before = leads_to[node];
        }
        circle.push(at);
        circle.reverse();
        let Some(first) = circle.iter().position(|node| *node < self.directory.endpoints.len())
        else {
            return;
        };
        circle.pop();
        circle.rotate_left(first);
        circle.push(circle[0]);
        let names: Vec<&str> = circle.iter().map(|node| self.name(*node)).collect();
        let shown = if names.len() > 12 {
            [&names[..6], &["…"], &names[names.len() - 5..]].concat()
        } else {
            names
        };
        let calls_only = circle.iter().all(|node| *node < self.directory.endpoints.len());
        let (what, help) = match calls_only {
            true => (
                "these calls go round in a circle and never end",
                "one of these endpoints has to answer without calling the next",
            ),
            false => (
                "requests are handed round in a circle and never come back",
                "one of these instances has to answer: leave its `then` out",
            ),
        };
        let path = &self.directory.endpoints[circle[0]].path;
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

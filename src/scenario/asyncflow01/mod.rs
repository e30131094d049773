//! The reader of AsyncFlow payloads, of 0.1 and of the later format that begins with `arrivals`:
//! they are read, checked, and lowered to the native [`Scenario`], so the engine does not see them.
//!
//! Law: the result is the same system. Names are kept, every edge is crossed exactly where the
//! original crossed it, and every number has the meaning that the original gave it; a note is added
//! where that is probably not what was meant. `payload` contains the file's types, `graph` the
//! nodes and edges by name; `check` and `route` reject what the original rejected and what would
//! have failed in its run; `lower` builds the native scenario.
//! Limits: a server behind the balancer can be reached only through the balancer; numbers of users
//! are whole; at most one edge per direction between two nodes.
//! Source: AsyncFlow 0.1.1 (github.com/AsyncFlow-Sim/AsyncFlow), its schemas and its runtime.
//! Tests in `tests.rs`: a payload with everything, every error, every note.

mod arrivals;
mod check;
mod events;
mod graph;
mod latency;
mod lower;
mod paths;
mod payload;
mod range;
mod route;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_later;
mod variable;

pub(crate) use paths::advice;

use super::text::{self, Found, Kind, Node, ReadError, Value, Wanted};
use super::{Scenario, hints};
use crate::problem::{Problem, Problems};
use graph::Graph;
use payload::Payload;

/// Returns whether a file is a payload of the original: its top level has `rqs_input`, or both
/// `arrivals` and `topology_graph`.
pub fn is_asyncflow01(root: &Node) -> bool {
    let Value::Map(entries) = &root.value else { return false };
    let has = |key: &str| entries.iter().any(|entry| entry.key == key);
    has("rqs_input") || has("arrivals") && has("topology_graph")
}

/// Converts the payload to a native scenario without a name, with notes; or returns `None` and all
/// errors.
pub(crate) fn lower(root: &Node) -> (Option<Scenario>, Vec<Problem>) {
    let (payload, mut errors) = text::read::<Payload>(root);
    for ReadError { problem, kind } in &mut errors {
        if matches!(kind, Kind::WrongType { expected: Wanted::Number, found: Found::Text(_) }) {
            problem.advise(
                "AsyncFlow 0.1 writes numbers without units: times in seconds, memory in MB",
            );
        }
    }
    let problems = hints::improve(errors);
    let Some(payload) = payload else { return (None, problems) };
    let mut problems = Problems { list: problems };
    let graph = Graph::new(&payload);
    check::check(&graph, &mut problems);
    let scenario = (!problems.any_error()).then(|| lower::lower(&graph, &mut problems));
    for problem in &mut problems.list {
        problem.place = problem.place.take().or_else(|| root.place(&problem.path));
    }
    problems
        .list
        .sort_by_key(|problem| problem.place.as_ref().map_or(usize::MAX, |place| place.start));
    (scenario, problems.list)
}

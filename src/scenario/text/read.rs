//! Deserialisation of a type from the tree, collecting all errors.
//!
//! serde stops at its first error. So each error is recorded, the node it is about is hidden, and
//! the tree is read again, until it reads without error or [`MOST_PROBLEMS`] are found. An error
//! that only follows from a hidden node is not reported; the enclosing group is then hidden too.
//! `access` is the deserializer, `fault` its error type with the messages.
//! Limits: if several fields of one group are missing, only the first is reported; after an error
//! of the whole file nothing else is. Tests in `tests/read.rs`.

mod access;
mod fault;

use super::{MOST_PROBLEMS, Node, Value};
use crate::problem::{Problem, Severity};
use access::Reader;
use fault::{Fault, Kind};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The maximum number of times that the tree is read.
const ATTEMPTS: usize = 4 * MOST_PROBLEMS;

/// Deserialises a value from the tree, or returns all errors, in the order of the file.
pub fn read<T: DeserializeOwned>(root: &Node) -> (Option<T>, Vec<Problem>) {
    let mut hidden = Hidden::default();
    let mut problems: Vec<Problem> = Vec::new();
    for _ in 0..ATTEMPTS {
        let mut fault =
            match T::deserialize(Reader { node: root, hidden: Some(&hidden), in_list: false }) {
                Ok(value) if problems.is_empty() => return (Some(value), problems),
                Ok(_) => break,
                Err(fault) => fault,
            };
        let mut route = std::mem::take(&mut fault.route);
        route.reverse();
        if problems.is_empty() || !hidden.explains(&route, &fault) {
            let problem = problem_of(root, &route, &fault);
            if !problems
                .iter()
                .any(|other| other.path == problem.path && other.what == problem.what)
            {
                problems.push(problem);
            }
        }
        route.extend(fault.key);
        if route.is_empty() || problems.len() >= MOST_PROBLEMS {
            break;
        }
        hidden.hide(root, &route, fault.suggestion());
    }
    problems.sort_by_key(|problem| problem.place.as_ref().map_or(usize::MAX, |place| place.start));
    (None, problems)
}

/// Converts an error to a problem with its path and place.
fn problem_of(root: &Node, route: &[usize], fault: &Fault) -> Problem {
    let node = route.iter().try_fold(root, |node, step| node.child(*step));
    let key = fault.key.and_then(|index| entry(node?, index));
    let full: Vec<usize> = route.iter().copied().chain(fault.key).collect();
    let mut problem = Problem::new(Severity::Error, root.path_of(&full), fault.what.clone());
    if full.is_empty() && fault.kind == Kind::Other {
        problem.help = Some("a scenario is a group of fields; it begins with `version: 1`".into());
        return problem;
    }
    problem.used = root.used_at(&problem.path).map(Box::new);
    problem.help = fault
        .help
        .clone()
        .or_else(|| fault.suggestion().map(|near| format!("did you mean `{near}`?")));
    problem.place = match (key, &fault.kind) {
        (Some(key), _) => Some(key.key_span.clone())
            .filter(|span| !span.is_empty())
            .or_else(|| root.heading(route)),
        (_, Kind::Missing(_)) if route.is_empty() => root.first_key(),
        (_, Kind::Missing(_)) => root.heading(route),
        _ => root.place_of(route),
    };
    problem
}

fn entry(node: &Node, index: usize) -> Option<&super::Entry> {
    if let Value::Map(entries) = &node.value { entries.get(index) } else { None }
}

/// The nodes to skip on the next pass: a tree of child indices.
#[derive(Default)]
struct Hidden {
    /// Whether this node itself is skipped.
    gone: bool,
    /// Fields whose absence is not an error here, because they were hidden or misspelt.
    excused: Vec<String>,
    below: BTreeMap<usize, Hidden>,
}

impl Hidden {
    /// Hides the node at a route; `meant` is the field that its misspelt key probably stands for.
    fn hide(&mut self, root: &Node, route: &[usize], meant: Option<String>) {
        let Some((last, above)) = route.split_last() else { return };
        let (mut spot, mut node) = (self, Some(root));
        for step in above {
            spot = spot.below.entry(*step).or_default();
            node = node.and_then(|node| node.child(*step));
        }
        spot.excused.extend(meant);
        spot.excused
            .extend(node.and_then(|node| entry(node, *last)).map(|entry| entry.key.clone()));
        spot.below.entry(*last).or_default().gone = true;
    }
    /// Returns whether an error is only a consequence of nodes hidden below the one it is about.
    fn explains(&self, route: &[usize], fault: &Fault) -> bool {
        let Some(spot) = route.iter().try_fold(self, |spot, step| spot.below.get(step)) else {
            return false;
        };
        match &fault.kind {
            _ if fault.key.is_some() => false,
            Kind::Missing(field) => spot.excused.contains(field),
            _ => !spot.below.is_empty(),
        }
    }
    fn leaves_out(&self, index: usize) -> bool {
        self.below.get(&index).is_some_and(|below| below.gone)
    }
}

//! Deserialisation of a type from the tree, collecting all errors.
//!
//! serde stops at its first error. So each error is recorded, the node it is about is hidden, and
//! the tree is read again, until it reads without error or [`MOST_PROBLEMS`] are found. An error
//! that only follows from a hidden node is not reported; the enclosing group is then hidden too.
//! `access` is the deserializer, `fault` its error type, `wanted` the words for values.
//! Limits: if several fields of one group are missing, only the first is reported; after an error
//! of the whole file nothing else is. Tests in `tests/read.rs`.

mod access;
mod fault;
mod wanted;

pub use fault::Kind;
pub use wanted::{Found, Wanted};

use super::{MOST_PROBLEMS, Node, Value};
use crate::problem::Problem;
use access::Reader;
use fault::Details;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The maximum number of times that the tree is read.
const ATTEMPTS: usize = 4 * MOST_PROBLEMS;

/// A problem and what kind of error it was.
#[derive(Debug)]
pub struct ReadError {
    /// What is wrong, and where.
    pub problem: Problem,
    /// What kind of error it was.
    pub kind: Kind,
}

/// Deserialises a value from the tree, or returns all errors, in the order of the file.
pub fn read<T: DeserializeOwned>(root: &Node) -> (Option<T>, Vec<ReadError>) {
    let mut hidden = Hidden::default();
    let mut errors: Vec<ReadError> = Vec::new();
    for _ in 0..ATTEMPTS {
        let mut fault =
            match T::deserialize(Reader { node: root, hidden: Some(&hidden), in_list: false }) {
                Ok(value) if errors.is_empty() => return (Some(value), errors),
                Ok(_) => break,
                Err(fault) => *fault.0,
            };
        let (mut route, meant) = (std::mem::take(&mut fault.route), fault.kind.suggestion());
        // A key with words of its own may stand for any field of its group.
        let is_misread = fault.key.is_some() && matches!(fault.kind, Kind::Other);
        route.reverse();
        let is_new = errors.is_empty() || !hidden.explains(&route, &fault);
        let full: Vec<usize> = route.iter().copied().chain(fault.key).collect();
        if is_new {
            let error = error_at(root, &route, &full, fault);
            let is_same = |other: &Problem| {
                (&other.path, &other.what) == (&error.problem.path, &error.problem.what)
            };
            if !errors.iter().any(|other| is_same(&other.problem)) {
                errors.push(error);
            }
        }
        if full.is_empty() || errors.len() >= MOST_PROBLEMS {
            break;
        }
        hidden.hide(root, &full, meant, is_misread);
    }
    errors
        .sort_by_key(|error| error.problem.place.as_ref().map_or(usize::MAX, |place| place.start));
    (None, errors)
}

/// Converts an error at a route to a problem with its path and place; `full` ends with the key, if
/// the error is about one.
fn error_at(root: &Node, route: &[usize], full: &[usize], fault: Details) -> ReadError {
    let node = route.iter().try_fold(root, |node, step| node.child(*step));
    let key = fault.key.and_then(|index| entry(node?, index));
    let (kind, mut problem) = (fault.kind, Problem::refusal(root.path_of(full), fault.refusal));
    if full.is_empty() && !matches!(kind, Kind::Missing(_) | Kind::Twice) {
        problem.advise("a scenario is a group of fields; it begins with `version: 1`");
        return ReadError { problem, kind };
    }
    problem.used = root.used_at(&problem.path).map(Box::new);
    if problem.help.is_none() {
        problem.advise_if(kind.suggestion().map(|near| format!("did you mean `{near}`?")));
    }
    problem.place = match (key, &kind) {
        (Some(key), _) => Some(key.key_span.clone())
            .filter(|span| !span.is_empty())
            .or_else(|| root.heading(route)),
        (_, Kind::Missing(_)) if route.is_empty() => root.first_key(),
        (_, Kind::Missing(_)) => root.heading(route),
        _ => root.place_of(route),
    };
    ReadError { problem, kind }
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
    /// Whether a key was hidden that may stand for any field.
    is_misread: bool,
    below: BTreeMap<usize, Hidden>,
}

impl Hidden {
    /// Hides the node at a route; `meant` is the field that its misspelt key probably stands for.
    fn hide(&mut self, root: &Node, route: &[usize], meant: Option<&str>, is_misread: bool) {
        let Some((last, above)) = route.split_last() else { return };
        let (mut spot, mut node) = (self, Some(root));
        for step in above {
            spot = spot.below.entry(*step).or_default();
            node = node.and_then(|node| node.child(*step));
        }
        spot.is_misread |= is_misread;
        spot.excused.extend(meant.map(str::to_string));
        spot.excused
            .extend(node.and_then(|node| entry(node, *last)).map(|entry| entry.key.clone()));
        spot.below.entry(*last).or_default().gone = true;
    }
    /// Returns whether an error is only a consequence of nodes hidden below the one it is about.
    fn explains(&self, route: &[usize], fault: &Details) -> bool {
        let Some(spot) = route.iter().try_fold(self, |spot, step| spot.below.get(step)) else {
            return false;
        };
        match &fault.kind {
            _ if fault.key.is_some() => false,
            Kind::Missing(field) => {
                spot.is_misread || spot.excused.iter().any(|excused| excused == field)
            }
            _ => !spot.below.is_empty(),
        }
    }
    fn leaves_out(&self, index: usize) -> bool {
        self.below.get(&index).is_some_and(|below| below.gone)
    }
}

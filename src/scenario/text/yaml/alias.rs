//! Anchors, aliases and merge keys: what was written once stands again where its alias is.
//!
//! The tree is expanded while it is built, so that nothing behind knows of aliases but by
//! [`Node::used`]. What they repeat counts as values of the file, and its text is bounded by the
//! size of the largest file: a few lines cannot grow into gigabytes ("billion laughs"). A merge key
//! (`<<`) takes a group or a list of groups; what the group itself holds comes before them, and an
//! earlier one before a later. Tests in `tests/alias.rs`.

use super::super::{
    DEEPEST, Entry, LARGEST, MOST_NODES, Node, Value, problem_at, too_deep, too_many,
};
use crate::problem::Problem;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What the anchors of a text stand for.
#[derive(Default)]
pub(super) struct Anchors {
    written: BTreeMap<usize, Anchored>,
    /// Bytes of text that aliases have repeated.
    repeated: usize,
    /// Values that anchors stand for, those inside each other counted in each.
    kept: usize,
}

struct Anchored {
    node: Node,
    values: usize,
    bytes: usize,
    depth: usize,
}

impl Anchors {
    /// Notes what an anchor stands for, once it is read to its end. Refused once, when anchors
    /// stand for more values than a file may hold: each keeps what it stands for, and they may
    /// stand inside each other.
    pub fn note(&mut self, id: usize, node: &Node) -> Result<(), Problem> {
        if id == 0 || self.kept > MOST_NODES {
            return Ok(());
        }
        let (values, bytes) = extent(node);
        self.kept += values;
        if self.kept > MOST_NODES {
            let what = "anchors stand for more than 200,000 values, those inside each other counted in each";
            return Err(problem_at(node.span.clone(), what)
                .help("leave out the anchors that no alias repeats"));
        }
        self.written
            .insert(id, Anchored { node: node.clone(), values, bytes, depth: node.depth() });
        Ok(())
    }
    /// What an alias stands for, at `level` lists and groups; `values` counts those of the file.
    pub fn expand(
        &mut self,
        id: usize,
        alias: &str,
        place: Range<usize>,
        level: usize,
        values: &mut usize,
    ) -> Result<Node, Problem> {
        let Some(anchored) = self.written.get(&id) else {
            return Err(problem_at(
                place,
                format!("the alias `{alias}` stands inside what it repeats"),
            )
            .help("write the value out"));
        };
        *values += anchored.values;
        self.repeated += anchored.bytes;
        if *values > MOST_NODES {
            return Err(too_many(place));
        }
        if self.repeated > LARGEST {
            return Err(problem_at(place, "aliases repeat more than 1 MiB of text")
                .help("write the value out where it differs"));
        }
        if level + anchored.depth > DEEPEST {
            return Err(too_deep(place));
        }
        Ok(Node { used: Some(place), ..anchored.node.clone() })
    }
}

/// How many values a node holds, itself included, and how many bytes of text.
fn extent(node: &Node) -> (usize, usize) {
    let sum = |of: &mut dyn Iterator<Item = (usize, usize)>| {
        of.fold((1, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1))
    };
    match &node.value {
        Value::Text(text) => (1, text.len()),
        Value::List(items) => sum(&mut items.iter().map(extent)),
        Value::Map(entries) => sum(&mut entries.iter().map(|entry| {
            let (values, bytes) = extent(&entry.value);
            (values, bytes + entry.key.len())
        })),
        _ => (1, 0),
    }
}

/// Adds what merge keys bring to the entries of a group, before its own; what it has is not
/// replaced.
pub(super) fn merge(entries: &mut Vec<Entry>, merges: Vec<Node>, problems: &mut Vec<Problem>) {
    let mut added: Vec<Entry> = Vec::new();
    let mut known: BTreeSet<String> = if merges.is_empty() {
        BTreeSet::new()
    } else {
        entries.iter().map(|entry| entry.key.clone()).collect()
    };
    for merged in merges {
        let (place, used) = (merged.span.clone(), merged.used.clone());
        let sources = match merged.value {
            Value::List(items) => items,
            _ => vec![merged],
        };
        for source in sources {
            let used = source.used.clone().or(used.clone());
            let Value::Map(from) = source.value else {
                let what = "`<<` takes a group of fields, or a list of groups";
                problems.push(
                    problem_at(used.unwrap_or(place.clone()), what)
                        .help("name an anchor of a group, as in `<<: *base`"),
                );
                break;
            };
            for mut entry in from {
                if known.insert(entry.key.clone()) {
                    entry.value.used = used.clone().or(entry.value.used);
                    added.push(entry);
                }
            }
        }
    }
    if !added.is_empty() {
        added.append(entries);
        *entries = added;
    }
}

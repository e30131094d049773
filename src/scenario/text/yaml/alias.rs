//! Anchors, aliases and merge keys: an alias is replaced by a copy of its anchor's node.
//!
//! Aliases are expanded while the tree is built, so later steps see them only through
//! [`Node::used`]. Repeated values count towards the values of the file, and repeated text is
//! limited to the maximum file size, so a few lines cannot grow into gigabytes ("billion laughs").
//! A merge key (`<<`) takes a group or a list of groups; the group's own entries take precedence
//! over merged ones, and earlier groups over later ones. Tests in `tests/alias.rs`.

use super::super::{
    DEEPEST, Entry, LARGEST, MOST_NODES, Node, Value, problem_at, too_deep, too_many,
};
use crate::problem::Problem;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The anchors of a text and their nodes.
#[derive(Default)]
pub(super) struct Anchors {
    written: BTreeMap<usize, Anchored>,
    /// Bytes of text that aliases have repeated.
    repeated: usize,
    /// The number of values in all anchors; a nested anchor's values count once per anchor.
    kept: usize,
}

struct Anchored {
    node: Node,
    values: usize,
    bytes: usize,
    depth: usize,
}

impl Anchors {
    /// Records the finished node of an anchor. Returns an error once, when all anchors together
    /// contain more values than a file may: each anchor keeps a copy, and anchors may be nested.
    pub(crate) fn note(&mut self, id: usize, node: &Node) -> Result<(), Problem> {
        if id == 0 || self.kept > MOST_NODES {
            return Ok(());
        }
        let (values, bytes) = extent(node);
        self.kept += values;
        if self.kept > MOST_NODES {
            let what = "anchors mark more than 200,000 values in total, counting a nested value once per anchor";
            return Err(
                problem_at(node.span.clone(), what).help("remove the anchors that no alias uses")
            );
        }
        self.written
            .insert(id, Anchored { node: node.clone(), values, bytes, depth: node.depth() });
        Ok(())
    }
    /// Returns the node of an alias at nesting depth `level`; `values` is the number of values in
    /// the file so far.
    pub(crate) fn expand(
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
                format!("the alias `{alias}` is inside the value that it repeats"),
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
                .help("repeat less text with aliases"));
        }
        if level + anchored.depth > DEEPEST {
            return Err(too_deep(place));
        }
        Ok(Node { used: Some(place), ..anchored.node.clone() })
    }
}

/// Returns the number of values in a node, including itself, and the bytes of their text.
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

/// Inserts the entries of merge keys before a group's own entries; keys that the group already has
/// are skipped.
pub(super) fn merge(entries: &mut Vec<Entry>, merges: Vec<Node>, problems: &mut Vec<Problem>) {
    let mut added: Vec<Entry> = Vec::new();
    let mut keys: BTreeSet<String> = if merges.is_empty() {
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
                if keys.insert(entry.key.clone()) {
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

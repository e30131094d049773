//! The tree that all notations are parsed into: values with their places in the text, addressed by
//! paths of keys.
//!
//! Keys may contain `.`, `[` and spaces (`GET /v1.2/x`), so a path is matched against the keys that
//! exist, longest first.
//! Limits: recursion is as deep as the tree, which the parsers limit to [`super::DEEPEST`] levels.
//! Tests: paths with awkward keys, places of missing nodes and of nodes that span several lines.

use std::ops::Range;

/// The path segment of an endpoint's steps, optional where the endpoint is a list.
const STEPS: &str = ".steps";

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The byte range in the text; `0..0` if the node comes from no text.
    pub span: Range<usize>,
    /// Whether the range spans more than one line.
    pub tall: bool,
    /// The place of the alias that this node was expanded from, if any.
    pub used: Option<Range<usize>>,
    /// The value.
    pub value: Value,
}

/// The content of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, or an empty value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A non-negative whole number.
    Unsigned(u64),
    /// A negative whole number.
    Signed(i64),
    /// Any other number; not necessarily finite.
    Float(f64),
    /// Text.
    Text(String),
    /// Values in order.
    List(Vec<Node>),
    /// Values by key, in the order of the file; keys are unique.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// The byte range of the key.
    pub key_span: Range<usize>,
    /// The value of the key.
    pub value: Node,
}

impl Node {
    /// Creates a node that comes from no text.
    pub fn new(value: Value) -> Node {
        Node { span: 0..0, tall: false, used: None, value }
    }
    /// Converts a JSON value; the node has no places.
    pub fn from_json(json: &serde_json::Value) -> Node {
        use serde_json::Value as Json;
        Node::new(match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(whole), _) => Value::Unsigned(whole),
                (_, Some(whole)) => Value::Signed(whole),
                _ => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::Text(text.clone()),
            Json::Array(items) => Value::List(items.iter().map(Node::from_json).collect()),
            Json::Object(entries) => {
                let entry = |(key, value): (&String, &Json)| Entry {
                    key: key.clone(),
                    key_span: 0..0,
                    value: Node::from_json(value),
                };
                Value::Map(entries.iter().map(entry).collect())
            }
        })
    }
    /// Converts the tree to JSON; a number that is not finite, which no scenario has, becomes
    /// `null`.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => (*value).into(),
            Value::Unsigned(number) => (*number).into(),
            Value::Signed(number) => (*number).into(),
            Value::Float(number) => {
                serde_json::Number::from_f64(*number).map_or(Json::Null, Json::Number)
            }
            Value::Text(text) => text.clone().into(),
            Value::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Map(entries) => Json::Object(
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect(),
            ),
        }
    }
    /// Creates a node at a place in a text.
    pub(super) fn placed(text: &str, span: Range<usize>, value: Value) -> Node {
        let tall = text.get(span.clone()).is_some_and(|written| written.contains('\n'));
        Node { span, tall, used: None, value }
    }
    /// Returns the node at a path such as `services.api.endpoints.GET /hello.steps[0].cpu`; the
    /// empty path is the node itself.
    pub fn at(&self, path: &str) -> Option<&Node> {
        let (route, matched) = self.route(path);
        if matched < path.len() {
            return None;
        }
        route.iter().try_fold(self, |node, step| node.child(*step))
    }
    /// Returns the place of a path, or of the longest part of it that exists. A node that spans
    /// several lines is located by its key, or by its first key if it is a list item. `None` if no
    /// part exists.
    pub fn place(&self, path: &str) -> Option<Range<usize>> {
        self.place_of(&self.route(path).0)
    }
    /// Returns the place of the key at the end of a path, or of the longest part that exists.
    pub fn key_place(&self, path: &str) -> Option<Range<usize>> {
        self.heading(&self.route(path).0)
    }
    /// Returns the place of the outermost alias on a path; the nodes below it are written
    /// elsewhere.
    pub fn used_at(&self, path: &str) -> Option<Range<usize>> {
        let mut node = self;
        self.route(path).0.into_iter().find_map(|step| {
            node = node.child(step)?;
            node.used.clone()
        })
    }
    /// Removes the node at a path from the tree and returns it.
    pub fn remove(&mut self, path: &str) -> Option<Node> {
        let (route, matched) = self.route(path);
        let (last, above) = route.split_last()?;
        if matched < path.len() {
            return None;
        }
        match &mut self.follow(above)?.value {
            Value::List(items) => Some(items.remove(*last)),
            Value::Map(entries) => Some(entries.remove(*last).value),
            _ => None,
        }
    }
    /// Removes user notes: every entry whose key begins with `x-`.
    pub fn strip_notes(&mut self) {
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(Node::strip_notes),
            Value::Map(entries) => {
                entries.retain(|entry| !entry.key.starts_with("x-"));
                entries.iter_mut().for_each(|entry| entry.value.strip_notes());
            }
            _ => {}
        }
    }
    /// Clears all places, as if the tree came from no text.
    pub fn forget_places(&mut self) {
        (self.span, self.tall, self.used) = (0..0, false, None);
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(Node::forget_places),
            Value::Map(entries) => entries.iter_mut().for_each(|entry| {
                entry.key_span = 0..0;
                entry.value.forget_places();
            }),
            _ => {}
        }
    }
    /// Returns the nesting depth of lists and maps, counting this node; 0 for a scalar.
    pub fn depth(&self) -> usize {
        match &self.value {
            Value::List(items) => 1 + items.iter().map(Node::depth).max().unwrap_or(0),
            Value::Map(entries) => {
                1 + entries.iter().map(|entry| entry.value.depth()).max().unwrap_or(0)
            }
            _ => 0,
        }
    }
    /// Returns the child at an index.
    pub(super) fn child(&self, index: usize) -> Option<&Node> {
        match &self.value {
            Value::List(items) => items.get(index),
            Value::Map(entries) => entries.get(index).map(|entry| &entry.value),
            _ => None,
        }
    }
    /// Returns the node at the end of a route of child indices.
    pub(super) fn follow(&mut self, route: &[usize]) -> Option<&mut Node> {
        route.iter().try_fold(self, |node, step| match &mut node.value {
            Value::List(items) => items.get_mut(*step),
            Value::Map(entries) => entries.get_mut(*step).map(|entry| &mut entry.value),
            _ => None,
        })
    }
    /// Returns the child indices along the longest existing part of a path, and the length of that
    /// part in bytes.
    pub(super) fn route(&self, path: &str) -> (Vec<usize>, usize) {
        let (mut route, matched) = self.walk(path, true);
        route.reverse();
        (route, matched)
    }
    /// Like [`Self::route`], but last step first; `first` if no dot is expected. Each node is
    /// visited with only one rest of the path, so the cost cannot explode.
    fn walk(&self, path: &str, first: bool) -> (Vec<usize>, usize) {
        let mut best = (Vec::new(), 0);
        match &self.value {
            Value::List(items) => {
                // An endpoint may be written as a bare list of steps; `.steps` then names the list
                // itself.
                if let Some(rest) =
                    path.strip_prefix(STEPS).filter(|rest| rest.is_empty() || rest.starts_with('['))
                {
                    let (route, matched) = self.walk(rest, false);
                    return (route, STEPS.len() + matched);
                }
                let Some((digits, _)) =
                    path.strip_prefix('[').and_then(|rest| rest.split_once(']'))
                else {
                    return best;
                };
                let Ok(index) = digits.parse::<usize>() else { return best };
                let Some(item) = items.get(index) else { return best };
                let used = digits.len() + 2;
                let (mut route, matched) = item.walk(&path[used..], false);
                route.push(index);
                best = (route, used + matched);
            }
            Value::Map(entries) => {
                let Some(rest) = (if first { Some(path) } else { path.strip_prefix('.') }) else {
                    return best;
                };
                let fits = |key: &str| {
                    rest.strip_prefix(key)
                        .is_some_and(|after| after.is_empty() || after.starts_with(['.', '[']))
                        && !(first && path.is_empty())
                };
                let mut fitting: Vec<usize> =
                    (0..entries.len()).filter(|index| fits(&entries[*index].key)).collect();
                fitting.sort_by_key(|index| std::cmp::Reverse(entries[*index].key.len()));
                for index in fitting {
                    let used = path.len() - rest.len() + entries[index].key.len();
                    let (mut route, matched) = entries[index].value.walk(&path[used..], false);
                    if best.0.is_empty() || used + matched > best.1 {
                        route.push(index);
                        best = (route, used + matched);
                    }
                    if best.1 == path.len() {
                        break;
                    }
                }
            }
            _ => {}
        }
        best
    }
    /// Returns the path of a route.
    pub(super) fn path_of(&self, route: &[usize]) -> String {
        let (mut path, mut node) = (String::new(), self);
        for step in route {
            match &node.value {
                Value::List(_) => path.push_str(&format!("[{step}]")),
                Value::Map(entries) => {
                    let Some(entry) = entries.get(*step) else { break };
                    path.push_str(if path.is_empty() { "" } else { "." });
                    path.push_str(&entry.key);
                }
                _ => {}
            }
            let Some(child) = node.child(*step) else { break };
            node = child;
        }
        path
    }
    /// Returns the place of a route, by the rules of [`Self::place`].
    pub(super) fn place_of(&self, route: &[usize]) -> Option<Range<usize>> {
        let node = route.iter().try_fold(self, |node, step| node.child(*step))?;
        if node.tall || node.span.is_empty() {
            self.heading(route)
        } else {
            Some(node.span.clone())
        }
    }
    /// Returns the place of the nearest key above the end of a route; for a list item, that of its
    /// first key.
    pub(super) fn heading(&self, route: &[usize]) -> Option<Range<usize>> {
        let (mut heading, mut node) = (None, self);
        for step in route {
            let key = match &node.value {
                Value::Map(entries) => entries.get(*step).map(|entry| entry.key_span.clone()),
                _ => node.child(*step).and_then(Node::first_key),
            };
            heading = key.filter(|span| !span.is_empty()).or(heading);
            let Some(child) = node.child(*step) else { break };
            node = child;
        }
        heading
    }
    /// Returns the place of a map's first key.
    pub(super) fn first_key(&self) -> Option<Range<usize>> {
        match &self.value {
            Value::Map(entries) => {
                // Those of included files stand behind, also if they come first.
                let written = entries.iter().map(|entry| &entry.key_span);
                written.filter(|span| !span.is_empty()).min_by_key(|span| span.start).cloned()
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::text::{Format, Node, Value, parse};

    const TEXT: &str = "services:\n  api:\n    replicas: 3\n    endpoints:\n      GET /v1.2/x:\n        steps:\n          - cpu: 2ms\n          - call:\n              to: db\nslos:\n  p99: 1\n  p99.9: [2, 3]\nx-me: 1\n";

    fn tree() -> Node {
        parse(TEXT, Format::Yaml).unwrap()
    }
    fn written(path: &str) -> Option<&'static str> {
        tree().place(path).map(|place| &TEXT[place])
    }

    #[test]
    fn a_path_is_matched_against_the_keys_that_exist() {
        // The values of TEXT, by eye.
        let tree = tree();
        assert_eq!(
            tree.at("services.api.endpoints.GET /v1.2/x.steps[0].cpu").unwrap().value,
            Value::Text("2ms".into())
        );
        assert_eq!(tree.at("slos.p99").unwrap().value, Value::Unsigned(1));
        assert_eq!(tree.at("slos.p99.9[1]").unwrap().value, Value::Unsigned(3));
        assert_eq!(tree.at(""), Some(&tree));
        for absent in [
            "slos.p99.9[2]",
            "slos.p9",
            "slos.p99.8",
            "slos.p99.9[x]",
            "slos.p99.9[0",
            "services.",
            ".",
            "[0]",
            "slos[0]",
        ] {
            assert_eq!(tree.at(absent), None, "{absent}");
        }
    }

    #[test]
    fn a_place_is_the_value_or_the_key_if_the_value_spans_lines() {
        // Slices of TEXT, by eye.
        assert_eq!(written("services.api.replicas"), Some("3"));
        assert_eq!(written("services.api"), Some("api"));
        assert_eq!(written("services.api.runtime.workers"), Some("api"));
        assert_eq!(written("services.api.endpoints.GET /v1.2/x.steps[0]"), Some("cpu: 2ms"));
        assert_eq!(written("services.api.endpoints.GET /v1.2/x.steps[1]"), Some("call"));
        assert_eq!(written("services.api.endpoints.GET /v1.2/x.steps[9].cpu"), Some("steps"));
        assert_eq!(written("slos.p99.9"), Some("[2, 3]"));
        assert_eq!(written("nowhere"), None);
    }

    #[test]
    fn removed_nodes_and_notes_are_gone_and_the_rest_stays() {
        // TEXT without the named parts.
        let mut tree = tree();
        assert_eq!(tree.remove("slos.p99.9[0]").unwrap().value, Value::Unsigned(2));
        assert_eq!(tree.at("slos.p99.9[0]").unwrap().value, Value::Unsigned(3));
        assert_eq!(tree.remove("slos.p50"), None);
        assert!(tree.remove("services").is_some() && tree.at("services").is_none());
        assert!(tree.at("x-me").is_some());
        tree.strip_notes();
        assert!(tree.at("x-me").is_none() && tree.at("slos").is_some());
    }

    #[test]
    fn an_ambiguous_path_resolves_to_the_keys_that_match_all_of_it() {
        // `a.b` is a number, so only `a` then `b` leads to `c`.
        let tree = parse("a.b: 1\na:\n  b:\n    c: 2\n", Format::Yaml).unwrap();
        assert_eq!(tree.at("a.b.c").unwrap().value, Value::Unsigned(2));
        assert_eq!(tree.at("a.b").unwrap().value, Value::Unsigned(1));
        assert_eq!(tree.depth(), 3);
    }
}

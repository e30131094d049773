//! The tree that every notation becomes: values with their place in the text, found by a path of
//! keys.
//!
//! Keys may hold `.`, `[` and spaces (`GET /v1.2/x`), so a path is matched against the keys that
//! exist, the longest first.
//! Limits: the recursion here goes as deep as the tree, which the parsers hold to
//! [`super::DEEPEST`] levels.
//! Tests: paths with awkward keys, places of what is missing or goes over several lines.

use std::ops::Range;

/// What names the steps of an endpoint.
const STEPS: &str = ".steps";

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Byte range in the text; `0..0` for what no text holds.
    pub span: Range<usize>,
    /// Whether the range goes over more than one line.
    pub tall: bool,
    /// Where it is used, if it stands somewhere else: the place of an alias.
    pub used: Option<Range<usize>>,
    /// What stands there.
    pub value: Value,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number from zero.
    Unsigned(u64),
    /// A whole number below zero.
    Signed(i64),
    /// Any other number; not necessarily finite.
    Float(f64),
    /// Text.
    Text(String),
    /// Values in order.
    List(Vec<Node>),
    /// Values by key, in the order of the file; no key twice.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// Byte range of the key.
    pub key_span: Range<usize>,
    /// What the key holds.
    pub value: Node,
}

impl Node {
    /// A value that stands in no text.
    pub fn new(value: Value) -> Node {
        Node { span: 0..0, tall: false, used: None, value }
    }
    /// A JSON value, which stands in no text.
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
    /// The tree as JSON; a number that is not finite, which no scenario has, becomes nothing.
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
    /// A value at a place of a text.
    pub(super) fn placed(text: &str, span: Range<usize>, value: Value) -> Node {
        let tall = text.get(span.clone()).is_some_and(|written| written.contains('\n'));
        Node { span, tall, used: None, value }
    }
    /// The node at a path such as `services.api.endpoints.GET /hello.steps[0].cpu`; the empty path
    /// is the node itself.
    pub fn at(&self, path: &str) -> Option<&Node> {
        let (route, matched) = self.route(path);
        if matched < path.len() {
            return None;
        }
        route.iter().try_fold(self, |node, step| node.child(*step))
    }
    /// Where the text holds a path, or the longest part of the path that exists. What goes over
    /// several lines is shown by its key, an item of a list by its own first key. Nothing if no
    /// part exists.
    pub fn place(&self, path: &str) -> Option<Range<usize>> {
        self.place_of(&self.route(path).0)
    }
    /// Where the text holds the key at the end of a path, or as [`Self::place`].
    pub fn key_place(&self, path: &str) -> Option<Range<usize>> {
        self.heading(&self.route(path).0)
    }
    /// Where the outermost alias on a path stands: what is below it was written at another place.
    pub fn used_at(&self, path: &str) -> Option<Range<usize>> {
        let mut node = self;
        self.route(path).0.into_iter().find_map(|step| {
            node = node.child(step)?;
            node.used.clone()
        })
    }
    /// Takes the node at a path out of the tree.
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
    /// Removes people's own notes: every entry whose key begins with `x-`.
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
    /// Makes all places unknown, as for what stands in no text.
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
    /// How many lists and maps stand inside one another, this one included.
    pub fn depth(&self) -> usize {
        match &self.value {
            Value::List(items) => 1 + items.iter().map(Node::depth).max().unwrap_or(0),
            Value::Map(entries) => {
                1 + entries.iter().map(|entry| entry.value.depth()).max().unwrap_or(0)
            }
            _ => 0,
        }
    }
    /// The child with that number.
    pub(super) fn child(&self, index: usize) -> Option<&Node> {
        match &self.value {
            Value::List(items) => items.get(index),
            Value::Map(entries) => entries.get(index).map(|entry| &entry.value),
            _ => None,
        }
    }
    /// The node at the end of a route of child numbers.
    pub(super) fn follow(&mut self, route: &[usize]) -> Option<&mut Node> {
        route.iter().try_fold(self, |node, step| match &mut node.value {
            Value::List(items) => items.get_mut(*step),
            Value::Map(entries) => entries.get_mut(*step).map(|entry| &mut entry.value),
            _ => None,
        })
    }
    /// The child numbers along the longest existing part of a path, and how many bytes of the path
    /// that part has.
    pub(super) fn route(&self, path: &str) -> (Vec<usize>, usize) {
        let (mut route, matched) = self.walk(path, true);
        route.reverse();
        (route, matched)
    }
    /// As [`Self::route`], last step first; `first` when no dot is due. Each node is met with one
    /// rest only: no blow-up.
    fn walk(&self, path: &str, first: bool) -> (Vec<usize>, usize) {
        let mut best = (Vec::new(), 0);
        match &self.value {
            Value::List(items) => {
                // An endpoint may be written as its list of steps: the list is then what `steps`
                // names.
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
    /// The path of a route.
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
    /// The place of a route, as [`Self::place`] describes.
    pub(super) fn place_of(&self, route: &[usize]) -> Option<Range<usize>> {
        let node = route.iter().try_fold(self, |node, step| node.child(*step))?;
        if node.tall || node.span.is_empty() {
            self.heading(route)
        } else {
            Some(node.span.clone())
        }
    }
    /// The nearest key that stands over a route, or the first key of an item.
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
    /// The place of a map's first key.
    pub(super) fn first_key(&self) -> Option<Range<usize>> {
        match &self.value {
            Value::Map(entries) => {
                entries.first().map(|entry| entry.key_span.clone()).filter(|span| !span.is_empty())
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
    fn a_place_is_the_value_or_the_key_of_what_goes_over_lines() {
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
    fn a_route_of_nested_keys_that_fit_twice_finds_the_one_that_goes_on() {
        // `a.b` is a number, so only `a` then `b` leads to `c`.
        let tree = parse("a.b: 1\na:\n  b:\n    c: 2\n", Format::Yaml).unwrap();
        assert_eq!(tree.at("a.b.c").unwrap().value, Value::Unsigned(2));
        assert_eq!(tree.at("a.b").unwrap().value, Value::Unsigned(1));
        assert_eq!(tree.depth(), 3);
    }
}

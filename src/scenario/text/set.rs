//! `--set PATH=VALUE`: one value of the tree is replaced or added before the scenario is read.
//!
//! The value is YAML in flow style (`4`, `300/s`, `{ poisson: 100 }`). Everything on the path
//! except the last key must exist, so that a misspelt path is an error. Limits: keys that contain
//! `=` cannot be addressed; added values have no place in the text.
//! Tests: replacing, adding, and each error with its message.

use super::{DEEPEST, Entry, Node, Value, yaml};
use crate::problem::{Problem, Severity, nearest};
use crate::scenario::asyncflow01;

/// Applies an assignment `PATH=VALUE`: replaces or adds the value at the path.
pub fn set(root: &mut Node, assignment: &str) -> Result<(), Problem> {
    let Some((path, written)) = assignment.split_once('=') else {
        let what = format!("`{assignment}` has no `=`");
        return Err(refused("", what).help("write PATH=VALUE, such as `services.api.replicas=4`"));
    };
    let (path, written) = (path.trim(), written.trim());
    if path.is_empty() || written.is_empty() {
        let (what, help) = if path.is_empty() {
            ("path before", "write PATH=VALUE, such as `services.api.replicas=4`")
        } else {
            ("value after", "write `null` for no value")
        };
        return Err(refused(path, format!("`{assignment}` has no {what} the `=`")).help(help));
    }
    let mut value =
        yaml::parse(written, "YAML").map_err(|problems| within(path, written, problems))?;
    value.forget_places();
    assign(root, path, value)
}

/// Replaces or adds the value at a path.
pub fn assign(root: &mut Node, path: &str, value: Node) -> Result<(), Problem> {
    let (mut route, mut matched) = root.route(path);
    if let Some(above) = split_key(root, path, &route, matched) {
        // `p99` exists and `p99.9` is new.
        (matched, _) = (above, route.pop());
    }
    if route.len() + value.depth() > DEEPEST {
        return Err(refused(path, format!("`{path}` would nest deeper than {DEEPEST} levels")));
    }
    let (known, rest) = (path[..matched].to_string(), &path[matched..]);
    let Some(node) = root.follow(&route) else { return Err(refused(path, absent(path))) };
    if rest.is_empty() {
        *node = value;
        return Ok(());
    }
    add(node, &known, rest, value)
}

/// Copies from `full`, the same tree with all defaults written out, the next entry that the path of
/// an assignment needs. Returns false if there is nothing to copy.
pub fn adopt(root: &mut Node, full: &Node, assignment: &str) -> bool {
    let path = assignment.split_once('=').map_or(assignment, |(path, _)| path).trim();
    let (route, matched) = root.route(path);
    let Some(Value::Map(defaults)) = full.at(&path[..matched]).map(|node| &node.value) else {
        return false;
    };
    let rest = path[matched..].trim_start_matches('.');
    let leads = |key: &str| {
        rest.strip_prefix(key)
            .is_some_and(|after| after.is_empty() || after.starts_with(['.', '[']))
    };
    let Some(default) =
        defaults.iter().filter(|entry| leads(&entry.key)).max_by_key(|entry| entry.key.len())
    else {
        return false;
    };
    let Some(node) = root.follow(&route) else { return false };
    if node.value == Value::Null {
        node.value = Value::Map(Vec::new());
    }
    let Value::Map(entries) = &mut node.value else { return false };
    entries.push(default.clone());
    true
}

/// Adds the missing rest of a path to the last node that exists.
fn add(node: &mut Node, known: &str, rest: &str, value: Node) -> Result<(), Problem> {
    let name = if known.is_empty() { "the scenario".to_string() } else { format!("`{known}`") };
    let key = if known.is_empty() {
        Some(rest).filter(|rest| !rest.starts_with('['))
    } else {
        rest.strip_prefix('.')
    };
    let wanted = format!(
        "{known}{}",
        &rest[..rest.len() - key.unwrap_or(rest).len() + first_key(key.unwrap_or(rest))]
    );
    if node.value == Value::Null {
        node.value = Value::Map(Vec::new());
    }
    match (&mut node.value, key) {
        (Value::List(items), key) => {
            let count = match items.len() {
                1 => "1 item".to_string(),
                count => format!("{count} items"),
            };
            let what = if key.is_none() {
                absent(&wanted)
            } else {
                format!("{name} is a list, so it has no `{}`", key.unwrap_or(""))
            };
            Err(refused(known, what)
                .help(format!("{name} is a list of {count}; the first is `{known}[0]`")))
        }
        (Value::Map(entries), Some(key)) if !key.is_empty() && first_key(key) == key.len() => {
            entries.push(Entry { key: key.to_string(), key_span: 0..0, value });
            Ok(())
        }
        (Value::Map(_), Some(key)) if first_key(key) == 0 => {
            Err(refused(known, absent(&format!("{known}{rest}"))))
        }
        (Value::Map(entries), Some(key)) => {
            let problem = refused(known, absent(&wanted));
            if let Some(group) = ["services", "workload"]
                .into_iter()
                .find(|group| known.is_empty() && contains_name(entries, group, key))
            {
                return Err(problem.help(format!("did you mean `{group}.{key}`?")));
            }
            Err(
                match nearest(
                    &key[..first_key(key)],
                    entries.iter().map(|entry| entry.key.as_str()),
                ) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None if known.is_empty() => {
                        match asyncflow01::advice(key, first_workload(entries)) {
                            Some(help) => problem.help(help),
                            None => problem,
                        }
                    }
                    None => {
                        let inside = key[first_key(key)..].trim_start_matches('.');
                        let help = format!(
                            "the file does not contain it, so set all of it: `{wanted}={{ {inside}: … }}`"
                        );
                        if first_key(inside) == inside.len() { problem.help(help) } else { problem }
                    }
                },
            )
        }
        (Value::Map(_), None) => {
            Err(refused(known, format!("{name} is a group of fields, not a list"))
                .help("name a field with `.`"))
        }
        (single, _) => {
            let inside = rest.trim_start_matches('.');
            let help = format!("set all of {name} in its long form: `{known}={{ … }}`");
            Err(refused(
                known,
                format!("{name} is the single value `{}`, so it has no `{inside}`", shown(single)),
            )
            .help(help))
        }
    }
}

/// Returns whether a group of the scenario contains the name that a path begins with.
fn contains_name(entries: &[Entry], group: &str, path: &str) -> bool {
    let group = entries.iter().find(|entry| entry.key == group).map(|entry| &entry.value.value);
    matches!(group, Some(Value::Map(named)) if named.iter().any(|entry| entry.key == path[..first_key(path)]))
}

/// Returns the name of a scenario's first workload, or `NAME`.
fn first_workload(entries: &[Entry]) -> &str {
    let workloads =
        entries.iter().find(|entry| entry.key == "workload").map(|entry| &entry.value.value);
    if let Some(Value::Map(workloads)) = workloads {
        workloads.first().map_or("NAME", |first| first.key.as_str())
    } else {
        "NAME"
    }
}

/// Returns where the parent path ends if the last key matched is only the start of a key such as
/// `p99.9`.
fn split_key(root: &Node, path: &str, route: &[usize], matched: usize) -> Option<usize> {
    let (last, above) = route.split_last()?;
    let Value::Map(entries) = &above.iter().try_fold(root, |node, step| node.child(*step))?.value
    else {
        return None;
    };
    let key = &entries.get(*last)?.key;
    let scalar = !matches!(entries[*last].value.value, Value::List(_) | Value::Map(_));
    let whole = &path[matched - key.len()..];
    (scalar && matched < path.len() && first_key(whole) > key.len())
        .then(|| (matched - key.len()).saturating_sub(1))
}

/// Returns the length in bytes of the first key of a path's missing part; a dot between digits
/// belongs to a key such as `p99.9`.
fn first_key(path: &str) -> usize {
    let bytes = path.as_bytes();
    let digit = |at: Option<&u8>| at.is_some_and(u8::is_ascii_digit);
    let parts = |at: usize| match bytes[at] {
        b'.' => !(at > 0 && digit(bytes.get(at - 1)) && digit(bytes.get(at + 1))),
        b'[' => at > 0,
        _ => false,
    };
    (0..bytes.len()).find(|at| parts(*at)).unwrap_or(bytes.len())
}

fn shown(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Unsigned(number) => number.to_string(),
        Value::Signed(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        _ => String::new(),
    }
}

fn absent(path: &str) -> String {
    format!("`{path}` is not in the scenario")
}

fn refused(path: &str, what: String) -> Problem {
    Problem::new(Severity::Error, path, what)
}

/// Converts the first syntax error of a value; its place is dropped, as it is not in the file.
fn within(path: &str, written: &str, problems: Vec<Problem>) -> Problem {
    let first = problems
        .into_iter()
        .next()
        .unwrap_or_else(|| refused(path, "this is not a value".to_string()));
    Problem {
        path: path.to_string(),
        place: None,
        used: None,
        what: format!("in `{written}`: {}", first.what),
        ..first
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Node, Value, parse};
    use super::{adopt, set};

    const TEXT: &str = "run:\nservices:\n  api:\n    replicas: 3\n    endpoints:\n      GET /v1.2/x:\n        - cpu: 2ms\nslos:\n  api:\n    p99: 1\n";

    fn after(assignment: &str) -> Result<Node, (String, Option<String>)> {
        let mut tree = parse(TEXT, Format::Yaml).unwrap();
        set(&mut tree, assignment).map(|()| tree).map_err(|problem| (problem.what, problem.help))
    }
    fn text(word: &str) -> Value {
        Value::Text(word.into())
    }

    #[test]
    fn a_value_is_replaced_or_added_where_the_path_says() {
        // The right side of each assignment, resolved as YAML.
        assert_eq!(
            after("services.api.replicas=4").unwrap().at("services.api.replicas").unwrap().value,
            Value::Unsigned(4)
        );
        assert_eq!(
            after("services.api.rate = 300/s").unwrap().at("services.api.rate").unwrap().value,
            text("300/s")
        );
        let path = "services.api.endpoints.GET /v1.2/x[0].cpu";
        assert_eq!(
            after(&format!("{path}={{ exp: 3ms }}"))
                .unwrap()
                .at(&format!("{path}.exp"))
                .unwrap()
                .value,
            text("3ms")
        );
        // The list of an endpoint is its steps, by either name.
        assert_eq!(
            after("services.api.endpoints.GET /v1.2/x.steps[0].cpu=5ms")
                .unwrap()
                .at(path)
                .unwrap()
                .value,
            text("5ms")
        );
        assert!(
            after("services.api.endpoints.GET /v1.2/x.steps=[]")
                .unwrap()
                .at("services.api.endpoints.GET /v1.2/x.steps[0]")
                .is_none()
        );
        assert_eq!(
            after("slos.api.p99.9=7").unwrap().at("slos.api.p99.9").unwrap().value,
            Value::Unsigned(7)
        );
        assert_eq!(after("run.seed=7").unwrap().at("run.seed").unwrap().value, Value::Unsigned(7));
        assert_eq!(after("name=a=b").unwrap().at("name").unwrap().value, text("a=b"));
        assert!(
            after("services.api.replicas=4")
                .unwrap()
                .at("services.api.replicas")
                .unwrap()
                .span
                .is_empty()
        );
    }

    #[test]
    fn a_path_that_leads_nowhere_is_refused_with_the_nearest_key() {
        // The messages are fixed here; paths checked against TEXT by eye.
        let refused = |assignment: &str| after(assignment).unwrap_err();
        let some = |what: &str, help: &str| (what.to_string(), Some(help.to_string()));
        assert_eq!(
            refused("services.apii.replicas=4"),
            some("`services.apii` is not in the scenario", "did you mean `api`?")
        );
        assert_eq!(refused("banana.x=4"), ("`banana` is not in the scenario".to_string(), None));
        assert_eq!(
            refused("services.api.replicas.max=4"),
            some(
                "`services.api.replicas` is the single value `3`, so it has no `max`",
                "set all of `services.api.replicas` in its long form: `services.api.replicas={ … }`"
            )
        );
        let steps = "services.api.endpoints.GET /v1.2/x";
        let help = format!("`{steps}` is a list of 1 item; the first is `{steps}[0]`");
        assert_eq!(
            refused(&format!("{steps}[1].cpu=2ms")),
            some(&format!("`{steps}[1]` is not in the scenario"), &help)
        );
        assert_eq!(
            refused(&format!("{steps}.cpu=2ms")),
            some(&format!("`{steps}` is a list, so it has no `cpu`"), &help)
        );
        assert_eq!(
            refused("services[0]=1"),
            some("`services` is a group of fields, not a list", "name a field with `.`")
        );
        assert_eq!(
            refused("[0]=1"),
            some("the scenario is a group of fields, not a list", "name a field with `.`")
        );
        assert_eq!(
            refused("services..x=1"),
            ("`services..x` is not in the scenario".to_string(), None)
        );
        assert_eq!(
            refused("replicas"),
            some("`replicas` has no `=`", "write PATH=VALUE, such as `services.api.replicas=4`")
        );
        assert_eq!(
            refused("a="),
            some("`a=` has no value after the `=`", "write `null` for no value")
        );
        assert_eq!(refused("name={ a: 1").0, "in `{ a: 1`: a `,` or `}` is missing before this");
    }

    #[test]
    fn missing_groups_are_copied_from_the_tree_with_all_defaults() {
        // `run` is empty in TEXT; the other copied values are the defaults.
        let mut tree = parse(TEXT, Format::Yaml).unwrap();
        let full =
            parse("run: { limits: { in_flight: 1, events: 2 } }\nservices: { api: { instance: { cpu: 1 } } }", Format::Yaml).unwrap();
        assert!(set(&mut tree, "run.limits.in_flight=7").is_err());
        for (assignment, path, value) in [
            ("run.limits.in_flight=7", "run.limits.events", 2),
            ("services.api.instance.cpu=4", "slos.api.p99", 1),
        ] {
            assert!(adopt(&mut tree, &full, assignment) && set(&mut tree, assignment).is_ok());
            assert_eq!(tree.at(path).unwrap().value, Value::Unsigned(value));
        }
        assert!(!adopt(&mut tree, &full, "services.web.replicas=2"));
    }
}

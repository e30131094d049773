//! Files of other kinds that are mistaken for scenarios (Kubernetes manifests, k6 scripts, …):
//! errors name the kind and say what to write instead.
//!
//! They are recognised by their unindented keys, so that files that are not valid YAML (templates,
//! several documents) are recognised too.
//! Tests: `tests/corpus/kind-*`.

use super::text::{Format, Node, Value};
use crate::problem::{Problem, Severity};
use std::ops::Range;

/// Keys that must all be present, the kind of file that has them, and the help text.
const KINDS: [(&[&str], &str, &str); 10] = [
    (
        &["apiVersion", "kind"],
        "a Kubernetes manifest",
        "write a scenario; its `replicas` and cores become `services: { NAME: { replicas: 2, instance: { cpu: 1, memory: 512MiB } } }`",
    ),
    (&["openapi", "paths"], "an OpenAPI description", OPENAPI),
    (&["swagger", "paths"], "an OpenAPI description", OPENAPI),
    (
        &["config", "scenarios"],
        "an Artillery script",
        "write a scenario; its phases become `open: { rate: { stages: [ { to: 100/s, over: 1m } ] } }`",
    ),
    (&["scenarios", "thresholds"], "a k6 script's options", K6),
    (&["stages", "thresholds"], "a k6 script's options", K6),
    (&["vus"], "a k6 script's options", K6),
    (
        &["scrape_configs"],
        "a Prometheus configuration",
        "write a scenario; measured values can be drawn from a CSV file with `empirical`",
    ),
    (&["on", "jobs"], "a GitHub workflow", "write a scenario"),
    (&["resources", "AWSTemplateFormatVersion"], "a CloudFormation template", "write a scenario"),
];

const OPENAPI: &str =
    "write a scenario; its paths become `endpoints` of a service, each with its steps";
const K6: &str = "write a scenario; `stages: [ { duration, target } ]` become `open: { rate: { stages: [ { to: 100/s, over: 1m } ] } }`";
const COMPOSE: &str = "write a scenario; each of its services needs `endpoints` with their steps, and `workload` says who calls them";

/// Returns an error if the file is of another kind; `None` if it may be a scenario.
pub(super) fn named(text: &str, format: Format, tree: Option<&Node>) -> Option<Problem> {
    let refused = |place: Range<usize>, what: String, help: &str| {
        let mut problem = Problem::new(Severity::Error, "", what).help(help);
        problem.place = Some(place).filter(|place| !place.is_empty());
        Some(problem)
    };
    if format == Format::Json
        && let Some(place) = comment(text)
    {
        return refused(
            place,
            "JSON has no comments".to_string(),
            "remove them, or rename the file to `.yaml`, where comments begin with `#`",
        );
    }
    // A merge key begins with `<` too.
    let mut letters = text.trim_start().chars();
    if letters.next() == Some('<')
        && letters.next().is_some_and(|next| next.is_alphabetic() || "!?".contains(next))
    {
        let start = text.len() - text.trim_start().len();
        return refused(
            start..start + 1,
            "this is XML, not a scenario".to_string(),
            "write a scenario; scenarios/hello.yaml is a short example",
        );
    }
    let keys = match tree {
        Some(Node { value: Value::Map(entries), .. }) => {
            entries.iter().map(|entry| (entry.key.clone(), entry.key_span.clone())).collect()
        }
        Some(_) => return None,
        None => margin(text),
    };
    let find = |word: &str| keys.iter().find(|(key, _)| key == word).map(|(_, span)| span.clone());
    if ["workload", "rqs_input", "arrivals"].iter().any(|word| find(word).is_some()) {
        return None;
    }
    for (needed, kind, help) in KINDS {
        if needed.iter().all(|word| find(word).is_some()) {
            return refused(
                find(needed[0]).unwrap_or_default(),
                format!("this is {kind}, not a scenario"),
                help,
            );
        }
    }
    let is_compose_service = |node: &Node| matches!(&node.value, Value::Map(entries) if entries.iter().any(|entry| ["image", "build", "ports", "container_name"].contains(&entry.key.as_str())));
    let services = tree.and_then(|tree| tree.at("services")).map(|node| &node.value);
    match services {
        Some(Value::Map(entries))
            if entries.iter().any(|entry| is_compose_service(&entry.value)) =>
        {
            refused(
                find("services").unwrap_or_default(),
                "this is a compose file, not a scenario".to_string(),
                COMPOSE,
            )
        }
        _ => None,
    }
}

/// Returns the unindented keys of a text and their byte ranges.
fn margin(text: &str) -> Vec<(String, Range<usize>)> {
    let mut offset = 0;
    let mut keys = Vec::new();
    for line in text.split_inclusive('\n').take(10_000) {
        let word: String =
            line.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if !word.is_empty() && line[word.len()..].starts_with(':') {
            keys.push((word.clone(), offset..offset + word.len()));
        }
        offset += line.len();
    }
    keys
}

/// Returns where the first comment outside a string begins.
fn comment(text: &str) -> Option<Range<usize>> {
    let (mut inside, mut letters) = (false, text.char_indices().peekable());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if inside => _ = letters.next(),
            '"' => inside = !inside,
            '/' if !inside && letters.peek().is_some_and(|(_, next)| "/*".contains(*next)) => {
                return Some(at..at + 2);
            }
            _ => {}
        }
    }
    None
}

/// Returns advice for a file whose extension is not that of a scenario file.
pub(super) fn by_name(extension: &str) -> Option<&'static str> {
    match extension {
        "js" | "ts" => Some(
            "load-test scripts cannot be read; write its stages as `open: { rate: { stages: [ { to: 100/s, over: 1m } ] } }`",
        ),
        "py" => Some(
            "Python programs cannot be read; write the system as a scenario, or make the program print one",
        ),
        "csv" => Some(
            "use measured values inside a scenario: `{ empirical: { file: x.csv, column: y } }`",
        ),
        "toml" => Some("write it as YAML, RON or JSON"),
        "jmx" | "xml" => {
            Some("JMeter test plans cannot be read; write its load as `open: { rate: 100/s }`")
        }
        "tf" | "hcl" => Some(
            "Terraform files cannot be read; write the services with their `replicas` and `instance`",
        ),
        _ => None,
    }
}

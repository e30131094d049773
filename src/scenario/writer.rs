//! Scenarios as trees and as text: YAML, JSON, RON, with every default filled in. The output reads
//! back as the same scenario.
//!
//! A tree is the scenario as serialised by `serde_json`, in the short forms that people write.
//! Checked: every shipped scenario and every randomly generated one reads back unchanged from each
//! notation (`tests/it/docs.rs`, `tests/it/hostile/`).

use super::Scenario;
use super::text::{Node, is_boolean_elsewhere};
use serde_json::{Map, Value};

/// A scenario that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the scenario cannot be written as RON: {0}")]
#[non_exhaustive]
pub struct WriteError(String);

/// Writes a scenario as YAML, with every default filled in.
pub fn to_yaml(scenario: &Scenario) -> String {
    let mut tree = short(scenario);
    let is_free = !has_mark(&tree);
    if is_free {
        mark(&mut tree);
    }
    let text = serde_yaml::to_string(&tree).expect("a tree of JSON can be written as YAML");
    if is_free { text.replace(MARK, "\"") } else { text }
}

/// Stands for a quotation mark until the text is written; unlikely to occur in a name.
const MARK: char = '\u{E000}';

/// Marks the texts that other YAML readers interpret differently and that our reader refuses
/// without quotation marks.
fn mark(value: &mut Value) {
    let marked = |text: &mut String| {
        if text == "<<" || is_boolean_elsewhere(text) {
            *text = format!("{MARK}{text}{MARK}");
        }
    };
    match value {
        Value::String(text) => marked(text),
        Value::Array(items) => items.iter_mut().for_each(mark),
        Value::Object(map) => {
            for (mut key, mut value) in std::mem::take(map) {
                marked(&mut key);
                mark(&mut value);
                map.insert(key, value);
            }
        }
        _ => {}
    }
}

/// Whether a text contains the mark already; then nothing is marked.
fn has_mark(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(MARK),
        Value::Array(items) => items.iter().any(has_mark),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains(MARK) || has_mark(value)),
        _ => false,
    }
}

/// Writes a scenario as JSON, with every default filled in.
pub fn to_json(scenario: &Scenario) -> String {
    format!("{:#}\n", short(scenario))
}

/// Writes a scenario as RON, with every default filled in.
///
/// # Errors
/// If it is nested more deeply than RON can be read, which never happens for a scenario that was
/// read from a file.
pub fn to_ron(scenario: &Scenario) -> Result<String, WriteError> {
    use ron::extensions::Extensions;
    let extensions = Extensions::IMPLICIT_SOME
        | Extensions::UNWRAP_NEWTYPES
        | Extensions::UNWRAP_VARIANT_NEWTYPES;
    let options = ron::Options::default().with_default_extension(extensions);
    let pretty = ron::ser::PrettyConfig::default().indentor("  ").depth_limit(64);
    options
        .to_string_pretty(scenario, pretty)
        .map(|text| text + "\n")
        .map_err(|error| WriteError(error.to_string()))
}

/// Returns the scenario as a tree with every default, like one that was read from a file.
pub(super) fn to_tree(scenario: &Scenario) -> Node {
    Node::from_json(&short(scenario))
}

/// Returns the scenario as a JSON value in short form.
fn short(scenario: &Scenario) -> Value {
    shorten(
        "",
        serde_json::to_value(scenario)
            .expect("a scenario is plain data, and its maps have names as keys"),
    )
}

/// Replaces long forms by short ones: a constant by its plain value, `call: db.read`, `wait: 2ms`,
/// an endpoint by its list of steps.
fn shorten(under: &str, value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut map: Map<String, Value> = map
                .into_iter()
                .map(|(key, value)| {
                    let value = shorten(&key, value);
                    (key, value)
                })
                .collect();
            if map.len() == 1
                && let Some((key, value)) = map.iter_mut().next()
            {
                let is_short = match key.as_str() {
                    "constant" => value.is_string() || value.is_number(),
                    "for" => under == "wait",
                    "to" => under == "call",
                    "steps" => value.is_array(),
                    _ => false,
                };
                if is_short {
                    return value.take();
                }
            }
            Value::Object(map)
        }
        Value::Array(list) => {
            Value::Array(list.into_iter().map(|value| shorten("", value)).collect())
        }
        other => other,
    }
}

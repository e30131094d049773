//! Scenarios as text: YAML, JSON, RON, with every default filled in. What is written reads back as the same scenario.

use super::Scenario;
use super::text::is_boolean_elsewhere;
use serde_yaml::Value;

/// The scenario as YAML.
///
/// # Errors
/// Only if the writer itself fails, which no scenario is known to cause.
pub fn to_yaml(scenario: &Scenario) -> Result<String, String> {
    let mut tree = short(scenario)?;
    let is_free = !has_mark(&tree);
    if is_free {
        mark(&mut tree);
    }
    let text = serde_yaml::to_string(&tree).map_err(|e| e.to_string())?;
    Ok(if is_free { text.replace(MARK, "\"") } else { text })
}

/// Stands for a quotation mark until the text is written: no name is likely to have it.
const MARK: char = '\u{E000}';

/// Marks the texts that other readers of YAML take for something else, and ours refuses without quotation marks.
fn mark(value: &mut Value) {
    match value {
        Value::String(text) if text == "<<" || is_boolean_elsewhere(text) => *text = format!("{MARK}{text}{MARK}"),
        Value::Sequence(items) => items.iter_mut().for_each(mark),
        Value::Mapping(map) => {
            for (mut key, mut value) in std::mem::take(map) {
                mark(&mut key);
                mark(&mut value);
                map.insert(key, value);
            }
        }
        _ => {}
    }
}

/// Whether a text has the mark already: then it stands for itself.
fn has_mark(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(MARK),
        Value::Sequence(items) => items.iter().any(has_mark),
        Value::Mapping(map) => map.iter().any(|(key, value)| has_mark(key) || has_mark(value)),
        _ => false,
    }
}

/// The scenario as JSON.
///
/// # Errors
/// As [`to_yaml`].
pub fn to_json(scenario: &Scenario) -> Result<String, String> {
    serde_json::to_string_pretty(&short(scenario)?).map(|text| text + "\n").map_err(|e| e.to_string())
}

/// The scenario as RON.
///
/// # Errors
/// As [`to_yaml`].
pub fn to_ron(scenario: &Scenario) -> Result<String, String> {
    use ron::extensions::Extensions;
    let extensions = Extensions::IMPLICIT_SOME | Extensions::UNWRAP_NEWTYPES | Extensions::UNWRAP_VARIANT_NEWTYPES;
    let options = ron::Options::default().with_default_extension(extensions);
    let pretty = ron::ser::PrettyConfig::default().indentor("  ").depth_limit(64);
    options.to_string_pretty(scenario, pretty).map(|text| text + "\n").map_err(|e| e.to_string())
}

/// The scenario as a tree with single-key maps for variants, and constants as plain values.
fn short(scenario: &Scenario) -> Result<Value, String> {
    let tree = serde_yaml::with::singleton_map_recursive::serialize(scenario, serde_yaml::value::Serializer).map_err(|e| e.to_string())?;
    Ok(shorten("", tree))
}

/// Short forms for long ones: a constant as its plain value, `call: db.read`, `wait: 2ms`, an endpoint as its list of steps.
fn shorten(under: &str, value: Value) -> Value {
    match value {
        Value::Mapping(map) => {
            let shortened = map.into_iter().map(|(key, value)| {
                let value = shorten(key.as_str().unwrap_or_default(), value);
                (key, value)
            });
            let mut entries: Vec<(Value, Value)> = shortened.collect();
            if let [(Value::String(key), value)] = entries.as_mut_slice() {
                let is_short = match key.as_str() {
                    "constant" => value.is_string() || value.is_number(),
                    "for" => under == "wait",
                    "to" => under == "call",
                    "steps" => value.is_sequence(),
                    _ => false,
                };
                if is_short {
                    return std::mem::take(value);
                }
            }
            Value::Mapping(entries.into_iter().collect())
        }
        Value::Sequence(list) => Value::Sequence(list.into_iter().map(|value| shorten("", value)).collect()),
        other => other,
    }
}

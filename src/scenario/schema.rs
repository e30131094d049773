//! The JSON Schema of the scenario file, generated from the types. A test compares it with
//! `docs/scenario.schema.json`.

use super::Scenario;

/// Returns the JSON Schema as text with a final line break.
pub fn schema() -> String {
    let mut schema = schemars::schema_for!(Scenario);
    schema.insert("title".into(), "AsyncFlow scenario".into());
    // Top-level keys that begin with `x-` are free for the author's own notes.
    schema.insert("patternProperties".into(), serde_json::json!({ "^x-": true }));
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

//! The JSON Schema of the scenario file, generated from the types. `docs/scenario.schema.json` is
//! this, and a test compares them.

use super::Scenario;

/// The JSON Schema, as text that ends with a line break.
pub fn schema() -> String {
    let mut schema = schemars::schema_for!(Scenario);
    schema.insert("title".into(), "AsyncFlow scenario".into());
    // People's own notes are free everywhere at the top.
    schema.insert("patternProperties".into(), serde_json::json!({ "^x-": true }));
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

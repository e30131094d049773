//! The JSON Schema of the scenario file, generated from the types. A test compares it with
//! `docs/scenario.schema.json`.

use super::Scenario;

/// Returns the JSON Schema as text with a final line break.
pub fn schema() -> String {
    let mut schema = schemars::schema_for!(Scenario);
    schema.insert("title".into(), "AsyncFlow scenario".into());
    // Top-level keys that begin with `x-` are free for the author's own notes.
    schema.insert("patternProperties".into(), serde_json::json!({ "^x-": true }));
    // What a file includes may have what it lacks.
    if let (Some(required), Some(properties)) = (
        schema.remove("required"),
        schema.get_mut("properties").and_then(|all| all.as_object_mut()),
    ) {
        let file = serde_json::json!({ "type": "string" });
        let files = serde_json::json!({
            "description": "Files that this one is put together with; it goes before them.",
            "anyOf": [file, { "type": "array", "items": file }],
        });
        properties.insert("include".into(), files);
        schema.insert("if".into(), serde_json::json!({ "required": ["include"] }));
        schema.insert("else".into(), serde_json::json!({ "required": required }));
    }
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

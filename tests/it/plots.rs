//! The chart: it is well-formed with any name, shows the bottleneck, and has no overlapping labels
//! and no empty panels.

use crate::support::Room;
use std::fs;

/// A text of the chart, with the number of its panel, because coordinates are relative to the
/// panel.
#[derive(Debug)]
struct Text {
    panel: u32,
    left: f64,
    y: f64,
    width: f64,
    words: String,
}

/// Returns the chart of a scenario and its texts.
fn chart(scenario: &str) -> (String, Vec<Text>) {
    let room = Room::new("s.yaml", scenario);
    room.ends("run s.yaml --plots -q -o out", 0);
    let svg = fs::read_to_string(room.path("out/plots.svg")).unwrap();
    let texts = texts(&svg);
    (svg, texts)
}

/// Parses a document just enough to check that it is well-formed XML without custom entities
/// (characters, nesting of tags, ampersands), and returns its texts.
fn texts(svg: &str) -> Vec<Text> {
    let is_char = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(svg.chars().all(is_char), "a character that XML 1.0 does not allow");
    let (mut open, mut texts, mut panel): (Vec<&str>, Vec<Text>, u32) = (Vec::new(), Vec::new(), 0);
    for part in svg.split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("a tag ends");
        for entity in text.split('&').skip(1) {
            assert!(
                ["amp;", "lt;", "gt;", "quot;", "apos;"]
                    .iter()
                    .any(|known| entity.starts_with(known)),
                "&{entity}"
            );
        }
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "tags are properly nested"),
            None if tag.ends_with('/') || tag.starts_with(['?', '!']) => {}
            None => open.push(tag.split(' ').next().unwrap()),
        }
        panel += u32::from(tag.starts_with("g transform"));
        if tag.starts_with("text ") {
            let attribute = |name: &str| {
                tag.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next())
            };
            let number = |name: &str| {
                attribute(name)
                    .and_then(|value| value.trim_end_matches("px").parse::<f64>().ok())
                    .unwrap_or(f64::NAN)
            };
            if attribute("transform").is_none() {
                let width = text.chars().count() as f64 * 0.55 * number("font-size");
                let left = match attribute("text-anchor") {
                    Some("middle") => number("x") - width / 2.0,
                    Some("end") => number("x") - width,
                    _ => number("x"),
                };
                let panel = if open.contains(&"g") { panel } else { 0 };
                texts.push(Text { panel, left, y: number("y"), width, words: text.to_string() });
            }
        }
    }
    assert!(open.is_empty(), "{open:?} is not closed");
    texts
}

#[test]
fn any_name_gives_well_formed_xml() {
    // By the grammar of XML 1.0, these characters must be escaped. Characters that XML does not
    // allow are rejected by the scenario reader.
    let name = "svg & <b> \\\"q\\\" 'p'";
    let (svg, _) = chart(&format!(
        r#"{{"version": 1, "name": "x", "run": {{"duration": "5s", "replications": 2}}, "workload": {{"{name}": {{"to": "svc.ep", "open": {{"rate": "50/s"}}}}}}, "services": {{"svc": {{"endpoints": {{"ep": [{{"cpu": {{"exp": "1ms"}}}}]}}}}}}}}"#
    ));
    assert!(svg.contains("&amp;") && svg.contains("&lt;b&gt;"));
}

#[test]
fn the_chart_shows_the_bottleneck_and_the_faults_without_overlapping_labels() {
    // Thirteen instances; requests queue for the last one in the file. The faults follow each other
    // closely.
    let (svg, texts) = chart(
        "version: 1
run: { duration: 2m, warmup: 20s, replications: 3 }
workload:
  mobile-app-users-in-europe-and-asia: { to: api.x, open: { rate: 80/s } }
  batch: { to: api.slow, open: { rate: 0.5/s } }
services:
  api: { replicas: 12, endpoints: { x: [ cpu: { exp: 8ms }, call: { to: db.q, timeout: 500ms } ], slow: [ cpu: 200ms ] } }
  db: { runtime: { tasks: {} }, max_in_flight: 20, endpoints: { q: [ memory: 10MB, cpu: { exp: 5ms } ] } }
faults:
  - crash: { target: api, count: 6, at: 50s, for: 5s }
  - slow: { target: db, factor: 6x, at: 55s, for: 5s }
  - slow: { target: api, factor: 2x, at: 58s, for: 5s }",
    );
    let has = |expected: &str| texts.iter().any(|text| text.words.contains(expected));
    for expected in [
        "db",
        "warm-up",
        "crash api",
        "slow db",
        "slow api",
        "Requests failed",
        "Memory in use of db",
        "mobile-app-us…d-asia",
        "p95",
        "p99",
    ] {
        assert!(has(expected), "{expected}: {svg}");
    }
    // Nothing awaits I/O here, so there is no panel for it.
    assert!(!has("Awaiting I/O"));
    for (index, a) in texts.iter().enumerate() {
        for b in &texts[..index] {
            let beside = a.left + a.width <= b.left || b.left + b.width <= a.left;
            assert!(
                a.panel != b.panel || beside || (a.y - b.y).abs() >= 8.0,
                "{a:?} overlaps {b:?}"
            );
        }
    }
}

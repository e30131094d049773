//! The notations against one another, and against random input.

mod alias;
mod read;
mod ron;
mod yaml;

use super::*;

/// A small scenario in YAML.
pub const YAML: &str = r#"version: 1
name: "hällo – ünïcode"
run: { duration: 10m, confidence: 95%, replications: 20, extra: null }
services:
  api:
    replicas: 2
    balance: round_robin
    endpoints:
      GET /hello:
        - cpu: { lognormal: { mean: 5ms, cv: 1.2 } }
        - wait: { exp: 3ms }
        - memory: { uniform: [1MiB, 2MiB] }
        - call: { to: db.read, timeout: 800ms }
        - fail: { p: 1%, status: -500, live: true }
"#;

/// The same scenario in RON.
pub const RON: &str = r##"#![enable(implicit_some)]
// A comment.
Scenario(
    version: 1,
    name: "h\u{e4}llo – ünïcode",
    run: Some((duration: "10m", confidence: r#"95%"#, replications: 0x14, extra: None)),
    services: {
        "api": (
            replicas: 2, /* two /* nested */ */
            balance: round_robin,
            endpoints: {
                "GET /hello": [
                    cpu(lognormal(mean: "5ms", cv: 1.2)),
                    wait(exp("3ms")),
                    memory(uniform("1MiB", "2MiB")),
                    call(to: ("db.read"), timeout: "800ms"),
                    fail((p: "1%", status: -500, live: true)),
                ],
            },
        ),
    },
)
"##;

/// The same scenario in JSON, indented by tabs.
const JSON: &str = "{\n\t\"version\": 1,\n\t\"name\": \"h\\u00e4llo – ünïcode\",\n\t\"run\": {\"duration\": \"10m\", \"confidence\": \"95%\", \"replications\": 20, \"extra\": null},\n\t\"services\": {\"api\": {\n\t\t\"replicas\": 2,\n\t\t\"balance\": \"round_robin\",\n\t\t\"endpoints\": {\"GET /hello\": [\n\t\t\t{\"cpu\": {\"lognormal\": {\"mean\": \"5ms\", \"cv\": 1.2}}},\n\t\t\t{\"wait\": {\"exp\": \"3ms\"}}, {\"memory\": {\"uniform\": [\"1MiB\", \"2MiB\"]}},\n\t\t\t{\"call\": {\"to\": \"db.read\", \"timeout\": \"800ms\"}}, {\"fail\": {\"p\": \"1%\", \"status\": -500, \"live\": true}}\n\t\t]}\n\t}}\n}\n";

/// Parses a text and drops all places.
pub fn values(text: &str, format: Format) -> Node {
    let mut tree = parse(text, format).unwrap();
    tree.forget_places();
    tree
}

/// Returns message, help and the text at the place of each syntax error.
pub fn wrong(text: &str, format: Format) -> Vec<(String, String, String)> {
    let problems = parse(text, format).unwrap_err();
    let place = |problem: &Problem| {
        problem.place.clone().map_or(String::new(), |place| text[place].to_string())
    };
    problems
        .iter()
        .map(|problem| {
            (problem.what.clone(), problem.help.clone().unwrap_or_default(), place(problem))
        })
        .collect()
}

#[test]
fn the_same_scenario_is_the_same_tree_in_every_notation() {
    // The three texts above are equal by eye.
    assert_eq!(values(YAML, Format::Yaml), values(RON, Format::Ron));
    assert_eq!(values(YAML, Format::Yaml), values(JSON, Format::Json));
    let slice = |path| &YAML[parse(YAML, Format::Yaml).unwrap().place(path).unwrap()];
    assert_eq!(slice("services.api.endpoints.GET /hello[3].call.timeout"), "800ms");
    let slice = |path| &RON[parse(RON, Format::Ron).unwrap().place(path).unwrap()];
    assert_eq!(slice("services.api.endpoints.GET /hello[3].call.timeout"), "\"800ms\"");
    assert_eq!(
        slice("services.api.endpoints.GET /hello[0].cpu"),
        "lognormal(mean: \"5ms\", cv: 1.2)"
    );
    assert_eq!(slice("services.api"), "\"api\"");
}

#[test]
fn the_notation_follows_from_the_file_extension() {
    // docs/scenario-file.md: YAML, JSON and RON.
    let of = |name: &str| Format::of(Path::new(name));
    assert_eq!(
        (of("a.yaml"), of("b/a.YML"), of("a.ron")),
        (Some(Format::Yaml), Some(Format::Yaml), Some(Format::Ron))
    );
    assert_eq!((of("a.json"), of("a.toml"), of("yaml")), (Some(Format::Json), None, None));
}

#[test]
fn invalid_utf8_is_rejected_with_its_line() {
    // The invalid byte is on the third line.
    assert_eq!(decode(b"\xEF\xBB\xBFa: 1"), Ok("a: 1"));
    assert_eq!(
        decode(b"a: 1\nb: 2\nc: \xFF").unwrap_err().what,
        "the file is not UTF-8 text: line 3 contains an invalid byte"
    );
}

#[test]
fn empty_oversized_and_deeply_nested_files_are_rejected_quickly_in_both_notations() {
    // The limits of this module; 20,000 brackets must cost neither recursion nor seconds.
    for format in [Format::Yaml, Format::Ron] {
        let words =
            |text: &str| wrong(text, format).into_iter().map(|(what, ..)| what).collect::<Vec<_>>();
        let large = words(&"a".repeat(LARGEST + 1));
        assert_eq!(large, ["the file is larger than 1 MiB, the largest scenario"]);
        assert_eq!(words(" \n"), ["the file is empty"]);
        assert_eq!(
            words(&"[".repeat(20_000)),
            ["lists and groups nest deeper than 64 levels here"]
        );
        assert_eq!(
            words(&format!("{}{}", "[".repeat(65), "]".repeat(65))),
            ["lists and groups nest deeper than 64 levels here"]
        );
        assert!(parse(&format!("{}{}", "[".repeat(64), "]".repeat(64)), format).is_ok());
        assert_eq!(
            words(&format!("[{}]", "1,".repeat(200_001))),
            ["the file contains more than 200,000 values, the maximum"]
        );
    }
    assert_eq!(wrong("# note\n---\n", Format::Yaml)[0].0, "the file is empty");
    assert_eq!(wrong("// note", Format::Ron)[0].0, "the file is empty");
}

/// SplitMix64: a deterministic stream of numbers.
struct Stream(u64);

impl Stream {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as usize % limit
    }
}

#[test]
fn no_input_makes_a_parser_panic_or_point_outside_the_text() {
    // A property of every input: 20,000 random, cut and damaged texts per notation.
    let signs: Vec<char> =
        "{}[]()<>:,.-_\"'\\#!&*?|>%@`~ \n\t\r019aexnrbSomeN+/é🦀\u{85}\u{feff}\u{0}"
            .chars()
            .collect();
    let mut stream = Stream(7);
    for format in [Format::Yaml, Format::Ron] {
        let sample: Vec<char> = if format == Format::Ron { RON } else { YAML }.chars().collect();
        for case in 0..20_000 {
            let text: String = match case % 3 {
                0 => (0..stream.below(40)).map(|_| signs[stream.below(signs.len())]).collect(),
                1 => sample[..stream.below(sample.len())].iter().collect(),
                _ => {
                    let mut damaged = sample.clone();
                    for _ in 0..1 + stream.below(4) {
                        let at = stream.below(damaged.len());
                        damaged[at] = signs[stream.below(signs.len())];
                    }
                    damaged.into_iter().collect()
                }
            };
            let problems = match parse(&text, format) {
                Ok(tree) => {
                    let (_, errors) = super::read::<std::collections::BTreeMap<String, u8>>(&tree);
                    errors.into_iter().map(|error| error.problem).collect()
                }
                Err(problems) => problems,
            };
            for problem in problems {
                assert!(problem.place.is_none_or(|place| text.get(place).is_some()), "{text:?}");
            }
        }
    }
}

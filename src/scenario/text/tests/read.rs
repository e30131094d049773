//! Deserialisation of types: all errors at once, each with its path, place, message and help.

use super::{Format, RON, YAML, parse};
use crate::scenario::text::{Found, Kind, Wanted, read};
use crate::units::Span;
use serde::Deserialize;
use serde::de::{Deserializer, EnumAccess, Error, VariantAccess, Visitor};
use std::collections::BTreeMap;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    name: Option<String>,
    #[serde(default)]
    weight: f64,
    #[serde(default)]
    services: BTreeMap<String, Service>,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    replicas: u32,
    #[serde(default)]
    balance: Balance,
    timeout: Option<Span>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Balance {
    #[default]
    RoundRobin,
    Random,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Cpu(Length),
    Wait { exp: Span },
    Call(Call),
    Uniform(Span, Span),
    Stop,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    to: String,
    request: Option<String>,
    response: Option<String>,
    timeout: Option<Span>,
}

/// A bare span or `constant: span`, read like a distribution.
#[derive(Debug, PartialEq)]
struct Length(Span);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Length, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Length;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a length")
            }
            fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Length, A::Error> {
                let (tag, content) = access.variant::<Tag>()?;
                match tag.0 {
                    Some(span) => content.unit_variant().map(|()| Length(span)),
                    None => content.newtype_variant().map(Length),
                }
            }
        }
        from.deserialize_enum("Length", &["constant"], Words)
    }
}

struct Tag(Option<Span>);

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Tag, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = Tag;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a length such as `5ms`")
            }
            fn visit_str<E: Error>(self, word: &str) -> Result<Tag, E> {
                match word {
                    "constant" => Ok(Tag(None)),
                    _ if word.starts_with(|c: char| c.is_ascii_digit()) => {
                        word.parse().map(|span| Tag(Some(span))).map_err(E::custom)
                    }
                    _ => Err(E::unknown_variant(word, &["constant"])),
                }
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Tag, E> {
                number.to_string().parse().map(|span| Tag(Some(span))).map_err(E::custom)
            }
        }
        from.deserialize_identifier(Words)
    }
}

/// Returns path, message, help and the text at the place of each error.
fn reported<T: serde::de::DeserializeOwned>(text: &str) -> Vec<[String; 4]> {
    let tree = parse(text, Format::Yaml).unwrap();
    let (value, problems) = read::<T>(&tree);
    assert_eq!(value.is_none(), !problems.is_empty());
    let place = |place: Option<std::ops::Range<usize>>| {
        place.map_or(String::new(), |place| text[place].to_string())
    };
    problems
        .into_iter()
        .map(|error| error.problem)
        .map(|p| [p.path, p.what, p.help.unwrap_or_default(), place(p.place)])
        .collect()
}
fn one(text: &str) -> [String; 4] {
    let reported = reported::<File>(&format!("version: 1\n{text}"));
    assert_eq!(reported.len(), 1, "{reported:?}");
    reported.into_iter().next().unwrap()
}

#[test]
fn a_valid_file_reads_as_its_type_in_both_notations() {
    // The values by eye.
    let yaml = "version: 1\nweight: 2\nservices:\n  api: { replicas: 2, timeout: 5ms }\nsteps:\n  - cpu: 2ms\n  - cpu: { constant: 2ms }\n  - wait: { exp: 3ms }\n  - call: { to: db.read }\n  - uniform: [1ms, 2ms]\n  - stop\n";
    let ron = "(version: 1, weight: 2, services: {\"api\": (replicas: 2, timeout: Some(\"5ms\"))}, steps: [cpu(\"2ms\"), cpu(constant(\"2ms\")), wait(exp: \"3ms\"), call(to: \"db.read\"), uniform(\"1ms\", \"2ms\"), stop])";
    let of = |text, format| read::<File>(&parse(text, format).unwrap()).0.unwrap();
    let file = of(yaml, Format::Yaml);
    assert_eq!(file, of(ron, Format::Ron));
    let ms = |ms: u64| Span(ms * 1_000_000);
    assert_eq!(file.weight, 2.0);
    assert_eq!(
        file.services["api"],
        Service { replicas: 2, balance: Balance::RoundRobin, timeout: Some(ms(5)) }
    );
    let call = Call { to: "db.read".into(), request: None, response: None, timeout: None };
    let wait = Step::Wait { exp: ms(3) };
    let steps = [
        Step::Cpu(Length(ms(2))),
        Step::Cpu(Length(ms(2))),
        wait,
        Step::Call(call),
        Step::Uniform(ms(1), ms(2)),
        Step::Stop,
    ];
    assert_eq!(file.steps, steps);
}

#[test]
fn an_unknown_field_is_reported_with_the_known_ones() {
    // The messages are fixed here.
    assert_eq!(
        one("steps:\n  - call: { to: db.read, timeoutt: 200ms }\n"),
        [
            "steps[0].call.timeoutt",
            "unknown field `timeoutt`, expected one of `to`, `request`, `response`, `timeout`",
            "did you mean `timeout`?",
            "timeoutt"
        ]
    );
}

#[test]
fn every_phrase_of_serde_is_told_in_plain_words() {
    // The messages are fixed here; places and paths by eye.
    assert_eq!(one("name: 5"), ["name", "expected text, found the number `5`", "", "5"]);
    assert_eq!(one("name: [5]"), ["name", "expected text, found a list", "", "[5]"]);
    assert_eq!(
        one("name:\n  a: 5\n  b: 6"),
        ["name", "expected text, found a group of fields", "", "name"]
    );
    assert_eq!(one("name: true"), ["name", "expected text, found `true`", "", "true"]);
    assert_eq!(
        one("services:"),
        ["services", "expected a group of fields, found nothing", "", "services"]
    );
    assert_eq!(
        one("services:\n  api: [1]"),
        ["services.api", "expected a group of fields, found a list", "", "[1]"]
    );
    assert_eq!(one("steps: 2ms"), ["steps", "expected a list, found the text `2ms`", "", "2ms"]);
    assert_eq!(
        one("weight: .nan"),
        ["weight", "expected a finite number, found `NaN`", "", ".nan"]
    );
    assert_eq!(one("weight: a"), ["weight", "expected a number, found the text `a`", "", "a"]);
    let replicas = "services.api.replicas";
    let whole = "expected a whole number, found the number";
    assert_eq!(
        one("services: { api: { replicas: -1 } }"),
        [replicas, &format!("{whole} `-1`"), "", "-1"]
    );
    assert_eq!(
        one("services: { api: { replicas: 1.0 } }"),
        [replicas, &format!("{whole} `1.0`"), "", "1.0"]
    );
    assert_eq!(
        one("services:\n  api:\n    balance: random"),
        ["services.api", "`replicas` is missing here", "", "api"]
    );
    let unit = "write `5ms` or `5s`";
    assert_eq!(
        one("services: { api: { replicas: 1, timeout: 5 } }"),
        ["services.api.timeout", "`5` has no unit", unit, "5"]
    );
    assert_eq!(one("steps: [ cpu: 5 ]"), ["steps[0].cpu", "`5` has no unit", unit, "5"]);
    assert_eq!(
        one("steps: [ uniform: [1ms] ]"),
        ["steps[0].uniform", "expected a list of 2 values, found 1 value", "", "[1ms]"]
    );
    assert_eq!(
        one("steps: [ uniform: [1ms, 2ms, 3ms] ]")[1],
        "expected a list of 2 values, found 3 values"
    );
    assert_eq!(
        reported::<File>("name: a")[0],
        ["", "`version` is missing here", "", "name"].map(String::from)
    );
}

#[test]
fn a_missing_or_doubled_variant_is_reported_with_help() {
    // docs/scenario-file.md: a variant is a map with one key.
    let kinds = "expected one of `cpu`, `wait`, `call`, `uniform`, `stop`";
    assert_eq!(
        one("steps:\n  - cpuu: 2ms"),
        ["steps[0].cpuu", &format!("unknown word `cpuu`, {kinds}"), "did you mean `cpu`?", "cpuu"]
    );
    assert_eq!(
        one("steps: [stopp]"),
        ["steps[0]", &format!("unknown word `stopp`, {kinds}"), "did you mean `stop`?", "stopp"]
    );
    assert_eq!(one("steps: [0]")[1], format!("unknown word `0`, {kinds}"));
    assert_eq!(one("steps: [cpu]"), ["steps[0]", "`cpu` needs its value", "write `cpu: …`", "cpu"]);
    assert_eq!(
        one("steps: [stop: 1]"),
        ["steps[0].stop", "`stop` takes no value", "write `stop` alone", "1"]
    );
    let exactly = "expected exactly one of `cpu`, `wait`, `call`, `uniform`, `stop` here, found";
    let item = "make each of them a list item of its own";
    assert_eq!(
        one("steps:\n  - cpu: 2ms\n    stop:"),
        ["steps[0]", &format!("{exactly} `cpu`, `stop`"), item, "cpu"]
    );
    assert_eq!(one("steps: [{}]"), ["steps[0]", &format!("{exactly} none"), "write one key", "{}"]);
    assert_eq!(one("steps: [~]")[1], format!("{exactly} nothing"));
    let constant = "expected a length, found `constant`, `b`";
    assert_eq!(one("steps: [ cpu: { constant: 2ms, b: 1 } ]")[1..3], [constant, "write one key"]);
}

#[test]
fn errors_have_a_kind_with_the_parts_of_their_message() {
    // One of each kind, by eye.
    let kind = |text: &str| {
        let tree = parse(&format!("version: 1\n{text}"), Format::Yaml).unwrap();
        read::<File>(&tree).1.remove(0).kind
    };
    let wrong_type = |expected, found| Kind::WrongType { expected, found };
    let (api, keys) = ("services: { api: {} }", ["cpu", "stop"].map(String::from).to_vec());
    assert_eq!(kind(api), Kind::Missing("replicas"));
    assert_eq!(kind("steps: [cpu]"), Kind::NeedsValue("cpu".into()));
    assert_eq!(kind("steps: [ cpu: 5 ]"), Kind::Other);
    assert_eq!(kind("name: 5"), wrong_type(Wanted::Text, Found::Number("5".into())));
    assert_eq!(kind("weight: .inf"), wrong_type(Wanted::Finite, Found::Other("`inf`".into())));
    assert_eq!(
        kind("steps: [ uniform: [1ms] ]"),
        wrong_type(Wanted::Values("2".into()), Found::Values(1))
    );
    assert_eq!(
        kind("steps: [ cpu: [] ]"),
        wrong_type(Wanted::Other("a length".into()), Found::List)
    );
    assert!(
        matches!(kind("steps: [ { cpu: 1ms, stop: } ]"), Kind::WrongType { expected: Wanted::OneOf(all), found: Found::Keys(found) } if all.len() == 5 && found == keys)
    );
    let Kind::Unknown { word, expected } = kind("title: a") else { panic!("an unknown field") };
    assert_eq!((word.as_str(), expected[1]), ("title", "name"));
}

#[test]
fn all_mistakes_of_a_file_are_reported_at_once_without_consequential_errors() {
    // Six mistakes by eye, in the order of the file; `replicas` is missing only because it is
    // misspelt, `to` because it is wrong.
    let text = "version: one\nname: 7\nservices:\n  api: { replica: 2, balance: randm }\n  db: { replicas: 1 }\nsteps:\n  - cpu: 2ms\n  - call: { to: 5 }\n  - wait: { exp: 3 }\n";
    let paths: Vec<String> = reported::<File>(text).into_iter().map(|[path, ..]| path).collect();
    assert_eq!(
        paths,
        [
            "version",
            "name",
            "services.api.replica",
            "services.api.balance",
            "steps[1].call.to",
            "steps[2].wait.exp"
        ]
    );
}

#[test]
fn at_most_fifty_problems_are_reported() {
    // MOST_PROBLEMS.
    let text = format!("version: 1\nsteps: [{}]", "x, ".repeat(100));
    assert_eq!(reported::<File>(&text).len(), 50);
}

#[test]
fn a_whole_scenario_reads_into_any_shape() {
    // serde_json's value accepts every tree; both notations yield the same.
    let json = |text, format| read::<serde_json::Value>(&parse(text, format).unwrap()).0.unwrap();
    assert_eq!(json(YAML, Format::Yaml), json(RON, Format::Ron));
    assert_eq!(json(YAML, Format::Yaml)["services"]["api"]["replicas"], 2);
}

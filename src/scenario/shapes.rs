//! Alternative forms that people write: if a form has only one meaning, it is converted to the form
//! that the reader expects.
//!
//! `exp: { mean: 5ms }` is `exp: 5ms`, `uniform: { min, max }` is `[min, max]`,
//! `normal: [5ms, 1ms]` is mean and sd, `queue: 200` is its `max`, `batch: 10` its `size`,
//! `fail: 1%` its `p`; weights in per cent are weights if they add up to 100 %, `cpu: 1_000` is a
//! number. Values keep their places in the text. An ambiguous form is left unchanged, and the
//! reader refuses it with the line to write.
//! Tests: here, and `tests/corpus/people/inputs.txt`.

use super::text::{Entry, Node, Value};
use crate::problem::{Problem, Severity};

/// Converts every known form below a node; reports weights in per cent that do not add up.
pub(super) fn convert(node: &mut Node, problems: &mut Vec<Problem>) {
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| convert(item, problems)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| {
            // The keys of a mix are always names: `mix: { queue: 3, api.x: 1 }`.
            if !is_mix(entry) {
                convert(&mut entry.value, problems);
            }
            convert_entry(entry, problems);
        }),
        _ => {}
    }
}

/// Whether an entry is the `mix` of a workload, not a service of that name.
fn is_mix(entry: &Entry) -> bool {
    entry.key == "mix"
        && matches!(&entry.value.value, Value::Map(entries) if entries.iter().all(|entry| is_plain(&entry.value)))
}

fn convert_entry(Entry { key, key_span, value }: &mut Entry, problems: &mut Vec<Problem>) {
    let (span, tall, used) = (value.span.clone(), value.tall, value.used.clone());
    let field = match key.as_str() {
        "queue" => "max",
        "batch" => "size",
        "fail" if matches!(&value.value, Value::Text(text) if percent(text).is_some()) => "p",
        _ => "",
    };
    if !field.is_empty() && is_plain(value) {
        *value = group_of(field, value);
        return;
    }
    let converted = match (key.as_str(), &mut value.value) {
        ("exp", Value::Map(entries)) => match entries.as_mut_slice() {
            [mean] if mean.key == "mean" && is_plain(&mean.value) => {
                Some(std::mem::replace(&mut mean.value, Node::new(Value::Null)))
            }
            _ => None,
        },
        ("uniform", Value::Map(entries)) => match entries.as_slice() {
            [a, b] if is_plain(&a.value) && is_plain(&b.value) => {
                let ends = [["min", "max"], ["lo", "hi"], ["low", "high"], ["from", "to"]];
                let (straight, turned) =
                    (ends.contains(&[&a.key, &b.key]), ends.contains(&[&b.key, &a.key]));
                let list = if straight {
                    vec![a.value.clone(), b.value.clone()]
                } else {
                    vec![b.value.clone(), a.value.clone()]
                };
                (straight || turned).then(|| Node {
                    span: span.clone(),
                    tall,
                    used: None,
                    value: Value::List(list),
                })
            }
            _ => None,
        },
        ("normal", Value::List(items)) => match items.as_slice() {
            [mean, sd] if is_plain(mean) && is_plain(sd) => {
                let entry = |key: &str, value: &Node| Entry {
                    key: key.to_string(),
                    key_span: 0..0,
                    value: value.clone(),
                };
                Some(Node {
                    span: span.clone(),
                    tall,
                    used: None,
                    value: Value::Map(vec![entry("mean", mean), entry("sd", sd)]),
                })
            }
            _ => None,
        },
        ("mix", Value::Map(entries)) => {
            weights(entries.iter_mut().map(|entry| &mut entry.value).collect(), key_span, problems);
            None
        }
        ("mixture", Value::List(items)) => {
            let parts = items.iter_mut().filter_map(|item| match &mut item.value {
                Value::Map(entries) => {
                    entries.iter_mut().find(|entry| entry.key == "w").map(|entry| &mut entry.value)
                }
                _ => None,
            });
            weights(parts.collect(), key_span, problems);
            None
        }
        _ => None,
    };
    if let Some(converted) = converted {
        *value = converted;
        value.used = value.used.take().or(used);
    }
}

/// Whether a node is a number, or a text that begins like a quantity.
fn is_plain(node: &Node) -> bool {
    match &node.value {
        Value::Unsigned(_) | Value::Signed(_) | Value::Float(_) => true,
        Value::Text(text) => text.trim_start().starts_with(|c: char| c.is_ascii_digit()),
        _ => false,
    }
}

/// Returns a group with a value as its only field.
fn group_of(field: &str, value: &Node) -> Node {
    let entry = Entry { key: field.to_string(), key_span: 0..0, value: value.clone() };
    Node { value: Value::Map(vec![entry]), ..value.clone() }
}

/// Parses a number followed by `%`.
fn percent(text: &str) -> Option<f64> {
    let number = text.trim().strip_suffix('%')?.trim_end();
    number.parse().ok().filter(|n: &f64| {
        n.is_finite() && *n >= 0.0 && number.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// Converts shares in per cent to weights, if all values are shares; reports those that do not add
/// up to 100 %.
fn weights(values: Vec<&mut Node>, place: &std::ops::Range<usize>, problems: &mut Vec<Problem>) {
    let shares: Option<Vec<f64>> = values
        .iter()
        .map(|node| if let Value::Text(text) = &node.value { percent(text) } else { None })
        .collect();
    let Some(shares) = shares.filter(|shares| !shares.is_empty()) else { return };
    let sum: f64 = shares.iter().sum();
    if (sum - 100.0).abs() > 0.5 {
        let sum = (sum * 1e3).round() / 1e3;
        let mut problem = Problem::new(
            Severity::Error,
            "",
            format!("these shares add up to {sum}%, not to 100%"),
        );
        problem.place = Some(place.clone()).filter(|place| !place.is_empty());
        problems.push(
            problem.help(
                "make them add up to 100%, or write weights without `%`, such as `3` and `1`",
            ),
        );
    }
    for (node, share) in values.into_iter().zip(shares) {
        node.value = if share.fract() == 0.0 && share <= 100.0 {
            Value::Unsigned(share as u64)
        } else {
            Value::Float(share)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::text::{Format, parse};

    fn converted(text: &str) -> (serde_json::Value, Vec<Problem>) {
        let (mut tree, mut problems) = (parse(text, Format::Yaml).unwrap(), Vec::new());
        convert(&mut tree, &mut problems);
        (tree.to_json(), problems)
    }

    #[test]
    fn a_shape_that_means_one_thing_becomes_the_form_that_is_read() {
        // Left: as people write it; right: the form of the format.
        for (written, meant) in [
            ("exp: { mean: 5ms }", "exp: 5ms"),
            ("uniform: { max: 9ms, min: 1ms }", "uniform: [1ms, 9ms]"),
            ("normal: [5ms, 1ms]", "normal: { mean: 5ms, sd: 1ms }"),
            ("queue: 200", "queue: { max: 200 }"),
            ("batch: 10", "batch: { size: 10 }"),
            ("fail: 1%", "fail: { p: 1% }"),
            ("mix: { a.x: 60%, a.y: 39.9%, a.z: 0.1% }", "mix: { a.x: 60, a.y: 39.9, a.z: 0.1 }"),
            (
                "mixture: [ { w: 95%, is: 1ms }, { w: 5 %, is: 9ms } ]",
                "mixture: [ { w: 95, is: 1ms }, { w: 5, is: 9ms } ]",
            ),
        ] {
            let (left, problems) = converted(written);
            assert_eq!((left, problems.len()), (converted(meant).0, 0), "{written}");
        }
    }

    #[test]
    fn an_ambiguous_form_or_an_endpoint_name_stays() {
        // An endpoint named like a distribution contains steps; a mean and a standard deviation fit
        // several distributions; 40 % next to a plain weight is undefined.
        for text in [
            "normal: [ cpu: 1ms, wait: 2ms ]",
            "cpu: { mean: 5ms, sd: 1ms }",
            "exp: { rate: 5/s }",
            "mix: { a.x: 40%, a.y: 3 }",
            "mix: { queue: 3, batch: 1, fail: 2 }",
        ] {
            assert_eq!(converted(text).0, parse(text, Format::Yaml).unwrap().to_json(), "{text}");
        }
        let (_, problems) = converted("mix: { a.x: 40%, a.y: 40% }");
        assert_eq!(problems[0].what, "these shares add up to 80%, not to 100%");
    }
}

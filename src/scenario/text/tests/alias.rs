//! Anchors, aliases and merge keys: their values, their places, and their limits.

use super::{parse, values, wrong};
use crate::scenario::text::Format::Yaml;

fn same(with: &str, without: &str) {
    assert_eq!(values(with, Yaml).to_json(), values(without, Yaml).to_json(), "{with}");
}

#[test]
fn an_alias_has_the_value_of_its_anchor() {
    // Written out by hand; `&id001` is how PyYAML marks repeated values.
    same("a: &x 5ms\nb: *x\n", "a: 5ms\nb: 5ms\n");
    same(
        "a: &id001\n- 1\n- k: 2\nb: *id001\nc: [*id001]\n",
        "a: [1, {k: 2}]\nb: [1, {k: 2}]\nc: [[1, {k: 2}]]\n",
    );
    same("a: &x { b: &y 1, c: *y }\nd: *x\n", "a: { b: 1, c: 1 }\nd: { b: 1, c: 1 }\n");
    same("&k key: 1\nb: *k\n", "key: 1\nb: key\n");
    same("a: &x \"quoted\"\nb: *x # note\nc: &x 2\nd: *x\n", "a: quoted\nb: quoted\nc: 2\nd: 2\n");
}

#[test]
fn a_merge_key_adds_entries_that_the_group_does_not_have() {
    // The rule of YAML 1.1's merge type: own entries first, then the groups in their order.
    same("a: &a { x: 1, w: 2 }\nb: { <<: *a, w: 3 }\n", "a: { x: 1, w: 2 }\nb: { x: 1, w: 3 }\n");
    same(
        "a: &a { x: 1 }\nb: &b { x: 2, w: 2 }\nc: { <<: [*a, *b], z: 3 }\n",
        "a: { x: 1 }\nb: { x: 2, w: 2 }\nc: { x: 1, w: 2, z: 3 }\n",
    );
    same("a:\n  <<: { x: 1 }\n", "a:\n  x: 1\n");
    assert_eq!(
        wrong("a: &a 5\nb: { <<: *a }\n", Yaml)[0].0,
        "`<<` takes a group of fields, or a list of groups"
    );
    assert_eq!(values("\"<<\": 1\n", Yaml).to_json().to_string(), "{\"<<\":1}");
}

#[test]
fn an_expanded_alias_has_both_places() {
    // Slices by eye.
    let text = "a: &x { b: 1 }\nc: *x\n";
    let tree = parse(text, Yaml).unwrap();
    assert_eq!(
        (&text[tree.place("c.b").unwrap()], &text[tree.used_at("c.b").unwrap()]),
        ("1", "*x")
    );
    assert_eq!(tree.used_at("a.b"), None);
}

#[test]
fn expansion_of_aliases_is_limited() {
    // 10 lines of nine aliases each are 9^10 values; 200 aliases of 10 KB are 2 MB of text.
    let mut laughs = "a0: &a0 [x]\n".to_string();
    (1..=10).for_each(|n| {
        laughs += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "))
    });
    assert!(wrong(&laughs, Yaml)[0].0.contains("200,000 values"));
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(10_000), vec!["*a"; 200].join(", "));
    assert_eq!(wrong(&long, Yaml)[0].0, "aliases repeat more than 1 MiB of text");
    let mut deep = "a0: &a0 [x]\n".to_string();
    (1..=80).for_each(|n| deep += &format!("a{n}: &a{n} [*a{}]\n", n - 1));
    assert!(wrong(&deep, Yaml)[0].0.contains("deeper than 64"));
    assert!(wrong("a: &a [1, *a]\n", Yaml)[0].0.contains("is inside the value that it repeats"));
}

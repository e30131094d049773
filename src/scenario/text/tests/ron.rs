//! The RON parser: every construct against its YAML equivalent, and every error.

use super::{values, wrong};
use crate::scenario::text::Format::{Ron, Yaml};

#[test]
fn every_construct_equals_its_yaml() {
    // The right column is the meaning of the left one: a variant is a map with one key
    // (docs/scenario-file.md).
    for (ron, yaml) in [
        ("(a: 1, b: -2, c: 1.5)", "{ a: 1, b: -2, c: 1.5 }"),
        ("Scenario(a: 1)", "{ a: 1 }"),
        ("Scenario()", "{}"),
        ("(a: Some(1), b: None, c: ())", "{ a: 1, b: null, c: {} }"),
        ("(a: Some((b: 1)))", "{ a: { b: 1 } }"),
        ("(a: poisson, r#b: r#c)", "{ a: poisson, b: c }"),
        ("(a: exp(\"3ms\"))", "{ a: { exp: 3ms } }"),
        ("(a: lognormal(mean: \"5ms\", cv: 1.2,))", "{ a: { lognormal: { mean: 5ms, cv: 1.2 } } }"),
        ("(a: lognormal((mean: \"5ms\")))", "{ a: { lognormal: { mean: 5ms } } }"),
        (
            "[cpu(constant(\"2ms\")), event_loop()]",
            "[ { cpu: { constant: 2ms } }, { event_loop: {} } ]",
        ),
        (
            "[uniform(\"1ms\", \"2ms\"), mixture([(w: 1)])]",
            "[ { uniform: [1ms, 2ms] }, { mixture: [ { w: 1 } ] } ]",
        ),
        ("[(1), (1, 2), [], {}]", "[ 1, [1, 2], [], {} ]"),
        ("{ \"a -> b\": true, c: 'x', 5: false }", "{ a -> b: true, c: x, '5': false }"),
        (
            "[1_000, 0xFF, 0b11, 0o17, 5u8, -5i64, 2.5f32, 1e3, .5, +1]",
            "[1000, 255, 3, 15, 5, -5, 2.5, 1000.0, 0.5, 1]",
        ),
        (
            "[18446744073709551615, -9223372036854775808]",
            "[18446744073709551615, -9223372036854775808]",
        ),
        (r#"["a\n\t\"\\\u{e9}\xC3\xA9", '\'', r"x\y"]"#, r#"["a\n\t\"\\éé", "'", 'x\y']"#),
        ("[\"a\\\n   b\", r##\"x\"#y\"##, \"/*\"]", "[ab, 'x\"#y', '/*']"),
        (
            "#![enable(implicit_some)]\n#![enable(unwrap_newtypes)]\n/* /* nested */ */ ( // note\n a /* x */ : 1 // end",
            "{ a: 1 }",
        ),
    ] {
        let ron = if ron.ends_with("// end") { format!("{ron}\n)") } else { ron.to_string() };
        assert_eq!(values(&ron, Ron), values(yaml, Yaml), "{ron}");
    }
}

#[test]
fn every_error_has_message_help_and_place() {
    // The messages are fixed here, the places by eye.
    let first = |text: &str| wrong(text, Ron).into_iter().next().unwrap();
    let three = |what: &str, help: &str, place: &str| {
        (what.to_string(), help.to_string(), place.to_string())
    };
    let twice = "it is first given on line 2; keep one of them";
    assert_eq!(first("(\n ä: 1,\n ä: 2)"), three("the key `ä` is given twice", twice, "ä"));
    assert_eq!(
        first("{\n \"b\": 1,\n \"b\": 2}"),
        three("the key `b` is given twice", twice, "\"b\"")
    );
    assert_eq!(wrong("(a: (b: 1, b: 2), c: (d: 1, d: 2))", Ron).len(), 2);
    assert_eq!(
        first("(a: b\"x\")"),
        three("byte strings are not allowed", "write text: `\"…\"`", "b\"x\"")
    );
    assert_eq!(
        first("(a: 1..2)"),
        three("ranges are not allowed", "write a list: `[1, 2]`", "1..2")
    );
    assert_eq!(first("{ [1]: 2 }"), three("a key must be text", "quote it: `\"…\"`", "["));
    assert_eq!(
        first("(a: 1,\n b: \"ä\"\n c: 2)"),
        three("a `,` or `)` is missing before this", "", "c:")
    );
    assert_eq!(
        first("(a: 1"),
        three("the file ends too early", "the `(` on line 1 is not closed", "1")
    );
    assert_eq!(
        first("(a: [1)"),
        three("this bracket does not match", "the `[` on line 1 is still open", ")")
    );
    assert_eq!(first("(a: 1) x"), three("there is text after the end of the scenario", "", "x"));
    let quote = "this quoted text does not end on its line";
    assert_eq!(first("(a: \"x)"), three(quote, "add the closing quote", "\"x)"));
    assert_eq!(first("(a: \"x,\n b: \"y\")"), three(quote, "add the closing quote", "\"x,"));
    assert_eq!(
        first("(a 1)"),
        three("a `:` is missing before this", "a field is written `a: VALUE`", "1")
    );
    assert_eq!(first("(a: 5ms)").0, "`5ms` is not a number");
    assert_eq!(first("(a: '\\q')").0, "this is not valid RON: unknown escape character");
}

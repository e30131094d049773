//! The YAML parser: errors, plain words, places.

use super::{parse, values, wrong};
use crate::scenario::text::{Format::Yaml, Value};

fn one(text: &str) -> (String, String, String) {
    let problems = wrong(text, Yaml);
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.into_iter().next().unwrap()
}
fn three(what: &str, help: &str, place: &str) -> (String, String, String) {
    (what.into(), help.into(), place.into())
}

#[test]
fn forbidden_constructs_are_rejected_with_message_help_and_place() {
    // What docs/scenario-file.md rules out; the messages are fixed here.
    let tag = "remove it; write a variant as a key with its value, such as `exp: 3ms`";
    assert_eq!(one("a: !exp 1"), three("tags such as `!exp` are not allowed", tag, "!exp"));
    assert_eq!(one("a: !exp {b: 1}"), three("tags such as `!exp` are not allowed", tag, "!exp"));
    assert_eq!(
        one("a: 1\nb: 2\n\"a\": 3"),
        three(
            "the key `a` is given twice",
            "it is first given on line 1; keep one of them",
            "\"a\""
        )
    );
    let document = "write one document per file, without `---`";
    assert_eq!(one("a: 1\n---\nb: 2"), three("a second document begins here", document, "---"));
    let key = "quote the key if it is meant as text";
    assert_eq!(one("[a]: 1"), three("a list or group cannot be a key", key, "["));
    assert_eq!(one("? {a: 1}\n: 1"), three("a list or group cannot be a key", key, "{"));
    assert_eq!(
        one("On: 1"),
        three("other YAML readers take the key `On` for a boolean", "quote it: `\"On\"`", "On")
    );
    let boolean = "quote it (`\"yes\"`) or use `true` or `false`";
    assert_eq!(
        one("a: yes"),
        three("`yes` is text to some YAML readers and a boolean to others", boolean, "yes")
    );
    assert_eq!(one(": 1").0, "the key before `:` is missing");
}

#[test]
fn invalid_yaml_is_rejected_at_its_place() {
    // The places by eye; messages are the parser's where we have no better one.
    let colon = "check the indentation, and that a space follows each `:` on the line before; quote text that contains `: `";
    assert_eq!(one("a: b: c"), three("a `:` is not expected here", colon, ":"));
    assert_eq!(one("a:\n\tb: 1"), three("a tab is not allowed here", "indent with spaces", "b:"));
    assert_eq!(one("a: \"b").0, "this quoted text has no closing quote");
    assert_eq!(
        one("a: {b: 1"),
        three("a `,` or `}` is missing before this", "the `{` on line 1 is not closed", "1")
    );
    assert_eq!(
        one("a: [1, 2\nb: 1"),
        three("a `,` or `]` is missing before this", "the `[` on line 1 is not closed", ":")
    );
    assert_eq!(one("a: 1\n  b: 2").0, "a `:` is not expected here");
    assert_eq!(one("a:\n  b: 2\n c: 3").0, "this line does not match the indentation above it");
    assert_eq!(one("a:\n- b\nc").0, "this line has no `:`");
    assert_eq!(one("a: \"\\q\"").0, "this escape sequence is not valid");
    // Found by fuzzing: a tag on the line before was taken for the quotation mark.
    let problems = parse("!\n”b", Yaml).unwrap_err();
    assert_eq!(problems.last().unwrap().place, Some(2..5));
    assert_eq!(
        one("a: “b”"),
        three("`“` is not a quotation mark here", "write `\"`, or remove the quotes", "“")
    );
    assert!(one("%YAML 1.2\n%YAML 1.2\n---\na: 1").0.starts_with("this is not valid YAML: "));
}

#[test]
fn several_errors_are_reported_at_once() {
    // Three mistakes by eye.
    let words: Vec<String> =
        wrong("a: yes\nb: !t 1\nb: 2\n", Yaml).into_iter().map(|(what, ..)| what).collect();
    assert_eq!(words.len(), 3, "{words:?}");
}

#[test]
fn plain_words_resolve_by_the_core_schema_and_quoted_words_are_text() {
    // YAML 1.2.2, chapter 10.3.2.
    let value = |word: &str| values(&format!("a: {word}"), Yaml).at("a").unwrap().value.clone();
    for word in ["", "~", "null", "NULL"] {
        assert_eq!(value(word), Value::Null, "{word}");
    }
    assert_eq!((value("true"), value("False")), (Value::Bool(true), Value::Bool(false)));
    for (word, number) in [
        ("0", 0),
        ("017", 17),
        ("+5", 5),
        ("0xfF", 255),
        ("0o17", 15),
        ("-0", 0),
        ("18446744073709551615", u64::MAX),
    ] {
        assert_eq!(value(word), Value::Unsigned(number), "{word}");
    }
    assert_eq!(
        (value("-7"), value("-9223372036854775808")),
        (Value::Signed(-7), Value::Signed(i64::MIN))
    );
    for (word, number) in [
        ("1e3", 1e3),
        (".5", 0.5),
        ("-2.", -2.0),
        ("1.5E-3", 1.5e-3),
        (".inf", f64::INFINITY),
        ("-.Inf", -f64::INFINITY),
    ] {
        assert_eq!(value(word), Value::Float(number), "{word}");
    }
    assert!(matches!(value(".nan"), Value::Float(number) if number.is_nan()));
    for word in [
        "1e400", "1_000", "2ms", "0x", "0x+1", "1.2.3", "1e", "--1", "nan", "inf", "300/s", "e3",
        "+", ".", "0b1", "95%",
    ] {
        assert_eq!(value(word), Value::Text(word.into()), "{word}");
    }
    for word in ["5", "true", "null", "yes", ""] {
        assert_eq!(
            (value(&format!("\"{word}\"")), value(&format!("'{word}'"))),
            (Value::Text(word.into()), Value::Text(word.into()))
        );
    }
    assert_eq!(
        values("\"yes\": 1\n5: 2\nnull: 3\n", Yaml).at("yes").unwrap().value,
        Value::Unsigned(1)
    );
}

#[test]
fn places_are_right_after_multibyte_characters_and_crlf() {
    // Slices by eye.
    let text = "näme: \"ünïcödé 🦀\" # ß\r\nmap:\r\n  k: { ä: 1, b: [ö, 2] }\r\n  text: |\r\n    one\r\n    two\r\nlast: x\r\n";
    let tree = parse(text, Yaml).unwrap();
    let at = |path: &str| &text[tree.at(path).unwrap().span.clone()];
    assert_eq!(
        (at("näme"), at("map.k"), at("map.k.b"), at("map.k.b[1]")),
        ("\"ünïcödé 🦀\"", "{ ä: 1, b: [ö, 2] }", "[ö, 2]", "2")
    );
    assert_eq!((at("last"), &text[tree.place("map").unwrap()]), ("x", "map"));
    assert!(at("map").starts_with("k: {") && at("map").ends_with("two"), "{:?}", at("map"));
    assert_eq!(wrong("ä: ö\nü: yes\n", Yaml)[0].2, "yes");
}

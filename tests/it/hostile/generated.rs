//! Files that are too large or too strange to be checked in. Each must be refused with a message,
//! within the time limit of the command.

use super::check;
use std::fmt::Write;
use std::fs;

/// Asserts that a file with these bytes is refused, and returns the message.
fn refused(file: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(file), bytes).expect("a file");
    let (stderr, code) = check(folder.path(), file);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.len() < 100_000, "{} bytes are no message", stderr.len());
    stderr
}

fn says(file: &str, bytes: &[u8], message: &str) {
    let stderr = refused(file, bytes);
    assert!(stderr.contains(message), "{file}: {stderr}");
}

#[test]
fn files_of_two_mebibytes_are_refused_for_their_size_with_any_content() {
    // The limit is 1 MiB. A comment, one line, lists, a block of text, zeros.
    let too_large = "the file is larger than 1 MiB";
    for file in ["large.yaml", "large.yml", "large.ron", "large.json"] {
        for text in ["# note\n", "x", "[", "- a: 1\n", "\0", "a: |\n  text\n", "\"", "\u{FFFD}"] {
            says(file, text.repeat(2 * 1024 * 1024 / text.len()).as_bytes(), too_large);
        }
    }
}

#[test]
fn files_of_one_mebibyte_of_any_content_are_refused_with_a_message() {
    // The largest size that is read: content that costs more than its size would show here.
    let fill = |unit: &str| unit.repeat(1024 * 1024 / unit.len());
    for unit in [
        "[",
        "{",
        "(",
        "- ",
        "? ",
        "a: ",
        "&a ",
        "*a ",
        "!a ",
        "\"",
        "'",
        "#",
        "\t",
        "\n",
        ",",
        "-\n",
        "a: 1\n",
        "a\n",
        "|\n",
        "%",
        "---\n",
        "{a: ",
        "[a, ",
        "\\",
        "\"\\u0041\"",
        "é",
        "a:\n",
        "x(",
        "r#\"",
        "/*",
        "//",
        "0",
        "9",
        "[[],",
        "a: &a [*a]\n",
        "\r",
        "'\n",
    ] {
        for file in ["full.yaml", "full.ron", "full.json"] {
            refused(file, fill(unit).as_bytes());
        }
    }
}

#[test]
fn brackets_nested_ten_thousand_deep_are_refused_for_their_depth() {
    // The limit is 64 levels; the stack may not grow with the text.
    let deep = "nest deeper than 64 levels here";
    let nested =
        |open: &str, close: &str| format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
    says("deep.yaml", nested("[", "]").as_bytes(), deep);
    says("deep.yaml", nested("{ a: ", "}").as_bytes(), deep);
    says("deep.json", nested("{\"a\":[", "]}").as_bytes(), deep);
    says("deep.ron", nested("(", ")").as_bytes(), deep);
    says("deep.ron", nested("[", "]").as_bytes(), deep);
    says("deep.ron", nested("a(b: ", ")").as_bytes(), deep);
    says("deep.ron", nested("{\"a\": ", "}").as_bytes(), deep);
    let blocks: String = (0..1_000).fold(String::new(), |mut text, level| {
        let _ = writeln!(text, "{}a:", "  ".repeat(level));
        text
    });
    says("deep.yaml", blocks.as_bytes(), deep);
    says("deep.yaml", "- ".repeat(10_000).as_bytes(), deep);
}

#[test]
fn mixtures_nested_as_deep_as_the_brackets_allow_are_refused() {
    // 8 nested mixtures; 18 of them are 54 levels of brackets, and 6 more surround them.
    let dist = (0..18)
        .fold("1ms".to_string(), |inner, _| format!("{{ mixture: [ {{ w: 1, is: {inner} }} ] }}"));
    says(
        "mixed.yaml",
        scenario(&format!("[ cpu: {dist} ]")).as_bytes(),
        "mixtures can be nested at most 8 deep",
    );
    let parts = "{ w: 1, is: 1ms }, ".repeat(1_001);
    says(
        "mixed.yaml",
        scenario(&format!("[ cpu: {{ mixture: [ {parts} ] }} ]")).as_bytes(),
        "a mixture has at most 1000 parts, not 1001",
    );
}

#[test]
fn alias_bombs_are_refused_before_they_expand() {
    // The billion laughs (Klein 2002): nine levels of nine aliases each, and a list that
    // contains itself.
    let mut bomb = "a0: &a0 [ha, ha, ha]\n".to_string();
    for level in 1..10 {
        let _ = writeln!(
            bomb,
            "a{level}: &a{level} [{}]",
            vec![format!("*a{}", level - 1); 9].join(", ")
        );
    }
    says("bomb.yaml", bomb.as_bytes(), "the file contains more than 200,000 values, the maximum");
    // Anchors inside each other, each with a copy of its value; and a list of merge keys
    // as long as the group beside it.
    let nested = (0..60).fold("[".to_string() + &"1,".repeat(5_000) + "1]", |inner, level| {
        format!("&n{level} [{inner}]")
    });
    says("bomb.yaml", format!("a: {nested}\n").as_bytes(), "anchors mark more than 200,000 values");
    let keys: String = (0..20_000).map(|i| format!("  k{i}: 1\n")).collect();
    let merges = format!("x-a: &a {{ b: 1 }}\nc:\n  <<: [{}*a]\n{keys}", "*a, ".repeat(20_000));
    says("merge.yaml", merges.as_bytes(), "unknown field");
    says("bomb.yaml", b"a: &a [ *a ]\n", "the alias `*a` is inside the value that it repeats");
    says("bomb.yaml", b"a: &a { <<: *a }\n", "the alias `*a` is inside the value that it repeats");
}

#[test]
fn control_characters_are_shown_as_symbols() {
    // Found by fuzzing: the name of an anchor was printed unescaped. ESC is shown as U+241B.
    says("esc.yaml", b"a: *a\x1b\n", "this alias has no anchor above it");
    for text in [
        "(a\u{1b}: 1)",
        "(\u{202e}: 1)",
        "a: &\u{202e}b 1",
        "\u{1b}[2J: [",
        "a: *\u{1b}",
        "!\u{1b} a: 1",
        "a: 1\u{1b}s",
    ] {
        for file in ["esc.yaml", "esc.ron"] {
            let stderr = refused(file, text.as_bytes());
            assert!(!stderr.contains(['\u{1b}', '\u{202e}']), "{stderr:?}");
        }
    }
}

#[test]
fn names_reserved_for_later_releases_are_reported_as_such() {
    // docs/scenario-file.md: names that are reserved, and those marked as later.
    for word in ["zones", "caches", "databases", "queues", "models", "policies"] {
        says(
            "later.yaml",
            format!("{}{word}: {{}}\n", scenario("[ cpu: 1ms ]")).as_bytes(),
            &format!("`{word}` is not modelled yet"),
        );
    }
    let later = |text: String, word: &str| {
        says("later.yaml", text.as_bytes(), &format!("`{word}` is not modelled yet"))
    };
    for step in ["cache", "llm", "publish", "disk"] {
        later(scenario(&format!("[ {step}: 1ms ]")), step);
    }
    for runtime in ["threads", "processes", "single"] {
        later(
            scenario("[ cpu: 1ms ]")
                .replace("api: {", &format!("api: {{ runtime: {{ {runtime}: 4 }},")),
            runtime,
        );
    }
    later(
        format!("{}links: {{ users -> api: {{ bandwidth: 1Gbps }} }}\n", scenario("[ cpu: 1ms ]")),
        "bandwidth",
    );
}

#[test]
fn bytes_that_are_not_text_are_refused_with_their_line() {
    // UTF-16, Latin-1, a truncated character, an overlong one, a surrogate, random bytes; headers
    // of gzip and ELF.
    let utf16: Vec<u8> = "version: 1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let with_mark = [&[0xFF, 0xFE][..], &utf16].concat();
    let latin: &[u8] = b"version: 1\nname: caf\xE9\n";
    for (bytes, line) in [
        (&with_mark[..], 1),
        (latin, 2),
        (b"a: 1\n\n\xF0\x9F\xA6", 3),
        (b"\xC0\xAF", 1),
        (b"\xED\xA0\x80", 1),
    ] {
        says(
            "bytes.yaml",
            bytes,
            &format!("the file is not UTF-8 text: line {line} contains an invalid byte"),
        );
        says("bytes.ron", bytes, "save the file as UTF-8");
    }
    says("bytes.yaml", b"\x1F\x8B\x08\x00\x00\x00\x00\x00", "not UTF-8");
    refused("bytes.json", b"\x7FELF\x02\x01\x01\x00\x00\x00");
    refused("bytes.yaml", &utf16);
}

/// Returns a small scenario whose only endpoint has these steps.
fn scenario(steps: &str) -> String {
    format!(
        "version: 1\nworkload: {{ users: {{ to: api.a, open: {{ rate: 50/s }} }} }}\nservices: {{ api: {{ endpoints: {{ a: {steps} }} }} }}\n"
    )
}

#[test]
fn of_thousands_of_mistakes_fifty_are_reported_and_the_others_counted() {
    // 50 of each kind are reported; each file has more, of the most expensive kind: names that are
    // almost correct.
    let names: String = (0..8_000)
        .map(|i| format!("    endpoint-number-{i:05}: [ call: api.endpoint-numbar-{i:05} ]\n"))
        .collect();
    let head = "version: 1\nrun: { limits: { memory: 100GiB } }\nworkload: { users: { to: api.endpoint-number-00000, open: { rate: 50/s } } }\nservices:\n  api:\n   endpoints:\n";
    let stderr = refused("many.yaml", format!("{head}{names}").as_bytes());
    assert_eq!(stderr.matches("error: ").count(), 50, "{}", stderr.len());
    assert!(stderr.contains("did you mean `api.endpoint-number-00000`?"));
    let links: String = (0..8_000).map(|i| format!("  usars-{i:05} -> api: {{}}\n")).collect();
    let stderr =
        refused("many.yaml", format!("{}links:\n{links}", scenario("[ cpu: 1ms ]")).as_bytes());
    assert_eq!(stderr.matches("error: ").count(), 50);
    let fields: String = (0..20_000).map(|i| format!("field-{i}: 1\n")).collect();
    let stderr = refused("many.yaml", format!("{}{fields}", scenario("[ cpu: 1ms ]")).as_bytes());
    assert_eq!(stderr.matches("error: ").count(), 50);
    let twice: String = (0..10_000).map(|i| format!("m{i}: (a: 1, a: 2), ")).collect();
    let stderr = refused("many.ron", format!("({twice})").as_bytes());
    assert_eq!(stderr.matches("error: ").count(), 50);
}

#[test]
fn a_file_on_one_line_is_shown_in_part() {
    // An excerpt is as wide as a terminal, even if the line is longer.
    let json =
        format!("{{ \"version\": 1, \"x-note\": [{}], \"nope\": 1 }}", "\"word\",".repeat(100_000));
    let stderr = refused("line.json", json.as_bytes());
    assert!(stderr.lines().all(|line| line.chars().count() < 250), "{stderr}");
    assert!(stderr.contains("unknown field `nope`"), "{stderr}");
}

#[test]
fn of_a_word_of_a_hundred_thousand_letters_only_the_beginning_is_quoted() {
    // Found by fuzzing (RON's numbers): the message was as long as the input. Here as a number, a
    // key, a name, a reference, a unit.
    let long = "long".repeat(25_000);
    for (file, text) in [
        ("long.ron", format!("-{long}")),
        ("long.ron", format!("({long}: 1, {long}: 2)")),
        ("long.yaml", format!("version: 1\n{long}: 1\n")),
        ("long.yaml", scenario("[ cpu: 1ms ]").replace("to: api.a", &format!("to: api.{long}"))),
        ("long.yaml", scenario(&format!("[ cpu: 1{long} ]"))),
        ("long.yaml", scenario(&format!("[ {long}: 1 ]"))),
        ("long.yaml", scenario("[ cpu: 1ms ]").replace("a: [", &format!("{long}: ["))),
        ("long.yaml", scenario(&format!("[ cpu: *{long} ]"))),
    ] {
        let stderr = refused(file, text.as_bytes());
        assert!(stderr.len() < 3_000, "{stderr}");
    }
}

#[test]
#[cfg(unix)]
fn a_scenario_argument_that_is_not_a_file_is_refused() {
    // A folder, an endless device, a missing file, and a link to itself.
    let folder = tempfile::tempdir().expect("a folder");
    let link = |from: &str, to: &str| {
        std::os::unix::fs::symlink(from, folder.path().join(to)).expect("a link")
    };
    fs::create_dir(folder.path().join("folder.yaml")).expect("a folder");
    link("/dev/zero", "endless.yaml");
    link("round.ron", "round.ron");
    for (file, expected) in [
        ("folder.yaml", "cannot be read"),
        ("endless.yaml", "the file is larger than 1 MiB"),
        ("nowhere.json", "cannot be read"),
        ("round.ron", "cannot be read"),
        ("endless.txt", "does not have the extension of a scenario file"),
    ] {
        let (stderr, code) = check(folder.path(), file);
        assert!(
            code == 2 && stderr.contains(expected) && stderr.contains("help: "),
            "{file}: {stderr}"
        );
    }
    // A distribution does not read such a file either.
    link("/dev/zero", "endless.csv");
    let text = scenario("[ cpu: { empirical: { file: endless.csv, column: took } } ]");
    fs::write(folder.path().join("reads.yaml"), text).expect("a file");
    let (stderr, code) = check(folder.path(), "reads.yaml");
    assert!(code == 2 && stderr.contains("it is not a file"), "{stderr}");
}

#[test]
fn errors_in_set_options_are_reported_as_such_and_others_keep_their_position() {
    // `duration` is in the file, `limits` only a default; the mistake in the file keeps its
    // line.
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("{}run: {{ duration: 0s }}\n", scenario("[ cpu: 1ms ]"));
    fs::write(folder.path().join("set.yaml"), text).expect("a file");
    let check = |sets: &[&str]| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_asyncflow"));
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        let output = command
            .env("NO_COLOR", "1")
            .current_dir(folder.path())
            .args(["check", "set.yaml"])
            .args(sets)
            .output()
            .expect("a scenario that runs");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).expect("text")
    };
    let stderr = check(&["run.limits.events=0", "run.limits.in_flight=5 GB"]);
    assert!(
        stderr.contains("error: --set run.limits.in_flight: `5 GB` is not a count"),
        "{stderr}"
    );
    let stderr = check(&["run.limits.events=0"]);
    assert!(
        stderr.contains("error: --set run.limits.events: a run of 0 events simulates nothing"),
        "{stderr}"
    );
    assert!(stderr.contains("--> set.yaml:4:18"), "{stderr}");
    let stderr = check(&["run.duration=0s"]);
    assert!(
        stderr.contains("error: --set run.duration: a run of 0s simulates nothing"),
        "{stderr}"
    );
    let stderr = check(&["name=\"a\u{1b}[2J\"", "run.duraton=1s"]);
    assert!(stderr.contains("error: --set run.duraton: unknown field `duraton`"), "{stderr}");
    assert!(
        stderr.contains("error: --set: this text contains the invisible character U+001B"),
        "{stderr}"
    );
}

#[test]
fn the_output_of_show_reads_back_with_any_names() {
    // Words that YAML 1.1 parses as true or false, and the merge key, as names of services,
    // endpoints and objectives.
    for word in [
        "yes", "no", "on", "off", "y", "Y", "n", "N", "Yes", "OFF", "<<", "true", "null", "~", "1",
        "1e3",
    ] {
        let yaml = format!(
            "version: 1
run: {{ duration: 1s, replications: 1 }}
workload: {{ users: {{ to: \"{word}.{word}\", open: {{ rate: 5/s }} }} }}
services: {{ \"{word}\": {{ endpoints: {{ \"{word}\": [ cpu: 1ms ] }} }} }}
slos: {{ \"{word}\": {{ of: users, p95: 60ms }} }}
"
        );
        let scenario = asyncflow::scenario::from_yaml(&yaml)
            .unwrap_or_else(|problems| panic!("{word}: {problems}"));
        let shown = asyncflow::scenario::to_yaml(&scenario);
        assert_eq!(
            asyncflow::scenario::from_yaml(&shown).as_ref(),
            Ok(&scenario),
            "{word}:\n{shown}"
        );
    }
}

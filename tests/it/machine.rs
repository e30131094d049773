//! Interfaces for machines: complete JSON, scenarios through pipes, signals, systems without
//! threads or memory.

use crate::support::{Room, signal, table, text_column, wait_until};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

const SCENARIO: &str = "
version: 1
name: small
run: { duration: 5s, replications: 3 }
workload: { users: { to: api.x, open: { rate: 50/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 2ms } ] } } }
";

fn room() -> Room {
    let room = Room::new("a.yaml", SCENARIO);
    fs::write(room.path("b.yaml"), SCENARIO.replace("small", "other")).unwrap();
    room
}

/// Parses the standard output as one JSON document.
fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stdout)))
}

/// Runs a command with `text` on its standard input.
fn piped(room: &Room, arguments: &str, text: &str) -> Output {
    let mut child = room
        .command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn json_is_one_document_for_one_file_and_for_several() {
    // An object for one file, a list for several, in the order of the command line; each names its
    // file. The same applies to `check`.
    let room = room();
    let one = document(&room.run("run a.yaml --no-files --json"));
    assert_eq!((one["file"].as_str(), one["scenario"].as_str()), (Some("a.yaml"), Some("small")));
    assert!(one["interrupted"].is_null() && one["problems"].as_array().unwrap().is_empty());
    let both = document(&room.run("run b.yaml a.yaml --no-files --json"));
    assert_eq!([&both[0]["scenario"], &both[1]["scenario"]], ["other", "small"]);
    assert_eq!((both.as_array().unwrap().len(), &both[1]["fingerprint"]), (2, &one["fingerprint"]));
    let checked = document(&room.run("check a.yaml b.yaml --json"));
    assert_eq!(
        (checked[1]["file"].as_str(), checked[1]["can_run"].as_bool()),
        (Some("b.yaml"), Some(true))
    );
    // 50/s of 2 ms are a load of a tenth of a core.
    assert!(
        (checked[0]["estimate"]["services"][0]["utilisation"].as_f64().unwrap() - 0.1).abs() < 1e-9
    );
    assert_eq!(document(&room.run("check a.yaml --json"))["file"], "a.yaml");
}

#[test]
fn errors_are_one_json_document_too() {
    // An error in the file, in an option, in the command line, in a folder, and a limit: for every
    // command with `--json`. Positions by hand.
    let room = room();
    fs::write(room.path("bad.yaml"), SCENARIO.replace("cpu: {", "cpuu: {")).unwrap();
    let line = 1 + SCENARIO.lines().position(|line| line.starts_with("services")).unwrap() as u64;
    for command in ["run", "check", "capacity", "sensitivity", "compare b.yaml"] {
        let output = room.run(&format!("{command} bad.yaml --json"));
        assert_eq!(output.status.code(), Some(2));
        let problem = &document(&output)["problems"][0];
        assert_eq!(
            (problem["severity"].as_str(), problem["line"].as_u64(), problem["file"].as_str()),
            (Some("error"), Some(line), Some("bad.yaml"))
        );
        assert!(
            problem["what"].as_str().unwrap().contains("cpuu")
                && problem["help"] == "did you mean `cpu`?",
            "{problem}"
        );
        assert!(!output.stderr.is_empty(), "the error is also printed for users");
    }
    for (arguments, expected) in [
        ("run a.yaml --json --replicationz 3", "unexpected argument"),
        ("run a.yaml --json -d 0s", "0s"),
        ("run a.yaml --json -s -1", "must be a whole number from 0 to 2^64"),
        ("run nowhere.yaml --json", "cannot be read"),
        ("run a.yaml --json -o a.yaml", "`a.yaml` is not a folder"),
        ("run a.yaml --json --no-files --set run.limits.events=10", "run.limits.events"),
        ("sweep a.yaml --json", "nothing is varied"),
        (
            "sweep a.yaml --json --vary services.api.replicas=0,1",
            "a service has 1 to 10k replicas, not 0",
        ),
        ("compare a.yaml --json", "a single scenario has nothing to compare with"),
        (
            "sensitivity a.yaml --json --vary services.api.replicas=1,2 --metric x",
            "there is no metric `x`",
        ),
    ] {
        let output = room.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments}");
        let problems = document(&output)["problems"].to_string();
        assert!(problems.contains(expected), "{arguments}: {problems}");
    }
    // If one of several files reaches a limit, its error is in the list at its position.
    let tight = SCENARIO.replace("small", "tight").replace("5s,", "5s, limits: { in_flight: 1 },");
    fs::write(room.path("tight.yaml"), tight).unwrap();
    let output = room.run("run tight.yaml a.yaml --json --no-files");
    let both = document(&output);
    assert_eq!(
        (output.status.code(), both[0]["file"].as_str(), both[1]["scenario"].as_str()),
        (Some(2), Some("tight.yaml"), Some("small"))
    );
    assert!(both[0]["problems"][0]["what"].as_str().unwrap().contains("in flight"), "{}", both[0]);
}

#[test]
fn all_files_are_read_before_the_first_is_run() {
    // The second file does not exist or is invalid: the first is neither simulated nor written.
    let room = room();
    fs::write(room.path("bad.yaml"), "version: 1").unwrap();
    for second in ["nowhere.yaml", "bad.yaml"] {
        let stderr = room.ends(&format!("run a.yaml {second}"), 2);
        assert!(stderr.contains("1 of 2 scenarios cannot run; nothing was simulated"), "{stderr}");
        assert!(!room.path("out").exists());
    }
}

#[test]
fn a_seed_of_64_bits_is_also_text_for_parsers_with_53_bits() {
    // 2^64 − 1 as a text, in the JSON and in the manifest.
    let room = room();
    let json = document(&room.run("run a.yaml --json -s 18446744073709551615"));
    assert_eq!(
        (json["seed_text"].as_str(), json["seed"].as_u64()),
        (Some("18446744073709551615"), Some(u64::MAX))
    );
    assert_eq!(room.manifest("out/small")["seed_text"], json["seed_text"]);
}

#[test]
fn labels_are_also_available_as_flags() {
    // One replication: every estimate has a label, with equal values under both names, in JSON and
    // in Parquet. (`flags` is a name that data frames use themselves.)
    let room = room();
    let json = document(&room.run("run a.yaml --json -r 1"));
    let metrics = json["metrics"].as_array().unwrap();
    assert!(metrics.iter().all(|metric| metric["labels"] == metric["flags"]
        && !metric["labels"].as_array().unwrap().is_empty()));
    let summary = table(&room.path("out/small/summary.parquet"));
    assert_eq!(text_column(&summary, "labels"), text_column(&summary, "flags"));
    assert!(
        text_column(&summary, "labels").iter().all(|labels| labels.contains("one_replication"))
    );
    let sweep = room.run("sweep a.yaml --vary services.api.replicas=1,2 -r 1 --json");
    let point: Value =
        serde_json::from_str(String::from_utf8(sweep.stdout).unwrap().lines().next().unwrap())
            .unwrap();
    assert!(
        point["metrics"][0]["labels"] == point["metrics"][0]["flags"]
            && point["metrics"][0]["labels"].is_array()
    );
}

#[test]
fn objectives_and_metrics_share_one_grammar() {
    // The short and the full name of a metric give the same result, wherever a metric or an
    // objective is named.
    let room = room();
    let until = |metric: &str| {
        let rule = format!(
            "run.replications={{until: {{metric: {metric}, half_width: 5%}}, min: 3, max: 6}}"
        );
        document(&room.command("run a.yaml --no-files --json --set").arg(rule).output().unwrap())["precision"][0]["half_width"].clone()
    };
    assert!(until("users.p95").is_number() && until("users.p95") == until("users.latency.p95"));
    let sensitivity = |metric: &str| {
        let output =
            room.run(&format!("sensitivity a.yaml --size 2 -r 2 --vary services.api.replicas=1..3@integer --metric {metric} --json"));
        assert_eq!(
            output.status.code(),
            Some(0),
            "{metric}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    };
    for (short, full) in [
        ("users.p95", "users.latency.p95"),
        ("users.errors", "users.error_ratio.mean"),
        ("users.throughput", "users.throughput.mean"),
    ] {
        assert!(sensitivity(short) == sensitivity(full), "{short}");
    }
    let searched = |goal: &str| {
        let fixed = "capacity a.yaml --vary workload.users.open.rate --from 10/s --to 900/s --tolerance 50% --json --while";
        document(&room.command(fixed).arg(goal).output().unwrap())["capacity"].clone()
    };
    for (short, full) in [
        ("users.p95 < 60ms", "users.latency.p95 <= 60ms"),
        ("users.errors < 1%", "users.error_ratio.mean < 1%"),
        ("users.throughput > 5/s", "users.throughput.mean >= 5/s"),
    ] {
        assert!(!searched(short).is_null() && searched(short) == searched(full), "{short}");
    }
}

#[test]
fn a_scenario_in_any_format_can_be_read_from_standard_input() {
    // The fingerprint is that of the file, through `-`, a pipe and `<(…)`; every command reads
    // them.
    let room = room();
    let expected = document(&room.run("run a.yaml --no-files --json"))["fingerprint"].clone();
    for notation in ["yaml", "ron", "json"] {
        let text = String::from_utf8(room.run(&format!("show a.yaml --format {notation}")).stdout)
            .unwrap();
        for stdin in ["-", "/dev/stdin"] {
            let output = piped(&room, &format!("run {stdin} --no-files --json"), &text);
            assert_eq!(
                document(&output)["fingerprint"],
                expected,
                "{notation}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
    for (arguments, expected) in [
        ("check -", "ok"),
        ("show -", "replicas: 1"),
        ("sweep - -o swept --vary services.api.replicas=1,2", "fingerprint"),
        ("compare - --set services.api.replicas=2", "compared with"),
        (
            "capacity - --vary workload.users.open.rate --from 10/s --to 900/s --tolerance 50% --while users.p95<60ms",
            "/s",
        ),
    ] {
        let output = piped(&room, arguments, SCENARIO);
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.code() == Some(0) && stdout.contains(expected),
            "{arguments}: {stdout}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let unnamed = piped(&room, "run - -q", &SCENARIO.replace("name: small\n", ""));
    assert!(unnamed.status.success() && room.path("out/stdin/manifest.json").exists());
    let wrong = piped(&room, "check -", "version: 2");
    assert!(
        String::from_utf8_lossy(&wrong.stderr).contains("standard input:1:10"),
        "{}",
        String::from_utf8_lossy(&wrong.stderr)
    );
    let line = format!("{} run <(cat a.yaml) --no-files -q", env!("CARGO_BIN_EXE_asyncflow"));
    assert!(
        Command::new("bash")
            .args(["-c", &line])
            .current_dir(room.path(""))
            .status()
            .unwrap()
            .success()
    );
}

#[cfg(target_os = "linux")]
#[test]
fn the_first_signal_also_ends_the_pilot_of_a_warmup() {
    // Ten replications of 300 h with 108 million requests each take minutes; the signal is sent
    // once its handler is installed (SIGINT is bit 1 of SigCgt).
    let room = Room::new(
        "s.yaml",
        "version: 1
run: { duration: 300h, warmup: auto, replications: 2 }
workload: { users: { to: api.x, open: { rate: 100/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 5ms } ] } } }
slos: { fast: { of: users, p95: 1s } }",
    );
    let looking = "interrupted while determining the warm-up: no result";
    for (arguments, expected) in [
        ("run s.yaml --no-files -q", looking),
        ("compare s.yaml -q --set services.api.replicas=2", looking),
        (
            "capacity s.yaml -q --vary services.api.replicas --from 1 --to 4",
            "interrupted: no result",
        ),
    ] {
        let mut child =
            room.command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        wait_until("signals are caught", || {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let caught = text
                .lines()
                .find_map(|line| line.strip_prefix("SigCgt:"))
                .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
            caught.is_some_and(|mask| mask >> 1 & 1 == 1)
        });
        signal(&child, "-INT");
        let ended = (0..20_000).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            child.try_wait().unwrap()
        });
        if ended.is_none() {
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(ended.and_then(|status| status.code()), Some(2), "{arguments}: {stderr}");
        assert!(stderr.contains(expected), "{arguments}: {stderr}");
    }
}

#[test]
#[cfg(unix)]
fn the_first_signal_ends_a_command_that_waits_for_its_scenario() {
    // A pipe without a writer, and a standard input that stays open: nothing is running that could
    // be completed.
    let room = room();
    assert!(Command::new("mkfifo").arg(room.path("f.yaml")).status().unwrap().success());
    for arguments in [
        "run f.yaml --no-files",
        "check f.yaml",
        "sweep f.yaml",
        "capacity -",
        "compare - a.yaml",
        "sensitivity -",
    ] {
        let mut child =
            room.command(arguments).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(100));
        signal(&child, "-TERM");
        let status = child.wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15), "{arguments}");
    }
}

#[test]
#[cfg(unix)]
fn a_system_that_cannot_start_a_thread_is_reported() {
    // With a limit of one process, every command fails with an error and no panic. The limit does
    // not apply to root, so another user is needed.
    let room = room();
    let limited = |arguments: &str| {
        let line = format!(
            "chmod 777 . && exec setpriv --reuid=65534 --regid=65534 --clear-groups prlimit --nproc=1 {} {arguments}",
            env!("CARGO_BIN_EXE_asyncflow")
        );
        Command::new("bash").args(["-c", &line]).current_dir(room.path("")).output().unwrap()
    };
    if !limited("schema").status.success() {
        return super::world::skip(
            "no thread can be started: another user cannot be taken on here",
        );
    }
    for arguments in [
        "run a.yaml --no-files -q -j 8",
        "run a.yaml --no-files -q -j 1",
        "run a.yaml --no-files -q --set run.warmup=auto -d 60s",
        "sweep a.yaml -q --vary services.api.replicas=1,2",
        "compare a.yaml --set services.api.replicas=2",
    ] {
        let output = limited(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(2)
                && stderr.contains("cannot be started")
                && !stderr.contains("panicked"),
            "{arguments}: {stderr}"
        );
        assert!(stderr.contains("help: "), "{arguments}: {stderr}");
    }
}

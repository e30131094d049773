//! Hints added to the errors of the deserialiser: where a misplaced field belongs, what a missing
//! one looks like, and which terms are not modelled yet.
//!
//! Tests: `tests/corpus`.

mod words;

use crate::problem::{Problem, quoted};
use words::{ALIASES, INSTEAD, LATER};

/// Misplaced fields: a field of the group they were found in, the fields, and where they belong.
const ELSEWHERE: [(&str, &[&str], &str); 8] = [
    (
        "workload",
        &["duration", "warmup", "replications", "seed", "confidence", "limits"],
        "run: { … }",
    ),
    ("workload", &["endpoints", "replicas", "instance", "runtime"], "services: { NAME: { … } }"),
    ("duration", &["in_flight", "events", "memory"], "limits: { … }"),
    ("mix", &["rate", "arrivals", "stages"], "open: { … }"),
    ("mix", &["active", "each", "resample"], "users: { … }"),
    ("replicas", &["cpu", "memory", "speed", "price"], "instance: { … }"),
    ("replicas", &["workers"], "runtime: { event_loop: { … } }"),
    ("replicas", &["max"], "queue: { … }"),
];

/// Missing fields and what to write.
const MISSING: [(&str, &str); 6] = [
    ("for", "add its length, such as `for: 2ms`"),
    ("sim_settings", "add for example `sim_settings: { total_simulation_time: 600 }`"),
    ("at", "add its start, such as `at: 2m`"),
    ("version", "begin with `version: 1`"),
    ("workload", "add for example `workload: { users: { to: api.GET /, open: { rate: 100/s } } }`"),
    ("services", "add for example `services: { api: { endpoints: { GET /: [ cpu: 1ms ] } } }`"),
];

/// The kinds of steps of an endpoint.
const STEPS: [&str; 5] = ["cpu", "wait", "memory", "call", "fail"];

/// Improves the texts of problems found while reading.
pub fn improve(problems: &mut Vec<Problem>) {
    let mut without_dash = Vec::new();
    for problem in problems.iter_mut() {
        let what = problem.what.clone();
        let words: Vec<&str> = quoted(&what).collect();
        let (word, expected) =
            words.split_first().map_or(("", &[][..]), |(word, expected)| (*word, expected));
        let is_unknown = problem.what.starts_with("unknown ");
        if problem.what.starts_with("expected text, found the number") {
            problem.help = Some(format!("quote it if it is meant as text: `\"{word}\"`"));
        } else if problem.what.starts_with("expected a whole number") {
            whole_number(problem, word);
            continue;
        } else if problem.what.contains(" number")
            && problem.what.contains(", found the text")
            && word.parse::<f64>().is_ok()
        {
            problem.help = Some(format!("write it without quotes: `{word}`"));
        } else if let Some(example) =
            problem.what.strip_suffix("needs its value").and_then(|_| words::example(word))
        {
            problem.help = Some(format!("write for example `{example}`"));
        } else if let Some(help) = shape(problem) {
            problem.help = Some(help);
        }
        let elsewhere = ELSEWHERE
            .iter()
            .find(|(field, fields, _)| expected.contains(field) && fields.contains(&word));
        let missing = MISSING
            .iter()
            .find(|(field, _)| *field == word && problem.what.ends_with(" is missing here"));
        let alias = ALIASES
            .iter()
            .find(|(others, term, _)| others.contains(&word) && expected.contains(term));
        if let (true, Some((_, term, help))) = (is_unknown, alias) {
            problem.help = Some(if help.is_empty() {
                format!("it is called `{term}` here")
            } else {
                help.to_string()
            });
        } else if is_unknown && LATER.contains(&word) {
            let (what, help) = later(word);
            (problem.what, problem.help) = (what, Some(help));
        } else if is_unknown && expected.contains(&"steps") && STEPS.contains(&word) {
            without_dash.extend(problem.path.strip_suffix(&format!(".{word}")).map(str::to_string));
            let what = format!("`{word}` is a step, and an endpoint is a list of steps");
            (problem.help, problem.what) =
                (Some(format!("begin each step with `- `, as in `- {word}: …`")), what);
        } else if let (true, Some((_, _, place))) = (is_unknown, elsewhere) {
            problem.help = Some(format!("`{word}` belongs in `{place}`"));
        } else if let Some((_, help)) = missing {
            problem.help = Some(help.to_string());
        } else if let Some(step) =
            word.split_once(' ').filter(|(first, _)| is_unknown && expected.contains(first))
        {
            problem.help = Some(format!("write `{}: {}`", step.0, step.1.trim()));
        }
        if problem.help.is_none()
            && let Some(example) =
                problem.what.split_once(" such as `").and_then(|(_, rest)| rest.split('`').next())
        {
            problem.help = Some(format!("write for example `{example}`"));
        }
    }
    problems.retain(|problem| {
        !(problem.what == "`steps` is missing here" && without_dash.contains(&problem.path))
    });
}

/// Returns the error and the help text for a term that is not modelled yet.
pub(super) fn later(word: &str) -> (String, String) {
    let instead =
        INSTEAD.iter().find(|(words, _)| words.contains(&word)).map(|(_, instead)| *instead);
    let what = format!(
        "`{word}` is not modelled yet; without it, the results would describe a different system"
    );
    (what, instead.unwrap_or("remove it only if your question does not depend on it").to_string())
}

/// Rewrites the error for a value that is not a whole number: what the field expects, and the
/// number to write.
fn whole_number(problem: &mut Problem, written: &str) {
    let field = problem.path.rsplit('.').next().unwrap_or_default();
    let is_text = problem.what.contains(", found the text");
    let trimmed = written.trim().to_ascii_lowercase();
    let number: f64 =
        written.trim().trim_end_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(f64::NAN);
    let cores = if trimmed.ends_with('m') { number / 1000.0 } else { number };
    let is_whole = |n: f64| n.is_finite() && n.fract() == 0.0 && (1.0..1e9).contains(&n);
    let (what, help) = match field {
        "cpu"
            if is_whole(cores)
                && (trimmed.ends_with('m')
                    || !is_text
                    || trimmed.parse::<f64>().is_ok()
                    || trimmed.contains("cpu")
                    || trimmed.contains("core")) =>
        {
            ("a whole number of cores, 1 to 4096", format!("write `cpu: {cores}`"))
        }
        "cpu" if cores > 0.0 && cores < 1.0 => (
            "a whole number of cores, 1 to 4096",
            format!(
                "CPU quotas are not modelled yet; `cpu: 1` with `speed: {cores}x` has the same capacity, but each request takes longer to compute"
            ),
        ),
        "cpu" => (
            "a whole number of cores, 1 to 4096",
            "write for example `cpu: 2`; CPU quotas such as 1.5 cores are not modelled yet"
                .to_string(),
        ),
        "replicas" if problem.what.contains("group of fields") => (
            "a whole number of replicas, 1 or more",
            "write a fixed number, such as `replicas: 3`: autoscaling is not modelled yet"
                .to_string(),
        ),
        "replications" => {
            problem.help = Some("write for example `replications: 10`, or `{ until: … }`".into());
            return;
        }
        "replicas" | "count" | "workers" | "points" => {
            let count: Option<u64> = written
                .replace(',', "")
                .parse::<crate::units::Count>()
                .ok()
                .map(|count| count.0)
                .filter(|count| (1..=1_000_000).contains(count));
            (
                "a whole number, 1 or more",
                count.map_or(format!("write for example `{field}: 3`"), |count| {
                    format!("write `{field}: {count}`")
                }),
            )
        }
        "seed" => {
            let seed = trimmed.parse::<u64>().unwrap_or(1);
            (
                "a whole number from 0 to 18446744073709551615",
                format!(
                    "write {}`seed: {seed}`",
                    if is_text && seed != 1 { "" } else { "for example " }
                ),
            )
        }
        "status" => ("a status from 400 to 599", "write for example `status: 503`".to_string()),
        "version" => ("the version number of the format", "begin with `version: 1`".to_string()),
        _ if is_text && trimmed.parse::<u64>().is_ok() => {
            ("a whole number", format!("write it without quotes: `{trimmed}`"))
        }
        _ => return,
    };
    if let Some((_, found)) = problem.what.split_once(", found ") {
        problem.what = format!("expected {what}, found {found}");
    }
    problem.help = Some(help);
}

/// Returns the line to write where a group has the wrong form, or where a distribution is not
/// named.
fn shape(problem: &Problem) -> Option<String> {
    let keys: Vec<&str> =
        quoted(problem.what.split_once("found ").map_or("", |(_, found)| found)).collect();
    let tag = problem.path.rsplit('.').next().unwrap_or_default();
    let has = |key: &str| keys.contains(&key);
    let found_group = problem.what.ends_with("found a group of fields");
    let is_distribution = problem.what.contains("distribution such as `exp`");
    if is_distribution && problem.what.ends_with("found a list") {
        return Some("name the distribution: `{ uniform: [1ms, 5ms] }`, or `{ normal: [5ms, 1ms] }` for a mean and a standard deviation".into());
    }
    if problem.what.starts_with("expected a number, found the text")
        && keys.first().is_some_and(|found| found.ends_with('%'))
    {
        return Some("write all weights in per cent, or none of them".into());
    }
    if has("call") && (has("timeout") || has("to")) {
        return Some("write `call: { to: SERVICE.ENDPOINT, timeout: 500ms }`".into());
    }
    if has("at") && (has("for") || has("duration") || has("target")) {
        return Some(
            "write all fields of a fault below its kind: `crash: { target: db, at: 1m, for: 30s }`"
                .into(),
        );
    }
    if has("wait") && has("label") {
        return Some("write `wait: { for: 5ms, label: x }`".into());
    }
    if is_distribution && has("mean") && (has("sd") || has("std") || has("stddev")) {
        return Some("name the distribution: `{ normal: { mean: 5ms, sd: 1ms } }`, or `{ lognormal: { mean: 5ms, cv: 0.2 } }`".into());
    }
    if is_distribution && has("mean") {
        return Some(
            "name the distribution: `{ exp: 5ms }` is exponential with that mean; `5ms` alone is constant".into(),
        );
    }
    if is_distribution && (has("min") || has("max")) {
        return Some("write `{ uniform: [1ms, 5ms] }`".into());
    }
    if is_distribution
        && keys
            .iter()
            .any(|key| key.starts_with('p') && key[1..].starts_with(|c: char| c.is_ascii_digit()))
    {
        return Some(
            "name the distribution: `{ percentiles: { p50: 2ms, p99: 20ms, max: 80ms } }`, or `{ lognormal: { p50: 2ms, p99: 20ms } }`".into(),
        );
    }
    match tag {
        "uniform" if problem.what.contains(", found ") => {
            Some("write its two ends, as in `uniform: [1ms, 5ms]`".into())
        }
        "empirical" if problem.what.contains(", found the text") => {
            Some("write `empirical: { file: times.csv, column: ms, unit: 1ms }`".into())
        }
        "fail" if problem.what.contains(", found the ") => {
            Some("write `fail: 1%`, or `fail: { p: 1%, status: 503 }`".into())
        }
        "queue" if problem.what.contains(", found the ") => Some(
            "write `queue: { max: 200 }`, or leave it out: a queue without `max` is unlimited"
                .into(),
        ),
        "instances" if problem.what.contains(", found the ") => {
            Some("write `replicas: 3`; `instances` are named, each with its `endpoints`".into())
        }
        "event_loop" if problem.what.contains(", found the ") => {
            Some("write `event_loop: { workers: 2 }`".into())
        }
        "exp" if found_group => {
            Some("write its mean, as in `exp: 5ms`; a rate of 200/s is a mean of 5ms".into())
        }
        "mixture" if found_group => Some(
            "write a list of parts: `mixture: [ { w: 9, is: 1ms }, { w: 1, is: { exp: 20ms } } ]`"
                .into(),
        ),
        _ => None,
    }
}

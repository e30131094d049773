//! Hints added to the errors of the deserialiser: where a misplaced field belongs, what a missing
//! one looks like, and which terms are not modelled yet.
//!
//! Tests: `tests/corpus`.

mod words;

use super::replications::EXPECTED as REPLICATIONS;
use super::text::{Found, Kind, ReadError, Wanted};
use crate::problem::{Problem, Refusal};
use crate::random::dists::OR_DISTRIBUTION;
use crate::step::WORDS as STEPS;
use words::{ALIASES, INSTEAD, LATER};

/// Misplaced fields: a field of the group they were found in, the fields, and where they belong.
const ELSEWHERE: [(&str, &[&str], &str); 10] = [
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
    ("boot", &["min", "max", "metrics", "sync", "tolerance", "up", "down"], "hpa: { … }"),
    ("mix", &["think", "think_time"], "closed: { … }"),
    ("replicas", &["max"], "queue: { … }"),
];

/// Missing fields and what to write.
const MISSING: [(&str, &str); 17] = [
    (
        "of",
        "an objective has a name of its own: write for example `fast: { of: users, p95: 300ms }`",
    ),
    ("target", "add what it strikes, such as `target: db`"),
    ("for", "add its length, such as `for: 2ms`"),
    ("times", "add how often its steps are executed, such as `times: 3`"),
    ("memory", "add how much, such as `memory: 64MiB`"),
    ("do", "add its steps, such as `do: [ cpu: 1ms ]`"),
    ("rate", "add how often they come, such as `rate: 5/s`"),
    (
        "requests",
        "add how many requests a session has, such as `requests: { geometric: { mean: 3 } }`",
    ),
    ("max", "add the largest number, such as `max: 20`"),
    ("hold", "add the steps while it is held, such as `hold: [ cpu: 1ms ]`"),
    ("branches", "add what is done at once, such as `branches: [ [ call: a.x ], [ call: b.y ] ]`"),
    ("think", "add the time between an answer and the next request, such as `think: { exp: 5s }`"),
    ("sim_settings", "add for example `sim_settings: { total_simulation_time: 600 }`"),
    ("at", "add its start, such as `at: 2m`"),
    ("version", "begin with `version: 1`"),
    ("workload", "add for example `workload: { users: { to: api.GET /, open: { rate: 100/s } } }`"),
    ("services", "add for example `services: { api: { endpoints: { GET /: [ cpu: 1ms ] } } }`"),
];

/// Returns the problems found while reading, with improved texts.
pub(crate) fn improve(errors: Vec<ReadError>) -> Vec<Problem> {
    // Endpoints whose steps are written as fields.
    let without_dash: Vec<String> = errors.iter().filter_map(endpoint_without_dash).collect();
    let follows = |error: &ReadError| {
        error.kind == Kind::Missing("steps") && without_dash.contains(&error.problem.path)
    };
    errors.into_iter().filter(|error| !follows(error)).map(improved).collect()
}

fn improved(ReadError { mut problem, kind }: ReadError) -> Problem {
    match &kind {
        Kind::Unknown { word, expected } => unknown(&mut problem, word, expected),
        Kind::WrongType { expected, found } => wrong_type(&mut problem, expected, found),
        Kind::Missing(missing) => {
            let help = MISSING.iter().find(|(field, _)| field == missing);
            problem.advise_if(help.map(|(_, help)| help.to_string()));
        }
        Kind::NeedsValue(word) => problem.advise_if(
            words::example(word).map(|example| format!("write for example `{example}`")),
        ),
        Kind::Twice | Kind::Other => {}
    }
    problem
}

/// Returns the path of the endpoint if the unknown field is one of its steps.
fn endpoint_without_dash(ReadError { problem, kind }: &ReadError) -> Option<String> {
    match kind {
        Kind::Unknown { word, expected } if is_step(word, expected) => {
            problem.path.strip_suffix(&format!(".{word}")).map(str::to_string)
        }
        _ => None,
    }
}

fn is_step(word: &str, expected: &[&str]) -> bool {
    expected.contains(&"steps") && STEPS.contains(&word)
}

/// Improves the error for an unknown field or variant.
fn unknown(problem: &mut Problem, word: &str, expected: &[&str]) {
    let alias = ALIASES
        .iter()
        .find(|(others, term, _)| others.contains(&word) && expected.contains(term))
        .map(|(_, term, help)| match *help {
            "" => format!("it is called `{term}` here"),
            help => help.to_string(),
        });
    let elsewhere = || {
        ELSEWHERE
            .iter()
            .find(|(field, fields, _)| expected.contains(field) && fields.contains(&word))
            .map(|(_, _, place)| format!("`{word}` belongs in `{place}`"))
    };
    let without_colon = || {
        let (first, rest) = word.split_once(' ').filter(|(first, _)| expected.contains(first))?;
        Some(format!("write `{first}: {}`", rest.trim()))
    };
    if alias.is_some() {
        problem.advise_if(alias);
    } else if LATER.contains(&word) {
        let refusal = later(word);
        problem.reword(refusal.what);
        problem.advise_if(refusal.help);
    } else if is_step(word, expected) {
        problem.reword(format!("`{word}` is a step, and an endpoint is a list of steps"));
        problem.advise(format!("begin each step with `- `, as in `- {word}: …`"));
    } else {
        problem.advise_if(elsewhere().or_else(without_colon));
    }
}

/// Improves the error for a value of another type or form.
fn wrong_type(problem: &mut Problem, expected: &Wanted, found: &Found) {
    if let Some(Refusal { what, help }) = too_large(last_key(problem), expected, found) {
        problem.reword(what);
        problem.advise_if(help);
        return;
    }
    let help = match (expected, found) {
        (Wanted::Whole | Wanted::Whole64, _) => {
            problem.wants_whole = has_fraction(found);
            return whole_number(problem, found);
        }
        (Wanted::Text, Found::Number(number)) => {
            Some(format!("quote it if it is meant as text: `\"{number}\"`"))
        }
        (Wanted::Number, Found::Text(text)) if text.parse::<f64>().is_ok() => {
            Some(format!("write it without quotes: `{text}`"))
        }
        (Wanted::List, Found::Keys(_) | Found::Group)
            if [".parallel[", ".branches["].iter().any(|list| problem.path.contains(list)) =>
        {
            Some("a branch is a list of steps: write `[ call: db.read ]`".to_string())
        }
        (Wanted::Other(words), _) if words == REPLICATIONS => {
            Some("write for example `replications: 10`, or `{ until: … }`".to_string())
        }
        _ => shape(last_key(problem), expected, found).map(str::to_string),
    };
    let example = expected.example().filter(|_| problem.help.is_none());
    problem.advise_if(
        help.or_else(|| example.map(|example| format!("write for example `{example}`"))),
    );
}

/// Returns the refusal of a number that is larger than its field can be.
fn too_large(field: &str, expected: &Wanted, found: &Found) -> Option<Refusal> {
    let number: f64 = match found {
        Found::Number(written) | Found::Text(written) => written.parse().ok()?,
        _ => return None,
    };
    // A text in quotes is not a number, unless it stands for one that is too large to be one.
    if matches!(found, Found::Text(_)) && number.is_finite() {
        return None;
    }
    let (largest, words) = match (expected, field) {
        (Wanted::Whole, "replicas") => (1e4, "10k"),
        (Wanted::Whole, "cpu") => (4096.0, "4096"),
        (Wanted::Whole, _) => (f64::from(u32::MAX), "4294967295"),
        (Wanted::Whole64, _) => (u64::MAX as f64, "18446744073709551615"),
        (Wanted::Number | Wanted::Finite, _) => (f64::MAX, "1.8 × 10^308"),
        (Wanted::Other(expecting), _) if expecting == REPLICATIONS => (1e6, "1M"),
        _ => return None,
    };
    (number > largest).then(|| {
        Refusal::new(format!("`{}` is too large: the maximum is {words}", found.scalar()))
            .help(format!("write a number up to {words}"))
    })
}

fn has_fraction(found: &Found) -> bool {
    let Found::Number(written) = found else { return false };
    written.parse::<f64>().is_ok_and(|number| number.fract() != 0.0)
}

fn last_key(problem: &Problem) -> &str {
    problem.path.rsplit('.').next().unwrap_or_default()
}

/// Returns the error for a term that is not modelled yet.
pub(super) fn later(word: &str) -> Refusal {
    let instead =
        INSTEAD.iter().find(|(words, _)| words.contains(&word)).map(|(_, instead)| *instead);
    Refusal::new(format!(
        "`{word}` is not modelled yet; without it, the results would describe a different system"
    ))
    .help(instead.unwrap_or("remove it only if your question does not depend on it"))
}

/// Rewrites the error for a value that is not a whole number: what the field expects, and the
/// number to write.
fn whole_number(problem: &mut Problem, found: &Found) {
    let (field, written) = (last_key(problem), found.scalar());
    let is_text = matches!(found, Found::Text(_));
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
        "replicas" if *found == Found::Group => (
            "a whole number of replicas, 1 or more",
            "write a fixed number, such as `replicas: 3`: autoscaling is not modelled yet"
                .to_string(),
        ),
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
    problem.reword(format!("expected {what}, found {found}"));
    problem.advise(help);
}

/// Returns the line to write where a group has the wrong form, or where a distribution is not
/// named.
fn shape(tag: &str, expected: &Wanted, found: &Found) -> Option<&'static str> {
    let is_distribution =
        matches!(expected, Wanted::Other(words) if words.ends_with(OR_DISTRIBUTION));
    let named = match found {
        Found::Keys(keys) => group(keys, is_distribution),
        Found::List if is_distribution => Some(
            "name the distribution: `{ uniform: [1ms, 5ms] }`, or `{ normal: [5ms, 1ms] }` for a mean and a standard deviation",
        ),
        Found::Text(text) if *expected == Wanted::Number && text.ends_with('%') => {
            Some("write a number without a unit: `0.3` for 30 %, or all weights without `%`")
        }
        _ => None,
    };
    let is_text = matches!(found, Found::Text(_));
    let is_value = is_text || matches!(found, Found::Number(_));
    named.or(match tag {
        "uniform" => Some("write its two ends, as in `uniform: [1ms, 5ms]`"),
        "empirical" if is_text => {
            Some("write `empirical: { file: times.csv, column: ms, unit: 1ms }`")
        }
        "fail" if is_value => Some("write `fail: 1%`, or `fail: { p: 1%, status: 503 }`"),
        "queue" if is_value => {
            Some("write `queue: { max: 200 }`, or leave it out: a queue without `max` is unlimited")
        }
        "external" => Some("write what is known of it, such as `external: { latency: 120ms }`"),
        "instances" if is_value => {
            Some("write `replicas: 3`; `instances` are named, each with its `endpoints`")
        }
        "branch" => Some("write `branch: [ { p: 20%, do: [ cpu: 5ms ] } ]`"),
        "repeat" if is_value => Some("write `repeat: { times: 3, do: [ call: db.read ] }`"),
        "parallel" if is_value => Some("write `parallel: [ [ call: a.x ], [ call: b.y ] ]`"),
        "lock" if is_value => Some("write `lock: { name: stock, hold: [ cpu: 1ms ] }`"),
        "pool" if is_value => {
            Some("write `pool: { name: db, max: 20, do: [ … ] }`, or of a call `pool: { max: 20 }`")
        }
        "offload" if is_value => Some("write `offload: { pool: 40, do: [ block: 20ms ] }`"),
        "autoscale" if is_value => {
            Some("write `autoscale: { hpa: { max: 10, metrics: [ { cpu: 60% } ] } }`")
        }
        "tool" if is_value => Some("write `tool: { connections: 10 }`"),
        "elasticity" if is_value => {
            Some("write `elasticity: { reference: 200ms, exponent: 0.5, over: 1min }`")
        }
        "spread" if is_value => Some("write `spread: { cv: 0.5, correlation: -0.3 }`"),
        "classes" => Some("write a list: `classes: [ interactive, batch ]`"),
        "sessions" if is_value => {
            Some("write `sessions: { rate: 5/s, requests: 3, think: { exp: 20s } }`")
        }
        "closed" if is_value => Some("write `closed: { users: 50, think: { exp: 5s } }`"),
        "tasks" if is_value => Some("write `tasks: { schedule: ps }`"),
        "hold" => Some(
            "write `hold: { memory: 64MiB, do: [ cpu: 5ms ] }`; within a `lock` it is the list of its steps",
        ),
        "event_loop" if is_value => Some("write `event_loop: { workers: 2 }`"),
        "exp" if *found == Found::Group => {
            Some("write its mean, as in `exp: 5ms`; a rate of 200/s is a mean of 5ms")
        }
        "mixture" if *found == Found::Group => Some(
            "write a list of parts: `mixture: [ { w: 9, is: 1ms }, { w: 1, is: { exp: 20ms } } ]`",
        ),
        _ => None,
    })
}

/// Returns the line to write for a map with these keys.
fn group(keys: &[String], is_distribution: bool) -> Option<&'static str> {
    let has = |key: &str| keys.iter().any(|found| found == key);
    let is_percentile = |key: &String| {
        key.strip_prefix('p').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    match is_distribution {
        _ if has("call") && (has("timeout") || has("to")) => {
            Some("write `call: { to: SERVICE.ENDPOINT, timeout: 500ms }`")
        }
        _ if has("at") && (has("for") || has("duration") || has("target")) => Some(
            "write all fields of a fault below its kind: `crash: { target: db, at: 1m, for: 30s }`",
        ),
        _ if has("wait") && has("label") => Some("write `wait: { for: 5ms, label: x }`"),
        true if has("mean") && (has("sd") || has("std") || has("stddev")) => Some(
            "name the distribution: `{ normal: { mean: 5ms, sd: 1ms } }`, or `{ lognormal: { mean: 5ms, cv: 0.2 } }`",
        ),
        true if has("mean") => Some(
            "name the distribution: `{ exp: 5ms }` is exponential with that mean; `5ms` alone is constant",
        ),
        true if has("min") || has("max") => Some("write `{ uniform: [1ms, 5ms] }`"),
        true if keys.iter().any(is_percentile) => Some(
            "name the distribution: `{ percentiles: { p50: 2ms, p99: 20ms, max: 80ms } }`, or `{ lognormal: { p50: 2ms, p99: 20ms } }`",
        ),
        _ => None,
    }
}

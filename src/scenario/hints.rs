//! What a reader of a scenario can add to the words of the deserializer: where a misplaced field belongs, what a missing one looks like,
//! which words later releases will know.
//!
//! Tests: `tests/corpus`.

use crate::problem::Problem;

/// Words that later releases will know, below the top level.
const LATER: [&str; 24] = [
    "closed",
    "sessions",
    "replay",
    "patience",
    "class",
    "keys",
    "block",
    "parallel",
    "branch",
    "repeat",
    "lock",
    "cache",
    "llm",
    "publish",
    "spawn",
    "respond",
    "offload",
    "disk",
    "hold",
    "bandwidth",
    "threads",
    "processes",
    "single",
    "autoscale",
];

/// Fields that stand where another group is: a field of the group they are found in, the fields, and where they belong.
const ELSEWHERE: [(&str, &[&str], &str); 8] = [
    ("workload", &["duration", "warmup", "replications", "seed", "confidence", "limits"], "run: { … }"),
    ("workload", &["endpoints", "replicas", "instance", "runtime"], "services: { NAME: { … } }"),
    ("duration", &["in_flight", "events", "memory"], "limits: { … }"),
    ("mix", &["rate", "arrivals", "stages"], "open: { … }"),
    ("mix", &["active", "each", "resample"], "users: { … }"),
    ("replicas", &["cpu", "memory", "speed", "price"], "instance: { … }"),
    ("replicas", &["workers"], "runtime: { event_loop: { … } }"),
    ("replicas", &["max"], "queue: { … }"),
];

/// What a field that is missing looks like.
const MISSING: [(&str, &str); 4] = [
    ("at", "say when it begins, such as `at: 2m`"),
    ("version", "begin with `version: 1`"),
    ("workload", "add for example `workload: { users: { to: api.GET /, open: { rate: 100/s } } }`"),
    ("services", "add for example `services: { api: { endpoints: { GET /: [ cpu: 1ms ] } } }`"),
];

/// Steps of an endpoint.
const STEPS: [&str; 5] = ["cpu", "wait", "memory", "call", "fail"];

/// Improves the words of problems of reading.
pub fn improve(problems: &mut Vec<Problem>) {
    let mut without_dash = Vec::new();
    for problem in problems.iter_mut() {
        let words: Vec<&str> = problem.what.split('`').skip(1).step_by(2).collect();
        let Some((&word, expected)) = words.split_first() else { continue };
        let is_unknown = problem.what.starts_with("unknown ");
        let elsewhere = ELSEWHERE.iter().find(|(field, fields, _)| expected.contains(field) && fields.contains(&word));
        let missing = MISSING.iter().find(|(field, _)| *field == word && problem.what.ends_with(" is missing here"));
        if is_unknown && LATER.contains(&word) {
            (problem.what, problem.help) = (format!("`{word}` comes with a later release"), Some("leave it out for now".into()));
        } else if is_unknown && expected.contains(&"steps") && STEPS.contains(&word) {
            without_dash.extend(problem.path.strip_suffix(&format!(".{word}")).map(str::to_string));
            let what = format!("`{word}` is a step, and an endpoint is a list of steps");
            (problem.help, problem.what) = (Some(format!("begin each step with `- `, as in `- {word}: …`")), what);
        } else if let (true, Some((_, _, place))) = (is_unknown, elsewhere) {
            problem.help = Some(format!("`{word}` belongs in `{place}`"));
        } else if let Some((_, help)) = missing {
            problem.help = Some(help.to_string());
        }
    }
    problems.retain(|problem| !(problem.what == "`steps` is missing here" && without_dash.contains(&problem.path)));
}

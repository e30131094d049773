//! The JSON objects of `--json`: the results of a run, and the estimate of `check`.

use super::RunInfo;
use super::health::Health;
use crate::experiment::{Outlook, Reason, Results, Settling, SloResult, WorkloadVerdict};
use crate::scenario::Estimate;
use crate::scenario::Resource;
use crate::tables::summary::{self, SummaryTable};
use crate::tables::{Cell, Table};
use serde_json::{Map, Value, json};

/// Returns a number, or null if it is NaN or infinite.
fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// Returns a row of a table as an object, without some of its columns.
pub(super) fn row_to_json<T: Table>(row: &T::Row<'_>, without: &[&str]) -> Value {
    let columns = T::COLUMNS.iter().filter(|column| !without.contains(&column.name));
    let entries = columns.map(|column| {
        let value = match column.cell(row) {
            Cell::Text(text) => json!(text),
            Cell::Key(key) => json!(key.map_or(String::new(), |key| format!("{key:016x}"))),
            Cell::Labels(labels) => json!(labels),
            Cell::Number(value) => number(value),
            Cell::Whole(whole) => json!(whole),
            Cell::Missing => Value::Null,
        };
        (column.name.to_string(), value)
    });
    Value::Object(entries.collect())
}

/// Returns the static estimate of a scenario.
pub(crate) fn estimate_to_json(estimate: &Estimate) -> Value {
    let services = estimate.services.iter().map(|load| {
        json!({
            "service": load.service, "rate": number(load.rate), "cores": load.cores,
            "utilisation": number(load.utilisation), "memory": load.memory.map(number),
            "scales_to": load.scales_to,
        })
    });
    let distributions = estimate.distributions.iter().map(|spread| {
        json!({
            "path": spread.path, "unit": spread.unit, "mean": number(spread.mean), "cv": number(spread.cv),
            "p50": number(spread.p50), "p99": number(spread.p99),
        })
    });
    json!({ "services": services.collect::<Vec<_>>(), "distributions": distributions.collect::<Vec<_>>() })
}

/// Returns the verdict on a workload.
fn outlook(results: &Results, verdict: &WorkloadVerdict) -> Value {
    let settling = |settling: &Settling| {
        json!({
            "service": settling.service, "resource": settling.resource.name(), "load": number(settling.load), "settles_s": number(settling.settles_s),
        })
    };
    let why = match &verdict.outlook {
        Outlook::KeepsUp => verdict.settling.as_ref().map(settling),
        Outlook::Overloaded(overload) => {
            let resource = overload.resource.map(Resource::name);
            let why = json!({
                "service": overload.service, "resource": resource, "load": number(overload.load), "waiting": number(overload.waiting),
            });
            Some(why)
        }
        Outlook::CannotTell(reason) => {
            let why = match reason {
                Reason::TooShort(found) => json!({ "too_short": settling(found) }),
                Reason::Filling { least_s, unfinished } => {
                    json!({ "filling": { "least_s": number(*least_s), "unfinished": number(*unfinished) } })
                }
                Reason::Recovering { service, waiting } => {
                    json!({ "recovering": { "service": service, "waiting": number(*waiting) } })
                }
                Reason::Unfinished { service, waiting, .. } => {
                    json!({ "unfinished": { "service": service, "waiting": number(*waiting) } })
                }
                Reason::Growing { service, waiting, is_just_all } => {
                    json!({ "growing": { "service": service, "waiting": number(*waiting), "just_all": is_just_all } })
                }
            };
            Some(why)
        }
    };
    let health = Health::of(results, verdict);
    // No run is long enough for those who wait for ever, and `deadlock` says why.
    let is_stuck = health == Health::Deadlocked;
    let run_at_least_s = verdict.run_at_least.filter(|_| !is_stuck).map(|span| span.seconds());
    let why = why.filter(|_| !is_stuck);
    json!({ "workload": verdict.workload, "outlook": health.name(), "why": why, "run_at_least_s": run_at_least_s })
}

/// Returns the JSON array of the objectives.
pub(super) fn slos_to_json(results: &Results) -> Value {
    let one = |slo: &SloResult| json!({ "name": slo.name, "of": slo.of, "goal": slo.goal, "estimate": number(slo.estimate), "pass": slo.pass, "certain": slo.certain });
    results.slos.iter().map(one).collect()
}

/// Returns one JSON object with everything in the summary.
pub fn to_json(results: &Results, info: RunInfo) -> Value {
    let metrics = summary::rows(results)
        .map(|row| row_to_json::<SummaryTable>(&row, &["scenario", "confidence"]));
    let warmup = results.warmup.as_ref().map_or(Value::Null, |warmup| {
        let curves = warmup.curves.iter().map(|curve| {
            let cut_s = warmup.starts.get(curve.cut).map_or(0.0, |start| start.seconds());
            json!({ "kind": curve.kind, "entity": curve.entity, "metric": curve.metric, "cut_s": cut_s, "reached": curve.reached })
        });
        let not_beyond_s = warmup.limit.as_ref().map(|limit| limit.at.seconds());
        json!({ "found_s": warmup.cut.seconds(), "reached": warmup.reached, "decided_by": warmup.decided_by, "not_beyond_s": not_beyond_s, "curves": curves.collect::<Vec<_>>() })
    });
    let phases = results
        .phases
        .iter()
        .map(|phase| json!({ "name": phase.name, "from_s": phase.from_s, "until_s": phase.until_s, "recovery": phase.recovery }));
    let precision = results.precision.iter().map(|goal| {
        json!({
            "metric": goal.metric, "goal": goal.goal, "half_width": number(goal.half_width), "relative": number(goal.relative),
            "met": goal.met, "more_replications": goal.more,
        })
    });
    let gains = results.gains.iter().map(|gain| {
        json!({ "technique": gain.technique, "workload": gain.workload, "metric": "latency", "stat": "mean", "variance_ratio": number(gain.variance_ratio) })
    });
    let deadlock = results.deadlock.as_ref().map(|found| {
        json!({ "replications": found.replications, "replication": found.replication, "at_s": number(found.at_s), "requests": found.requests, "circle": found.circle })
    });
    let verdict = json!({ "workloads": results.verdicts.iter().map(|verdict| outlook(results, verdict)).collect::<Vec<_>>(), "overloaded": results.overloaded, "slos": slos_to_json(results), "deadlock": deadlock, "notes": results.notes });
    let head = [
        ("asyncflow", json!(env!("CARGO_PKG_VERSION"))),
        ("scenario", json!(results.scenario)),
        ("fingerprint", json!(results.fingerprint)),
        ("seed", json!(results.seed)),
        // Many JSON parsers are exact only for integers up to 2^53.
        ("seed_text", json!(results.seed.to_string())),
        ("replications", json!(results.replications)),
        ("confidence", json!(results.confidence)),
        ("duration_s", json!(results.duration_s)),
        ("warmup_s", json!(results.warmup_s)),
        ("warmup", warmup),
        ("events", json!(results.events)),
        ("wall_s", json!(info.wall_s)),
        ("threads", json!(info.threads)),
        ("verdict", verdict),
        ("phases", Value::Array(phases.collect())),
        ("precision", Value::Array(precision.collect())),
        ("variance_reduction", Value::Array(gains.collect())),
        ("metrics", Value::Array(metrics.collect())),
    ];
    Value::Object(
        head.into_iter().map(|(key, value)| (key.to_string(), value)).collect::<Map<_, _>>(),
    )
}

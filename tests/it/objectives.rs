//! Objectives: what they may be about, and how they are judged.

use crate::support::run;
use asyncflow::experiment::Results;
use asyncflow::scenario::{Format, from_yaml, read, to_ron, to_yaml};

/// M/M/1 with 50 requests a second of 10 ms, and these objectives.
fn text(slos: &str) -> String {
    format!(
        "run: {{ duration: 550s, warmup: 50s, replications: 20 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 50/s }} }} }}
services: {{ api: {{ instance: {{ price: $0.20/h }}, endpoints: {{ x: [ cpu: {{ exp: 10ms }} ] }} }} }}
slos: {{ {slos} }}"
    )
}

/// Each goal with whether it is met, and whether that is certain.
fn judged(results: &Results) -> Vec<(String, bool, bool)> {
    results.slos.iter().map(|slo| (slo.goal.clone(), slo.pass, slo.certain)).collect()
}

#[test]
fn any_percentile_may_be_bounded_and_is_then_reported() {
    // M/M/1 at 50 %: the time in the system is exponential of 20 ms, so the percentile p is at
    // −20 ms·ln(1 − p).
    let answer = run(&text("a: { of: users, p75: 30ms, p99.5: 100ms }"));
    answer.agrees("workload users", "latency p75", 0.02 * 4f64.ln(), 0.02);
    answer.agrees("endpoint api.x", "latency p99.5", 0.02 * 200f64.ln(), 0.02);
    // By the same: 27.7 ms and 106 ms.
    assert_eq!(
        judged(&answer.results),
        [("p75 < 30ms".to_string(), true, true), ("p99.5 < 100ms".to_string(), false, true)]
    );
}

#[test]
fn the_rule_of_replications_may_name_any_percentile() {
    // Definition: what it names is a metric.
    let rule = "run: { duration: 60s, replications: { until: { metric: users.latency.p75, half_width: 10% }, min: 5, max: 5 } }";
    let answer = run(&text("a: { of: users, p95: 1s }").replacen(
        "run: { duration: 550s, warmup: 50s, replications: 20 }",
        rule,
        1,
    ));
    assert!(answer.value("workload users", "latency p75") > 0.0);
}

#[test]
fn services_have_objectives_of_their_own() {
    // M/M/1 at 50 %: half busy, a queue of ρ²/(1 − ρ) = 0.5 on average; one instance.
    let answer = run(&text(
        "busy: { of: api, utilisation: 60%, ready_queue: 0.4, cost: $0.30/h }, idle: { of: api, utilisation: 40%, ready_queue: 0.6 }",
    ));
    let expected = [
        ("utilisation < 60%", true),
        ("ready_queue < 0.4", false),
        ("cost < $0.3/h", true),
        ("utilisation < 40%", false),
        ("ready_queue < 0.6", true),
    ];
    let judged = judged(&answer.results);
    let told: Vec<(&str, bool)> =
        judged.iter().map(|(goal, met, _)| (goal.as_str(), *met)).collect();
    assert_eq!(told, expected);
    assert!(judged.iter().all(|(.., certain)| *certain), "{judged:?}");
}

#[test]
fn the_share_that_is_wasted_may_be_bounded() {
    // By hand: 30 % of the requests fail at their end, which wastes 30 % of all core time.
    let scenario = text("lean: { of: users, wasted: 10% }, lavish: { of: users, wasted: 50% }")
        .replace("cpu: { exp: 10ms } ]", "cpu: { exp: 10ms }, fail: 30% ]");
    let answer = run(&scenario);
    answer.agrees("system all", "wasted_ratio mean", 0.3, 0.01);
    let met: Vec<bool> = answer.results.slos.iter().map(|slo| slo.pass).collect();
    assert_eq!(met, [false, true]);
}

#[test]
fn an_objective_reads_back_as_itself_in_every_notation() {
    // Definition: a file that is shown with its defaults is the same scenario.
    let scenario = from_yaml(&format!(
        "version: 1\n{}",
        text("a: { of: users, p99.99: 1s, mean: 3ms, p75: 30ms, errors: 1%, throughput: 1/s, wasted: 2% }, b: { of: api, utilisation: 60%, ready_queue: 0.4, cost: $1/h }")
    ))
    .unwrap();
    let yaml = to_yaml(&scenario);
    assert_eq!(from_yaml(&yaml).unwrap(), scenario, "{yaml}");
    let ron = to_ron(&scenario).unwrap();
    let again = read(&ron, Format::Ron, "scenario", std::path::Path::new(""), &[]).scenario;
    assert_eq!(again.as_ref(), Some(&scenario), "{ron}");
}

#[test]
fn goals_that_do_not_fit_are_refused_with_what_to_write() {
    // By hand: the message for each.
    let told =
        |slos: &str| from_yaml(&format!("version: 1\n{}", text(slos))).unwrap_err().to_string();
    for (slos, expected) in [
        (
            "a: { of: api, p95: 1s }",
            "`p95 < 1s` is a goal for a workload or an endpoint, not for `api`",
        ),
        ("a: { of: users, utilisation: 60% }", "`utilisation < 60%` is a goal for a service"),
        ("a: { of: api.x, wasted: 1% }", "is a goal for everything: `of: users`"),
        ("a: { of: api, ready_queue: -1 }", "a queue is a number of requests"),
        ("a: { of: users, p42.42: 1s }", "unknown field `p42.42`"),
        ("a: { of: users, p9999: 1s }", "write `p99.99`"),
        ("a: { of: users, max: 1s }", "bound a high percentile"),
        ("a: { of: nothing, p95: 1s }", "`nothing` is not a workload, an endpoint or a service"),
    ] {
        let problems = told(slos);
        assert!(problems.contains(expected), "{slos}: {problems}");
    }
}

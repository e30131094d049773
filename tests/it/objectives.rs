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
fn good_requests_are_those_answered_in_time() {
    // M/M/1 at 50 %: the time in the system is exponential of 20 ms, so e^−5 and e^−2 take longer
    // than 100 ms and 40 ms: 0.67 % and 13.5 %. Those to an endpoint are the same requests.
    let answer = run(&text(
        "a: { of: users, good: { share: 99%, within: 100ms } }, b: { of: api.x, good: { share: 90%, within: 40ms } }, c: { of: users, good: { share: 99% } }",
    ));
    answer.agrees("slo a", "bad_ratio mean", (-5f64).exp(), 0.05);
    answer.agrees("slo b", "bad_ratio mean", (-2f64).exp(), 0.02);
    answer.agrees("slo b", "burn_rate mean", 10.0 * (-2f64).exp(), 0.02);
    answer.equals("slo c", "bad_ratio mean", 0.0);
    let met = |goal: &str, met: bool| (goal.to_string(), met, true);
    let expected = [
        met("good > 99% within 100ms", true),
        met("good > 90% within 40ms", false),
        met("good > 99%", true),
    ];
    assert_eq!(judged(&answer.results), expected);
    // Each says what it is about.
    let of: Vec<&str> = answer.results.slos.iter().map(|slo| slo.of.as_str()).collect();
    assert_eq!(of, ["users", "api.x", "users"]);
}

/// Requests at half past each of 40 seconds, with a promise of 90 %.
fn each_second(step: &str, good: &str, faults: &str) -> crate::support::Answer {
    let times: Vec<String> = (0..40).map(|s| format!("{s}500ms")).collect();
    run(&format!(
        "run: {{ duration: 40s, replications: 3 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 1/s, arrivals: {{ at: [ {} ] }} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ {step} ], z: [ wait: 1ms ] }} }} }}
faults: [ {faults} ]
slos: {{ a: {{ of: users, good: {{ share: 90%, {good} }} }} }}",
        times.join(", ")
    ))
}

#[test]
fn the_burn_rate_is_that_of_the_worst_window_wherever_it_is() {
    // By hand: all that come in some 10 s fail. 90 % are promised: in the worst 10 s all are bad,
    // ten times what is allowed, also if these are no multiple of 10 s, and at the end of the run;
    // over all it is a quarter, or less at the end.
    for at in ["10s", "13s", "30s"] {
        let errors = format!("errors: {{ target: api.x, rate: 100%, at: {at}, for: 10s }}");
        let answer = each_second("wait: 1ms", "window: 10s, burn_rate: 9", &errors);
        let close = |metric: &str, by_hand: f64| {
            let found = answer.value("slo a", metric);
            assert!((found - by_hand).abs() < 1e-9, "{metric}: {found}");
        };
        close("worst_burn_rate mean", 10.0);
        close("burn_rate mean", 2.5);
        assert!(judged(&answer.results).iter().all(|(_, met, _)| !met));
    }
    // Without a whole window there is none to judge.
    let answer = each_second("wait: 1ms", "window: 50s, burn_rate: 9", "");
    let (_, met, certain) = judged(&answer.results).remove(1);
    assert!(met && !certain && answer.value("slo a", "worst_burn_rate mean").is_nan());
}

#[test]
fn those_who_still_wait_at_the_end_are_bad_or_undecided() {
    // By hand: none is answered. Those that have waited for more than 5 s at 40 s are bad: the 35
    // of the first 35 s; and in the last window of 10 s they all are. Without a limit of time none
    // is, and nothing is shown.
    let answer = each_second("wait: 100s", "within: 5s, window: 10s, burn_rate: 9", "");
    answer.equals("slo a", "bad total", 35.0);
    answer.equals("slo a", "undecided total", 5.0);
    answer.equals("slo a", "bad_ratio mean", 1.0);
    assert!((answer.value("slo a", "worst_burn_rate mean") - 10.0).abs() < 1e-9);
    let answer = each_second("branch: [ { p: 50%, do: [ wait: 100s ] } ]", "", "");
    assert_eq!(answer.value("slo a", "bad total"), 0.0);
    assert!(judged(&answer.results).iter().all(|(_, met, certain)| *met && !certain));
}

#[test]
fn a_share_that_is_just_kept_is_met() {
    // By hand: one of a thousand is bad, and 99.9 % are promised, for which 1 − 0.999 is a little
    // less than 0.001 in binary; one of ten is the burn rate 1 of 90 %.
    let of = |every: u32, good: &str| {
        let answer = run(&format!(
            "run: {{ duration: 2000s, replications: 3 }}
workload:
  users: {{ to: api.x, open: {{ rate: 1/s, arrivals: {{ at: [ {} ] }} }} }}
services: {{ api: {{ endpoints: {{ x: [ wait: 1ms ] }} }} }}
faults: [ {} ]
slos: {{ a: {{ of: users, good: {{ {good} }} }} }}",
            (0..1000).map(|s| format!("{s}500ms")).collect::<Vec<_>>().join(", "),
            (0..1000 / every)
                .map(|n| format!(
                    "errors: {{ target: api.x, rate: 100%, at: {}s, for: 1s }}",
                    n * every
                ))
                .collect::<Vec<_>>()
                .join(", ")
        ));
        judged(&answer.results).iter().all(|(_, met, _)| *met)
    };
    assert!(of(1000, "share: 99.9%"));
    assert!(of(10, "share: 90%"));
    assert!(!of(10, "share: 90.1%"));
}

#[test]
fn nothing_is_certain_of_a_promise_without_evidence() {
    // By hand: no request at all; and ten that are good, of which a rule of three leaves 30 % open,
    // thirty times what 99 % allow.
    let answer = run("run: { duration: 40s, replications: 3 }
workload: { users: { mix: { api.x: 100%, api.z: 0% }, open: { rate: 0.25/s, arrivals: { at: [ 1s, 2s, 3s, 4s, 5s, 6s, 7s, 8s, 9s, 10s ] } } } }
services: { api: { endpoints: { x: [ wait: 1ms ], z: [ wait: 1ms ] } } }
slos: { none: { of: api.z, good: { share: 99%, window: 10s, burn_rate: 10 }, p95: 1s }, few: { of: api.x, good: { share: 99%, window: 10s, burn_rate: 10 } } }");
    let judged = judged(&answer.results);
    assert!(
        judged.len() == 5 && judged.iter().all(|(_, met, certain)| *met && !certain),
        "{judged:?}"
    );
}

#[test]
fn an_objective_reads_back_as_itself_in_every_notation() {
    // Definition: a file that is shown with its defaults is the same scenario.
    let scenario = from_yaml(&format!(
        "version: 1\n{}",
        text("a: { of: users, p99.99: 1s, mean: 3ms, p75: 30ms, errors: 1%, good: { share: 99.9%, within: 400ms, window: 1m, burn_rate: 14 }, throughput: 1/s, wasted: 2% }, b: { of: api, utilisation: 60%, ready_queue: 0.4, cost: $1/h }")
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
        ("a: { of: users, good: { share: 100% } }", "100 % allows no bad request"),
        ("a: { of: users, good: { share: 99%, within: 0s } }", "no request is answered within 0s"),
        ("a: { of: api, good: { share: 99% } }", "is a goal for a workload or an endpoint"),
        ("a: { of: api, p95: 1s }", "name an endpoint of it: `of: api.x`"),
        (
            "a: { of: users, good: { share: 99%, burn_rate: -1 } }",
            "a burn rate is a number from 0.001",
        ),
        ("a: { of: users, good: { share: 99%, window: 1us } }", "windows of 1us are too short"),
        ("a: { of: users, max: 1s }", "bound a high percentile"),
        ("a: { of: nothing, p95: 1s }", "`nothing` is not a workload, an endpoint or a service"),
    ] {
        let problems = told(slos);
        assert!(problems.contains(expected), "{slos}: {problems}");
    }
}

#[test]
fn requests_that_wait_for_long_are_bad_although_they_are_fast_enough() {
    // M/M/1 of 10 ms at 50/s: P(W > t) = ρ·exp(−(μ − λ)t), 0.5·exp(−1) = 18.4 % at 20 ms, whatever
    // the service takes; the same if the queue is that of a lock, or of the callee.
    let exact = 0.5 * (-1.0f64).exp();
    for (steps, more) in [
        ("cpu: { exp: 10ms }", ""),
        ("lock: { name: l, hold: [ wait: { exp: 10ms } ] }", ""),
        ("call: db.read", "db: { endpoints: { read: [ cpu: { exp: 10ms } ] } }"),
    ] {
        let answer = run(&format!(
            "run: {{ duration: 2000s, replications: 10 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 50/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ {steps}, wait: 1s ] }} }}, {more} }}
slos: {{ short: {{ of: users, good: {{ share: 80%, waits: 20ms }} }} }}"
        ));
        answer.agrees("slo short", "bad_ratio mean", exact, 0.02);
        assert!(answer.results.slos[0].pass, "{steps}");
        assert!(answer.results.slos[0].goal.contains("waiting at most 20ms"));
    }
}

//! Systems that were once answered wrongly, with the correct answers.

use super::{About, Case, Claim, Is, Met, Outlook as Says};
use asyncflow::experiment::{Outlook, Reason};

const USERS: &str = "workload users";

fn single(run: &str, rate: &str, steps: &str, more: &str) -> String {
    format!(
        "run: {{ {run} }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ {steps} ] }} }} }}
{more}"
    )
}

pub fn cases() -> Vec<Case> {
    let mut all: Vec<Case> =
        ["1ms", "60ms", "75ms", "100ms", "150ms", "250ms", "300ms", "500ms", "1s", "2s", "5s"]
            .map(constant)
            .into();
    all.push(spread());
    all.extend(not_overloaded());
    all.extend(coinciding());
    all
}

/// The same constant as a step and as a bound.
fn constant(time: &str) -> Case {
    let exact = time
        .strip_suffix("ms")
        .map_or_else(|| time[..time.len() - 1].parse(), |ms| ms.parse().map(|ms: f64| ms / 1000.0));
    let exact: f64 = exact.expect("a number");
    let goals = format!(
        "slos: {{ bound: {{ of: users, mean: {time}, p50: {time}, p95: {time}, p99: {time} }} }}"
    );
    let all = [
        "latency min",
        "latency mean",
        "latency p50",
        "latency p90",
        "latency p95",
        "latency p99",
        "latency p99.9",
        "latency max",
    ];
    let mut claims: Vec<Claim> = all.map(|number| Is(USERS, number, exact)).into();
    claims.extend([Is(USERS, "latency sd", 0.0), Met]);
    Case {
        id: "constants",
        source: "a bound that is the time itself",
        origin: "all of it is one value, and at most it is at most it",
        yaml: single("duration: 60s, replications: 3", "100/s", &format!("wait: {time}"), &goals),
        claims,
    }
}

fn spread() -> Case {
    Case {
        id: "spread",
        source: "an hour's work that varies by a microsecond",
        origin: "the standard deviation of a uniform is its width over √12, 288.7 ns, here from about 17,000; it is no more than the width from the mean",
        yaml: single(
            "duration: 5h, replications: 4",
            "1/s",
            "wait: { uniform: [3600000000us, 3600000001us] }",
            "",
        ),
        claims: vec![
            About(USERS, "latency sd", 1e-6 / 12f64.sqrt(), 0.02),
            About(USERS, "latency p50", 3_600.000_000_5, 0.5e-6 / 3600.0),
            About(USERS, "latency p99.9", 3_600.000_000_5, 0.5e-6 / 3600.0),
        ],
    }
}

fn not_overloaded() -> Vec<Case> {
    let case = |id, source, origin, yaml: String, claims| Case { id, source, origin, yaml, claims };
    let fails = "faults: [ errors: { target: api.x, rate: 100%, at: 0s, for: 30s } ]";
    let slow = "faults: [ slow: { target: api, factor: 2x, at: 200s, for: 30s } ]";
    vec![
        case(
            "not overloaded",
            "a ramp over the whole run, on a service that only waits",
            "nothing is held: what is inside is the rate times a second",
            single(
                "duration: 60s, replications: 5",
                "{ from: 0/s, stages: [ { to: 1000/s, over: 60s } ] }",
                "wait: 1s",
                "",
            ),
            vec![Says("keeps up", |outlook| *outlook == Outlook::KeepsUp)],
        ),
        case(
            "not overloaded",
            "errors that end at half time",
            "half of a core is asked for before and after",
            single("duration: 60s, replications: 5", "50/s", "cpu: 10ms", fails),
            vec![Says("keeps up", |outlook| *outlook == Outlook::KeepsUp)],
        ),
        case(
            "not overloaded",
            "an outage whose queue is not yet worked off at the end",
            "40/s more come than are served for 30 s, and then 10/s fewer: 120 s, of which the run has 70",
            single("duration: 300s, replications: 5", "90/s", "cpu: 10ms", slow),
            vec![Says("recovering", |outlook| {
                matches!(outlook, Outlook::CannotTell(Reason::Recovering { .. }))
            })],
        ),
        case(
            "not answered",
            "a burst of work of 5 minutes each, in a run of one",
            "the first is answered after five minutes",
            single(
                "duration: 60s, replications: 5",
                "{ from: 100/s, stages: [ { to: 100/s, over: 20s }, { to: 0/s, over: 0s } ] }",
                "cpu: 5m",
                "",
            ),
            vec![
                Is(USERS, "completed total", 0.0),
                Says("anything but keeps up", |outlook| *outlook != Outlook::KeepsUp),
            ],
        ),
        case(
            "not answered",
            "service times of infinite variance",
            "Pareto with α = 1.1 has a mean and no variance: a queue behind it never settles, and no run tells",
            single(
                "duration: 60s, replications: 10",
                "50/s",
                "cpu: { pareto: { min: 1ms, alpha: 1.1 } }",
                "",
            ),
            vec![Says(
                "cannot tell",
                |outlook| matches!(outlook, Outlook::CannotTell(Reason::TooShort(settling)) if settling.settles_s.is_infinite()),
            )],
        ),
    ]
}

/// Crashes of all busy instances at the end of the run, beside other events at the same time and
/// after it.
fn coinciding() -> Vec<Case> {
    let case = |origin, yaml: &str, claims| Case {
        id: "coinciding",
        source: "systems by chance",
        origin,
        yaml: yaml.into(),
        claims,
    };
    vec![
        case(
            "nothing fires at the horizon: nothing crashes, in a pair of mirrored runs either",
            "run: { duration: 500ms, replications: 2, antithetic: true, control_variates: true }
workload:
  w0: { to: s1.e, open: { rate: 0.5/s, arrivals: { batch: { size: 3 } } } }
  users: { to: s1.e, open: { rate: 100/s, arrivals: { batch: { size: 3 } } } }
services:
  s1:
    replicas: 2
    balance: least_connections
    instance: { cpu: 2, memory: 100MB }
    runtime: { tasks: {} }
    endpoints: { e: [ cpu: { exp: 10ms }, wait: 1ns, cpu: { exp: 10ms } ] }
faults:
  - slow: { at: 999999999ns, for: 900ms, target: s1, factor: 2x }
  - crash: { at: 500ms, for: 10ms, target: s1, count: 2 }
output: { series: 10ms, requests: 10% }",
            vec![Is(USERS, "failed total", 0.0)],
        ),
        case(
            "as above; what fails is turned away at the door, or by the errors of ten milliseconds",
            "run: { duration: 500ms, replications: 2 }
workload:
  users: { to: s0.e, open: { rate: 100/s, arrivals: { batch: { size: 3 } } } }
  w1: { to: s3.e, open: { rate: { from: 0/s, stages: [ { to: 200/s, over: 500ms }, { to: 0/s, over: 500ms } ] } } }
services:
  s0: { replicas: 2, max_in_flight: 1, queue: { max: 0 }, endpoints: { e: [ memory: 1MB, wait: { pareto: { min: 1ms, alpha: 1.1 } } ] } }
  s3: { replicas: 2, balance: least_connections, instance: { memory: 100MB }, runtime: { tasks: {} }, endpoints: { e: [ wait: { exp: 3ms }, cpu: 10ms, cpu: 1ns ] } }
faults:
  - crash: { at: 500ms, target: s0, count: 2 }
  - slow: { at: 500ms, for: 10ms, target: s3, factor: 0.5x }
  - errors: { at: 100ms, for: 10ms, target: s0.e, rate: 100% }
output: { series: 10ms, requests: 100% }",
            vec![Is("workload w1", "failed total", 0.0)],
        ),
    ]
}

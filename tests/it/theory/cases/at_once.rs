//! Requests that do several things at once: forks that join, the first of some, fan-outs.

use super::networks::{run, several};
use super::{Case, USERS, api, claim, quantiles, station, users};

pub(super) fn fork_join() -> Case {
    let yaml = "run: { duration: 1030s, warmup: 30s, replications: 40 }
workload: { users: { to: api.x, open: { rate: 70/s } } }
services:
  api: { instance: { cpu: 64 }, runtime: { tasks: {} }, endpoints: { x: [ parallel: [ [ call: a.x ], [ call: b.x ] ] ] } }
  a: { endpoints: { x: [ cpu: { exp: 10ms } ] } }
  b: { endpoints: { x: [ cpu: { exp: 10ms } ] } }";
    let claims = vec![
        users("latency mean", 0.047_083_333_3),
        claim("endpoint a.x", "latency mean", 0.033_333_333_3),
        claim("service a", "utilisation mean", 0.7),
        api("in_flight mean", 70.0 * 0.047_083_333_3),
    ];
    several(
        "forkjoin2",
        "a request calls two M/M/1 at once and waits for both; Poisson 70/s, exponential service of 10 ms",
        "T = (12 − ρ)/8 · 1/(μ − λ)",
        "Flatto, Hahn 1984; Nelson, Tantawi 1988",
        vec![run("", yaml.to_string(), claims)],
    )
}

/// An endpoint that does something ten times at once, without queues.
fn at_once(join: &str, branches: usize) -> String {
    let all = vec!["[ wait: { exp: 20ms } ]"; branches].join(", ");
    station(
        500,
        5,
        "rate: 50/s",
        &format!("endpoints: {{ x: [ parallel: {{ join: {join}, branches: [ {all} ] }} ] }}"),
    )
}

pub(super) fn fan_out() -> Case {
    let mut claims = vec![users("latency mean", 0.058_579_365_1)];
    claims.extend(quantiles(USERS, [0.054_071_103_8, 0.105_506_878_2, 0.138_064_735_9]));
    several(
        "fanout10_all",
        "ten exponential waits of 20 ms at once, until all are over",
        "the largest of ten: m · H(10), quantile −m · ln(1 − p^(1/10))",
        "David, Nagaraja 2003, §2.5",
        vec![run("", at_once("all", 10), claims)],
    )
}

pub(super) fn first_of_some() -> Case {
    // The k-th of n exponentials: m · (1/n + 1/(n − 1) + …), k terms.
    let any = vec![
        users("latency mean", 0.002),
        users("latency p50", 0.002 * std::f64::consts::LN_2),
        api("io_waiting mean", 50.0 * 10.0 * 0.002),
    ];
    let third = 0.02 * (1.0 / 5.0 + 1.0 / 4.0 + 1.0 / 3.0);
    let quorum = vec![
        users("latency mean", third),
        // Those that are called off no longer wait: the sum of the five times up to the third.
        api("io_waiting mean", 50.0 * 0.02 * 3.0),
    ];
    several(
        "first_of_exponentials",
        "exponential waits of 20 ms at once, until one of ten is over, or three of five; the others are called off",
        "the k-th smallest of n: m · Σ 1/(n − i), i < k",
        "David, Nagaraja 2003, §2.5",
        vec![
            run("any of ten", at_once("any", 10), any),
            run("three of five", at_once("{ quorum: 3 }", 5), quorum),
        ],
    )
}

/// The largest of n of these has F(t)^n.
pub(super) fn tail_at_scale() -> Case {
    let leaf =
        "[ wait: { mixture: [ { w: 98, is: { exp: 5ms } }, { w: 2, is: { exp: 200ms } } ] } ]";
    let of = |label, leaves: usize, exact: [f64; 3]| {
        let all = vec![leaf; leaves].join(", ");
        let yaml =
            station(300, 5, "rate: 100/s", &format!("endpoints: {{ x: [ parallel: [ {all} ] ] }}"));
        run(label, yaml, quantiles(USERS, exact).to_vec())
    };
    several(
        "tail_at_scale",
        "a fan-out to n leaves, each of 5 ms on average, but of 200 ms with a probability of 2 %, until all have answered",
        "the largest of n: F(t)^n of the mixture",
        "Dean, Barroso 2013; quantiles by bisection",
        vec![
            of("one leaf", 1, [0.003_565, 0.017_165, 0.138_629]),
            of("ten leaves", 10, [0.015_039, 0.272_664, 0.598_243]),
            of("a hundred leaves", 100, [0.212_625, 0.732_720, 1.058_67]),
        ],
    )
}

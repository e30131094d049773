//! Three systems whose results the authors of the original published, each from one run, beside the
//! exact values.

use super::{Case, Claim, Run, api, station, users};

/// The published results: case, metric, value. The number of requests in the third system is the
/// sum of the waiting ones and 2.7 in service.
pub const THEIRS: [(&str, &str, f64); 11] = [
    ("mm1_published", "latency mean", 0.027570),
    ("mm1_published", "time_in.queue mean", 0.012497),
    ("mm1_published", "in_flight mean", 0.827),
    ("mm1_published", "ready_queue mean", 0.375),
    ("random2_published", "latency mean", 0.011832),
    ("random2_published", "time_in.queue mean", 0.001783),
    ("random2_published", "in_flight mean", 0.355),
    ("random2_published", "ready_queue mean", 0.0536),
    ("mm3_published", "latency mean", 0.036521),
    ("mm3_published", "time_in.admission mean", 0.026523),
    ("mm3_published", "admission_queue mean", 7.153),
];

fn case(
    id: &'static str,
    what: &'static str,
    formula: &'static str,
    source: &'static str,
    yaml: String,
    claims: Vec<Claim>,
) -> Case {
    Case { id, what, formula, source, runs: vec![Run { label: "", yaml, claims }] }
}

pub fn cases() -> Vec<Case> {
    vec![
        case(
            "mm1_published",
            "one core, Poisson 30/s, exponential service of 15 ms",
            "W = 1/(μ − λ); Wq = W − 1/μ; L = λW; Lq = λWq",
            "K1 (3.24)",
            station(1200, 30, "rate: 30/s", "endpoints: { x: [ cpu: { exp: 15ms } ] }"),
            vec![
                users("latency mean", 3.0 / 110.0),
                users("time_in.queue mean", 3.0 / 110.0 - 0.015),
                api("in_flight mean", 9.0 / 11.0),
                api("ready_queue mean", 9.0 / 11.0 - 0.45),
            ],
        ),
        case(
            "random2_published",
            "Poisson 30/s, each to one of two servers by chance, exponential service of 10 ms",
            "two M/M/1 of half the rate: W = 1/(μ − λ/2); L = λW",
            "K1 (3.24), §3.2",
            station(
                1200,
                30,
                "rate: 30/s",
                "replicas: 2, balance: random, endpoints: { x: [ cpu: { exp: 10ms } ] }",
            ),
            vec![
                users("latency mean", 1.0 / 85.0),
                users("time_in.queue mean", 1.0 / 85.0 - 0.01),
                api("in_flight mean", 30.0 / 85.0),
                api("ready_queue mean", 30.0 / 85.0 - 0.3),
            ],
        ),
        case(
            "mm3_published",
            "one queue before three servers of one core, Poisson 270/s, exponential service of 10 ms",
            "C = ErlangC(3, 2.7); Wq = C/(3μ − λ); W = Wq + 1/μ; Lq = λWq; inside are λ/μ; T = W + S, independent",
            "K1 (3.40); HB §14.3",
            station(
                600,
                30,
                "rate: 270/s",
                "replicas: 3, balance: central_queue, endpoints: { x: [ cpu: { exp: 10ms } ] }",
            ),
            vec![
                // At a load of 0.9, 24,000 s determine the values to 1 to 2 %.
                users("latency mean", 0.037_235_367_4).within(0.02),
                users("time_in.admission mean", 0.027_235_367_4).within(0.03),
                api("admission_queue mean", 7.353_549_190_5).within(0.03),
                api("in_flight mean", 2.7),
                api("utilisation mean", 0.9),
                users("time_in.queue mean", 0.0).within(0.0),
                users("latency p50", 0.027_558_206_2).within(0.03),
                users("latency p95", 0.105_009_123_7).within(0.03),
                users("latency p99", 0.158_660_049_4).within(0.04),
            ],
        ),
    ]
}

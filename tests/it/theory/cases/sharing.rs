//! Cores that all bursts share.

use super::networks::{run, several};
use super::{Case, USERS, api, quantiles, station, users};

/// One core that all bursts share.
fn shared(time: u32, rate: &str, steps: &str) -> String {
    let api = format!("runtime: {{ tasks: {{ schedule: ps }} }}, endpoints: {{ x: [ {steps} ] }}");
    station(time, 30, rate, &api)
}

pub(super) fn sharing() -> Case {
    let mut claims = vec![
        users("latency mean", 0.05),
        users("latency sd", 0.005_833_333_3_f64.sqrt()).within(0.02),
        users("time_in.cpu mean", 0.01),
        users("time_in.queue mean", 0.04),
        api("in_flight mean", 4.0),
        api("utilisation mean", 0.8),
    ];
    claims.extend(quantiles(USERS, [0.023_516_898_5, 0.187_481_118_0, 0.369_409_900_5]));
    several(
        "mm1_ps",
        "one core, shared by all bursts, exponential service of 10 ms; Poisson 80/s",
        "T = 1/(μ − λ), Var T = T² (2 + ρ)/(2 − ρ); quantiles from the chain of a tagged request",
        "K2 §4.4; Coffman, Muntz, Trotter 1970",
        vec![run("", shared(2000, "rate: 80/s", "cpu: { exp: 10ms }"), claims)],
    )
}

pub(super) fn sharing_any_law() -> Case {
    let of = |label, cpu: &str| {
        let claims =
            vec![users("latency mean", 0.05).within(0.02), api("in_flight mean", 4.0).within(0.02)];
        run(label, shared(2000, "rate: 80/s", &format!("cpu: {cpu}")), claims)
    };
    several(
        "mg1_ps",
        "one core, shared by all bursts, service of 10 ms by any law; Poisson 80/s",
        "insensitivity: T = E[S]/(1 − ρ), whatever the variance",
        "K2 §4.4; Sakata, Noguchi, Oizumi 1971",
        vec![
            of("constant", "10ms"),
            of("exponential", "{ exp: 10ms }"),
            of("hyperexponential, cv 4", "{ hyperexp: { mean: 10ms, cv: 4 } }"),
        ],
    )
}

pub(super) fn event_loop_shared() -> Case {
    let of = |label, steps: &str| {
        let claims = vec![
            users("latency mean", 0.06),
            api("in_flight mean", 6.0),
            api("utilisation mean", 0.8),
        ];
        run(label, shared(1000, "rate: 100/s", steps), claims)
    };
    several(
        "eventloop_ps",
        "one core, shared: a burst of 3 ms, I/O of 20 ms, a burst of 5 ms, by any laws; Poisson 100/s",
        "product form: T of a burst is its mean over 1 − ρ",
        "Baskett, Chandy, Muntz, Palacios 1975; HB ch. 22",
        vec![
            of("exponential", "cpu: { exp: 3ms }, wait: { exp: 20ms }, cpu: { exp: 5ms }"),
            of(
                "constant, constant, Erlang",
                "cpu: 3ms, wait: 20ms, cpu: { erlang: { mean: 5ms, k: 2 } }",
            ),
        ],
    )
}

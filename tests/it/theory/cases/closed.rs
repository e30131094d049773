//! Closed users: each waits for its answer, thinks, and asks again.

use super::networks::{run, several};
use super::{Case, Claim, USERS, api, quantiles, users};

/// A workload of closed users.
fn closed(users: u32, think: &str, duration: u32, api: &str) -> String {
    format!(
        "run: {{ duration: {duration}s, warmup: 100s, replications: 40 }}
workload: {{ users: {{ to: api.x, closed: {{ users: {users}, think: {think} }} }} }}
services: {{ api: {{ {api} }} }}"
    )
}

pub(super) fn closed_users() -> Case {
    let station =
        "instance: { cpu: 2 }, runtime: { tasks: {} }, endpoints: { x: [ cpu: { exp: 50ms } ] }";
    let of = |label, think, mut claims: Vec<Claim>| {
        claims.extend([
            users("throughput mean", 39.150_985_474_4),
            users("latency mean", 0.277_107_061_1),
            users("time_in.queue mean", 0.227_107_061_1),
            api("in_flight mean", 10.849_014_525_6),
            api("utilisation mean", 0.978_774_636_9),
        ]);
        run(label, closed(50, think, 1100, station), claims)
    };
    let quantiles = quantiles(USERS, [0.259_481_569_0, 0.569_512_036_1, 0.715_810_745_9]).to_vec();
    several(
        "closed_users_mmcN",
        "50 users, who think for 1 s and wait for each answer; two cores, one queue, exponential service of 50 ms",
        "a birth-death chain of a finite source, R = N/X − Z, the arrival theorem; means hold for any law of thinking",
        "K1 §3.9; Sevcik, Mitrani 1981",
        vec![
            of("exponential thinking", "{ exp: 1s }", quantiles),
            of("constant thinking", "1s", vec![]),
        ],
    )
}

pub(super) fn closed_mva() -> Case {
    let of = |label, count, throughput: f64, response_s: f64| {
        let claims = vec![users("throughput mean", throughput), users("latency mean", response_s)];
        run(
            label,
            closed(count, "{ exp: 4s }", 4100, "endpoints: { x: [ cpu: { exp: 1s } ] }"),
            claims,
        )
    };
    several(
        "closed_mva",
        "one core, exponential service of 1 s, users who think for 4 s",
        "exact mean value analysis: X = N/(R + Z), R = S · (1 + L of one user less)",
        "Reiser, Lavenberg 1980",
        vec![
            of("1 user", 1, 0.2, 1.0),
            of("5 users", 5, 0.800_933, 2.242_718),
            of("10 users", 10, 0.994_692, 6.053_359),
            of("20 users", 20, 1.0, 16.0),
        ],
    )
}

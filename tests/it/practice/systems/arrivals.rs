//! Systems whose arrivals or service change: stops, ramps, all at one moment.

use super::{USERS, single};
use crate::practice::{About, Agrees, Case, Claim, Is};

pub(super) fn stops() -> Case {
    let faults = [5, 15, 25, 35, 45]
        .map(|at| format!("slow: {{ target: api, factor: 1000000x, at: {at}s, for: 2s }}"))
        .join(", ");
    // 20,000 requests wait at the end of a stop, and the service rate exceeds the arrival rate by
    // 490,000/s: a request that arrives (2 s − w)/0.98 after the beginning waits w, so the share of
    // requests in every 10 s that wait longer is (2 s − w)/9.8 s.
    let quantile = |q: f64| 2.0 - 9.8 * (1.0 - q);
    Case {
        id: "stops",
        source: "talks on how not to measure latency: a stop of 2 s in every 10 s",
        origin: "theory of a stop alone: mean 0.2 s, p90 1.0, p99 1.9, p99.9 1.99, max 2.0; here with the time that the queue takes to be worked off",
        yaml: format!(
            "{}\nfaults: [ {faults} ]",
            single(
                "duration: 50s, replications: 1",
                "{ rate: 10k/s, arrivals: regular }",
                "",
                "cpu: 2us"
            )
        ),
        claims: vec![
            About(USERS, "latency mean", 0.2 / 0.98, 0.001),
            About(USERS, "latency p90", quantile(0.9), 0.002),
            About(USERS, "latency p99", quantile(0.99), 0.002),
            About(USERS, "latency p99.9", quantile(0.999), 0.002),
            Is(USERS, "latency max", 2.0),
        ],
    }
}

/// Returns a workload of n requests at 0 s, and none later.
fn at_once(n: usize) -> String {
    format!("{{ rate: 1/s, arrivals: {{ at: [{}] }} }}", vec!["0s"; n].join(", "))
}

pub(super) fn at_one_moment() -> Vec<Case> {
    let case =
        |id, source, origin, n, duration: &str, service: &str, steps: &str, claims: Vec<Claim>| {
            Case {
                id,
                source,
                origin,
                yaml: single(
                    &format!("duration: {duration}, replications: 1"),
                    &at_once(n),
                    service,
                    steps,
                ),
                claims,
            }
        };
    let latency = |mean, max| vec![Is(USERS, "latency mean", mean), Is(USERS, "latency max", max)];
    let thousand = |service, origin, claims| {
        case(
            "thousand",
            "blocking against awaiting: 1,000 at once",
            origin,
            1000,
            "130s",
            service,
            "wait: 5s",
            claims,
        )
    };
    let thirty = |steps, origin, claims| {
        case("thirty", "30 at once of 3 s each", origin, 30, "100s", "", steps, claims)
    };
    let four = |places: &str, origin, rejected| {
        let claims = vec![
            Is(USERS, "outcomes.rejected mean", rejected),
            Is(USERS, "completed total", 4.0 * (1.0 - rejected)),
        ];
        case("four", "one server, four at once", origin, 4, "10s", places, "cpu: 1s", claims)
    };
    vec![
        thousand(
            "max_in_flight: 40,",
            "25 rounds of 5 s: 5 s · (1 + … + 25)/25 on average",
            latency(65.0, 125.0),
        ),
        thousand("", "everybody waits at the same time", latency(5.0, 5.0)),
        thirty("wait: 3s", "everybody waits at the same time", latency(3.0, 3.0)),
        thirty(
            "cpu: 3s",
            "one after another: 3 s · (1 + … + 30)/30 on average",
            latency(46.5, 90.0),
        ),
        four("max_in_flight: 1, queue: { max: 2 },", "one is served and two wait", 0.25),
        four("max_in_flight: 1, queue: { max: 0 },", "one is served and none waits", 0.75),
    ]
}

pub(super) fn ramp() -> Case {
    Case {
        id: "ramp",
        source: "a load profile: from 0 to 0.4 users a second in 300 s, and 1,800 s at that",
        origin: "the integral of the rate: 60 + 720",
        yaml: single(
            "duration: 35m, replications: 200",
            "{ rate: { from: 0/s, stages: [ { to: 0.4/s, over: 300s }, { to: 0.4/s, over: 30m } ] } }",
            "",
            "wait: 1ms",
        ),
        claims: vec![Agrees(USERS, "arrivals total", 780.0, 0.003)],
    }
}

pub(super) fn doorbuster() -> Case {
    Case {
        id: "doorbuster",
        source: "a load test with ramping arrivals and at most 50 virtual users, an iteration a request and a sleep of 250 ms",
        origin: "5,400 is the integral of the rate; 219 find 50 inside, worked out request by request",
        yaml: "run: { duration: 55s, replications: 1 }
workload:
  users:
    to: k6.iteration
    open:
      arrivals: regular
      rate: { from: 10/s, stages: [ { to: 10/s, over: 10s }, { to: 150/s, over: 5s }, { to: 150/s, over: 10s }, { to: 100/s, over: 20s }, { to: 80/s, over: 10s } ] }
services:
  k6: { max_in_flight: 50, queue: { max: 0 }, endpoints: { iteration: [ call: site.page, wait: 250ms ] } }
  site: { endpoints: { page: [ wait: 120ms ] } }"
            .into(),
        claims: vec![Is(USERS, "arrivals total", 5400.0), Is(USERS, "failed total", 219.0), Is(USERS, "latency p50", 0.37), Is(USERS, "latency max", 0.37)],
    }
}

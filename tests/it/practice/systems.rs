//! Systems that were described in public, with the correct answers.

mod arrivals;
mod limits;

use super::formulas::{Pool, erlang_c_queue, mean_at_first, pollaczek_khinchine};
use super::{Agrees, Case, Is, Outlook as Says};
use arrivals::{at_one_moment, doorbuster, ramp, stops};
use asyncflow::experiment::{Outlook, Reason};
use limits::{chairs, connections, open_connections, places, units};

const USERS: &str = "workload users";
const API: &str = "service api";

/// Returns a scenario with one service `api` with one endpoint.
fn single(run: &str, open: &str, service: &str, steps: &str) -> String {
    format!(
        "run: {{ {run} }}
workload: {{ users: {{ to: api.x, open: {open} }} }}
services: {{ api: {{ {service} endpoints: {{ x: [ {steps} ] }} }} }}"
    )
}

pub fn cases() -> Vec<Case> {
    let mut all = vec![
        half_too_much(),
        stops(),
        distributor(),
        ramp(),
        doorbuster(),
        edge(),
        units(),
        chairs(),
        open_connections(),
    ];
    all.extend(slow_pools());
    all.extend(uniform_service());
    all.extend(at_one_moment());
    all.extend(connections());
    all.extend(counters());
    all.extend(places());
    all
}

fn half_too_much() -> Case {
    Case {
        id: "half too much",
        source: "a question about a queue that never empties",
        origin: "the n-th is answered n half seconds and one after it came; 39 within a minute, whether the first comes at 0 s or at 1 s",
        yaml: single(
            "duration: 60s, replications: 1",
            "{ rate: 1/s, arrivals: regular }",
            "",
            "cpu: 1500ms",
        ),
        claims: vec![
            Is(USERS, "completed total", 39.0),
            Is(USERS, "latency mean", 11.0),
            Is(USERS, "latency max", 20.5),
        ],
    }
}

fn slow_pools() -> Vec<Case> {
    let pool = |rate, servers, takes_s, factor, slow_s| Pool {
        rate,
        servers,
        takes_s,
        factor,
        slow_s,
        duration_s: 24.0,
    };
    let pools = [
        pool(120.0, 36, (0.04864, 0.07936), 1.15, (9.0, 11.0)),
        pool(260.0, 18, (0.05616, 0.09984), 2.5, (5.0, 18.0)),
        pool(180.0, 32, (0.04752, 0.09648), 7.0, (8.0, 9.4)),
    ];
    let case = |pool: Pool| {
        let [p95, p99] = pool.quantiles(400, [0.95, 0.99]);
        let service = format!(
            "instance: {{ cpu: {} }}, runtime: {{ tasks: {{ schedule: fifo }} }},",
            pool.servers
        );
        let open = format!("{{ rate: {}/s, arrivals: regular }}", pool.rate);
        let us = |s: f64| (s * 1e6).round() as u64;
        let steps =
            format!("cpu: {{ uniform: [{}us, {}us] }}", us(pool.takes_s.0), us(pool.takes_s.1));
        let (from, long) = (us(pool.slow_s.0), us(pool.slow_s.1 - pool.slow_s.0));
        let fault = format!(
            "faults: [ slow: {{ target: api, factor: {}x, at: {from}us, for: {long}us }} ]",
            pool.factor
        );
        Case {
            id: "slow pool",
            source: "a laboratory of coordinated omission: an open loop of constant rate",
            origin: "the same queue worked out request by request",
            yaml: format!(
                "{}\n{fault}",
                single("duration: 24s, replications: 40", &open, &service, &steps)
            ),
            claims: vec![
                Agrees(USERS, "latency p95", p95, 0.02),
                Agrees(USERS, "latency p99", p99, 0.02),
            ],
        }
    };
    pools.map(case).into()
}

fn distributor() -> Case {
    Case {
        id: "distributor",
        source: "an exam: a distributor with 0.2 in it sends 72,000 an hour, 0.4 and 0.6, to 100 and 75 ms with 3.2 and 8.1 waiting",
        origin: "three M/M/1: 0.2, 4 and 9 inside, so 500 and 750 ms; 13.2/20 s for all (Little)",
        yaml: "run: { duration: 20m, warmup: 2m, replications: 40 }
workload: { users: { mix: { api.one: 4, api.two: 6 }, open: { rate: 1200/min } } }
services:
  api: { endpoints: { one: [ cpu: { exp: 8333333ns }, call: s1.x ], two: [ cpu: { exp: 8333333ns }, call: s2.x ] } }
  s1: { endpoints: { x: [ cpu: { exp: 100ms } ] } }
  s2: { endpoints: { x: [ cpu: { exp: 75ms } ] } }"
            .into(),
        claims: vec![
            Agrees(USERS, "latency mean", 0.66, 0.06),
            Agrees("endpoint s1.x", "latency mean", 0.5, 0.06),
            Agrees("endpoint s2.x", "latency mean", 0.75, 0.08),
            Agrees("service s1", "ready_queue mean", 3.2, 0.06),
            Agrees("service s2", "ready_queue mean", 8.1, 0.08),
        ],
    }
}

fn uniform_service() -> Vec<Case> {
    let open = "{ rate: 1/s }";
    let case = |id, origin, run: &str, low_ms: u32, high_ms: u32, mean: f64, precision| Case {
        id,
        source: "an exercise: one a second, service uniform between two times",
        origin,
        yaml: single(run, open, "", &format!("cpu: {{ uniform: [{low_ms}ms, {high_ms}ms] }}")),
        claims: vec![Agrees(USERS, "latency mean", mean, precision)],
    };
    let long = "duration: 330m, warmup: 30m, replications: 40";
    let short = "duration: 2m, replications: 500";
    let (pk, first) =
        ("Pollaczek and Khinchine", "the same queue from empty, worked out request by request");
    vec![
        case(
            "uniform service",
            pk,
            long,
            400,
            1400,
            pollaczek_khinchine(1.0, 0.9, 1.0 / 12.0),
            0.03,
        ),
        case(
            "uniform service",
            pk,
            long,
            300,
            1100,
            pollaczek_khinchine(1.0, 0.7, 0.64 / 12.0),
            0.01,
        ),
        case(
            "first minutes",
            first,
            short,
            400,
            1400,
            mean_at_first(1.0, (0.4, 1.4), 120.0, 50_000),
            0.04,
        ),
        case(
            "first minutes",
            first,
            short,
            300,
            1100,
            mean_at_first(1.0, (0.3, 1.1), 120.0, 50_000),
            0.04,
        ),
    ]
}

fn edge() -> Case {
    Case {
        id: "edge",
        source: "an exercise: 85 in 605 s, 7.117 s of service, 78,287 s in the system",
        origin: "M/M/1 at 99.99 %: 1/(√μ − √λ)² is 3.4 · 10^9 seconds, so ten hours tell nothing of the long run",
        yaml: single(
            "duration: 10h, replications: 3",
            "{ rate: 505.785124/h }",
            "",
            "cpu: { exp: 7117ms }",
        ),
        claims: vec![Says(
            "too short to tell",
            |outlook| matches!(outlook, Outlook::CannotTell(Reason::TooShort(settling)) if settling.settles_s > 1e9),
        )],
    }
}

fn counters() -> Vec<Case> {
    let case = |per_min: u32, servers: u32, each_per_min: u32, duration: &str| Case {
        id: "counters",
        source: "textbook exercises: arrivals per minute, one line, several counters",
        origin: "Erlang C",
        yaml: single(
            &format!("duration: {duration}, warmup: 10m, replications: 40"),
            &format!("{{ rate: {per_min}/min }}"),
            &format!("instance: {{ cpu: {servers} }}, runtime: {{ tasks: {{}} }},"),
            &format!("cpu: {{ exp: {}ns }}", 60_000_000_000u64 / u64::from(each_per_min)),
        ),
        claims: vec![Agrees(
            API,
            "ready_queue mean",
            erlang_c_queue(servers, f64::from(per_min) / f64::from(each_per_min)),
            0.06,
        )],
    };
    vec![case(120, 4, 35, "2h"), case(60, 3, 25, "2h"), case(220, 5, 50, "1h")]
}

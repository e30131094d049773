//! Systems that were described in public, with the correct answers.

use super::formulas::{Pool, erlang_b, erlang_c_queue, mean_at_first, pollaczek_khinchine};
use super::{About, Agrees, Case, Claim, Is, Outlook as Says};
use asyncflow::experiment::{Outlook, Reason};
use asyncflow::scenario::Resource;

const USERS: &str = "workload users";
const API: &str = "service api";

/// Returns a workload of n requests at 0 s, and none later.
fn at_once(n: usize) -> String {
    format!("{{ rate: 1/s, arrivals: {{ at: [{}] }} }}", vec!["0s"; n].join(", "))
}

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

fn stops() -> Case {
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

fn at_one_moment() -> Vec<Case> {
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

fn ramp() -> Case {
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

fn doorbuster() -> Case {
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

fn connections() -> Vec<Case> {
    let source = "a pool of database connections under 7,500 queries of 5 ms a second";
    let origin = "7,500/s · 5 ms = 37.5 connections are in use (Little)";
    let case = |connections: u32, claim| Case {
        id: "connections",
        source,
        origin,
        yaml: single(
            "duration: 10s, replications: 2",
            "{ rate: 7500/s }",
            &format!("max_in_flight: {connections},"),
            "wait: 5ms",
        ),
        claims: vec![claim],
    };
    vec![
        case(38, Says("keeps up", |outlook| *outlook == Outlook::KeepsUp)),
        case(
            37,
            Says("overloaded, 101.35 %", |outlook| {
                overloaded(outlook, Resource::Places, 37.5 / 37.0)
            }),
        ),
        case(
            30,
            Says("overloaded, 125 %", |outlook| overloaded(outlook, Resource::Places, 37.5 / 30.0)),
        ),
    ]
}

fn overloaded(outlook: &Outlook, resource: Resource, load: f64) -> bool {
    matches!(outlook, Outlook::Overloaded(found) if found.resource == Some(resource) && (found.load - load).abs() < 1e-9)
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

fn open_connections() -> Case {
    let times = ["10ms", "50ms", "200ms", "5s"];
    let each = |of: &dyn Fn(usize, &str) -> String| -> String {
        times.iter().enumerate().map(|(n, time)| of(n, time)).collect()
    };
    let workloads = each(&|n, _| {
        format!("\n  w{n}: {{ to: s{n}.x, open: {{ rate: 50/s, arrivals: regular }} }}")
    });
    let services = each(&|n, time| format!("\n  s{n}: {{ endpoints: {{ x: [ wait: {time} ] }} }}"));
    Case {
        id: "open connections",
        source: "how many connections are open at 50/s of 10 ms, 50 ms, 200 ms, 5 s",
        origin: "rate times time (Little); exact, because requests come and go at equal distances",
        yaml: format!(
            "run: {{ duration: 20s, warmup: 10s, replications: 1 }}\nworkload:{workloads}\nservices:{services}"
        ),
        claims: vec![
            Is("service s0", "in_flight mean", 0.5),
            Is("service s1", "in_flight mean", 2.5),
            Is("service s2", "in_flight mean", 10.0),
            Is("service s3", "in_flight mean", 250.0),
        ],
    }
}

fn units() -> Case {
    Case {
        id: "units",
        source: "a question about a resource of 10 units: 7 are asked for at 0 and at 1 s, 1 at 2 s, each for 10 s",
        origin: "none overtakes: they are done at 10, 20 and 20 s",
        yaml: "run: { duration: 30s, replications: 1 }
workload:
  big: { to: api.big, open: { rate: 1/s, arrivals: { at: [0s, 1s] } } }
  small: { to: api.small, open: { rate: 1/s, arrivals: { at: [2s] } } }
services: { api: { instance: { memory: 10MB }, endpoints: { big: [ memory: 7MB, wait: 10s ], small: [ memory: 1MB, wait: 10s ] } } }"
            .into(),
        claims: vec![
            Is("workload big", "latency min", 10.0),
            Is("workload big", "latency max", 19.0),
            Is("workload small", "latency max", 18.0),
        ],
    }
}

fn chairs() -> Case {
    Case {
        id: "chairs",
        source: "an exam: 240 an hour, two counters of 30 s on average, three chairs",
        origin: "M/M/2/5 by its birth-death chain: 2/11 are turned away, 12/11 wait, 20 s of those let in",
        yaml: single(
            "duration: 20h, warmup: 1h, replications: 40",
            "{ rate: 240/h }",
            "instance: { cpu: 2 }, runtime: { tasks: {} }, max_in_flight: 2, queue: { max: 3 },",
            "cpu: { exp: 30s }",
        ),
        claims: vec![
            Agrees(USERS, "outcomes.rejected mean", 2.0 / 11.0, 0.01),
            Agrees(API, "admission_queue mean", 12.0 / 11.0, 0.01),
            Agrees(USERS, "time_in.admission mean", 20.0, 0.01),
        ],
    }
}

fn places() -> Vec<Case> {
    let case = |places: u32, precision| Case {
        id: "places",
        source: "a limit of concurrency: 500/s of 200 ms on a limited number of places, without a queue",
        origin: "Erlang B",
        yaml: single(
            "duration: 62s, warmup: 2s, replications: 20",
            "{ rate: 500/s }",
            &format!("max_in_flight: {places}, queue: {{ max: 0 }},"),
            "wait: 200ms",
        ),
        claims: vec![Agrees(USERS, "outcomes.rejected mean", erlang_b(places, 100.0), precision)],
    };
    vec![case(100, 0.02), case(128, 0.15)]
}

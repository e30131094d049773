//! Counts at a given time, from many short replications, and results exact to the nanosecond.
//!
//! A run that starts empty, without a warm-up, and ends at t leaves as many requests unfinished as
//! are in the system at t.

use super::{
    Case, Claim, Read, Run, USERS, api, claim, drained_station, quantiles, station, users,
};

pub fn cases() -> Vec<Case> {
    vec![
        infinite_server(),
        transient(),
        overloaded_transient(),
        sine(),
        windows(),
        overload(),
        five_at_once(),
    ]
}

/// Returns a run of `milliseconds`, starting empty. All requests fail, so that no latency is
/// recorded, which would take most of the time.
fn until(milliseconds: u32, replications: u32, rate: &str, mean: &str) -> String {
    format!(
        "run: {{ duration: {milliseconds}ms, replications: {replications} }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ wait: {{ exp: {mean} }}, fail: {{ p: 100%, status: 503 }} ] }} }} }}"
    )
}

/// Like [`until`], with 100 event loops, one of which is chosen at random for each request: 100
/// independent queues, each with its share of the rate.
fn loops_until(milliseconds: u32, replications: u32, rate: u32) -> String {
    format!(
        "run: {{ duration: {milliseconds}ms, replications: {replications} }}
workload: {{ users: {{ to: api.x, open: {{ rate: {}/s }} }} }}
services: {{ api: {{ instance: {{ cpu: {LOOPS} }}, runtime: {{ event_loop: {{ workers: {LOOPS} }} }}, endpoints: {{ x: [ cpu: {{ exp: 10ms }} ] }} }} }}",
        rate * LOOPS
    )
}

const LOOPS: u32 = 100;

fn number(mean: f64) -> Claim {
    users("unfinished total", mean)
}
fn number_in_all_loops(mean: f64) -> Claim {
    number(mean * f64::from(LOOPS))
}
fn variance(mean: f64, variance: f64) -> Claim {
    users("unfinished total", variance).read_as(Read::SquareAbout(mean))
}

fn infinite_server() -> Case {
    let at = |label, milliseconds, replications, mean| Run {
        label,
        yaml: until(milliseconds, replications, "200/s", "120ms"),
        claims: vec![number(mean)],
    };
    let wait = "endpoints: { x: [ wait: { exp: 120ms } ] }";
    let mut latency = vec![users("latency mean", 0.12)];
    latency.extend(quantiles(USERS, [0.083_177_661_7, 0.359_487_872_8, 0.552_620_422_3]));
    Case {
        id: "mminf",
        what: "I/O of 120 ms without any limit; Poisson 200/s",
        formula: "N ~ Poisson(λm); from empty N(t) ~ Poisson(λm(1 − e^(−t/m)))",
        source: "K1 §3.4; HB ch. 14; Mirasol 1963",
        runs: vec![
            Run {
                label: "steady",
                yaml: station(60, 3, "rate: 200/s", wait),
                claims: vec![api("in_flight mean", 24.0), api("io_waiting mean", 24.0)],
            },
            Run {
                label: "until all are gone",
                yaml: drained_station(60, "200/s", wait),
                claims: latency,
            },
            at("at 50 ms", 50, 2000, 8.178_224_875_2),
            at("at 120 ms", 120, 1200, 15.170_893_411_9),
            at("at 300 ms", 300, 1000, 22.029_960_033_0),
            Run {
                label: "at 1.5 s",
                yaml: until(1500, 23_000, "200/s", "120ms"),
                // The deviation from 24 is only 4e-6 of it.
                claims: vec![
                    number(24.0),
                    variance(24.0, 24.0),
                    // Only one replication in ten counts: 1 % would take 94,000 of them.
                    users("unfinished total", 0.095_848_401_8)
                        .read_as(Read::Above(30.0))
                        .within(0.025),
                ],
            },
        ],
    }
}

fn transient() -> Case {
    let at = |label, milliseconds, replications, mean| Run {
        label,
        yaml: loops_until(milliseconds, replications, 80),
        claims: vec![number_in_all_loops(mean)],
    };
    Case {
        id: "mm1_transient",
        what: "one core, Poisson 80/s, exponential service of 10 ms, from empty: the number in the system at t, of 100 such together",
        formula: "Kolmogorov's forward equations, 400 states",
        source: "K1 §2.6, 2.7",
        runs: vec![
            at("at 10 ms", 10, 300, 0.551_551_858_3),
            at("at 50 ms", 50, 200, 1.469_460_827_8),
            at("at 200 ms", 200, 200, 2.647_634_924_0),
            at("at 1 s", 1000, 200, 3.791_872_692_6),
            at("at 5 s", 5000, 200, 3.999_513_556_5),
        ],
    }
}

fn overloaded_transient() -> Case {
    let at = |label, milliseconds, replications, mean| Run {
        label,
        yaml: loops_until(milliseconds, replications, 120),
        claims: vec![number_in_all_loops(mean)],
    };
    Case {
        id: "mm1_transient_overload",
        what: "one core, overloaded: Poisson 120/s, exponential service of 10 ms, from empty: the number in the system at t, of 100 such together",
        formula: "Kolmogorov's forward equations, 1500 states",
        source: "K1 §2.6, 2.7",
        runs: vec![
            at("at 500 ms", 500, 100, 14.088_134_810_1),
            at("at 2 s", 2000, 60, 44.917_594_127_9),
            at("at 10 s", 10_000, 40, 204.999_990_517_8),
        ],
    }
}

/// The sine is approximated by ramps of 0.1 s. The numbers are exact for the ramps; those of the
/// sine differ by at most 0.1 %.
fn sine() -> Case {
    let rate =
        |tenths: u32| 200.0 + 150.0 * (2.0 * std::f64::consts::PI * tenths as f64 / 100.0).sin();
    let ramps = |tenths: u32| {
        let stages: Vec<String> =
            (1..=tenths).map(|i| format!("{{ to: {:.3}/s, over: 100ms }}", rate(i))).collect();
        format!("{{ from: {:.3}/s, stages: [ {} ] }}", rate(0), stages.join(", "))
    };
    let at = |label, tenths: u32, mean: f64, more: Vec<Claim>| {
        let mut claims = vec![number(mean)];
        claims.extend(more);
        let replications = if tenths == 5 { 2000 } else { 900 };
        Run { label, yaml: until(tenths * 100, replications, &ramps(tenths), "250ms"), claims }
    };
    Case {
        id: "mt_minf_sine",
        what: "I/O of 250 ms without any limit, arrivals at 200 + 150 sin(2πt/10 s) a second as ramps of 0.1 s, from empty: the number at t",
        formula: "N(t) ~ Poisson(m(t)), m′ = λ(t) − μm, solved piece by piece for the ramps (the sine itself: 49.8530, 86.5950, 55.7486, \
                  13.4030, 86.5970; 1477.465 arrivals)",
        source: "Eick, Massey, Whitt 1993",
        runs: vec![
            at(
                "at 0.5 s",
                5,
                49.850_873_6,
                vec![variance(49.850_873_6, 49.850_873_6).within(0.04)],
            ),
            at("at 2.5 s", 25, 86.582_957_1, vec![]),
            at("at 5 s", 50, 55.746_761_3, vec![users("arrivals total", 1477.3076)]),
            at("at 7.5 s", 75, 13.415_033_8, vec![]),
            at("at 12.5 s", 125, 86.584_966_2, vec![]),
        ],
    }
}

fn windows() -> Case {
    let run = |label, seconds, replications, claims| {
        Run {
        label,
        yaml: format!(
            "run: {{ duration: {seconds}s, replications: {replications} }}
workload: {{ users: {{ to: api.x, users: {{ active: {{ poisson: 50 }}, each: 0.5/s, resample: 60s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ fail: {{ p: 100%, status: 503 }} ] }} }} }}"
        ),
        claims,
    }
    };
    let counted = |mean, variance, share| {
        vec![
            users("arrivals total", mean),
            users("arrivals total", variance).read_as(Read::SquareAbout(mean)).within(share),
        ]
    };
    Case {
        id: "users_poisson_windows",
        what: "every 60 s the number of users is drawn anew from Poisson(50), each sends 0.5/s: arrivals in 10 windows, and in one",
        formula: "E = kmrW; Var = k(mrW + m(rW)²)",
        source: "law of total variance",
        runs: vec![
            // A variance needs 20,000 counts for 1 %; one window is enough for that.
            run("10 windows", 600, 600, counted(15_000.0, 465_000.0, 0.07)),
            run("one window", 60, 23_000, counted(1500.0, 46_500.0, 0.01)),
        ],
    }
}

fn overload() -> Case {
    let yaml = "run: { duration: 20s, replications: 2 }
workload:
  users: { to: api.x, open: { rate: { from: 100/s, stages: [ { to: 100/s, over: 10s }, { to: 0/s, over: 0s } ] }, arrivals: regular } }
services: { api: { endpoints: { x: [ cpu: 12ms ] } } }";
    let exactly = |claim: Claim| claim.within(0.0);
    Case {
        id: "dd1_overload",
        what: "1000 requests, one every 10 ms, service of exactly 12 ms",
        formula: "the n-th waits 2n ms; the loop is never idle between the first and the last, 12 s later",
        source: "Lindley 1952",
        runs: vec![Run {
            label: "",
            yaml: yaml.to_string(),
            claims: vec![
                exactly(users("completed total", 1000.0)),
                exactly(users("latency mean", 1.011)),
                exactly(users("latency max", 2.01)),
                exactly(users("latency min", 0.012)),
                exactly(api("utilisation mean", 12.0 / 20.0)),
                exactly(api("in_flight mean", 1000.0 * 1.011 / 20.0)),
            ],
        }],
    }
}

fn five_at_once() -> Case {
    let workload =
        |name| format!("  {name}: {{ to: api.x, open: {{ rate: 1/s, arrivals: regular }} }}\n");
    let yaml = format!(
        "run: {{ duration: 900ms, replications: 2 }}
workload:\n{}services: {{ api: {{ endpoints: {{ x: [ cpu: 2ms, wait: 5ms, cpu: 1ms ] }} }} }}",
        ["a", "b", "c", "d", "e"].map(workload).concat()
    );
    let responses = [
        ("workload a", 0.011),
        ("workload b", 0.012),
        ("workload c", 0.013),
        ("workload d", 0.014),
        ("workload e", 0.016),
    ];
    Case {
        id: "eventloop_deterministic",
        what: "five requests at the same moment on one event loop: burst 2 ms, I/O 5 ms, burst 1 ms",
        formula: "by hand: first bursts until 2, 4, 6, 8, 10 ms; second bursts are ready at 7, 9, 11, 13, 15, and join the tail",
        source: "by hand",
        runs: vec![Run {
            label: "",
            yaml,
            claims: responses.map(|(of, t)| claim(of, "latency mean", t).within(0.0)).to_vec(),
        }],
    }
}

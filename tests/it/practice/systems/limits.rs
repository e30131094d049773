//! Systems with a limited number of places, connections or units.

use super::{API, USERS, single};
use crate::practice::formulas::erlang_b;
use crate::practice::{Agrees, Case, Is, Outlook as Says};
use asyncflow::experiment::Outlook;
use asyncflow::scenario::Resource;

pub(super) fn connections() -> Vec<Case> {
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

pub(super) fn open_connections() -> Case {
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

pub(super) fn units() -> Case {
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

pub(super) fn chairs() -> Case {
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

pub(super) fn places() -> Vec<Case> {
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

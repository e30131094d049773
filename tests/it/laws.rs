//! Laws that hold for every scenario: sameness, independence, scale, Little.

use crate::support::{Answer, run};
use asyncflow::experiment::Row;
use asyncflow::scenario;

/// Everything at once; `more` workloads and services may be added. All times are multiplied by `k`, all rates divided.
fn everything(k: u32, more_workload: &str, more_services: &str) -> String {
    let s = |s: u32| format!("{}s", s * k);
    let us = |us: u32| format!("{}us", us * k);
    let rate = |per_minute: u32| format!("{}/min", per_minute as f64 / k as f64);
    format!(
        "version: 1
name: everything
run: {{ duration: {}, warmup: {}, replications: 6, seed: 9 }}
workload:
  users: {{ mix: {{ web.a: 3, web.b: 1 }}, users: {{ active: {{ poisson: 20 }}, each: {}, resample: {} }} }}
  jobs: {{ to: app.z, open: {{ rate: {}, arrivals: {{ gamma: {{ cv: 1.5 }} }} }} }}{more_workload}
services:
  web:
    replicas: 2
    balance: least_connections
    instance: {{ cpu: 2, memory: 100MB }}
    runtime: {{ tasks: {{}} }}
    endpoints:
      a: [ memory: {{ uniform: [1MB, 30MB] }}, cpu: {{ exp: {} }}, call: {{ to: app.z, timeout: {} }}, cpu: {{ exp: {} }} ]
      b: [ cpu: {{ exp: {} }}, fail: {{ p: 5%, status: 503 }}, wait: {{ for: {{ lognormal: {{ mean: {}, cv: 2 }} }}, label: db }} ]
  app: {{ replicas: 3, balance: random, max_in_flight: 4, queue: {{ max: 5 }}, endpoints: {{ z: [ cpu: {{ exp: {} }}, call: db.q ] }} }}
  db: {{ endpoints: {{ q: [ cpu: {{ exp: {} }}, wait: {{ exp: {} }} ] }} }}{more_services}
links: {{ users -> web: {{ latency: {{ exp: {} }}, loss: 1% }}, web -> app: {{ latency: {}, loss: 1% }} }}
faults:
- crash: {{ target: web, count: 1, at: {}, for: {} }}
- crash: {{ target: app, count: 2, drain: true, at: {}, for: {} }}
- degrade: {{ link: users -> web, latency: +{}, loss: 5%, at: {}, for: {} }}
- slow: {{ target: db, factor: 3x, at: {}, for: {} }}
- errors: {{ target: app.z, rate: 20%, status: 500, at: {}, for: {} }}",
        s(100),
        s(10),
        rate(180),
        s(10),
        rate(1200),
        us(4000),
        us(60_000),
        us(2000),
        us(8000),
        us(20_000),
        us(15_000),
        us(8000),
        us(5000),
        us(3000),
        us(500),
        s(20),
        s(5),
        s(30),
        s(6),
        us(15_000),
        s(40),
        s(10),
        s(55),
        s(5),
        s(70),
        s(10),
    )
}

fn on(yaml: &str, threads: usize) -> Answer {
    let scenario = scenario::from_yaml(yaml).unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
    Answer { results: asyncflow::run_on(&scenario, threads).unwrap_or_else(|e| panic!("{e}")) }
}

fn bits(row: &Row) -> Vec<u64> {
    row.values.iter().map(|v| v.to_bits()).collect()
}

#[test]
fn the_result_does_not_depend_on_threads() {
    // Every replication is a function of the seed and its number, and they are folded in order.
    let yaml = everything(1, "", "");
    let first = on(&yaml, 1);
    for threads in [1, 2, 4, 0] {
        let again = on(&yaml, threads);
        assert_eq!(
            (&first.results.fingerprint, first.results.events),
            (&again.results.fingerprint, again.results.events),
            "{threads} threads"
        );
        assert!(first.results.rows.iter().zip(&again.results.rows).all(|(a, b)| bits(a) == bits(b)));
    }
    for outcome in ["lost", "timeout", "crashed", "rejected", "error_503", "error_500"] {
        assert!(first.value("workload users", &format!("outcomes.{outcome} mean")) > 0.0, "the scenario has no {outcome}");
    }
}

#[test]
fn what_is_added_apart_changes_nothing_else() {
    // Draws are addressed by name and request: a stranger takes none of them.
    let alone = on(&everything(1, "", ""), 0);
    let mail = "\n  mails: { to: mail.send, open: { rate: 50/s } }";
    let service = "\n  mail: { replicas: 2, balance: random, endpoints: { send: [ cpu: { exp: 10ms } ] } }";
    let both = on(&everything(1, mail, service), 0);
    for row in &alone.results.rows {
        let other = both.results.find(row.kind, &row.entity, &row.metric, row.stat).expect("the row is still there");
        assert_eq!(bits(row), bits(other), "{} {} {} {}", row.kind, row.entity, row.metric, row.stat);
    }
    assert!(both.value("workload mails", "completed total") > 4000.0);
}

#[test]
fn twice_the_times_are_twice_the_latencies() {
    // Dimensions: with all times doubled and all rates halved, the same things happen at twice the time; nanoseconds are rounded.
    let (one, two) = (on(&everything(1, "", ""), 0), on(&everything(2, "", ""), 0));
    for of in ["workload users", "workload jobs", "endpoint web.a", "endpoint web.b", "endpoint app.z", "endpoint db.q"] {
        for (number, factor) in [("latency mean", 2.0), ("time_in.queue mean", 2.0), ("latency max", 2.0), ("completed total", 1.0)] {
            let (a, b) = (one.value(of, number), two.value(of, number));
            assert!((b - factor * a).abs() <= 1e-6 * b, "{of} {number}: {a} and {b}");
        }
    }
    for service in ["service web", "service app", "service db"] {
        for gauge in ["utilisation mean", "in_flight mean"] {
            let (a, b) = (one.value(service, gauge), two.value(service, gauge));
            assert!((b - a).abs() <= 1e-6 * a, "{service} {gauge}: {a} and {b}");
        }
    }
}

#[test]
fn littles_law_and_the_utilisation_law_hold_exactly_for_a_run_that_drains() {
    // Little 1961: the area under the number of requests is the sum of their times, part by part; no request is there at the beginning or end.
    let a = run("run: { duration: 200s, replications: 1 }
workload: { users: { to: api.x, open: { rate: { from: 70/s, stages: [ { to: 70/s, over: 100s }, { to: 0/s, over: 0s } ] } } } }
services:
  api:
    instance: { cpu: 2, memory: 100MB }
    runtime: { tasks: {} }
    endpoints: { x: [ memory: 10MB, cpu: { exp: 20ms }, wait: { exp: 30ms }, cpu: { exp: 5ms } ] }");
    let of = "workload users";
    let n = a.value(of, "arrivals total");
    a.equals(of, "completed total", n);
    a.equals(of, "unfinished total", 0.0);
    let area = |part: &str| n * a.value(of, part) / 200.0;
    a.equals("service api", "in_flight mean", area("latency mean"));
    a.equals("service api", "utilisation mean", area("time_in.cpu mean") / 2.0);
    a.equals("service api", "io_waiting mean", area("time_in.io mean"));
    a.equals("service api", "ready_queue mean", area("time_in.queue mean"));
    a.equals("service api", "memory_queue mean", area("time_in.memory mean"));
    let held = area("latency mean") - area("time_in.memory mean");
    a.equals("service api", "memory_used mean", held * 1e7);
    assert!(a.value("service api", "memory_queue mean") > 0.01 && a.value("service api", "ready_queue mean") > 0.1);
}

#[test]
fn littles_law_holds_in_a_steady_state_up_to_its_edges() {
    // Little 1961: mean number = throughput × mean time inside. At the two ends of 2000 s at most the requests then inside (about 5, never
    // 100) count on one side only, each with less than 2 s: 100 · 2 s / 2000 s = 0.1 at the very most.
    let a = run("run: { duration: 2100s, warmup: 100s, replications: 1 }
workload: { users: { to: api.x, open: { rate: 80/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }");
    let (number, rate, time) =
        (a.value("service api", "in_flight mean"), a.value("workload users", "throughput mean"), a.value("workload users", "latency mean"));
    assert!(a.value("service api", "in_flight max") < 100.0 && a.value("workload users", "latency max") < 2.0);
    assert!((number - rate * time).abs() < 0.1, "{number} is not {rate} · {time}");
    let busy = rate * a.value("workload users", "time_in.cpu mean");
    assert!((a.value("service api", "utilisation mean") - busy).abs() < 0.001, "the utilisation is not {busy}");
}

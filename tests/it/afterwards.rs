//! What is done after an answer, or beside it: `respond` and `spawn`.

use crate::support::{Answer, run};

/// An endpoint with these steps.
fn endpoint(seconds: u32, rate: &str, service: &str, steps: &str) -> Answer {
    run(&format!(
        "run: {{ duration: {seconds}s, warmup: 50s, replications: 20 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ {service} endpoints: {{ x: [ {steps} ] }} }} }}"
    ))
}

#[test]
fn a_response_leaves_at_once_and_the_rest_is_done_after_it() {
    // By hand: one request at a time answers after 10 ms and works for another 20 ms and 5 ms; the
    // place is held for 35 ms, the latency is 10 ms.
    let results = endpoint(
        1050,
        "10/s, arrivals: regular",
        "instance: { cpu: 2 }, runtime: { tasks: {} },",
        "cpu: 10ms, respond: {}, cpu: 20ms, wait: 5ms",
    );
    results.equals("workload users", "latency max", 0.010);
    results.equals("block api.x.respond", "latency mean", 0.025);
    results.equals("block api.x.respond", "completed total", 10_000.0);
    results.equals("service api", "in_flight mean", 0.35);
    results.equals("service api", "utilisation mean", 0.30 / 2.0);
}

#[test]
fn a_second_phase_keeps_the_server_busy_and_is_waited_for_by_the_next() {
    // M/G/1 with a second phase: a request waits as for the sum of both phases (Pollaczek,
    // Khinchine), and then only takes its first. λ = 50/s, phases exponential of 4 ms and 8 ms:
    // ρ = 0.6, E[S²] = 2·(4² + 8² + 4·8) ms² = 224 ms², W = λE[S²]/2(1 − ρ) = 14 ms; with the first
    // phase, 18 ms.
    let results = endpoint(2050, "50/s", "", "cpu: { exp: 4ms }, respond: {}, cpu: { exp: 8ms }");
    results.agrees("workload users", "latency mean", 0.018, 0.03);
    results.agrees("service api", "utilisation mean", 0.6, 0.01);
    // The place is held as well: with one place, those behind wait at the door, as long.
    let results = endpoint(
        2050,
        "50/s",
        "max_in_flight: 1,",
        "wait: { exp: 4ms }, respond: {}, wait: { exp: 8ms }",
    );
    results.agrees("workload users", "latency mean", 0.018, 0.03);
}

#[test]
fn what_follows_a_response_fails_for_nobody() {
    // By hand: every request is answered; half of the second phases fail.
    let results =
        endpoint(450, "20/s", "", "respond: {}, wait: 1ms, fail: { p: 50%, status: 500 }");
    results.equals("workload users", "error_ratio mean", 0.0);
    results.agrees("block api.x.respond", "error_ratio mean", 0.5, 0.02);
}

#[test]
fn a_caller_waits_for_the_response_and_not_for_what_follows() {
    // By hand: 5 ms until the answer; the connection of the caller is given back then, so one is
    // enough for 100/s of 5 ms, which with the 50 ms behind them would be five times too many.
    let results = run(
        "run: { duration: 450s, warmup: 50s, replications: 10 }
workload: { users: { to: web.x, open: { rate: 100/s, arrivals: regular } } }
services:
  web: { instance: { cpu: 1 }, endpoints: { x: [ call: { to: api.x, timeout: 20ms, pool: { max: 1 } } ] } }
  api: { runtime: { tasks: {} }, endpoints: { x: [ wait: 5ms, respond: {}, wait: 50ms ] } }",
    );
    results.equals("workload users", "latency max", 0.005);
    results.equals("service api", "in_flight mean", 5.5);
}

#[test]
fn what_is_spawned_runs_beside_its_request_and_after_it() {
    // By hand: the request takes 10 ms, what it spawns begins when it waits and takes 30 ms; the
    // burst that follows `spawn` comes first, because the core is kept.
    let results = endpoint(
        1050,
        "10/s, arrivals: regular",
        "",
        "cpu: 2ms, spawn: [ cpu: 3ms, wait: 27ms ], cpu: 2ms, wait: 6ms",
    );
    results.equals("workload users", "latency max", 0.010);
    results.equals("block api.x.spawn", "completed total", 10_000.0);
    // It was made at 2 ms, and its core is free at 4 ms: 2 + 3 + 27 ms.
    results.equals("block api.x.spawn", "latency mean", 0.032);
    // It has no place.
    results.equals("service api", "in_flight mean", 0.10);
}

#[test]
fn what_is_spawned_competes_for_the_loop_as_everything_else() {
    // M/G/1 by its utilisation: 40/s of 5 ms, and 40/s of spawned 10 ms: 0.6, and an overload if
    // the rate is 70/s.
    let steps = "cpu: { exp: 5ms }, spawn: [ cpu: { exp: 10ms } ]";
    let results = endpoint(1050, "40/s", "", steps);
    results.agrees("service api", "utilisation mean", 0.6, 0.01);
    let text = format!(
        "version: 1
workload: {{ users: {{ to: api.x, open: {{ rate: 70/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ {steps} ] }} }} }}"
    );
    let scenario = asyncflow::scenario::from_yaml(&text).unwrap_or_else(|p| panic!("{p}"));
    let said = asyncflow::scenario::check(&scenario).to_string();
    assert!(said.contains("overload: the offered load is 105 %"), "{said}");
}

#[test]
fn a_failure_of_what_is_spawned_is_that_of_nobody() {
    // By hand: a third fails, and no request does; calls in it are made.
    let results = run(
        "run: { duration: 500s, replications: 10 }
workload: { users: { to: api.x, open: { rate: 20/s } } }
services:
  api: { endpoints: { x: [ spawn: [ call: log.write, fail: { p: 30%, status: 503 } ], wait: 1ms ] } }
  log: { endpoints: { write: [ wait: 2ms ] } }",
    );
    results.equals("workload users", "error_ratio mean", 0.0);
    results.agrees("block api.x.spawn", "error_ratio mean", 0.3, 0.02);
    results.agrees("endpoint log.write", "throughput mean", 20.0, 0.01);
}

#[test]
fn a_lock_is_not_held_by_what_is_spawned_inside_of_it() {
    // By definition: what is spawned waits for the lock that its parent holds, until that has given
    // it back; no deadlock, and no warning of one.
    let steps =
        "lock: { name: l, hold: [ spawn: [ lock: { name: l, hold: [ wait: 3ms ] } ], wait: 5ms ] }";
    let results = endpoint(450, "10/s, arrivals: regular", "", steps);
    results.equals("workload users", "latency max", 0.005);
    results.equals("block api.x.spawn", "latency mean", 0.008);
}

/// What `check` says about a service with these steps.
fn check(rate: &str, service: &str, steps: &str) -> String {
    let text = format!(
        "version: 1
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ {service} endpoints: {{ x: [ {steps} ] }} }} }}"
    );
    let scenario = asyncflow::scenario::from_yaml(&text).unwrap_or_else(|p| panic!("{p}"));
    asyncflow::scenario::check(&scenario).to_string()
}

#[test]
fn what_is_done_after_an_answer_or_beside_it_holds_neither_memory_nor_a_place_in_vain() {
    // By hand: 1/s hold 1 GB for no time at all, because it is given back with the answer; and 20/s
    // hold their places for 2 ms each on a slow machine, whatever they leave behind on 8 cores.
    let memory = check("1/s", "instance: { memory: 2GB },", "memory: 1GB, respond: {}, wait: 10s");
    assert!(!memory.contains("overload"), "{memory}");
    let steps = "cpu: 1ms, spawn: [ cpu: 100ms ]";
    let service = "max_in_flight: 1, instance: { cpu: 8, speed: 0.5x }, runtime: { tasks: {} },";
    let places = check("20/s", service, steps);
    assert!(!places.contains("overload"), "{places}");
    // 50/s of 202 ms are 10.1 of 8 cores.
    let cores = check("50/s", service, steps);
    assert!(cores.contains("overload: the offered load is 126 %"), "{cores}");
}

#[test]
fn labelled_waits_after_the_answer_are_not_in_the_latency() {
    // By hand: 5 ms before the answer, 50 ms after it, with the same label.
    let steps = "wait: { for: 5ms, label: db }, respond: {}, wait: { for: 50ms, label: db }";
    let results = endpoint(450, "10/s, arrivals: regular", "runtime: { tasks: {} },", steps);
    results.equals("endpoint api.x", "time_in.io.db mean", 0.005);
}

#[test]
fn spawned_overload_behind_a_central_queue_is_no_calm() {
    // By hand: 150/s leave 10 ms of work each on one core.
    let results = run(
        "run: { duration: 300s, replications: 3 }
workload: { users: { to: api.x, open: { rate: 150/s } } }
services: { api: { balance: central_queue, endpoints: { x: [ wait: 1ms, spawn: [ cpu: { exp: 10ms } ] ] } } }",
    );
    assert_ne!(results.results.verdicts[0].outlook, asyncflow::experiment::Outlook::KeepsUp);
}

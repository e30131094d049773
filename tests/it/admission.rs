//! Admission: limits on requests in flight, admission queues, memory. The numbers are those of the
//! reference table of theory cases (K1 = Kleinrock I).

use crate::support::{Answer, run};

/// One service `api` with one endpoint, Poisson arrivals, 40 replications.
fn single(rate: &str, duration: &str, service: &str, steps: &str) -> Answer {
    run(&format!(
        "run: {{ duration: {duration}, warmup: 20s, replications: 40, seed: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ {service} endpoints: {{ x: [ {steps} ] }} }} }}"
    ))
}

#[test]
fn m_m_4_10_rejects_and_delays_as_its_birth_death_chain_predicts() {
    // `mmck_4_10`: K1 §3.8; response and wait are over accepted requests.
    let service =
        "instance: { cpu: 4 }, runtime: { tasks: {} }, max_in_flight: 4, queue: { max: 6 },";
    let a = single("380/s", "320s", service, "cpu: { exp: 10ms }");
    a.agrees("workload users", "outcomes.rejected mean", 0.086_793_933, 0.01);
    a.agrees("workload users", "throughput mean", 347.018_305, 0.01);
    a.agrees("workload users", "latency mean", 0.015_738_145, 0.01);
    a.agrees("workload users", "time_in.admission mean", 0.005_738_145, 0.01);
    a.agrees("workload users", "latency p50", 0.013_327_405, 0.01);
    a.agrees("workload users", "latency p99", 0.054_546_131, 0.02);
    a.agrees("service api", "utilisation mean", 0.867_545_763, 0.01);
    a.agrees("service api", "admission_queue mean", 1.991_241_516, 0.01);
    assert_eq!(a.value("service api", "in_flight max"), 4.0);
    assert_eq!(a.value("service api", "admission_queue max"), 6.0);
    assert_eq!(a.value("service api", "ready_queue max"), 0.0);
}

#[test]
fn a_pool_without_a_queue_rejects_as_erlang_b_predicts_for_any_holding_time() {
    // `mgcc_pool20`: Erlang B(20, 15), insensitive to the distribution of the holding time
    // (Sevastyanov). K1 (3.45).
    for hold in ["50ms", "{ exp: 50ms }"] {
        let a = single(
            "300/s",
            "220s",
            "max_in_flight: 20, queue: { max: 0 },",
            &format!("wait: {hold}"),
        );
        a.agrees("workload users", "outcomes.rejected mean", 0.045_593_216, 0.01);
        a.agrees("service api", "in_flight mean", 14.316_101_766, 0.01);
        match hold {
            "50ms" => a.equals("workload users", "latency mean", 0.05),
            _ => a.agrees("workload users", "latency mean", 0.05, 0.01),
        }
        assert_eq!(a.value("service api", "in_flight max"), 20.0);
    }
}

#[test]
fn m_m_infinity_serves_every_request_at_once() {
    // `mminf`: N ~ Poisson(24), latency Exp(120 ms). K1 §3.4.
    let a = single("200/s", "220s", "", "wait: { exp: 120ms }");
    a.agrees("service api", "in_flight mean", 24.0, 0.01);
    a.agrees("service api", "io_waiting mean", 24.0, 0.01);
    a.agrees("workload users", "latency mean", 0.12, 0.01);
    a.agrees("workload users", "latency p50", 0.083_177_662, 0.01);
    a.agrees("workload users", "latency p95", 0.359_487_873, 0.01);
    a.agrees("workload users", "latency p99", 0.552_620_422, 0.02);
}

#[test]
fn memory_is_never_over_capacity() {
    // Law: free memory plus reservations is the capacity; a demand above it counts as the capacity.
    // Demands of up to 120 MB on 100 MB; 90 % of the memory is in use.
    let a = single(
        "30/s",
        "120s",
        "instance: { memory: 100MB },",
        "memory: { uniform: [1MB, 120MB] }, wait: { exp: 30ms }",
    );
    assert!(a.value("service api", "memory_used max") <= 1e8);
    assert!(a.value("service api", "memory_used max") > 0.99e8);
    assert!(a.value("service api", "memory_queue max") > 3.0, "memory was not scarce");
}

#[test]
fn the_queue_for_memory_is_first_come_first_served() {
    // By hand: of 100 B, `big` takes 80 B at 0.2 s for 1 s; the second waits from 0.4 s to 1.2 s.
    // 20 B are free when `small` asks for 10 B at 0.5 s, but it waits behind the second until 1.2
    // s.
    let a = run("run: { duration: 5s, replications: 1 }
workload:
  a: { to: api.big, open: { rate: { from: 5/s, stages: [ { to: 5/s, over: 450ms }, { to: 0/s, over: 0s } ] }, arrivals: { regular: { offset: 200ms } } } }
  b: { to: api.small, open: { rate: { from: 2/s, stages: [ { to: 2/s, over: 600ms }, { to: 0/s, over: 0s } ] }, arrivals: { regular: { offset: 500ms } } } }
services:
  api:
    instance: { memory: 100B }
    endpoints: { big: [ memory: 80B, wait: 1s ], small: [ memory: 10B, wait: 100ms ] }");
    a.equals("workload a", "arrivals total", 2.0);
    a.equals("workload b", "arrivals total", 1.0);
    a.equals("workload a", "time_in.memory mean", 0.4);
    a.equals("workload b", "time_in.memory mean", 0.7);
    a.equals("workload b", "latency mean", 0.8);
    a.equals("service api", "memory_used max", 90.0);
    a.equals("service api", "memory_queue max", 2.0);
    a.equals("service api", "memory_used mean", (2.0 * 80.0 + 10.0 * 0.1) / 5.0);
}

#[test]
fn requests_are_admitted_first_come_first_served() {
    // By hand: three simultaneous requests of 100 ms; one may be in flight, one may wait: 100 ms,
    // 200 ms, rejected.
    let one = |name: &str| {
        format!(
            "{name}: {{ to: api.x, open: {{ rate: {{ from: 2/s, stages: [ {{ to: 2/s, over: 400ms }}, {{ to: 0/s, over: 0s }} ] }}, arrivals: regular }} }}"
        )
    };
    let a = run(&format!(
        "run: {{ duration: 5s, replications: 1 }}
workload: {{ {}, {}, {} }}
services: {{ api: {{ max_in_flight: 1, queue: {{ max: 1 }}, endpoints: {{ x: [ wait: 100ms ] }} }} }}",
        one("first"),
        one("second"),
        one("third")
    ));
    a.equals("workload first", "latency mean", 0.1);
    a.equals("workload second", "latency mean", 0.2);
    a.equals("workload second", "time_in.admission mean", 0.1);
    a.equals("workload third", "outcomes.rejected mean", 1.0);
}

#[test]
fn with_many_servers_constant_patience_agrees_with_the_density_of_the_offered_wait() {
    // M/M/c+D for c = 3, 320/s, 10 ms, 15 ms: P(leave) is λ·P(c−1)·e^((λ−cμ)τ)/(cμ), where P(0)
    // follows from the sum of all (Zeltyn, Mandelbaum 2005, §2).
    let a = single(
        "320/s",
        "220s",
        "instance: { cpu: 3 }, runtime: { tasks: {} }, max_in_flight: 3, queue: { timeout: 15ms },",
        "cpu: { exp: 10ms }",
    );
    let (lambda, mu, tau, c): (f64, f64, f64, f64) = (320.0, 100.0, 0.015, 3.0);
    let load = lambda / mu;
    let before = [1.0, load, load * load / 2.0];
    let gap = lambda - c * mu;
    let short = ((gap * tau).exp() - 1.0) / gap;
    let long = (gap * tau).exp() / (c * mu);
    let all = before.iter().sum::<f64>() + lambda * before[2] * (short + long);
    a.agrees(
        "workload users",
        "outcomes.queue_timeout mean",
        lambda * before[2] * long / all,
        0.02,
    );
}

#[test]
fn a_request_that_leaves_the_queue_goes_back_at_once_and_its_place_in_line_is_the_next_ones() {
    // By hand: 40 ms each, one at a time, patience 30 ms. Of three at 1 s the second and the third
    // leave at 30 ms; one at 1.02 s is served at 1.04 s. A crash empties the queue and its timers.
    let results = |faults: &str| {
        run(&format!(
            "run: {{ duration: 10s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 4/s, arrivals: {{ at: [ 1s, 1s, 1s, 1020ms ] }} }} }} }}
services: {{ api: {{ max_in_flight: 1, queue: {{ max: 5, timeout: 30ms }}, endpoints: {{ x: [ wait: 40ms ] }} }} }}
faults: [ {faults} ]"
        ))
    };
    let a = results("");
    a.equals("workload users", "outcomes.queue_timeout mean", 0.5);
    a.equals("workload users", "completed total", 2.0);
    a.equals("workload users", "latency max", 0.060);
    let b = results("crash: { target: api, at: 1010ms, for: 5ms }");
    b.equals("workload users", "outcomes.crashed mean", 0.75);
    b.equals("workload users", "completed total", 1.0);
}

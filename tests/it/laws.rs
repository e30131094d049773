//! Little's law, computed by hand and in a steady state. The other laws, and Little's law for
//! random scenarios, are in `properties/`.

use crate::support::run;

#[test]
fn littles_law_and_the_utilisation_law_hold_exactly_for_a_run_that_drains() {
    // Little 1961: the area under the number of requests is the sum of their times, part by part;
    // no request is inside at the beginning or end.
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
    assert!(
        a.value("service api", "memory_queue mean") > 0.01
            && a.value("service api", "ready_queue mean") > 0.1
    );
}

#[test]
fn littles_law_holds_in_a_steady_state_up_to_edge_effects() {
    // Little 1961: mean number = throughput × mean time inside. At the two ends of the
    // 2000 s, only the requests then inside (about 5, never 100) count on one side only, each with
    // less than 2 s: at most 100 · 2 s / 2000 s = 0.1.
    let a = run("run: { duration: 2100s, warmup: 100s, replications: 1 }
workload: { users: { to: api.x, open: { rate: 80/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }");
    let (number, rate, time) = (
        a.value("service api", "in_flight mean"),
        a.value("workload users", "throughput mean"),
        a.value("workload users", "latency mean"),
    );
    assert!(
        a.value("service api", "in_flight max") < 100.0
            && a.value("workload users", "latency max") < 2.0
    );
    assert!((number - rate * time).abs() < 0.1, "{number} is not {rate} · {time}");
    let busy = rate * a.value("workload users", "time_in.cpu mean");
    assert!(
        (a.value("service api", "utilisation mean") - busy).abs() < 0.001,
        "the utilisation is not {busy}"
    );
}

//! The step `hold`: memory that is reserved for some of the steps.

use crate::support::run;
use asyncflow::experiment::Outlook;

/// Requests at this rate hold memory of 100 MB during an exponential wait of 10 ms.
fn holds(rate: u32, need: &str) -> crate::support::Answer {
    run(&format!(
        "run: {{ duration: 1100s, warmup: 100s, replications: 10 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate}/s }} }} }}
services: {{ api: {{ instance: {{ cpu: 1, memory: 100MB }}, endpoints: {{ x: [ wait: 5ms, hold: {{ memory: {need}, do: [ wait: {{ exp: 10ms }} ] }}, wait: 5ms ] }} }} }}"
    ))
}

#[test]
fn memory_that_all_hold_alike_is_a_queue_of_permits() {
    // M/M/2 of 10 ms at 150/s: ρ = 0.75, Erlang C = 2ρ²/(1 + ρ) = 0.6429, a wait of C/(2μ(1 − ρ)) =
    // 12.857 ms; a need of 50 MB fits twice, and so does one of 34 MB three times: M/M/3.
    let answer = holds(150, "50MB");
    let erlang_c = 2.0 * 0.75 * 0.75 / 1.75;
    answer.agrees("workload users", "time_in.memory mean", erlang_c / 50.0, 0.02);
    answer.agrees("service api", "memory_used mean", 1.5 * 50e6, 0.01);
    assert_eq!(answer.value("service api", "memory_used max"), 100e6);
    // What is before and behind it holds nothing.
    answer.agrees("workload users", "time_in.io mean", 0.02, 0.01);
    let answer = holds(150, "33MB");
    let (a, rho) = (1.5f64, 0.5);
    let last = a.powi(3) / 6.0 / (1.0 - rho);
    let erlang_c = last / (1.0 + a + a * a / 2.0 + last);
    answer.agrees("workload users", "time_in.memory mean", erlang_c / 150.0, 0.03);
}

#[test]
fn memory_that_is_held_too_long_is_an_overload_before_anything_is_simulated() {
    // By hand: 250/s · 10 ms · 50 MB = 125 MB of 100 MB.
    let overloaded = holds(250, "50MB");
    match &overloaded.results.verdicts[0].outlook {
        Outlook::Overloaded(overload) => assert!((overload.load - 1.25).abs() < 1e-9),
        outlook => panic!("{outlook:?}"),
    }
    assert_eq!(holds(150, "50MB").results.verdicts[0].outlook, Outlook::KeepsUp);
}

#[test]
fn memory_is_given_back_on_every_way_out() {
    // Law: audited at the end and every few thousand events. Holders fail, are called off, and
    // crash, and so do those that wait.
    let crashes: Vec<String> = (0..20)
        .map(|i| format!("crash: {{ target: api, at: {}ms, for: 20ms }}", 1003 + 1507 * i))
        .collect();
    let answer = run(&format!(
        "run: {{ duration: 40s, replications: 4 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 150/s }}, patience: {{ for: {{ exp: 60ms }}, cancel: true }} }} }}
services:
  api:
    instance: {{ cpu: 2, memory: 100MB }}
    runtime: {{ tasks: {{}} }}
    endpoints:
      x:
        - memory: {{ exp: 1MB }}
        - parallel: {{ join: any, branches: [
            [ hold: {{ memory: {{ exp: 20MB }}, do: [ call: db.read, cpu: 1ms ] }} ],
            [ hold: {{ memory: 10MB, do: [ wait: 12ms, fail: 30% ] }} ] ] }}
        - hold: {{ memory: 1MB, do: [ wait: 1ms, fail: 10% ] }}
        - offload: {{ pool: 2, do: [ hold: {{ memory: 5MB, do: [ block: 3ms ] }} ] }}
  db: {{ endpoints: {{ read: [ wait: 10ms ] }} }}
faults: [ {} ]",
        crashes.join(", ")
    ));
    for outcome in ["abandoned", "crashed", "error_500"] {
        let share = answer.value("workload users", &format!("outcomes.{outcome} mean"));
        assert!(share > 0.0, "{outcome}");
    }
    assert!(answer.value("workload users", "time_in.memory mean") > 0.0);
}

#[test]
fn a_request_that_asks_for_more_may_wait_for_itself_and_is_told() {
    // By hand: the first holds 60 MB, the second waits for as much, and the 40 MB that the first
    // asks for stand behind that. `check` warns, and the run tells it.
    let nested = |outer: &str, inner: &str| {
        format!(
            "run: {{ duration: 10s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 2/s, arrivals: {{ at: [ 1s, 1s ] }} }} }} }}
services: {{ api: {{ instance: {{ cpu: 1, memory: 100MB }}, endpoints: {{ x: [ hold: {{ memory: {outer}, do: [ wait: 10ms, hold: {{ memory: {inner}, do: [ wait: 10ms ] }} ] }} ] }} }} }}"
        )
    };
    let yaml = nested("60MB", "40MB");
    let scenario = asyncflow::scenario::from_yaml(&format!("version: 1\n{yaml}"));
    let problems = asyncflow::scenario::check(&scenario.unwrap_or_else(|p| panic!("{p}")));
    assert!(problems.to_string().contains("deadlock is possible: a request that holds memory"));
    let deadlock = run(&yaml).results.deadlock.expect("both wait");
    assert!(deadlock.circle.contains("api.x waits for memory of api#1"), "{}", deadlock.circle);
    assert_eq!(deadlock.requests, 2);
    // More than there is, together: no request could ever be served.
    let text = format!("version: 1\n{}", nested("60MB", "41MB"));
    let problems = asyncflow::scenario::from_yaml(&text).unwrap_err().to_string();
    assert!(problems.contains("a request needs 101MB of memory"), "{problems}");
}

#[test]
fn memory_and_a_lock_in_a_circle_are_a_deadlock_that_names_both() {
    // By hand: the first holds all memory and waits for the lock, the second holds the lock and
    // waits for memory. With enough memory for both there is none.
    let circle = |memory: &str| {
        run(&format!(
            "run: {{ duration: 10s, replications: 1 }}
workload:
  a: {{ to: api.x, open: {{ rate: 1/s, arrivals: {{ at: [ 1s ] }} }} }}
  b: {{ to: api.z, open: {{ rate: 1/s, arrivals: {{ at: [ 1s ] }} }} }}
services:
  api:
    instance: {{ cpu: 1, memory: {memory} }}
    endpoints:
      x: [ hold: {{ memory: 60MB, do: [ wait: 10ms, lock: {{ name: l, hold: [ wait: 1ms ] }} ] }} ]
      z: [ lock: {{ name: l, hold: [ wait: 10ms, hold: {{ memory: 60MB, do: [ wait: 1ms ] }} ] }} ]"
        ))
    };
    let deadlock = circle("100MB").results.deadlock.expect("they wait for each other");
    assert!(deadlock.circle.contains("waits for memory of api#1"), "{}", deadlock.circle);
    assert!(deadlock.circle.contains("waits for the lock api#1.l"), "{}", deadlock.circle);
    assert!(circle("120MB").results.deadlock.is_none());
}

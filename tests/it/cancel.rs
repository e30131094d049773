//! `cancel` of calls: whether the callee's work goes on when its caller no longer waits.

use crate::support::{Answer, run};

/// One request a second for 100 s to `api.x` with these steps; `mid.q` calls `db.q` with `below`
/// written into the call, which waits for 300 ms and then computes for 100 ms.
fn one_a_second(steps: &str, below: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 99800ms, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 1/s, arrivals: regular }} }} }}
services:
  api: {{ endpoints: {{ x: [ {steps} ] }} }}
  mid: {{ endpoints: {{ q: [ call: {{ to: db.q{below} }} ] }} }}
  db: {{ endpoints: {{ q: [ wait: 300ms, cpu: 100ms ] }} }}"
    ))
}

/// The core time of a request in `db`, s; and the share of requests to it that were called off.
fn spent(answer: &Answer) -> (f64, f64) {
    let busy_s = answer.value("service db", "utilisation mean") * 99.8 / 100.0;
    let failed = answer.results.find("endpoint", "db.q", "outcomes.cancelled", "mean");
    (busy_s, failed.map_or(0.0, |row| row.estimate.estimate))
}

#[test]
fn a_call_is_called_off_at_its_timeout_only_if_it_says_so() {
    // By hand: at 100 ms `db` has not begun to compute. The caller fails with `timeout` in each
    // case; what is called off spends nothing.
    for (cancel, expected) in
        [("", (0.1, 0.0)), (", cancel: false", (0.1, 0.0)), (", cancel: true", (0.0, 1.0))]
    {
        let answer = one_a_second(&format!("call: {{ to: db.q, timeout: 100ms{cancel} }}"), "");
        let found = spent(&answer);
        assert!(
            (found.0 - expected.0).abs() < 1e-9 && found.1 == expected.1,
            "{cancel}: {found:?}"
        );
        answer.equals("workload users", "outcomes.timeout mean", 1.0);
    }
}

#[test]
fn a_burst_that_has_begun_is_finished() {
    // By hand: at 350 ms `db` has computed for 50 ms of 100 ms.
    let answer = one_a_second("call: { to: db.q, timeout: 350ms, cancel: true }", "");
    let (busy_s, cancelled) = spent(&answer);
    assert!((busy_s - 0.1).abs() < 1e-9 && cancelled == 1.0, "{busy_s} {cancelled}");
}

#[test]
fn what_is_called_off_calls_off_its_calls_unless_they_go_on() {
    // By hand: `mid` is called off at 100 ms, while `db` waits.
    let call = "call: { to: mid.q, timeout: 100ms, cancel: true }";
    let of = |below| spent(&one_a_second(call, below));
    assert_eq!(of(""), (0.0, 1.0));
    assert_eq!(of(", timeout: 10s, cancel: true"), (0.0, 1.0));
    let (busy_s, cancelled) = of(", cancel: false");
    assert!((busy_s - 0.1).abs() < 1e-9 && cancelled == 0.0, "{busy_s} {cancelled}");
}

#[test]
fn calling_off_at_the_timeout_is_leaving_the_queue_then() {
    // A law: with one request in service at a time, a call that is called off after 20 ms takes the
    // core time of one that leaves the queue after 20 ms. Draws are addressed, so it is the same
    // number; M/M/1 with this limit is `mm1_queue_timeout` in `theory.rs`.
    let busy = |call: &str, db: &str| {
        run(&format!(
            "run: {{ duration: 200s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 120/s }} }} }}
services:
  api: {{ endpoints: {{ x: [ call: {{ to: db.q, timeout: 20ms{call} }} ] }} }}
  db: {{ {db} endpoints: {{ q: [ cpu: {{ exp: 10ms }} ] }} }}"
        ))
        .value("service db", "utilisation mean")
    };
    let called_off = busy(", cancel: true", "");
    let left = busy("", "max_in_flight: 1, queue: { timeout: 20ms },");
    assert_eq!(called_off.to_bits(), left.to_bits(), "{called_off} {left}");
    assert!(called_off < 0.9, "{called_off}");
}

//! Core time that serves nothing: requests that fail, and those that are no longer waited for.

use crate::support::{Answer, run};

/// The core seconds that are wasted, and their share, of `scenario`.
fn wasted(scenario: &str) -> (Answer, f64, f64) {
    let answer = run(scenario);
    let value = |metric: &str, stat: &str| {
        answer.results.find("system", "all", metric, stat).expect("it is told").estimate.estimate
    };
    let (seconds, ratio) = (value("wasted_cpu", "total"), value("wasted_ratio", "mean"));
    (answer, seconds, ratio)
}

/// One request a second for 100 s, whose steps are these; `db.q` computes for 300 ms.
fn one_a_second(steps: &str) -> (Answer, f64, f64) {
    wasted(&format!(
        "run: {{ duration: 99500ms, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 1/s, arrivals: regular }} }} }}
services:
  api: {{ instance: {{ cpu: 4 }}, runtime: {{ tasks: {{ schedule: fifo }} }}, endpoints: {{ x: [ {steps} ] }} }}
  db: {{ endpoints: {{ q: [ cpu: 300ms ] }} }}"
    ))
}

#[test]
fn what_users_who_have_left_cost_is_that_of_an_m_m_1() {
    // M/M/1, users leave after τ:
    // E[S; W + S > τ] = e^(−θτ)·(1 − e^(−λτ)(1 + λτ))/λ + e^(−μτ)(τ + 1/μ)
    // with θ = μ − λ. λ = 100/s, μ = 125/s, τ = 80 ms: 0.1692 of E[S].
    let (answer, seconds, ratio) = wasted(
        "run: { duration: 1050s, warmup: 50s, replications: 20 }
workload: { users: { to: api.x, open: { rate: 100/s }, patience: 80ms } }
services: { api: { endpoints: { x: [ cpu: { exp: 8ms } ] } } }",
    );
    let (lambda, mu, tau) = (100.0f64, 125.0f64, 0.08f64);
    let early = (-(mu - lambda) * tau).exp() * (1.0 - (-lambda * tau).exp() * (1.0 + lambda * tau))
        / lambda;
    let late = (-mu * tau).exp() * (tau + 1.0 / mu);
    answer.agrees("system all", "wasted_ratio mean", (early + late) * mu, 0.02);
    assert!((seconds / 1000.0 / 0.8 - ratio).abs() < 0.01, "{seconds} s, {ratio}");
}

#[test]
fn nothing_is_wasted_where_every_answer_is_used() {
    // Definition: also with what runs at once, beside a request and after its answer.
    let steps = "parallel: [ [ call: db.q ], [ cpu: 10ms ] ], spawn: { do: [ cpu: 20ms ] }, \
                 respond: {}, cpu: 5ms";
    let (_, seconds, ratio) = one_a_second(steps);
    assert_eq!((seconds, ratio), (0.0, 0.0));
}

#[test]
fn a_call_that_is_given_up_wastes_what_both_spend() {
    // By hand: each of 100 requests spends 2 ms and gives up after 100 ms; its call spends 300 ms.
    let (answer, seconds, ratio) = one_a_second("cpu: 2ms, call: { to: db.q, timeout: 100ms }");
    assert!((seconds - 100.0 * 0.302).abs() < 1e-6 && (ratio - 1.0).abs() < 1e-12, "{seconds}");
    answer.equals("workload users", "wasted_cpu total", 100.0 * 0.002);
    answer.equals("endpoint db.q", "wasted_cpu total", 100.0 * 0.3);
}

#[test]
fn a_request_that_fails_wastes_what_its_calls_have_spent_once() {
    // By hand: 300 ms in the call, then 10 ms; then the request fails.
    let steps = "call: db.q, cpu: 10ms, fail: { p: 100%, status: 500 }";
    let (answer, seconds, ratio) = one_a_second(steps);
    assert!((seconds - 100.0 * 0.31).abs() < 1e-6 && (ratio - 1.0).abs() < 1e-12, "{seconds}");
    answer.equals("workload users", "wasted_cpu total", 100.0 * 0.31);
    // What it takes over is counted where it ends.
    answer.equals("endpoint db.q", "wasted_cpu total", 0.0);
}

#[test]
fn branches_that_lose_are_wasted_called_off_or_not() {
    // By hand: the first of 10 ms and 300 ms is used; the other computes to its end, since bursts
    // are not pre-empted. A branch that fails while another may still answer is wasted too.
    for keep in ["", ", keep: true"] {
        let branches = "[ [ cpu: 10ms ], [ cpu: 300ms ] ]";
        let steps = format!("parallel: {{ join: any{keep}, branches: {branches} }}");
        let (_, seconds, ratio) = one_a_second(&steps);
        assert!((seconds - 100.0 * 0.3).abs() < 1e-6, "{seconds}");
        assert!((ratio - 0.3 / 0.31).abs() < 1e-9, "{ratio}");
    }
    let branches = "[ [ cpu: 10ms, fail: { p: 100%, status: 500 } ], [ cpu: 300ms ] ]";
    let (_, seconds, _) = one_a_second(&format!("parallel: {{ join: any, branches: {branches} }}"));
    assert!((seconds - 100.0 * 0.01).abs() < 1e-6, "{seconds}");
}

#[test]
fn users_who_leave_during_a_burst_do_not_count_it_twice() {
    // By hand: 250 ms of core time, of which the user waits for 100 ms.
    let (_, seconds, ratio) = wasted(
        "run: { duration: 99500ms, replications: 1 }
workload: { users: { to: api.x, open: { rate: 1/s, arrivals: regular }, patience: 100ms } }
services: { api: { endpoints: { x: [ cpu: 50ms, wait: 10ms, cpu: 200ms ] } } }",
    );
    assert!((seconds - 100.0 * 0.25).abs() < 1e-6 && (ratio - 1.0).abs() < 1e-12, "{seconds}");
}

//! Users who do not wait for ever, and those who try again.

use crate::support::{Answer, run};
use asyncflow::experiment::Outlook;

/// 100 requests a second to an endpoint with these steps, in 20 replications of 1,000 s.
fn users(workload: &str, service: &str, steps: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 1050s, warmup: 50s, replications: 20 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 100/s }}, {workload} }} }}
services: {{ api: {{ {service} endpoints: {{ x: [ {steps} ] }} }} }}"
    ))
}

#[test]
fn impatient_users_leave_and_their_requests_go_on_in_vain() {
    // M/M/1 with λ = 100/s and μ = 125/s does not notice that users leave after τ = 80 ms: the time
    // in the system is exponential with the rate μ − λ, so exp(−25·0.08) = 0.1353 are abandoned,
    // the utilisation is 0.8, and those that are answered take 40 ms − 80 ms·0.1353/0.8647 on
    // average.
    let results = users("patience: 80ms", "", "cpu: { exp: 8ms }");
    let share = (-2.0f64).exp();
    results.agrees("workload users", "outcomes.abandoned mean", share, 0.03);
    results.agrees("workload users", "error_ratio mean", share, 0.03);
    results.agrees("service api", "utilisation mean", 0.8, 0.01);
    let answered_s = 0.040 - 0.080 * share / (1.0 - share);
    results.agrees("workload users", "latency mean", answered_s, 0.02);
    // What goes on in vain is as much as has been abandoned, and is answered.
    results.agrees("block users.abandoned", "throughput mean", 100.0 * share, 0.03);
}

#[test]
fn with_cancel_what_has_begun_is_called_off() {
    // M/G/∞: a request takes min(S, τ) with S exponential of 20 ms and τ = 30 ms, so on average
    // there are λ·E[min] = 100·0.02·(1 − exp(−1.5)) inside; without `cancel` there are 2.
    let inside = |patience: &str| {
        let results = users(patience, "", "wait: { exp: 20ms }");
        results.agrees("workload users", "outcomes.abandoned mean", (-1.5f64).exp(), 0.02);
        results
    };
    let expected = 2.0 * (1.0 - (-1.5f64).exp());
    inside("patience: { for: 30ms, cancel: true }").agrees(
        "service api",
        "in_flight mean",
        expected,
        0.01,
    );
    inside("patience: 30ms").agrees("service api", "in_flight mean", 2.0, 0.01);
}

#[test]
fn the_time_that_users_wait_may_be_drawn() {
    // A race of two exponentials, of 20 ms and of 60 ms: a quarter are abandoned, and the others
    // take 15 ms on average.
    let results = users("patience: { exp: 60ms }", "", "wait: { exp: 20ms }");
    results.agrees("workload users", "outcomes.abandoned mean", 0.25, 0.01);
    results.agrees("workload users", "latency mean", 0.015, 0.01);
}

#[test]
fn users_who_reload_send_a_geometric_number_of_requests() {
    // M/G/∞: a request is abandoned with a = exp(−1.5), and sent again with p = 60 %, at most
    // twice: 1 + ap + (ap)² requests for each that arrives. Failures count as well: with errors of
    // 50 % and p = 100 %, 1.75 requests for each.
    let results = users(
        "patience: 30ms, reload: { p: 60%, after: { exp: 1s }, max: 2 }",
        "",
        "wait: { exp: 20ms }",
    );
    let again = 0.6 * (-1.5f64).exp();
    results.agrees(
        "workload users",
        "offered_rate mean",
        100.0 * (1.0 + again + again * again),
        0.01,
    );
    let results =
        users("reload: { p: 100%, after: 500ms, max: 2 }", "", "fail: { p: 50%, status: 503 }");
    results.agrees("workload users", "offered_rate mean", 175.0, 0.01);
}

#[test]
fn a_lost_request_is_noticed_when_the_patience_is_over() {
    // By hand: every message is lost, and each user waits 40 ms before the next of two attempts.
    let results = run(
        "run: { duration: 10s, replications: 2 }
workload: { users: { to: api.x, open: { rate: 1/s, arrivals: { at: [ 1s ] } }, patience: 40ms, reload: { p: 100%, after: 10ms, max: 1 } } }
services: { api: { endpoints: { x: [ cpu: 1ms ] } } }
links: { users -> api: { latency: 1ms, loss: 100% } }
output: { requests: 100% }",
    );
    results.equals("workload users", "arrivals total", 2.0);
    results.equals("workload users", "outcomes.lost mean", 1.0);
}

#[test]
fn closed_users_go_on_when_they_have_given_up() {
    // By hand: one user, who waits 30 ms of 100 ms and thinks for 70 ms, is back every 100 ms; what
    // has been given up is still there, one at a time.
    let results = run("run: { duration: 100s, warmup: 10s, replications: 2 }
workload: { users: { to: api.x, closed: { users: 1, think: 70ms }, patience: 30ms } }
services: { api: { endpoints: { x: [ wait: 100ms ] } } }");
    results.equals("workload users", "offered_rate mean", 10.0);
    results.equals("workload users", "outcomes.abandoned mean", 1.0);
    results.equals("service api", "in_flight mean", 1.0);
}

#[test]
fn reloading_users_turn_an_overload_that_would_pass_into_one_that_stays() {
    // Metastable failure (Bronson et al. 2021): 80/s of 10 ms are stable; after an outage of 20 s
    // everyone who waits longer than a second leaves, while what they asked for is still served,
    // and tries again. Without reloads the queue of 1,600 is gone after 80 s; with three, 320/s
    // come for 100/s, for ever.
    let outlook = |reload: &str| {
        let results = run(&format!(
            "run: {{ duration: 600s, replications: 10 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 80/s }}, patience: 1s{reload} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: {{ exp: 10ms }} ] }} }} }}
faults: [ slow: {{ target: api, factor: 100x, at: 100s, for: 20s }} ]"
        ));
        let last = results.results.phases.last().map(|phase| phase.name.clone()).unwrap();
        let failed = results.value(&format!("phase users: {last}"), "error_ratio mean");
        (results.results.verdicts[0].outlook.clone(), failed)
    };
    let (calm, failed) = outlook("");
    assert!(calm == Outlook::KeepsUp && failed < 0.25, "{calm:?}, {failed}");
    let (storm, failed) = outlook(", reload: { p: 100%, after: 1s, max: 3 }");
    assert!(storm != Outlook::KeepsUp && failed > 0.9, "{storm:?}, {failed}");
}

#[test]
fn work_behind_the_answer_can_pile_up_behind_closed_users() {
    // By hand: a user is back after 10 ms, and leaves 50 ms of work behind each time: five times as
    // much as one core can do, although no user ever waits for it on another.
    for steps in ["spawn: [ wait: 1ms, cpu: 50ms ]", "wait: 1ms, respond: {}, cpu: 50ms"] {
        let results = run(&format!(
            "run: {{ duration: 100s, replications: 5 }}
workload: {{ users: {{ to: api.x, closed: {{ users: 1, think: 10ms }} }} }}
services: {{ api: {{ endpoints: {{ x: [ {steps} ] }} }} }}"
        ));
        let outlook = &results.results.verdicts[0].outlook;
        assert_ne!(outlook, &Outlook::KeepsUp, "{steps}");
    }
}

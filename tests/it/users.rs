//! What users do as a system slows down, and what a tool that waits for answers tells of it:
//! elasticity, a closed-loop tool, and rates that go with the number of users.

use crate::support::run;
use asyncflow::experiment::Outlook;

#[test]
fn users_stay_away_by_the_power_of_the_latency() {
    // By hand: all answers take 400 ms, four times the reference: with the exponent 1/2, half of
    // 100/s come, and as many are counted as deterred.
    let answer = run("run: { duration: 1100s, warmup: 100s, replications: 10 }
workload: { users: { to: api.x, open: { rate: 100/s }, elasticity: { reference: 100ms, exponent: 0.5, over: 10s } } }
services: { api: { endpoints: { x: [ wait: 400ms ] } } }");
    answer.agrees("workload users", "offered_rate mean", 50.0, 0.01);
    answer.agrees("workload users", "deterred total", 50_000.0, 0.01);
    answer.equals("workload users", "latency mean", 0.4);
}

#[test]
fn users_come_as_before_while_the_latency_is_below_the_reference() {
    // By definition: bit for bit, but for what is counted of those who stay away, of whom there are
    // none.
    let with = |elasticity: &str| {
        run(&format!(
            "run: {{ duration: 100s, replications: 2 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 100/s }}, {elasticity} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: {{ exp: 5ms }} ] }} }} }}"
        ))
    };
    let elastic = with("elasticity: { reference: 10s, exponent: 1 }");
    let mut rows = elastic.results.rows.clone();
    rows.retain(|row| row.metric != "deterred");
    assert_eq!(format!("{:?}", with("").results.rows), format!("{rows:?}"));
    assert_eq!(elastic.value("workload users", "deterred total"), 0.0);
}

#[test]
fn an_elastic_demand_meets_the_queue_half_way() {
    // M/M/1 of 10 ms: at λ' the mean latency is 1/(100/s − λ'), so that
    // λ' = 90/s · 20 ms · (100/s − λ') = 180/2.8 per second. Users remember long: a mean of many.
    let with = |rate: u32| {
        run(&format!(
            "run: {{ duration: 9000s, warmup: 3000s, replications: 6 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate}/s }}, elasticity: {{ reference: 20ms, exponent: 1, over: 10min }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: {{ exp: 10ms }} ] }} }} }}"
        ))
    };
    let answer = with(90);
    answer.agrees("workload users", "offered_rate mean", 180.0 / 2.8, 0.01);
    assert_eq!(answer.results.verdicts[0].outlook, Outlook::KeepsUp);
    // Three times of what the core can do: λ' = 300/s · 20 ms · (100/s − λ'), 600/7 per second. It
    // is no overload, since users stay away instead.
    let answer = with(300);
    answer.agrees("workload users", "offered_rate mean", 600.0 / 7.0, 0.01);
    assert!(!matches!(answer.results.verdicts[0].outlook, Outlook::Overloaded(_)));
}

#[test]
fn a_queue_that_users_will_stay_away_from_is_no_overload_yet() {
    // By hand: 150/s on a core of 100/s with the exponent 1/20: two thirds come at 10 ms · 1.5²⁰,
    // 33 s, which a run of a minute does not get to: it shows only that the queue grows.
    let answer = run("run: { duration: 60s, replications: 5 }
workload: { users: { to: api.x, open: { rate: 150/s }, elasticity: { reference: 10ms, exponent: 0.05, over: 5s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }");
    assert!(matches!(answer.results.verdicts[0].outlook, Outlook::CannotTell(_)));
}

#[test]
fn a_tool_sees_those_that_find_a_connection_free() {
    // M/G/∞: one connection is free for 1/λ and taken for R, so it sees 1/(1 + λR) of the requests,
    // with their true latencies; and nothing else changes.
    let with = |tool: &str| {
        run(&format!(
            "run: {{ duration: 2000s, replications: 10 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 50/s }}, {tool} }} }}
services: {{ api: {{ endpoints: {{ x: [ wait: {{ exp: 100ms }} ] }} }} }}"
        ))
    };
    let answer = with("tool: { connections: 1 }");
    answer.agrees("tool users", "share mean", 1.0 / 6.0, 0.01);
    answer.agrees("tool users", "latency mean", 0.1, 0.01);
    answer.agrees("tool users", "latency p99", 0.1 * 100.0f64.ln(), 0.02);
    let mut rows = answer.results.rows.clone();
    rows.retain(|row| row.kind != "tool");
    assert_eq!(format!("{:?}", with("").results.rows), format!("{rows:?}"));
    // With connections for all it tells the truth.
    let all = with("tool: { connections: 100 }");
    assert_eq!(all.value("tool users", "share mean"), 1.0);
    assert_eq!(all.value("tool users", "latency p99"), all.value("workload users", "latency p99"));
}

#[test]
fn connections_are_free_again_after_every_way_out() {
    // Law: a tool whose connections were lost would see no more requests. Users leave, requests are
    // called off, lost, rejected and dropped, an instance crashes; each way must free it.
    let answer = run("run: { duration: 300s, replications: 2 }
workload: { users: { to: api.x, open: { rate: 200/s }, tool: { connections: 3 }, patience: { for: { exp: 30ms }, cancel: true }, max_in_flight: 12 } }
services: { api: { max_in_flight: 4, queue: { max: 2 }, endpoints: { x: [ cpu: 4ms, wait: { exp: 10ms }, fail: 10% ] } } }
links: { users -> api: { latency: 1ms, loss: 1% } }
faults: [ crash: { target: api, at: 100s, for: 1s }, crash: { target: api, at: 200s, for: 1s } ]
output: { series: 10s }");
    let [all, failed] =
        ["requests total", "error_ratio mean"].map(|of| answer.value("tool users", of));
    assert!(all > 0.2 * answer.value("workload users", "arrivals total"), "{all}");
    assert!((0.1..0.9).contains(&failed), "{failed}");
}

#[test]
fn the_rate_of_a_user_goes_with_the_number_of_users() {
    // Stein's lemma: with a normal number of users (100, sd 20) and a lognormal factor with
    // σ² = ln(1 + 0.5²), the mean of the product is 100 + ρσ·20.
    let sigma = 1.25f64.ln().sqrt();
    for correlation in [0.8, -0.8] {
        let answer = run(&format!(
            "run: {{ duration: 3000s, replications: 10 }}
workload: {{ users: {{ to: api.x, users: {{ active: {{ normal: {{ mean: 100, sd: 20 }} }}, each: 1/s, spread: {{ cv: 0.5, correlation: {correlation} }}, resample: 1s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ wait: 1ms ] }} }} }}"
        ));
        let expected = 100.0 + correlation * sigma * 20.0;
        answer.agrees("workload users", "offered_rate mean", expected, 0.01);
    }
}

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

/// The mean latency that one connection tells of M/M/1, by its embedded chain: how many are in the
/// system when the next request arrives after it has its answer. Those that came meanwhile are
/// behind it (n + 1 services long, so their number is negative binomial), and some of them leave
/// until then.
fn told_by_one_connection(arrival: f64, service: f64) -> f64 {
    const N: usize = 400;
    let (p, q) = (arrival / (arrival + service), service / (arrival + service));
    // From n found to m left behind: C(m + n, m) pᵐ qⁿ⁺¹.
    let mut left = vec![vec![0.0; N]; N];
    for n in 0..N {
        let mut term = q.powi(n as i32 + 1);
        for m in 0..N {
            left[n][m] = term;
            term *= p * (m + n + 1) as f64 / (m + 1) as f64;
        }
    }
    // From m left behind to k found: geometric, and all have left at 0.
    let found = |m: usize, k: usize| match k {
        0 => q.powi(m as i32),
        _ if k <= m => q.powi((m - k) as i32) * p,
        _ => 0.0,
    };
    let mut share = vec![1.0 / N as f64; N];
    for _ in 0..400 {
        let behind: Vec<f64> =
            (0..N).map(|m| (0..N).map(|n| share[n] * left[n][m]).sum()).collect();
        share = (0..N).map(|k| (k..N).map(|m| behind[m] * found(m, k)).sum()).collect();
    }
    let sum: f64 = share.iter().sum();
    let mean: f64 = share.iter().enumerate().map(|(n, share)| n as f64 * share).sum();
    (mean / sum + 1.0) / service
}

#[test]
fn a_tool_with_one_connection_tells_too_little_of_a_queue() {
    // M/M/1 of 10 ms at 80 %: users wait for 50 ms on average, and the tool tells what its embedded
    // chain says, since while its request is in the queue it sees no other.
    let told_s = told_by_one_connection(80.0, 100.0);
    assert!((0.02..0.045).contains(&told_s), "{told_s}");
    let answer = run("run: { duration: 3000s, warmup: 100s, replications: 12 }
workload: { users: { to: api.x, open: { rate: 80/s }, tool: { connections: 1 } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }");
    answer.agrees("workload users", "latency mean", 0.05, 0.02);
    answer.agrees("tool users", "latency mean", told_s, 0.02);
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

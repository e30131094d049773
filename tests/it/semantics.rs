//! What the parts of a system mean, on scenarios whose numbers are known exactly: regular arrivals, constant demands.
//!
//! `regular` at 10/s sends at 0.1 s, 0.2 s, …; the horizon itself is excluded. One replication is enough where nothing is drawn.

use crate::support::run;

const ONCE: &str = "run: { duration: 10.05s, replications: 1 }";

#[test]
fn nested_calls_add_up_part_by_part() {
    // By hand: links 1 ms each way; cpu 1 + 2 + 3 ms, io 10 ms; three tiers behind users: 8 link crossings.
    let a = run(&format!(
        "{ONCE}
workload: {{ users: {{ to: a.x, open: {{ rate: 10/s, arrivals: regular }} }} }}
services:
  a: {{ endpoints: {{ x: [ cpu: 1ms, call: b.x ] }} }}
  b: {{ endpoints: {{ x: [ cpu: 2ms, call: {{ to: c.x, timeout: 1s }} ] }} }}
  c: {{ endpoints: {{ x: [ cpu: 3ms, wait: {{ for: 10ms, label: db }} ] }} }}
links: {{ default: {{ latency: 1ms }} }}"
    ));
    a.equals("workload users", "arrivals total", 100.0);
    a.equals("workload users", "completed total", 100.0);
    a.equals("workload users", "latency mean", 0.022);
    a.equals("workload users", "time_in.cpu mean", 0.006);
    a.equals("workload users", "time_in.io mean", 0.010);
    a.equals("workload users", "time_in.network mean", 0.006);
    a.equals("endpoint c.x", "latency mean", 0.015);
    a.equals("endpoint c.x", "time_in.io.db mean", 0.010);
}

#[test]
fn a_caller_frees_its_loop_and_keeps_its_memory_while_it_waits() {
    // 100/s with a call of 50 ms: 5 callers at a time hold 10 MB each, and the loop is busy for 1 ms of every 10.
    let a = run("
run: { duration: 20.005s, warmup: 10.005s, replications: 1 }
workload: { users: { to: a.x, open: { rate: 100/s, arrivals: regular } } }
services:
  a: { instance: { memory: 1GB }, endpoints: { x: [ memory: 10MB, cpu: 1ms, call: b.x ] } }
  b: { endpoints: { x: [ wait: 49ms ] } }");
    a.equals("service a", "utilisation mean", 0.1);
    a.equals("workload users", "latency mean", 0.050);
    a.equals("service a", "memory_used mean", 50e6);
    a.equals("service a", "ready_queue max", 0.0);
}

#[test]
fn a_timeout_ends_the_waiting_and_not_the_callees_work() {
    // The callee computes 30 ms, the caller waits 20 ms: every request fails at 1 + 20 ms; the callee is busy all the same.
    let a = run(&format!(
        "{ONCE}
workload: {{ users: {{ to: a.x, open: {{ rate: 10/s, arrivals: regular }} }} }}
services:
  a: {{ endpoints: {{ x: [ cpu: 1ms, call: {{ to: b.x, timeout: 20ms }} ] }} }}
  b: {{ endpoints: {{ x: [ cpu: 30ms ] }} }}"
    ));
    a.equals("workload users", "outcomes.timeout mean", 1.0);
    a.equals("workload users", "unfinished total", 0.0);
    a.equals("endpoint b.x", "completed total", 100.0);
    a.equals("service b", "utilisation mean", 100.0 * 0.030 / 10.05);
    // In flight at the caller: 21 ms of every request.
    a.equals("service a", "in_flight mean", 100.0 * 0.021 / 10.05);
}

#[test]
fn a_timeout_that_is_never_reached_changes_no_number() {
    let with = |timeout: &str| {
        run(&format!(
            "run: {{ duration: 60s, replications: 3 }}
workload: {{ users: {{ to: a.x, open: {{ rate: 200/s }} }} }}
services:
  a: {{ endpoints: {{ x: [ cpu: {{ exp: 1ms }}, call: {{ to: b.x {timeout} }} ] }} }}
  b: {{ endpoints: {{ x: [ cpu: {{ exp: 2ms }} ] }} }}"
        ))
    };
    let (plain, timed) = (with(""), with(", timeout: 10m"));
    for (a, b) in plain.results.rows.iter().zip(&timed.results.rows) {
        assert!(a.values == b.values || a.estimate.estimate.is_nan(), "{} {} {}", a.entity, a.metric, a.stat);
    }
}

#[test]
fn a_lost_message_fails_at_once_or_at_the_timeout() {
    // Every message to b is lost: without a timeout the request fails when it is sent, with one when it expires.
    for (timeout, outcome, inside_s) in [("", "outcomes.lost mean", 0.001), (", timeout: 40ms", "outcomes.timeout mean", 0.041)] {
        let a = run(&format!(
            "{ONCE}
workload: {{ users: {{ to: a.x, open: {{ rate: 10/s, arrivals: regular }} }} }}
services:
  a: {{ endpoints: {{ x: [ cpu: 1ms, call: {{ to: b.x {timeout} }} ] }} }}
  b: {{ endpoints: {{ x: [ cpu: 1ms ] }} }}
links: {{ a -> b: {{ loss: 100% }} }}"
        ));
        a.equals("workload users", outcome, 1.0);
        a.equals("endpoint b.x", "outcomes.lost mean", 1.0);
        a.equals("service a", "in_flight mean", 100.0 * inside_s / 10.05);
        a.equals("link a -> b", "lost total", 100.0);
    }
}

#[test]
fn an_error_of_a_callee_is_that_of_its_caller() {
    // Bernoulli: the share of failures is p, within 4 standard errors.
    let a = run("
run: { duration: 600s, replications: 20 }
workload: { users: { to: a.x, open: { rate: 50/s } } }
services:
  a: { endpoints: { x: [ cpu: 1ms, call: b.x, cpu: 1ms ] } }
  b: { endpoints: { x: [ fail: { p: 20%, status: 503 }, wait: 5ms ] } }");
    a.agrees("workload users", "outcomes.error_503 mean", 0.2, 0.01);
    a.agrees("endpoint b.x", "error_ratio mean", 0.2, 0.01);
}

#[test]
fn a_full_queue_rejects_as_the_loss_formulas_say() {
    // M/M/4/10 (`mmck_4_10`, K1 §3.8): the loss is p_10 of a birth-death process, computed here by its definition.
    let (lambda, mu, c, k) = (380.0, 100.0, 4, 10);
    let weights: Vec<f64> = (0..=k)
        .scan(1.0, |w, n| {
            let now = *w;
            *w *= lambda / (mu * f64::min(n as f64 + 1.0, c as f64));
            Some(now)
        })
        .collect();
    let loss = weights[k] / weights.iter().sum::<f64>();
    let a = run("
run: { duration: 900s, warmup: 20s, replications: 20 }
workload: { users: { to: api.x, open: { rate: 380/s } } }
services: { api: { instance: { cpu: 4 }, runtime: { tasks: {} }, max_in_flight: 4, queue: { max: 6 }, endpoints: { x: [ cpu: { exp: 10ms } ] } } }");
    a.agrees("workload users", "outcomes.rejected mean", loss, 0.01);
    // Erlang B with 20 places and 15 erlangs (`mgcc_pool20`), for any holding time: recursion of Erlang's formula.
    let b = (1..=20).fold(1.0, |b, n| 15.0 * b / (n as f64 + 15.0 * b));
    for hold in ["50ms", "{ exp: 50ms }"] {
        let a = run(&format!(
            "
run: {{ duration: 900s, warmup: 20s, replications: 20 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 300/s }} }} }}
services: {{ api: {{ max_in_flight: 20, queue: {{ max: 0 }}, endpoints: {{ x: [ wait: {hold} ] }} }} }}"
        ));
        a.agrees("workload users", "outcomes.rejected mean", b, 0.02);
    }
}

#[test]
fn a_crash_fails_what_is_inside_and_a_drained_server_finishes_it() {
    // 10/s, 250 ms each, two servers in turn; a crash at 5.05 s finds 3 requests inside: those of 4.8, 4.9 and 5.0 s, in turn on both.
    let with = |drain: bool, count: u32| {
        run(&format!(
            "{ONCE}
workload: {{ users: {{ to: api.x, open: {{ rate: 10/s, arrivals: regular }} }} }}
services: {{ api: {{ replicas: 2, endpoints: {{ x: [ wait: 250ms ] }} }} }}
faults: [ {{ crash: {{ target: api, count: {count}, drain: {drain}, at: 5.04s, for: 2s }} }} ]"
        ))
    };
    let a = with(false, 1);
    let crashed = a.value("workload users", "failed total");
    assert!(crashed == 1.0 || crashed == 2.0, "one server held one or two of the three: {crashed}");
    a.equals("workload users", "outcomes.crashed mean", crashed / (a.value("workload users", "completed total") + crashed));
    // For two seconds the other server gets all; before and after, each gets its turn.
    let chosen = a.value("balancer api", "chosen.api#2 total") - a.value("balancer api", "chosen.api#1 total");
    assert!((19.0..=21.0).contains(&chosen), "{chosen}");
    with(true, 1).equals("workload users", "failed total", 0.0);
    // With both down, three crash, and the 20 that come in two seconds are rejected.
    let all = with(false, 2);
    all.equals("workload users", "failed total", 23.0);
    all.equals("workload users", "completed total", 100.0 - 23.0 - all.value("workload users", "unfinished total"));
}

#[test]
fn degradations_add_and_end() {
    // Latency 1 ms each way. The link in is 15 ms slower from 2 s to 6 s and 5 ms from 4 s to 8 s, the one back not at all.
    let a = run(&format!(
        "{ONCE}
workload: {{ users: {{ to: api.x, open: {{ rate: 10/s, arrivals: regular }} }} }}
services: {{ api: {{ endpoints: {{ x: [] }} }} }}
links: {{ users -> api: {{ latency: 1ms }} }}
faults:
  - degrade: {{ link: users -> api, latency: +15ms, at: 2s, for: 4s }}
  - degrade: {{ link: users -> api, latency: 5ms, at: 4s, for: 4s }}"
    ));
    // A fault acts before what happens at its moment: 40 messages are 15 ms late, 40 are 5 ms late.
    a.equals("workload users", "latency mean", (100.0 * 0.002 + 40.0 * 0.015 + 40.0 * 0.005) / 100.0);
    a.equals("workload users", "latency max", 0.022);
    a.equals("link users -> api", "transit mean", 0.001 + 0.4 * 0.015 + 0.4 * 0.005);
    a.equals("link api -> users", "transit mean", 0.001);
}

#[test]
fn slow_and_errors_act_in_their_window_only() {
    // 100 requests of 10 ms: the 20 of [2 s, 4 s) take 3 times as long, the 30 of [6 s, 9 s) fail.
    let a = run(&format!(
        "{ONCE}
workload: {{ users: {{ to: api.x, open: {{ rate: 10/s, arrivals: regular }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: 10ms ] }} }} }}
faults:
  - slow: {{ target: api, factor: 3x, at: 2s, for: 2s }}
  - errors: {{ target: api.x, rate: 100%, status: 500, at: 6s, for: 3s }}"
    ));
    a.equals("workload users", "outcomes.error_500 mean", 0.3);
    a.equals("service api", "utilisation mean", (50.0 * 0.010 + 20.0 * 0.030) / 10.05);
    a.equals("workload users", "latency max", 0.030);
}

#[test]
fn a_link_obeys_littles_law_and_loses_its_share() {
    // 100/s, mean 30 ms: 3 in flight; 5 % lost.
    let a = run("
run: { duration: 600s, warmup: 10s, replications: 20 }
workload: { users: { to: api.x, open: { rate: 100/s } } }
services: { api: { endpoints: { x: [] } } }
links: { users -> api: { latency: { exp: 30ms }, loss: 5% }, api -> users: { latency: { uniform: [10ms, 30ms] } } }");
    a.agrees("link users -> api", "in_flight mean", 0.95 * 3.0, 0.01);
    a.agrees("link api -> users", "in_flight mean", 0.95 * 2.0, 0.01);
    a.agrees("workload users", "outcomes.lost mean", 0.05, 0.01);
    a.agrees("workload users", "latency mean", 0.050, 0.01);
}

#[test]
fn ramps_send_the_integral_of_their_rate() {
    // From 0 to 20/s in 10 s, held for 10 s, down to 0 in 10 s: 100 + 200 + 100 requests, evenly spaced in the integral.
    let a = run("
run: { duration: 60s, replications: 1 }
workload: { users: { to: api.x, open: { arrivals: regular, rate: { stages: [ { to: 20/s, over: 10s }, { to: 20/s, over: 10s }, { to: 0/s, over: 10s } ] } } } }
services: { api: { endpoints: { x: [ wait: 1ms ] } } }");
    let sent = a.value("workload users", "arrivals total");
    assert!((399.0..=400.0).contains(&sent), "{sent}");
}

#[test]
fn users_windows_are_a_compound_poisson_process() {
    // `users_poisson_windows`: windows of 60 s with Poisson(50) users at 0.5/s each: per window mean 1500, variance 1500 + 30²·50.
    let a = run("
run: { duration: 600s, replications: 400 }
workload: { users: { to: api.x, users: { active: { poisson: 50 }, each: 30/min, resample: 60s } } }
services: { api: { endpoints: { x: [] } } }");
    let row = a.row("workload users", "arrivals total");
    a.agrees("workload users", "arrivals total", 15_000.0, 0.01);
    let n = row.values.len() as f64;
    let variance = row.values.iter().map(|v| (v - row.estimate.estimate).powi(2)).sum::<f64>() / (n - 1.0);
    let exact = 10.0 * (1_500.0 + 900.0 * 50.0);
    // The variance of n normal values has standard error sqrt(2/(n − 1)) of itself; 4 of them by luck: 6e-5.
    assert!((variance / exact - 1.0).abs() < 4.0 * (2.0 / (n - 1.0)).sqrt(), "{variance} against {exact}");
}

#[test]
fn the_last_arrivals_reach_the_horizon() {
    // The original lost the time between the last arrival and the window's end: 1 user at 2/min in windows of 10 s had its last
    // arrival at 2,678 s of 20,000. Here the last quarter has a quarter of the arrivals: 2/min · 5,000 s = 166.7.
    let a = run("
run: { duration: 20000s, warmup: 15000s, replications: 40 }
workload: { users: { to: api.x, users: { active: { poisson: 1 }, each: 2/min, resample: 10s } } }
services: { api: { endpoints: { x: [] } } }");
    a.agrees("workload users", "arrivals total", 5_000.0 / 30.0, 0.03);
}

#[test]
fn a_spike_of_a_moment_is_seen_in_a_gauge() {
    // One batch of 50 in 100 s of silence: a time-weighted gauge sees its 50, a sample every 10 ms would see 40 at most.
    let a = run("
run: { duration: 100s, replications: 1 }
workload: { users: { to: api.x, open: { rate: 0.015/s, arrivals: { batch: { size: 50 } } } } }
services: { api: { endpoints: { x: [ wait: 1ms ] } } }");
    let sent = a.value("workload users", "arrivals total");
    assert!(sent >= 50.0, "this seed sends a batch");
    assert!(a.value("service api", "io_waiting max") >= 50.0);
}

#[test]
fn the_same_bytes_for_any_number_of_threads_and_another_seed_for_others() {
    // Law 5, over everything at once: calls, timeouts, loss, faults, memory, a mix, three kinds of balancing.
    let text = "
version: 1
run: { duration: 40s, warmup: 5s, replications: 9, seed: SEED }
workload:
  a: { mix: { edge.x: 3, edge.z: 1 }, open: { rate: 80/s, arrivals: { weibull: { cv: 2 } } } }
  b: { to: edge.z, users: { active: { poisson: 20 }, each: 60/min, resample: 5s } }
services:
  edge: { replicas: 3, balance: random, instance: { memory: 64MiB }, endpoints: { x: [ cpu: { gamma: { mean: 2ms, cv: 2 } }, memory: { exp: 8MiB }, call: { to: db.q, timeout: 8ms } ], z: [ wait: { lognormal: { p50: 3ms, p99: 30ms } } ] } }
  db: { replicas: 2, balance: least_connections, max_in_flight: 4, queue: { max: 2 }, endpoints: { q: [ cpu: { exp: 4ms }, fail: { p: 1%, status: 500 } ] } }
links: { default: { latency: { exp: 1ms }, loss: 0.5% } }
faults:
  - crash: { target: edge, count: 2, at: 10s, for: 5s }
  - degrade: { link: edge -> db, latency: +3ms, at: 12s, for: 9s }
  - slow: { target: db, factor: 3x, at: 20s, for: 9s }";
    let fingerprint = |seed: &str, threads: usize| {
        let scenario = asyncflow::scenario::from_yaml(&text.replace("SEED", seed)).unwrap();
        asyncflow::run_on(&scenario, threads).unwrap().fingerprint
    };
    let first = fingerprint("5", 1);
    for threads in [1, 2, 4] {
        assert_eq!(fingerprint("5", threads), first, "{threads} threads");
    }
    assert_ne!(fingerprint("6", 1), first);
}

#[test]
fn an_unrelated_service_changes_no_number_of_another() {
    // Draws are addressed: nothing is consumed from a common stream.
    let with = |more: &str, services: &str| {
        run(&format!(
            "run: {{ duration: 60s, replications: 4 }}
workload:
{more}  users: {{ to: api.x, open: {{ rate: 60/s }} }}
services:
{services}  api: {{ replicas: 2, balance: random, endpoints: {{ x: [ cpu: {{ exp: 10ms }}, wait: {{ exp: 5ms }} ] }} }}
links: {{ users -> api: {{ latency: {{ exp: 2ms }} }} }}"
        ))
    };
    let alone = with("", "");
    let beside = with("  others: { to: other.x, open: { rate: 99/s } }\n", "  other: { endpoints: { x: [ cpu: { exp: 3ms } ] } }\n");
    for row in alone.results.rows.iter().filter(|row| row.kind != "link") {
        let same = beside.results.find(row.kind, &row.entity, &row.metric, row.stat).unwrap();
        let equal = row.values.iter().zip(&same.values).all(|(a, b)| a == b || a.is_nan() && b.is_nan());
        assert!(equal, "{} {} {} {}", row.kind, row.entity, row.metric, row.stat);
    }
}

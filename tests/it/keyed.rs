//! Locks with keys: each key is a lock of its own, and some are hotter than others. With zipf keys:
//! `lock_keys` in `theory.rs`.

use crate::support::{Answer, run};
use asyncflow::problem::Severity;

/// Requests at this rate hold a key of a lock during an exponential wait of 10 ms.
fn lock(rate: &str, keys: &str, more: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 550s, warmup: 50s, replications: 20 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ lock: {{ name: stock, {keys} hold: [ wait: {{ exp: 10ms }} ] }}{more} ] }} }} }}"
    ))
}

#[test]
fn keys_that_are_equally_popular_are_as_many_queues() {
    // Four M/M/1 of 50/s and 10 ms each: ρ = 0.5, so a wait of 10 ms, and two keys held on average.
    let answer = lock("200/s", "keys: { zipf: { n: 4, s: 0 } },", "");
    answer.agrees("workload users", "time_in.lock mean", 0.01, 0.02);
    answer.agrees("lock api#1.stock", "held mean", 2.0, 0.01);
    answer.agrees("lock api#1.stock", "waiting mean", 2.0, 0.02);
    // The hottest of four that are equal is a little above each.
    let hottest = answer.value("lock api#1.stock", "utilisation mean");
    assert!((0.5..0.52).contains(&hottest), "{hottest}");
}

#[test]
fn a_single_key_is_the_lock_itself() {
    // Definition: bit for bit, but for how its utilisation is counted.
    let [plain, keyed] =
        ["", "keys: { zipf: { n: 1, s: 1 } },"].map(|keys| lock("50/s", keys, ", wait: 1ms"));
    for (row, other) in plain.results.rows.iter().zip(&keyed.results.rows) {
        assert_eq!(
            (&row.entity, &row.metric, row.stat),
            (&other.entity, &other.metric, other.stat)
        );
        let [a, b] = [row, other].map(|row| row.estimate.estimate);
        let is_counted_otherwise = row.kind == "lock" && row.metric == "utilisation";
        let same =
            if is_counted_otherwise { (a - b).abs() < 1e-3 } else { a.to_bits() == b.to_bits() };
        assert!(same, "{} {} {}: {a}, {b}", row.entity, row.metric, row.stat);
    }
}

#[test]
fn keys_are_given_back_on_every_way_out() {
    // Law: audited at the end and every few thousand events. Calls that hold or wait for a key are
    // called off, time out, fail, and their instance crashes.
    let answer = run("run: { duration: 60s, replications: 2 }
workload: { users: { to: api.x, open: { rate: 400/s }, patience: { for: { exp: 60ms }, cancel: true } } }
services:
  api: { replicas: 2, endpoints: { x: [ parallel: { join: any, within: 50ms, branches: [ [ call: { to: db.q, timeout: 30ms } ], [ call: db.q ] ] } ] } }
  db: { endpoints: { q: [ lock: { name: row, scope: service, keys: { zipf: { n: 50, s: 1 } }, hold: [ cpu: 100us, wait: { exp: 8ms }, fail: 5% ] } ] } }
faults: [ crash: { target: db, at: 20s, for: 1s }, crash: { target: api, count: 1, at: 40s, for: 1s } ]");
    assert!(answer.value("lock db.row", "held mean") > 0.5);
    assert!(answer.value("lock db.row", "waiting max") > 3.0);
}

#[test]
fn check_warns_of_a_key_that_is_too_hot() {
    // By hand: with n = 100 and s = 1.5 the first key gets 1/2.4 of 300/s, 10 ms each: 124 %.
    let text = |rate: &str| {
        format!(
            "version: 1
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ lock: {{ name: stock, keys: {{ zipf: {{ n: 100, s: 1.5 }} }}, hold: [ wait: 10ms ] }} ] }} }} }}"
        )
    };
    let warnings = |rate: &str| {
        let scenario = asyncflow::scenario::from_yaml(&text(rate)).unwrap();
        let problems = asyncflow::scenario::check(&scenario);
        let warnings = problems.list.iter().filter(|p| p.severity == Severity::Warning);
        warnings.map(|problem| problem.what.clone()).collect::<Vec<_>>().join("\n")
    };
    assert!(warnings("300/s").contains("124"), "{}", warnings("300/s"));
    assert_eq!(warnings("200/s"), "");
}

#[test]
fn keys_that_are_no_zipf_are_refused() {
    // By hand: the message for each.
    for (keys, expected) in [
        ("keys: 5", "the keys of a lock are drawn by a `zipf`"),
        ("keys: { zipf: { n: 2M, s: 1 } }", "a lock has at most 1M keys"),
    ] {
        let text = format!(
            "version: 1
workload: {{ users: {{ to: api.x, open: {{ rate: 1/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ lock: {{ name: stock, {keys}, hold: [ wait: 10ms ] }} ] }} }} }}"
        );
        let problems = asyncflow::scenario::from_yaml(&text).unwrap_err().to_string();
        assert!(problems.contains(expected), "{problems}");
    }
}

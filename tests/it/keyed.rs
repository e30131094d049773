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

/// A lock around a call of a service that takes another, 100 requests a second.
fn two_locks(keys: &str, inner: &str) -> String {
    format!(
        "run: {{ duration: 100s, replications: 4 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 100/s }}, {keys} }} }}
services:
  api: {{ replicas: 3, endpoints: {{ x: [ lock: {{ name: l, scope: service, keys: product, hold: [ wait: 1ms, call: db.read ] }} ] }} }}
  db: {{ endpoints: {{ read: [ lock: {{ name: m, keys: {inner}, hold: [ wait: {{ exp: 10ms }} ] }} ] }} }}"
    )
}

#[test]
fn a_key_of_the_workload_is_the_same_in_all_that_a_request_does() {
    // By definition: who has a key of the outer lock is the only one who asks for that of the
    // inner one. If the inner lock draws keys of its own, requests meet there.
    let keys = "keys: { product: { zipf: { n: 4, s: 0 } } }";
    let same = run(&two_locks(keys, "product"));
    assert!(same.value("lock api.l", "waiting mean") > 0.1);
    assert_eq!(same.value("lock db#1.m", "waiting max"), 0.0);
    assert!(same.value("lock db#1.m", "held max") >= 3.0);
    let others = run(&two_locks(keys, "{ zipf: { n: 4, s: 0 } }"));
    assert!(others.value("lock db#1.m", "waiting max") > 0.0);
}

#[test]
fn keys_of_workloads_are_as_many_queues_and_who_tries_again_asks_for_the_same() {
    // Four M/M/1 of 50/s and 10 ms each, as with keys that the lock draws.
    let answer = run("run: { duration: 550s, warmup: 50s, replications: 20 }
workload: { users: { to: api.x, keys: { k: { zipf: { n: 4, s: 0 } } }, open: { rate: 200/s } } }
services: { api: { endpoints: { x: [ lock: { name: stock, keys: k, hold: [ wait: { exp: 10ms } ] } ] } } }");
    answer.agrees("workload users", "time_in.lock mean", 0.01, 0.02);
    answer.agrees("lock api#1.stock", "held mean", 2.0, 0.01);
    // By hand: four attempts of a user at 0, 1, 2 and 3 s each hold the key for 2 s, beside them:
    // the others wait for 1, 2 and 3 s, in all 6 s of the 20 s until the next user.
    let again = run("run: { duration: 2000s, replications: 1 }
workload: { users: { to: api.x, keys: { k: { zipf: { n: 1000, s: 0 } } }, open: { rate: 1/20s, arrivals: regular }, reload: { p: 100%, after: 0s, max: 3 } } }
services: { api: { endpoints: { x: [ spawn: [ lock: { name: l, keys: k, hold: [ wait: 2s ] } ], wait: 1s, fail: 100% ] } } }");
    again.equals("lock api#1.l", "waiting mean", 0.3);
}

#[test]
fn keys_that_a_step_names_are_those_of_all_its_workloads() {
    // By definition: each workload that comes there has them, and has none in vain.
    let check = |keys: &str, inner: &str| {
        let yaml = format!("version: 1\n{}", two_locks(keys, inner));
        match asyncflow::scenario::from_yaml(&yaml) {
            Ok(scenario) => asyncflow::scenario::check(&scenario).to_string(),
            Err(problems) => problems.to_string(),
        }
    };
    let none = check("", "product");
    assert!(none.contains("requests of `users` come here, and have no key `product`"), "{none}");
    assert!(none.contains("services.db.endpoints.read.steps[0].lock.keys"), "{none}");
    let unused = check(
        "keys: { product: { zipf: { n: 4, s: 0 } }, user: { zipf: { n: 4, s: 0 } } }",
        "product",
    );
    assert!(unused.contains("uses the key `user`"), "{unused}");
    let no_zipf = check("keys: { product: 5 }", "product");
    assert!(no_zipf.contains("drawn by a `zipf`"), "{no_zipf}");
}

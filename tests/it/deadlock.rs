//! Deadlocks that happen are reported with their requests and what these hold and wait for.

use crate::support::{Answer, Room, run};

/// Two endpoints that take two locks, of which one is held during 10 ms before the other is taken.
fn locks(first: [&str; 2], second: [&str; 2], users: &str) -> Answer {
    let steps = |[outer, inner]: [&str; 2]| {
        format!(
            "lock: {{ name: {outer}, hold: [ wait: 10ms, lock: {{ name: {inner}, hold: [ wait: 1ms ] }} ] }}"
        )
    };
    run(&format!(
        "run: {{ duration: 60s, replications: 3 }}
workload: {{ {users} }}
services: {{ api: {{ endpoints: {{ x: [ {} ], z: [ {} ] }} }} }}",
        steps(first),
        steps(second)
    ))
}

/// Both endpoints, 20 requests a second each.
const OPEN: &str = "a: { to: api.x, open: { rate: 20/s } }, b: { to: api.z, open: { rate: 20/s } }";

#[test]
fn locks_in_opposite_orders_end_in_a_deadlock_that_names_both() {
    // By hand: sooner or later one of each holds what the other waits for; all later ones wait too.
    let answer = locks(["a", "b"], ["b", "a"], OPEN);
    let found = answer.results.deadlock.as_ref().expect("there is one");
    assert_eq!(found.replications, 3);
    let circle = "api.x waits for the lock api#1.b, api.z waits for the lock api#1.a";
    let turned = "api.z waits for the lock api#1.a, api.x waits for the lock api#1.b";
    assert!([circle, turned].contains(&found.circle.as_str()), "{}", found.circle);
    // 40 requests a second come and none goes after it.
    let expected = (60.0 - found.at_s) * 40.0;
    assert!((found.requests as f64 / expected - 1.0).abs() < 0.2, "{found:?}");
    assert!(found.at_s < 20.0);
}

#[test]
fn locks_in_one_order_never_do() {
    // Havender 1968: an order of all locks excludes a circle; also near the limit.
    assert_eq!(locks(["a", "b"], ["a", "b"], OPEN).results.deadlock, None);
    let closed = "a: { to: api.x, closed: { users: 30, think: 1ms } }, b: { to: api.z, closed: { users: 30, think: 1ms } }";
    assert_eq!(locks(["a", "b"], ["a", "b"], closed).results.deadlock, None);
}

#[test]
fn closed_users_who_all_wait_for_ever_are_reported() {
    // By hand: they all stop, so that no queue grows.
    let closed = "a: { to: api.x, closed: { users: 3, think: 1ms } }, b: { to: api.z, closed: { users: 3, think: 1ms } }";
    let found = locks(["a", "b"], ["b", "a"], closed).results.deadlock.expect("there is one");
    assert_eq!((found.replications, found.requests), (3, 6));
}

#[test]
fn a_circle_may_lead_through_calls_pools_and_keys() {
    // By hand: `web` holds its only connection to `db` while `db` calls back to `web`, which needs
    // one; with ten connections and few requests, it happens later or not at all.
    let text = |max: u32, rate: u32, duration: u32| {
        run(&format!(
            "run: {{ duration: {duration}s, replications: 1 }}
workload: {{ users: {{ to: web.x, open: {{ rate: {rate}/s }} }} }}
services:
  web: {{ endpoints: {{ x: [ call: {{ to: db.q, pool: {{ name: db, max: {max}, per: service }} }} ], back: [ pool: {{ name: db, max: {max}, per: service, do: [ wait: 1ms ] }} ] }} }}
  db: {{ endpoints: {{ q: [ wait: 1ms, call: web.back ] }} }}"
        ))
        .results
        .deadlock
    };
    let found = text(1, 5, 20).expect("at once");
    assert_eq!(found.circle, "web.back waits for the pool web.db");
    assert_eq!(text(10, 5, 20), None);
    let keys = run("run: { duration: 60s, replications: 2 }
workload: { users: { to: bank.move, open: { rate: 100/s } } }
services: { bank: { endpoints: { move: [ lock: { name: account, keys: { zipf: { n: 20, s: 0 } }, hold: [ wait: 5ms,
  lock: { name: account, keys: { zipf: { n: 20, s: 0 } }, hold: [ wait: 5ms ] } ] } ] } } }");
    let found = keys.results.deadlock.expect("two accounts in opposite orders, or one twice");
    assert!(found.circle.contains("waits for key "), "{}", found.circle);
}

#[test]
fn who_gives_up_is_not_in_a_deadlock() {
    // By hand: calls time out, branches have a limit, connections are waited for a limited time.
    let lock = |outer: &str, inner: &str| {
        format!("lock: {{ name: {outer}, scope: service, hold: [ wait: 10ms, {inner} ] }}")
    };
    let answer = run(&format!(
        "run: {{ duration: 60s, replications: 2 }}
workload: {{ a: {{ to: api.x, open: {{ rate: 20/s }} }}, b: {{ to: api.z, open: {{ rate: 20/s }} }} }}
services:
  api: {{ endpoints: {{ x: [ {} ], z: [ {} ], inner: [ lock: {{ name: b, scope: service, hold: [ wait: 1ms ] }} ] }} }}",
        lock("a", "call: { to: api.inner, timeout: 50ms }"),
        lock("b", "parallel: { join: all, within: 50ms, branches: [ [ lock: { name: a, scope: service, hold: [ wait: 1ms ] } ] ] }"),
    ));
    assert_eq!(answer.results.deadlock, None);
}

#[test]
fn the_summary_and_the_json_report_it() {
    // By hand: what is above, in words.
    let text = "version: 1
run: { duration: 60s, replications: 3 }
workload: { a: { to: api.x, open: { rate: 20/s } }, b: { to: api.z, open: { rate: 20/s } } }
services: { api: { endpoints: {
  x: [ lock: { name: a, hold: [ wait: 10ms, lock: { name: b, hold: [ wait: 1ms ] } ] } ],
  z: [ lock: { name: b, hold: [ wait: 10ms, lock: { name: a, hold: [ wait: 1ms ] } ] } ] } } }";
    let room = Room::new("d.yaml", text);
    let summary = String::from_utf8(room.run("run d.yaml --out out").stdout).unwrap();
    assert!(
        summary.contains("deadlock in 3 of 3 replications: in replication 0 from "),
        "{summary}"
    );
    assert!(summary.contains("waits for the lock api#1.a"), "{summary}");
    let json = room.says("run d.yaml --force --out out");
    assert_eq!(json["verdict"]["deadlock"]["replications"], 3, "{json}");
}

/// Two endpoints whose requests take two locks in opposite orders, in a branch of `parallel`.
fn branches(parallel: &str, workload: &str) -> Option<asyncflow::experiment::DeadlockResult> {
    let lock = |outer: &str, inner: &str| {
        format!(
            "lock: {{ name: {outer}, hold: [ wait: 10ms, lock: {{ name: {inner}, hold: [ wait: 1ms ] }} ] }}"
        )
    };
    run(&format!(
        "run: {{ duration: 60s, replications: 3 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 5/s }}, {workload} }} }}
services: {{ api: {{ endpoints: {{ x: [ parallel: {{ {parallel} branches: [ [ {} ], [ {} ] ] }} ] }} }} }}",
        lock("a", "b"),
        lock("b", "a"),
    ))
    .results
    .deadlock
}

#[test]
fn branches_that_will_be_called_off_do_not_wait_for_ever() {
    // By hand: the two branches always end in a circle, which its limit breaks, or the user who
    // leaves; kept branches and users who leave without calling off leave it as it is.
    assert_eq!(branches("within: 1s,", ""), None);
    assert_eq!(branches("", "patience: { for: 1s, cancel: true }"), None);
    assert!(branches("", "").is_some());
    assert!(branches("within: 1s, keep: true,", "").is_some());
    assert!(branches("", "patience: 1s").is_some());
}

#[test]
fn only_those_who_wait_have_the_verdict() {
    // By hand: another service has nothing to do with it.
    let answer = run("run: { duration: 60s, replications: 2 }
workload: { a: { to: api.x, open: { rate: 20/s } }, b: { to: api.z, open: { rate: 20/s } }, other: { to: web.x, open: { rate: 20/s } } }
services:
  web: { endpoints: { x: [ cpu: 1ms ] } }
  api: { endpoints: {
    x: [ lock: { name: a, hold: [ wait: 10ms, lock: { name: b, hold: [ wait: 1ms ] } ] } ],
    z: [ lock: { name: b, hold: [ wait: 10ms, lock: { name: a, hold: [ wait: 1ms ] } ] } ] } }
slos: { fast: { of: a, errors: 1% } }");
    let found = answer.results.deadlock.as_ref().expect("there is one");
    assert_eq!(found.workloads, ["a", "b"]);
    // Those who wait for ever have not failed; but nothing is met for certain.
    assert!(answer.results.slos.iter().all(|slo| !slo.certain));
}

#[test]
fn a_value_with_a_deadlock_does_not_meet_the_objectives_of_a_search() {
    // By hand: at any rate it comes sooner or later, and no request fails.
    let text = "version: 1
run: { duration: 60s }
workload: { users: { mix: { api.x: 1, api.z: 1 }, open: { rate: 20/s } } }
services: { api: { endpoints: {
  x: [ lock: { name: a, hold: [ wait: 10ms, lock: { name: b, hold: [ wait: 1ms ] } ] } ],
  z: [ lock: { name: b, hold: [ wait: 10ms, lock: { name: a, hold: [ wait: 1ms ] } ] } ] } } }";
    let room = Room::new("d.yaml", text);
    let search = "capacity d.yaml --vary workload.users.open.rate --from 20/s --to 40/s --while users.errors<1%";
    let printed = String::from_utf8(room.run(search).stdout).unwrap();
    assert!(
        printed.contains("(deadlock)") && printed.contains("none of the values tried"),
        "{printed}"
    );
}

#[test]
fn a_long_line_is_walked_once() {
    // Linear: 40,000 hold a connection, and 40,000 wait for one; every holder let the whole line go
    // on, which took a quarter of a minute.
    let answer = run("run: { duration: 9s, replications: 1 }
workload: { users: { to: api.x, open: { rate: 10000/s } } }
services: { api: { endpoints: { x: [ pool: { name: db, max: 40k, per: service, do: [ wait: 1h ] } ] } } }");
    assert_eq!(answer.results.deadlock, None);
}

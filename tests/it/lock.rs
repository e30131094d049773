//! The step `lock`.

use crate::support::{Answer, Room, run};
use asyncflow::experiment::Outlook;

/// Runs two services of two replicas, with steps of `api`, 20 pairs of requests a second for 200 s.
fn endpoint(steps: &str, more: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 200s, replications: 5 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 20/s, arrivals: {{ batch: {{ size: 2 }} }} }} }} }}
services:
  api: {{ replicas: 2, instance: {{ cpu: 4 }}, runtime: {{ tasks: {{}} }}, endpoints: {{ x: [ {steps} ] }} }}
  db: {{ endpoints: {{ slow: [ wait: 30ms ] }} }}
{more}"
    ))
}

#[test]
fn a_lock_is_of_each_instance_or_of_the_service() {
    // By hand: of a pair one request goes to each instance: with a lock of the service the second
    // waits for the first; with one of each instance it waits only if pairs meet.
    let hold = "hold: [ wait: 1ms ]";
    let own = endpoint(&format!("lock: {{ name: l, {hold} }}"), "");
    let shared = endpoint(&format!("lock: {{ name: l, scope: service, {hold} }}"), "");
    let of = |results: &Answer| results.value("workload users", "time_in.lock mean");
    assert!(of(&own) < 0.000_05, "{}", of(&own));
    // Pairs are M/D/1 at 20/s and 2 ms, and the second of a pair waits for 1 ms more.
    let pairs = 20.0 * 0.002f64.powi(2) / (2.0 * 0.96);
    shared.agrees("workload users", "time_in.lock mean", pairs + 0.0005, 0.01);
    assert_eq!(shared.value("lock api.l", "held max"), 1.0);
    assert_eq!(own.value("lock api#2.l", "held max"), 1.0);
}

#[test]
fn a_lock_with_permits_is_held_by_so_many_at_once() {
    // By hand: three are never used by more, and two suffice for a pair: only if another pair comes
    // within its 1 ms (2 %) does one of its requests wait, for half of that.
    let results =
        endpoint("lock: { name: l, scope: service, permits: 3, hold: [ wait: 1ms ] }", "");
    results.agrees("workload users", "time_in.lock mean", 0.5 * 0.02 * 0.0005, 0.2);
    assert!(results.value("lock api.l", "held max") <= 3.0);
}

#[test]
fn a_lock_is_given_back_by_failures_cancellations_and_crashes() {
    // A lock that were kept would stop all others. Half fail inside, others are called off while
    // they wait or hold, and each instance crashes while it holds; the audit counts holders.
    let crashes: Vec<String> = (0..40)
        .map(|i| {
            format!(
                "crash: {{ target: \"api#{}\", at: {}ms, for: 10ms }}",
                1 + i % 2,
                1003 + 4507 * i
            )
        })
        .collect();
    let results = endpoint(
        "parallel: { join: any, branches: [
            [ lock: { name: l, scope: service, hold: [ lock: { name: m, scope: service, hold: [ call: db.slow, fail: 50% ] } ] } ],
            [ wait: 7ms ] ] }, lock: { name: l, scope: service, hold: [ cpu: 1ms ] }",
        &format!("faults: [ {} ]", crashes.join(", ")),
    );
    assert!(results.value("workload users", "completed total") > 7000.0);
    assert!(results.value("workload users", "unfinished total") < 3.0);
    assert!(results.value("workload users", "outcomes.crashed mean") > 0.0);
}

#[test]
fn waiting_for_a_lock_gives_the_core_up_and_a_free_lock_does_not() {
    // By hand: on one core a pair of requests computes 1 ms, 1 ms under the lock, and 1 ms after
    // it. The first keeps its core through all three; the second then does the same: 3 and 6 ms.
    let results = run("run: { duration: 100s, replications: 1 }
workload: { users: { to: api.x, open: { rate: 2/s, arrivals: { at: [ 1s, 1s ] } } } }
services: { api: { endpoints: { x: [ cpu: 1ms, lock: { name: l, hold: [ cpu: 1ms ] }, cpu: 1ms ] } } }");
    results.equals("workload users", "latency min", 0.003);
    results.equals("workload users", "latency max", 0.006);
    results.equals("workload users", "time_in.lock mean", 0.0);
}

#[test]
fn a_lock_that_is_asked_for_too_often_is_an_overload_and_one_that_is_not_keeps_up() {
    // By definition: 80/s · 20 ms is 1.6 of a lock, 0.8 of one with two permits, or of two.
    let with = |lock: &str, replicas: u32| {
        let results = run(&format!(
            "run: {{ duration: 300s, replications: 4 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 80/s }} }} }}
services: {{ api: {{ replicas: {replicas}, endpoints: {{ x: [ cpu: 1ms, lock: {{ name: l, {lock} hold: [ wait: 20ms ] }} ] }} }} }}"
        ));
        results.results.verdicts[0].outlook.clone()
    };
    for (lock, replicas, load) in [
        ("", 1, Some(1.6)),
        ("scope: service,", 2, Some(1.6)),
        ("permits: 2,", 1, None),
        ("", 2, None),
    ] {
        match (with(lock, replicas), load) {
            (Outlook::Overloaded(overload), Some(load)) => {
                assert!((overload.load - load).abs() < 1e-9, "{lock} {replicas}: {overload:?}");
            }
            (Outlook::KeepsUp, None) => {}
            (outlook, _) => panic!("{lock} {replicas}: {outlook:?}"),
        }
    }
}

#[test]
fn the_summary_names_the_lock_and_what_it_costs() {
    // By hand: λ · 10 ms = 0.8: 3.2 requests wait for 40 ms of 50 ms.
    let room = Room::new(
        "lock.yaml",
        "version: 1
run: { duration: 600s, replications: 10 }
workload: { users: { to: api.x, open: { rate: 80/s } } }
services: { api: { endpoints: { x: [ lock: { name: l, hold: [ wait: { exp: 10ms } ] } ] } } }",
    );
    let output = room.run("run lock.yaml --no-files");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("Longest queue: api#1.l, for a lock: 3."), "{text}");
    assert!(text.contains("  lock 4") && text.contains("ms (8"), "{text}");
}

#[test]
fn locks_that_are_taken_in_opposite_orders_are_a_warning() {
    // By definition: one holds `a` and waits for `b`, the other holds `b` and waits for `a`; also
    // by way of a third, and in two branches of one request. In one order there is none.
    let nest = |outer: &str, inner: &str| {
        format!(
            "lock: {{ name: {outer}, hold: [ lock: {{ name: {inner}, hold: [ wait: 1ms ] }} ] }}"
        )
    };
    let warns = |steps: &[String]| {
        let yaml = format!(
            "version: 1\nworkload: {{ u: {{ to: api.x, open: {{ rate: 1/s }} }} }}\nservices: {{ api: {{ endpoints: {{ x: [ {} ] }} }} }}",
            steps.join(", ")
        );
        let scenario = asyncflow::scenario::from_yaml(&yaml).unwrap_or_else(|p| panic!("{p}"));
        asyncflow::scenario::check(&scenario).to_string().contains("deadlock is possible")
    };
    assert!(warns(&[nest("a", "b"), nest("b", "a")]));
    assert!(warns(&[nest("a", "b"), nest("b", "c"), nest("c", "a")]));
    assert!(warns(&[format!("parallel: [ [ {} ], [ {} ] ]", nest("a", "b"), nest("b", "a"))]));
    assert!(!warns(&[nest("a", "b"), nest("b", "c"), nest("a", "c")]));
    assert!(!warns(&[nest("a", "b"), nest("a", "b")]));
}

#[test]
fn a_shared_lock_is_one_for_all_services_that_name_it() {
    // M/M/1: two services take it, 40/s each and for 10 ms on average: 80 % of one lock, which is
    // waited for 40 ms. The load is known before the run, and so is an overload.
    let with = |rate: u32| {
        run(&format!(
            "run: {{ duration: 2000s, warmup: 20s, replications: 10 }}
workload:
  a: {{ to: api.x, open: {{ rate: {rate}/s }} }}
  b: {{ to: db.z, open: {{ rate: {rate}/s }} }}
services:
  api: {{ replicas: 2, endpoints: {{ x: [ lock: {{ name: l, scope: shared, hold: [ wait: {{ exp: 10ms }} ] }} ] }} }}
  db: {{ endpoints: {{ z: [ lock: {{ name: l, scope: shared, hold: [ wait: {{ exp: 10ms }} ] }} ] }} }}"
        ))
    };
    let results = with(40);
    results.agrees("workload a", "time_in.lock mean", 0.04, 0.02);
    results.agrees("workload b", "time_in.lock mean", 0.04, 0.02);
    results.agrees("lock l", "utilisation mean", 0.8, 0.01);
    assert!(results.results.verdicts.iter().all(|v| v.outlook == Outlook::KeepsUp));
    for verdict in &with(60).results.verdicts {
        match &verdict.outlook {
            Outlook::Overloaded(overload) => assert!((overload.load - 1.2).abs() < 1e-9),
            outlook => panic!("{outlook:?}"),
        }
    }
}

/// What `check` says of two services, each with the steps of its endpoint.
fn of_two(api: &str, db: &str) -> String {
    let yaml = format!(
        "version: 1
workload: {{ u: {{ to: api.x, open: {{ rate: 1/s }} }}, v: {{ to: db.z, open: {{ rate: 1/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ {api} ] }} }}, db: {{ endpoints: {{ z: [ {db} ] }} }} }}"
    );
    match asyncflow::scenario::from_yaml(&yaml) {
        Ok(scenario) => asyncflow::scenario::check(&scenario).to_string(),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn orders_of_locks_are_followed_into_calls() {
    // By definition: `api` holds `a` and calls `db`, which takes `b`; who takes them in the
    // opposite order may wait for ever, unless the call has a timeout, or no request waits for it.
    let lock = |name: &str, steps: &str| {
        format!("lock: {{ name: {name}, scope: shared, hold: [ {steps} ] }}")
    };
    let (other_way, db) = (lock("b", &lock("a", "wait: 1ms")), lock("b", "wait: 1ms"));
    let warns = |call: &str, db: &str| {
        let api = format!("{}, {other_way}", lock("a", call));
        of_two(&api, db).contains("deadlock is possible: ")
    };
    assert!(warns("call: db.z", &db));
    assert!(!warns("call: { to: db.z, timeout: 1s }", &db));
    assert!(!warns("spawn: [ call: db.z ]", &db));
    let within = |steps: &str| format!("parallel: {{ within: 50ms, branches: [ [ {steps} ] ] }}");
    assert!(!warns(&within("call: db.z"), &db));
    assert!(!warns("call: db.z", &within(&db)));
    assert!(!warns("call: db.z", &lock("c", "wait: 1ms")));
    // One that is held during a call that takes it waits for itself.
    let itself = of_two(&lock("a", "call: db.z"), &lock("a", "wait: 1ms"));
    let what = "deadlock is possible: `a` is held here during a call that takes it at services.db.endpoints.z.steps[0].lock.name";
    assert!(itself.contains(what), "{itself}");
}

#[test]
fn a_shared_lock_is_the_same_wherever_it_is_named() {
    // By definition: steps that name it write the same, also in other services.
    let permits = |permits: u32| {
        format!("lock: {{ name: l, scope: shared, permits: {permits}, hold: [ wait: 1ms ] }}")
    };
    assert!(of_two(&permits(1), &permits(2)).contains("has another `permits`"));
    assert!(!of_two(&permits(2), &permits(2)).contains("permits"));
    assert!(
        of_two("lock: { name: a.b, scope: shared, hold: [ wait: 1ms ] }", "wait: 1ms")
            .contains("write `name: a-b`")
    );
}

//! The step `offload`.

use crate::support::run;
use asyncflow::scenario::from_yaml;

#[test]
fn a_loop_is_free_while_a_thread_blocks() {
    // By hand: two at once, each computes 1 ms, sleeps 20 ms and computes 1 ms. In the handler the
    // second begins when the first has ended, at 22 ms: 44 ms. In threads it computes meanwhile:
    // 2 ms, the thread until 22 ms, and 1 ms, for which the loop is free at 22 ms: 23 ms. With one
    // thread it gets it at 21 ms: 41 ms, and 1 ms.
    let last = |steps: &str| {
        let results = run(&format!(
            "run: {{ duration: 10s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 2/s, arrivals: {{ at: [ 1s, 1s ] }} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: 1ms, {steps}, cpu: 1ms ] }} }} }}"
        ));
        results.value("workload users", "latency max")
    };
    assert_eq!(last("block: 20ms"), 0.044);
    assert_eq!(last("offload: { pool: 2, do: [ block: 20ms ] }"), 0.023);
    assert_eq!(last("offload: { pool: 1, do: [ block: 20ms ] }"), 0.042);
    // What waits in a thread holds it too.
    assert_eq!(last("offload: { pool: 1, do: [ wait: 20ms ] }"), 0.042);
}

#[test]
fn threads_compute_on_the_cores_that_no_loop_uses() {
    // By hand: two at once, of 1 ms in the loop and 10 ms in a thread. With a core for threads the
    // loop does the second meanwhile, and its thread waits for the core: 11 and 21 ms. With two
    // cores: 11 and 12 ms. With none, the loop does 1 and 1, and then 10 and 10: 12 and 22 ms. On
    // two cores that any burst may use both take 11 ms.
    let ends = |cpu: u32, runtime: &str| {
        let results = run(&format!(
            "run: {{ duration: 10s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 2/s, arrivals: {{ at: [ 1s, 1s ] }} }} }} }}
services: {{ api: {{ instance: {{ cpu: {cpu} }}, {runtime} endpoints: {{ x: [ cpu: 1ms, offload: {{ pool: 4, do: [ cpu: 10ms ] }} ] }} }} }}"
        ));
        ["min", "max"].map(|stat| results.value("workload users", &format!("latency {stat}")))
    };
    assert_eq!(ends(2, ""), [0.011, 0.021]);
    assert_eq!(ends(3, ""), [0.011, 0.012]);
    assert_eq!(ends(1, ""), [0.012, 0.022]);
    assert_eq!(ends(2, "runtime: { tasks: {} },"), [0.011, 0.011]);
}

#[test]
fn a_pool_of_threads_is_m_m_c_and_the_loop_beside_it_m_d_1() {
    // Erlang's C with c = 3 and 2 erlangs: C = 4/9, so the mean wait is C·h/(c − a) = 4/9 of 20 ms
    // = 8.889 ms; and by Pollaczek–Khinchine the loop of 4 ms at 100/s, ρ = 0.4, waits
    // ρ·4 ms/(2(1 − ρ)) = 1.333 ms. Departures of the loop are not Poisson, so the threads come
    // first. 20 replications of 400 s; standard errors of about 0.7 %.
    let results = run("run: { duration: 420s, warmup: 20s, replications: 20 }
workload: { users: { to: api.x, open: { rate: 100/s } } }
services: { api: { instance: { cpu: 4 }, endpoints: { x: [ offload: { pool: 3, do: [ cpu: { exp: 20ms } ] } ] } } }");
    results.agrees("workload users", "time_in.thread mean", 4.0 / 9.0 * 0.02, 0.03);
    results.equals("workload users", "time_in.queue mean", 0.0);
    results.agrees("thread api#1/1.threads", "utilisation mean", 2.0 / 3.0, 0.01);
    // Two of four cores are busy; none of them is the loop's.
    results.agrees("service api", "utilisation mean", 0.5, 0.01);
    let results = run("run: { duration: 420s, warmup: 20s, replications: 20 }
workload: { users: { to: api.x, open: { rate: 100/s } } }
services: { api: { instance: { cpu: 4 }, endpoints: { x: [ cpu: 4ms, offload: { pool: 90, do: [ block: { exp: 20ms } ] } ] } } }");
    results.agrees("workload users", "time_in.queue mean", 0.4 * 0.004 / 1.2, 0.02);
    results.equals("workload users", "time_in.thread mean", 0.0);
    results.agrees("workload users", "time_in.io mean", 0.02, 0.01);
}

#[test]
fn a_thread_that_has_begun_is_not_called_off_and_a_crash_ends_it() {
    // By hand: the only thread sleeps for 20 ms from 1 s on. Its caller goes after 5 ms, but one
    // that comes at 1.01 s gets it at 1.02 s: 30 ms. After a crash at 1.01 s of 1 ms the one at
    // 1.012 s has it at once.
    let second = |at: &str, faults: &str| {
        let results = run(&format!(
            "run: {{ duration: 10s, replications: 1 }}
workload:
  users: {{ to: web.x, open: {{ rate: 1/s, arrivals: {{ at: [ 1s ] }} }} }}
  later: {{ to: api.x, open: {{ rate: 1/s, arrivals: {{ at: [ {at} ] }} }} }}
services:
  web: {{ endpoints: {{ x: [ call: {{ to: api.x, timeout: 5ms, cancel: true }} ] }} }}
  api: {{ instance: {{ cpu: 2 }}, endpoints: {{ x: [ offload: {{ pool: 1, do: [ block: 20ms ] }} ] }} }}
faults: [ {faults} ]"
        ));
        results.value("workload later", "latency max")
    };
    assert_eq!(second("1010ms", ""), 0.030);
    assert_eq!(second("1012ms", "crash: { target: api, at: 1010ms, for: 1ms }"), 0.020);
}

#[test]
fn what_a_thread_cannot_do_is_refused() {
    // By hand: the message for each.
    for (steps, expected) in [
        ("offload: { pool: 0, do: [ cpu: 1ms ] }", "without a thread, no request could go on"),
        ("offload: { pool: 4, do: [] }", "a block needs at least one step"),
        (
            "offload: { pool: 4, do: [ parallel: [ [ cpu: 1ms ], [ wait: 1ms ] ] ] }",
            "a thread does one thing after the other",
        ),
        ("offload: { pool: 4, do: [ spawn: [ cpu: 1ms ] ] }", "has no thread"),
        (
            "offload: { pool: 4, do: [ repeat: { times: 2, do: [ offload: { pool: 4, do: [ cpu: 1ms ] } ] } ] }",
            "is not offloaded again",
        ),
        (
            "offload: { pool: 4, do: [ lock: { name: a, scope: process, hold: [ cpu: 1ms ] } ] }",
            "cannot be taken in a thread",
        ),
        (
            "offload: { pool: 4, do: [ cpu: 1ms ] }, offload: { pool: 8, do: [ cpu: 1ms ] }",
            "has another `pool`",
        ),
    ] {
        let steps = steps.replace("}, offload: { pool: 8", "} ]\n      z: [ offload: { pool: 8");
        let told = from_yaml(&format!(
            "version: 1
workload: {{ users: {{ to: api.x, open: {{ rate: 1/s }} }} }}
services:
  api:
    endpoints:
      x: [ {steps} ]"
        ))
        .unwrap_err()
        .to_string();
        assert!(told.contains(expected), "{steps}: {told}");
    }
}

#[test]
fn the_loads_of_loops_and_threads_are_told_apart() {
    // By hand: at 100/s, 2 ms in the loop are 20 %, and 8 ms in threads 80 % of the other core:
    // neither is an overload, and at 15 ms in threads there is one, of 150 %.
    let warned = |ms: u32| {
        let scenario = from_yaml(&format!(
            "version: 1
workload: {{ users: {{ to: api.x, open: {{ rate: 100/s }} }} }}
services: {{ api: {{ instance: {{ cpu: 2 }}, endpoints: {{ x: [ cpu: 2ms, offload: {{ pool: 9, do: [ cpu: {ms}ms ] }} ] }} }} }}"
        ))
        .unwrap();
        asyncflow::scenario::check(&scenario).to_string()
    };
    assert_eq!(warned(8), "");
    let told = warned(15);
    assert!(told.contains("150 %"), "{told}");
}

#[test]
fn a_thread_that_sleeps_leaves_utilisation_and_waste_alone() {
    // By hand: 9 ms at 50/s are 45 % of the loop; what sleeps in threads uses none of the three
    // other cores, which stay idle as without it. Half fail at their end: half of the core time is
    // wasted, the 2 ms that `other` blocks its loop for among it.
    let results = run("run: { duration: 400s, replications: 10 }
workload: { users: { mix: { api.x: 50%, other.x: 50% }, open: { rate: 100/s, arrivals: regular } } }
services:
  api: { instance: { cpu: 4 }, endpoints: { x: [ cpu: 9ms, offload: { pool: 40, do: [ block: 5ms ] } ] } }
  other: { endpoints: { x: [ cpu: 1ms, block: 2ms, fail: 100% ] } }");
    results.agrees("service api", "utilisation mean", 0.45, 0.01);
    results.agrees("service other", "utilisation mean", 0.15, 0.01);
    results.agrees("system all", "wasted_ratio mean", 3.0 / 12.0, 0.01);
}

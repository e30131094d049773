//! The step `pool`, and the pools of calls.

use crate::support::{Answer, Room, run};
use asyncflow::scenario::{check, from_yaml};

/// Runs steps of one service, at a rate, 20 times 220 s.
fn steps(rate: u32, steps: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 220s, warmup: 20s, replications: 20 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate}/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ {steps} ] }} }} }}"
    ))
}

#[test]
fn a_pool_is_an_m_m_c_queue() {
    // Erlang C for λ = 150/s, three connections of 1/10 ms: a = 1.5, P(wait) = 0.236842.., and
    // W_q = P(wait)/(300 − 150). Agreement within the interval of the run (95 %), widened to 3/2.
    let results = steps(150, "pool: { name: db, max: 3, do: [ wait: { exp: 10ms } ] }");
    let erlang_c = {
        let (a, c): (f64, f64) = (1.5, 3.0);
        let last = a.powi(3) / 6.0 * c / (c - a);
        last / (1.0 + a + a * a / 2.0 + last)
    };
    results.agrees("workload users", "time_in.pool mean", erlang_c / 150.0, 0.05);
    results.agrees("pool api#1.db", "utilisation mean", 0.5, 0.01);
    results.agrees("pool api#1.db", "waiting mean", erlang_c, 0.05);
}

#[test]
fn those_who_wait_for_too_long_leave_as_constant_patience_says() {
    // M/M/2 with constant patience τ (Barrer 1957; Zeltyn, Mandelbaum 2005, §2): the density of the
    // offered wait is λ·P₁·e^((λ−cμ)x) up to τ and λ·P₁·e^(λτ−cμx) after it; who is offered more
    // than τ leaves. λ = 150/s, μ = 100/s, τ = 20 ms.
    let results = steps(150, "pool: { name: db, max: 2, wait: 20ms, do: [ wait: { exp: 10ms } ] }");
    let (lambda, mu, tau): (f64, f64, f64) = (150.0, 100.0, 0.020);
    let (one, gap) = (lambda / mu, 2.0 * mu - lambda);
    let (short, long) = ((1.0 - (-gap * tau).exp()) / gap, (-gap * tau).exp() / (2.0 * mu));
    let idle = 1.0 / (1.0 + one + lambda * one * (short + long));
    let leave = lambda * one * idle * long;
    assert!((leave - 0.07187).abs() < 1e-4, "{leave}");
    results.agrees("workload users", "outcomes.pool_timeout mean", leave, 0.05);
    // Those who stay hold for 10 ms.
    let held = (1.0 - leave) * lambda / mu;
    results.agrees("pool api#1.db", "held mean", held, 0.01);
    assert_eq!(results.value("pool api#1.db", "held max"), 2.0);
}

#[test]
fn a_pool_is_of_each_process_of_each_instance_or_of_the_service() {
    // By hand: eight requests at once, on two instances of two loops each, which are chosen in
    // turn; each holds for 10 ms. With one connection for all the last waits for 70 ms; one of each
    // instance, 30 ms; of each process as many as its loop has before it.
    let last = |per: &str| {
        let results = run(&format!(
            "run: {{ duration: 10s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 8/s, arrivals: {{ at: [ 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s ] }} }} }} }}
services:
  api: {{ replicas: 2, instance: {{ cpu: 2 }}, runtime: {{ event_loop: {{ workers: 2 }} }}, endpoints: {{ x: [ call: {{ to: db.q, pool: {{ max: 1, per: {per} }} }} ] }} }}
  db: {{ endpoints: {{ q: [ wait: 10ms ] }} }}"
        ));
        let rows = &results.results.rows;
        let pools: Vec<String> = rows
            .iter()
            .filter(|row| row.kind == "pool" && row.metric == "utilisation" && row.stat == "mean")
            .map(|row| row.entity.clone())
            .collect();
        (results.value("workload users", "latency max"), pools)
    };
    assert_eq!(last("service"), (0.080, vec!["api.db".to_string()]));
    assert_eq!(last("instance"), (0.040, vec!["api#1.db".to_string(), "api#2.db".to_string()]));
    let (longest, pools) = last("process");
    assert!((0.0199..0.0401).contains(&longest), "{longest}");
    assert_eq!(pools, ["api#1/1.db", "api#1/2.db", "api#2/1.db", "api#2/2.db"]);
}

#[test]
fn connections_are_made_when_none_is_idle_and_closed_when_they_are_old() {
    // By hand: four requests of 10 ms, 50 ms apart, and 5 ms to connect. One connection serves all
    // of them; with an idle timeout of 30 ms, or a life of 30 ms, each makes its own.
    let waits = |more: &str| {
        let results = run(&format!(
            "run: {{ duration: 10s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 4/s, arrivals: {{ at: [ 1s, 1050ms, 1100ms, 1150ms ] }} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ pool: {{ name: db, max: 2, connect: 5ms{more}, do: [ wait: 10ms ] }} ] }} }} }}"
        ));
        results.value("workload users", "time_in.pool mean")
    };
    assert_eq!(waits(""), 0.005 / 4.0);
    assert_eq!(waits(", idle_timeout: 40ms"), 0.005 / 4.0);
    assert_eq!(waits(", idle_timeout: 30ms"), 0.005);
    // Made at 1 s, used until 1115 ms; the second is made at 1150 ms.
    assert_eq!(waits(", max_lifetime: 120ms"), 0.010 / 4.0);
    assert_eq!(waits(", max_lifetime: 30ms"), 0.005);
}

#[test]
fn a_crash_closes_the_connections_of_its_instance() {
    // By hand: a request before the crash and one after it each make a connection; without the
    // crash the second uses the first's.
    let waits = |faults: &str| {
        let results = run(&format!(
            "run: {{ duration: 10s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 2/s, arrivals: {{ at: [ 1s, 3s ] }} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ pool: {{ name: db, max: 2, connect: 5ms, do: [ wait: 10ms ] }} ] }} }} }}
faults: [ {faults} ]"
        ));
        results.value("workload users", "time_in.pool mean")
    };
    assert_eq!((waits(""), waits("crash: { target: api, at: 2s, for: 500ms }")), (0.0025, 0.005));
}

#[test]
fn a_call_that_waits_for_a_connection_gives_up_and_the_callee_never_sees_it() {
    // By hand: three at once, one connection, 10 ms each: who has waited for 15 ms fails then.
    let results = run("run: { duration: 10s, replications: 1 }
workload: { users: { to: api.x, open: { rate: 3/s, arrivals: { at: [ 1s, 1s, 1s ] } } } }
services:
  api: { endpoints: { x: [ call: { to: db.q, pool: { max: 1, wait: 15ms } } ] } }
  db: { endpoints: { q: [ wait: 10ms ] } }");
    results.equals("workload users", "outcomes.pool_timeout mean", 1.0 / 3.0);
    results.equals("endpoint db.q", "completed total", 2.0);
    results.equals("workload users", "latency max", 0.020);
}

#[test]
fn a_pool_in_itself_and_a_pool_of_a_call_with_steps_are_told() {
    // By definition: with one connection a request would wait for itself; with two, enough of them
    // at once wait for each other; a call's pool is held by the call.
    let told = |steps: &str| {
        let yaml = format!(
            "version: 1\nworkload: {{ u: {{ to: api.x, open: {{ rate: 1/s }} }} }}\nservices: {{ api: {{ endpoints: {{ x: [ {steps} ] }} }}, db: {{ endpoints: {{ q: [ cpu: 1ms ] }} }} }}"
        );
        from_yaml(&yaml).map_or_else(|problems| problems.to_string(), |of| check(&of).to_string())
    };
    let nested = |max: u32| {
        told(&format!(
            "pool: {{ name: db, max: {max}, do: [ call: {{ to: db.q, pool: {{ max: {max} }} }} ] }}"
        ))
    };
    assert!(
        told(
            "pool: { name: db, max: 2, do: [ cpu: 1ms ] }, lock: { name: db, hold: [ cpu: 1ms ] }"
        )
        .contains("`db` is a pool at")
    );
    assert!(nested(1).contains("asks for it again, and would wait for itself"));
    assert!(nested(2).contains("deadlock is possible"));
    assert!(told("call: { to: db.q, pool: { max: 2, do: [ cpu: 1ms ] } }").contains("has no `do`"));
    assert!(
        told("call: { to: db.q, pool: { max: 2 } }, call: { to: db.q, pool: { max: 3 } }")
            .contains("another `max`")
    );
    assert!(
        told("call: { to: db.q, pool: { max: 2, idle_timeout: 1s } }")
            .contains("`idle_timeout` has no effect")
    );
}

#[test]
fn thirty_connections_for_the_work_of_thirty_eight_fail_a_fifth_in_the_long_run() {
    // By hand: 7,500/s of 5 ms occupy 37.5 connections. 30 of them serve 6,000/s, so that 20 %
    // leave after their 30 s, once the line is full (after 180,000/1,500 s = 120 s); 38 are enough.
    let run_with = |max: u32, from_s: u32| {
        run(&format!(
            "run: {{ duration: {}s, warmup: {from_s}s, replications: 2 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 7500/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ pool: {{ name: db, max: {max}, wait: 30s, do: [ wait: 5ms ] }} ] }} }} }}",
            from_s + 60
        ))
    };
    let few = run_with(30, 160);
    few.agrees("workload users", "outcomes.pool_timeout mean", 0.2, 0.05);
    // All connections are in use at every moment.
    let throughput = few.value("workload users", "throughput mean");
    assert!((throughput - 6000.0).abs() < 1e-6, "{throughput}");
    few.equals("pool api#1.db", "held max", 30.0);
    run_with(38, 10).equals("workload users", "failed total", 0.0);
}

#[test]
fn a_connection_whose_call_timed_out_is_closed() {
    // By hand: three calls, 100 ms apart, of 50 ms each, and 5 ms to connect. One connection serves
    // all; if each times out after 10 ms, each makes its own, and the callee works on all three.
    let waits = |timeout: &str| {
        let results = run(&format!(
            "run: {{ duration: 10s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 3/s, arrivals: {{ at: [ 1s, 1100ms, 1200ms ] }} }} }} }}
services:
  api: {{ endpoints: {{ x: [ call: {{ to: db.q, timeout: {timeout}, pool: {{ max: 1, connect: 5ms }} }} ] }} }}
  db: {{ endpoints: {{ q: [ wait: 50ms ] }} }}"
        ));
        (
            results.value("pool api#1.db", "held mean") * 10.0,
            results.value("endpoint db.q", "completed total"),
        )
    };
    let near = |(held_s, completed): (f64, f64), expected_s: f64| {
        assert!((held_s - expected_s).abs() < 1e-9 && completed == 3.0, "{held_s} {completed}");
    };
    near(waits("1s"), 0.005 + 3.0 * 0.050);
    near(waits("10ms"), 3.0 * (0.005 + 0.010));
}

#[test]
fn pools_that_may_hold_more_connections_than_their_service_admits_requests_are_noted() {
    // By hand: 3 instances of 2 processes with 10 connections each are 60; two instances that admit
    // 30 each are as many, and are not worth a note.
    let noted = |max_in_flight: u32, per: &str| {
        let text = format!(
            "version: 1
workload: {{ users: {{ to: api.x, open: {{ rate: 50/s }} }} }}
services:
  api: {{ replicas: 3, instance: {{ cpu: 2 }}, runtime: {{ event_loop: {{ workers: 2 }} }}, endpoints: {{ x: [ call: {{ to: db.q, pool: {{ max: 10, per: {per} }} }} ] }} }}
  db: {{ replicas: 2, max_in_flight: {max_in_flight}, endpoints: {{ q: [ wait: 1ms ] }} }}"
        );
        let room = Room::new("pools.yaml", &text);
        let output = room.run("check pools.yaml");
        String::from_utf8(output.stderr).unwrap().contains("connections may be open to `db`")
    };
    assert_eq!([29, 30].map(|most| noted(most, "process")), [true, false]);
    assert_eq!([14, 15].map(|most| noted(most, "instance")), [true, false]);
    assert_eq!([4, 5].map(|most| noted(most, "service")), [true, false]);
}

#[test]
fn connections_that_cannot_be_used_at_once_are_not_noted() {
    // By hand: `db` admits 4 requests at once. A pool of 10 has no more in use than an outer pool,
    // a lock or its own service let through, and what is spawned uses none.
    let noted = |fields: &str, steps: &str| {
        let text = format!(
            "version: 1
workload: {{ users: {{ to: api.x, open: {{ rate: 50/s }} }} }}
services:
  api: {{ {fields} endpoints: {{ x: [ {steps} ] }} }}
  db: {{ max_in_flight: 4, endpoints: {{ q: [ wait: 1ms ] }} }}"
        );
        let output = Room::new("pools.yaml", &text).run("check pools.yaml");
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap().contains("may be open to `db`")
    };
    let call = "call: { to: db.q, pool: { max: 10 } }";
    assert!(noted("", call) && noted("max_in_flight: 5,", call));
    assert!(!noted("max_in_flight: 4,", call));
    assert!(!noted("balance: central_queue, replicas: 4,", call));
    for outer in ["pool: { name: o, max: 4, do:", "lock: { name: o, permits: 4, hold:"] {
        assert!(!noted("", &format!("{outer} [ {call} ] }}")));
    }
    // What runs at once, or outlives its request, is not bounded by the requests.
    let at_once = format!("parallel: [ [ {call} ], [ {call} ] ]");
    assert!(noted("max_in_flight: 4,", &at_once));
    assert!(noted("max_in_flight: 4,", &format!("spawn: [ {call} ], wait: 1ms")));
    assert!(!noted("", "pool: { name: o, max: 10, do: [ spawn: [ call: db.q ], wait: 1ms ] }"));
}

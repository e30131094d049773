//! The central queue: which requests wait, where, and what a crash does to them. Traffic is so
//! light that every moment is known by hand.

use crate::support::{Answer, run};

/// Runs requests at these times, one replication of 20 s, with two instances of four cores; a
/// request takes 1 s of I/O.
fn at(times: &str, rest: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 20s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 1/s, arrivals: {{ at: [{times}] }} }} }} }}
services:
  api: {{ replicas: 2, balance: central_queue, instance: {{ cpu: 4 }}, runtime: {{ tasks: {{}} }}, endpoints: {{ x: [ wait: 1s ] }} }}
{rest}"
    ))
}

/// Returns how often each instance was chosen.
fn chosen(a: &Answer) -> Vec<f64> {
    let rows = a.results.rows.iter().filter(|r| r.kind == "balancer" && r.entity == "api");
    rows.map(|r| r.estimate.estimate).collect()
}

#[test]
fn an_instance_has_one_request_at_a_time_however_many_cores_it_has() {
    // By hand: four at once, two wait 1 s at the balancer; I/O occupies the instance just
    // as computing does.
    let a = at("0s, 0s, 0s, 0s", "");
    a.equals("workload users", "latency mean", 1.5);
    a.equals("workload users", "time_in.admission mean", 0.5);
    a.equals("service api", "admission_queue mean", 2.0 / 20.0);
    a.equals("service api", "admission_queue max", 2.0);
    a.equals("service api", "in_flight max", 1.0);
    a.equals("instance api#1", "admission_queue max", 0.0);
    assert_eq!(chosen(&a), [2.0, 2.0]);
}

#[test]
fn the_instance_that_has_been_free_longest_is_chosen() {
    // By hand: the first takes #1 at 0 s, the second #2 at 0.5 s; #1 is free at 1 s and #2 at 1.5
    // s, so the third takes #1, the fourth #2. The next, at 4 s, takes #1, which has been
    // free since 3 s, and the last, at 5 s, #2, which has been free since 3.5 s.
    assert_eq!(chosen(&at("0s, 500ms, 2s, 2500ms, 4s, 5s", "")), [3.0, 3.0]);
    // One request at a time: the instances alternate.
    assert_eq!(chosen(&at("0s, 2s, 4s, 6s", "")), [2.0, 2.0]);
    assert_eq!(chosen(&at("0s, 2s, 4s", "")), [2.0, 1.0]);
}

#[test]
fn an_instance_is_free_before_its_response_has_crossed_the_link() {
    // By hand: 100 ms each way. The third waits while the instance is busy for 1 s, not for the way
    // back: it is admitted at 1.1 s.
    let a = at("0s, 0s, 0s", "links: { users -> api: { latency: 100ms } }");
    a.equals("workload users", "time_in.admission mean", 1.0 / 3.0);
    a.equals("workload users", "latency max", 2.2);
}

#[test]
fn a_crashed_instance_takes_no_requests_and_is_free_once_it_is_back() {
    // By hand: #1 crashes at 0.5 s with the first request; the third and the fourth wait for #2,
    // until #1 is back at 1.2 s: the third is served by #2 from 1 s to 2 s, the fourth by #1 from
    // 1.2 s to 2.2 s.
    let crash = "faults: [ crash: { target: api, count: 1, at: 500ms, for: 700ms } ]";
    let a = at("0s, 0s, 0s, 0s", crash);
    a.equals("workload users", "outcomes.crashed mean", 0.25);
    a.equals("workload users", "latency max", 2.2);
    a.equals("workload users", "latency mean", (1.0 + 2.0 + 2.2) / 3.0);
    assert_eq!(chosen(&a), [2.0, 2.0]);
}

#[test]
fn a_request_from_before_a_drain_does_not_free_the_restarted_instance() {
    // By hand: as above, but the first request is finished by #1 at 1 s. Back at 0.7 s, #1 takes
    // the third at once and serves it until 1.7 s: the first, which ends at 1 s, does not free it.
    // So the fourth waits for #2 until 1 s, and the fifth until 1.7 s.
    let crash = "faults: [ crash: { target: api, count: 1, drain: true, at: 500ms, for: 200ms } ]";
    let a = at("0s, 0s, 0s, 0s, 0s", crash);
    a.equals("workload users", "failed total", 0.0);
    a.equals("workload users", "latency mean", (1.0 + 1.0 + 1.7 + 2.0 + 2.7) / 5.0);
    assert_eq!(chosen(&a), [3.0, 2.0]);
}

#[test]
fn while_all_instances_are_down_waiting_and_arriving_requests_are_rejected() {
    // By hand: two are inside and two wait when all go down at 0.5 s; one arrives at 1 s, one at 3
    // s, when all are back.
    let a = at(
        "0s, 0s, 0s, 0s, 1s, 3s",
        "faults: [ crash: { target: api, count: 2, at: 500ms, for: 2s } ]",
    );
    a.equals("workload users", "outcomes.crashed mean", 2.0 / 6.0);
    a.equals("workload users", "outcomes.rejected mean", 3.0 / 6.0);
    a.equals("workload users", "completed total", 1.0);
    a.equals("service api", "admission_queue mean", 2.0 * 0.5 / 20.0);
}

#[test]
fn an_instance_is_free_again_when_the_message_to_it_is_lost() {
    // By hand: every message on the balancer's own link to `b` is lost, so `b` is free at once and
    // takes every second request; `a` has the others.
    let a = run("run: { duration: 20s, replications: 1 }
workload: { users: { to: api, via: [client], open: { rate: 1/s, arrivals: { at: [0s, 2s, 4s, 6s] } } } }
services:
  api:
    balance: central_queue
    instances: { a: { endpoints: { x: [ wait: 1s ] } }, b: { endpoints: { z: [ wait: 1s ] } } }
links: { api -> a: { latency: 500ms }, api -> b: { loss: 100% }, a -> client: { latency: 1ms }, b -> client: { latency: 1ms } }");
    a.equals("workload users", "outcomes.lost mean", 0.5);
    a.equals("workload users", "unfinished total", 0.0);
    a.equals("workload users", "latency mean", 1.501);
}

#[test]
fn an_instance_is_occupied_while_the_request_is_on_its_way_to_it() {
    // By hand: occupied for 0.5 s on the way and 1 s inside, so of three simultaneous requests the
    // third waits 1.5 s and is answered after 3 s and the way back.
    let a = run("run: { duration: 20s, replications: 1 }
workload: { users: { to: api, via: [client], open: { rate: 1/s, arrivals: { at: [0s, 0s, 0s] } } } }
services:
  api:
    balance: central_queue
    instances: { a: { endpoints: { x: [ wait: 1s ] } }, b: { endpoints: { z: [ wait: 1s ] } } }
links: { api -> a: { latency: 500ms }, api -> b: { latency: 500ms }, a -> client: { latency: 1ms }, b -> client: { latency: 1ms } }");
    a.equals("workload users", "time_in.admission mean", 0.5);
    a.equals("workload users", "latency max", 3.001);
}

#[test]
fn a_central_queue_before_equal_instances_equals_one_queue_for_all_their_cores() {
    // Definition: first come, first served by c cores, whether the queue is before c instances or
    // inside one. Demands are drawn per request, so every latency is the same; the waits are
    // reported as admission instead of the ready queue.
    let with = |api: &str| {
        run(&format!(
            "run: {{ duration: 100s, replications: 2 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 250/s }} }} }}
services: {{ api: {{ {api}, endpoints: {{ x: [ cpu: {{ exp: 10ms }} ] }} }} }}"
        ))
    };
    let (before, inside) = (
        with("replicas: 3, balance: central_queue"),
        with("instance: { cpu: 3 }, runtime: { tasks: {} }"),
    );
    for number in ["latency mean", "latency p50", "latency p99", "latency max", "completed total"] {
        assert_eq!(
            before.row("workload users", number).values,
            inside.row("workload users", number).values,
            "{number}"
        );
    }
    assert_eq!(
        before.row("workload users", "time_in.admission mean").values,
        inside.row("workload users", "time_in.queue mean").values
    );
    before.equals(
        "service api",
        "admission_queue mean",
        inside.value("service api", "ready_queue mean"),
    );
}

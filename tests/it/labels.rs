//! Labelled arms of branches: how often they are chosen, and how long they take.

use crate::support::{Answer, run};

/// Runs an endpoint with these steps, 50 requests a second for 400 s in 20 replications.
fn endpoint(steps: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 450s, warmup: 50s, replications: 20 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 50/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ {steps} ] }} }}, db: {{ endpoints: {{ q: [ wait: 2ms ] }} }} }}"
    ))
}

#[test]
fn an_arm_has_its_share_and_the_latency_of_its_own_steps() {
    // By definition: exponentials of 1 ms and of 50 ms; the 10 ms before them are in neither.
    let results = endpoint(
        "wait: 10ms, branch: [ { p: 90%, label: hit, do: [ wait: { exp: 1ms } ] }, \
         { label: miss, do: [ wait: { exp: 50ms } ] } ]",
    );
    for (arm, share, mean_s) in [("hit", 0.9, 0.001), ("miss", 0.1, 0.05)] {
        let of = format!("branch api.x.{arm}");
        results.agrees(&of, "share mean", share, 0.01);
        results.agrees(&of, "latency mean", mean_s, 0.01);
        results.agrees(&of, "latency sd", mean_s, 0.02);
        results.agrees(&of, "latency p99", mean_s * 100f64.ln(), 0.03);
        results.agrees(&of, "chosen total", 20_000.0 * share, 0.01);
        results.equals(&of, "failed total", 0.0);
    }
}

#[test]
fn labels_change_no_other_number() {
    // Law: measuring never affects the simulation. Arms within arms, that fail, that compute, that
    // loop.
    let steps = |first: &str, second: &str| {
        format!(
            "cpu: {{ exp: 4ms }}, repeat: {{ times: {{ geometric: {{ mean: 2 }} }}, do: [ branch: [ {{ p: 30%{first}, do: [ \
             cpu: {{ exp: 5ms }}, branch: [ {{ p: 50%{second}, do: [ call: db.q, fail: 10% ] }} ] ] }} ] ] }}"
        )
    };
    let with = endpoint(&steps(", label: outer", ", label: inner"));
    let without = endpoint(&steps("", ""));
    let others: Vec<_> = with.results.rows.iter().filter(|row| row.kind != "branch").collect();
    assert_eq!(others.len(), without.results.rows.len());
    for (row, other) in others.iter().zip(&without.results.rows) {
        assert_eq!(
            (row.kind, &row.entity, &row.metric),
            (other.kind, &other.entity, &other.metric)
        );
        let [a, b] = [row, other].map(|row| row.estimate.estimate.to_bits());
        assert_eq!(a, b, "{} {} {}", row.kind, row.entity, row.metric);
    }
    // Counted by execution: 30 % of all, and half of those; a tenth of these fail, in both.
    with.agrees("branch api.x.outer", "share mean", 0.3, 0.01);
    with.agrees("branch api.x.inner", "share mean", 0.5, 0.01);
    with.agrees("branch api.x.inner", "error_ratio mean", 0.1, 0.02);
    with.agrees("branch api.x.outer", "error_ratio mean", 0.05, 0.03);
}

#[test]
fn an_arm_that_is_called_off_or_crashes_has_failed() {
    // By hand: the other branch of `any` always ends first. A crash strikes what is in the arm.
    let results = endpoint(
        "parallel: { join: any, branches: [ [ wait: 1ms ], \
         [ branch: [ { p: 100%, label: slow, do: [ wait: 5ms ] } ] ] ] }",
    );
    results.equals("branch api.x.slow", "share mean", 1.0);
    results.equals("branch api.x.slow", "error_ratio mean", 1.0);
    let results = run("run: { duration: 10500ms, replications: 1 }
workload: { users: { to: api.x, open: { rate: 1/s, arrivals: regular } } }
services: { api: { endpoints: { x: [ branch: [ { label: all, do: [ wait: 900ms ] } ] ] } } }
faults: [ crash: { target: api, at: 4500ms, for: 100ms } ]");
    results.equals("branch api.x.all", "failed total", 1.0);
    results.equals("branch api.x.all", "latency max", 0.9);
}

#[test]
fn the_same_label_twice_is_told_apart() {
    // By definition: as blocks of one name are.
    let arm = "branch: [ { p: 20%, label: retry, do: [ wait: 1ms ] } ]";
    let results = endpoint(&format!("{arm}, {arm}"));
    results.agrees("branch api.x.retry", "share mean", 0.2, 0.01);
    results.agrees("branch api.x.retry#2", "share mean", 0.2, 0.01);
}

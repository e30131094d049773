//! Classes of workloads: queues that serve some of them before others.

use crate::support::{Answer, run};
use asyncflow::experiment::Outlook;

/// One place of 10 ms, and two classes that come at these rates.
fn two(first: u32, second: u32, order: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 2020s, warmup: 20s, replications: 10 }}
classes: [ interactive, batch ]
workload:
  batch: {{ to: api.x, open: {{ rate: {second}/s }}, class: batch }}
  users: {{ to: front.x, open: {{ rate: {first}/s }} }}
services:
  front: {{ endpoints: {{ x: [ call: api.x ] }} }}
  api: {{ max_in_flight: 1, queue: {{ {order} }}, endpoints: {{ x: [ cpu: {{ exp: 10ms }} ] }} }}"
    ))
}

#[test]
fn the_first_class_waits_as_cobham_predicts_and_the_second_for_both() {
    // Cobham 1954: at 40/s of each, with W₀ = ρ·10 ms = 8 ms: W₀/(1 − 0.4) = 13.33 ms for the
    // first, and W₀/((1 − 0.4)(1 − 0.8)) = 66.67 ms for the second. Calls are of the class of the
    // request that makes them. Together they wait as in one line.
    let answer = two(40, 40, "order: priority");
    answer.agrees("workload users", "time_in.admission mean", 0.008 / 0.6, 0.02);
    answer.agrees("workload batch", "time_in.admission mean", 0.008 / 0.12, 0.02);
    answer.agrees("service api", "admission_queue mean", 3.2, 0.02);
    let fifo = two(40, 40, "order: fifo");
    for workload in ["workload users", "workload batch"] {
        fifo.agrees(workload, "time_in.admission mean", 0.04, 0.02);
    }
}

#[test]
fn only_the_classes_are_overloaded_that_the_queue_cannot_serve() {
    // By hand: 60 % of the place for the first class, 120 % for both.
    let answer = two(60, 60, "order: priority");
    let outlook = |workload: &str| {
        let found = answer.results.verdicts.iter().find(|verdict| verdict.workload == workload);
        found.map(|verdict| verdict.outlook.clone())
    };
    assert_eq!(outlook("users"), Some(Outlook::KeepsUp));
    assert!(matches!(outlook("batch"), Some(Outlook::Overloaded(_))));
    answer.agrees("workload users", "time_in.admission mean", 0.01 / 0.4, 0.02);
    // Both, if it is too much for the first.
    let answer = two(110, 10, "order: priority");
    let is_overloaded = |of: &Outlook| matches!(of, Outlook::Overloaded(_));
    assert!(answer.results.verdicts.iter().all(|verdict| is_overloaded(&verdict.outlook)));
    // In one line none is spared.
    let answer = two(60, 60, "order: fifo");
    assert!(answer.results.verdicts.iter().all(|verdict| is_overloaded(&verdict.outlook)));
}

#[test]
fn those_who_wait_leave_their_own_line() {
    // Law: audited at the end and every few thousand events. Users leave, are called off, time out,
    // are rejected, and the instance crashes.
    let answer = run("run: { duration: 120s, replications: 4 }
classes: [ a, b, c ]
workload:
  one: { to: api.x, open: { rate: 60/s }, class: b, patience: { for: { exp: 60ms }, cancel: true } }
  two: { to: api.x, open: { rate: 60/s }, class: c }
  three: { to: api.x, closed: { users: 5, think: 10ms }, patience: 20ms }
services: { api: { max_in_flight: 2, queue: { max: 12, timeout: { exp: 100ms }, order: priority }, endpoints: { x: [ cpu: { exp: 4ms }, wait: { exp: 8ms } ] } } }
faults: [ crash: { target: api, at: 40s, for: 1s }, crash: { target: api, at: 80s, for: 1s } ]");
    let share = |workload: &str, outcome: &str| {
        answer.value(&format!("workload {workload}"), &format!("outcomes.{outcome} mean"))
    };
    assert!(share("one", "abandoned") > 0.0 && share("one", "rejected") > 0.0);
    assert!(share("two", "queue_timeout") > 0.1);
    assert!(share("two", "crashed") > 0.0);
    // The last class waits longest.
    let wait = |of: &str| answer.value(&format!("workload {of}"), "time_in.admission mean");
    assert!(wait("three") < wait("one") && wait("one") < wait("two"));
}

#[test]
fn classes_are_declared_and_matter() {
    // By definition: the message for each.
    let check = |classes: &str, class: &str, order: &str| {
        let yaml = format!(
            "version: 1\n{classes}\nworkload: {{ users: {{ to: api.x, open: {{ rate: 1/s }}, {class} }} }}
services: {{ api: {{ max_in_flight: 1, queue: {{ max: 5, {order} }}, endpoints: {{ x: [ cpu: 1ms ] }} }} }}"
        );
        match asyncflow::scenario::from_yaml(&yaml) {
            Ok(scenario) => asyncflow::scenario::check(&scenario).to_string(),
            Err(problems) => problems.to_string(),
        }
    };
    let none = check("", "class: batch", "");
    assert!(none.contains("the class `batch` is not one of `classes`"), "{none}");
    assert!(check("classes: [ a, a ]", "", "order: priority").contains("named twice"));
    assert!(check("", "", "order: priority").contains("all requests are of one class"));
    assert!(check("classes: [ a, b ]", "class: b", "").contains("no queue looks at classes"));
    let fine = check("classes: [ a, b ]", "class: b", "order: priority");
    assert!(!fine.contains("class"), "{fine}");
}

//! Sessions: users who come, send some requests one after the other, and leave.

use crate::support::{Answer, run};
use asyncflow::Experiment;
use asyncflow::scenario::from_yaml;

fn sessions(seconds: u32, written: &str, steps: &str, more: &str) -> Answer {
    run(&format!(
        "run: {{ duration: {seconds}s, warmup: 100s, replications: 20 }}
workload: {{ users: {{ to: api.x, sessions: {{ {written} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ {steps} ] }} }} }}
{more}"
    ))
}

#[test]
fn a_session_sends_its_requests_one_after_the_other_and_leaves() {
    // By hand: sessions at 1 s and at 2 s, three requests of 100 ms each, 400 ms apart: the first
    // at 1.0, 1.5 and 2.0 s; none comes back after that.
    let results = run("run: { duration: 20s, replications: 1 }
workload: { users: { to: api.x, sessions: { rate: 1/s, arrivals: { at: [ 1s, 2s ] }, requests: 3, think: 400ms } } }
services: { api: { endpoints: { x: [ wait: 100ms ] } } }");
    results.equals("workload users", "arrivals total", 6.0);
    results.equals("workload users", "completed total", 6.0);
    results.equals("service api", "in_flight max", 2.0);
    results.equals("workload users", "latency max", 0.100);
}

#[test]
fn with_geometric_sessions_the_service_is_an_m_m_1_queue_of_all_requests() {
    // An open Jackson network of the service and a delay (Jackson 1957): 20 sessions a second of
    // four requests on average are 80/s, whatever the think times; of 10 ms, the mean time is
    // 1/(100 − 80) s.
    for think in ["{ exp: 200ms }", "1s"] {
        let written =
            format!("rate: 20/s, requests: {{ geometric: {{ mean: 4 }} }}, think: {think}");
        let results = sessions(2100, &written, "cpu: { exp: 10ms }", "");
        results.agrees("workload users", "throughput mean", 80.0, 0.01);
        results.agrees("workload users", "latency mean", 0.050, 0.03);
        results.agrees("service api", "utilisation mean", 0.8, 0.01);
    }
}

#[test]
fn without_thinking_a_session_is_a_queue_with_feedback() {
    // `mm1_feedback_p20` in other words: at once after its answer a request joins the tail again
    // with probability 1/2: at 40 sessions of two requests a second and 10 ms, the queue is M/M/1
    // at 80/s for all requests together (Takács 1963).
    let written = "rate: 40/s, requests: { geometric: { mean: 2 } }, think: 0s";
    let results = sessions(2100, written, "cpu: { exp: 10ms }", "");
    results.agrees("workload users", "latency mean", 0.050, 0.03);
    results.agrees("service api", "in_flight mean", 4.0, 0.03);
}

#[test]
fn a_session_goes_on_after_a_failure() {
    // By hand: half of the requests fail; sessions send all three of theirs all the same.
    let results = sessions(
        1100,
        "rate: 10/s, requests: 3, think: 100ms",
        "fail: { p: 50%, status: 503 }",
        "",
    );
    results.agrees("workload users", "offered_rate mean", 30.0, 0.02);
    results.agrees("workload users", "error_ratio mean", 0.5, 0.01);
}

#[test]
fn the_load_of_sessions_is_that_of_all_their_requests() {
    // By definition: 10/s · 4 · 30 ms is 1.2 of a core, in the estimate, and proof of an overload;
    // and 0.9 with three requests keeps up.
    use asyncflow::experiment::Outlook;
    let outlook = |requests: u32| {
        let written = format!("rate: 10/s, requests: {requests}, think: 1s");
        let results = run(&format!(
            "run: {{ duration: 300s, replications: 4 }}
workload: {{ users: {{ to: api.x, sessions: {{ {written} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: 30ms ] }} }} }}"
        ));
        results.results.verdicts[0].outlook.clone()
    };
    match outlook(4) {
        Outlook::Overloaded(overload) => assert!((overload.load - 1.2).abs() < 1e-9),
        outlook => panic!("{outlook:?}"),
    }
    assert_eq!(outlook(3), Outlook::KeepsUp);
}

#[test]
fn what_other_sessions_do_changes_no_draw_of_a_session() {
    // Addressed draws: the demands of the first session's requests are the same whether others come
    // or not.
    let first = |arrivals: &str| {
        let scenario = from_yaml(&format!(
            "version: 1
run: {{ duration: 60s, replications: 1 }}
workload: {{ users: {{ to: api.x, sessions: {{ rate: 1/s, arrivals: {{ at: [ {arrivals} ] }}, requests: 5, think: {{ exp: 1s }} }} }} }}
services: {{ api: {{ runtime: {{ tasks: {{}} }}, instance: {{ cpu: 64 }}, endpoints: {{ x: [ cpu: {{ exp: 100ms }} ] }} }} }}
output: {{ requests: 100% }}"
        ))
        .unwrap_or_else(|problems| panic!("{problems}"));
        let mut requests = Vec::new();
        Experiment::new(&scenario)
            .run_each(|replication| {
                requests.extend(
                    replication
                        .requests()
                        .map(|request| (request.id, request.arrived_s, request.latency_s())),
                );
            })
            .expect("it runs");
        requests
    };
    let (alone, with_another) = (first("1s"), first("1s, 1100ms"));
    assert_eq!((alone.len(), with_another.len()), (5, 10));
    assert!(alone.iter().all(|request| with_another.contains(request)));
}

#[test]
fn a_run_in_which_sessions_are_still_filling_proves_no_overload_and_check_says_so() {
    // By hand: sessions of 1,000 requests with a second between them think for 999 s; in 100 s they
    // have not come to a tenth of 6,000/s, the 600 % of the long run.
    use asyncflow::experiment::Outlook;
    let yaml = "version: 1
run: { duration: 100s, warmup: 10s, replications: 2 }
workload: { users: { to: api.x, sessions: { rate: 6/s, requests: 1000, think: 1s } } }
services: { api: { endpoints: { x: [ cpu: 1ms ] } } }";
    let scenario = from_yaml(yaml).unwrap_or_else(|problems| panic!("{problems}"));
    let told = asyncflow::scenario::check(&scenario).to_string();
    assert!(told.contains("the rate of requests is still rising"), "{told}");
    let results = Experiment::new(&scenario).run().expect("it runs");
    let outlook = &results.verdicts[0].outlook;
    assert!(!matches!(outlook, Outlook::Overloaded(_)), "{outlook:?}");
}

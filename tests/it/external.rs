//! `external`: a system of others, which is a service in its long form.

use crate::support::{Room, run};
use asyncflow::scenario::{External, Service, check, from_yaml};

/// The results of `api.x`, which calls an external system written like this, as one text.
fn results_with(payments: &str, endpoint: &str) -> String {
    let answer = run(&format!(
        "run: {{ duration: 60s, replications: 2 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 40/s }} }} }}
services:
  api: {{ endpoints: {{ x: [ cpu: 1ms, call: payments.{endpoint} ] }} }}
  payments: {payments}"
    ));
    format!("{:?}", answer.results.rows)
}

#[test]
fn an_external_system_is_its_long_form_byte_by_byte() {
    // The law of the module, with an endpoint of its own and without.
    let short =
        "{ external: { latency: { exp: 100ms }, errors: 2%, concurrency: 5 }, queue: { max: 9 }";
    let long = "{ max_in_flight: 5, queue: { max: 9 }, runtime: { tasks: {} }";
    let ends = "wait: { exp: 100ms }, fail: { p: 2%, status: 503 }";
    assert_eq!(
        results_with(&format!("{short} }}"), "request"),
        results_with(&format!("{long}, endpoints: {{ request: [ {ends} ] }} }}"), "request")
    );
    let steps = "wait: 5ms, wait: { exp: 100ms }, fail: { p: 2%, status: 503 }";
    assert_eq!(
        results_with(&format!("{short}, endpoints: {{ charge: [ wait: 5ms ] }} }}"), "charge"),
        results_with(&format!("{long}, endpoints: {{ charge: [ {steps} ] }} }}"), "charge")
    );
}

#[test]
fn it_takes_its_latency_and_fails_with_its_share_of_errors() {
    // By hand: 100 ms each, a tenth of them with status 503 then; no queue, as nothing is limited.
    let answer = run("run: { duration: 1000s, replications: 4 }
workload: { users: { to: payments.request, open: { rate: 100/s } } }
services: { payments: { external: { latency: 100ms, errors: 10% } } }");
    answer.equals("workload users", "latency max", 0.1);
    answer.agrees("workload users", "outcomes.error_503 mean", 0.1, 0.02);
    answer.equals("service payments", "utilisation mean", 0.0);
}

#[test]
fn one_built_in_rust_is_the_one_that_is_written() {
    // Both ways lead to the same service. (That it reads back as itself: `tests/it/docs.rs`, with
    // `slow-dependency.yaml`.)
    let text = "version: 1
name: shop
workload: { users: { to: payments.request, open: { rate: 100/s } } }
services: { payments: { external: { latency: { exp: 120ms }, errors: 1%, concurrency: 8 } } }";
    let written = from_yaml(text).unwrap_or_else(|problems| panic!("{problems}"));
    let ms = std::time::Duration::from_millis;
    let external = External::new(asyncflow::random::dists::Dist::exp(ms(120)))
        .with_errors(0.01)
        .with_concurrency(8);
    assert_eq!(Service::from(external), written.services["payments"]);
    // One that no reader has turned into its long form is refused, not ignored.
    let mut raw = written.clone();
    raw.services["payments"].external = Some(External::new(ms(120)));
    assert!(check(&raw).any_error());
}

#[test]
fn its_parameters_can_be_varied() {
    // By hand: the constant latency is the latency.
    let text = "version: 1
run: { duration: 10s, replications: 2 }
workload: { users: { to: payments.request, open: { rate: 10/s } } }
services: { payments: { external: { latency: 100ms } } }";
    let room = Room::new("external.yaml", text);
    let vary = "sweep external.yaml --vary services.payments.external.latency=50ms,200ms";
    let text = String::from_utf8(room.run(vary).stdout).unwrap();
    assert!(text.contains("50.0 ms") && text.contains("200 ms"), "{text}");
}

#[test]
fn a_latency_with_a_warning_is_used() {
    // By hand: the normal moves where it is cut at 0 s, which is a warning; half fail.
    let answer = run(
        "run: { duration: 1000s, replications: 4 }
workload: { users: { to: payments.request, open: { rate: 100/s } } }
services: { payments: { external: { latency: { normal: { mean: 80ms, sd: 60ms } }, errors: 50% } } }",
    );
    answer.agrees("workload users", "outcomes.error_503 mean", 0.5, 0.01);
    assert!(answer.value("workload users", "latency p50") > 0.05);
}

#[test]
fn a_service_that_was_changed_after_it_had_been_made_is_refused() {
    // Its latency would not be that of the new endpoint.
    let external = || External::new(std::time::Duration::from_millis(80)).with_concurrency(3);
    let with = |service: Service| {
        let users = asyncflow::scenario::Workload::open(
            "payments.request",
            asyncflow::units::Rate::per_second(5.0),
        );
        check(
            &asyncflow::scenario::Scenario::new("x")
                .with_service("payments", service)
                .with_workload("users", users),
        )
        .any_error()
    };
    assert!(!with(external().into()));
    let wait = asyncflow::scenario::Step::wait(std::time::Duration::from_millis(5));
    assert!(with(Service::from(external()).with_endpoint("charge", [wait])));
    assert!(with(Service::from(external()).with_max_in_flight(9, 9)));
}

#[test]
fn its_latency_is_listed_once_and_as_it_is_written() {
    // By hand: two endpoints with one latency, and one wait of an endpoint's own.
    let text = "version: 1
workload: { users: { mix: { payments.charge: 1, payments.refund: 1 }, open: { rate: 100/s } } }
services:
  payments:
    external: { latency: { exp: 120ms }, errors: 1% }
    endpoints: { charge: [], refund: [ wait: { exp: 5ms } ] }";
    let scenario = from_yaml(text).unwrap_or_else(|problems| panic!("{problems}"));
    let estimate = asyncflow::scenario::estimate(&scenario);
    let paths: Vec<&str> = estimate.distributions.iter().map(|law| law.path.as_str()).collect();
    let expected =
        ["services.payments.external.latency", "services.payments.endpoints.refund.steps[0]"];
    assert_eq!(paths, expected);
}

//! Pipelines: an instance hands its requests on to another service (`then`) instead of answering.

use asyncflow::Experiment;
use asyncflow::experiment::Results;

/// Runs `users`, who send 50 requests a second to `to`, at a service that hands them on to one that
/// holds 1 or 3 MiB, each for half of the requests, for 10 ms.
fn pipeline(to: &str, more: &str) -> Results {
    let scenario = format!(
        "
version: 1
run: {{ duration: 200s, replications: 10 }}
workload: {{ users: {{ to: {to}, open: {{ rate: 50/s }} }} }}
services:
  web: {{ instances: {{ web1: {{ endpoints: {{ GET /: [ cpu: 1ms ] }}, then: back }} }} }}
  back:
    instance: {{ memory: 64MiB }}
    endpoints:
      small: [ memory: 1MiB, wait: 10ms ]
      large: [ memory: 3MiB, wait: 10ms ]
{more}"
    );
    let experiment = Experiment::from_yaml(&scenario).unwrap_or_else(|error| panic!("{error}"));
    experiment.run().unwrap_or_else(|error| panic!("{to}: {error}"))
}

#[test]
fn memory_is_returned_by_the_service_that_reserved_it() {
    // Little's law without a queue: 50/s for 10 ms at a mean of 2 MiB hold 1 MiB; five standard
    // errors, 6e-7 by chance each. A leak would fill the 64 MiB within two seconds.
    for to in ["web1.GET /", "web"] {
        let results = pipeline(to, "");
        let held = &results.find("service", "back", "memory_used", "mean").expect("a row").estimate;
        let expected = f64::from(1 << 20);
        assert!((held.estimate - expected).abs() < 5.0 * held.std_error, "{to}: {held:?}");
        assert!(held.std_error < 0.02 * expected, "{to}: {held:?}");
        let unfinished = results.find("workload", "users", "unfinished", "total").expect("a row");
        assert!(unfinished.estimate.estimate < 5.0, "{to}: {unfinished:?}");
        assert_eq!(results.error_ratio("users").expect("a row").estimate, 0.0, "{to}");
    }
}

#[test]
fn a_request_sent_to_an_endpoint_counts_there_also_when_it_is_handed_on() {
    // By definition: 50/s, of which each is answered after both services, 1 ms and 10 ms, and with
    // a load of a twentieth hardly waits.
    let results = pipeline("web1.GET /", "");
    let p50 = results.latency("web1.GET /").p50().expect("a row").estimate;
    assert!((0.011..0.0115).contains(&p50), "{p50}");
    let answered = results.throughput("web1.GET /").expect("a row").estimate;
    assert!((answered - 50.0).abs() < 1.0, "{answered}");
}

#[test]
fn a_crash_of_the_second_service_leaves_no_memory_reserved() {
    // While it is down nothing is held; before and after, as above: 1 MiB for 190 of 200 s.
    let crash = "faults: [ crash: { target: back, at: 100s, for: 10s } ]";
    let results = pipeline("web1.GET /", crash);
    let held = &results.find("service", "back", "memory_used", "mean").expect("a row").estimate;
    let expected = f64::from(1 << 20) * 190.0 / 200.0;
    assert!((held.estimate - expected).abs() < 5.0 * held.std_error, "{held:?}");
}

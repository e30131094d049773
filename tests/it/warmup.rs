//! `warmup: auto`: the warm-up is estimated if the system settles, and reported if it does not.

use asyncflow::Experiment;
use std::num::NonZero;

fn mm1(rate: &str) -> Experiment {
    let yaml = format!(
        "
version: 1
run: {{ duration: 2000s, warmup: auto, replications: 20 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: {{ exp: 100ms }} ] }} }} }}
"
    );
    Experiment::from_yaml(&yaml).unwrap()
}

#[test]
fn the_filling_phase_of_a_system_is_cut_and_the_rest_is_unbiased() {
    // M/M/inf, 50/s for 60 s each: starts empty and fills as 1 - exp(-t/60 s) (Kleinrock 1975,
    // §3.4). The cut is at least one time constant and at most half of the run; the throughput is
    // then 50/s within 4 standard errors, while without a warm-up 3,000 of 100,000 requests are
    // missing, 3 %.
    let yaml = "
version: 1
run: { duration: 2000s, warmup: auto, replications: 20 }
workload: { users: { to: api.x, open: { rate: 50/s } } }
services: { api: { endpoints: { x: [ wait: { exp: 60s } ] } } }
";
    let filling = Experiment::from_yaml(yaml).unwrap();
    let results = filling.run().unwrap();
    let warmup = results.warmup.as_ref().unwrap();
    assert!(
        warmup.reached && (60.0..=1000.0).contains(&warmup.cut.seconds()),
        "{} {}",
        warmup.cut,
        warmup.reached
    );
    assert_eq!(results.warmup_s, warmup.cut.seconds());
    let throughput = |results: &asyncflow::experiment::Results| {
        results.find("workload", "users", "throughput", "mean").unwrap().estimate
    };
    let (settled, biased) =
        (throughput(&results), throughput(&filling.set("run.warmup=0s").run().unwrap()));
    assert!((settled.estimate - 50.0).abs() < 4.0 * settled.std_error, "{settled:?}");
    assert!(
        (biased.estimate - 48.5).abs() < 4.0 * biased.std_error && biased.high < 49.0,
        "{biased:?}"
    );
    assert!(
        results.notes[0].starts_with("MSER-5 determined a warm-up of ")
            && results.notes[0].ends_with(" (from the latency of users)"),
        "{}",
        results.notes[0]
    );
    assert!(warmup.curves.iter().all(
        |curve| curve.welch.len() < curve.mean.len() && curve.mean.len() == warmup.starts.len()
    ));
}

#[test]
fn an_overloaded_system_never_settles_and_a_note_says_so() {
    // λ = 11/s against μ = 10/s: the queue grows by one request per second.
    let results = mm1("11/s").run().unwrap();
    assert!(!results.warmup.unwrap().reached);
    assert!(
        results.notes[0].contains("no steady state within half of the run")
            && results.notes[0].contains("run longer"),
        "{:?}",
        results.notes
    );
}

#[test]
fn a_system_without_a_queue_needs_hardly_any_warmup() {
    // A pure delay of 50 ms: it is in its steady state from the first response on; MSER-5 may
    // cut some noise, but less than a tenth of the run.
    let yaml = "
version: 1
run: { duration: 1000s, warmup: auto, replications: 5 }
workload: { users: { to: api.x, open: { rate: 20/s } } }
services: { api: { endpoints: { x: [ wait: 50ms ] } } }
";
    let warmup = Experiment::from_yaml(yaml).unwrap().run().unwrap().warmup.unwrap();
    assert!(warmup.reached && warmup.cut.seconds() < 100.0, "{} {}", warmup.cut, warmup.reached);
}

#[test]
fn the_warmup_does_not_depend_on_threads_or_on_the_command() {
    // The pilot is a function of the scenario and its seed: on one thread, on three, and as a point
    // of a sweep.
    let (one, three) = (
        mm1("8/s").threads(NonZero::new(1).unwrap()).run().unwrap(),
        mm1("8/s").threads(NonZero::new(3).unwrap()).run().unwrap(),
    );
    assert_eq!((&one.fingerprint, &one.warmup), (&three.fingerprint, &three.warmup));
    let swept = mm1("5/s").vary("workload.users.open.rate", ["8/s", "7/s"]).sweep().unwrap();
    let point = swept[0].results.as_ref().unwrap();
    assert_eq!((&point.fingerprint, point.warmup_s), (&one.fingerprint, one.warmup_s));
}

/// Returns ten minutes of an M/M/1 at 60 %, with `warmup: auto`.
fn at_60_percent(rate: &str, more: &str) -> Experiment {
    let yaml = format!(
        "
version: 1
run: {{ duration: 10m, warmup: auto, replications: 10 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ runtime: {{ tasks: {{}} }}, endpoints: {{ x: [ cpu: {{ exp: 10ms }} ] }} }} }}
{more}"
    );
    Experiment::from_yaml(&yaml).unwrap()
}

#[test]
fn a_fault_is_never_cut_away() {
    // For 30 s everything takes five times as long: 60/s arrive and 20/s leave, so up to 1,200
    // requests wait, for up to 20 s. They are more than 1 % of 36,000 requests, so the p99 is
    // several seconds; without the fault it would be 111 ms.
    for at in ["30s", "1m", "3m", "4m"] {
        let results = at_60_percent(
            "60/s",
            &format!("faults: [ slow: {{ target: api, factor: 5x, at: {at}, for: 30s }} ]"),
        )
        .run()
        .unwrap();
        let p99 = results.find("workload", "users", "latency", "p99").unwrap().estimate.estimate;
        let limit = results.warmup.as_ref().unwrap().limit.as_ref().unwrap();
        assert!(
            results.warmup_s <= limit.at.seconds() / 2.0 && p99 > 5.0,
            "{at}: warm-up {} s, p99 {p99} s",
            results.warmup_s
        );
        assert_eq!(
            (limit.at.to_string().as_str(), limit.subject.as_str()),
            (at, "the fault `slow api`")
        );
    }
}

#[test]
fn a_peak_is_never_cut_away() {
    // 60/s, and 150/s from 60 s to 90 s, against a capacity of 100/s: 1,500 requests wait at its
    // end.
    let peak = "{ from: 60/s, stages: [ { to: 60/s, over: 1m }, { to: 150/s, over: 0s }, { to: 150/s, over: 30s }, { to: 60/s, over: 0s } ] }";
    let results = at_60_percent(peak, "").run().unwrap();
    assert!(
        results.warmup_s <= 30.0
            && results.find("workload", "users", "latency", "p99").unwrap().estimate.estimate > 5.0
    );
    // A rate that changes from the beginning on leaves no time for a warm-up.
    let results = at_60_percent("{ stages: [ { to: 90/s, over: 5m } ] }", "").run().unwrap();
    assert_eq!(results.warmup_s, 0.0);
    assert!(
        results.notes[0].contains("because the rate of `users` changes from the start of the run"),
        "{:?}",
        results.notes
    );
}

#[test]
fn a_warning_names_changes_that_the_warmup_leaves_out() {
    // By hand: changes that begin before the warm-up ends, except a fault that lasts for the whole
    // run and the rise to a steady rate.
    let warned = |rate: &str, more: &str, warmup: &str| {
        let scenario =
            at_60_percent(rate, more).set(&format!("run.warmup={warmup}")).scenario().unwrap();
        let problems = asyncflow::scenario::check(&scenario);
        problems
            .list
            .into_iter()
            .filter(|problem| problem.path == "run.warmup")
            .map(|problem| problem.what)
            .collect::<Vec<_>>()
    };
    let fault = "faults: [ slow: { target: api, factor: 5x, at: 1m, for: 30s } ]";
    assert_eq!(
        warned("60/s", fault, "3m"),
        ["the warm-up of 3m excludes the fault `slow api`, from 1m to 90s"]
    );
    assert_eq!(
        warned("60/s", fault, "70s"),
        ["the warm-up of 70s excludes the beginning of the fault `slow api`, at 1m"]
    );
    assert!(warned("60/s", fault, "1m").is_empty() && warned("60/s", fault, "auto").is_empty());
    assert!(
        warned("60/s", "faults: [ slow: { target: api, factor: 1.1x, at: 0s } ]", "1m").is_empty()
    );
    let rise = "{ stages: [ { to: 20/s, over: 1m }, { to: 60/s, over: 1m }, { to: 60/s, over: 5m }, { to: 80/s, over: 0s } ] }";
    assert!(warned(rise, "", "3m").is_empty());
    assert_eq!(
        warned(rise, "", "8m"),
        ["the warm-up of 8m excludes a change of the rate of `users` at 7m"]
    );
    let spike = "{ stages: [ { to: 300/s, over: 10s }, { to: 60/s, over: 10s } ] }";
    assert_eq!(
        warned(spike, "", "1m"),
        ["the warm-up of 1m excludes a change of the rate of `users` at 10s"]
    );
}

//! `warmup: auto`: it is found where there is one, and said to be missing where there is none.

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
fn a_system_that_fills_is_cut_until_it_is_full_and_is_then_unbiased() {
    // M/M/inf, 50/s for 60 s each: starts empty and fills as 1 - exp(-t/60 s) (Kleinrock 1975,
    // §3.4). Left out is at least one time constant and at most half of the run; the throughput is
    // then 50/s within 4 standard errors, while without a warm-up 3,000 requests of 100,000 are
    // missing, 3 %.
    let yaml = "
version: 1
run: { duration: 2000s, warmup: auto, replications: 20 }
workload: { users: { to: api.x, open: { rate: 50/s } } }
services: { api: { endpoints: { x: [ wait: { exp: 60s } ] } } }
";
    let filling = Experiment::from_yaml(yaml).unwrap();
    let results = filling.run().unwrap();
    let found = results.warmup.as_ref().unwrap();
    assert!(
        found.reached && (60.0..=1000.0).contains(&found.cut.seconds()),
        "{} {}",
        found.cut,
        found.reached
    );
    assert_eq!(results.warmup_s, found.cut.seconds());
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
    assert!(found.curves.iter().all(
        |curve| curve.welch.len() < curve.mean.len() && curve.mean.len() == found.starts.len()
    ));
}

#[test]
fn an_overloaded_system_never_settles_and_the_notes_say_so() {
    // λ = 11/s against μ = 10/s: the queue grows by one a second.
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
fn a_system_without_a_queue_needs_next_to_nothing() {
    // A pure delay of 50 ms: in its steady state from the first answer on; MSER-5 may cut some
    // noise, but not a tenth of the run.
    let yaml = "
version: 1
run: { duration: 1000s, warmup: auto, replications: 5 }
workload: { users: { to: api.x, open: { rate: 20/s } } }
services: { api: { endpoints: { x: [ wait: 50ms ] } } }
";
    let found = Experiment::from_yaml(yaml).unwrap().run().unwrap().warmup.unwrap();
    assert!(found.reached && found.cut.seconds() < 100.0, "{} {}", found.cut, found.reached);
}

#[test]
fn what_is_found_does_not_depend_on_threads_or_on_the_command() {
    // The pilot is a function of the scenario and its seed: one thread, three, and as a point of a
    // sweep.
    let (one, three) = (
        mm1("8/s").threads(NonZero::new(1).unwrap()).run().unwrap(),
        mm1("8/s").threads(NonZero::new(3).unwrap()).run().unwrap(),
    );
    assert_eq!((&one.fingerprint, &one.warmup), (&three.fingerprint, &three.warmup));
    let swept = mm1("5/s").vary("workload.users.open.rate", ["8/s", "7/s"]).sweep().unwrap();
    let point = swept[0].results.as_ref().unwrap();
    assert_eq!((&point.fingerprint, point.warmup_s), (&one.fingerprint, one.warmup_s));
}

/// Ten minutes of an M/M/1 at 60 %, with `warmup: auto` if nothing else is said.
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
    // From 1m to 1m30s everything takes five times as long: 60/s come and 20/s go, so that up to
    // 1,200 wait and one waits up to 20 s. In 36,000 requests that is more than 1 %, so the p99 is
    // of seconds; 111 ms is what it would be without.
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
    // 60/s, and 150/s from 60 s to 90 s, against 100/s that can be served: 1,500 wait at its end.
    let peak = "{ from: 60/s, stages: [ { to: 60/s, over: 1m }, { to: 150/s, over: 0s }, { to: 150/s, over: 30s }, { to: 60/s, over: 0s } ] }";
    let results = at_60_percent(peak, "").run().unwrap();
    assert!(
        results.warmup_s <= 30.0
            && results.find("workload", "users", "latency", "p99").unwrap().estimate.estimate > 5.0
    );
    // A rate that changes from the beginning leaves no time to look at.
    let results = at_60_percent("{ stages: [ { to: 90/s, over: 5m } ] }", "").run().unwrap();
    assert_eq!(results.warmup_s, 0.0);
    assert!(
        results.notes[0].contains("because the rate of `users` changes from the start of the run"),
        "{:?}",
        results.notes
    );
}

#[test]
fn a_warmup_that_leaves_out_a_change_is_warned_of() {
    // By hand: what begins before the warm-up ends, unless it lasts all the time or is the rise up
    // to a rate that stays.
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

//! `warmup: auto`: it is found where there is one, and said to be missing where there is none.

use asyncflow::Experiment;

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
    // M/M/inf, 50/s for 60 s each: starts empty and fills as 1 - exp(-t/60 s) (Kleinrock 1975, §3.4). Left out is at least one time constant and at most
    // half of the run; the throughput is then 50/s within 4 standard errors, while without a warm-up 3,000 requests of 100,000 are missing, 3 %.
    let yaml = "
version: 1
run: { duration: 2000s, warmup: auto, replications: 20 }
workload: { users: { to: api.x, open: { rate: 50/s } } }
services: { api: { endpoints: { x: [ wait: { exp: 60s } ] } } }
";
    let filling = Experiment::from_yaml(yaml).unwrap();
    let results = filling.run().unwrap();
    let found = results.warmup.as_ref().unwrap();
    assert!(found.reached && (60.0..=1000.0).contains(&found.cut.seconds()), "{} {}", found.cut, found.reached);
    assert_eq!(results.warmup_s, found.cut.seconds());
    let throughput = |results: &asyncflow::experiment::Results| results.find("workload", "users", "throughput", "mean").unwrap().estimate;
    let (settled, biased) = (throughput(&results), throughput(&filling.set("run.warmup=0s").run().unwrap()));
    assert!((settled.estimate - 50.0).abs() < 4.0 * settled.std_error, "{settled:?}");
    assert!((biased.estimate - 48.5).abs() < 4.0 * biased.std_error && biased.high < 49.0, "{biased:?}");
    assert!(results.notes[0].contains("was found by MSER-5 (latency of users needs it)"), "{}", results.notes[0]);
    assert!(found.curves.iter().all(|curve| curve.welch.len() < curve.mean.len() && curve.mean.len() == found.starts.len()));
}

#[test]
fn an_overloaded_system_never_settles_and_the_notes_say_so() {
    // λ = 11/s against μ = 10/s: the queue grows by one a second.
    let results = mm1("11/s").run().unwrap();
    assert!(!results.warmup.unwrap().reached);
    assert!(results.notes[0].contains("the warm-up was not reached") && results.notes[0].contains("run longer"), "{:?}", results.notes);
}

#[test]
fn a_system_without_a_queue_needs_next_to_nothing() {
    // A pure delay of 50 ms: in its steady state from the first answer on; MSER-5 may cut some noise, but not a tenth of the run.
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
    // The pilot is a function of the scenario and its seed: one thread, three, and as a point of a sweep.
    let (one, three) = (mm1("8/s").threads(1).run().unwrap(), mm1("8/s").threads(3).run().unwrap());
    assert_eq!((&one.fingerprint, &one.warmup), (&three.fingerprint, &three.warmup));
    let swept = mm1("5/s").vary("workload.users.open.rate", ["8/s", "7/s"]).sweep().unwrap();
    let point = swept[0].results.as_ref().unwrap();
    assert_eq!((&point.fingerprint, point.warmup_s), (&one.fingerprint, one.warmup_s));
}

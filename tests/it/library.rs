//! The Rust library: scenarios built in code, typed errors, cancellation and progress.

mod progress;
mod results;

use asyncflow::problem::{Origin, Severity};
use asyncflow::scenario::{
    Arrivals, Balance, Confidence, Crash, Dist, Good, Link, Regular, Runtime, Scenario, Schedule,
    Service, Slo, Stages, Step, Warmup, Workload, from_yaml, to_yaml,
};
use asyncflow::store::{Existing, StoreError, comparison_to, run_to};
use asyncflow::units::{Bytes, Count, Factor, Percentile, Rate, Share, Span};
use asyncflow::{Experiment, ExperimentError};
use std::time::Duration;

fn ms(ms: u64) -> Span {
    Span::from(Duration::from_millis(ms))
}

/// Builds a scenario with two services in code.
fn shop() -> Scenario {
    let api = Service::new()
        .with_replicas(2)
        .with_balance(Balance::LeastConnections)
        .with_runtime(Runtime::event_loop(1))
        .with_endpoint(
            "GET /item",
            [
                Step::cpu(ms(2)),
                Step::call_within("db.read", ms(500)),
                Step::cpu(Dist::lognormal(ms(1), ms(4))),
            ],
        );
    let db = Service::new()
        .with_cpu(2)
        .with_speed(1.5)
        .with_price(0.05)
        .with_memory(Bytes(1 << 30))
        .with_runtime(Runtime::tasks(Schedule::Fifo))
        .with_max_in_flight(24, 200)
        .with_endpoint(
            "read",
            [
                Step::memory(Bytes(8 << 20)),
                Step::cpu(Dist::exp(ms(5))),
                Step::wait(Dist::uniform(ms(1), ms(3))),
            ],
        );
    let ramp = Stages::new(Rate::per_second(50.0)).ramp(Rate::per_second(80.0), ms(10_000));
    let promised = Good::new(0.99).within(ms(400)).with_burn_rate(14.0, ms(10_000));
    let crash = Crash::new("api", ms(8_000)).lasting(ms(2_000));
    let mut shop = Scenario::new("shop")
        .with_workload("users", Workload::open("api.GET /item", ramp))
        .with_workload(
            "probe",
            Workload::mix([("api.GET /item", 1.0)], Rate::per_second(1.0))
                .with_arrivals(Arrivals::Regular(Regular::default())),
        )
        .with_service("api", api)
        .with_service("db", db)
        .with_link("users -> api", Link::new(Dist::normal(ms(3), ms(1))).with_loss(0.001))
        .with_fault(crash)
        .with_slo("fast", Slo::of("users").with_latency(Percentile::P99, ms(200)))
        .with_slo("promised", Slo::of("users").with_good(promised));
    (shop.run.duration, shop.run.warmup) = (ms(20_000), Warmup::Fixed(ms(2_000)));
    shop.run.replications = asyncflow::scenario::Replications::Fixed(3);
    shop
}

#[test]
fn a_scenario_built_in_code_equals_the_one_read_from_text() {
    // The same scenario, as a user writes it.
    let written = "
version: 1
name: shop
run: { duration: 20s, warmup: 2s, replications: 3 }
workload:
  users: { to: api.GET /item, open: { rate: { from: 50/s, stages: [ { to: 80/s, over: 10s } ] } } }
  probe: { mix: { api.GET /item: 1 }, open: { rate: 1/s, arrivals: regular } }
services:
  api:
    replicas: 2
    balance: least_connections
    runtime: { event_loop: { workers: 1 } }
    endpoints:
      GET /item: [ cpu: 2ms, call: { to: db.read, timeout: 500ms }, cpu: { lognormal: { p50: 1ms, p99: 4ms } } ]
  db:
    instance: { cpu: 2, memory: 1GiB, speed: 1.5x, price: $0.05/h }
    runtime: { tasks: { schedule: fifo } }
    max_in_flight: 24
    queue: { max: 200 }
    endpoints:
      read: [ memory: 8MiB, cpu: { exp: 5ms }, wait: { uniform: [1ms, 3ms] } ]
links: { users -> api: { latency: { normal: { mean: 3ms, sd: 1ms } }, loss: 0.1% } }
faults: [ crash: { target: api, at: 8s, for: 2s } ]
slos:
  fast: { of: users, p99: 200ms }
  promised: { of: users, good: { share: 99%, within: 400ms, window: 10s, burn_rate: 14 } }
";
    let read = from_yaml(written).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(shop(), read);
    assert_eq!(from_yaml(&to_yaml(&shop())).as_ref(), Ok(&read));
    let [built, read] =
        [shop(), read].map(|scenario| asyncflow::run(&scenario).unwrap().fingerprint);
    assert_eq!(built, read);
    // Setting a value at a path serialises and parses the scenario.
    let set = Experiment::new(&shop()).set("services.api.replicas=3").run().unwrap();
    assert_eq!(
        set.fingerprint,
        Experiment::from_yaml(written)
            .unwrap()
            .set("services.api.replicas=3")
            .run()
            .unwrap()
            .fingerprint
    );
}

#[test]
fn scenarios_built_in_code_run_or_are_refused_without_a_panic() {
    // Values that no text can express, one at a time, and names that do not exist.
    type Change = fn(&mut Scenario);
    let changes: [(&str, Change); 24] = [
        ("nothing", |s| *s = Scenario::default()),
        ("another version", |s| s.version = 7),
        ("no duration", |s| s.run.duration = Span::ZERO),
        ("an endless duration", |s| s.run.duration = Span(u64::MAX)),
        ("an endless warm-up", |s| s.run.warmup = Warmup::Fixed(Span(u64::MAX))),
        ("no replication", |s| s.run.replications = asyncflow::scenario::Replications::Fixed(0)),
        ("confidence of more than all", |s| s.run.confidence = Confidence(Share { fraction: 7.0 })),
        ("confidence that is no number", |s| {
            s.run.confidence = Confidence(Share { fraction: f64::NAN })
        }),
        ("a rate that is no number", |s| {
            s.workload["users"] = Workload::open("api.GET /item", Rate::per_second(f64::NAN))
        }),
        ("an infinite rate", |s| {
            s.workload["users"] = Workload::open("api.GET /item", Rate::per_second(f64::INFINITY))
        }),
        ("a negative rate", |s| {
            s.workload["users"] = Workload::open("api.GET /item", Rate::per_second(-5.0))
        }),
        ("a target that is not there", |s| {
            s.workload["users"] = Workload::open("api.GET /nothing", Rate::per_second(5.0))
        }),
        ("no target", |s| s.workload["users"].to = None),
        ("weights that are no numbers", |s| {
            s.workload["probe"] =
                Workload::mix([("api.GET /item", f64::NAN)], Rate::per_second(1.0))
        }),
        ("no users", |s| {
            s.workload["users"] = Workload::users("api.GET /item", Count(0), Rate::per_second(1.0))
        }),
        ("endlessly many users", |s| {
            s.workload["users"] =
                Workload::users("api.GET /item", Count(u64::MAX), Rate::per_second(1e300))
        }),
        ("no replicas", |s| s.services["api"].replicas = 0),
        ("as many replicas as can be counted", |s| s.services["api"].replicas = u32::MAX),
        ("no cores", |s| s.services["db"].instance.cpu = 0),
        ("a speed that is no number", |s| {
            s.services["db"].instance.speed = Factor { times: f64::NAN }
        }),
        ("a call of nothing", |s| {
            s.services["db"].endpoints["read"].steps.push(Step::call("nowhere.at all"))
        }),
        ("a call of itself", |s| {
            s.services["db"].endpoints["read"].steps.push(Step::call("db.read"))
        }),
        ("a failure of more than always", |s| {
            s.services["db"].endpoints["read"].steps.push(Step::fail(f64::NAN, 503))
        }),
        ("a link between nobodies", |s| {
            _ = s.links.insert("a -> b".to_string(), Link::new(ms(1)).with_loss(-1.0))
        }),
    ];
    for (what, change) in changes {
        let mut scenario = shop();
        scenario.run.limits.events = Count(200_000);
        change(&mut scenario);
        let outcome = Experiment::new(&scenario).replications(2).run().map(|_| ());
        let plain = asyncflow::run(&scenario).map(|_| ());
        for outcome in [outcome, plain] {
            match outcome {
                Err(ExperimentError::Scenario(problems)) => {
                    assert!(problems.any_error() && !problems.to_string().is_empty(), "{what}")
                }
                Err(ExperimentError::Run(error)) => {
                    assert!(!error.to_string().contains("panicked"), "{what}: {error}")
                }
                Err(error) => panic!("{what}: {error}"),
                Ok(()) => {}
            }
        }
    }
}

#[test]
fn errors_have_severity_path_and_help_and_warnings_are_available() {
    let broken = "version: 1\nworkload: { users: { to: api.x, open: { rate: 5/s } } }\nservices: { api: { replica: 2, endpoints: { x: [ cpu: 1ms ] } } }\n";
    let Err(ExperimentError::Scenario(problems)) = Experiment::from_yaml(broken) else {
        panic!("it is wrong")
    };
    let [problem] = problems.list.as_slice() else { panic!("{problems}") };
    assert_eq!(
        (problem.severity, problem.path.as_str()),
        (Severity::Error, "services.api.replica")
    );
    assert!(problem.help.as_ref().is_some_and(|help| help.contains("replicas")), "{problem:?}");
    assert_eq!(&broken[problem.place.clone().unwrap()], "replica");
    let crowded = Experiment::new(&shop()).set("workload.users.open.rate=5000/s");
    let warnings = crowded.problems();
    assert!(
        !warnings.any_error()
            && warnings.list.iter().any(|problem| problem.severity == Severity::Warning),
        "{warnings:?}"
    );
    // Points that cannot run are reported with their parameters.
    let Err(ExperimentError::Points { first, count }) =
        Experiment::new(&shop()).vary("services.api.replicas", [0, 1]).sweep()
    else {
        panic!("a service has at least one instance")
    };
    assert_eq!(
        (count, first[0].number, &first[0].parameters["services.api.replicas"]),
        (1, 0, &serde_json::json!(0))
    );
}

#[test]
fn a_sweep_of_nothing_and_a_path_that_is_not_there_are_problems_with_their_path() {
    let problems = |error: ExperimentError| match error {
        ExperimentError::Scenario(problems) => problems.list,
        other => panic!("{other:?}"),
    };
    let nothing = problems(Experiment::new(&shop()).sweep().unwrap_err());
    assert_eq!(
        (nothing[0].path.as_str(), nothing[0].what.as_str()),
        ("sweep", "nothing is varied")
    );
    for path in ["services.ap.replicas", "service.api.replicas", "workload.probe.open.rate.x"] {
        let wrong = Experiment::new(&shop()).set(&format!("{path}=2")).run().unwrap_err();
        let wrong = problems(wrong);
        assert_eq!((wrong[0].path.as_str(), wrong[0].origin), (path, Origin::Set), "{wrong:?}");
        assert!(!wrong[0].what.contains("--set"), "{wrong:?}");
    }
}

#[test]
fn a_run_written_from_a_program_has_the_files_of_the_command_and_keeps_foreign_ones() {
    // The files of a run, the manifest among them; what another study left is not overwritten.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop");
    let experiment = Experiment::new(&shop());
    let results = run_to(&experiment, &path, Existing::ReplaceOwn).expect("it is written");
    let manifest = std::fs::read_to_string(path.join("manifest.json")).expect("it is there");
    assert!(manifest.contains(&results.fingerprint) && manifest.contains("summary.parquet"));
    run_to(&experiment, &path, Existing::ReplaceOwn).expect("the same study may replace itself");
    let comparison = experiment.compare(&["services.api.replicas=3"]).expect("it runs");
    let refused = comparison_to(&comparison, &shop(), &path, Existing::ReplaceOwn);
    assert!(matches!(&refused, Err(StoreError::Occupied { .. })), "{refused:?}");
    assert!(!refused.unwrap_err().help().contains("--"), "a library has no options");
    assert_eq!(comparison_to(&comparison, &shop(), &path, Existing::ReplaceAny).ok(), Some(2));
    let invalid = run_to(&experiment.set("run.duration=0s"), &path, Existing::ReplaceAny);
    assert!(matches!(invalid, Err(StoreError::Experiment(ExperimentError::Scenario(_)))));
}

#[test]
fn a_quantity_out_of_range_is_refused_in_code_as_in_text() {
    // Found by a reader of the docs: each ran, and some gave plausible numbers.
    let slow = |times| {
        let mut shop = shop();
        shop.services["api"].instance.speed = Factor::new(times);
        shop
    };
    let rate =
        |rate| shop().with_workload("more", Workload::open("db.read", Rate::per_second(rate)));
    let failing = |share| {
        shop().with_service("bad", Service::new().with_endpoint("x", [Step::fail(share, 500)]))
    };
    let lossy = |loss| shop().with_link("users -> api", Link::new(ms(1)).with_loss(loss));
    for (scenario, path) in [
        (slow(-1.0), "services.api.instance.speed"),
        (slow(0.0), "services.api.instance.speed"),
        (slow(f64::NAN), "services.api.instance.speed"),
        (rate(-100.0), "workload.more.open.rate"),
        (rate(f64::NAN), "workload.more.open.rate"),
        (rate(f64::INFINITY), "workload.more.open.rate"),
        (failing(1.5), "services.bad.endpoints.x[0].fail.p"),
        (failing(-1.5), "services.bad.endpoints.x[0].fail.p"),
        (lossy(7.0), "links.users -> api.loss"),
    ] {
        let problems = Experiment::new(&scenario).problems();
        let errors: Vec<String> =
            problems.into_errors().list.iter().map(|p| p.path.clone()).collect();
        assert_eq!(Severity::Error.to_string(), "error");
        assert!(errors.iter().any(|error| error.starts_with(path)), "{path}: {errors:?}");
    }
}

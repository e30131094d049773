//! The Rust library: scenarios built in code, typed errors, cancellation and progress.

use asyncflow::experiment::Progress;
use asyncflow::problem::{Origin, Severity};
use asyncflow::scenario::{
    Arrivals, Balance, Confidence, Crash, Dist, Link, Regular, Runtime, Scenario, Schedule,
    Service, Slo, Stages, Step, Warmup, Workload, from_yaml, to_yaml,
};
use asyncflow::store::{Existing, StoreError, comparison_to, run_to};
use asyncflow::units::{Bytes, Count, Factor, Rate, Share, Span};
use asyncflow::{Cancellation, Experiment, ExperimentError};
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
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
        .with_slo("fast", Slo { p99: Some(ms(200)), ..Slo::of("users") });
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
slos: { fast: { of: users, p99: 200ms } }
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
fn every_kind_of_experiment_reports_progress_and_can_be_cancelled() {
    let seen: Arc<Mutex<Vec<(u64, u64)>>> = Arc::default();
    let (cancellation, told) = (Cancellation::new(), seen.clone());
    let listen = move |progress: Progress| told.lock().unwrap().push((progress.done, progress.of));
    let watched = Experiment::new(&shop()).threads(NonZero::<usize>::MIN).on_progress(listen);
    watched.run().unwrap();
    assert_eq!(*seen.lock().unwrap(), [(1, 3), (2, 3), (3, 3)]);
    // Each kind of experiment is cancelled after the first complete replication.
    let cancelled = |experiment: Experiment| {
        let (cancellation, calls) = (Cancellation::new(), Arc::new(AtomicU64::new(0)));
        let (own, count) = (cancellation.clone(), calls.clone());
        let stop = move |_: Progress| {
            count.fetch_add(1, Ordering::Relaxed);
            own.cancel();
        };
        (experiment.replications(40).cancelled_by(&cancellation).on_progress(stop), calls)
    };
    let base = Experiment::new(&shop()).between("services.api.replicas", 1, 4);
    type Question = fn(&Experiment) -> Option<ExperimentError>;
    let questions: [Question; 6] = [
        |e| e.run().err(),
        |e| e.clone().vary("services.api.replicas", [1, 2, 3]).sweep().err(),
        |e| e.compare(&["services.api.replicas=3"]).err(),
        |e| {
            e.select(
                &["services.api.replicas=3"],
                "users.latency.p99",
                asyncflow::stats::Best::Smallest,
                0.01,
                40,
            )
            .err()
        },
        |e| e.capacity().err(),
        |e| {
            let ask = e
                .clone()
                .vary("services.api.replicas", [1, 2, 3])
                .vary("services.db.instance.cpu", [1, 2]);
            ask.sensitivity(&["users.latency.p99"], asyncflow::experiment::Method::Morris(4)).err()
        },
    ];
    for (number, question) in questions.into_iter().enumerate() {
        let (experiment, calls) = cancelled(base.clone());
        let error = question(&experiment);
        assert!(
            matches!(error, Some(ExperimentError::Interrupted)),
            "question {number}: {error:?}"
        );
        assert!((1..40).contains(&calls.load(Ordering::Relaxed)), "question {number}");
    }
    cancellation.cancel();
    assert!(cancellation.is_cancelled());
}

#[test]
fn each_replication_is_passed_in_order_with_the_values_of_the_summary() {
    // The values of a row are those of the replications; a mean is their mean.
    let mut p99_s = Vec::new();
    let mut numbers = Vec::new();
    let results = Experiment::new(&shop()).run_each(|replication| {
        numbers.push(replication.number());
        p99_s.push(
            replication.value("workload", "users", "latency", "p99").expect("users have a latency"),
        );
        assert_eq!(replication.value("workload", "users", "latency", "p42"), None);
        assert_eq!(replication.measured_from_s(), 2.0);
    });
    let results = results.expect("it runs");
    let row = results.find("workload", "users", "latency", "p99").expect("it is in the summary");
    assert_eq!((numbers, &p99_s), (vec![0, 1, 2], &row.values));
}

#[test]
fn a_sweep_passes_each_point_on_in_order_and_a_point_runs_alone_as_in_the_sweep() {
    // The claim itself: equal fingerprints; and what was passed on before a cancellation.
    let cancellation = Cancellation::new();
    let varied = Experiment::new(&shop())
        .replications(2)
        .vary("services.api.replicas", [1, 2])
        .vary("workload.probe.open.rate", ["1/s", "2/s", "3/s"])
        .vary(
            "services.db.runtime",
            [asyncflow::serde_json::json!({ "event_loop": { "workers": 1 } })],
        )
        .cancelled_by(&cancellation);
    let all = varied.sweep().unwrap();
    assert_eq!(all.iter().map(|point| point.point).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    for point in &all {
        let alone = varied.clone().at(&point.parameters).run().unwrap();
        assert_eq!(point.results.as_ref().unwrap().fingerprint, alone.fingerprint);
    }
    let mut passed = Vec::new();
    let ended = varied.sweep_each(|point| {
        passed.push(point.results.unwrap().fingerprint);
        if passed.len() == 2 {
            cancellation.cancel();
        }
    });
    assert!(matches!(ended, Err(ExperimentError::Interrupted)), "{ended:?}");
    let first = all.iter().map(|point| &point.results.as_ref().unwrap().fingerprint);
    assert!(first.take(passed.len()).eq(&passed) && passed.len() >= 2, "{passed:?}");
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
fn typed_accessors_return_the_rows_of_the_same_name() {
    let results = asyncflow::run(&shop()).unwrap();
    let latency = results.latency("users");
    let typed = [
        ("mean", latency.mean()),
        ("p50", latency.p50()),
        ("p90", latency.p90()),
        ("p95", latency.p95()),
        ("p99", latency.p99()),
        ("p99.9", latency.p999()),
    ];
    for (stat, estimate) in typed {
        let row = results.find("workload", "users", "latency", stat).expect(stat);
        assert_eq!(estimate, Some(&row.estimate), "{stat}");
    }
    let other = [
        ("workload", "users", "throughput", results.throughput("users")),
        ("workload", "users", "error_ratio", results.error_ratio("users")),
        ("service", "api", "utilisation", results.utilisation("api")),
    ];
    for (kind, entity, metric, estimate) in other {
        let row = results.find(kind, entity, metric, "mean").expect(metric);
        assert_eq!(estimate, Some(&row.estimate), "{metric}");
    }
}

#[test]
fn the_histogram_of_a_replication_counts_its_answered_requests() {
    // The same count and, bucket by bucket, a mean within the width of a bucket (0.1 %).
    Experiment::new(&shop())
        .run_each(|replication| {
            let buckets: Vec<_> = replication.latencies("users").collect();
            let count: u64 = buckets.iter().map(|bucket| bucket.count).sum();
            let sum_s: f64 =
                buckets.iter().map(|b| b.count as f64 * (b.low_s + b.high_s) / 2.0).sum();
            let mean_s =
                replication.value("workload", "users", "latency", "mean").expect("it has a mean");
            assert!((sum_s / count as f64 / mean_s - 1.0).abs() < 1e-3, "{sum_s} {count} {mean_s}");
            assert!(buckets.is_sorted_by(|a, b| a.high_s < b.low_s));
            assert_eq!(replication.latencies("nothing").count(), 0);
        })
        .expect("it runs");
}

#[test]
fn sampled_requests_windows_and_faults_are_those_of_the_replication() {
    // Laws: parts add up to the latency; windows follow each other; the crash of `shop` begins at
    // 8 s and ends at 10 s.
    let mut shop = shop();
    shop.output.requests = Some(Share::new(1.0));
    let experiment = Experiment::new(&shop).set("output.series=1s");
    experiment
        .run_each(|replication| {
            let requests: Vec<_> = replication.requests().collect();
            for request in &requests {
                let sum_s: f64 = request.parts_s.iter().map(|(_, seconds)| seconds).sum();
                assert!((sum_s - request.latency_s()).abs() < 1e-9, "{request:?}");
                assert_eq!(request.weight, 1.0);
            }
            let calls = requests.iter().filter(|request| request.caller.is_some());
            assert!(
                calls.clone().all(|call| call.workload.is_none() && call.endpoint == "db.read")
            );
            assert!(calls.count() > 100);
            let ready = replication.series().filter(|point| point.metric == "ready_queue");
            let of_db: Vec<_> = ready.filter(|point| point.entity.starts_with("db")).collect();
            assert!(of_db.windows(2).all(|pair| pair[0].end_s == pair[1].start_s), "{of_db:?}");
            assert_eq!(of_db.last().map(|point| point.end_s), Some(20.0));
            let times: Vec<f64> = replication.incidents().map(|incident| incident.at_s).collect();
            assert_eq!(times, [8.0, 10.0]);
        })
        .expect("it runs");
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

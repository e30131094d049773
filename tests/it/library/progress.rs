//! Experiments in progress: progress, cancellation, replications and points as they complete.

use super::shop;
use asyncflow::experiment::Progress;
use asyncflow::{Cancellation, Experiment, ExperimentError};
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

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

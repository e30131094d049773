//! Results in a program: typed accessors, histograms, sampled requests, windows.

use super::shop;
use asyncflow::Experiment;
use asyncflow::units::Share;

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

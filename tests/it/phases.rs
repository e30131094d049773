//! Phases: metrics before, during and after a fault or peak, and the time to recover.

use crate::support::{Answer, Room, run};

/// Runs one request every 100 ms, served in 50 ms by one core.
fn regular(run_: &str, faults: &str, more: &str) -> Answer {
    run(&format!(
        "run: {{ {run_} }}
workload: {{ users: {{ to: api.x, open: {{ rate: 10/s, arrivals: regular }} }} }}
services: {{ api: {{ runtime: {{ tasks: {{ schedule: fifo }} }}, endpoints: {{ x: [ cpu: 50ms ] }} }} }}
faults: [ {faults} ]
{more}"
    ))
}

#[test]
fn the_queue_of_an_outage_drains_at_the_spare_rate() {
    // D/D/1, by hand. From 100 s to 110 s a request takes 500 ms instead of 50 ms, so of 100
    // arrivals 20 are served and 80 wait at 110 s. Then 20/s are served and 10/s arrive: the
    // request at 110 s + j/10 s takes 4.05 s − j · 50 ms. The last one that waits arrives at 117.9
    // s and is answered at 118 s, at the beginning of a window of one second; so the first normal
    // window begins at 119 s.
    let a = regular(
        "duration: 300s, warmup: 10s, replications: 2",
        "slow: { target: api, factor: 10x, at: 100s, for: 10s }",
        "output: { series: 1s }",
    );
    a.equals("phase users: slow api", "recovery mean", 9.0);
    let row = a.row("phase users: slow api", "recovery mean");
    assert_eq!((row.estimate.n, row.values.clone()), (2, vec![9.0, 9.0]));
    // Requests belong to the phase of their arrival; throughput counts the responses given during
    // the phase.
    let is_50_ms = |of: &str, stat: &str| {
        assert!((a.value(of, stat) - 0.05).abs() <= 0.001 * 0.05, "{of} {stat}")
    };
    is_50_ms("phase users: before", "latency p99");
    is_50_ms("phase users: after slow api", "latency p50");
    a.equals("phase users: slow api", "arrivals total", 100.0);
    a.equals("phase users: slow api", "completed total", 100.0);
    assert!((a.value("phase users: slow api", "throughput mean") - 2.0).abs() < 0.11);
    a.equals("phase users: before", "throughput mean", 10.0);
    assert!(
        a.value("phase users: slow api", "latency p50") > 1.0
            && a.value("phase users: after slow api", "latency p99") > 1.0
    );
    let times: Vec<(f64, f64, bool)> = a
        .results
        .phases
        .iter()
        .map(|phase| (phase.from_s, phase.until_s, phase.recovery))
        .collect();
    assert_eq!(times, [(10.0, 100.0, false), (100.0, 110.0, true), (110.0, 300.0, false)]);
}

#[test]
fn a_fault_within_a_peak_can_be_recovered_from_during_the_peak() {
    // D/D/1, by hand: 2/s, then 10/s from 60 s to 240 s. The fault of 10 s from 100 s on is that of
    // the test above: 9 s to recover. At the end of the peak nothing waits.
    let a = run("run: { duration: 300s, replications: 2 }
workload: { users: { to: api.x, open: { arrivals: regular, rate: { from: 2/s, stages: [
  { to: 2/s, over: 60s }, { to: 10/s, over: 0s }, { to: 10/s, over: 180s }, { to: 2/s, over: 0s } ] } } } }
services: { api: { runtime: { tasks: { schedule: fifo } }, endpoints: { x: [ cpu: 50ms ] } } }
faults: [ slow: { target: api, factor: 10x, at: 100s, for: 10s } ]
output: { series: 1s }");
    a.equals("phase users: slow api, users at 10/s", "recovery mean", 9.0);
    a.equals("phase users: users at 10/s (2)", "recovery mean", 0.0);
}

#[test]
fn phases_add_up_to_the_whole() {
    // Conservation: arrivals, responses and failures of the phases add up to those of the workload,
    // with faults, a peak and two workloads.
    let a = run("run: { duration: 120s, warmup: 7s, replications: 3 }
workload:
  users: { to: api.x, open: { rate: { from: 40/s, stages: [ { to: 40/s, over: 50s }, { to: 90/s, over: 10s }, { to: 40/s, over: 5s } ] } } }
  batch: { to: api.x, open: { rate: 5/s } }
services: { api: { max_in_flight: 2, queue: { max: 20 }, endpoints: { x: [ cpu: { exp: 10ms } ] } } }
faults: [ errors: { target: api.x, rate: 50%, at: 20s, for: 10s }, crash: { target: api, at: 90s, for: 3s } ]");
    for workload in ["users", "batch"] {
        for number in ["arrivals total", "completed total", "failed total"] {
            let parts: f64 = a
                .results
                .phases
                .iter()
                .map(|phase| a.value(&format!("phase {}", phase.entity(workload)), number))
                .sum();
            a.equals(&format!("workload {workload}"), number, parts);
        }
        let answered: f64 = a
            .results
            .phases
            .iter()
            .map(|phase| {
                a.value(&format!("phase {}", phase.entity(workload)), "throughput mean")
                    * (phase.until_s - phase.from_s)
            })
            .sum();
        a.equals(&format!("workload {workload}"), "throughput mean", answered / 113.0);
    }
    // All of the crash's requests fail, and half of those of the errors.
    a.equals("phase batch: crash api, users at 40/s", "error_ratio mean", 1.0);
    a.agrees("phase users: errors api.x, users at 40/s", "error_ratio mean", 0.5, 0.05);
}

#[test]
fn recovery_starts_after_failures_and_a_permanent_fault_has_none() {
    // By hand: half of the requests fail from 50 s to 60 s, and none after. The permanent fault has
    // no recovery, and that of the first is searched for until the second begins.
    let errors = "errors: { target: api.x, rate: 50%, at: 50s, for: 10s }";
    let a = regular(
        "duration: 200s, replications: 2",
        &format!("{errors}, slow: {{ target: api, factor: 3x, at: 150s }}"),
        "",
    );
    a.equals("phase users: errors api.x", "recovery mean", 0.0);
    let phases: Vec<(&str, bool)> =
        a.results.phases.iter().map(|phase| (phase.name.as_str(), phase.recovery)).collect();
    assert_eq!(
        phases,
        [
            ("before", false),
            ("errors api.x", true),
            ("after errors api.x", false),
            ("slow api", false)
        ]
    );
    // An overload that lasts until the end: of 10/s, 2/s are served for 100 s.
    let a = regular(
        "duration: 210s, replications: 2",
        "slow: { target: api, factor: 10x, at: 100s, for: 100s }",
        "",
    );
    let recovery = a.row("phase users: slow api", "recovery mean");
    assert!(recovery.estimate.n == 0 && recovery.estimate.estimate.is_nan());
}

#[test]
fn without_faults_and_stages_there_are_no_phases() {
    // No fault and no stage: no phases, no rows of them, and no quantiles of windows unless
    // requested.
    let a = regular("duration: 20s, replications: 2", "", "");
    assert!(a.results.phases.is_empty() && a.results.rows.iter().all(|row| row.kind != "phase"));
}

#[test]
fn an_objective_met_while_requests_fail_has_a_note() {
    // By hand: the requests of 20 of 100 s fail, 20 %, and the p95 of the others is 50 ms.
    let crash = "crash: { target: api, at: 30s, for: 20s }";
    let a = regular(
        "duration: 100s, replications: 2",
        crash,
        "slos: { fast: { of: users, p95: 60ms } }",
    );
    assert!(a.results.slos[0].pass);
    let note = a
        .results
        .notes
        .iter()
        .find(|note| note.contains("`fast`"))
        .expect("a note about the objective");
    assert!(
        note.contains("20.0 % of the requests of users failed")
            && note
                .contains("more than 5 % failed, so the p95 over all requests is a failed request"),
        "{note}"
    );
}

#[test]
fn the_command_reports_the_phases_and_the_time_to_recover() {
    // The numbers of the first test, in the terminal, in JSON and in the series.
    let scenario = "version: 1
run: { duration: 300s, warmup: 10s, replications: 2 }
workload: { users: { to: api.x, open: { rate: 10/s, arrivals: regular } } }
services: { api: { runtime: { tasks: { schedule: fifo } }, endpoints: { x: [ cpu: 50ms ] } } }
faults: [ slow: { target: api, factor: 10x, at: 100s, for: 10s } ]";
    let room = Room::new("s.yaml", scenario);
    let stdout = room.run("run s.yaml");
    let stdout = String::from_utf8_lossy(&stdout.stdout).into_owned();
    for expected in [
        "Before, during and after: users",
        "Time to recover from slow api: 9.00 s",
        "after slow api",
    ] {
        assert!(stdout.contains(expected), "{stdout}");
    }
    assert_eq!(room.says("run s.yaml --no-files")["phases"][1]["name"], "slow api");
    let series = crate::support::table(&room.path("out/s/series.parquet"));
    let metrics: std::collections::BTreeSet<String> =
        crate::support::text_column(&series, "metric").into_iter().collect();
    for metric in ["failure_rate", "latency_p50", "latency_p95", "latency_p99"] {
        assert!(metrics.contains(metric), "{metrics:?}");
    }
}

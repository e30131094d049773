//! Variance reduction: antithetic pairs and control variates. Their parts have unit tests.

use crate::support::{Answer, run};
use asyncflow::experiment::Results;

const MM1: &str = "workload: { users: { to: api.x, open: { rate: 70/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }";

fn width(results: &Results, kind: &str, entity: &str, metric: &str) -> f64 {
    let e = results.find(kind, entity, metric, "mean").expect("a metric").estimate;
    e.high - e.low
}

#[test]
fn control_variates_leave_less_than_half_of_the_variance_of_an_m_m_1() {
    // Exact: 1/(100 − 70) s, utilisation 0.7 (Kleinrock 1975). The controls explain all of the
    // utilisation except what is in service at the ends. The bound of one half is far from the
    // usual ratios (a seventh to a third). The replications are the same, so the other numbers are
    // equal to the last bit.
    let rules = "run: { duration: 220s, warmup: 20s, replications: 40";
    let (plain, controlled) = (
        run(&format!("{rules} }}\n{MM1}")),
        run(&format!("{rules}, control_variates: true }}\n{MM1}")),
    );
    controlled.agrees("workload users", "latency mean", 1.0 / 30.0, 0.01);
    controlled.agrees("service api", "utilisation mean", 0.7, 0.001);
    let gain = &controlled.results.gains[0];
    assert_eq!(
        (gain.technique, gain.workload.as_str(), controlled.results.gains.len()),
        ("control_variates", "users", 1)
    );
    assert!(gain.variance_ratio > 2.0, "{gain:?}");
    let ratio = |kind, entity, metric| {
        width(&plain.results, kind, entity, metric)
            / width(&controlled.results, kind, entity, metric)
    };
    assert!(
        ratio("workload", "users", "latency").powi(2) > 2.0
            && ratio("service", "api", "utilisation") > 10.0
    );
    assert_eq!(plain.results.fingerprint, controlled.results.fingerprint);
    let p99 = |results: &Results| {
        results.find("workload", "users", "latency", "p99").expect("a metric").estimate
    };
    assert_eq!(p99(&plain.results), p99(&controlled.results));
    assert_eq!(
        controlled.row("workload users", "latency mean").estimate.method.name(),
        "controlled"
    );
}

#[test]
fn antithetic_pairs_of_an_m_m_1_have_less_variance_than_as_many_replications() {
    // Exact: as above; the correlation of −ln u and −ln(1 − u) is 1 − π²/6, both of
    // interarrival times and of demands, and long runs are linear in their sums and counts: the
    // variance of the utilisation is 6/(12 − π²) = 2.82 times less. Variances of 200 and 400
    // replications have relative standard errors of 10 % and 7 %, together 12 %; the bound is 4 of
    // them, and 5 % for the finite length of the runs.
    let rules = "run: { duration: 80s, warmup: 20s";
    let plain = run(&format!("{rules}, replications: 400 }}\n{MM1}"));
    let pairs = run(&format!("{rules}, replications: 200, antithetic: true }}\n{MM1}"));
    pairs.agrees("workload users", "latency mean", 1.0 / 30.0, 0.01);
    pairs.agrees("service api", "utilisation mean", 0.7, 0.002);
    pairs.agrees("workload users", "throughput mean", 70.0, 0.001);
    let error = |answer: &Answer| answer.row("service api", "utilisation mean").estimate.std_error;
    let gain = (error(&plain) / error(&pairs)).powi(2);
    assert!((gain / 2.82 - 1.0).abs() < 0.53, "{gain}");
    let found = &pairs.results.gains[0];
    assert!(found.technique == "antithetic" && found.variance_ratio > 1.0, "{found:?}");
    assert!(pairs.results.notes.iter().any(|note| {
        note.starts_with("antithetic: the mean latency of users is as precise as with ")
    }));
}

#[test]
fn without_variance_reduction_no_gain_is_reported() {
    // Definition: opt-in.
    let plain = run(&format!("run: {{ duration: 20s, replications: 4 }}\n{MM1}"));
    assert!(
        plain.results.gains.is_empty()
            && plain.results.rows.iter().all(|row| row.estimate.method.name() != "controlled")
    );
}

#[test]
fn antithetic_pairs_can_be_combined_with_control_variates() {
    // Exact: as above.
    let both = run(&format!(
        "run: {{ duration: 220s, warmup: 20s, replications: 40, antithetic: true, control_variates: true }}\n{MM1}"
    ));
    both.agrees("workload users", "latency mean", 1.0 / 30.0, 0.01);
    assert_eq!(
        both.results.gains.iter().map(|gain| gain.technique).collect::<Vec<_>>(),
        ["antithetic", "control_variates"]
    );
}

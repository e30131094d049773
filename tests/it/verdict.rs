//! Verdicts are estimates: how often is a system that holds called overloaded, and of one that is
//! overloaded said that it keeps up? `docs/statistics.md` has the whole grid
//! (`examples/verdicts.rs`); here is a small part with fixed seeds, and what is said of single
//! cases.

mod grid;

use asyncflow::experiment::{Outlook, Reason, Results};
use asyncflow::scenario::{self, Resource};

#[test]
fn verdicts_over_the_grid_are_right() {
    // Truth by construction: loads of queues below and above 1. Fixed seeds; the whole grid has at
    // most 1 % of wrong verdicts (docs/statistics.md). Of these runs at most 2 % may be. Runs of
    // one system share their first replication, so they count as one in three: of so many
    // independent ones a method with 5 % would pass with probability 0.1.
    let cases = grid::cases();
    let counted = grid::count(&cases, &[7], &[1, 2, 5]);
    let all = counted
        .groups
        .iter()
        .map(|(_, said)| *said)
        .reduce(grid::Said::with)
        .expect("there are groups");
    let most = all.runs / 50;
    assert!(
        all.runs > 250 && all.false_alarms <= most && all.false_calm <= most,
        "{all:?}\n{}",
        counted.wrong.join("\n")
    );
    assert!(all.clear_not_told * 20 <= all.clear, "{all:?}");
    assert!(all.cannot_tell < all.runs / 2, "{all:?}");
}

fn results(yaml: &str) -> Results {
    let scenario = scenario::from_yaml(yaml).unwrap_or_else(|problems| panic!("{problems}"));
    asyncflow::run(&scenario).expect("it runs")
}

fn outlook(yaml: &str) -> Outlook {
    results(yaml).verdicts[0].outlook.clone()
}

#[test]
fn an_overload_of_one_per_cent_is_known_from_flow_balance() {
    // 100.8 requests of 10 ms a second: 100.8 % of a core.
    let yaml = "version: 1
run: { duration: 30s, replications: 2 }
workload: { users: { to: api.x, open: { rate: 100.8/s } } }
services: { api: { endpoints: { x: [ cpu: 10ms ] } } }";
    let Outlook::Overloaded(found) = outlook(yaml) else { panic!("it is overloaded") };
    assert!(
        found.service == "api"
            && found.resource == Some(Resource::Cores)
            && (found.load - 1.008).abs() < 1e-12,
        "{found:?}"
    );
}

#[test]
fn places_are_a_resource_like_cores() {
    // 30 places that are held for 5 ms take 6,000 a second, and 7,500 come: 125 %.
    let yaml = "version: 1
run: { duration: 2s, replications: 2 }
workload: { users: { to: db.q, open: { rate: 7500/s } } }
services: { db: { max_in_flight: 30, endpoints: { q: [ wait: 5ms ] } } }";
    let Outlook::Overloaded(found) = outlook(yaml) else { panic!("it is overloaded") };
    assert!(
        found.resource == Some(Resource::Places) && (found.load - 1.25).abs() < 1e-12,
        "{found:?}"
    );
}

#[test]
fn a_run_that_is_short_against_its_relaxation_time_says_how_long_would_do() {
    // M/M/1 at 99.991 %: 85 a second and 85.00765 served take 1/(√85.00765 − √85)² = 5.81 million
    // seconds, 67 days, to settle.
    let yaml = "version: 1
run: { duration: 60s, replications: 5 }
workload: { users: { to: api.x, open: { rate: 85/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 11.763647059ms } ] } } }";
    let results = results(yaml);
    let verdict = &results.verdicts[0];
    let Outlook::CannotTell(Reason::TooShort(settling)) = &verdict.outlook else {
        panic!("{verdict:?}")
    };
    assert!((settling.settles_s / 5.81e6 - 1.0).abs() < 0.001, "{settling:?}");
    // Twenty of these, and rounded only where it is shown.
    assert!(
        verdict
            .run_at_least
            .is_some_and(|span| (span.seconds() / (20.0 * settling.settles_s) - 1.0).abs() < 1e-9)
    );
}

#[test]
fn what_a_crash_for_good_leaves_behind_is_judged() {
    // Two instances of 100/s each. Both gone: all is rejected, and nothing queues. One of two with
    // names gone: 120/s come to the other, 120 % of it.
    let of = |rate: u32, to: &str, service: &str, crash: &str| {
        let yaml = format!(
            "version: 1
run: {{ duration: 100s, replications: 5 }}
workload: {{ users: {{ to: {to}, open: {{ rate: {rate}/s }} }} }}
services: {{ api: {{ {service} }} }}
faults: [ crash: {{ {crash}, at: 20s }} ]"
        );
        outlook(&yaml)
    };
    let equal = "replicas: 2, endpoints: { x: [ cpu: { exp: 10ms } ] }";
    assert_eq!(of(50, "api.x", equal, "target: api, count: 2"), Outlook::KeepsUp);
    // One of two equal ones gone: the rate is the measured one, of 5 times 4,800 requests, so 1.2 ±
    // 4 standard errors of 0.65 %.
    assert!(
        matches!(of(120, "api.x", equal, "target: api"), Outlook::Overloaded(found) if (found.load - 1.2).abs() < 0.032)
    );
    let named = "instances: { a: { endpoints: { x: [ cpu: { exp: 10ms } ] } }, b: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }";
    assert!(
        matches!(of(120, "api", named, "target: a"), Outlook::Overloaded(found) if found.service == "api" && found.waiting > 500.0)
    );
    assert_eq!(of(60, "api", named, "target: a"), Outlook::KeepsUp);
}

#[test]
fn requests_at_given_times_are_no_rate() {
    // 200 requests of 10 ms in the last second of 100: 2 % of a core on average, and half of them
    // wait at the end.
    let of = |from_s: f64| {
        let times: Vec<String> =
            (0..200).map(|i| format!("{:.3}s", from_s + f64::from(i) * 0.005)).collect();
        let yaml = format!(
            "version: 1
run: {{ duration: 100s, replications: 3 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 2/s, arrivals: {{ at: [{}] }} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: 10ms ] }} }} }}",
            times.join(", ")
        );
        outlook(&yaml)
    };
    assert!(
        matches!(of(99.0), Outlook::CannotTell(Reason::Unfinished { waiting, .. }) if waiting > 50.0),
        "{:?}",
        of(99.0)
    );
    // Long ago and worked off.
    assert_eq!(of(10.0), Outlook::KeepsUp);
}

#[test]
fn what_only_takes_long_is_not_overloaded() {
    // Nothing is held: 60 s of waiting in a run of 100 s.
    let yaml = "version: 1
run: { duration: 100s, warmup: 10s, replications: 3 }
workload: { users: { to: llm.chat, open: { rate: 20/s } } }
services: { llm: { endpoints: { chat: [ wait: 60s ] } } }";
    assert!(
        matches!(outlook(yaml), Outlook::CannotTell(Reason::Filling { least_s, .. }) if (least_s - 60.0).abs() < 1e-9)
    );
}

#[test]
fn no_run_is_promised_to_tell_where_just_all_is_asked_for() {
    // M/M/1 at 100 %: its queue has no law that it comes to, however long it is looked at.
    let of = |minutes: u32| {
        let yaml = format!(
            "version: 1
run: {{ duration: {minutes}m, replications: 3 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 100/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: {{ exp: 10ms }} ] }} }} }}"
        );
        results(&yaml).verdicts[0].clone()
    };
    for minutes in [1, 5] {
        let verdict = of(minutes);
        assert!(
            matches!(verdict.outlook, Outlook::CannotTell(Reason::Growing { .. })),
            "{verdict:?}"
        );
        assert_eq!(verdict.run_at_least, None);
    }
}

#[test]
fn nothing_is_certain_without_an_interval_from_enough_samples() {
    // One replication has no interval; 0 of 500 requests failed, which happens in 61 % of runs with
    // a true ratio of 0.1 %; 20 requests say little of p99.
    let of = |replications: u32, rate: u32, goal: &str, step: &str| {
        let yaml = format!(
            "version: 1
run: {{ duration: 10s, replications: {replications} }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate}/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: {{ exp: 1ms }}{step} ] }} }} }}
slos: {{ goal: {{ of: users, {goal} }} }}"
        );
        results(&yaml).slos[0].clone()
    };
    assert!(!of(1, 50, "p50: 1s", "").certain);
    let errors = of(5, 10, "errors: 0.05%", ", fail: { p: 0.1% }");
    assert!(
        errors.estimate == 0.0 && errors.pass && !errors.certain && errors.high > 0.005,
        "{errors:?}"
    );
    assert!(!of(2, 2, "p99: 20ms", "").certain);
    // Enough of everything: sure.
    assert!(of(5, 500, "p99: 1s", "").certain);
}

#[test]
fn a_mean_of_infinite_variance_has_no_interval() {
    // Pareto with α ≤ 2 has no variance: no number of replications bounds the error of the mean.
    // Quantiles have their intervals all the same.
    let yaml = "version: 1
run: { duration: 30s, replications: 5 }
workload: { users: { to: api.x, open: { rate: 50/s } } }
services: { api: { endpoints: { x: [ wait: { pareto: { min: 1ms, alpha: 1.5 } } ] } } }";
    let results = results(yaml);
    let row = |metric, stat| results.find("workload", "users", metric, stat).unwrap().clone();
    let (mean, p95) = (row("latency", "mean"), row("latency", "p95"));
    assert!(
        mean.estimate.estimate > 0.0
            && mean.estimate.low.is_nan()
            && mean.flags.contains(&"infinite_variance"),
        "{mean:?}"
    );
    assert!(p95.estimate.low.is_finite() && !p95.flags.contains(&"infinite_variance"));
    assert!(row("throughput", "mean").estimate.low.is_finite());
}

#[test]
fn who_rejects_nothing_is_not_blamed() {
    // Only `provider` has a limit; what it rejects fails the calls of `api`.
    let yaml = "version: 1
run: { duration: 10s, replications: 2 }
workload: { users: { to: api.x, open: { rate: 20/s } } }
services:
  api: { endpoints: { x: [ cpu: 1ms, call: provider.go ] } }
  provider: { max_in_flight: 1, queue: { max: 1 }, endpoints: { go: [ wait: 100ms ] } }";
    let notes = results(yaml).notes.join("\n");
    assert!(
        notes.contains("`provider` answered ")
            && notes.contains("with \"rejected\"")
            && !notes.contains("`api` answered"),
        "{notes}"
    );
}

//! Verdicts are estimates: how often is a stable system reported as overloaded, and an overloaded
//! one as keeping up? `docs/statistics.md` has the whole grid (`examples/verdicts.rs`); here are a
//! small part of it with fixed seeds, and the verdicts of single cases.

mod grid;

use asyncflow::experiment::{Outlook, Reason, Results};
use asyncflow::scenario::{self, Resource};

#[test]
fn verdicts_over_the_grid_are_correct() {
    // Truth by construction: loads of queues below and above 1. The seeds are fixed; the whole grid
    // has at most 1 % wrong verdicts (docs/statistics.md), these runs may have at most 2 %. The
    // three runs of a system share their first replication, so they count as one: with that many
    // independent runs, a method with 5 % wrong verdicts would pass with probability 0.1.
    let cases = grid::cases();
    let counted = grid::count(&cases, &[7], &[1, 2, 5]);
    let all = counted
        .groups
        .iter()
        .map(|(_, tally)| *tally)
        .reduce(grid::Tally::with)
        .expect("at least one group");
    let allowed = all.runs / 50;
    assert!(
        all.runs > 250 && all.false_alarms <= allowed && all.false_calm <= allowed,
        "{all:?}\n{}",
        counted.wrong.join("\n")
    );
    assert!(all.clear_not_told * 20 <= all.clear, "{all:?}");
    assert!(all.cannot_tell < all.runs / 2, "{all:?}");
}

fn results(yaml: &str) -> Results {
    let scenario = scenario::from_yaml(yaml).unwrap_or_else(|problems| panic!("{problems}"));
    asyncflow::run(&scenario).expect("a scenario that runs")
}

fn outlook(yaml: &str) -> Outlook {
    results(yaml).verdicts[0].outlook.clone()
}

#[test]
fn an_overload_of_one_per_cent_is_detected_by_flow_balance() {
    // 100.8 requests of 10 ms per second: 100.8 % of a core.
    let yaml = "version: 1
run: { duration: 30s, replications: 2 }
workload: { users: { to: api.x, open: { rate: 100.8/s } } }
services: { api: { endpoints: { x: [ cpu: 10ms ] } } }";
    let Outlook::Overloaded(overload) = outlook(yaml) else { panic!("it is overloaded") };
    assert!(
        overload.service == "api"
            && overload.resource == Some(Resource::Cores)
            && (overload.load - 1.008).abs() < 1e-12,
        "{overload:?}"
    );
}

#[test]
fn places_are_a_resource_like_cores() {
    // 30 places, each held for 5 ms, serve 6,000/s; 7,500/s arrive: 125 %.
    let yaml = "version: 1
run: { duration: 2s, replications: 2 }
workload: { users: { to: db.q, open: { rate: 7500/s } } }
services: { db: { max_in_flight: 30, endpoints: { q: [ wait: 5ms ] } } }";
    let Outlook::Overloaded(overload) = outlook(yaml) else { panic!("it is overloaded") };
    assert!(
        overload.resource == Some(Resource::Places) && (overload.load - 1.25).abs() < 1e-12,
        "{overload:?}"
    );
}

#[test]
fn a_run_much_shorter_than_its_relaxation_time_reports_the_duration_needed() {
    // M/M/1 at 99.991 %: with arrivals at 85/s and service at 85.00765/s, the relaxation time is
    // 1/(√85.00765 − √85)² = 5.81 million seconds, 67 days.
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
    // The duration needed is 20 of these; it is rounded only for display.
    assert!(
        verdict
            .run_at_least
            .is_some_and(|span| (span.seconds() / (20.0 * settling.settles_s) - 1.0).abs() < 1e-9)
    );
}

#[test]
fn the_instances_left_by_a_permanent_crash_are_judged() {
    // Two instances of 100/s each. Without both, everything is rejected and nothing queues. Without
    // one of two named instances, 120/s go to the other, a load of 120 %.
    let outcome = |rate: u32, to: &str, service: &str, crash: &str| {
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
    assert_eq!(outcome(50, "api.x", equal, "target: api, count: 2"), Outlook::KeepsUp);
    // Without one of two equal replicas, the rate is the measured one, from 5 times 4,800 requests:
    // 1.2 ± 4 standard errors of 0.65 %.
    assert!(
        matches!(outcome(120, "api.x", equal, "target: api"), Outlook::Overloaded(overload) if (overload.load - 1.2).abs() < 0.032)
    );
    let named = "instances: { a: { endpoints: { x: [ cpu: { exp: 10ms } ] } }, b: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }";
    assert!(
        matches!(outcome(120, "api", named, "target: a"), Outlook::Overloaded(overload) if overload.service == "api" && overload.waiting > 500.0)
    );
    assert_eq!(outcome(60, "api", named, "target: a"), Outlook::KeepsUp);
}

#[test]
fn requests_at_given_times_are_not_judged_by_their_rate() {
    // 200 requests of 10 ms in the last second of 100: 2 % of a core on average, and half of them
    // wait at the end.
    let outcome = |from_s: f64| {
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
        matches!(outcome(99.0), Outlook::CannotTell(Reason::Unfinished { waiting, .. }) if waiting > 50.0),
        "{:?}",
        outcome(99.0)
    );
    // A burst early in the run is worked off.
    assert_eq!(outcome(10.0), Outlook::KeepsUp);
}

#[test]
fn a_service_that_is_merely_slow_is_not_overloaded() {
    // No resource is occupied: 60 s of waiting in a run of 100 s.
    let yaml = "version: 1
run: { duration: 100s, warmup: 10s, replications: 3 }
workload: { users: { to: llm.chat, open: { rate: 20/s } } }
services: { llm: { endpoints: { chat: [ wait: 60s ] } } }";
    assert!(
        matches!(outlook(yaml), Outlook::CannotTell(Reason::Filling { least_s, .. }) if (least_s - 60.0).abs() < 1e-9)
    );
}

#[test]
fn no_sufficient_duration_is_reported_at_a_load_of_exactly_1() {
    // An M/M/1 at 100 % has no steady state, however long it runs.
    let outcome = |minutes: u32| {
        let yaml = format!(
            "version: 1
run: {{ duration: {minutes}m, replications: 3 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 100/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: {{ exp: 10ms }} ] }} }} }}"
        );
        results(&yaml).verdicts[0].clone()
    };
    for minutes in [1, 5] {
        let verdict = outcome(minutes);
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
    // a true ratio of 0.1 %; 20 requests are too few for a p99.
    let outcome = |replications: u32, rate: u32, goal: &str, step: &str| {
        let yaml = format!(
            "version: 1
run: {{ duration: 10s, replications: {replications} }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate}/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: {{ exp: 1ms }}{step} ] }} }} }}
slos: {{ goal: {{ of: users, {goal} }} }}"
        );
        results(&yaml).slos[0].clone()
    };
    assert!(!outcome(1, 50, "p50: 1s", "").certain);
    let errors = outcome(5, 10, "errors: 0.05%", ", fail: { p: 0.1% }");
    assert!(
        errors.estimate == 0.0 && errors.pass && !errors.certain && errors.high > 0.005,
        "{errors:?}"
    );
    assert!(!outcome(2, 2, "p99: 20ms", "").certain);
    // With enough samples, the verdict is certain.
    assert!(outcome(5, 500, "p99: 1s", "").certain);
}

#[test]
fn a_mean_of_infinite_variance_has_no_interval() {
    // Pareto with α ≤ 2 has no variance: no number of replications bounds the error of the mean.
    // Quantiles still have intervals.
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
fn a_service_that_rejects_nothing_is_not_blamed() {
    // Only `provider` has a limit; its rejections fail the calls of `api`.
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

#[test]
fn requests_that_leave_their_line_or_never_arrive_are_no_overload() {
    // Flow balance of what is sent: 160 %, 200 %, 150 % and 105 % of a CPU. By M/M/1 and M/G/1 on
    // what is left, the queues settle: of two that are sent the first to be answered cancels the
    // other, and a lost message asks for nothing.
    let db = "db: { endpoints: { q: [ cpu: { exp: 20ms } ] } }";
    let hedged = |quorum: &str, calls: usize, rate: u32| {
        let branches = vec!["[ call: db.q ]"; calls].join(", ");
        format!(
            "version: 1
run: {{ duration: 10m, warmup: 20s, replications: 4 }}
workload: {{ u: {{ to: api.x, open: {{ rate: {rate}/s }} }} }}
services:
  api: {{ endpoints: {{ x: [ parallel: {{ {quorum}, branches: [ {branches} ] }} ] }} }}
  {db}"
        )
    };
    let lossy = |rate: &str, steps: &str, link: &str| {
        format!(
            "version: 1
run: {{ duration: 10m, warmup: 20s, replications: 4 }}
workload: {{ u: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ {steps} ] }} }}, {db} }}
links: {{ {link} }}"
        )
    };
    for yaml in [
        hedged("join: any", 2, 40),
        hedged("join: any, within: 100ms", 2, 40),
        lossy("50/s", "cpu: 30ms", "users -> api: { loss: 50% }"),
        lossy("52/s", "call: db.q", "api -> db: { loss: 10% }"),
    ] {
        let outlook = outlook(&yaml);
        assert!(!matches!(outlook, Outlook::Overloaded(_)), "{outlook:?}\n{yaml}");
        let problems = scenario::check(&scenario::from_yaml(&yaml).unwrap()).to_string();
        assert!(!problems.contains("the offered load is 1"), "{problems}");
    }
    // 387/s of lognormal waits with a mean of 137.5 ms need 53.2 of 50 slots. What is cancelled
    // after 500 ms needs less, and its queue cannot grow beyond what comes in 500 ms.
    let cancelled = |cancel: bool| {
        format!(
            "version: 1
run: {{ duration: 3m, warmup: 30s, replications: 5 }}
workload: {{ u: {{ to: api.x, open: {{ rate: 387/s }} }} }}
services:
  api: {{ endpoints: {{ x: [ call: {{ to: pay.request, timeout: 500ms, cancel: {cancel} }} ] }} }}
  pay: {{ external: {{ latency: {{ lognormal: {{ p50: 80ms, p99: 900ms }} }}, concurrency: 50 }} }}"
        )
    };
    let within = outlook(&cancelled(true));
    assert_eq!(within, Outlook::KeepsUp, "{within:?}");
    let beyond = outlook(&cancelled(false));
    assert!(matches!(beyond, Outlook::Overloaded(_)), "{beyond:?}");
    // The same without anything that is lost or cancelled is one.
    let yaml = hedged("join: all", 2, 40);
    assert!(matches!(outlook(&yaml), Outlook::Overloaded(_)), "{yaml}");
}

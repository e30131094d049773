//! Capacity against theory.

use crate::support::{Room, assert_numbers, words};
use asyncflow::Experiment;
use asyncflow::experiment::{Found, Verdict};
use asyncflow::store;
use serde_json::Value;

fn mm1(seed: u64) -> Experiment {
    let yaml = "
version: 1
run: { duration: 130s, warmup: 10s }
workload: { users: { to: api.x, open: { rate: 40/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }
slos: { fast: { of: users, p95: 60ms } }
capacity: { vary: workload.users.open.rate, from: 5/s, to: 500/s, tolerance: 3%, most: 160 }
";
    Experiment::from_yaml(yaml).unwrap().seed(seed)
}

/// Whether an exact capacity is within the interval, or within the tolerance of it.
fn holds(found: &Found, exact: f64, tolerance: f64) -> bool {
    let (good, bad) = (found.meets.unwrap(), found.misses.unwrap());
    exact >= good.min(bad) * (1.0 - tolerance) && exact <= good.max(bad) * (1.0 + tolerance)
}

#[test]
fn an_m_m_1_takes_what_the_quantile_of_its_sojourn_allows() {
    // Exact: the sojourn is exponential with mean 1/(μ − λ), so p95 ≤ x allows λ* = μ − ln 20 / x = 50.071/s with μ = 100/s, x = 60 ms (Kleinrock 1975,
    // §3.2). 20 seeds here, 200 in docs/statistics.md. The interval at 95 % and the 3 % of the search hold it in at least 95 % of seeds; in 20, at
    // most 3 may not (by chance 1.6 %).
    let exact = 100.0 - 20f64.ln() / 0.06;
    let found: Vec<Found> = (1..=20).map(|seed| mm1(seed).capacity().unwrap()).collect();
    let off = found.iter().filter(|found| !holds(found, exact, 0.03)).count();
    assert!(off <= 3, "{off} of 20: {:?}", found.iter().map(|f| (f.meets, f.misses)).collect::<Vec<_>>());
    for found in &found {
        assert!(found.is_largest && (found.estimate / exact - 1.0).abs() < 0.06, "{}", found.estimate);
        assert!(found.tried.iter().all(|tried| tried.replications <= 160));
        let bottleneck = found.bottleneck.as_ref().unwrap();
        assert!(bottleneck.service == "api" && (bottleneck.utilisation - 0.5).abs() < 0.06, "{bottleneck:?}");
        assert_eq!((bottleneck.waits_for.as_deref(), found.today), (Some("queue"), Some(40.0)));
    }
}

#[test]
fn the_fewest_cores_are_those_of_erlang_c() {
    // Exact: M/M/c with λ = 300/s, μ = 100/s waits 5.094 ms at c = 4 on average (ErlangC 0.5094) and 1.181 ms at c = 5 (0.2362), so W ≤ 12 ms needs 5: W(4) =
    // 15.09 ms, W(5) = 11.18 ms. Kleinrock 1975, §3.5.
    let yaml = "
version: 1
run: { duration: 60s, warmup: 5s }
workload: { users: { to: api.x, open: { rate: 300/s } } }
services: { api: { instance: { cpu: 8 }, runtime: { tasks: { schedule: fifo } }, endpoints: { x: [ cpu: { exp: 10ms } ] } } }
slos: { fast: { of: users, mean: 12ms } }
capacity: { vary: services.api.instance.cpu, from: 1, to: 16 }
";
    let found = Experiment::from_yaml(yaml).unwrap().capacity().unwrap();
    assert_eq!((found.is_largest, found.meets, found.misses, found.estimate), (false, Some(5.0), Some(4.0), 5.0));
    let numbers: Vec<f64> = found.tried.iter().map(|tried| tried.number).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
}

#[test]
fn ends_that_all_meet_or_all_miss_are_said_to() {
    // From 5/s to 20/s an M/M/1 of 100/s meets p95 ≤ 60 ms everywhere, from 80/s to 90/s nowhere (λ* = 50.07/s).
    let within = |from: &str, to: &str| mm1(1).set(&format!("capacity.from={from}")).set(&format!("capacity.to={to}")).capacity().unwrap();
    let easy = within("5/s", "20/s");
    assert_eq!((easy.is_largest, easy.meets, easy.misses), (true, Some(20.0), None));
    let hard = within("80/s", "90/s");
    assert_eq!((hard.meets, hard.misses), (None, Some(90.0)));
    assert!(hard.tried.iter().all(|tried| tried.verdict == Verdict::Misses));
}

#[test]
fn a_search_is_the_same_on_any_number_of_threads() {
    // Law 5.
    let of = |threads: usize| format!("{:?}", mm1(3).threads(threads).capacity().unwrap());
    assert_eq!(of(1), of(3));
}

/// Two objectives with three goals, of a workload and of an endpoint; at 200/s more requests are in flight than may be.
const GOALS: &str = "
version: 1
name: goals
run: { duration: 20s, warmup: 5s, limits: { in_flight: 60 } }
workload: { users: { to: api.x, open: { rate: 40/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }
slos: { fast: { of: users, p95: 60ms, errors: 1% }, steady: { of: api.x, mean: 25ms } }
capacity: { vary: workload.users.open.rate, from: 5/s, to: 200/s, tolerance: 20%, most: 20 }
";

#[test]
fn the_table_of_a_capacity_says_what_json_says_and_is_the_batch() {
    // `--json` and `capacity_batch` are the oracles.
    let room = Room::new("goals.yaml", GOALS);
    let file = room.writes("capacity goals.yaml", "capacity.parquet");
    let said = room.says("capacity goals.yaml");
    let rows: Vec<(&Value, &Value)> = said["tried"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|tried| tried["goals"].as_array().unwrap().iter().map(move |goal| (tried, goal)))
        .collect();
    assert!(rows.len() >= 9 && rows.len() == 3 * said["tried"].as_array().unwrap().len(), "{said}");
    assert!(rows.iter().any(|(_, goal)| goal["estimate"].is_null()), "{said}");
    for (column, key) in [("value", "number"), ("utilisation", "utilisation")] {
        assert_numbers(&file, column, rows.iter().map(|(tried, _)| &tried[key]));
    }
    for column in ["estimate", "low", "high"] {
        assert_numbers(&file, column, rows.iter().map(|(_, goal)| &goal[column]));
    }
    for (column, key) in [("written", "value"), ("verdict", "verdict")] {
        assert!(words(&file, column).iter().zip(&rows).all(|(word, (tried, _))| tried[key] == *word), "{column}");
    }
    for (column, key) in [("slo", "name"), ("goal", "goal"), ("entity", "of")] {
        assert!(words(&file, column).iter().zip(&rows).all(|(word, (_, goal))| goal[key] == *word), "{column}");
    }
    let meets = |goal: &Value| match (goal["certain"] == true, goal["pass"] == true) {
        (false, _) => "undecided",
        _ if goal["estimate"].is_null() => "undecided",
        (true, true) => "yes",
        (true, false) => "no",
    };
    assert!(words(&file, "meets").iter().zip(&rows).all(|(word, (_, goal))| meets(goal) == word));
    let is_known = rows.iter().map(|(tried, _)| !tried["utilisation"].is_null());
    assert!(words(&file, "bottleneck").iter().zip(is_known).all(|(service, is_known)| service == if is_known { "api" } else { "" }));
    let manifest = room.manifest("one");
    for key in ["path", "unit", "searched", "capacity", "number", "meets", "misses", "today", "bottleneck"] {
        assert_eq!(manifest[key], said[key], "{key}");
    }
    assert_eq!(store::capacity_batch(&Experiment::from_yaml(GOALS).unwrap().capacity().unwrap()), file);
}

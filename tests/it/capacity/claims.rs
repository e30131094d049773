//! What a search claims about its range, and what it does not.

use super::mm1;
use crate::support::Room;
use asyncflow::Experiment;
use asyncflow::experiment::{SearchTarget, Verdict};

#[test]
fn ranges_that_meet_or_miss_everywhere_are_reported_as_such() {
    // From 5/s to 20/s an M/M/1 of 100/s meets p95 ≤ 60 ms everywhere, from 80/s to 90/s nowhere
    // (λ* = 50.07/s).
    let within = |from: &str, to: &str| {
        mm1(1)
            .set(&format!("capacity.from={from}"))
            .set(&format!("capacity.to={to}"))
            .capacity()
            .unwrap()
    };
    let easy = within("5/s", "20/s");
    assert_eq!((easy.target, easy.meets, easy.misses), (SearchTarget::Largest, Some(20.0), None));
    let hard = within("80/s", "90/s");
    assert_eq!((hard.meets, hard.misses), (None, Some(80.0)));
    assert!(hard.tried.iter().all(|tried| tried.verdict == Verdict::Misses));
    // At 0.001/s hardly any requests arrive, so the result is inconclusive; an estimate that meets
    // the goal is no reason to search for the smallest value.
    let untold = within("0.001/s", "1/s");
    assert_eq!(
        (untold.target, untold.meets, untold.misses),
        (SearchTarget::Either, Some(1.0), None)
    );
    assert_eq!(untold.tried[0].verdict, Verdict::Undecided);
}

#[test]
fn a_range_that_meets_only_in_its_middle_is_found_with_both_edges() {
    // Exact: the throughput is the rate, so at least 100/s is met from 100/s on. M/D/1 at 1 ms: a
    // p95 of 20 ms is reached at 92.5 % (Crommelin's series; 19 ms at 92 %, 24 ms at 94 %),
    // overload at 1,000/s. Both ends miss. Today's value meets the goals, or misses them, or is
    // outside of the range and not tried: then a value between the ends must be found.
    let yaml = |today: &str| {
        format!(
            "
version: 1
run: {{ duration: 20s, warmup: 2s }}
workload: {{ users: {{ to: app.x, open: {{ rate: {today} }} }} }}
services: {{ app: {{ endpoints: {{ x: [ cpu: 1ms ] }} }} }}
slos: {{ enough: {{ of: users, throughput: 100/s, p95: 20ms }} }}
capacity: {{ vary: workload.users.open.rate, from: 20/s, to: 3000/s, tolerance: 4%, most: 40 }}
"
        )
    };
    for (today, is_met) in
        [("200/s", Some(Verdict::Meets)), ("50/s", Some(Verdict::Misses)), ("10/s", None)]
    {
        let result = Experiment::from_yaml(&yaml(today)).unwrap().capacity().unwrap();
        let (lower, upper) = (result.lower.unwrap(), result.edge.unwrap());
        assert_eq!(
            (result.target, result.tried_at(result.today.unwrap()).map(|tried| tried.verdict)),
            (SearchTarget::Range, is_met)
        );
        let near = |edge: f64, exact: f64| (edge / exact - 1.0).abs() < 0.04;
        assert!(near(lower.estimate, 100.0) && near(upper.estimate, 925.0), "{lower:?}, {upper:?}");
        assert!(
            lower.misses.unwrap() < lower.meets
                && lower.meets < upper.meets
                && upper.meets < upper.misses.unwrap()
        );
    }
}

#[test]
fn a_value_too_near_to_tell_is_not_reported_to_miss() {
    // Exact, as above: four cores give a mean of 15.094 ms, which 10 replications estimate to about
    // 0.4 ms, so that 14.8 ms is too near to tell; five give 11.18 ms, three have no steady state.
    let room = Room::new(
        "near.yaml",
        "
version: 1
run: { duration: 60s, warmup: 5s }
workload: { users: { to: api.x, open: { rate: 300/s } } }
services: { api: { instance: { cpu: 8 }, runtime: { tasks: { schedule: fifo } }, endpoints: { x: [ cpu: { exp: 10ms } ] } } }
slos: { fast: { of: users, mean: 14.8ms } }
capacity: { vary: services.api.instance.cpu, from: 1, to: 16, most: 10 }
",
    );
    let stdout = String::from_utf8(room.run("capacity near.yaml").stdout).unwrap();
    assert!(stdout.contains("✔ 5  (4 is too near to tell, 1 does not)"), "{stdout}");
    assert!(stdout.contains("Today's 8 is 60.0 % more than is needed."), "{stdout}");
}

#[test]
fn nothing_is_claimed_about_values_beyond_the_range() {
    // Three or more instances meet the goal, and two would too, but the range begins at 3. The
    // number of cores of `auth` does not matter.
    let room = Room::new(
        "edge.yaml",
        "
version: 1
run: { duration: 30s, replications: 5 }
workload: { users: { to: api.x, open: { rate: 150/s } } }
services:
  api: { replicas: 4, endpoints: { x: [ cpu: { exp: 8ms }, call: auth.v ] } }
  auth: { instance: { cpu: 2 }, runtime: { tasks: {} }, endpoints: { v: [ cpu: 1ms ] } }
",
    );
    let says = |what: &str| {
        let printed =
            room.run(&format!("capacity edge.yaml --while users.p95<100ms --vary {what}"));
        String::from_utf8(printed.stdout).unwrap()
    };
    let replicas = says("services.api.replicas --from 3 --to 12");
    assert!(
        replicas.contains(
            "✔ every value tried from 3 to 12 (3 values); lower --from to search smaller values"
        ),
        "{replicas}"
    );
    let cores = says("services.auth.instance.cpu --from 2 --to 10");
    assert!(
        cores.contains("✔ every value tried from 2 to 10 (2 values); lower --from or raise --to")
            && cores.contains(
                "services.auth.instance.cpu makes no conclusive difference here: users p95"
            ),
        "{cores}"
    );
    for printed in [&replicas, &cores] {
        assert!(
            printed.contains("meets the objectives.")
                && !printed.contains("headroom")
                && !printed.contains("needed"),
            "{printed}"
        );
    }
    let none = says("workload.users.open.rate --from 600/s --to 900/s");
    assert!(
        none.contains(
            "✘ none of the values tried: not even 600/s meets the objectives (9 values from 600/s to 900/s)"
        ),
        "{none}"
    );
    let answer = room.says("capacity edge.yaml --while users.p95<100ms --vary workload.users.open.rate --from 600/s --to 900/s");
    assert!(["capacity", "number", "meets"].iter().all(|key| answer[key].is_null()), "{answer}");
    assert!(
        says("services.api.replicas --from 1 --to 12")
            .contains("Today's 4 is 2 times what is needed.")
    );
    let turned = room.ends(
        "capacity edge.yaml --while users.p95<100ms --vary services.api.replicas --from 12 --to 3",
        2,
    );
    assert!(turned.contains("`from` must be the smaller value: from 3 to 12"), "{turned}");
}

#[test]
fn a_low_limit_of_requests_in_flight_is_no_limit_of_the_system() {
    // An M/M/1 of 100/s meets p95 ≤ 60 ms up to 50/s, as above; there are seldom more than a few
    // requests in it, but sometimes more than ten. Values that reach the limit were reported to
    // miss, and the limit of the run as the capacity. What is overloaded misses all the same.
    let limited = mm1(1).set("run.limits.in_flight=10").set("capacity.to=200/s");
    let result = limited.capacity().unwrap();
    let stopped: Vec<_> = result.tried.iter().filter(|t| t.limit_reached.is_some()).collect();
    assert!(!stopped.is_empty(), "{:?}", result.tried);
    assert!(stopped.iter().all(|tried| tried.verdict == Verdict::Undecided));
    assert_eq!(result.tried.last().map(|tried| tried.verdict), Some(Verdict::Misses));
    assert!(result.misses.is_none_or(|misses| misses >= 100.0), "{:?}", result.misses);
    assert!(result.edge.is_none_or(|edge| edge.estimate == edge.meets), "{:?}", result.edge);
    let room = Room::new(
        "limit.yaml",
        "
version: 1
run: { duration: 20s, warmup: 5s, limits: { in_flight: 3 } }
workload: { users: { to: api.x, open: { rate: 40/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }
slos: { fast: { of: users, p95: 60ms } }
capacity: { vary: workload.users.open.rate, from: 30/s, to: 50/s }
",
    );
    let output = room.run("capacity limit.yaml");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("`run.limits.in_flight` (3) was reached at 30/s and ")
            && stderr.contains("whether the objectives are met there cannot be told"),
        "{stderr}"
    );
}

#[test]
fn a_few_requests_decide_nothing() {
    // Exact: 45 % of the requests fail, and no goal bounds them, so no value misses because half
    // of them fail; of a few requests, half often do. At least 0.02/s are answered at 0.1/s, of
    // which ten replications of 2 s see two requests.
    let yaml = |rate: &str, goal: &str, share: &str| {
        format!(
            "
version: 1
run: {{ duration: 2s }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ fail: {share}, wait: 1ms ] }} }} }}
slos: {{ fast: {{ of: users, {goal} }} }}
capacity: {{ vary: workload.users.open.rate, from: {rate}, to: 2/s, most: 10 }}
"
        )
    };
    let first = |text: &str, seed: u64| {
        let result = Experiment::from_yaml(text).unwrap().seed(seed).capacity().unwrap();
        result.tried[0].verdict
    };
    for seed in 1..=20 {
        assert_ne!(first(&yaml("0.5/s", "mean: 50ms", "45%"), seed), Verdict::Misses, "{seed}");
        assert_eq!(
            first(&yaml("0.1/s", "throughput: 0.02/s", "0%"), seed),
            Verdict::Undecided,
            "{seed}"
        );
    }
    // It still misses where most of many requests fail.
    let failing = yaml("100/s", "mean: 50ms", "60%").replace("to: 2/s", "to: 200/s");
    assert_eq!(first(&failing, 1), Verdict::Misses);
}

#[test]
fn equal_error_ratios_do_not_show_that_a_parameter_makes_no_difference() {
    // M/M/1 with a capacity of 125/s: nothing fails below or above it, but above it is overloaded.
    let room = Room::new(
        "errors.yaml",
        "version: 1
run: { duration: 60s, replications: 10 }
workload: { users: { to: api.x, open: { rate: 50/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 8ms } ] } } }
slos: { ok: { of: users, errors: 1% } }
",
    );
    for (to, expected) in [("500/s", "does not;"), ("50/s", "raise --to")] {
        let search =
            format!("capacity errors.yaml --vary workload.users.open.rate --from 10/s --to {to}");
        let output = room.run(&search);
        let answer = String::from_utf8_lossy(&output.stdout);
        assert!(answer.contains(expected) && !answer.contains("no difference"), "{answer}");
    }
}

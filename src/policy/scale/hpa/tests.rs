//! Recommendations, stabilisation and policies, against the controller's own tests and by hand.

use super::*;

fn share(percent: f64) -> Share {
    Share { fraction: percent / 100.0 }
}

#[test]
fn recommendations_are_those_of_the_controllers_own_tests() {
    // kubernetes `replica_calculator_test.go` @0006726, the rows for CPU, some with pods that
    // are not ready: levels in thousandths of a core, one core a pod unless said, target and
    // utilisation in per cent.
    type Row<'r> = (u32, &'r [u64], &'r [u64], &'r [u64], f64, (u32, u64));
    let rows: [Row; 8] = [
        (3, &[300, 500, 700], &[1000; 3], &[], 30.0, (5, 50)),
        (3, &[500, 700], &[1000; 2], &[1000], 30.0, (4, 40)),
        (3, &[400], &[1000], &[1000; 2], 30.0, (3, 13)),
        (2, &[500, 700], &[1000; 2], &[], 30.0, (4, 60)),
        (5, &[100, 300, 500, 250, 250], &[1000; 5], &[], 50.0, (3, 28)),
        (5, &[100, 300, 500], &[1000; 3], &[1000; 2], 50.0, (2, 30)),
        (3, &[1010, 1030, 1020], &[900, 1000, 1100], &[], 100.0, (3, 102)),
        (3, &[690, 690, 690], &[1000; 3], &[], 60.0, (4, 69)),
    ];
    for (current, levels, requests, unready, target, expected) in rows {
        let found = recommend(current, levels, requests, unready, share(target), share(10.0));
        assert_eq!(found, expected, "{levels:?}");
    }
    // The documentation's example: within a tenth of the target nothing changes.
    assert_eq!(recommend(3, &[650; 3], &[1000; 3], &[], share(60.0), share(10.0)).0, 3);
    assert_eq!(recommend(1, &[200], &[1000], &[], share(10.0), share(10.0)).0, 2);
    assert_eq!(recommend(2, &[50; 2], &[1000; 2], &[], share(10.0), share(10.0)).0, 1);
}

fn hpa(yaml: &str) -> Hpa {
    let all = format!(
        "version: 1\nworkload: {{ u: {{ to: a.x, open: {{ rate: 1/s }} }} }}\nservices: {{ a: {{ autoscale: {{ hpa: {{ {yaml} }} }}, endpoints: {{ x: [ cpu: 1ms ] }} }} }}"
    );
    let scenario = crate::scenario::from_yaml(&all).unwrap_or_else(|p| panic!("{p}"));
    scenario.services["a"].autoscale.clone().expect("it scales").hpa
}

fn s(seconds: u64) -> Time {
    Time(seconds * 1_000_000_000)
}

#[test]
fn the_default_doubles_or_adds_four_and_waits_five_minutes_before_it_removes() {
    // By hand, from the documented defaults.
    let of = hpa("max: 100, metrics: [ { cpu: 50% } ]");
    let mut memory = Memory::default();
    assert_eq!(memory.decide(&of, s(0), 1, 50), 5);
    memory.note(s(0), 1, 5);
    assert_eq!(memory.decide(&of, s(15), 5, 50), 10);
    memory.note(s(15), 5, 10);
    // Within the same period nothing more.
    assert_eq!(memory.decide(&of, s(20), 10, 50), 10);
    assert_eq!(memory.decide(&of, s(30), 10, 12), 12);
    memory.note(s(30), 10, 12);
    // Down to 3 only when no larger number has been recommended for 300 s.
    assert_eq!(memory.decide(&of, s(45), 12, 3), 12);
    assert_eq!(memory.decide(&of, s(329), 12, 3), 12);
    assert_eq!(memory.decide(&of, s(330), 12, 3), 3);
}

#[test]
fn policies_limit_the_change_in_a_period_and_select_chooses_among_them() {
    // By hand: from 20, a tenth or one instance a minute.
    let policies = "policies: [ { percent: 10%, per: 1m }, { pods: 1, per: 1m } ], stabilize: 0s";
    let down = |select: &str| {
        let of = hpa(&format!(
            "max: 100, metrics: [ {{ cpu: 50% }} ], down: {{ {policies}, select: {select} }}"
        ));
        let mut memory = Memory::default();
        let first = memory.decide(&of, s(0), 20, 1);
        memory.note(s(0), 20, first);
        (first, memory.decide(&of, s(30), first, 1), memory.decide(&of, s(60), first, 1))
    };
    assert_eq!(down("max"), (18, 18, 16));
    assert_eq!(down("min"), (19, 19, 18));
    assert_eq!(down("disabled"), (20, 20, 20));
}

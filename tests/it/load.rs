//! Times that depend on the load (`load`), and waits that a fault makes longer (`slow`).

use crate::support::run;
use asyncflow::experiment::Outlook;
use asyncflow::scenario::from_yaml;

/// Three requests that come at once, each to a wait written like this: their latencies, s.
fn three_at_once(wait: &str) -> [f64; 3] {
    let results = run(&format!(
        "run: {{ duration: 10s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 3/s, arrivals: {{ at: [ 1s, 1s, 1s ] }} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ wait: {wait} ] }} }} }}"
    ));
    ["min", "mean", "max"].map(|stat| results.value("workload users", &format!("latency {stat}")))
}

#[test]
fn a_wait_takes_as_long_as_its_load_says_when_it_begins() {
    // By hand: the first finds one in flight, itself, the second two, the third three.
    let close = |found: [f64; 3], by_hand: [f64; 3]| {
        let is_close = found.iter().zip(by_hand).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(is_close, "{found:?} and {by_hand:?}");
    };
    close(three_at_once("{ for: 100ms, load: { linear: 50% } }"), [0.1, 0.15, 0.2]);
    close(three_at_once("{ for: 100ms, load: { exponential: 100% } }"), [0.1, 0.7 / 3.0, 0.4]);
    let table = "[ { in_flight: 2, factor: 2x }, { in_flight: 4, factor: 5x } ]";
    // Twice as long up to two, 3.5 times with three.
    let of_table = three_at_once(&format!("{{ for: 100ms, load: {{ table: {table} }} }}"));
    close(of_table, [0.2, 0.25, 0.35]);
    // Behind the last row it stays as it is.
    let flat = three_at_once(
        "{ for: 100ms, load: { table: [ { in_flight: 1, factor: 3x } ] }, label: db }",
    );
    close(flat, [0.3, 0.3, 0.3]);
}

#[test]
fn an_external_system_gets_slower_with_its_load_and_counts_only_whom_it_serves() {
    // By hand: three at once, of which it serves two. The third begins when the first ends, with
    // two in flight again: 100, 150, 100 + 150 ms.
    let results = run("run: { duration: 10s, replications: 1 }
workload: { users: { to: pay.request, open: { rate: 3/s, arrivals: { at: [ 1s, 1s, 1s ] } } } }
services: { pay: { external: { latency: 100ms, load: { linear: 50% }, concurrency: 2 } } }");
    results.equals("workload users", "latency min", 0.1);
    results.equals("workload users", "latency max", 0.25);
    results.equals("workload users", "latency mean", 0.5 / 3.0);
}

#[test]
fn a_slow_fault_reaches_waits_if_it_says_so_and_those_of_external_systems_always() {
    // By hand: a request each second, of 100 ms; three times that from 10 s to 20 s. What has begun
    // before keeps its length.
    let latencies_us = |service: &str, waits: &str| {
        let results = run(&format!(
            "run: {{ duration: 30s, replications: 1 }}
workload: {{ users: {{ to: db.q, open: {{ rate: 1/s, arrivals: {{ at: [ 9950ms, 15s, 25s ] }} }} }} }}
services: {{ db: {service} }}
faults: [ slow: {{ target: db, factor: 3x, {waits} at: 10s, for: 10s }} ]"
        ));
        ["min", "mean", "max"]
            .map(|stat| (1e6 * results.value("workload users", &format!("latency {stat}"))).round())
    };
    let own = "{ endpoints: { q: [ wait: 100ms ] } }";
    let theirs = "{ external: { latency: 100ms }, endpoints: { q: [] } }";
    let usual = [100_000.0; 3];
    let slowed = [100_000.0, 166_667.0, 300_000.0];
    assert_eq!(latencies_us(own, ""), usual);
    assert_eq!(latencies_us(own, "waits: true,"), slowed);
    assert_eq!(latencies_us(theirs, ""), slowed);
    // A synchronous wait is one, too, in the loop or in a thread.
    let blocks = "{ endpoints: { q: [ block: 100ms ] } }";
    assert_eq!(latencies_us(blocks, ""), usual);
    assert_eq!(latencies_us(blocks, "waits: true,"), slowed);
    let sleeps = "{ endpoints: { q: [ offload: { pool: 1, do: [ block: 100ms ] } ] } }";
    assert_eq!(latencies_us(sleeps, "waits: true,"), slowed);
}

#[test]
fn an_overload_that_only_the_load_or_a_fault_brings_is_not_called_calm() {
    // By hand: 40 places for 200/s. With 100 ms each, half are taken; with ten times that, 500 %;
    // and with 5 % more for each of up to 40 in flight a place is held for 295 ms: 147 %.
    let outlook = |external: &str, fault: &str| {
        run(&format!(
            "run: {{ duration: 60s, replications: 5 }}
workload: {{ users: {{ to: pay.request, open: {{ rate: 200/s }} }} }}
services: {{ pay: {{ external: {{ latency: 100ms, concurrency: 40{external} }} }} }}
faults: [ {fault} ]"
        ))
        .results
        .verdicts[0]
            .outlook
            .clone()
    };
    assert_eq!(outlook("", ""), Outlook::KeepsUp);
    for (external, fault) in
        [("", "slow: { target: pay, factor: 10x, at: 0s }"), (", load: { linear: 5% }", "")]
    {
        let outlook = outlook(external, fault);
        assert!(matches!(outlook, Outlook::Overloaded(_)), "{outlook:?}");
    }
}

#[test]
fn requests_that_pile_up_without_a_queue_are_an_overload() {
    // By hand: with n in flight each takes 100 ms·(1 + 2 %·(n − 1)), so at most 500/s are answered
    // of any number; and in an endpoint of our own, with 10 % more for each, 100/s.
    let outlook = |service: &str, rate: u32, slos: &str| {
        let answer = run(&format!(
            "run: {{ duration: 120s, replications: 5 }}
workload: {{ u: {{ to: s.x, open: {{ rate: {rate}/s }} }} }}
services: {{ s: {service} }}
slos: {{ {slos} }}"
        ));
        assert!(answer.results.slos.iter().all(|slo| !slo.certain));
        answer.results.verdicts[0].outlook.clone()
    };
    let external =
        "{ external: { latency: { exp: 100ms }, load: { linear: 2% } }, endpoints: { x: [] } }";
    let own = "{ endpoints: { x: [ wait: { for: 100ms, load: { linear: 10% } } ] } }";
    assert!(matches!(outlook(external, 600, ""), Outlook::Overloaded(_)));
    assert!(matches!(outlook(own, 120, "a: { of: u, mean: 5m }"), Outlook::Overloaded(_)));
    // Just above the limit a run does not tell it from growth that ends, but is not called calm.
    let slow = outlook(own, 102, "a: { of: u, p95: 7s }");
    assert_ne!(slow, Outlook::KeepsUp);
    // Well below it is.
    assert_eq!(outlook(external, 300, ""), Outlook::KeepsUp);
}

#[test]
fn a_table_that_ends_is_noted_and_a_faster_fault_refused() {
    // By hand: 300/s of 100 ms are 30 in flight, and the table ends at 4. A factor below 1 would
    // make the certain part of a load uncertain.
    let results = run("run: { duration: 20s, replications: 2 }
workload: { u: { to: db.request, open: { rate: 300/s } } }
services: { db: { external: { latency: 100ms, load: { table: [ { in_flight: 4, factor: 1x } ] } } } }");
    let notes = results.results.notes.join("\n");
    assert!(notes.contains("ends at 4"), "{notes}");
    let faster = "version: 1
workload: { u: { to: db.request, open: { rate: 300/s } } }
services: { db: { external: { latency: 100ms } } }
faults: [ slow: { target: db, factor: 0.5x, at: 1m } ]";
    let told = from_yaml(faster).unwrap_err().to_string();
    assert!(told.contains("waits cannot become shorter"), "{told}");
}

//! The step `block`.

use crate::support::run;

#[test]
fn a_block_makes_its_loop_an_m_d_1_queue_whatever_the_speed() {
    // Pollaczek–Khinchine for constant service: at 60/s and 10 ms, ρ = 0.6, and the mean wait is
    // ρ/(2(1 − ρ)) · 10 ms = 7.5 ms. On a machine of twice the speed it is the same.
    for speed in ["1x", "2x"] {
        let results = run(&format!(
            "run: {{ duration: 420s, warmup: 20s, replications: 20 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 60/s }} }} }}
services: {{ api: {{ instance: {{ speed: {speed} }}, endpoints: {{ x: [ block: 10ms ] }} }} }}"
        ));
        results.agrees("workload users", "time_in.queue mean", 0.0075, 0.02);
        results.equals("workload users", "time_in.block mean", 0.010);
        results.agrees("service api", "utilisation mean", 0.6, 0.01);
    }
}

#[test]
fn a_block_is_part_of_the_burst_around_it_and_a_wait_is_not() {
    // By hand: two at once, each computes 1 ms, blocks or waits 10 ms, and computes 1 ms. Blocking,
    // the second begins when the first has ended: 24 ms. Waiting, it computes meanwhile, and ends
    // 1 ms later, at 13 ms.
    let last = |step: &str, runtime: &str| {
        let results = run(&format!(
            "run: {{ duration: 10s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 2/s, arrivals: {{ at: [ 1s, 1s ] }} }} }} }}
services: {{ api: {{ {runtime} endpoints: {{ x: [ cpu: 1ms, {step}: 10ms, cpu: 1ms ] }} }} }}"
        ));
        results.value("workload users", "latency max")
    };
    assert_eq!(last("block", ""), 0.024);
    assert_eq!(last("wait", ""), 0.013);
    // On shared cores it is a thread that sleeps: both compute 1 ms in 2, twice.
    assert_eq!(last("block", "runtime: { tasks: { schedule: ps } },"), 0.014);
}

#[test]
fn a_block_is_not_called_off_before_it_ends_and_a_crash_ends_it() {
    // By hand: the other branch wins after 2 ms, but the loop is held for 20 ms, so that a request
    // 5 ms later waits for 15 ms. After a crash at 10 ms the loop is free.
    let second = |faults: &str| {
        let results = run(&format!(
            "run: {{ duration: 10s, replications: 1 }}
workload:
  users: {{ to: api.x, open: {{ rate: 1/s, arrivals: {{ at: [ 1s ] }} }} }}
  later: {{ to: api.z, open: {{ rate: 1/s, arrivals: {{ at: [ 1005ms, 1015ms ] }} }} }}
services: {{ api: {{ endpoints: {{ x: [ parallel: {{ join: any, branches: [ [ block: 20ms ], [ wait: 2ms ] ] }} ], z: [ cpu: 1ms ] }} }} }}
faults: [ {faults} ]"
        ));
        (
            results.value("workload users", "latency max"),
            results.value("workload later", "latency min"),
            results.value("workload later", "completed total"),
        )
    };
    assert_eq!(second(""), (0.002, 0.007, 2.0));
    let crash = "crash: { target: api, at: 1010ms, for: 1ms }";
    assert_eq!(second(crash), (0.002, 0.001, 1.0));
}

#[test]
fn blocks_count_as_load_of_the_loop() {
    // By definition: 60/s · (10 ms / 2 + 15 ms) is 1.2 of a loop at twice the speed: an overload,
    // and the estimate says so.
    use asyncflow::experiment::Outlook;
    let results = run("run: { duration: 120s, replications: 4 }
workload: { users: { to: api.x, open: { rate: 60/s } } }
services: { api: { instance: { speed: 2x }, endpoints: { x: [ cpu: 10ms, block: 15ms ] } } }");
    let notes = &results.results.notes;
    assert!(notes.iter().any(|note| note.starts_with("`api` counts as busy also")), "{notes:?}");
    match &results.results.verdicts[0].outlook {
        Outlook::Overloaded(overload) => {
            assert!((overload.load - 1.2).abs() < 1e-9, "{overload:?}");
        }
        outlook => panic!("{outlook:?}"),
    }
}

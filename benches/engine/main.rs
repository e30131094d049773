//! The engine, with every measure on, against a hand-written loop of the same model: nanoseconds
//! per request, and their ratio within one run.
//!
//! `cargo bench --bench engine`. The bars are at most 1.45 times (M/M/1), 1.4 times (the balancer)
//! and twice (blocks, `queue.rs`) the hand-written loop that computes the usual results of a
//! simulation: mean, p99, utilisation and the mean queue (`hand::run::<true>`). For comparison
//! there is a bare loop, which only sums latencies. The machine is shared and noisy: read the
//! ratios, not the nanoseconds. Each figure is the best of several alternating runs.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench measures time and prints it"
)]

mod hand;
mod queue;

use asyncflow::scenario::Scenario;
use hand::{Balance, Model};
use std::time::Instant;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let models = [
        (
            "M/M/1, rho 0.8",
            Model {
                rate: 80.0,
                servers: 1,
                cores: 1,
                balance: Balance::RoundRobin,
                link_s: [0.0; 2],
                cpu_s: 0.010,
                exponential: true,
                wait_s: 0.0,
                memory: 0,
                seconds: 20_000.0,
            },
        ),
        (
            "two servers behind a balancer",
            Model {
                rate: 130.0,
                servers: 2,
                cores: 1,
                balance: Balance::RoundRobin,
                link_s: [0.004, 0.003],
                cpu_s: 0.002,
                exponential: false,
                wait_s: 0.012,
                memory: 128,
                seconds: 8_000.0,
            },
        ),
        (
            "32 servers x 4 cores, least connections",
            Model {
                rate: 20_480.0,
                servers: 32,
                cores: 4,
                balance: Balance::LeastConnections,
                link_s: [0.0; 2],
                cpu_s: 0.005,
                exponential: true,
                wait_s: 0.0,
                memory: 0,
                seconds: 80.0,
            },
        ),
        (
            "small: 10 in flight",
            Model {
                rate: 280.0,
                servers: 1,
                cores: 4,
                balance: Balance::RoundRobin,
                link_s: [0.010; 2],
                cpu_s: 0.010,
                exponential: true,
                wait_s: 0.012,
                memory: 100,
                seconds: 4_000.0,
            },
        ),
        (
            "large: 20,000 in flight",
            Model {
                rate: 56_000.0,
                servers: 200,
                cores: 4,
                balance: Balance::RoundRobin,
                link_s: [0.165; 2],
                cpu_s: 0.010,
                exponential: true,
                wait_s: 0.012,
                memory: 100,
                seconds: 25.0,
            },
        ),
    ];
    println!(
        "{:42} {:>6} {:>9} {:>10} {:>14} {:>12}",
        "ns per request", "bare", "measured", "asyncflow", "of measured", "of bare"
    );
    for (name, mut model) in models {
        if quick {
            model.seconds /= 100.0;
        }
        let scenario = asyncflow::scenario::from_yaml(&yaml(&model))
            .unwrap_or_else(|problems| panic!("{problems}"));
        let (mut bare, mut measured, mut ours) = (f64::MAX, f64::MAX, f64::MAX);
        let (mut theirs, mut our_results) = (hand::Answer::default(), [0.0; 4]);
        for _ in 0..if quick { 1 } else { 7 } {
            let started = Instant::now();
            let answer = hand::run::<false>(&model, 1);
            bare = bare.min(started.elapsed().as_secs_f64() * 1e9 / answer.answered as f64);
            let started = Instant::now();
            theirs = hand::run::<true>(&model, 1);
            measured = measured.min(started.elapsed().as_secs_f64() * 1e9 / theirs.answered as f64);
            let (took, results) = run(&scenario, ("service", "api", "ready_queue", "mean"));
            (ours, our_results) = (ours.min(took), results);
        }
        println!(
            "{name:42} {bare:6.0} {measured:9.0} {ours:10.0} {:14.2} {:12.2}",
            ours / measured,
            ours / bare
        );
        row("by hand", [theirs.mean_s, theirs.p99_s, theirs.utilisation, theirs.ready]);
        row("asyncflow", our_results);
    }
    for (name, steps, queue, mut model) in blocks() {
        if quick {
            model.seconds /= 100.0;
        }
        let text = format!(
            "version: 1
run: {{ duration: {}s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {}/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ {steps} ] }} }} }}",
            model.seconds, model.rate
        );
        let scenario =
            asyncflow::scenario::from_yaml(&text).unwrap_or_else(|problems| panic!("{problems}"));
        let (mut measured, mut ours) = (f64::MAX, f64::MAX);
        let (mut theirs, mut our_results) = ((0, [0.0; 4]), [0.0; 4]);
        for _ in 0..if quick { 1 } else { 7 } {
            let started = Instant::now();
            theirs = queue::run(&model, 1);
            measured = measured.min(started.elapsed().as_secs_f64() * 1e9 / theirs.0 as f64);
            let (took, results) = run(&scenario, queue);
            (ours, our_results) = (ours.min(took), results);
        }
        println!("{name:42} {:>6} {measured:9.0} {ours:10.0} {:14.2}", "", ours / measured);
        row("by hand", theirs.1);
        row("asyncflow", our_results);
    }
}

/// The results of either, to compare.
fn row(who: &str, [mean, p99, utilisation, ready]: [f64; 4]) {
    println!(
        "  {who:10} mean {:9.4} ms   p99 {:9.3} ms   utilisation {utilisation:.4}   ready {ready:8.4}",
        mean * 1e3,
        p99 * 1e3
    );
}

/// Runs a scenario on one thread: nanoseconds per request, and the results. `queue` is the metric
/// of what waits, whose entity has a utilisation too.
fn run(scenario: &Scenario, queue: (&str, &str, &str, &str)) -> (f64, [f64; 4]) {
    let started = Instant::now();
    let results = asyncflow::Experiment::new(scenario)
        .threads(std::num::NonZero::<usize>::MIN)
        .run()
        .unwrap_or_else(|error| panic!("{error}"));
    let seconds = started.elapsed().as_secs_f64();
    let estimate = |kind: &str, entity: &str, metric: &str, stat: &str| {
        results.find(kind, entity, metric, stat).map_or(f64::NAN, |row| row.estimate.estimate)
    };
    let (kind, entity, metric, stat) = queue;
    let figures = [
        estimate("workload", "users", "latency", "mean"),
        estimate("workload", "users", "latency", "p99"),
        estimate(kind, entity, "utilisation", "mean"),
        estimate(kind, entity, metric, stat),
    ];
    (seconds * 1e9 / estimate("workload", "users", "completed", "total"), figures)
}

/// What a metric is found by: kind, entity, name, statistic.
type Metric = (&'static str, &'static str, &'static str, &'static str);

/// Blocks in sequence: names, steps, the metric of what waits, and the model by hand.
fn blocks() -> [(&'static str, &'static str, Metric, queue::Model); 3] {
    let model = queue::Model {
        rate: 80.0,
        service_s: [0.010; 2],
        first: 1.0,
        again: 0.0,
        seconds: 10_000.0,
    };
    let core = ("service", "api", "ready_queue", "mean");
    [
        (
            "branch: two kinds of bursts",
            "branch: [ { p: 30%, do: [ cpu: { exp: 20ms } ] }, { do: [ cpu: { exp: 5ms } ] } ]",
            core,
            queue::Model { service_s: [0.020, 0.005], first: 0.3, ..model },
        ),
        (
            "repeat: feedback, on average twice",
            "repeat: { times: { geometric: { mean: 2 } }, do: [ cpu: { exp: 5ms }, wait: 0s ] }",
            core,
            queue::Model { service_s: [0.005; 2], again: 0.5, ..model },
        ),
        (
            "lock: held during a wait",
            "lock: { name: row, hold: [ wait: { exp: 10ms } ] }",
            ("lock", "api#1.row", "waiting", "mean"),
            model,
        ),
    ]
}

/// Returns the same model as a scenario.
fn yaml(model: &Model) -> String {
    let balance =
        if model.balance == Balance::RoundRobin { "round_robin" } else { "least_connections" };
    let cpu = if model.exponential {
        format!("{{ exp: {}us }}", model.cpu_s * 1e6)
    } else {
        format!("{}us", model.cpu_s * 1e6)
    };
    let mut steps = vec![format!("cpu: {cpu}")];
    if model.memory > 0 {
        steps.insert(0, format!("memory: {}MB", model.memory));
    }
    if model.wait_s > 0.0 {
        steps.push(format!("wait: {}us", model.wait_s * 1e6));
    }
    let links = if model.link_s[0] > 0.0 {
        format!(
            "links: {{ users -> api: {{ latency: {{ exp: {}us }} }}, api -> users: {{ latency: {{ exp: {}us }} }} }}",
            model.link_s[0] * 1e6,
            model.link_s[1] * 1e6
        )
    } else {
        String::new()
    };
    format!(
        "version: 1
run: {{ duration: {}s, replications: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {}/s }} }} }}
services: {{ api: {{ replicas: {}, balance: {balance}, instance: {{ cpu: {}, memory: 2048MB }}, runtime: {{ tasks: {{ schedule: fifo }} }}, endpoints: {{ x: [ {} ] }} }} }}
{links}",
        model.seconds,
        model.rate,
        model.servers,
        model.cores,
        steps.join(", ")
    )
}

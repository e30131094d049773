//! Systems at loads below and above 1.

use super::{Grid, ONE, Truth, closed_throughput, scenario_of, settles_s, steady};

/// Adds all of them, by load.
pub(super) fn add_to(grid: &mut Grid) {
    for load in [0.90, 0.95, 0.98, 0.99, 0.999, 1.001, 1.01, 1.05] {
        let truth = if load > 1.0 { Truth::Fails } else { Truth::Holds };
        queues(grid, load, truth);
        held(grid, load, truth);
        lost(grid, load, truth);
        arrivals(grid, load, truth);
    }
}

/// Queues for cores: one, several, and behind a call.
fn queues(grid: &mut Grid, load: f64, truth: Truth) {
    let edge = (load - 1.0f64).abs() > 0.049;
    for seconds in [0.3, 3.0, 30.0] {
        grid.add(
            "one queue, short runs",
            format!("{load} for {seconds} s"),
            scenario_of(seconds, &steady(load * 100.0), ONE, ""),
            truth,
            false,
        );
    }
    let seconds = if edge { 21.0 * settles_s(load) } else { 200.0 };
    grid.add(
        "one queue, long runs",
        format!("{load} for {seconds:.0} s"),
        scenario_of(seconds, &steady(load * 100.0), ONE, ""),
        truth,
        edge,
    );
    let four = "  api: { instance: { cpu: 4 }, runtime: { event_loop: { workers: 4 } }, endpoints: { x: [ cpu: { exp: 40ms } ] } }";
    grid.add(
        "four event loops",
        format!("{load}"),
        scenario_of(60.0, &steady(load * 100.0), four, ""),
        truth,
        false,
    );
    let behind = "  api: { endpoints: { x: [ cpu: 1ms, call: { to: db.q, timeout: 1s } ] } }
  db: { runtime: { tasks: {} }, endpoints: { q: [ cpu: { exp: 10ms } ] } }";
    grid.add(
        "behind a call with a timeout",
        format!("{load}"),
        scenario_of(60.0, &steady(load * 100.0), behind, ""),
        truth,
        false,
    );
}

/// Places, memory and instances that are held.
fn held(grid: &mut Grid, load: f64, truth: Truth) {
    let places = "  api: { max_in_flight: 10, endpoints: { x: [ wait: { exp: 100ms } ] } }";
    grid.add(
        "places",
        format!("{load}"),
        scenario_of(60.0, &steady(load * 100.0), places, ""),
        truth,
        false,
    );
    let memory = "  api: { instance: { memory: 100MiB }, endpoints: { x: [ memory: 10MiB, wait: { exp: 100ms } ] } }";
    grid.add(
        "memory",
        format!("{load}"),
        scenario_of(60.0, &steady(load * 100.0), memory, ""),
        truth,
        false,
    );
    // Four places, one core of 10 ms, and a wait of 20 ms: their capacity follows from mean
    // value analysis.
    let inside = "  api: { max_in_flight: 4, endpoints: { x: [ cpu: { exp: 10ms }, wait: { exp: 20ms } ] } }";
    let rate = load * closed_throughput(4, 0.010, 0.020);
    grid.add(
        "places that are held while waiting for a core",
        format!("{load}"),
        scenario_of(200.0, &steady(rate), inside, ""),
        truth,
        false,
    );
    let central =
        "  api: { replicas: 4, balance: central_queue, endpoints: { x: [ cpu: { exp: 40ms } ] } }";
    grid.add(
        "a central queue",
        format!("{load}"),
        scenario_of(60.0, &steady(load * 100.0), central, ""),
        truth,
        false,
    );
    // 10 ms there, 10 ms back, and 100 ms of waiting.
    let through = "  api: { max_in_flight: 12, endpoints: { x: [ call: db.q ] } }
  db: { endpoints: { q: [ wait: { exp: 100ms } ] } }
links: { api -> db: { latency: 10ms } }";
    grid.add(
        "places held through a call",
        format!("{load}"),
        scenario_of(60.0, &steady(load * 100.0), through, ""),
        truth,
        false,
    );
}

/// Requests of which a part is given up, lost or failed on the way.
fn lost(grid: &mut Grid, load: f64, truth: Truth) {
    // A share 1 − e^(−1/2) of the calls is answered in time; only those compute.
    let given_up = "  api: { runtime: { tasks: {} }, endpoints: { x: [ call: { to: db.q, timeout: 50ms }, cpu: { exp: 10ms } ] } }
  db: { endpoints: { q: [ wait: { exp: 100ms } ] } }";
    let rate = load * 100.0 / (1.0 - (-0.5f64).exp());
    grid.add(
        "computing behind calls that are given up",
        format!("{load}"),
        scenario_of(60.0, &steady(rate), given_up, ""),
        truth,
        false,
    );
    // Half of the calls are lost on the way, and half of the responses on the way back: a
    // quarter computes.
    let lossy =
        "  api: { runtime: { tasks: {} }, endpoints: { x: [ call: db.q, cpu: { exp: 10ms } ] } }
  db: { endpoints: { q: [ wait: 5ms ] } }
links: { api -> db: { latency: 1ms, loss: 50% } }";
    grid.add(
        "behind links that lose",
        format!("{load}"),
        scenario_of(60.0, &steady(load * 400.0), lossy, ""),
        truth,
        false,
    );
    let errors = "faults: [ errors: { target: api.x, rate: 60%, at: 1s } ]";
    grid.add(
        "requests that a fault fails",
        format!("{load}"),
        scenario_of(60.0, &steady(load * 250.0), ONE, errors),
        truth,
        false,
    );
}

/// Places in front of busy services, and arrivals that are not a Poisson process.
fn arrivals(grid: &mut Grid, load: f64, truth: Truth) {
    // Places for a closed network of 29 requests and three cores: 29/31 of a core's capacity
    // (balanced, exponential: Reiser, Lavenberg 1980).
    let stations =
        "  api: { max_in_flight: 29, endpoints: { x: [ call: a.q, call: b.q, call: c.q ] } }
  a: { endpoints: { q: [ cpu: { exp: 9.5ms } ] } }
  b: { endpoints: { q: [ cpu: { exp: 9.5ms } ] } }
  c: { endpoints: { q: [ cpu: { exp: 9.5ms } ] } }";
    let rate = load * 29.0 / 31.0 / 0.0095;
    grid.add(
        "places in front of busy services",
        format!("{load}"),
        scenario_of(200.0, &steady(rate), stations, ""),
        truth,
        false,
    );
    let batches = format!("{{ rate: {}/s, arrivals: {{ batch: {{ size: 10 }} }} }}", load * 10.0);
    grid.add("batches", format!("{load}"), scenario_of(60.0, &batches, ONE, ""), truth, false);
    let regular = format!("{{ rate: {}/s, arrivals: regular }}", load * 100.0);
    grid.add(
        "regular arrivals",
        format!("{load}"),
        scenario_of(60.0, &regular, ONE, ""),
        truth,
        false,
    );
}

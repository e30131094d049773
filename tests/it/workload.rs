//! Workloads: counts of arrivals against renewal theory, and two queues that depend only on the
//! arrival process.

use crate::support::{Answer, run};

/// Runs a workload against a service without any work.
fn arrivals(duration: &str, warmup: &str, replications: u32, workload: &str) -> Answer {
    run(&format!(
        "run: {{ duration: {duration}, warmup: {warmup}, replications: {replications} }}
workload: {{ users: {{ to: api.x, {workload} }} }}
services: {{ api: {{ endpoints: {{ x: [ wait: 1us ] }} }} }}"
    ))
}

/// Returns mean and variance of the replications' counts, and the number of replications.
fn moments(a: &Answer) -> (f64, f64, f64) {
    let values = &a.row("workload users", "arrivals total").values;
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0), n)
}

/// Asserts the variance of the counts within 4 standard errors of a sample variance of nearly
/// normal counts, plus 1 % for the asymptotic formula.
fn varies(a: &Answer, exact: f64) {
    let (_, variance, n) = moments(a);
    let allowed = 4.0 * exact * (2.0 / (n - 1.0)).sqrt() + 0.01 * exact;
    assert!(
        (variance - exact).abs() < allowed,
        "the variance of the counts is {variance}, not {exact} ± {allowed}"
    );
}

#[test]
fn the_number_of_regular_arrivals_is_exact() {
    // By hand: at 0 s, 0.1 s … 99.9 s; the horizon of 100 s is not part of the run. From 50 s on
    // there are 500. 1/s is 60/min.
    arrivals("100s", "0s", 1, "open: { rate: 10/s, arrivals: regular }").equals(
        "workload users",
        "arrivals total",
        1000.0,
    );
    arrivals("100s", "50s", 1, "open: { rate: 10/s, arrivals: regular }").equals(
        "workload users",
        "arrivals total",
        500.0,
    );
    arrivals("60s", "0s", 1, "open: { rate: 1/s, arrivals: regular }").equals(
        "workload users",
        "arrivals total",
        60.0,
    );
}

#[test]
fn regular_arrivals_begin_at_their_offset() {
    // By hand, for the requests that arrive in the measured second: at 0.25, 1.25 and 2.25 s;
    // without an offset, or with a negligible one, at 0, 1 and 2 s.
    let second = |arrivals_: &str, from: &str, until: &str| {
        let a = arrivals(until, from, 1, &format!("open: {{ rate: 1/s, arrivals: {arrivals_} }}"));
        a.value("workload users", "arrivals total")
    };
    let late = "{ regular: { offset: 250ms } }";
    assert_eq!(
        [
            second(late, "0s", "250ms"),
            second(late, "0s", "251ms"),
            second(late, "1249ms", "2250ms")
        ],
        [0.0, 1.0, 1.0]
    );
    for at_once in ["regular", "{ regular: {} }", "{ regular: { offset: 0s } }"] {
        assert_eq!(
            [
                second(at_once, "0s", "1ms"),
                second(at_once, "1ms", "1s"),
                second(at_once, "1s", "1001ms")
            ],
            [1.0, 0.0, 1.0]
        );
    }
}

#[test]
fn regular_arrivals_follow_a_changing_rate() {
    // By hand: nothing for 10 s, then 2/s for 10 s, then nothing: 20, the first at 10 s and the
    // last at 19.5 s. With an offset of 12 s, there are 16.
    let stages = "rate: { stages: [ { to: 0/s, over: 10s }, { to: 2/s, over: 0s }, { to: 2/s, over: 10s }, { to: 0/s, over: 0s } ] }";
    let come = |arrivals_: &str, from: &str, until: &str| {
        let a = arrivals(until, from, 1, &format!("open: {{ {stages}, arrivals: {arrivals_} }}"));
        a.value("workload users", "arrivals total")
    };
    assert_eq!(
        [
            come("regular", "0s", "10s"),
            come("regular", "0s", "10001ms"),
            come("regular", "19501ms", "60s")
        ],
        [0.0, 1.0, 0.0]
    );
    assert_eq!(come("regular", "0s", "60s"), 20.0);
    assert_eq!(come("{ regular: { offset: 12s } }", "0s", "60s"), 16.0);
    assert_eq!(come("{ regular: { offset: 12s } }", "0s", "12001ms"), 1.0);
}

#[test]
fn poisson_counts_have_their_mean_as_variance() {
    // Poisson: mean and variance are 200.
    let a = arrivals("20s", "0s", 2000, "open: { rate: 10/s }");
    a.agrees("workload users", "arrivals total", 200.0, 0.01);
    varies(&a, 200.0);
}

#[test]
fn the_variance_of_renewal_counts_is_proportional_to_the_squared_cv() {
    // Renewal theory (Cox 1962, §4.5): over long windows the variance of the count is cv² times its
    // mean of 1000, which is itself greater by (cv² − 1)/2 if an interval begins at 0.
    let laws = [("gamma", 2.0), ("gamma", 0.5), ("weibull", 2.0), ("weibull", 0.5)];
    for (law, cv) in laws.into_iter().chain([("hyperexp", 2.0)]) {
        let a = arrivals(
            "100s",
            "0s",
            1000,
            &format!("open: {{ rate: 10/s, arrivals: {{ {law}: {{ cv: {cv} }} }} }}"),
        );
        a.agrees("workload users", "arrivals total", 1000.0 + (cv * cv - 1.0) / 2.0, 0.01);
        varies(&a, cv * cv * 1000.0);
    }
}

const RAMPS: &str = "rate: { stages: [ { to: 100/s, over: 60s }, { to: 100/s, over: 60s }, { to: 0/s, over: 60s } ] }";

#[test]
fn the_count_of_a_ramp_is_the_integral_of_its_rate() {
    // By hand: 3000 + 6000 + 3000; half of the first ramp has a quarter of its
    // requests; the measured part after 60 s has 9000.
    let regular = format!("open: {{ {RAMPS}, arrivals: regular }}");
    arrivals("200s", "0s", 1, &regular).equals("workload users", "arrivals total", 12_000.0);
    arrivals("30001ms", "0s", 1, &regular).equals("workload users", "arrivals total", 751.0);
    let poisson = format!("open: {{ {RAMPS} }}");
    let a = arrivals("200s", "60s", 200, &poisson);
    a.agrees("workload users", "arrivals total", 9_000.0, 0.01);
    varies(&a, 9_000.0);
}

#[test]
fn windows_of_users_have_the_moments_of_a_mixed_poisson_process() {
    // `users_poisson_windows`: E = k·m·r·W = 15,000; Var = k·(m·r·W + m·(r·W)²) = 465,000.
    let a = arrivals(
        "600s",
        "0s",
        400,
        "users: { active: { poisson: 50 }, each: 30/min, resample: 60s }",
    );
    a.agrees("workload users", "arrivals total", 15_000.0, 0.01);
    varies(&a, 465_000.0);
}

#[test]
fn batches_may_be_spaced_evenly() {
    // By hand: a batch at 0 s and every 100 ms, 100 in 10 s; D^X/D/1: of 5 requests of 2 ms each on
    // one core the mean takes (2 + 4 + 6 + 8 + 10)/5 ms.
    let text = "run: { duration: 9999ms, replications: 2 }
workload: { users: { to: api.x, open: { rate: 10/s, arrivals: { batch: { size: 5, spacing: regular } } } } }
services: { api: { endpoints: { x: [ cpu: 2ms ] } } }";
    let a = run(text);
    a.equals("workload users", "arrivals total", 500.0);
    a.equals("workload users", "latency mean", 0.006);
}

#[test]
fn batches_of_8_wait_as_m_x_m_1_predicts() {
    // `batch_fixed8`: L = rho·(1 + E[X²]/E[X])/(2(1 − rho)) = 18, so 225 ms at 80/s. K1 §4.5.
    let a = run("run: { duration: 1900s, warmup: 200s, replications: 40 }
workload: { users: { to: api.x, open: { rate: 10/s, arrivals: { batch: { size: 8 } } } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }");
    a.agrees("workload users", "arrivals total", 10.0 * 8.0 * 1700.0, 0.01);
    a.agrees("workload users", "latency mean", 0.225, 0.015);
    a.agrees("workload users", "time_in.queue mean", 0.215, 0.015);
    a.agrees("service api", "in_flight mean", 18.0, 0.015);
}

#[test]
fn d_m_1_has_its_exact_exponential_sojourn() {
    // `dm1_rho80`: sigma = exp(−mu(1 − sigma)a) = 0.6286; T ~ Exp(mu(1 − sigma)). K1 §6.4.
    let a = run("run: { duration: 620s, warmup: 20s, replications: 40 }
workload: { users: { to: api.x, open: { rate: 80/s, arrivals: regular } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }");
    a.agrees("workload users", "latency mean", 0.026_927_308, 0.01);
    a.agrees("workload users", "time_in.queue mean", 0.016_927_308, 0.01);
    a.agrees("workload users", "latency p50", 0.018_664_588, 0.01);
    a.agrees("workload users", "latency p95", 0.080_667_007, 0.01);
    a.agrees("workload users", "latency p99", 0.124_004_838, 0.02);
    a.agrees("service api", "in_flight mean", 2.154_184_672, 0.01);
}

#[test]
fn a_mix_divides_requests_by_their_weights() {
    // By hand: 100/s for 200 s, divided 6 : 3 : 1 (weights need not add up to 1); a weight of 0
    // gets no requests.
    let a = run("run: { duration: 200s, replications: 20 }
workload: { users: { mix: { api.a: 6, api.b: 3, db.c: 1, db.d: 0 }, open: { rate: 100/s } } }
services: { api: { endpoints: { a: [ wait: 1us ], b: [ wait: 1us ] } }, db: { endpoints: { c: [ wait: 1us ], d: [ wait: 1us ] } } }");
    a.agrees("endpoint api.a", "arrivals total", 12_000.0, 0.01);
    a.agrees("endpoint api.b", "arrivals total", 6_000.0, 0.01);
    a.agrees("endpoint db.c", "arrivals total", 2_000.0, 0.01);
    a.equals("endpoint db.d", "arrivals total", 0.0);
    let sum: f64 = ["api.a", "api.b", "db.c"]
        .iter()
        .map(|e| a.value(&format!("endpoint {e}"), "arrivals total"))
        .sum();
    a.equals("workload users", "arrivals total", sum);
}

#[test]
fn two_workloads_are_counted_separately_and_served_together() {
    // By hand: 10/s and 4/s for 100 s, the first request at 0 s; both at the same endpoint.
    let a = run("run: { duration: 100s, replications: 1 }
workload:
  web: { to: api.x, open: { rate: 10/s, arrivals: regular } }
  batch: { to: api.x, open: { rate: 4/s, arrivals: regular } }
services: { api: { endpoints: { x: [ cpu: 1ms ] } } }");
    a.equals("workload web", "arrivals total", 1000.0);
    a.equals("workload batch", "arrivals total", 400.0);
    a.equals("endpoint api.x", "arrivals total", 1400.0);
    a.equals("service api", "utilisation mean", 1.4 / 100.0);
}

#[test]
fn interarrival_times_of_any_distribution_are_scaled_to_the_rate() {
    // Renewal theory, as above: cv² = 1/12 for U(0.5, 1.5) and 1/4 for an Erlang of four, whatever
    // mean is written.
    for (law, cv2) in [("uniform: [5s, 15s]", 1.0 / 12.0), ("erlang: { mean: 3ms, k: 4 }", 0.25)] {
        let a = arrivals(
            "100s",
            "0s",
            1000,
            &format!("open: {{ rate: 10/s, arrivals: {{ gaps: {{ {law} }} }} }}"),
        );
        a.agrees("workload users", "arrivals total", 1000.0 + (cv2 - 1.0) / 2.0, 0.01);
        varies(&a, cv2 * 1000.0);
    }
}

#[test]
fn requests_arrive_at_the_given_times() {
    // By hand: at 0, 1, 1 and 2.5 s, and not at 10 s, the horizon; from 1 s on there are three.
    let open = "open: { rate: 2/s, arrivals: { at: [0s, 1s, 1s, 2500ms, 10s] } }";
    arrivals("10s", "0s", 2, open).equals("workload users", "arrivals total", 4.0);
    arrivals("10s", "1s", 1, open).equals("workload users", "arrivals total", 3.0);
}

type Matrix = [[f64; 2]; 2];

fn times(a: Matrix, b: Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| a[i][0] * b[0][j] + a[i][1] * b[1][j]))
}

fn inverse([[a, b], [c, d]]: Matrix) -> Matrix {
    let det = a * d - b * c;
    [[d / det, -b / det], [-c / det, a / det]]
}

/// The mean number in MMPP/M/1 with two states, by the matrix-geometric method (Neuts 1981,
/// "Matrix-Geometric Solutions in Stochastic Models", §3.1): R solves A₀ + R·A₁ + R²·A₂ = 0, and
/// the level n has the probabilities π₀·Rⁿ.
fn mmpp_m_1(rates: [f64; 2], stays_s: [f64; 2], mu: f64) -> f64 {
    let [q, s] = stays_s.map(|stay| 1.0 / stay);
    let up: Matrix = [[rates[0], 0.0], [0.0, rates[1]]];
    let local: Matrix = [[-q - rates[0] - mu, q], [s, -s - rates[1] - mu]];
    let mut r: Matrix = [[0.0; 2]; 2];
    for _ in 0..100_000 {
        let squared = times(r, r);
        let sum: Matrix =
            std::array::from_fn(|i| std::array::from_fn(|j| -(up[i][j] + mu * squared[i][j])));
        r = times(sum, inverse(local));
    }
    // π₀·(Q − A₀ + R·A₂) = 0, and π₀·(I − R)⁻¹·1 = 1.
    let empty = [-q - rates[0] + mu * r[0][0], s + mu * r[1][0]];
    let first = [1.0, -empty[0] / empty[1]];
    let rest = inverse([[1.0 - r[0][0], -r[0][1]], [-r[1][0], 1.0 - r[1][1]]]);
    let sum =
        |m: Matrix| -> f64 { first[0] * (m[0][0] + m[0][1]) + first[1] * (m[1][0] + m[1][1]) };
    sum(times(r, times(rest, rest))) / sum(rest)
}

#[test]
fn a_rate_that_jumps_between_states_makes_an_mmpp_m_1_queue() {
    // Matrix-geometric solution; with equal rates it is M/M/1: 44/s and 10 ms, 0.44/0.56.
    assert!((mmpp_m_1([44.0; 2], [1.0, 0.25], 100.0) - 0.44 / 0.56).abs() < 1e-9);
    let expected = mmpp_m_1([20.0, 140.0], [1.0, 0.25], 100.0);
    let a = run("run: { duration: 2100s, warmup: 100s, replications: 40 }
workload: { users: { to: api.x, open: { rate: { mmpp: [ { rate: 20/s, stay: 1s }, { rate: 140/s, stay: 250ms } ] } } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }");
    a.agrees("workload users", "throughput mean", 44.0, 0.01);
    a.agrees("service api", "in_flight mean", expected, 0.02);
    a.agrees("workload users", "latency mean", expected / 44.0, 0.02);
    // Bursts of 140/s on a core that serves 100/s make it several times as long as Poisson.
    assert!(expected > 2.0 * 0.44 / 0.56, "{expected}");
}

#[test]
fn counts_of_a_rate_that_jumps_vary_as_their_index_of_dispersion_says() {
    // Heffes, Lucantoni 1986: over 100 s, with stays of 1 s and 250 ms at 20/s and 140/s, variance
    // over mean is 1 + 2π₁π₂(r₁ − r₂)²τ/r̄ less 2π₁π₂(r₁ − r₂)²τ²/(r̄t): τ = 0.2 s, r̄ = 44/s.
    let a = arrivals(
        "100s",
        "0s",
        2000,
        "open: { rate: { mmpp: [ { rate: 20/s, stay: 1s }, { rate: 140/s, stay: 250ms } ] } }",
    );
    let spread = 2.0 * 0.8 * 0.2 * 120.0 * 120.0;
    varies(&a, 4400.0 + spread * 0.2 * 100.0);
}

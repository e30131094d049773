//! Exact results of queueing theory. Numbers and sources: the reference table of theory cases (K1/K2 = Kleinrock, *Queueing Systems* I/II).
//!
//! Each claim is within 4 standard errors, with a standard error of at most 1 % (2 % for p99): see `support::Answer::agrees`.

use crate::support::{Answer, run};

/// One service `api` with one endpoint, Poisson arrivals.
fn single(rate: &str, cpu: u32, runtime: &str, steps: &str, duration: &str) -> Answer {
    run(&format!(
        "run: {{ duration: {duration}, warmup: 300s, replications: 40, seed: 1 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services:
  api:
    instance: {{ cpu: {cpu}, memory: 400B }}
    runtime: {{ {runtime} }}
    endpoints: {{ x: [ {steps} ] }}"
    ))
}

const LOOP: &str = "event_loop: { workers: 1 }";
const TASKS: &str = "tasks: { schedule: fifo }";

fn quantiles(answer: &Answer, of: &str, exact: [f64; 3]) {
    for (stat, exact, precision) in [("latency p50", exact[0], 0.01), ("latency p95", exact[1], 0.01), ("latency p99", exact[2], 0.02)] {
        answer.agrees(of, stat, exact, precision);
    }
}

#[test]
fn m_m_1_at_rho_80_has_an_exponential_sojourn() {
    // `mm1_rho80`: T ~ Exp(mu − lambda) = Exp(20/s); N geometric with mean 4. K1 (3.24, 3.26), §5.12.
    let a = single("80/s", 1, LOOP, "cpu: { exp: 10ms }", "2900s");
    a.agrees("workload users", "latency mean", 0.05, 0.01);
    quantiles(&a, "workload users", [0.034_657_359, 0.149_786_614, 0.230_258_509]);
    a.agrees("workload users", "time_in.queue mean", 0.04, 0.01);
    a.agrees("service api", "utilisation mean", 0.8, 0.01);
    a.agrees("service api", "in_flight mean", 4.0, 0.01);
    a.agrees("service api", "ready_queue mean", 3.2, 0.01);
    a.agrees("service api", "loop_lag mean", 0.04, 0.01);
    a.agrees("workload users", "throughput mean", 80.0, 0.01);
    a.agrees("workload users", "latency sd", 0.05, 0.02);
}

#[test]
fn m_m_4_waits_as_erlang_c_says() {
    // `mmc_c4`: C(4, 3.2) = 0.5964; W = C/(c·mu − lambda) = 7.455 ms. K1 (3.40).
    let a = single("320/s", 4, TASKS, "cpu: { exp: 10ms }", "900s");
    a.agrees("workload users", "latency mean", 0.017_455_406, 0.01);
    a.agrees("workload users", "time_in.queue mean", 0.007_455_406, 0.01);
    quantiles(&a, "workload users", [0.013_461_991, 0.047_380_195, 0.068_932_037]);
    a.agrees("service api", "ready_queue mean", 2.385_729_887, 0.015);
    a.agrees("service api", "in_flight mean", 5.585_729_887, 0.01);
}

#[test]
fn m_g_1_with_a_lognormal_service_waits_as_pollaczek_and_khinchine_say() {
    // `mg1_lognormal_cv2`: W = lambda·E[S²]/(2(1 − rho)) = 35 ms. K1 (5.63); quantiles by a lattice with rigorous bounds.
    let a = single("70/s", 1, LOOP, "cpu: { lognormal: { mean: 10ms, cv: 1.414213562 } }", "2900s");
    a.agrees("workload users", "latency mean", 0.045, 0.01);
    a.agrees("workload users", "time_in.queue mean", 0.035, 0.012);
    quantiles(&a, "workload users", [0.02387, 0.15813, 0.27836]);
}

#[test]
fn m_d_1_waits_half_as_long_as_m_m_1() {
    // `models.md` §15: wait at rho 0.8, mu 100: M/D/1 20 ms (K1 5.63 with no variance).
    let a = single("80/s", 1, LOOP, "cpu: 10ms", "1900s");
    a.agrees("workload users", "time_in.queue mean", 0.02, 0.01);
    a.equals("workload users", "time_in.cpu mean", 0.01);
}

#[test]
fn a_tandem_of_two_m_m_1_is_two_independent_sojourns() {
    // `tandem_mm1_mm1`: Burke 1956; sojourns Exp(20/s) and Exp(45/s), their sum hypoexponential. K1 §4.8.
    let a = run("
run: { duration: 2600s, warmup: 300s, replications: 40, seed: 1 }
workload: { users: { to: app.x, open: { rate: 80/s } } }
services:
  app: { instance: { memory: 1GiB }, endpoints: { x: [ cpu: { exp: 10ms }, call: db.q ] } }
  db: { endpoints: { q: [ cpu: { exp: 8ms } ] } }");
    a.agrees("workload users", "latency mean", 0.072_222_222, 0.01);
    a.agrees("endpoint db.q", "latency mean", 0.022_222_222, 0.01);
    quantiles(&a, "workload users", [0.058_633_100, 0.178_921_689, 0.259_614_097]);
    quantiles(&a, "endpoint db.q", [0.015_403_271, 0.066_571_828, 0.102_337_115]);
    a.agrees("service app", "utilisation mean", 0.8, 0.01);
    a.agrees("service db", "utilisation mean", 0.64, 0.01);
}

#[test]
fn an_event_loop_with_io_between_two_bursts_is_a_product_form_network() {
    // `eventloop_fifo`: BCMP (Baskett et al. 1975): the CPU is M/M/1 at rate 200/s, I/O an infinite server.
    for io in ["20ms", "{ exp: 20ms }"] {
        let a = single("100/s", 1, LOOP, &format!("cpu: {{ exp: 4ms }}, wait: {io}, cpu: {{ exp: 4ms }}"), "1400s");
        a.agrees("workload users", "latency mean", 0.06, 0.01);
        a.agrees("workload users", "time_in.queue mean", 0.032, 0.012);
        a.agrees("service api", "io_waiting mean", 2.0, 0.01);
        a.agrees("service api", "in_flight mean", 6.0, 0.01);
        a.agrees("service api", "utilisation mean", 0.8, 0.01);
    }
}

#[test]
fn four_permits_of_memory_before_an_event_loop() {
    // `permits4_eventloop`: a Markov chain solved numerically; permits are kept through I/O and handed over first come, first served.
    let a = single("60/s", 1, LOOP, "memory: 100B, cpu: { exp: 4ms }, wait: { exp: 30ms }, cpu: { exp: 6ms }", "1400s");
    a.agrees("workload users", "latency mean", 0.066_543_787, 0.01);
    a.agrees("workload users", "time_in.memory mean", 0.018_244_266, 0.02);
    a.agrees("workload users", "time_in.queue mean", 0.008_299_521, 0.01);
    a.agrees("service api", "memory_used mean", 289.797_127, 0.01);
    a.agrees("service api", "memory_queue mean", 1.094_655_944, 0.02);
    a.agrees("service api", "in_flight mean", 3.992_627_212, 0.01);
    a.agrees("service api", "utilisation mean", 0.6, 0.01);
}

#[test]
fn least_connections_without_delay_is_join_the_shortest_queue() {
    // `jsq_n2`: a Markov chain of the two queues, truncated at 70; Kingman 1961, Flatto and McKean 1977.
    let a = run("
run: { duration: 1400s, warmup: 300s, replications: 40, seed: 1 }
workload: { users: { to: api.x, open: { rate: 160/s } } }
services:
  api: { replicas: 2, balance: least_connections, endpoints: { x: [ cpu: { exp: 10ms } ] } }");
    a.agrees("workload users", "latency mean", 0.029_557_366, 0.01);
    a.agrees("workload users", "time_in.queue mean", 0.019_557_366, 0.01);
    quantiles(&a, "workload users", [0.021_179_140, 0.086_102_529, 0.130_843_977]);
    a.agrees("service api", "in_flight mean", 4.729_178_588, 0.01);
}

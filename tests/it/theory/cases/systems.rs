//! Users who leave their queue, promises about waiting, memory and threads that are held, service
//! that depends on the load, customers who go round, and what a tool tells that waits for answers.

use super::networks::{run, several};
use super::{API, Case, claim, station, users};

pub(super) fn cases() -> Vec<Case> {
    vec![erlang_a(), promises(), memory(), threads(), load(), round_trips(), tool()]
}

/// M/M/c+M.
fn erlang_a() -> Case {
    let (lambda, mu, theta) = (320.0f64, 100.0, 1000.0 / 15.0);
    let mut shares = vec![1.0f64];
    for n in 1..400u32 {
        let leaves = f64::from(n.min(3)) * mu + f64::from(n.saturating_sub(3)) * theta;
        shares.push(shares[n as usize - 1] * lambda / leaves);
    }
    let all: f64 = shares.iter().sum();
    let waiting: f64 =
        shares.iter().enumerate().map(|(n, share)| n.saturating_sub(3) as f64 * share / all).sum();
    let left = theta * waiting / lambda;
    let service = "instance: { cpu: 3 }, runtime: { tasks: {} }, max_in_flight: 3, queue: { timeout: { exp: 15ms } }, endpoints: { x: [ cpu: { exp: 10ms } ] }";
    several(
        "erlang_a",
        "three cores, exponential service of 10 ms, Poisson 320/s; who waits leaves after an exponential time of 15 ms on average",
        "the birth-death chain with the death rates min(n, 3)μ + max(n − 3, 0)θ: E[Lq], and the share θE[Lq]/λ leaves",
        "Palm 1957; Garnett, Mandelbaum, Reiman 2002",
        vec![run(
            "",
            station(400, 20, "rate: 320/s", service),
            vec![
                users("outcomes.queue_timeout mean", left),
                claim(API, "admission_queue mean", waiting),
                claim(API, "utilisation mean", (1.0 - left) * lambda / (3.0 * mu)),
            ],
        )],
    )
}

/// Objectives about M/M/1.
fn promises() -> Case {
    let text = "run: { duration: 1020s, warmup: 20s, replications: 40 }
workload: { users: { to: api.x, open: { rate: 50/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }
slos: { fast: { of: users, good: { share: 80%, within: 40ms } }, short: { of: users, good: { share: 75%, waits: 20ms } } }";
    several(
        "mm1_promises",
        "one core, exponential service of 10 ms, Poisson 50/s; good is an answer within 40 ms, or a wait of at most 20 ms",
        "P(T > t) = e^(−(μ−λ)t), P(W > t) = ρe^(−(μ−λ)t); the burn rate is the share over what is allowed",
        "K1 (3.26); GH §2.2",
        vec![run(
            "",
            text.to_string(),
            vec![
                claim("slo fast", "bad_ratio mean", (-2.0f64).exp()),
                claim("slo fast", "burn_rate mean", (-2.0f64).exp() / 0.2),
                claim("slo short", "bad_ratio mean", 0.5 * (-1.0f64).exp()),
            ],
        )],
    )
}

/// The mean wait for one of three that are held for 10 ms by 240/s: C(3, 2.4)/(3μ − λ).
fn wait_for_three() -> f64 {
    let (a, rho) = (2.4f64, 0.8);
    let last = a.powi(3) / 6.0 / (1.0 - rho);
    last / (1.0 + a + a * a / 2.0 + last) / 60.0
}

/// Memory for three.
fn memory() -> Case {
    let service = "instance: { cpu: 1, memory: 100MB }, endpoints: { x: [ hold: { memory: 33MB, do: [ wait: { exp: 10ms } ] } ] }";
    several(
        "hold_mm3",
        "memory of 100 MB, of which each request holds 33 MB during a wait of 10 ms; Poisson 240/s",
        "M/M/3: C(3, 2.4)/(3μ − λ)",
        "K1 (3.40)",
        vec![run(
            "",
            station(1000, 20, "rate: 240/s", service),
            vec![
                users("time_in.memory mean", wait_for_three()).within(0.02),
                claim(API, "memory_used mean", 2.4 * 33e6),
            ],
        )],
    )
}

/// Threads beside an event loop.
fn threads() -> Case {
    let service = "endpoints: { x: [ offload: { pool: 3, do: [ block: { exp: 10ms } ] } ] }";
    several(
        "offload_mm3",
        "three threads beside an event loop, each held by a blocking driver for 10 ms; Poisson 240/s",
        "M/M/3: C(3, 2.4)/(3μ − λ)",
        "K1 (3.40)",
        vec![run(
            "",
            station(1000, 20, "rate: 240/s", service),
            vec![
                users("time_in.thread mean", wait_for_three()).within(0.02),
                claim("thread api#1/1.threads", "held mean", 2.4),
            ],
        )],
    )
}

/// Service that gets slower in a crowd.
fn load() -> Case {
    const MOST: usize = 300;
    let (lambda, alone_s) = (80.0, 0.005);
    let mean_s = |n: usize| alone_s * (1.0 + (n.clamp(1, 10) - 1) as f64 / 9.0);
    let mut shares = vec![0.0; MOST];
    shares[0] = 1.0;
    for _ in 0..2_000 {
        let mut next = vec![0.0; MOST];
        for (n, share) in shares.iter().enumerate() {
            let load = lambda * mean_s(n);
            let mut chance = share / (1.0 + load);
            for to in next.iter_mut().skip(n.max(1) - 1) {
                *to += chance;
                chance *= load / (1.0 + load);
            }
        }
        shares = next;
    }
    let in_system: f64 = shares.iter().enumerate().map(|(n, share)| n as f64 * share).sum();
    let service = "endpoints: { x: [ cpu: { for: { exp: 5ms }, load: { table: [ { in_flight: 1, factor: 1x }, { in_flight: 10, factor: 2x } ] } } ] }";
    several(
        "harris_load",
        "one core, exponential service of 5 ms alone and up to 10 ms with ten in the system, as it is when it begins; Poisson 80/s",
        "the chain at departures: from n to max(n, 1) − 1 + A, with A the arrivals in a service that begins with max(n, 1) there",
        "Harris 1967",
        vec![run(
            "",
            station(1000, 20, "rate: 80/s", service),
            vec![
                users("latency mean", in_system / lambda).within(0.02),
                claim(API, "in_flight mean", in_system).within(0.02),
            ],
        )],
    )
}

/// A network in which customers go round by chance.
fn round_trips() -> Case {
    let text = "run: { duration: 1020s, warmup: 20s, replications: 40 }
workload: { users: { to: tour.x, open: { rate: 30/s } } }
services:
  tour:
    endpoints:
      x: [ repeat: { times: { geometric: { mean: 1.3333333333333333 } }, do: [ call: a.q, branch: [ { p: 50%, do: [ call: b.q ] }, { do: [ call: c.q ] } ] ] } ]
  a: { endpoints: { q: [ cpu: { exp: 10ms } ] } }
  b: { endpoints: { q: [ cpu: { exp: 20ms } ] } }
  c: { endpoints: { q: [ cpu: { exp: 30ms } ] } }";
    several(
        "jackson_loop",
        "from a with equal chances to b or c, and from these back to a with 25 %, or out: services of 10, 20 and 30 ms, Poisson 30/s",
        "visits 4/3, 2/3, 2/3, so ρ = 0.4, 0.4, 0.6, each with ρ/(1 − ρ) there; T = Σ ρ/(1 − ρ)/λ",
        "Jackson 1957",
        vec![run(
            "",
            text.to_string(),
            vec![
                users("latency mean", 17.0 / 6.0 / 30.0),
                claim("service a", "in_flight mean", 2.0 / 3.0),
                claim("service b", "in_flight mean", 2.0 / 3.0),
                claim("service c", "in_flight mean", 1.5).within(0.02),
            ],
        )],
    )
}

/// What a tool with one connection tells of M/M/1.
fn tool() -> Case {
    let text = "run: { duration: 1020s, warmup: 20s, replications: 40 }
workload: { users: { to: api.x, open: { rate: 80/s }, tool: { connections: 1 } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }";
    several(
        "mm1_tool",
        "one core, exponential service of 10 ms, Poisson 80/s; a tool sends its next request when it has an answer",
        "the chain of how many its requests find: n + 1 services long others come behind it, and some of these leave until the next arrival",
        "the chain is ours; coordinated omission: Tene 2013",
        vec![run(
            "",
            text.to_string(),
            vec![
                users("latency mean", 0.05).within(0.02),
                claim("tool users", "latency mean", told_by_one_connection(80.0, 100.0)),
            ],
        )],
    )
}

/// The mean latency that one connection tells of M/M/1, by its embedded chain: how many are in the
/// system when the next request arrives after it has its answer. Those that came meanwhile are
/// behind it (n + 1 services long, so their number is negative binomial), and some of them leave
/// until then.
fn told_by_one_connection(arrival: f64, service: f64) -> f64 {
    const N: usize = 200;
    let (p, q) = (arrival / (arrival + service), service / (arrival + service));
    // From n found to m left behind: C(m + n, m) pᵐ qⁿ⁺¹.
    let mut left = vec![vec![0.0; N]; N];
    for (n, row) in left.iter_mut().enumerate() {
        let mut term = q.powi(n as i32 + 1);
        for (m, to) in row.iter_mut().enumerate() {
            *to = term;
            term *= p * (m + n + 1) as f64 / (m + 1) as f64;
        }
    }
    // From m left behind to k found: geometric, and all have left at 0.
    let found = |m: usize, k: usize| match k {
        0 => q.powi(m as i32),
        _ if k <= m => q.powi((m - k) as i32) * p,
        _ => 0.0,
    };
    let mut share = vec![1.0 / N as f64; N];
    for _ in 0..200 {
        let behind: Vec<f64> =
            (0..N).map(|m| (0..N).map(|n| share[n] * left[n][m]).sum()).collect();
        share = (0..N).map(|k| (k..N).map(|m| behind[m] * found(m, k)).sum()).collect();
    }
    let sum: f64 = share.iter().sum();
    let mean: f64 = share.iter().enumerate().map(|(n, share)| n as f64 * share).sum();
    (mean / sum + 1.0) / service
}

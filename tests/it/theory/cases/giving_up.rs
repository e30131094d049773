//! Requests that are given up, what they waste, and keys of locks.

use super::networks::{run, several};
use super::{API, Case, USERS, api, claim, station, users};

/// M/M/1+D: who still waits after 30 ms leaves the queue.
pub(super) fn queue_timeout() -> Case {
    let service =
        "max_in_flight: 1, queue: { timeout: 30ms }, endpoints: { x: [ cpu: { exp: 10ms } ] }";
    let claims = vec![
        users("outcomes.queue_timeout mean", 0.166_710_256),
        users("throughput mean", 74.996_077),
        claim(API, "utilisation mean", 0.749_960_77),
        users("time_in.admission mean", 0.009_974_891),
    ];
    several(
        "mm1_queue_timeout",
        "one core, exponential service of 10 ms, Poisson 90/s; a request that has waited for 30 ms leaves",
        "the density of the virtual waiting time: λπ₀e^((λ−μ)x) up to 30 ms, and then with μ alone",
        "Barrer 1957; de Kok, Tijms 1985",
        vec![run("", station(1000, 30, "rate: 90/s", service), claims)],
    )
}

/// M/M/1 whose users leave after τ, but whose requests go on.
pub(super) fn wasted() -> Case {
    let (lambda, mu, tau) = (100.0f64, 125.0f64, 0.08f64);
    let early = (-(mu - lambda) * tau).exp() * (1.0 - (-lambda * tau).exp() * (1.0 + lambda * tau))
        / lambda;
    let late = (-mu * tau).exp() * (tau + 1.0 / mu);
    let text = "run: { duration: 1030s, warmup: 30s }
workload: { users: { to: api.x, open: { rate: 100/s }, patience: 80ms } }
services: { api: { endpoints: { x: [ cpu: { exp: 8ms } ] } } }";
    several(
        "mm1_wasted",
        "one core, exponential service of 8 ms, Poisson 100/s; users leave after 80 ms, and their requests go on",
        "P(T > τ) = e^(−(μ−λ)τ); wasted: μE[S; W + S > τ] = μ(e^(−(μ−λ)τ)(1 − e^(−λτ)(1 + λτ))/λ + e^(−μτ)(τ + 1/μ))",
        "K1 §3.2 (the integral is ours)",
        vec![run(
            "",
            text.to_string(),
            vec![
                users("outcomes.abandoned mean", (-(mu - lambda) * tau).exp()).within(0.02),
                claim("system all", "wasted_ratio mean", (early + late) * mu).within(0.02),
                api("utilisation mean", 0.8),
            ],
        )],
    )
}

/// A lock with keys: M/M/1 for each.
pub(super) fn keys() -> Case {
    let weights: Vec<f64> = (1..=200).map(|rank| f64::from(rank).powf(-1.1)).collect();
    let total: f64 = weights.iter().sum();
    let loads = weights.iter().map(|weight| (weight / total, 3.0 * weight / total));
    let wait_s: f64 = loads.map(|(p, rho)| p * rho * 0.01 / (1.0 - rho)).sum();
    let api = "endpoints: { x: [ lock: { name: row, keys: { zipf: { n: 200, s: 1.1 } }, hold: [ wait: { exp: 10ms } ] } ] }";
    several(
        "lock_keys",
        "a lock with 200 keys, zipf with s = 1.1, held for 10 ms while something is awaited; Poisson 300/s",
        "M/M/1 for each key: Σ p·ρ/(μ(1 − ρ)) with ρ = λp/μ; the hottest is busy for λp/μ",
        "K1 (3.24); thinning of a Poisson process: K1 §2.4",
        vec![run(
            "",
            station(1000, 30, "rate: 300/s", api),
            vec![
                users("time_in.lock mean", wait_s).within(0.02),
                claim("lock api#1.row", "utilisation mean", 3.0 / total),
                claim("lock api#1.row", "held mean", 3.0),
            ],
        )],
    )
}

/// H2/M/1.
pub(super) fn hyperexponential_arrivals() -> Case {
    let (lambda, mu, cv2) = (80.0f64, 100.0f64, 4.0f64);
    let p = (1.0 + ((cv2 - 1.0) / (cv2 + 1.0)).sqrt()) / 2.0;
    let transform = |s: f64| {
        [p, 1.0 - p].iter().map(|p| p * 2.0 * p * lambda / (2.0 * p * lambda + s)).sum::<f64>()
    };
    let sigma = (0..10_000).fold(0.5, |sigma, _| transform(mu * (1.0 - sigma)));
    let service = "endpoints: { x: [ cpu: { exp: 10ms } ] }";
    several(
        "h2m1",
        "one core, exponential service of 10 ms; hyperexponential gaps with cv 2, 80/s",
        "σ = A*(μ(1 − σ)); T = 1/(μ(1 − σ)), exponential",
        "K1 §6.4",
        vec![run(
            "",
            station(2000, 60, "rate: 80/s, arrivals: { hyperexp: { cv: 2 } }", service),
            vec![
                users("latency mean", 1.0 / (mu * (1.0 - sigma))).within(0.02),
                claim(USERS, "latency p99", 100f64.ln() / (mu * (1.0 - sigma))).within(0.03),
            ],
        )],
    )
}

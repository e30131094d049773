//! Exact results of queueing theory, as data: scenarios, exact values and their sources.
//!
//! The tests (`tests/it/theory.rs`) and the example `validate`, which writes `docs/validation.md`,
//! read this one table. K1, K2 = Kleinrock, *Queueing Systems* I (1975), II (1976); HB =
//! Harchol-Balter, *Performance Modeling and Design of Computer Systems* (2013); GH = Gross,
//! Harris, *Fundamentals of Queueing Theory*; T = Tijms, *A First Course in Stochastic Models*
//! (2003).

mod at_once;
mod closed;
mod counts;
mod giving_up;
mod networks;
mod published;
mod sharing;
mod stations;
mod systems;

pub use published::THEIRS;

/// A result of theory.
pub struct Case {
    pub id: &'static str,
    /// A description of the simulated system.
    pub what: &'static str,
    pub formula: &'static str,
    pub source: &'static str,
    /// The scenarios; one result may be checked on several systems.
    pub runs: Vec<Run>,
}

/// A scenario and its claims.
pub struct Run {
    /// Distinguishes the runs of a case; empty if there is only one.
    pub label: &'static str,
    /// The scenario without version, name and seed, which the judge adds.
    pub yaml: String,
    pub claims: Vec<Claim>,
}

/// The exact value of a metric (`docs/outputs.md`).
#[derive(Clone, Copy)]
pub struct Claim {
    pub of: &'static str,
    pub number: &'static str,
    pub read: Read,
    pub exact: f64,
    /// The largest allowed standard error, as a share of the value; 0 if the value is
    /// deterministic.
    pub share: f64,
}

/// The transformation of a number before it is compared. All but the first are means over the
/// replications, and therefore unbiased.
#[derive(Clone, Copy, PartialEq)]
pub enum Read {
    /// The estimate as it is reported.
    AsReported,
    /// The squared distance from a known mean: the variance.
    SquareAbout(f64),
    /// Whether the number exceeds a threshold: a probability.
    Above(f64),
    /// The mean square of a latency, from its mean, standard deviation and count. (The standard
    /// deviation alone has a bias.)
    MeanSquare,
}

const fn claim(of: &'static str, number: &'static str, exact: f64) -> Claim {
    Claim { of, number, read: Read::AsReported, exact, share: 0.01 }
}

impl Claim {
    const fn within(self, share: f64) -> Claim {
        Claim { share, ..self }
    }
    const fn read_as(self, read: Read) -> Claim {
        Claim { read, ..self }
    }
    /// Returns the name of the metric as in the outputs, with its transformation.
    pub fn words(&self) -> String {
        let Claim { of, number, .. } = self;
        match self.read {
            Read::AsReported => format!("{number} of {of}"),
            Read::SquareAbout(_) => format!("{number} of {of}: variance"),
            Read::Above(bound) => format!("{number} of {of}: more than {bound}"),
            Read::MeanSquare => format!("{number} of {of}: mean square"),
        }
    }
}

const USERS: &str = "workload users";
const API: &str = "service api";

/// Creates a claim about the workload `users`.
const fn users(number: &'static str, exact: f64) -> Claim {
    claim(USERS, number, exact)
}
/// Creates a claim about the service `api`.
const fn api(number: &'static str, exact: f64) -> Claim {
    claim(API, number, exact)
}

/// Creates claims about the median, the 95th and the 99th percentile of the latency; the last may
/// have twice the standard error.
fn quantiles(of: &'static str, [p50, p95, p99]: [f64; 3]) -> [Claim; 3] {
    [
        claim(of, "latency p50", p50),
        claim(of, "latency p95", p95),
        claim(of, "latency p99", p99).within(0.02),
    ]
}

/// Returns one service `api` with one endpoint, open arrivals, 40 replications. `time` is the
/// measured time of each, in seconds, after `warmup`.
fn station(time: u32, warmup: u32, open: &str, api: &str) -> String {
    let duration = time + warmup;
    format!(
        "run: {{ duration: {duration}s, warmup: {warmup}s, replications: 40 }}
workload: {{ users: {{ to: api.x, open: {{ {open} }} }} }}
services: {{ api: {{ {api} }} }}"
    )
}

/// Like [`station`], starting empty, with Poisson arrivals that stop 5 s before the end, so that
/// every request finishes. Without waiting, latencies do not depend on the state, and only requests
/// cut off at the end of a run could bias them.
fn drained_station(time: u32, rate: &str, api: &str) -> String {
    let duration = time + 5;
    format!(
        "run: {{ duration: {duration}s, replications: 40 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {{ from: {rate}, stages: [ {{ to: {rate}, over: {time}s }}, {{ to: 0/s, over: 0s }} ] }} }} }} }}
services: {{ api: {{ {api} }} }}"
    )
}

/// Returns all cases.
pub fn all() -> Vec<Case> {
    [stations::cases(), networks::cases(), counts::cases(), published::cases(), systems::cases()]
        .into_iter()
        .flatten()
        .collect()
}

/// Published systems that await a feature: id and feature.
pub const LATER: [(&str, &str); 12] = [
    ("po2_meanfield", "balancing by the power of two choices"),
    ("mm1_prio_preempt", "priorities"),
    ("mm1_breakdown", "faults at random times, after which work resumes"),
    ("mm1_lifo", "newest-first queues"),
    ("hedged_request", "hedging"),
    ("token_bucket_D", "rate limits"),
    ("token_bucket_poisson_shape", "rate limits"),
    ("cache_ttl_fixed", "caches"),
    ("cache_ttl_fixed_fetch", "caches"),
    ("cache_lru_zipf", "caches"),
    ("cache_lru_small", "caches"),
    ("link_mm1", "links with bandwidth"),
];

//! Exact results of queueing theory, as data: what is simulated, what is known of it, and who found
//! that out.
//!
//! The tests (`tests/it/theory.rs`) and `examples/validate.rs`, which writes `docs/validation.md`,
//! read this one table. K1, K2 = Kleinrock, *Queueing Systems* I (1975), II (1976); HB =
//! Harchol-Balter, *Performance Modeling and Design of Computer Systems* (2013); GH = Gross,
//! Harris, *Fundamentals of Queueing Theory*; T = Tijms, *A First Course in Stochastic Models*
//! (2003).

mod counts;
mod networks;
mod published;
mod stations;

pub use published::THEIRS;

/// A result of theory.
pub struct Case {
    pub id: &'static str,
    /// What is simulated, in words.
    pub what: &'static str,
    pub formula: &'static str,
    pub source: &'static str,
    /// The same result may be claimed of several systems.
    pub runs: Vec<Run>,
}

/// A scenario, and what is claimed of it.
pub struct Run {
    /// Tells the runs of a case apart; empty if there is one.
    pub label: &'static str,
    /// Without version, name and seed, which the judge adds.
    pub yaml: String,
    pub claims: Vec<Claim>,
}

/// An exact value of a number of the vocabulary (`docs/outputs.md`).
#[derive(Clone, Copy)]
pub struct Claim {
    pub of: &'static str,
    pub number: &'static str,
    pub read: Read,
    pub exact: f64,
    /// The greatest standard error that a test may have, as a share of the value. 0: it is not a
    /// matter of chance.
    pub share: f64,
}

/// What is made of a number before it is compared. All but the first are means over the
/// replications, and so without bias.
#[derive(Clone, Copy, PartialEq)]
pub enum Read {
    /// The estimate as it is reported.
    AsReported,
    /// The square of its distance from a known mean: its variance.
    SquareAbout(f64),
    /// Whether it is more than so many: a probability.
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
    /// What it says, in the words of the outputs.
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

/// Of the workload `users`.
const fn users(number: &'static str, exact: f64) -> Claim {
    claim(USERS, number, exact)
}
/// Of the service `api`.
const fn api(number: &'static str, exact: f64) -> Claim {
    claim(API, number, exact)
}

/// The median, the 95th and the 99th percentile of the latency; the last may have twice the error.
fn quantiles(of: &'static str, [p50, p95, p99]: [f64; 3]) -> [Claim; 3] {
    [
        claim(of, "latency p50", p50),
        claim(of, "latency p95", p95),
        claim(of, "latency p99", p99).within(0.02),
    ]
}

/// One service `api` with one endpoint, open arrivals, 40 replications. `time` is what is measured
/// of each, after `warmup`.
fn station(time: u32, warmup: u32, open: &str, api: &str) -> String {
    let duration = time + warmup;
    format!(
        "run: {{ duration: {duration}s, warmup: {warmup}s, replications: 40 }}
workload: {{ users: {{ to: api.x, open: {{ {open} }} }} }}
services: {{ api: {{ {api} }} }}"
    )
}

/// The same from empty, with Poisson arrivals that stop 5 s before the end: every request finishes.
/// Where nobody waits, latencies do not depend on the state, and those that a run would cut off at
/// its end are all that could bias them.
fn drained_station(time: u32, rate: &str, api: &str) -> String {
    let duration = time + 5;
    format!(
        "run: {{ duration: {duration}s, replications: 40 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {{ from: {rate}, stages: [ {{ to: {rate}, over: {time}s }}, {{ to: 0/s, over: 0s }} ] }} }} }} }}
services: {{ api: {{ {api} }} }}"
    )
}

/// All cases.
pub fn all() -> Vec<Case> {
    [stations::cases(), networks::cases(), counts::cases(), published::cases()]
        .into_iter()
        .flatten()
        .collect()
}

/// Cases of the reference table that wait for a feature: id, and which.
pub const LATER: [(&str, &str); 18] = [
    ("po2_meanfield", "balancing by the power of two choices"),
    ("mm1_ps", "processor sharing: `tasks: { schedule: ps }`"),
    ("mm1_prio_preempt", "priorities"),
    ("mm1_queue_timeout", "a timeout in the queue, which takes the request out of it"),
    ("closed_users_mmcN", "closed users, who think between requests"),
    ("mm1_breakdown", "faults at random times, after which work resumes"),
    ("mm1_lifo", "newest-first queues"),
    ("forkjoin2", "the step `parallel`"),
    ("fanout10_all", "the step `parallel`"),
    ("hedged_request", "hedging"),
    ("token_bucket_D", "rate limits"),
    ("token_bucket_poisson_shape", "rate limits"),
    ("cache_ttl_fixed", "caches"),
    ("cache_ttl_fixed_fetch", "caches"),
    ("cache_lru_zipf", "caches"),
    ("cache_lru_small", "caches"),
    ("eventloop_ps", "processor sharing: `tasks: { schedule: ps }`"),
    ("link_mm1", "links with bandwidth"),
];

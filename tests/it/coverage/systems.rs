//! Systems whose steady state is known exactly: scenarios with the exact values of their metrics.
//!
//! Sojourn times are given by their tail P(T > t); the q-quantile solves P(T > t) = 1 − q. Sources:
//! M/M/1, M/M/c, M/M/1/K: Kleinrock 1975, *Queueing Systems* 1, (3.23), (3.40), §3.6; a tandem:
//! Burke 1956, Reich 1957.
//!
//! The warm-up is at least 20 relaxation times 1/(√(cμ) − √λ)² (Morse 1955, *Operations Research*
//! 3), after which 2e-9 of the initial deviation from the steady state remains.

use asyncflow::scenario::{self, Scenario};

/// A metric (`docs/outputs.md`) and its exact value.
#[derive(Clone, Debug)]
pub struct Known {
    pub kind: &'static str,
    pub entity: &'static str,
    pub metric: &'static str,
    pub stat: &'static str,
    pub exact: f64,
}

impl Known {
    const fn new(
        kind: &'static str,
        entity: &'static str,
        metric: &'static str,
        stat: &'static str,
        exact: f64,
    ) -> Known {
        Known { kind, entity, metric, stat, exact }
    }
    const fn users(metric: &'static str, stat: &'static str, exact: f64) -> Known {
        Known::new("workload", "users", metric, stat, exact)
    }
    /// Returns the label of the metric in a table.
    pub fn words(&self) -> String {
        match (self.metric, self.stat) {
            ("latency", stat) => stat.to_string(),
            (metric, _) => metric.replace('_', " "),
        }
    }
}

/// A system in its steady state.
#[derive(Clone, Debug)]
pub struct System {
    pub name: &'static str,
    /// Workload, services and links.
    pub body: String,
    pub warmup_s: f64,
    /// Measured time of a replication, in seconds.
    pub measured_s: f64,
    /// The goal of sequential replications: metric and half-width, reached by 20 to 70
    /// replications.
    pub goal: (&'static str, &'static str),
    pub known: Vec<Known>,
}

impl System {
    /// Returns the scenario with a rule for its replications.
    pub fn scenario(&self, replications: &str) -> Scenario {
        let yaml = self.yaml(replications);
        scenario::from_yaml(&yaml).unwrap_or_else(|problems| panic!("{problems}\n{yaml}"))
    }
    /// Returns the scenario as YAML.
    pub fn yaml(&self, replications: &str) -> String {
        let System { body, warmup_s, measured_s, .. } = self;
        let run = format!(
            "{{ duration: {}s, warmup: {warmup_s}s, replications: {replications} }}",
            warmup_s + measured_s
        );
        format!("version: 1\nname: coverage\nrun: {run}\n{body}\n")
    }
    /// Returns its sequential rule, checked after every `every` replications.
    pub fn until(&self, every: u32) -> String {
        until(self.goal, every)
    }
}

/// Returns a sequential rule as YAML.
pub fn until((metric, half_width): (&str, &str), every: u32) -> String {
    format!("{{ until: {{ metric: {metric}, half_width: {half_width} }}, min: {every}, max: 200 }}")
}

/// Returns the q-quantile: the point at which a decreasing tail equals 1 − q.
pub fn quantile(tail: impl Fn(f64) -> f64, q: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while tail(high) > 1.0 - q {
        high *= 2.0;
    }
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if tail(middle) > 1.0 - q { low = middle } else { high = middle }
    }
    high
}

/// Returns the latency of `users`: its mean, and its quantiles from its tail.
fn latency(mean: f64, tail: impl Fn(f64) -> f64) -> Vec<Known> {
    let of = |stat, q| Known::users("latency", stat, quantile(&tail, q));
    vec![Known::users("latency", "mean", mean), of("p50", 0.5), of("p95", 0.95), of("p99", 0.99)]
}

const THROUGHPUT: (&str, &str) = ("throughput", "mean");

fn with_rates(
    mut known: Vec<Known>,
    throughput: f64,
    services: &[(&'static str, f64)],
    errors: f64,
) -> Vec<Known> {
    known.push(Known::users(THROUGHPUT.0, THROUGHPUT.1, throughput));
    known.extend(
        services
            .iter()
            .map(|&(service, busy)| Known::new("service", service, "utilisation", "mean", busy)),
    );
    if errors > 0.0 {
        known.push(Known::users("error_ratio", "mean", errors));
    }
    known
}

/// P(T > t) of an M/M/1 is exponential; service of 10 ms.
pub fn mm1(rate: f64, measured_s: f64) -> System {
    let (mean, relaxation) = (1.0 / (100.0 - rate), (10.0 - rate.sqrt()).powi(-2));
    System {
        name: if rate < 60.0 { "M/M/1 at 50 %" } else { "M/M/1 at 80 %" },
        body: format!(
            "workload: {{ users: {{ to: api.x, open: {{ rate: {rate}/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: {{ exp: 10ms }} ] }} }} }}"
        ),
        warmup_s: (20.0 * relaxation).ceil(),
        measured_s,
        goal: ("users.latency.mean", if rate < 60.0 { "2.5%" } else { "5%" }),
        known: with_rates(
            latency(mean, |t| (-t / mean).exp()),
            rate,
            &[("api", rate / 100.0)],
            0.0,
        ),
    }
}

/// Returns the probability that all servers are busy: Erlang C from Erlang B; `load` is λ/μ.
pub fn erlang_c(servers: u32, load: f64) -> f64 {
    let b = (1..=servers).fold(1.0, |b, n| load * b / (f64::from(n) + load * b));
    let busy = load / f64::from(servers);
    b / (1.0 - busy * (1.0 - b))
}

/// Four cores that share a queue, Poisson 320/s, service of 10 ms.
pub fn mm4() -> System {
    let (rate, mu, spare) = (320.0, 100.0, 80.0);
    let c = erlang_c(4, rate / mu);
    // T = W + S; W is 0 with probability 1 − C, otherwise exponential with rate cμ − λ.
    let tail = |t: f64| {
        (1.0 - c) * (-mu * t).exp()
            + c * (mu * (-spare * t).exp() - spare * (-mu * t).exp()) / (mu - spare)
    };
    System {
        name: "M/M/4 at 80 %",
        body: "workload: { users: { to: api.x, open: { rate: 320/s } } }
services: { api: { instance: { cpu: 4 }, runtime: { tasks: { schedule: fifo } }, endpoints: { x: [ cpu: { exp: 10ms } ] } } }"
            .to_string(),
        warmup_s: 5.0,
        measured_s: 40.0,
        goal: ("users.latency.mean", "1.5%"),
        known: with_rates(latency(1.0 / mu + c / spare, tail), rate, &[("api", 0.8)], 0.0),
    }
}

/// An application server (10 ms) that calls its database (8 ms), Poisson 80/s: two independent
/// exponential sojourns.
pub fn tandem() -> System {
    let (a, b) = (20.0, 45.0);
    let tail = |t: f64| (b * (-a * t).exp() - a * (-b * t).exp()) / (b - a);
    System {
        name: "two M/M/1 in a row, 80 % and 64 %",
        body: "workload: { users: { to: app.x, open: { rate: 80/s } } }
services:
  app: { endpoints: { x: [ cpu: { exp: 10ms }, call: db.q ] } }
  db: { endpoints: { q: [ cpu: { exp: 8ms } ] } }"
            .to_string(),
        warmup_s: 20.0,
        measured_s: 160.0,
        goal: ("users.latency.mean", "3%"),
        known: with_rates(
            latency(1.0 / a + 1.0 / b, tail),
            80.0,
            &[("app", 0.8), ("db", 0.64)],
            0.0,
        ),
    }
}

/// One core and at most eight requests, Poisson 80/s, service of 10 ms: a request that finds n < 8
/// others stays for n + 1 services.
pub fn mm1_of_eight() -> System {
    let (rate, mu, capacity) = (80.0f64, 100.0f64, 8);
    let weights: Vec<f64> = (0..=capacity).map(|n| (rate / mu).powi(n)).collect();
    let all: f64 = weights.iter().sum();
    let lost = weights[8] / all;
    let inside: f64 = weights.iter().enumerate().map(|(n, w)| n as f64 * w / all).sum();
    let tail = |t: f64| {
        // P(Erlang(n + 1, μ) > t) is the probability of at most n events in a Poisson process of
        // rate μ.
        let mut term = (-mu * t).exp();
        let mut at_most = 0.0;
        let mut sum = 0.0;
        for (n, weight) in weights[..8].iter().enumerate() {
            at_most += term;
            term *= mu * t / (n as f64 + 1.0);
            sum += weight / all / (1.0 - lost) * at_most;
        }
        sum
    };
    System {
        name: "M/M/1/8, 3.9 % rejected",
        body: "workload: { users: { to: api.x, open: { rate: 80/s } } }
services: { api: { max_in_flight: 1, queue: { max: 7 }, endpoints: { x: [ cpu: { exp: 10ms } ] } } }"
            .to_string(),
        warmup_s: 18.0,
        measured_s: 120.0,
        goal: ("users.error_ratio.mean", "6%"),
        known: with_rates(latency(inside / (rate * (1.0 - lost)), tail), rate * (1.0 - lost), &[("api", 1.0 - weights[0] / all)], lost),
    }
}

/// An M/M/1 at about 50 % behind a link that loses a share of the messages in each direction.
pub fn lossy_link(loss: f64, measured_s: f64) -> System {
    let rate = 50.0;
    let mean = 1.0 / (100.0 - rate * (1.0 - loss));
    let kept = (1.0 - loss) * (1.0 - loss);
    System {
        name: "M/M/1 behind a link that loses 1 % each way",
        body: format!(
            "workload: {{ users: {{ to: api.x, open: {{ rate: {rate}/s }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: {{ exp: 10ms }} ] }} }} }}
links: {{ users -> api: {{ loss: {}% }} }}",
            loss * 100.0
        ),
        warmup_s: 3.0,
        measured_s,
        goal: ("users.error_ratio.mean", "6%"),
        known: with_rates(
            latency(mean, |t| (-t / mean).exp()),
            rate * kept,
            &[("api", rate * (1.0 - loss) / 100.0)],
            1.0 - kept,
        ),
    }
}

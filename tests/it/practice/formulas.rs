//! Correct values without the simulator: formulas, and a queue computed request by request.

/// Returns the share of requests rejected by `places` without a queue, at an offered load of
/// `erlangs` (Erlang B).
pub fn erlang_b(places: u32, erlangs: f64) -> f64 {
    (1..=places).fold(1.0, |blocked, n| erlangs * blocked / (n as f64 + erlangs * blocked))
}

/// Returns the mean number of requests waiting for one of `servers`, at an offered load of
/// `erlangs` (Erlang C).
pub fn erlang_c_queue(servers: u32, erlangs: f64) -> f64 {
    let (blocked, load) = (erlang_b(servers, erlangs), erlangs / servers as f64);
    let waits = blocked / (1.0 - load * (1.0 - blocked));
    waits * load / (1.0 - load)
}

/// Returns the mean sojourn of an M/G/1, in seconds (Pollaczek–Khinchine).
pub fn pollaczek_khinchine(rate: f64, mean_s: f64, variance_s2: f64) -> f64 {
    mean_s + rate * (variance_s2 + mean_s * mean_s) / (2.0 * (1.0 - rate * mean_s))
}

/// An independent random number generator (SplitMix64: Steele, Lea, Flood 2014).
pub struct Chance(pub u64);

impl Chance {
    /// Returns a uniform number in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }
}

/// Servers with one queue, first come, first served: the time at which each is free (Kiefer and
/// Wolfowitz 1955).
pub struct Servers(Vec<f64>);

impl Servers {
    pub fn new(servers: usize) -> Servers {
        Servers(vec![0.0; servers])
    }
    /// Returns the departure time of a request that arrives at `arrival_s`; `takes` maps the start
    /// of its service to the service time. All in seconds.
    pub fn serve(&mut self, arrival_s: f64, takes: impl FnOnce(f64) -> f64) -> f64 {
        let first = self.0.iter_mut().min_by(|a, b| a.total_cmp(b)).expect("at least one server");
        let begins_s = first.max(arrival_s);
        *first = begins_s + takes(begins_s);
        *first
    }
}

/// A constant rate, as of a load generator, on a pool that is slow for a while.
pub struct Pool {
    pub rate: f64,
    pub servers: usize,
    /// The service time is uniform between these, in seconds.
    pub takes_s: (f64, f64),
    pub factor: f64,
    /// Start and end of the slow period, in seconds.
    pub slow_s: (f64, f64),
    pub duration_s: f64,
}

impl Pool {
    /// Returns quantiles of the latency, in seconds, of the requests answered within the run, over
    /// `runs` runs.
    pub fn quantiles<const N: usize>(&self, runs: u64, wanted: [f64; N]) -> [f64; N] {
        let mut chance = Chance(2026);
        let mut latencies = Vec::new();
        for _ in 0..runs {
            let mut servers = Servers::new(self.servers);
            for n in 0..(self.rate * self.duration_s) as u32 {
                let (arrival_s, service_s) =
                    (n as f64 / self.rate, chance.between(self.takes_s.0, self.takes_s.1));
                let is_slow = |at_s: f64| (self.slow_s.0..self.slow_s.1).contains(&at_s);
                let ends_s = servers.serve(arrival_s, |at_s| {
                    service_s * if is_slow(at_s) { self.factor } else { 1.0 }
                });
                if ends_s < self.duration_s {
                    latencies.push(ends_s - arrival_s);
                }
            }
        }
        latencies.sort_unstable_by(f64::total_cmp);
        wanted.map(|q| latencies[(q * latencies.len() as f64) as usize])
    }
}

/// Returns the mean latency of the requests answered before `until_s` in an initially empty system:
/// Poisson arrivals, one server, service uniform between two times. All in seconds.
pub fn mean_at_first(rate: f64, takes_s: (f64, f64), until_s: f64, runs: u64) -> f64 {
    let mut chance = Chance(7);
    let mut sum_of_means = 0.0;
    for _ in 0..runs {
        let (mut server, mut arrival_s) = (Servers::new(1), 0.0);
        let (mut sum_s, mut answered) = (0.0, 0.0);
        loop {
            arrival_s -= (1.0 - chance.uniform()).ln() / rate;
            let takes = chance.between(takes_s.0, takes_s.1);
            let ends_s = server.serve(arrival_s, |_| takes);
            if ends_s >= until_s {
                break;
            }
            (sum_s, answered) = (sum_s + ends_s - arrival_s, answered + 1.0);
        }
        sum_of_means += sum_s / answered;
    }
    sum_of_means / runs as f64
}

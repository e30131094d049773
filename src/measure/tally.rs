//! What is counted of requests, instances and links.

use super::{Histogram, Measured, Moments};
use crate::request::{Outcome, PARTS, Parts};
use crate::units::Span;

/// The requests of one flow: one origin, one endpoint.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Arrived in the measured part.
    pub arrivals: u64,
    /// Of those, how many ended how; index 0 is `ok`.
    pub outcomes: Vec<u64>,
    /// Answered within the measured part, whenever they arrived.
    pub answered: u64,
    /// Latency of the answered ones.
    pub latency: Histogram,
    pub moments: Moments,
    /// Where their time went.
    pub parts_ns: [u128; PARTS.len()],
    /// The same counts for the series window that is open: arrivals, answers, failures, and the latency of the answers.
    pub window: WindowTally,
    /// All requests, also those of the warm-up: how many came, how many are gone.
    pub came: u64,
    pub gone: u64,
}

/// What happened in the open series window.
#[derive(Clone, Copy, Debug)]
pub struct WindowTally {
    pub arrivals: u64,
    pub answers: u64,
    pub failures: u64,
    pub latency_sum_ns: u128,
    pub latency_min_ns: u64,
    pub latency_max_ns: u64,
}

impl Default for WindowTally {
    fn default() -> WindowTally {
        WindowTally { arrivals: 0, answers: 0, failures: 0, latency_sum_ns: 0, latency_min_ns: u64::MAX, latency_max_ns: 0 }
    }
}

impl Tally {
    pub fn new(outcomes: usize) -> Tally {
        Tally { outcomes: vec![0; outcomes], ..Tally::default() }
    }
    #[inline(always)]
    pub fn arrive(&mut self, measured: bool) {
        self.came += 1;
        self.window.arrivals += 1;
        self.arrivals += measured as u64;
    }
    /// A request is answered: its latency and parts are those of a measured one if it arrived in the measured part.
    #[inline(always)]
    pub fn answer(&mut self, latency: Span, parts: &Parts, arrived_measured: bool, now_measured: bool) {
        self.gone += 1;
        self.answered += now_measured as u64;
        let window = &mut self.window;
        window.latency_min_ns = window.latency_min_ns.min(latency.0);
        window.latency_max_ns = window.latency_max_ns.max(latency.0);
        window.answers += 1;
        window.latency_sum_ns += latency.0 as u128;
        if arrived_measured {
            self.outcomes[0] += 1;
            self.latency.record(latency);
            self.moments.take(latency.0);
            for (sum, part) in self.parts_ns.iter_mut().zip(parts.spent) {
                *sum += part.0 as u128;
            }
        }
    }
    #[inline(always)]
    pub fn fail(&mut self, outcome: Outcome, arrived_measured: bool) {
        self.gone += 1;
        self.window.failures += 1;
        self.outcomes[outcome.0 as usize] += arrived_measured as u64;
    }
    /// Adds what was counted elsewhere, but for the distribution: a workload is the sum of its flows.
    pub fn add(&mut self, other: &Tally) {
        self.arrivals += other.arrivals;
        for (mine, theirs) in self.outcomes.iter_mut().zip(&other.outcomes) {
            *mine += theirs;
        }
        self.answered += other.answered;
        self.moments.add(&other.moments);
        for (mine, theirs) in self.parts_ns.iter_mut().zip(other.parts_ns) {
            *mine += theirs;
        }
        self.came += other.came;
        self.gone += other.gone;
    }
    /// Answered ones, of those that arrived in the measured part.
    pub fn completed(&self) -> u64 {
        self.outcomes[0]
    }
    pub fn failed(&self) -> u64 {
        self.outcomes[1..].iter().sum()
    }
}

impl WindowTally {
    /// Adds the same window of another flow.
    pub fn add(&mut self, other: &WindowTally) {
        self.latency_min_ns = self.latency_min_ns.min(other.latency_min_ns);
        self.latency_max_ns = self.latency_max_ns.max(other.latency_max_ns);
        self.arrivals += other.arrivals;
        self.answers += other.answers;
        self.failures += other.failures;
        self.latency_sum_ns += other.latency_sum_ns;
    }
}

/// What one instance did in the measured part.
#[derive(Clone, Debug, Default)]
pub struct InstanceTally {
    /// In the order of [`super::layout::INSTANCE_GAUGES`].
    pub gauges: [Measured; super::layout::INSTANCE_GAUGES.len()],
    /// From ready to running, of the bursts that began in the measured part.
    pub lag: Histogram,
    pub lag_sum_ns: u128,
    /// Requests the balancer chose it for.
    pub chosen: u64,
}

/// What one link did in the measured part.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkTally {
    pub in_flight: Measured,
    pub lost: u64,
    pub delivered: u64,
    pub transit_ns: u128,
}

//! By hand, one server and one queue: for `branch`, `repeat` and `lock`, which are this model with
//! another service, with feedback, and with a lock in place of the server.
//!
//! Written as `hand.rs` is, with the usual results: mean, p99, utilisation, mean queue.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// The model.
#[derive(Clone, Copy)]
pub struct Model {
    pub rate: f64,
    /// Means of the exponential service of the first kind and of the second, and the share of the
    /// first.
    pub service_s: [f64; 2],
    pub first: f64,
    /// The probability with which a request joins the end of the queue again.
    pub again: f64,
    pub seconds: f64,
}

const ARRIVAL: u64 = 0;
const DONE: u64 = 1;

struct Sim {
    model: Model,
    random: Xoshiro256PlusPlus,
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    sequence: u64,
    now: u64,
    busy_ns: u64,
}

impl Sim {
    #[inline(always)]
    fn uniform(&mut self) -> f64 {
        ((self.random.next_u64() >> 11) + 1) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }
    #[inline(always)]
    fn exp(&mut self, mean_s: f64) -> u64 {
        (-self.uniform().ln() * mean_s * 1e9) as u64
    }
    #[inline(always)]
    fn after(&mut self, span: u64, kind: u64, id: u32) {
        self.sequence += 1;
        self.heap
            .push(Reverse((self.now + span, (self.sequence << 27) | (kind << 24) | u64::from(id))));
    }
    #[inline(always)]
    fn serve(&mut self, id: u32) {
        let kind = usize::from(self.model.first < 1.0 && self.uniform() >= self.model.first);
        let span = self.exp(self.model.service_s[kind]);
        self.busy_ns += span;
        self.after(span, DONE, id);
    }
}

/// Runs the model; returns the number of answers, the mean and the p99 of the latency in seconds,
/// the utilisation and the mean queue.
pub fn run(model: &Model, seed: u64) -> (u64, [f64; 4]) {
    let mut sim = Sim {
        model: *model,
        random: Xoshiro256PlusPlus::seed_from_u64(seed),
        heap: BinaryHeap::new(),
        sequence: 0,
        now: 0,
        busy_ns: 0,
    };
    let (mut born, mut free, mut queue) = (Vec::new(), Vec::new(), VecDeque::new());
    let (mut is_busy, mut since, mut area) = (false, 0, 0u64);
    let (mut done, mut total, mut histogram) = (0u64, 0u64, vec![0u64; 64 << 7]);
    let end = (model.seconds * 1e9) as u64;
    let gap = sim.exp(1.0 / model.rate);
    sim.after(gap, ARRIVAL, 0);
    while let Some(Reverse((time, packed))) = sim.heap.pop() {
        if time >= end {
            break;
        }
        sim.now = time;
        area += queue.len() as u64 * (time - since);
        since = time;
        let mut id = (packed & 0xff_ffff) as u32;
        if (packed >> 24) & 7 == ARRIVAL {
            let gap = sim.exp(1.0 / model.rate);
            sim.after(gap, ARRIVAL, 0);
            id = free.pop().unwrap_or_else(|| {
                born.push(0);
                born.len() as u32 - 1
            });
            born[id as usize] = time;
            match is_busy {
                true => queue.push_back(id),
                false => {
                    is_busy = true;
                    sim.serve(id);
                }
            }
            continue;
        }
        if model.again > 0.0 && sim.uniform() < model.again {
            queue.push_back(id);
        } else {
            let latency = time - born[id as usize];
            done += 1;
            total += latency;
            histogram[super::hand::bucket(latency)] += 1;
            free.push(id);
        }
        match queue.pop_front() {
            Some(next) => sim.serve(next),
            None => is_busy = false,
        }
    }
    let seconds = end as f64;
    let p99 = super::hand::p99_s(&histogram, done);
    let mean_s = total as f64 * 1e-9 / done as f64;
    (done, [mean_s, p99, sim.busy_ns as f64 / seconds, area as f64 / seconds])
}

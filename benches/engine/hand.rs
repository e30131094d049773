//! What an expert would write for just this model: one file, one loop, a binary heap, no entities,
//! no program of steps, no breakdown.
//!
//! Two versions, by a constant: `run::<false>` counts the answered requests and sums their latency,
//! and nothing else; `run::<true>` also computes the usual results: p99 (a log-linear histogram),
//! the utilisation and the mean length of the queue (time-weighted).

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

#[derive(Clone, Copy, PartialEq)]
pub enum Balance {
    RoundRobin,
    LeastConnections,
}

#[derive(Clone, Copy)]
pub struct Model {
    pub rate: f64,
    pub servers: usize,
    pub cores: u32,
    pub balance: Balance,
    /// Mean of the exponential latencies to and from the server; 0 for no link.
    pub link_s: [f64; 2],
    pub cpu_s: f64,
    /// Whether the CPU demand is exponential, or constant.
    pub exponential: bool,
    pub wait_s: f64,
    /// Memory of a request, in MB of a server's 2048.
    pub memory: u32,
    pub seconds: f64,
}

/// The results of a run. Without measures, only the first two.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer {
    pub answered: u64,
    pub mean_s: f64,
    pub p99_s: f64,
    pub utilisation: f64,
    pub ready: f64,
}

/// The time integral of a value.
#[derive(Clone, Copy, Default)]
struct Integral {
    value: u64,
    since: u64,
    area: u64,
}

impl Integral {
    #[inline(always)]
    fn add(&mut self, now: u64, change: i64) {
        self.area += self.value * (now - self.since);
        self.since = now;
        self.value = self.value.wrapping_add_signed(change);
    }
}

#[derive(Clone, Copy)]
struct Request {
    born: u64,
    server: u32,
}

struct Server {
    free: u32,
    ready: VecDeque<u32>,
    inside: u32,
    memory: u32,
    starved: VecDeque<u32>,
    busy: Integral,
    queue: Integral,
}

const ARRIVAL: u64 = 0;
const ENTER: u64 = 1;
const CPU: u64 = 2;
const WAIT: u64 = 3;
const HOME: u64 = 4;

struct Sim<const MEASURES: bool> {
    model: Model,
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    sequence: u64,
    turn: usize,
    now: u64,
    random: Xoshiro256PlusPlus,
    servers: Vec<Server>,
    requests: Vec<Request>,
    free: Vec<u32>,
    done: u64,
    total: u64,
    histogram: Vec<u64>,
}

/// Returns the bucket of a latency: from 1024 ns up, 128 buckets per power of two, accurate to
/// better than 1 %.
#[inline(always)]
pub fn bucket(ns: u64) -> usize {
    let power = 63 - (ns | 1023).leading_zeros() - 7;
    ((power as usize) << 7) + (ns >> power) as usize
}

/// Returns the p99 of a histogram of `done` latencies.
pub fn p99_s(histogram: &[u64], done: u64) -> f64 {
    let (rank, mut below) = (done - done / 100, 0);
    let p99 = histogram.iter().position(|count| {
        below += count;
        below >= rank
    });
    let p99 = p99.unwrap_or_default();
    let power = (p99 >> 7).saturating_sub(1);
    ((p99 - (power << 7)) << power) as f64 * 1e-9
}

/// Runs the model.
pub fn run<const MEASURES: bool>(model: &Model, seed: u64) -> Answer {
    let server = || Server {
        free: model.cores,
        ready: VecDeque::new(),
        inside: 0,
        memory: 2048,
        starved: VecDeque::new(),
        busy: Integral::default(),
        queue: Integral::default(),
    };
    let mut sim = Sim::<MEASURES> {
        model: *model,
        heap: BinaryHeap::new(),
        sequence: 0,
        turn: 0,
        now: 0,
        random: Xoshiro256PlusPlus::seed_from_u64(seed),
        servers: (0..model.servers).map(|_| server()).collect(),
        requests: Vec::new(),
        free: Vec::new(),
        done: 0,
        total: 0,
        histogram: vec![0; if MEASURES { 64 << 7 } else { 0 }],
    };
    let end = (model.seconds * 1e9) as u64;
    let gap = sim.exp(1.0 / model.rate);
    sim.after(gap, ARRIVAL, 0);
    while let Some(Reverse((time, packed))) = sim.heap.pop() {
        if time >= end {
            break;
        }
        sim.now = time;
        let (kind, id) = ((packed >> 24) & 7, (packed & 0xff_ffff) as u32);
        match kind {
            ARRIVAL => {
                let gap = sim.exp(1.0 / model.rate);
                sim.after(gap, ARRIVAL, 0);
                let request = Request { born: time, server: 0 };
                let id = match sim.free.pop() {
                    Some(id) => {
                        sim.requests[id as usize] = request;
                        id
                    }
                    None => {
                        sim.requests.push(request);
                        sim.requests.len() as u32 - 1
                    }
                };
                if model.link_s[0] > 0.0 {
                    let span = sim.exp(model.link_s[0]);
                    sim.after(span, ENTER, id);
                } else {
                    sim.enter(id);
                }
            }
            ENTER => sim.enter(id),
            CPU => {
                let server = sim.requests[id as usize].server as usize;
                if model.wait_s > 0.0 {
                    sim.after((model.wait_s * 1e9) as u64, WAIT, id);
                }
                match sim.servers[server].ready.pop_front() {
                    Some(next) => {
                        if MEASURES {
                            sim.servers[server].queue.add(time, -1);
                        }
                        sim.burst(next);
                    }
                    None => {
                        sim.servers[server].free += 1;
                        if MEASURES {
                            sim.servers[server].busy.add(time, -1);
                        }
                    }
                }
                if model.wait_s == 0.0 {
                    sim.leave(id);
                }
            }
            WAIT => sim.leave(id),
            _ => sim.home(id),
        }
    }
    sim.answer(end)
}

impl<const MEASURES: bool> Sim<MEASURES> {
    fn answer(&mut self, end: u64) -> Answer {
        let mut answer = Answer {
            answered: self.done,
            mean_s: self.total as f64 * 1e-9 / self.done as f64,
            ..Answer::default()
        };
        if MEASURES {
            answer.p99_s = p99_s(&self.histogram, self.done);
            let (mut busy, mut ready) = (0, 0);
            for server in &mut self.servers {
                server.busy.add(end, 0);
                server.queue.add(end, 0);
                busy += server.busy.area;
                ready += server.queue.area;
            }
            answer.utilisation =
                busy as f64 / end as f64 / (self.model.servers as f64 * self.model.cores as f64);
            answer.ready = ready as f64 / end as f64;
        }
        answer
    }
    #[inline(always)]
    fn exp(&mut self, mean: f64) -> u64 {
        let u = ((self.random.next_u64() >> 11) + 1) as f64 * (1.0 / 9_007_199_254_740_992.0);
        (-u.ln() * mean * 1e9) as u64
    }
    #[inline(always)]
    fn after(&mut self, span: u64, kind: u64, id: u32) {
        self.sequence += 1;
        self.heap
            .push(Reverse((self.now + span, (self.sequence << 27) | (kind << 24) | id as u64)));
    }
    #[inline(always)]
    fn enter(&mut self, id: u32) {
        let chosen = match self.model.balance {
            Balance::RoundRobin => {
                self.turn = (self.turn + 1) % self.model.servers;
                self.turn
            }
            Balance::LeastConnections => {
                (0..self.model.servers).min_by_key(|&s| self.servers[s].inside).unwrap_or(0)
            }
        };
        self.requests[id as usize].server = chosen as u32;
        let memory = self.model.memory;
        let server = &mut self.servers[chosen];
        server.inside += 1;
        if memory > 0 {
            if server.memory < memory {
                server.starved.push_back(id);
                return;
            }
            server.memory -= memory;
        }
        self.ready(id);
    }
    #[inline(always)]
    fn ready(&mut self, id: u32) {
        let server = &mut self.servers[self.requests[id as usize].server as usize];
        if server.free == 0 {
            server.ready.push_back(id);
            if MEASURES {
                server.queue.add(self.now, 1);
            }
            return;
        }
        server.free -= 1;
        if MEASURES {
            server.busy.add(self.now, 1);
        }
        self.burst(id);
    }
    #[inline(always)]
    fn burst(&mut self, id: u32) {
        let span = if self.model.exponential {
            self.exp(self.model.cpu_s)
        } else {
            (self.model.cpu_s * 1e9) as u64
        };
        self.after(span, CPU, id);
    }
    #[inline(always)]
    fn leave(&mut self, id: u32) {
        let memory = self.model.memory;
        let server = &mut self.servers[self.requests[id as usize].server as usize];
        server.inside -= 1;
        if memory > 0 {
            server.memory += memory;
            if let Some(next) = server.starved.pop_front() {
                server.memory -= memory;
                self.ready(next);
            }
        }
        if self.model.link_s[1] > 0.0 {
            let span = self.exp(self.model.link_s[1]);
            self.after(span, HOME, id);
        } else {
            self.home(id);
        }
    }
    #[inline(always)]
    fn home(&mut self, id: u32) {
        let latency = self.now - self.requests[id as usize].born;
        self.done += 1;
        self.total += latency;
        if MEASURES {
            self.histogram[bucket(latency)] += 1;
        }
        self.free.push(id);
    }
}

//! What an expert would write for just this model: one file, one loop, a binary heap, no entities, no gauges, no breakdown.
//! It counts the answered requests and sums their latency; nothing else.

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
    /// Memory of a request, of 2048.
    pub memory: u32,
    pub seconds: f64,
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
}

const ARRIVAL: u64 = 0;
const ENTER: u64 = 1;
const CPU: u64 = 2;
const WAIT: u64 = 3;
const HOME: u64 = 4;

struct Sim {
    model: Model,
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    sequence: u64,
    now: u64,
    random: Xoshiro256PlusPlus,
    servers: Vec<Server>,
    requests: Vec<Request>,
    free: Vec<u32>,
    done: u64,
    total: u64,
}

/// Answered requests, and the mean latency in seconds.
pub fn run(model: &Model, seed: u64) -> (u64, f64) {
    let server = || Server { free: model.cores, ready: VecDeque::new(), inside: 0, memory: 2048, starved: VecDeque::new() };
    let mut sim = Sim {
        model: *model,
        heap: BinaryHeap::new(),
        sequence: 0,
        now: 0,
        random: Xoshiro256PlusPlus::seed_from_u64(seed),
        servers: (0..model.servers).map(|_| server()).collect(),
        requests: Vec::new(),
        free: Vec::new(),
        done: 0,
        total: 0,
    };
    let end = (model.seconds * 1e9) as u64;
    let mut turn = 0;
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
                let server = match model.balance {
                    Balance::RoundRobin => {
                        turn = (turn + 1) % model.servers;
                        turn
                    }
                    Balance::LeastConnections => (0..model.servers).min_by_key(|&s| sim.servers[s].inside).unwrap_or(0),
                };
                let request = Request { born: time, server: server as u32 };
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
                sim.servers[server].inside += 1;
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
                    Some(next) => sim.burst(next),
                    None => sim.servers[server].free += 1,
                }
                if model.wait_s == 0.0 {
                    sim.leave(id);
                }
            }
            WAIT => sim.leave(id),
            _ => sim.home(id),
        }
    }
    (sim.done, sim.total as f64 * 1e-9 / sim.done as f64)
}

impl Sim {
    #[inline(always)]
    fn exp(&mut self, mean: f64) -> u64 {
        let u = ((self.random.next_u64() >> 11) + 1) as f64 * (1.0 / 9_007_199_254_740_992.0);
        (-u.ln() * mean * 1e9) as u64
    }
    #[inline(always)]
    fn after(&mut self, span: u64, kind: u64, id: u32) {
        self.sequence += 1;
        self.heap.push(Reverse((self.now + span, (self.sequence << 27) | (kind << 24) | id as u64)));
    }
    #[inline(always)]
    fn enter(&mut self, id: u32) {
        let memory = self.model.memory;
        let server = &mut self.servers[self.requests[id as usize].server as usize];
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
            return;
        }
        server.free -= 1;
        self.burst(id);
    }
    #[inline(always)]
    fn burst(&mut self, id: u32) {
        let span = if self.model.exponential { self.exp(self.model.cpu_s) } else { (self.model.cpu_s * 1e9) as u64 };
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
        self.done += 1;
        self.total += self.now - self.requests[id as usize].born;
        self.free.push(id);
    }
}

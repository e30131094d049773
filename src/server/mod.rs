//! Instances: machines that serve requests. Cores and loops, memory, admission: separate
//! components, each with its queue.
//!
//! Handlers are plain functions over the components they touch. They never call upwards: one that
//! frees something gives back the requests that may go on, and `sim` resumes their programs.

mod admission;
pub(crate) mod cores;
mod machine;
mod memory;
mod runtime;

pub(crate) use admission::Places;
pub use machine::{Machine, Queue, QueueOrder};
pub(crate) use memory::Memory;
pub use runtime::{EventLoop, Runtime, Schedule, Tasks};

use crate::measure::{Gauge, Histogram, INSTANCE_GAUGES};
use crate::random::dists::Sampler;
use crate::random::keys::Salt;
use crate::units::Span;
use bevy_ecs::prelude::Component;

/// An instance of the plan.
#[derive(Clone, Debug)]
pub(crate) struct InstancePlan {
    pub service: u32,
    /// Its workers are `first_worker .. first_worker + workers`.
    pub first_worker: u32,
    /// Event loops, or 1 for a set of cores with one queue.
    pub workers: u32,
    /// For the worker that a request is bound to.
    pub worker_salt: Salt,
    pub cores_per_worker: u32,
    /// The row of its threads among the workers, if these have cores of their own, and how many.
    pub threads: Option<u32>,
    pub thread_cores: u32,
    /// How much faster than the demands were written for.
    pub speed: f64,
    /// Bytes; `u64::MAX` for no limit.
    pub memory: u64,
    pub max_in_flight: u64,
    pub queue_max: u32,
    /// How many classes its queue tells apart; 0 if it is served in the order of arrival.
    pub classes: usize,
    /// How long a request waits to be admitted.
    pub patience: Option<Sampler>,
    /// The link from the balancer to it, if it has its own.
    pub link_in: Option<u32>,
    /// The link its responses leave by, if it has its own.
    pub link_out: Option<u32>,
    /// Where on the routes a served request goes on, if not on its own route: the pipeline of an
    /// AsyncFlow 0.1 file.
    pub onward: Option<u32>,
    /// The station of its cores, if they are shared.
    pub station: Option<u32>,
    /// Its endpoints, for requests that come without naming one.
    pub first_endpoint: u32,
    pub endpoints: u32,
}

impl InstancePlan {
    /// Its workers, each with how many cores it has: the loops, and its threads.
    pub(crate) fn queues(&self) -> impl Iterator<Item = (u32, u32)> {
        let loops = self.first_worker..self.first_worker + self.workers;
        let cores = self.cores_per_worker;
        let threads = self.threads.map(|row| (row, self.thread_cores));
        loops.map(move |row| (row, cores)).chain(threads)
    }
    /// How many cores it can use.
    pub(crate) fn cores(&self) -> u32 {
        self.queues().map(|(_, cores)| cores).sum()
    }
}

/// Where an instance of a service that scales is in its life; all others serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// There is none: its row is unused.
    Stopped,
    /// It begins.
    Booting,
    Serving,
    /// It finishes what it has.
    Draining,
}

/// What the balancer looks at of an instance.
#[derive(Component)]
pub(crate) struct InstanceState {
    /// Whether it works: it has not crashed.
    pub up: bool,
    pub life: Life,
    /// Whether it has several workers: event loops, of which each request is bound to one.
    pub is_split: bool,
    /// The first of its workers.
    pub first_worker: u32,
    /// Which of the instances that have used the row it is, in the order of their starts.
    pub start: u32,
    /// Requests chosen for it and not yet answered.
    pub outstanding: u32,
    /// Messages now on its own link from the balancer.
    pub in_transit: u32,
    /// The slot of the request that has it to itself, if its balancer has one queue; else, and
    /// while it is free, [`crate::request::NONE`].
    pub holder: u32,
    /// Requests it was chosen for in the measured part.
    pub chosen: u64,
}

/// What is measured of an instance, beside its memory and its places.
#[derive(Component, Default)]
pub(crate) struct Gauges {
    pub busy: Gauge,
    pub ready: Gauge,
    pub io: Gauge,
    pub lag: Lag,
}

/// From ready to running: what people call event-loop lag.
#[derive(Default)]
pub(crate) struct Lag {
    histogram: Histogram,
    sum_ns: u128,
    /// Bursts that did not wait: counted here, and put into the histogram at the end.
    pub at_once: u64,
}

impl Lag {
    /// A burst has waited for its core.
    #[inline(always)]
    pub(crate) fn record(&mut self, lag: Span) {
        self.histogram.record(lag);
        self.sum_ns += lag.0 as u128;
    }
    /// All of them, and their sum, ns. None is kept.
    pub(crate) fn take(&mut self) -> (Histogram, u128) {
        let Lag { mut histogram, sum_ns, at_once } = std::mem::take(self);
        histogram.record_many(Span::ZERO, at_once);
        (histogram, sum_ns)
    }
}

/// All gauges of an instance, in the order of [`crate::measure::INSTANCE_GAUGES`].
pub(crate) fn gauges<'g>(
    Gauges { busy, ready, io, .. }: &'g mut Gauges,
    Memory(memory): &'g mut Memory,
    places: &'g mut Places,
) -> [&'g mut Gauge; INSTANCE_GAUGES.len()] {
    let places = &mut places.0;
    [busy, ready, io, &mut places.held, &mut memory.held, &mut memory.waiting, &mut places.waiting]
}

//! `load`: a wait or a burst that takes longer, the more requests its instance serves.
//!
//! Law: what begins while n requests are in flight at the instance, its own among them, takes
//! d·f(n). `linear: a` is f(n) = 1 + a(n − 1), `exponential: a` is (1 + a)^(n − 1), and `table` has
//! the factors that were measured, straight lines between them, and constants beyond. What has
//! begun keeps its length. Waits also take the factors of the `slow` faults that reach them and are
//! active when they begin.
//! Checked: `harris_load` in `tests/it/theory.rs` (Harris 1967), `tests/it/load.rs`.

use super::asks::At;
use super::{Act, Leaving, Left, Stage, Then, cpu, wait};
use crate::problem::Problems;
use crate::random::dists::Sampler;
use crate::request::{Part, Request};
use crate::units::{Count, Factor, Share, Span, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much longer something takes, the more requests are in flight at its instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Load {
    /// Each further request adds this share of the time: `linear: 2%` is 1.5 times as long with 26.
    Linear(Share),
    /// Each further request adds this share of the time with the others.
    Exponential(Share),
    /// Factors by number of requests in flight, with straight lines between them; constant below
    /// the first and above the last.
    Table(Vec<LoadPoint>),
}

/// A row of the table of a load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadPoint {
    /// The number of requests in flight at the instance, 1 or more.
    pub in_flight: Count,
    /// How many times as long it takes then, 1x or more.
    pub factor: Factor,
}

/// The largest factor of a load.
const MOST: f64 = 1e6;

impl Load {
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        let Load::Table(points) = self else { return };
        let path = format!("{path}.table");
        if points.is_empty() {
            problems
                .error(&path, "this table has no rows")
                .advise("write for example `[ { in_flight: 1, factor: 1x }, { in_flight: 50, factor: 3x } ]`");
        }
        for (index, LoadPoint { in_flight, factor }) in points.iter().enumerate() {
            if factor.times < 1.0 {
                problems
                    .error(format!("{path}[{index}].factor"), format!("{factor} is less than 1x"))
                    .advise("write the shortest time as `for`, and the factors relative to it");
            }
            let before = index.checked_sub(1).map_or(Count(0), |before| points[before].in_flight);
            if *in_flight <= before {
                let what = match index {
                    0 => "a request is in flight itself, so there is at least 1".to_string(),
                    _ => format!("{in_flight} requests come after {before}"),
                };
                problems
                    .error(format!("{path}[{index}].in_flight"), what)
                    .advise("write the rows by rising number of requests, from 1");
            }
        }
    }

    /// Returns how many times as long it takes with this many in flight.
    pub(crate) fn factor(&self, in_flight: u64) -> f64 {
        self.compile().factor(in_flight)
    }
    /// The last row of a table: the load test it is from ended there.
    pub(crate) fn known_up_to(&self) -> Option<u64> {
        match self {
            Load::Table(points) => points.last().map(|point| point.in_flight.0),
            _ => None,
        }
    }
    fn compile(&self) -> Curve {
        match self {
            Load::Linear(share) => Curve::Linear(share.fraction),
            Load::Exponential(share) => Curve::Exponential(share.fraction.ln_1p()),
            Load::Table(points) => Curve::Table(
                points.iter().map(|point| (point.in_flight.0, point.factor.times)).collect(),
            ),
        }
    }
}

/// The compiled form: the factor by number of requests in flight.
#[derive(Clone, Debug)]
pub(super) enum Curve {
    Linear(f64),
    /// The logarithm of the factor of each further request.
    Exponential(f64),
    Table(Box<[(u64, f64)]>),
}

impl Curve {
    fn factor(&self, in_flight: u64) -> f64 {
        let further = in_flight.saturating_sub(1) as f64;
        let factor = match self {
            Curve::Linear(share) => 1.0 + share * further,
            Curve::Exponential(log) => (log * further).exp(),
            Curve::Table(points) => {
                let above = points.partition_point(|(at, _)| *at <= in_flight);
                match (above.checked_sub(1).map(|below| points[below]), points.get(above)) {
                    (Some((from, low)), Some((to, high))) => {
                        low + (high - low) * (in_flight - from) as f64 / (to - from) as f64
                    }
                    (Some((_, factor)), None) | (None, Some(&(_, factor))) => factor,
                    (None, None) => 1.0,
                }
            }
        };
        factor.min(MOST)
    }
}

/// A fault of the plan that makes waits longer.
#[derive(Clone, Debug)]
pub(crate) struct SlowWaits {
    pub at: Time,
    /// Never, if it has no end.
    pub until: Time,
    /// Rising.
    pub instances: Vec<u32>,
    pub factor: f64,
}

impl SlowWaits {
    /// How many times as long a wait takes that begins at this time at an instance.
    pub(crate) fn factor_at(&self, now: Time, instance: u32) -> f64 {
        let is_active = self.at <= now && now < self.until;
        if is_active && self.instances.binary_search(&instance).is_ok() { self.factor } else { 1.0 }
    }
}

/// A wait whose length depends on what goes on when it begins.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    wait: wait::Op,
    load: Option<Curve>,
    slow: Vec<SlowWaits>,
}

impl Wait {
    pub(super) fn new(wait: wait::Op, load: Option<&Load>, slow: Vec<SlowWaits>) -> Wait {
        Wait { wait, load: load.map(Load::compile), slow }
    }
    /// What it takes by itself.
    pub(crate) fn alone(&self) -> &Sampler {
        &self.wait.span
    }
    /// Whether it takes longer, the more requests there are.
    pub(crate) fn is_loaded(&self) -> bool {
        self.load.is_some()
    }
}

/// A burst that takes longer, the more requests there are, or that is none of an event loop.
#[derive(Clone, Debug)]
pub(crate) struct Burst {
    burst: cpu::Op,
    load: Option<Curve>,
    is_loop: bool,
}

impl Burst {
    pub(super) fn new(burst: cpu::Op, load: Option<&Load>, is_loop: bool) -> Burst {
        Burst { burst, load: load.map(Load::compile), is_loop }
    }
    /// What it takes by itself.
    pub(crate) fn alone(&self) -> &Sampler {
        &self.burst.demand
    }
}

/// Returns how many times as long it takes what begins now.
fn factor(load: Option<&Curve>, stage: &Stage, request: &Request) -> f64 {
    let in_flight = || stage.places[request.instance as usize].0.held.value;
    load.map_or(1.0, |load| load.factor(in_flight()))
}

/// Returns a time made longer by a factor.
pub(super) fn longer(span: Span, factor: f64) -> Span {
    if factor == 1.0 { span } else { Span((span.0 as f64 * factor).round() as u64) }
}

/// Returns how many times as long waits take that begin now, because of faults.
pub(super) fn slowed(slow: &[SlowWaits], now: Time, instance: u32) -> f64 {
    slow.iter().map(|slow| slow.factor_at(now, instance)).product()
}

impl Act for Wait {
    const IS_RICH: bool = false;
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        let now = stage.now();
        let load = factor(self.load.as_ref(), stage, request);
        let slow = slowed(&self.slow, now, request.instance);
        let span = longer(self.wait.span.span(request.key), load * slow);
        self.wait.begin_for(stage, request, slot, span)
    }
    fn wake(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        self.wait.wake(stage, request, slot)
    }
    fn leave(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) -> Left {
        self.wait.leave(stage, request, leaving)
    }
    fn awaits_event(&self, request: &Request) -> bool {
        self.wait.awaits_event(request)
    }
    fn part(&self, request: &Request) -> Part {
        self.wait.part(request)
    }
}

impl Act for Burst {
    const IS_RICH: bool = false;
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        self.burst.begin_longer(stage, request, slot, self.is_loop, |stage, request| {
            factor(self.load.as_ref(), stage, request)
        })
    }
    fn leave(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) -> Left {
        self.burst.leave(stage, request, leaving)
    }
    fn awaits_event(&self, request: &Request) -> bool {
        self.burst.awaits_event(request)
    }
    fn part(&self, request: &Request) -> Part {
        self.burst.part(request)
    }
}

/// Tells a visitor that what stands here depends on the load, if it does.
pub(super) fn asks<'s>(load: Option<&'s Load>, at: At, visitor: &mut dyn super::Asks<'s>) {
    if let Some(load) = load {
        visitor.load(at, load);
    }
}

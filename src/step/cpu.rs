//! `cpu: d`: compute for `d` of core time.
//!
//! Law: a burst takes `d / speed` once it has a core, times the factors of the `slow` faults that
//! are active when it starts; it is not pre-empted. The core is taken at the first step of a burst,
//! kept through consecutive `cpu` steps, and given back when the request begins to wait, or
//! answers. Time ready but without a core is `queue`, time with it `cpu`.
//! Checked: `tests/it/theory.rs`.

use super::asks::{Asks, At};
use super::{Act, Compiler, Leaving, Left, Load, Stage, Then, load, plain_or_fields};
use crate::kernel::Event;
use crate::problem::Problems;
use crate::random::dists::{Dist, Sampler};
use crate::request::{Flag, Part, Request};
use crate::server::cores;
use crate::units::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::Path;

/// `cpu: 2ms`, `cpu: { lognormal: { p50: 2ms, p99: 6ms } }`, or
/// `cpu: { for: 2ms, load: { linear: 1% } }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cpu {
    /// The core time.
    pub demand: Dist<Span>,
    /// How much more it is, the more requests are in flight at the instance.
    pub load: Option<Load>,
}

/// The long form of a burst.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CpuFields")]
struct Fields {
    /// The core time.
    #[serde(rename = "for")]
    demand: Dist<Span>,
    /// How much more it is, the more requests are in flight at the instance.
    load: Option<Load>,
}

impl JsonSchema for Cpu {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cpu".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "anyOf": [generator.subschema_for::<Dist<Span>>(), generator.subschema_for::<Fields>()] })
    }
}

impl Serialize for Cpu {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.clone() {
            Cpu { demand, load: None } => demand.serialize(to),
            Cpu { demand, load } => Fields { demand, load }.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Cpu {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        plain_or_fields(from, &["for", "load"], Cpu::new, |Fields { demand, load }| Cpu {
            demand,
            load,
        })
    }
}

/// The compiled form.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub demand: Sampler,
    /// Whether the answer follows at once.
    pub is_last: bool,
}

/// The scratch of a request while it computes, if the answer follows its burst at once: it is not
/// taken to an op that would only say so.
pub(crate) const LAST_BURST: u64 = 1;

impl Cpu {
    /// A burst of this length.
    pub fn new(demand: Dist<Span>) -> Cpu {
        Cpu { demand, load: None }
    }
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        self.demand.check(path, problems);
        if let Some(load) = &self.load {
            load.check(&format!("{path}.load"), problems);
        }
    }
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        self.demand.load(folder, path, problems);
    }
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        load::asks(self.load.as_ref(), at, visitor);
        visitor.cpu(at, &self.demand);
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        let demand = to.sampler("cpu", self.demand.compile());
        // Where cores are shared, a load is refused (`scenario/nodes/service.rs`).
        if let Some(rows) = to.station() {
            return to.emit(super::Op::Shared(super::shared::Op { demand, rows }));
        }
        let (burst, is_loop) = (Op { demand, is_last: false }, !to.is_in_thread());
        let load = self.load.as_ref();
        to.emit(match is_loop {
            true if load.is_none() => super::Op::Cpu(burst),
            true => super::Op::LongerBurst(load::Burst::new(burst, load, is_loop)),
            false => super::Op::Thread(load::Burst::new(burst, load, is_loop)),
        });
    }
}

/// Gives the request a core, if it has none, and draws how long it will hold it; `None` if it has
/// to queue for one: then it has been drawn, and is given when it is granted. Only what runs on a
/// loop (`is_loop`) counts in its lag.
#[inline(always)]
pub(super) fn with_core(
    stage: &mut Stage,
    request: &mut Request,
    slot: u32,
    law: &Sampler,
    is_loop: bool,
) -> Option<Span> {
    let now = stage.now();
    let queue = &mut stage.queues[request.worker as usize];
    if request.granted {
        request.granted = false;
        request.set(Flag::CORE);
        let lag = request.parts.charge(Part::Queue, now);
        if is_loop && stage.measured {
            stage.gauges[request.instance as usize].lag.record(lag);
        }
        return Some(Span(request.scratch));
    }
    // Drawn also if it has to queue: the processor then has all the time until its turn to compute
    // the draw.
    let span = law.span(request.key);
    if !request.has(Flag::CORE) {
        request.parts.mark = now;
        let gauges = &mut stage.gauges[request.instance as usize];
        if !cores::take(queue, gauges, now, slot) {
            request.scratch = span.0;
            request.granted = true;
            return None;
        }
        request.set(Flag::CORE);
        gauges.lag.at_once += u64::from(is_loop && stage.measured);
    }
    Some(span)
}

/// One who queues for a core, or has just been granted it, is called off.
pub(super) fn leave_core(stage: &mut Stage, request: &mut Request, leaving: Leaving) -> Left {
    match leaving.is_granted {
        true => request.set(Flag::CORE),
        false => {
            let now = stage.now();
            stage.gauges[request.instance as usize].ready.subtract(now, 1);
            let ready = &mut stage.queues[request.worker as usize].ready;
            ready.leave(leaving.slot, |slot| leaving.asked(slot));
        }
    }
    Left::Gone
}

impl Op {
    /// Begins a burst, which takes `factor` times as long when it has a core.
    #[inline(always)]
    pub(super) fn begin_longer(
        &self,
        stage: &mut Stage,
        request: &mut Request,
        slot: u32,
        is_loop: bool,
        factor: impl Fn(&Stage, &Request) -> f64,
    ) -> Then {
        let Some(burst) = with_core(stage, request, slot, &self.demand, is_loop) else {
            return Then::Park;
        };
        let factor = factor(stage, request);
        let burst = stage.queues[request.worker as usize].stretched(burst, factor);
        request.scratch = u64::from(self.is_last);
        stage.after(burst, Event::BurstDone, request, slot);
        Then::Park
    }
}

impl Act for Op {
    const IS_RICH: bool = false;
    #[inline(always)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        self.begin_longer(stage, request, slot, true, |_, _| 1.0)
    }
    fn leave(&self, stage: &mut Stage, request: &mut Request, leaving: Leaving) -> Left {
        if !request.granted {
            return Left::Computing;
        }
        leave_core(stage, request, leaving)
    }
    fn awaits_event(&self, request: &Request) -> bool {
        request.has(Flag::CORE) && !request.granted
    }
    fn part(&self, request: &Request) -> Part {
        if request.granted { Part::Queue } else { Part::Cpu }
    }
}

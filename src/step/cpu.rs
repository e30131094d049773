//! `cpu: d`: compute for `d` of core time.
//!
//! Law: a burst takes `d / speed` once it has a core, times the factors of the `slow` faults that
//! are active when it starts; it is not pre-empted. The core is taken at the first step of a burst,
//! kept through consecutive `cpu` steps, and given back when the request begins to wait, or
//! answers. Time ready but without a core is `queue`, time with it `cpu`.
//! Checked: `tests/it/theory.rs`.

use super::asks::{Asks, At};
use super::{Act, Compiler, Leaving, Left, Stage, Then};
use crate::kernel::Event;
use crate::problem::Problems;
use crate::random::dists::{Dist, Sampler};
use crate::request::{Flag, Part, Request};
use crate::server::cores;
use crate::units::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `cpu: 2ms` or `cpu: { lognormal: { p50: 2ms, p99: 6ms } }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Cpu(pub Dist<Span>);

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
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        self.0.check(path, problems);
    }
    pub(crate) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        self.0.load(folder, path, problems);
    }
    pub(crate) fn asks<'s>(&'s self, at: At, visitor: &mut dyn Asks<'s>) {
        visitor.cpu(at, &self.0);
    }
    pub(crate) fn compile(&self, to: &mut dyn Compiler) {
        let demand = to.sampler("cpu", self.0.compile());
        let station = to.station();
        to.emit(match station {
            None => super::Op::Cpu(Op { demand, is_last: false }),
            Some(rows) => super::Op::Shared(super::shared::Op { demand, rows }),
        });
    }
}

/// Gives the request a core, if it has none, and draws how long it will hold it; `None` if it has
/// to queue for one: then it has been drawn, and is given when it is granted.
#[inline(always)]
pub(super) fn with_core(
    stage: &mut Stage,
    request: &mut Request,
    slot: u32,
    law: &Sampler,
) -> Option<Span> {
    let now = stage.now();
    let queue = &mut stage.queues[request.worker as usize];
    if request.granted {
        request.granted = false;
        request.set(Flag::CORE);
        let lag = request.parts.charge(Part::Queue, now);
        if stage.measured {
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
        gauges.lag.at_once += stage.measured as u64;
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

impl Act for Op {
    const IS_RICH: bool = false;
    #[inline(always)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        let Some(burst) = with_core(stage, request, slot, &self.demand) else { return Then::Park };
        let burst = stage.queues[request.worker as usize].stretched(burst);
        request.scratch = u64::from(self.is_last);
        stage.after(burst, Event::BurstDone, request, slot);
        Then::Park
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

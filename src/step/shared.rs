//! `cpu: d` on cores that are shared (`tasks: { schedule: ps }`).
//!
//! Law: all bursts that are ready are served at once, each at an equal part of the cores
//! (`resource/sharing.rs`); a `slow` fault also reaches those that have begun. Of the time of a
//! burst its demand is `cpu`, the rest, which others have taken, is `queue`. With Poisson requests
//! the mean time on one core depends on the demand by its mean alone: E[S]/(1 − ρ) (Kleinrock 1976,
//! §4.4).
//! Checked: `mm1_ps`, `mg1_ps`, `eventloop_ps` in `tests/it/theory.rs`.

use super::{Act, Leaving, Left, Rows, Stage, Then};
use crate::random::dists::Sampler;
use crate::request::{Flag, Part, Request};
use crate::units::Span;

/// The compiled form.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub demand: Sampler,
    /// The stations of the instances.
    pub rows: Rows,
}

impl Act for Op {
    #[inline(never)]
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then {
        let now = stage.now();
        if request.granted {
            // Its end has come: the demand has been drawn before.
            request.granted = false;
            let own = request.parts.mark + Span(request.scratch);
            request.parts.charge(Part::Cpu, own.min(now));
            request.parts.charge(Part::Queue, now);
            return if request.has(Flag::GONE) { Then::Answer } else { Then::Next };
        }
        let station = self.rows.of(request);
        let demand = self.demand.span(request.key);
        let of = &mut stage.stations[station as usize];
        request.parts.mark = now;
        request.scratch = of.alone(demand).0;
        request.granted = true;
        let alarm = of.join(now, slot, demand);
        stage.gauges[request.instance as usize].lag.at_once += u64::from(stage.measured);
        stage.rearm(request.instance, station, alarm);
        Then::Park
    }
    fn leave(&self, _: &mut Stage, _: &mut Request, leaving: Leaving) -> Left {
        if leaving.is_granted { Left::Gone } else { Left::Sharing }
    }
    fn shares(&self, request: &Request) -> Option<u32> {
        request.granted.then(|| self.rows.of(request))
    }
    fn part(&self, _: &Request) -> Part {
        Part::Cpu
    }
}

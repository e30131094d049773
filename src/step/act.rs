//! How the steps of a compiled program act on requests, and what they may touch.
//!
//! A step is asked when something happens to the request that is in it: it begins, the time has
//! come for which it waits, a request that it has made has ended, a timer has run down, it is
//! called off, its instance crashes. What a step has taken it gives back where it closes its frame
//! or leaves a line: in its own file, and on every way out (`sim/endings.rs`).

use crate::kernel::{Calendar, Event, RequestId, Timers};
use crate::measure::ArmTally;
use crate::request::{
    Baggage, Birth, Families, Fate, Flag, Frame, Frames, Further, FurtherPart, Outcome, Part,
    Parts, Request, Runnable,
};
use crate::resource::{Alarm, Permits, Shared, Sharing, Unit, Waiter};
use crate::server::cores::{self, RunQueue};
use crate::server::{Gauges, Memory, Places};
use crate::units::{Span, Time};

/// How a step of a compiled program acts on the request that has come to it.
pub(crate) trait Act {
    /// Whether a plan that has it needs the rich drain (`sim/advance.rs`).
    const IS_RICH: bool = true;
    /// Begins the step, or goes on with it once what it waited for is granted.
    fn begin(&self, stage: &mut Stage, request: &mut Request, slot: u32) -> Then;
    /// The time that the step wrote down with [`Event::Woken`] has come.
    #[inline(always)]
    fn wake(&self, _: &mut Stage, _: &mut Request, _: u32) -> Then {
        unreachable!("only a step that has asked for it is woken")
    }
    /// A request that the step has made has ended.
    fn answered(&self, _: &mut Stage, _: &mut Request, _: u32, _: &Ended) -> Then {
        unreachable!("only a step that has made a request hears of its end")
    }
    /// A timer that the step has set has run down; the row of the timer is free again.
    fn alarm(&self, _: &mut Stage, _: &mut Request, _: Leaving) -> Then {
        unreachable!("only a step that has set a timer hears of it")
    }
    /// The request is called off in this step: it leaves the lines that it stands in, and takes
    /// what it has just been granted, so that it is given back.
    fn leave(&self, _: &mut Stage, _: &mut Request, _: Leaving) -> Left {
        Left::Gone
    }
    /// A frame that the step has opened is closed, in whichever way: what it stands for is given
    /// back.
    fn close(&self, _: &mut Stage, _: &Request, _: &Frame) {}
    /// The instance of a request in this step has crashed: it leaves the lines outside of it, and
    /// what it has just been granted there is given back.
    fn struck(&self, _: &mut Stage, _: &mut Request, _: Leaving) {}
    /// The unit that a frame of the step stands for.
    fn holds(&self, _: &Frame) -> Option<Unit> {
        None
    }
    /// The bytes of its instance's memory that a frame of the step stands for.
    fn keeps(&self, _: &Frame) -> u64 {
        0
    }
    /// The station that a request in this step is at.
    fn shares(&self, _: &Request) -> Option<u32> {
        None
    }
    /// What a request in this step waits for that another may hold for ever.
    fn waits(&self, _: &Request) -> Waits {
        Waits::Nothing
    }
    /// Whether an event is to come for a request in this step, which is stale if it is struck.
    fn awaits_event(&self, _: &Request) -> bool {
        false
    }
    /// The bytes that a request holds whose program begins with this step.
    fn reserves(&self, _: &Request) -> u64 {
        0
    }
    /// The part of its latency that a request in this step is in.
    fn part(&self, _: &Request) -> Part {
        Part::Abandoned
    }
}

/// A request that has ended, as its caller hears of it.
#[derive(Clone, Copy)]
pub(crate) struct Ended {
    pub slot: u32,
    pub outcome: Outcome,
    pub started: Time,
    pub parts: Parts,
}

/// One who is called off.
#[derive(Clone, Copy)]
pub(crate) struct Leaving<'a> {
    pub slot: u32,
    /// Whether it had been granted what it waited for, and not yet gone on.
    pub is_granted: bool,
    /// The column of all requests, as it was.
    pub requests: &'a [Request],
}

impl Leaving<'_> {
    /// When the request in a slot began to wait.
    pub(crate) fn asked(&self, slot: u32) -> Time {
        self.requests[slot as usize].parts.mark
    }
    /// It leaves the line of a resource: those behind it may go on.
    pub(crate) fn line<W: Waiter>(&self, of: &mut Permits<W>, now: Time, runnable: &mut Runnable) {
        of.leave(now, self.slot, |slot| self.asked(slot), |next| runnable.push(next));
    }
}

/// What a request waits for that another may hold for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    Nothing,
    Unit(Unit),
    /// Memory of an instance.
    Memory(u32),
    /// The answer of the one that it has called.
    Answer,
    /// The branches that it has made.
    Branches {
        /// Whether it goes on without them after some time.
        ends: bool,
        /// Whether they run on when it does.
        keeps: bool,
    },
}

/// How one leaves who is called off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// At once.
    Gone,
    /// When its burst is over: it computes.
    Computing,
    /// The same on cores that are shared.
    Sharing,
}

/// How a request goes on after a step has begun.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Then {
    /// With the next step, now.
    Next,
    /// When something happens that has been written down: an event, or its turn in a queue.
    Park,
    /// With the step that it is now at, which this step has set: a jump.
    Stay,
    /// When the request has ended that it makes: by calling, as its op says.
    Call,
    /// When those have been made that the step makes: guests (`Stage::births`), or, if there are
    /// none, what is done after its response.
    Fork,
    /// By answering, with the outcome it now has: `ok` if no step has set another.
    Answer,
}

/// What a step may touch beside its request: the components of the instances and workers that serve
/// it. A step looks up what it needs.
pub(crate) struct Stage<'a> {
    pub queues: &'a mut [RunQueue],
    pub gauges: &'a mut [Gauges],
    pub memories: &'a mut [Memory],
    pub places: &'a mut [Places],
    pub calendar: Calendar,
    pub timers: &'a mut Timers,
    pub runnable: Runnable,
    /// Beside the requests, if the plan has further parts of latencies.
    pub further: &'a mut [Further],
    /// The same, if they carry something.
    pub baggage: &'a mut [Baggage],
    /// Resources that do not belong to one instance, by id.
    pub shared: &'a mut [Shared],
    pub stations: &'a mut [Sharing],
    pub frames: &'a mut Frames,
    pub families: &'a mut Families,
    /// Requests to be made.
    pub births: &'a mut Vec<Birth>,
    /// Requests that are no longer waited for: seen to before anything else happens.
    pub doomed: &'a mut Vec<(RequestId, Fate)>,
    /// By label: time spent in such waits, ns, by requests of the measured part.
    pub labels_ns: &'a mut [u128],
    /// By labelled arm of a branch.
    pub arms: &'a mut [ArmTally],
    /// Requests that arrive from this time on are measured.
    pub measured_from: Time,
    /// Whether the measured part has begun.
    pub measured: bool,
    /// The pool is nearly empty, the calendar may have too many dead entries, or requests are to
    /// be called off: to be seen to before anything else happens.
    pub attention: bool,
}

impl Stage<'_> {
    #[inline(always)]
    pub(crate) fn now(&self) -> Time {
        self.calendar.now()
    }
    /// Writes down what will happen to the request in a slot.
    #[inline(always)]
    pub(crate) fn after(
        &mut self,
        span: Span,
        event: fn(RequestId) -> Event,
        request: &Request,
        slot: u32,
    ) {
        self.calendar.schedule_in(span, event(request.id(slot)));
    }
    /// A request is no longer waited for, and is called off before anything else happens.
    pub(crate) fn call_off(&mut self, id: RequestId) {
        self.doomed.push((id, Fate::CalledOff));
        self.attention = true;
    }
    /// Gives a unit of a shared resource back.
    pub(crate) fn give(&mut self, unit: Unit) {
        let now = self.now();
        self.shared[unit.row as usize].give(now, unit.key, |next| self.runnable.push(next));
    }
    /// One who waits for a unit leaves the line; one who has just been granted it gives it back.
    pub(crate) fn give_up(&mut self, unit: Unit, leaving: Leaving) {
        let now = self.now();
        match leaving.is_granted {
            true => self.give(unit),
            false => {
                let asked = |slot| leaving.asked(slot);
                let goes_on = |next| self.runnable.push(next);
                self.shared[unit.row as usize].leave(now, leaving.slot, unit.key, asked, goes_on);
            }
        }
    }
    /// Charges the time since the mark to a further part.
    pub(crate) fn charge(&mut self, request: &mut Request, slot: u32, part: FurtherPart) {
        let now = self.now();
        self.further[slot as usize].0[part.0 as usize] += now - request.parts.mark;
        request.parts.mark = now;
    }
    /// What one has spent who has ended is spent by the request that has waited for it.
    pub(crate) fn take_over(&mut self, request: &mut Request, slot: u32, ended: &Ended) {
        request.parts.take_over(&ended.parts, self.calendar.now());
        self.take_over_further(slot, ended);
    }
    /// The same of the further parts alone.
    pub(crate) fn take_over_further(&mut self, slot: u32, ended: &Ended) {
        if !self.further.is_empty() {
            let theirs = self.further[ended.slot as usize];
            for (mine, theirs) in self.further[slot as usize].0.iter_mut().zip(theirs.0) {
                *mine += theirs;
            }
        }
    }
    /// Writes down when the next burst of a station ends, and measures it.
    pub(crate) fn rearm(&mut self, instance: u32, station: u32, alarm: Option<Alarm>) {
        let now = self.now();
        let of = &self.stations[station as usize];
        let gauges = &mut self.gauges[instance as usize];
        gauges.busy.set(now, of.busy());
        gauges.ready.set(now, of.len() - of.busy());
        if let Some(Alarm { at, epoch, replaces }) = alarm {
            self.calendar.schedule_at(at, Event::Station { id: station, epoch });
            if replaces {
                self.calendar.note_stale();
                self.attention |= self.calendar.is_half_dead();
            }
        }
    }
    /// Gives the core back, if the request holds one.
    #[inline(always)]
    pub(crate) fn free_core(&mut self, request: &mut Request) {
        if request.has(Flag::CORE) {
            request.clear(Flag::CORE);
            let (queue, gauges) = (
                &mut self.queues[request.worker as usize],
                &mut self.gauges[request.instance as usize],
            );
            if let Some(next) = cores::release(queue, gauges, self.calendar.now()) {
                self.runnable.push(next);
            }
        }
    }
}

//! Where the time of a request goes. Law 4: the parts add up to the latency, to the nanosecond.
//!
//! `mark` is when the current part began. Whoever ends a part charges the time since the mark and
//! sets the mark; time that a call takes is charged by the callee's own parts, which are added when
//! it answers.

use crate::units::{Span, Time};
use bevy_ecs::prelude::Component;

/// A part of a latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Ready to compute, waiting for the loop or a core.
    Queue,
    /// Computing.
    Cpu,
    /// Awaiting I/O.
    Io,
    /// On a link.
    Network,
    /// Waiting for memory.
    Memory,
    /// Waiting to be admitted.
    Admission,
    /// Waiting for a call that was given up: it timed out, or the caller crashed.
    Abandoned,
}

/// The parts' names, in their order, as in `time_in.queue`.
pub(crate) const PARTS: [&str; 7] =
    ["queue", "cpu", "io", "network", "memory", "admission", "abandoned"];

/// A further part, of a step that not every plan has: which of those of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FurtherPart(pub u8);

/// The names of all further parts, as in `time_in.lock`: waiting for locks, waiting for
/// connections, holding a core without computing, waiting for threads.
pub(crate) const FURTHER: [&str; 4] = ["lock", "pool", "block", "thread"];

/// How many further parts a plan may have.
pub(crate) const FURTHER_PARTS_MAX: usize = 8;

/// Time spent in further parts: beside each request, in plans that have such parts.
#[derive(Component, Clone, Copy, Debug, Default)]
pub(crate) struct Further(pub [Span; FURTHER_PARTS_MAX]);

impl Further {
    /// No time in any of them.
    pub(crate) const NONE: Further = Further([Span::ZERO; FURTHER_PARTS_MAX]);
    /// All of them together.
    pub(crate) fn total(&self) -> Span {
        self.0.iter().fold(Span::ZERO, |sum, part| sum + *part)
    }
}

/// The breakdown of one request so far: one cache line.
#[derive(Clone, Copy, Default)]
pub(crate) struct Parts {
    /// When the part that is running began.
    pub mark: Time,
    /// Time spent, by [`Part`].
    pub spent: [Span; PARTS.len()],
}

impl Parts {
    /// Nothing spent yet, from now on.
    #[inline(always)]
    pub(crate) fn begin(now: Time) -> Parts {
        Parts { mark: now, spent: [Span::ZERO; PARTS.len()] }
    }
    /// Charges the time since the mark to a part.
    #[inline(always)]
    pub(crate) fn charge(&mut self, part: Part, now: Time) -> Span {
        let span = now - self.mark;
        self.spent[part as usize] += span;
        self.mark = now;
        span
    }
    /// Takes over what a callee spent; the waiting is over now.
    #[inline(always)]
    pub(crate) fn take_over(&mut self, callee: &Parts, now: Time) {
        for (mine, theirs) in self.spent.iter_mut().zip(callee.spent) {
            *mine += theirs;
        }
        self.mark = now;
    }
    /// All parts together.
    pub(crate) fn total(&self) -> Span {
        self.spent.iter().fold(Span::ZERO, |sum, part| sum + *part)
    }
}

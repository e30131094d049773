//! What steps ask for, without simulating them: one visitor for the static estimate, the memory
//! that must fit, the graph of calls, and whatever else is known from a scenario alone.
//!
//! A step's file says what the step asks for (`asks`), in the order in which a request would; who
//! needs to know implements [`Asks`] for the questions that it has.

use super::{Call, Load, LockKeys, Scope, Step};
use crate::random::dists::Dist;
use crate::units::{Bytes, Span};
use std::fmt;

/// Where a step stands in a scenario: its path, written out only when it is needed.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    /// An endpoint, by its path.
    Endpoint(&'a str),
    /// A step of a list.
    Step(&'a At<'a>, usize),
    /// What stands under keys.
    Key(&'a At<'a>, &'a str),
    /// One of several things.
    Item(&'a At<'a>, usize),
}

impl At<'_> {
    /// Whether the step stands in a block.
    pub(crate) fn is_nested(&self) -> bool {
        !matches!(self, At::Step(At::Endpoint(_), _))
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            At::Endpoint(path) => f.write_str(path),
            // The same for an endpoint written as a list and for one with `steps`.
            At::Step(of @ At::Endpoint(_), index) => write!(f, "{of}.steps[{index}]"),
            At::Step(of, index) | At::Item(of, index) => write!(f, "{of}[{index}]"),
            At::Key(of, key) => write!(f, "{of}.{key}"),
        }
    }
}

/// A visitor of steps, told what each of them asks for.
pub(crate) trait Asks<'s> {
    /// To compute.
    fn cpu(&mut self, _at: At, _time: &'s Dist<Span>) {}
    /// To compute in a thread.
    fn thread_cpu(&mut self, at: At, time: &'s Dist<Span>) {
        self.cpu(at, time);
    }
    /// To take longer under load, of what is told next.
    fn load(&mut self, _at: At, _load: &'s Load) {}
    /// To hold a core without computing, unless cores are shared.
    fn hold_core(&mut self, _at: At, _time: &'s Dist<Span>) {}
    /// To await I/O.
    fn wait(&mut self, _at: At, _time: &'s Dist<Span>) {}
    /// To reserve memory before the first step.
    fn memory(&mut self, _at: At, _need: &'s Dist<Bytes>) {}
    /// To call an endpoint.
    fn call(&mut self, _at: At, _call: &'s Call) {}
    /// To answer with an error: this share of the requests that come here.
    fn fail(&mut self, _at: At, _share: f64) {}
    /// To answer; what follows is done after it.
    fn respond(&mut self, _at: At) {}
    /// To do the steps of blocks within: from here to [`end`](Asks::end) they are told, arm by arm.
    fn block(&mut self, _at: At, _way: Way<'s>) {}
    /// The next arm of the block.
    fn arm(&mut self, _arm: Arm<'s>) {}
    /// The end of the block.
    fn end(&mut self) {}
}

/// How the arms of a block are executed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way<'s> {
    /// One of them, each with its weight as its probability.
    One,
    /// The only one, on average as often as its weight says.
    Repeated,
    /// The only one, while a unit of this is held.
    Held(Holding<'s>),
    /// The only one, while this much memory is held.
    Memory(&'s Dist<Bytes>),
    /// The only one, beside the request, which does not wait for it.
    Beside,
    /// All at once, until this many have ended; the others are called off.
    AtOnce {
        /// The number that must end.
        needed: usize,
        /// Whether there is a limit to their time.
        is_limited: bool,
    },
}

/// What is held while a block is executed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Holding<'s> {
    pub kind: Kind,
    pub name: &'s str,
    pub scope: Scope,
    /// How many may hold it at once.
    pub units: u64,
    /// Whether those who have waited too long fail.
    pub gives_up: bool,
    /// Its keys, each of which has that many units.
    pub keys: Option<&'s LockKeys>,
}

impl Holding<'_> {
    /// Returns the path of its step; `at` is where the steps within stand (`….lock.hold`), or the
    /// pool of a call.
    pub(crate) fn path(&self, at: At) -> String {
        let mut path = at.to_string();
        let within = path.strip_suffix(self.kind.steps()).and_then(|path| path.strip_suffix('.'));
        if let Some(step) = within {
            path.truncate(step.len());
        }
        path
    }
}

/// Returns the path of the memory that is held during a block; `at` is where its steps stand
/// (`….hold.do`).
pub(crate) fn memory_of_block(at: At) -> String {
    let path = at.to_string();
    format!("{}.memory", path.strip_suffix(".do").unwrap_or(&path))
}

/// A kind of what is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Lock,
    Pool,
    /// The threads of `offload`.
    Thread,
}

impl Kind {
    /// Its name in metrics, and of a lock or a pool that of its step.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Lock => "lock",
            Kind::Pool => "pool",
            Kind::Thread => "thread",
        }
    }
    /// What all of them are together, in messages.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Kind::Lock | Kind::Pool => self.word(),
            Kind::Thread => "pool of threads",
        }
    }
    /// The fields that say who shares it, and how many units there are.
    pub(crate) fn fields(self) -> [&'static str; 2] {
        match self {
            Kind::Lock => ["scope", "permits"],
            Kind::Pool => ["per", "max"],
            Kind::Thread => ["per", "pool"],
        }
    }
    /// The field with the steps while it is held.
    pub(crate) fn steps(self) -> &'static str {
        match self {
            Kind::Lock => "hold",
            Kind::Pool | Kind::Thread => "do",
        }
    }
}

/// An arm of a block.
#[derive(Clone, Copy)]
pub(crate) struct Arm<'s> {
    pub steps: &'s [Step],
    /// Its probability, or how often it is executed on average.
    pub weight: f64,
    /// Whether its executions are measured by themselves.
    pub is_measured: bool,
}

/// Tells a visitor what a block asks for. `at` is where its only arm stands, or the list of them.
pub(crate) fn block<'s>(at: At, way: Way<'s>, arms: &[Arm<'s>], visitor: &mut dyn Asks<'s>) {
    visitor.block(at, way);
    for (number, arm) in arms.iter().enumerate() {
        visitor.arm(*arm);
        let item = At::Item(&at, number);
        let body = match way {
            Way::Repeated | Way::Held(_) | Way::Memory(_) | Way::Beside => at,
            Way::One => At::Key(&item, "do"),
            Way::AtOnce { .. } => item,
        };
        for (index, step) in arm.steps.iter().enumerate() {
            step.asks(At::Step(&body, index), visitor);
        }
    }
    visitor.end();
}

/// Tells a visitor what a thread asks for: it computes elsewhere, and holds no core while it waits.
pub(crate) struct InThread<'v, 's>(pub &'v mut dyn Asks<'s>);

impl<'s> Asks<'s> for InThread<'_, 's> {
    fn cpu(&mut self, at: At, time: &'s Dist<Span>) {
        self.0.thread_cpu(at, time);
    }
    fn hold_core(&mut self, at: At, time: &'s Dist<Span>) {
        self.0.wait(at, time);
    }
    fn load(&mut self, at: At, load: &'s Load) {
        self.0.load(at, load);
    }
    fn wait(&mut self, at: At, time: &'s Dist<Span>) {
        self.0.wait(at, time);
    }
    fn memory(&mut self, at: At, need: &'s Dist<Bytes>) {
        self.0.memory(at, need);
    }
    fn call(&mut self, at: At, call: &'s Call) {
        self.0.call(at, call);
    }
    fn fail(&mut self, at: At, share: f64) {
        self.0.fail(at, share);
    }
    fn respond(&mut self, at: At) {
        self.0.respond(at);
    }
    fn block(&mut self, at: At, way: Way<'s>) {
        self.0.block(at, way);
    }
    fn arm(&mut self, arm: Arm<'s>) {
        self.0.arm(arm);
    }
    fn end(&mut self) {
        self.0.end();
    }
}

/// Tells a visitor what the steps of an endpoint ask for; `path` is the endpoint's.
pub(crate) fn ask<'s>(path: &str, steps: &'s [Step], visitor: &mut dyn Asks<'s>) {
    let at = At::Endpoint(path);
    for (index, step) in steps.iter().enumerate() {
        step.asks(At::Step(&at, index), visitor);
    }
}

/// A visitor of the calls alone.
pub(crate) struct EachCall<F>(pub F);

impl<'s, F: FnMut(At, &'s Call)> Asks<'s> for EachCall<F> {
    fn call(&mut self, at: At, call: &'s Call) {
        (self.0)(at, call);
    }
}
